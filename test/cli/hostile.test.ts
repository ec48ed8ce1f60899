// Hostile input: whatever stands in a spec or lies behind its paths, the answer is an answer or a mistake in words, and soon.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../depth.ts';
import { type Said, say } from './in-process.ts';
import { openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
let files = 0;
const put = (text: string, name = `spec-${files++}.yaml`): string => {
  writeFileSync(join(scratch, name), text);
  return join(scratch, name);
};

const PLAIN = {
  model: 'llama-3.1-8b',
  workload: '{lengths: {input_len: 300, output_len: 20}, request_rate: 2, num_requests: 20}',
  deployment: '{hardware: h100-sxm-80gb}',
  engine: '{}',
};
const plain = (changes: Partial<typeof PLAIN>): string =>
  put(
    Object.entries({ ...PLAIN, ...changes })
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(''),
  );

const cases: [string, () => string, RegExp][] = [
  ['an alias of what it stands in', () => plain({ model: '&x [*x]' }), /:1: model\[0\]: expected data that ends/],
  ['brackets without end', () => plain({ model: '['.repeat(50_000) }), /expected data that ends, at most 100 levels/],
  [
    'a model that is any file',
    () => plain({ model: put('x', 'any.json') }),
    /expected JSON, received .*\(file in .*any.json:1\)/,
  ],
  ['a model below a file', () => plain({ model: `${put('x', 'file.txt')}/in` }), /model: expected a model/],
  ['a billion replicas', () => plain({ deployment: '{hardware: l4, replicas: 1000000000}' }), /up to 10000, received/],
  ['2^31-1 replicas', () => plain({ deployment: '{hardware: l4, replicas: 2147483647}' }), /up to 10000, received/],
  ['no blocks', () => plain({ engine: '{num_gpu_blocks: 0}' }), /num_gpu_blocks: expected a positive integer/],
  ['no host blocks', () => plain({ engine: '{preemption_mode: swap, num_cpu_blocks: 0}' }), /num_cpu_blocks: expected/],
  ['hardware by a path', () => plain({ deployment: '{hardware: ../hardware/l4}' }), /expected hardware of the catalog/],
  ['hardware with an owner', () => plain({ deployment: '{hardware: nvidia/l4}' }), /expected hardware of the catalog/],
  ['a profile by a path', () => plain({ engine: '{profile: ../engines/vllm-0.11}' }), /expected an engine profile/],
  ['a model by a way up', () => plain({ model: '../llama-3.1-8b' }), /model: expected a model of the catalog/],
  [
    'a deviation beyond all lengths',
    () =>
      plain({ workload: '{lengths: {input_len: {normal: {mean: 9, std: 1e308}}, output_len: 2}, request_rate: 1}' }),
    /std: expected a number of tokens from 0/,
  ],
  [
    'a rate beyond all clocks',
    () => plain({ workload: '{lengths: {input_len: 9, output_len: 2}, request_rate: 1e308}' }),
    /request_rate: expected a rate above 0/,
  ],
];

describe('a spec with', () => {
  test.each(cases)('%s is told so', async (_, make, words) => {
    const { code, err } = await say('run', make());
    expect(code).toBe(2);
    expect(err).toMatch(words);
  });

  test('requests in a circle of links, with a NUL byte, in Latin-1, or with a column twice', async () => {
    symlinkSync(join(scratch, 'two'), join(scratch, 'one'));
    symlinkSync(join(scratch, 'one'), join(scratch, 'two'));
    put('arrival_s,prompt_tokens\0', 'nul.csv');
    writeFileSync(join(scratch, 'latin.csv'), Buffer.from('arrival_s,prompt_tokens,output_tokens,caf\xe9\n', 'latin1'));
    put('arrival_s,prompt_tokens,output_tokens,arrival_s\n0,1,1,0\n', 'twice.csv');
    const told = async (name: string) => (await say('run', plain({ workload: `{requests: ${name}}` }))).err;
    expect(await told('one')).toMatch(/workload.requests: expected a file that exists/);
    expect(await told('nul.csv')).toMatch(/nul.csv:1: requests: .*NUL byte/);
    expect(await told('latin.csv')).toMatch(/latin.csv:1: requests: .*not UTF-8/);
    expect(await told('twice.csv')).toMatch(
      /twice.csv:1: header: expected every column once, received "arrival_s" twice/,
    );
  });
});

describe('a config.json', () => {
  const CONFIG = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: 1024,
    num_hidden_layers: 4,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 2048,
    vocab_size: 1000,
    max_position_embeddings: 4096,
    torch_dtype: 'bfloat16',
  };
  const model = (changes: object, mend = (text: string) => text) => {
    const name = `config-${files++}.json`;
    put(mend(JSON.stringify({ ...CONFIG, ...changes })), name);
    return say('run', plain({ model: name }));
  };

  test('is read as Python writes it: Infinity where it is no size, words where it is', async () => {
    expect((await model({ time_step_limit: 'INF' }, (text) => text.replace('"INF"', '[0.0, Infinity]'))).code).toBe(0);
    const { err } = await model({ hidden_size: 'INF' }, (text) => text.replace('"INF"', 'Infinity'));
    expect(err).toMatch(/expected a positive integer, received Infinity \(hidden_size in /);
  });

  test('has KV heads that divide its heads, and layers that can be walked', async () => {
    expect((await model({ num_key_value_heads: 7 })).err).toMatch(
      /divides the 32 query heads.*received 7 \(num_key_value_heads in /,
    );
    expect((await model({ num_hidden_layers: 1e9 })).err).toMatch(/expected at most 10000 layers/);
  });
});

describe('outputs', () => {
  test('never overwrite the spec, its requests, or each other', async () => {
    const spec = plain({});
    const trace = put('arrival_s,prompt_tokens,output_tokens\n0,9,2\n', 'trace.csv');
    const replay = plain({ workload: '{requests: trace.csv}' });
    for (const argv of [
      [replay, '--requests', trace],
      [spec, '--steps', spec],
      [spec, '--requests', join(scratch, 'x.csv'), '--steps', join(scratch, '.', 'x.csv')],
    ]) {
      const before = [spec, trace].map((file) => readFileSync(file, 'utf8'));
      expect((await say('run', ...(argv as [string]))).code).toBe(2);
      expect([spec, trace].map((file) => readFileSync(file, 'utf8'))).toEqual(before);
    }
    expect(readdirSync(scratch).filter((name) => name.endsWith('.part') || name === 'x.csv')).toEqual([]);
  });
});

/** What may stand where a value stood. */
const HOSTILE = [
  ...['-1', '0', '1e308', '1e-308', '.inf', '.nan', '2147483648', '99999999999999999999', '0x10', '1_000', '~', '""'],
  ...[
    '[]',
    '{}',
    '[1, [2]]',
    '{choices: []}',
    '{choices: all}',
    '{from: 1, to: 1e9}',
    '{from: 5, to: 1}',
    '&a [*a]',
    '*b',
  ],
  ...[
    '../x',
    'a\\0b',
    '/dev/zero',
    '!!binary aGk=',
    '!!set {a, b}',
    '2001-01-01',
    '"\\ud800"',
    '<<: 1',
    '? x',
    '500',
    '9h',
  ],
] as const;

const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.yaml'));

/** A text with one value, line or character other than it was. */
function mutated(): fc.Arbitrary<string> {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('value' as const), line: fc.nat(200), with: fc.constantFrom(...HOSTILE) }),
    fc.record({ kind: fc.constant('twice' as const), line: fc.nat(200), with: fc.constant('') }),
    fc.record({ kind: fc.constant('gone' as const), line: fc.nat(200), with: fc.constant('') }),
    fc.record({
      kind: fc.constant('inside' as const),
      line: fc.nat(200),
      with: fc.constantFrom(':', '{', '"', '\t', '- ', '#'),
    }),
  );
  return fc
    .tuple(fc.constantFrom(...EXAMPLES), fc.array(change, { minLength: 1, maxLength: 2 }))
    .map(([name, changes]) => {
      const lines = readFileSync(join(ROOT, 'examples', name), 'utf8').split('\n');
      const written = lines.flatMap((line, i) => (/^\s*(#.*)?$/.test(line) ? [] : [i]));
      for (const { kind, line, with: what } of changes) {
        const at = written[line % written.length]!;
        const text = lines[at]!;
        if (kind === 'value') lines[at] = text.replace(/(:\s*|\[|,\s*)([^\s:,[\]{}]+)(?=[\s,\]}]|$)/, `$1${what}`);
        else if (kind === 'twice') lines[at] = `${text}\n${text}`;
        else if (kind === 'gone') lines[at] = '';
        else lines[at] = text.slice(0, text.length >> 1) + what + text.slice(text.length >> 1);
      }
      return lines.join('\n');
    });
}

/** Longest that any answer to a broken document took, in ms of this process. */
const SOON = 20_000;

function demandWords({ code, err }: Said): void {
  expect([0, 2]).toContain(code);
  if (code === 2) expect(err).toMatch(/expected .+, received /s);
}

describe('any mutation of an example', () => {
  test('is explained, or refused in words', async () => {
    mkdirSync(join(scratch, 'mutants'));
    const refused: string[] = [];
    await fc.assert(
      fc.asyncProperty(mutated(), async (text) => {
        const file = put(text, join('mutants', 'one.yaml'));
        const started = process.cpuUsage();
        const said = await say('spec', file);
        demandWords(said);
        if (said.code === 2) refused.push(said.err);
        const { user, system } = process.cpuUsage(started);
        expect((user + system) / 1000).toBeLessThan(SOON);
      }),
      { seed: 8, numRuns: runs(60) },
    );
    expect(refused.length).toBeGreaterThan(runs(16));
    expect(refused.length).toBeLessThan(runs(60));
  }, 600_000);

  test('of one deployment runs, or is refused in words', async () => {
    const keys = ['input_len', 'output_len', 'request_rate', 'num_requests', 'replicas', 'max_num_seqs', 'block_size'];
    const more = [
      'max_num_batched_tokens',
      'tensor_parallel_size',
      'num_gpu_blocks',
      'max_model_len',
      'watermark',
      'seed',
    ];
    const value = fc.constantFrom(...HOSTILE, '1', '2', '1024', '10000', '2147483647');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys, ...more), value, async (key, what) => {
        const inputs = { input_len: '300', output_len: '20', request_rate: '2', num_requests: '20', seed: '1' };
        const parts = { replicas: '1', tensor_parallel_size: '1' };
        const engine = { max_num_seqs: '8', block_size: '16', max_num_batched_tokens: '2048', watermark: '0.01' };
        const set = <T extends object>(all: T) => ({ ...all, ...(key in all ? { [key]: what } : {}) }) as T;
        const own = key === 'num_gpu_blocks' || key === 'max_model_len' ? { ...engine, [key]: what } : set(engine);
        const { input_len, output_len, ...rest } = set(inputs);
        const flow = (all: object) =>
          Object.entries(all)
            .map(([name, text]) => `${name}: ${text}`)
            .join(', ');
        const said = await say(
          'run',
          plain({
            workload: `{lengths: {input_len: ${input_len}, output_len: ${output_len}}, ${flow(rest)}}`,
            deployment: `{hardware: h100-sxm-80gb, ${flow(set(parts))}}`,
            engine: `{${flow(own)}}`,
          }),
        );
        demandWords(said);
      }),
      { seed: 5, numRuns: runs(25) },
    );
  }, 600_000);
});
