// What a person meets at a terminal: specs from standard input and --set, mist init, help by verb, completion, lines that fit.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { askAll } from '../../src/commands/init.ts';
import { TEMPLATE_NAMES, TEMPLATES } from '../../src/commands/init-templates.ts';
import { example, mist, mistAt, openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
const CLI = join(ROOT, 'dist/src/cli.js');
const piped = (text: string, ...argv: string[]) =>
  spawnSync(process.execPath, [CLI, ...argv], { cwd: ROOT, input: text, encoding: 'utf8' });

describe('--set', () => {
  test('gives the bytes of a file in which the value stands', async () => {
    const text = readFileSync(join(ROOT, example('single-run.yaml')), 'utf8');
    const file = join(scratch, 'changed.yaml');
    writeFileSync(file, text.replace(/num_requests: \d+/, 'num_requests: 77'));
    expect(readFileSync(file, 'utf8')).not.toBe(text);
    const set = await mist(['run', example('single-run.yaml'), '--set', 'workload.num_requests=77', '--json']);
    const own = await mist(['run', file, '--json']);
    expect(set.code).toBe(0);
    expect(JSON.parse(set.stdout)).toEqual({ ...JSON.parse(own.stdout) });
  });

  test('takes lists as axes, new keys, places in lists, and the last of one place', async () => {
    const argv = ['spec', example('single-run.yaml'), '--json', '--set', 'deployment.hardware=[l40s, h200-sxm-141gb]'];
    const said = await mist([
      ...argv,
      '--set',
      'engine.max_num_seqs=[8, 16]',
      '--set',
      'engine.max_num_seqs=[8, 16, 32]',
    ]);
    expect(JSON.parse(said.stdout).rows).toBe(6);
    const curve = ['--set', 'workload.arrivals={process: curve, points: [[0s, 1], [60s, 2]]}'];
    const later = await mist([
      'spec',
      example('single-run.yaml'),
      ...curve,
      '--set',
      'workload.arrivals.points[1][1]=9',
    ]);
    expect(later.stdout).toMatch(/9/);
    const limit = await mist(['spec', example('single-run.yaml'), '--set', 'slo.p99.9_ttft=2s']);
    expect(limit.code).toBe(0);
    expect(limit.stdout).toMatch(/p99.9_ttft <= 2 s/);
  });

  test('is told by its name when it is wrong, and other lines keep their numbers', async () => {
    const file = join(scratch, 'wrong.yaml');
    writeFileSync(
      file,
      '# one\n# two\nmodel: llama-3.1-8b\nworkload: {lengths: sharegpt,\n  request_rate: fast}\n\ndeployment:\n  hardware: l4\n  replcas: 3\n',
    );
    const { code, stderr } = await mist(['run', file, '--set', 'engine.max_num_seqs=-3', '--set', 'engine.profil=x']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--set engine.max_num_seqs: expected .*received -3/m);
    expect(stderr).toMatch(/^--set engine.profil: expected .*profile/m);
    expect(stderr).toMatch(/wrong.yaml:5: workload.request_rate/);
    expect(stderr).toMatch(/wrong.yaml:9: deployment.replcas/);
    for (const [set, words] of [
      ['engine', /--set: expected PATH=VALUE.*received engine/],
      ['engine.x=', /--set: expected a value after engine.x=/],
      ['model.x=1', /--set model.x: expected a path through maps and lists, received model, which is/],
      ['engine.x={', /--set: expected a value of engine.x in YAML/],
    ] as const) {
      const told = await mist(['run', example('single-run.yaml'), '--set', set]);
      expect([told.code, told.stdout]).toEqual([2, '']);
      expect(told.stderr).toMatch(words);
    }
    expect((await mist(['size', '--model', 'llama-3.1-8b', '--rate', '1', '--set', 'a=1'])).stderr).toMatch(
      /--set: expected a spec beside it/,
    );
  });

  test('stands in what a sweep suggests', async () => {
    const argv = [
      'sweep',
      example('sweep-small.yaml'),
      '--workers',
      '1',
      '--set',
      'workload.num_requests=100',
      '--set',
      'deployment.hardware=[l40s]',
    ];
    const { stdout } = await mist(argv);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /sweep-small.yaml --set workload.num_requests=100 --set 'deployment.hardware=\[l40s\]' --row \d+/,
    );
  });
});

describe('a spec on standard input', () => {
  test('is that of a file', async () => {
    const argv = ['--set', 'workload.num_requests=100', '--json'];
    const text = readFileSync(join(ROOT, example('single-run.yaml')), 'utf8');
    const { status, stdout } = piped(text, 'run', '-', ...argv);
    expect(status).toBe(0);
    const own = await mist(['run', example('single-run.yaml'), ...argv]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(own.stdout));
  });

  test('that is none is a mistake with its line', async () => {
    const { code, stderr } = await mistAt(undefined, ['spec', '-'], 'model: llama-3.1-8b\nworkloat: {}\n');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^-:2: workloat: expected/m);
    expect((await mistAt(undefined, ['spec', '-'], '')).code).toBe(2);
  });
});

const init = (...argv: string[]) => mist(['init', ...argv]);

describe('mist init', () => {
  test.each(TEMPLATE_NAMES)('%s writes a spec that its verb takes, and never over a file', async (name) => {
    const file = join(scratch, `init-${name}.yaml`);
    const { code, stdout, stderr } = await init(name, '--out', file);
    expect([code, stdout]).toEqual([0, `${file}\n`]);
    expect(stderr).toContain(`mist ${TEMPLATES[name].verb} ${file}`);
    const text = readFileSync(file, 'utf8');
    const said = await mist(['spec', file]);
    expect([said.code, said.stderr]).toEqual([0, '']);
    const again = await init(name, '--load', '7', '--out', file);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/--out: expected a file that is not there yet/);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('fills in what flags say, and tells a mistake by its flag', async () => {
    const { code, stdout } = await init(
      'chat',
      '--model',
      'qwen3-32b',
      '--load',
      '2.5',
      '--hardware',
      'b200-sxm-180gb',
      '--out',
      '-',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^model: qwen3-32b$/m);
    expect(stdout).toMatch(/request_rate: 2.5 /);
    expect(stdout).toMatch(/hardware: \[b200-sxm-180gb\]/);
    const file = join(scratch, 'never.yaml');
    const wrong = await init('chat', '--hardware', 'h100-sxm-80g', '--out', file);
    expect([wrong.code, existsSync(file)]).toEqual([2, false]);
    expect(wrong.stderr).toMatch(/^--hardware: expected .*h100-sxm-80gb/m);
    expect((await init('cat')).stderr).toMatch(/expected one of chat, rag, .*received cat .*chat/);
    expect((await init()).stderr).toMatch(/expected one of chat, rag, .*received nothing/);
  });

  test('asks what is not said, again until it can be used', async () => {
    const answers = ['9', 'gpus', 'llama-3.1-8', 'llama-3.1-8b', 'many', '', 'unused'];
    let said = '';
    const out = {
      stdout: () => undefined,
      stderr: (text: string) => {
        said += text;
      },
    };
    const told = await askAll({}, openCatalog({}), async () => answers.shift() ?? null, out);
    expect(told).toMatchObject({ name: 'gpus', model: 'llama-3.1-8b', load: TEMPLATES.gpus.usual.load });
    expect(answers).toEqual(['unused']);
    expect(said).toMatch(/expected 1 to 7, or a name, received 9/);
    expect(said).toMatch(/received llama-3.1-8 .*llama-3.1-8b/);
    expect(said).toMatch(/expected requests per second, a number above 0, received many/);
    expect(await askAll({}, openCatalog({}), async () => null, out)).toBeNull();
  });

  test('is what mist alone does on a terminal', () => {
    const python = spawnSync('python3', ['-c', TERMINAL, process.execPath, CLI], {
      cwd: scratch,
      encoding: 'utf8',
    });
    if (python.error) {
      process.stderr.write('skipped: no python3, which makes a terminal of its own\n');
      return;
    }
    expect(python.stdout).toMatch(/What is it about\?/);
    expect(python.stdout).toMatch(/How much load, requests per second\?/);
    expect(readFileSync(join(scratch, 'code.yaml'), 'utf8')).toMatch(/request_rate: 3 /);
  });
});

/** Types three answers into a pseudo-terminal, each when its question is there. */
const TERMINAL = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen, answers = b'', [(b'[1]: ', b'4\\n'), (b'Which model', b'\\n'), (b'How much load', b'3\\n')]
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    seen += part
    if answers and answers[0][0] in seen:
        os.write(fd, answers.pop(0)[1])
sys.stdout.write(seen.decode())
os.waitpid(pid, 0)
`;

describe('help and completion', () => {
  test('mist help VERB is mist VERB --help', async () => {
    expect(await mist(['help', 'run'])).toEqual(await mist(['run', '--help']));
  });

  test('of bash knows verbs, flags of a verb, names of the catalog and files', async () => {
    const asked: [line: string, words: readonly string[]][] = [
      ['mist sw', ['sweep']],
      ['mist help ru', ['run']],
      ['mist run --per', ['--per-request']],
      ['mist size --max', ['--max-load']],
      ['mist step --hardware h200-s', ['h200-sxm-141gb']],
      ['mist run examples/single', ['examples/single-run.yaml']],
      ['mist completion f', ['fish']],
    ];
    const lines = asked.map(
      ([line]) => `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _mist; echo "\${COMPREPLY[*]}"`,
    );
    const script = `${(await mist(['completion', 'bash'])).stdout}\n${lines.join('\n')}`;
    const said = execFileSync('bash', ['-c', script], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
    expect(said).toEqual(asked.map(([, words]) => words.join(' ')));
  });

  test.each(['bash', 'zsh', 'fish'])(
    'of %s has every flag that a help names, and is read by its shell where there is one',
    async (shell) => {
      const { code, stdout } = await mist(['completion', shell]);
      expect(code).toBe(0);
      for (const verb of ['run', 'sweep', 'size', 'init']) {
        const help = (await mist([verb, '--help'])).stdout;
        const flags = [...help.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag!);
        for (const flag of flags) expect(stdout).toContain(shell === 'fish' ? `-l ${flag.slice(2)}` : flag);
      }
      const read = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' });
      if (read.error) process.stderr.write(`not read by ${shell}, which is not here\n`);
      else expect([read.status, read.stderr]).toEqual([0, '']);
    },
  );
});

describe('in a terminal', () => {
  const questions: string[][] = [
    [],
    ...['run', 'sweep', 'size', 'step', 'spec', 'launch', 'calibrate', 'validate', 'verify', 'catalog', 'init'].map(
      (verb) => [verb, '--help'],
    ),
    ['run', example('single-run.yaml'), '--set', 'workload.num_requests=200'],
    ['run', example('question-answering.yaml'), '--set', 'workload.num_requests=200'],
    [
      'sweep',
      example('sweep-small.yaml'),
      '--workers',
      '1',
      '--set',
      'workload.num_requests=100',
      '--set',
      'deployment.hardware=[l40s]',
    ],
    [
      'size',
      '--model',
      'llama-3.1-8b',
      '--rate',
      '10',
      '--p99-ttft',
      '500ms',
      '--hardware',
      'l40s',
      '--workers',
      '1',
      '--quantization',
      'fp8',
      '--kv-cache-dtype',
      'auto',
      '--requests',
      '40',
    ],
    ['size', example('step-time.yaml'), '--max-load'],
    ['spec', example('default-chat.yaml')],
    ['spec', example('disaggregate-or-not.yaml')],
    [
      'step',
      '--model',
      'llama-3.1-70b',
      '--hardware',
      'h100-sxm-80gb',
      '--tp',
      '2',
      '--prefill',
      '512',
      '--decode',
      '64x1200',
    ],
    ['catalog'],
    ['catalog', 'h100-sxm-80gb', 'llama-3.1-70b', 'vllm-0.11'],
    ['calibrate', 'examples/measurements/steps.csv'],
  ];
  test.each(questions.map((argv) => [argv.join(' '), argv] as const))(
    'mist %s fits, and its answer is whole',
    async (_, argv) => {
      for (const columns of argv[0] === 'size' || argv[0] === 'sweep' ? [80, 200] : [80, 120, 200]) {
        const { stdout } = await mistAt(columns, argv);
        const lines = stdout.split('\n');
        expect(lines.length).toBeGreaterThan(3);
        // a word longer than the line (a path, a command for a shell) stays as it is
        expect(lines.filter((line) => line.length > columns && !/\\$|^ *\S+$/.test(line))).toEqual([]);
        if (argv[0] === 'size' && argv[1] === '--model')
          expect(stdout).toMatch(/^Fewest devices.* \d+x L40S tp\d x\d fp8 /m);
      }
    },
  );
});
