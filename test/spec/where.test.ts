// `where`: which rows count. The law: what it keeps is what a filter over all rows keeps, in every shape of document.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatIssue, UserError } from '../../src/check/issue.ts';
import { issuesOf, open, poolOf } from './world.ts';

const HEAD = ['model: llama-3.1-70b', 'workload: {lengths: azure-conv-2023, request_rate: [5, 10]}'];
const GRID = [
  'deployment:',
  '  hardware: [h100-sxm-80gb, l4]',
  '  replicas: {from: 1, to: 8}',
  '  tensor_parallel_size: [1, 2, 4, 8]',
  '  pipeline_parallel_size: [1, 2]',
  'engine: {batching: [chunked, mixed], max_num_seqs: [32, 64]}',
];
const grid = (where: string) => [...HEAD, ...GRID, `where: '${where}'`].join('\n');

describe('where', () => {
  it('keeps the rows that a filter keeps, whatever it speaks of', () => {
    const conditions: readonly (readonly [string, (c: Row) => boolean])[] = [
      ['devices == 8', ({ devices }) => devices === 8],
      ['tp * pp <= 4', ({ tp, pp }) => tp * pp <= 4],
      ['hardware == "l4"', ({ hardware }) => hardware === 'l4'],
      ['deployment.replicas > 3', ({ replicas }) => replicas > 3],
      ['request_rate / devices < 1', ({ rate, devices }) => rate / devices < 1],
      ['engine.batching != "mixed"', ({ batching }) => batching !== 'mixed'],
      ['max_num_seqs in (32, 128)', ({ seqs }) => seqs === 32],
    ];
    const pick = fc.subarray([...conditions], { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(pick, fc.constantFrom('and', 'or'), (some, word) => {
        const question = open(grid(some.map(([text]) => `(${text})`).join(` ${word} `)));
        const kept = Array.from({ length: question.rows }, (_, row) => question.keeps(row));
        const meant = Array.from({ length: question.rows }, (_, row) => {
          const own = rowOf(question.any(row).spec);
          return word === 'and' ? some.every(([, keep]) => keep(own)) : some.some(([, keep]) => keep(own));
        });
        expect(kept).toEqual(meant);
      }),
      { seed: 2, numRuns: 6 },
    );
  });

  it('knows parameters, pools by name, and that a fleet without a pool has none of its devices', () => {
    const text = [
      'let: {n: [2, 4], p: [1, 2, 3]}',
      'fleet:',
      '  choices:',
      '    together: {all: {kind: llm, model: llama-3.1-8b, hardware: l4, count: n}}',
      '    apart:',
      '      pre: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: l4, count: p}',
      '      dec: {kind: llm, role: decode, model: llama-3.1-8b, hardware: l4, count: {from: 1, to: 4}}',
      'pipelines: {chat: {stages: [prefill, decode]}}',
      'workload: {lengths: azure-conv-2023, request_rate: n}',
      'where: devices == n and pre.count < 3 and (pre.count > 0 or p == 1)',
    ].join('\n');
    const question = open(text);
    const kept = Array.from({ length: question.rows }, (_, row) => row).filter((row) => question.keeps(row));
    const told = kept.map((row) =>
      question
        .at(row)
        .spec.pools.map(({ count }) => count)
        .join('+'),
    );
    expect(told.sort()).toEqual(['1+1', '1+3', '2', '2+2', '4']);
  });

  it('reads no row for parameters and parts that are chosen: one that nobody could read is left out by them', () => {
    const fleet = '{all: {kind: llm, model: llama-3.1-8b, hardware: l4, count: 4 - a - b}}'; // none where both are 2
    const text = (where: string) =>
      [
        'let: {a: [1, 2], b: [1, 2]}',
        `fleet: {choices: {one: ${fleet}, two: ${fleet}}}`,
        'pipelines: {chat: {stages: [prefill, decode]}}',
        'workload: {lengths: azure-conv-2023, request_rate: 1}',
        `where: '${where}'`,
      ].join('\n');
    const keptOf = (where: string) => [0, 1, 2, 3, 4, 5, 6, 7].filter(open(text(where)).keeps);
    expect(keptOf('a + b < 4 and fleet == "two"')).toEqual([1, 3, 5]);
    // of what is read of it, it is the reader that says why it falls
    expect(keptOf('tp == 1 and a == 1')).toEqual([0, 1, 2, 3, 6, 7]);
  });

  it('knows axes of whole parts by their place', () => {
    const text = [
      'let: {n: [2, 4]}',
      'fleet: {all: {kind: llm, model: llama-3.1-8b, hardware: l4, count: n}}',
      'pipelines: {choices: {chat: {serve: {stages: [prefill, decode]}}, late: {serve: {stages: [prefill, decode]}}}}',
      'workload: {lengths: azure-conv-2023, request_rate: n}',
      'where: pipelines == "late" and n > 2 or pipelines in ("chat", "none") and n < 3',
    ].join('\n');
    const question = open(text);
    const kept = Array.from({ length: question.rows }, (_, row) => row).filter((row) => question.keeps(row));
    expect(kept.map((row) => [...question.choicesAt(row).values()].join(' '))).toEqual(['2 chat', '4 late']);
  });

  it('has a row that it leaves out refused by name, and begins with one that it keeps', () => {
    const question = open(grid('devices == 8 and tp == 8'));
    expect(question.keeps(question.firstRow)).toBe(true);
    expect(poolOf(question.first).configuration.tensor_parallel_size).toBe(8);
    expect(() => question.at(0)).toThrow(UserError);
    expect(() => question.at(0)).toThrow(/where: expected a row with devices == 8 and tp == 8, received row 0/);
  });

  it('is worked out once per setting of what it speaks of', () => {
    const many = [
      ...HEAD,
      'deployment:',
      '  hardware: h100-sxm-80gb',
      '  replicas: {from: 1, to: 1000}',
      '  tensor_parallel_size: [1, 2, 4, 8]',
      'engine: {max_num_seqs: {from: 1, to: 1000}, max_num_batched_tokens: {from: 1001, to: 1012}}',
      "where: 'devices == 8'",
    ].join('\n');
    const question = open(many);
    expect(question.rows).toBe(96_000_000);
    const started = performance.now();
    let kept = 0;
    for (let row = 0; row < question.rows; row += 101) if (question.keeps(row)) kept++;
    expect(kept / (question.rows / 101)).toBeCloseTo(4 / 4000, 3);
    expect(performance.now() - started).toBeLessThan(8000);
  });
});

interface Row {
  readonly hardware: string;
  readonly replicas: number;
  readonly tp: number;
  readonly pp: number;
  readonly devices: number;
  readonly batching: string;
  readonly seqs: number;
  readonly rate: number;
}

function rowOf(spec: ReturnType<ReturnType<typeof open>['at']>['spec']): Row {
  const { configuration: c, count: replicas } = poolOf(spec);
  const [tp, pp] = [c.tensor_parallel_size, c.pipeline_parallel_size];
  const { hardware, batching, max_num_seqs: seqs } = c;
  return { hardware, replicas, tp, pp, devices: replicas * tp * pp, batching, seqs, rate: spec.workload.request_rate };
}

describe('mistakes', () => {
  test.each([
    ['an unknown name', 'device == 8', 'device in "device == 8"', 'did you mean devices'],
    ['no comparison', 'devices', 'a number in "devices"', ''],
    ['half of one', 'devices ==', 'the end in "devices =="', ''],
    ['a word beside a number', 'hardware == 8', '"h100-sxm-80gb" beside 8', ''],
    ['a division by zero', '8 / (replicas - 1) > 2', '8 / 0', ''],
    ['what no row keeps', 'devices == 3 and tp == 2', 'none of 1024 does', ''],
    ['an unknown pool', 'decoders.count == 3', 'decoders.count', ''],
  ])('%s', (_, where, received, hint) => {
    const [issue, ...others] = issuesOf(grid(where));
    expect(others).toEqual([]);
    expect(issue).toMatchObject({ path: 'where', line: 9 });
    expect(formatIssue(issue!)).toContain(received);
    expect(formatIssue(issue!)).toContain(hint);
  });

  it('a list is no condition', () => {
    const issues = issuesOf([...HEAD, ...GRID, 'where: [devices == 8]'].join('\n'));
    expect(issues.map(({ path }) => path)).toContain('where');
  });
});
