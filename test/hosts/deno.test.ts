// Law L5 across hosts: Deno writes the bytes that Node writes. MIST_DENO names the binary (.ci/run fetches one); else skipped.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { example, openScratch, ROOT } from '../cli/spawn.ts';
import { LIBRARY, libraryRunner } from '../docs/pages.ts';

const deno = process.env.MIST_DENO;
if (deno === undefined) console.log('skipped: no Deno (MIST_DENO is not set; .ci/run fetches one)');
const scratch = openScratch();

/** Runs the built command line under a host; stdout when it ends well. */
function runUnder(host: 'node' | 'deno', ...args: string[]): string {
  const command = host === 'node' ? [process.execPath] : [deno!, 'run', '-A'];
  const [program, ...before] = [...command, join(ROOT, 'dist/src/cli.js'), ...args];
  const ended = spawnSync(program!, before, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ended.status !== 0) throw new Error(`${host} ended with ${ended.status}: ${ended.stderr}`);
  return ended.stdout;
}

describe.skipIf(deno === undefined)('under Deno', () => {
  test.each(['1', '2'])('a sweep with %s workers writes the same bytes', (workers) => {
    const folders = (['node', 'deno'] as const).map((host) => {
      const out = join(scratch, `${host}-${workers}`);
      runUnder(host, 'sweep', example('sweep-small.yaml'), '--workers', workers, '--out', out);
      return out;
    });
    for (const name of ['results.csv', 'results.parquet', 'pareto.svg']) {
      const [node, other] = folders.map((folder) => readFileSync(join(folder, name)));
      expect(node!.equals(other!), name).toBe(true);
    }
  });

  test.each(['single-run.yaml', 'step-time.yaml', 'closed-loop.yaml'])(
    'a run of %s prints the same figures',
    (name) => {
      const args = ['run', example(name), '--json', ...(name === 'closed-loop.yaml' ? ['--row', '1'] : [])];
      expect(runUnder('deno', ...args)).toBe(runUnder('node', ...args));
    },
  );

  test('a step costs the same', () => {
    const args = ['step', '--model', 'llama-3.1-8b', '--hardware', 'h100-sxm-80gb', '--decode', '32x900', '--json'];
    expect(runUnder('deno', ...args)).toBe(runUnder('node', ...args));
  });

  test('the examples of the library print the same', () => {
    const examples = LIBRARY.map((name) => pathToFileURL(join(ROOT, 'examples/library', name)).href);
    const ended = spawnSync(deno!, ['eval', libraryRunner(examples)], { cwd: ROOT, encoding: 'utf8' });
    expect(ended.status, ended.stderr).toBe(0);
    const said = LIBRARY.map((name) => readFileSync(join(ROOT, 'examples/library', name), 'utf8'));
    expect(JSON.parse(ended.stdout)).toEqual(said.map((code) => /\n\/\/ (.*)\n$/.exec(code)![1]));
  });
});
