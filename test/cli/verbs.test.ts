// The command line as a whole: verbs, help, exit codes, mistakes told with the nearest right word, and stdout for results only.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { example, mist, mistAlone, openScratch } from './spawn.ts';

const VERBS = ['sweep', 'merge', 'run', 'size', 'step', 'catalog', 'spec', 'calibrate', 'observe', 'validate'];
const scratch = openScratch();

describe.concurrent('help', () => {
  test('lists every verb, with or without --help', async () => {
    for (const args of [[], ['--help'], ['-h'], ['help']]) {
      const { code, stdout, stderr } = await mist(args);
      expect([code, stderr]).toEqual([0, '']);
      for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^ {2}${verb} +\\w`, 'm'));
    }
  });

  test.each(VERBS)('mist %s --help names its flags and does nothing else', async (verb) => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await mist([verb, flag]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`^mist ${verb}`));
      expect(stdout).toContain('--');
    }
  });

  test('--version is that of package.json', async () => {
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
    expect((await mist(['--version'])).stdout).toBe(`${version}\n`);
  });
});

test('a process of its own ends with the same codes and words', async () => {
  for (const args of [
    ['run', example('step-time.yaml')],
    ['run', 'nowhere.yaml'],
  ]) {
    expect(await mistAlone(args)).toEqual(await mist(args));
  }
});

/** Arguments, and what the words on stderr must hold. */
const MISTAKES: [string[], RegExp][] = [
  [['swep'], /received swep \(did you mean .*sweep/],
  [['frobnicate'], /expected a verb: init, sweep/],
  [['run', '--stps', 'x', 'a.yaml'], /received --stps \(did you mean --steps\?\)/],
  [['sweep', '--worker', '2'], /received --worker \(did you mean --workers\?\)/],
  [['sweep', '--workers', 'two'], /--workers: expected a whole number from 1 to 1024, received two/],
  [['sweep', '--workers', '0'], /--workers: expected a whole number from 1 to 1024, received 0/],
  [['sweep', 'a.yaml', 'b.yaml'], /expected one spec file, received a.yaml b.yaml/],
  [
    ['sweep', '--shard', '3/2', '--out', 'x'],
    /--shard: expected I\/N with I from 1 to N, and N at most 10,000, received 3\/2/,
  ],
  [['sweep', '--shard', '1/2'], /--shard: expected --out with the folder for the work, received no --out/],
  [['merge'], /expected the folders of all shards, and --out FOLDER, received no folder/],
  [
    ['merge', 'nowhere', '--out', 'x'],
    /nowhere: expected a folder of mist sweep --shard i\/n --out, .*received nothing at this path/,
  ],
  [['run'], /expected one spec file, received nothing/],
  [['run', 'nowhere.yaml'], /nowhere.yaml: spec: expected a readable spec file, received no such file/],
  [
    ['run', example('replay-trace.yaml')],
    /replay-trace.yaml:\d+: workload.requests.file: expected a file that exists, received "trace.csv"/,
  ],
  [
    ['run', example('sweep-small.yaml')],
    /expected a spec of one deployment or fleet, received 96 \(axes: deployment.hardware.*--row N takes one/,
  ],
  [['run', example('sweep-small.yaml'), '--row', '96'], /--row: expected a row below 96, received 96/],
  [['run', example('single-run.yaml'), '--row', '-1'], /--row/],
  [['run', example('single-run.yaml'), '--seed', '1.5'], /--seed: expected a whole number of at least 0, received 1.5/],
  [
    ['run', example('step-time.yaml'), '--requests', '/nowhere/x.csv'],
    /nowhere\/x.csv: --requests: expected a file that can be written, received a folder that is not there/,
  ],
  [['run', example('step-time.yaml'), '--steps', '/nowhere/x.csv'], /--steps: expected a file that can be written/],
  [['run', example('sweep-small.yaml')], /expected a spec of one deployment or fleet, received 96 \(axes: /],
  [
    ['sweep', example('sweep-small.yaml'), '--out', join(example('sweep-small.yaml'), 'in')],
    /expected a folder that can be created and written to, received a file where the folder should be/,
  ],
  [['sweep', example('sweep-small.yaml'), '--catalog', '/nowhere'], /\/nowhere/],
  [['catalog', 'h100-sxm-80g'], /h100-sxm-80gb/],
  [['step', '--model', 'llama-3.1-8', '--hardware', 'h100-sxm-80gb', '--decode', '8x100'], /llama-3.1-8b/],
  [['spec', '--schem'], /did you mean --schema\?/],
  [['calibrate', '--modle', 'x'], /did you mean --model\?/],
];

describe.concurrent('a mistake of the user', () => {
  test.each(MISTAKES)('%j ends with code 2 and words, and prints no result', async (args, words) => {
    const { code, stdout, stderr } = await mist(args);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/mistake of ours|\bat .*\.js:\d+/);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('in an output folder is told before the work, not after it', async () => {
    // the result is printed before the files are written: nothing is printed, so nothing was computed
    const { code, stdout } = await mist(['sweep', '--out', join(example('default-chat.yaml'), 'in')]);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe.concurrent('--json', () => {
  const questions: [string, string[]][] = [
    ['sweep', ['sweep', example('sweep-small.yaml'), '--json', '--workers', '1', '--out', join(scratch, 'json')]],
    ['run', ['run', example('single-run.yaml'), '--json']],
    ['run of own prices', ['run', example('step-time.yaml'), '--json']],
    ['step', ['step', '--model', 'llama-3.1-8b', '--hardware', 'h100-sxm-80gb', '--decode', '8x100', '--json']],
    ['catalog', ['catalog', '--json']],
    ['catalog entry', ['catalog', 'h100-sxm-80gb', '--json']],
    ['spec', ['spec', example('default-chat.yaml'), '--json']],
    ['schema', ['spec', '--schema']],
  ];
  test.each(questions)('of %s is one JSON value on stdout, without NaN', async (_, args) => {
    const { code, stdout } = await mist(args);
    expect(code).toBe(0);
    const value: unknown = JSON.parse(stdout);
    expect(typeof value).toBe('object');
    expect(stdout).not.toMatch(/\b(NaN|Infinity|undefined)\b/);
  });

  test('has the field names of vllm bench serve for a run', async () => {
    const run = JSON.parse((await mist(['run', example('step-time.yaml'), '--json'])).stdout);
    for (const name of ['duration', 'completed', 'total_input_tokens', 'request_throughput', 'output_throughput']) {
      expect(run[name]).toBeGreaterThan(0);
    }
    for (const name of ['mean_ttft_ms', 'p99_ttft_ms', 'mean_tpot_ms', 'median_itl_ms', 'p99_e2el_ms']) {
      expect(run[name]).toBeGreaterThan(0);
    }
  });
});
