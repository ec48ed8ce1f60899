// Parameters: expressions wherever a number may stand, words and parts by $name, and precise words for what is wrong with them.
import { describe, expect, it, test } from 'vitest';
import { formatIssue } from '../../src/check/issue.ts';
import { axesOf, issuesOf, open, poolOf, read } from './world.ts';

const HEAD = ['model: llama-3.1-70b', 'deployment: {hardware: h100-sxm-80gb}'];
const document = (...lines: string[]) => [...HEAD, ...lines].join('\n');
const WORKLOAD = 'workload: {lengths: azure-conv-2023, request_rate: 2 * n}';

describe('expressions', () => {
  it('stand wherever a number may, with units and in every notation', () => {
    const spec = read(
      document(
        'let: {n: 4, p: n / 2, limit: 250ms, turns: 3}',
        'workload: {lengths: {input_len: 100 * n, output_len: {uniform: [p, 10 * p]}}, request_rate: 2 * n, num_requests: 50 * turns}',
        'engine: {max_num_seqs: 8 * n, gpu_memory_utilization: 1 - 1 / 10}',
        'slo: {p99_ttft: 4 * limit, p99_tpot: limit / 5, p90_e2el_ms: 100 * n}',
        'prices: {h100-sxm-80gb: 1 + p}',
      ),
    );
    expect(spec.workload.request_rate).toBe(8);
    expect(spec.workload.num_requests).toBe(150);
    expect(spec.workload.lengths).toEqual({
      input_len: { kind: 'fixed', value: 400 },
      output_len: { kind: 'uniform', min: 2, max: 20 },
    });
    expect(poolOf(spec).configuration.max_num_seqs).toBe(32);
    expect(poolOf(spec).configuration.gpu_memory_utilization).toBe(0.9);
    expect(spec.slo.map(({ limit }) => limit)).toEqual([1, 0.05, 0.4]);
    expect(spec.prices).toEqual({ 'h100-sxm-80gb': 3 });
  });

  it('need no parameters', () => {
    expect(read(document('workload: {lengths: azure-conv-2023, request_rate: 3 * 7}')).workload.request_rate).toBe(21);
  });

  it('are the same in the long notation, and shared by the alternatives of a choice', () => {
    const text = [
      'let: {n: 8, p: [2, 3]}',
      'fleet:',
      '  choices:',
      '    together: {all: {kind: llm, model: llama-3.1-8b, hardware: l4, count: n}}',
      '    apart:',
      '      pre: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: l4, count: p}',
      '      dec: {kind: llm, role: decode, model: llama-3.1-8b, hardware: l4, count: n - p}',
      'pipelines: {chat: {stages: [prefill, decode]}}',
      'workload: {lengths: azure-conv-2023, request_rate: n}',
    ].join('\n');
    const question = open(text);
    expect(question.rows).toBe(4);
    const counts = Array.from({ length: 4 }, (_, row) => question.at(row).spec.pools.map(({ count }) => count));
    expect(counts).toEqual([[8], [2, 6], [8], [3, 5]]);
  });

  it('are axes by their parameters, which multiply', () => {
    const text = document('let: {n: {from: 1, to: 3}}', WORKLOAD, 'engine: {max_num_seqs: [16, 8 * n]}');
    expect(axesOf(text)).toEqual([
      ['let.n', ['1', '2', '3']],
      ['engine.max_num_seqs', ['16', '8 * n']],
    ]);
    const question = open(text);
    expect(question.rows).toBe(6);
    const told = [0, 3, 5].map((row) => {
      const { spec } = question.at(row);
      return [spec.workload.request_rate, poolOf(spec).configuration.max_num_seqs];
    });
    expect(told).toEqual([
      [2, 16],
      [4, 16],
      [6, 24],
    ]);
  });

  it('leave a document without them as it is', () => {
    const plain = document('workload: {lengths: azure-conv-2023, request_rate: 8}');
    const { text: _, ...one } = read(plain);
    const { text: __, ...other } = read(document('let: {n: 4}', WORKLOAD));
    expect(other).toEqual(one);
  });
});

describe('$name', () => {
  it('is the value itself: a word, a number, a part', () => {
    const text = document(
      'let: {format: fp8, kv: [auto, fp8], lengths: {input_len: 10, output_len: 5}, rate: 3}',
      'workload: {lengths: $lengths, request_rate: $rate}',
      'engine: {quantization: $format, kv_cache_dtype: $kv}',
    );
    const question = open(text);
    const told = [0, 1].map((row) => poolOf(question.at(row).spec).configuration);
    expect(told.map(({ quantization, kv_cache_dtype }) => [quantization, kv_cache_dtype])).toEqual([
      ['fp8', 'auto'],
      ['fp8', 'fp8'],
    ]);
    expect(question.first.workload.lengths).toEqual({
      input_len: { kind: 'fixed', value: 10 },
      output_len: { kind: 'fixed', value: 5 },
    });
    expect(question.first.workload.request_rate).toBe(3);
  });
});

describe('scenarios', () => {
  it('are made by parameters that the traffic is worked out from, whoever else uses them', () => {
    const text = document('let: {n: [1, 2], k: [1, 2], m: n}', 'workload: {lengths: azure-conv-2023, request_rate: m}');
    const question = open(`${text}\nengine: {max_num_seqs: 8 * k * n}`);
    expect(['let.n', 'let.k', 'let.m', 'workload.seed', 'engine.max_num_seqs'].filter(question.asks)).toEqual([
      'let.n',
      'let.m',
      'workload.seed',
    ]);
  });
});

describe('mistakes', () => {
  const engine = 'engine: {max_num_seqs: 8}';
  test.each([
    ['an unknown name', 'let: {nn: 4}', WORKLOAD, engine, '4 workload.request_rate', 'n in "2 * n"', 'nn'],
    ['a cycle', 'let: {n: m + 1, m: n}', WORKLOAD, engine, '3 let.m', 'n -> m -> n', ''],
    ['a division by zero', 'let: {n: 8 / k, k: 0}', WORKLOAD, engine, '3 let.n', '8 / 0', ''],
    ['a unit that does not fit', 'let: {n: 250ms}', WORKLOAD, engine, '4 workload.request_rate', 'a time', ''],
    ['units that do not add', 'let: {n: 250ms + 4}', WORKLOAD, engine, '3 let.n', 'a time + a plain number', ''],
    ['a word in arithmetic', 'let: {n: auto}', WORKLOAD, engine, '4 workload.request_rate', 'the word "auto"', ''],
    [
      'half an expression',
      'let: {n: 4}',
      WORKLOAD,
      'engine: {max_num_seqs: n -}',
      '5 engine.max_num_seqs',
      'the end',
      '',
    ],
    ['a fraction', 'let: {n: 3}', WORKLOAD, 'engine: {max_num_seqs: n / 2}', '5 engine.max_num_seqs', '1.5', ''],
    ['a negative count', 'let: {n: 3}', WORKLOAD, 'engine: {max_num_seqs: n - 9}', '5 engine.max_num_seqs', '-6', ''],
    [
      'an unknown $name',
      'let: {n: 3}',
      WORKLOAD,
      'engine: {quantization: $form}',
      '5 engine.quantization',
      '$form',
      '',
    ],
    ['a name that is none', 'let: {n: 3, 2x: 1}', WORKLOAD, engine, '3 let.2x', '"2x"', ''],
    [
      'a word for let',
      'let: five',
      'workload: {lengths: azure-conv-2023, request_rate: 1}',
      engine,
      '3 let',
      'five',
      '',
    ],
    [
      'a typo of one',
      'let: {seqs: 3}',
      'workload: {lengths: azure-conv-2023, request_rate: 1}',
      'engine: {max_num_seqs: seq}',
      '5 engine.max_num_seqs',
      'seq',
      'seqs',
    ],
  ])('%s', (_, given, workload, last, place, received, hint) => {
    const issues = issuesOf(document(given, workload, last));
    const found = issues.filter(({ line, path }) => `${line} ${path}` === place).map(formatIssue);
    expect(found.join('\n')).toContain(received);
    expect(found.join('\n')).toContain(hint);
    expect(issues).toHaveLength(1);
  });

  it('come all at once', () => {
    const text = document('let: {n: 1 / 0}', WORKLOAD, 'engine: {max_num_seqs: many, block_size: x}');
    expect(issuesOf(text).map(({ path }) => path)).toEqual(['let.n', 'engine.max_num_seqs', 'engine.block_size']);
  });
});
