// A right spec is read as it was meant: defaults, axes in order, units, ranges, traffic, replay.
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/spec/types.ts';
import { axesOf, baseOf, engineOf, KNOWN, open, poolOf, read, VLLM } from './world.ts';

const MINIMAL = `
model: llama-3.1-70b
workload: {lengths: azure-conv-2023, request_rate: 20}
deployment: {hardware: h100-sxm-80gb}
`;

/** A spec with these lines under one more section. */
const withEngine = (lines: string): string => `${MINIMAL}engine: {${lines}}\n`;

/** What every row of a text has of one field of its engine. */
function valuesOf(text: string, field: keyof Configuration): unknown[] {
  const { rows, at } = open(text);
  return Array.from({ length: rows }, (_, row) => engineOf(at(row).spec)[field]);
}

function withTraffic(lines: string) {
  return read(`model: llama-3.1-8b\nworkload: {${lines}}\ndeployment: {hardware: l4}\n`).workload;
}

describe('defaults', () => {
  it('come from the profile and from the documented values', () => {
    const question = open(MINIMAL);
    const spec = question.first;
    expect(question).toMatchObject({ rows: 1, axes: [], objective: 'usd_per_hour', top: 20, settle: 1_000_000 });
    expect(spec).toMatchObject({ name: 'spec', slo: [] });
    expect(poolOf(spec)).toMatchObject({ count: 1, routing: { policy: 'round-robin' }, role: 'both', packing: 'fcfs' });
    expect(spec.workload).toEqual({
      lengths: 'azure-conv-2023',
      arrivals: { process: 'poisson' },
      request_rate: 20,
      num_requests: 2000,
      seed: 0,
      requests: null,
    });
    expect(engineOf(spec)).toEqual({
      model: 'llama-3.1-70b',
      hardware: 'h100-sxm-80gb',
      replicas: 1,
      tensor_parallel_size: 1,
      pipeline_parallel_size: 1,
      data_parallel_size: 1,
      expert_parallel_size: 1,
      routing: 'round-robin',
      profile: 'vllm-0.11',
      quantization: 'auto',
      kv_cache_dtype: 'auto',
      batching: VLLM.batching,
      admission: VLLM.admission,
      max_num_seqs: VLLM.max_num_seqs,
      max_num_batched_tokens: VLLM.max_num_batched_tokens,
      max_model_len: 0,
      gpu_memory_utilization: VLLM.gpu_memory_utilization,
      block_size: VLLM.block_size,
      num_gpu_blocks: 0,
      num_speculative_tokens: 0,
      watermark: 0,
      preemption_mode: 'recompute',
      swap_space: 4 * 2 ** 30,
      num_cpu_blocks: 0,
      num_scheduler_steps: 1,
      step_time: null,
      step_source: 'cost-model',
      request_rate: 0,
    });
  });

  it('count a key with nothing behind it as left out', () => {
    expect(baseOf(withEngine('max_num_seqs: , batching: '))).toMatchObject({ max_num_seqs: 256, batching: 'chunked' });
  });

  it('are those of the profile of each row', () => {
    expect(valuesOf(withEngine('profile: {choices: all}'), 'profile')).toEqual(KNOWN.engines);
    expect(valuesOf(withEngine('profile: {choices: all}'), 'gpu_memory_utilization')).toEqual([0.9, 0.85]);
  });
});

describe('swapping', () => {
  it('takes units, ranges and lists', () => {
    expect(baseOf(withEngine('preemption_mode: swap, swap_space: 8GiB'))).toMatchObject({ swap_space: 2 ** 33 });
    const swept = withEngine(
      'preemption_mode: [recompute, swap], swap_space: {from: 1GiB, to: 4GiB, factor: 2}, admission: [prompt, full-length]',
    );
    expect(axesOf(swept).map(([, { length }]) => length)).toEqual([2, 3, 2]);
    const swapping = swept.replace('[recompute, swap]', 'swap').replace('[prompt, full-length]', 'prompt');
    expect(valuesOf(swapping, 'swap_space')).toEqual([2 ** 30, 2 ** 31, 2 ** 32]);
  });
});

describe('axes', () => {
  it('stand in the order of the document', () => {
    const text = `
engine: {max_num_seqs: [1, 2], batching: [mixed, static]}
deployment: {replicas: [1, 2], hardware: {choices: all}}
workload: {lengths: azure-conv-2023, request_rate: [5, 10]}
model: [llama-3.1-70b, llama-3.1-8b]
`;
    expect(axesOf(text).map(([name]) => name)).toEqual([
      ...['engine.max_num_seqs', 'engine.batching', 'deployment.replicas', 'deployment.hardware'],
      ...['workload.request_rate', 'model'],
    ]);
    expect(axesOf(text)[3][1]).toEqual(KNOWN.hardware);
    expect(open(text).rows).toBe(2 * 2 * 2 * 4 * 2 * 2);
  });

  it.each([
    ['{from: 1, to: 4}', [1, 2, 3, 4]],
    ['{from: 1, to: 32, factor: 2}', [1, 2, 4, 8, 16, 32]],
    ['{from: 1, to: 10, step: 4}', [1, 5, 9]],
    ['{choices: [8, 80_000]}', [8, 80_000]],
    ['[3, 1]', [3, 1]],
  ])('of integers read %s', (text, values) => {
    expect(valuesOf(withEngine(`max_num_seqs: ${text}`), 'max_num_seqs')).toEqual(values);
  });

  it('of fractions land on the written values', () => {
    const text = withEngine('gpu_memory_utilization: {from: 0.1, to: 0.7, step: 0.1}');
    expect(valuesOf(text, 'gpu_memory_utilization')).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  });

  it('of one value are no axes', () => {
    const text = withEngine('max_num_seqs: [9], block_size: {from: 32, to: 32}');
    expect(axesOf(text)).toEqual([]);
    expect(baseOf(text)).toMatchObject({ max_num_seqs: 9, block_size: 32 });
  });

  it('of all words list them in order', () => {
    expect(valuesOf(withEngine('batching: {choices: all}'), 'batching')).toEqual([
      'static',
      'continuous',
      'chunked',
      'mixed',
    ]);
  });

  it('have their first value in the first row', () => {
    expect(baseOf(withEngine('max_num_seqs: [5, 3]')).max_num_seqs).toBe(5);
    expect(read(MINIMAL.replace('20}', '[7, 20]}')).workload.request_rate).toBe(7);
  });
});

describe('axes of anything', () => {
  const values = (text: string, of: (spec: ReturnType<typeof read>) => unknown) => {
    const { rows, at } = open(text);
    return Array.from({ length: rows }, (_, row) => of(at(row).spec));
  };
  const traffic = (more: string) => `model: llama-3.1-8b\nworkload: {${more}}\ndeployment: {hardware: l4}\n`;
  const LENGTHS = 'lengths: azure-conv-2023';

  it('of the traffic: seeds, numbers, lengths, arrivals', () => {
    expect(values(traffic(`${LENGTHS}, request_rate: 1, seed: [1, 2]`), ({ workload }) => workload.seed)).toEqual([
      1, 2,
    ]);
    const counts = values(
      traffic(`${LENGTHS}, request_rate: 1, num_requests: [5, 7]`),
      ({ workload }) => workload.num_requests,
    );
    expect(counts).toEqual([5, 7]);
    const lengths = 'lengths: [azure-conv-2023, {input_len: [5, 6], output_len: 1}], request_rate: 1';
    expect(values(traffic(lengths), ({ workload }) => workload.lengths)).toEqual([
      'azure-conv-2023',
      ...[5, 6].map((value) => ({ input_len: { kind: 'fixed', value }, output_len: { kind: 'fixed', value: 1 } })),
    ]);
    const arrivals = `${LENGTHS}, request_rate: 1, arrivals: [poisson, {process: gamma, burstiness: [1, 2]}]`;
    expect(values(traffic(arrivals), ({ workload }) => workload.arrivals)).toEqual([
      { process: 'poisson' },
      { process: 'gamma', burstiness: 1 },
      { process: 'gamma', burstiness: 2 },
    ]);
  });

  it('of a price of steps, and of limits', () => {
    const priced = 'workload: {requests: r.csv}\nengine: {num_gpu_blocks: 500, step_time: {fixed_s: [5ms, 6ms]}}\n';
    expect(values(priced, (spec) => engineOf(spec).step_time?.fixed_s)).toEqual([0.005, 0.006]);
    expect(values(`${MINIMAL}slo: {p99_ttft: [1s, 2s]}\n`, ({ slo }) => slo[0].limit)).toEqual([1, 2]);
  });
});

describe('traffic', () => {
  it.each([
    ['uniform', { process: 'uniform' }],
    ['{process: poisson}', { process: 'poisson' }],
    ['{process: gamma, burstiness: 0.5}', { process: 'gamma', burstiness: 0.5 }],
    ['{process: normal, cv: 0.3}', { process: 'normal', cv: 0.3 }],
    ['{process: ramp, from: 0.5, to: 2}', { process: 'ramp', from: 0.5, to: 2 }],
    ['{process: on-off, on: 5s, off: 2min}', { process: 'on-off', on_s: 5, off_s: 120 }],
  ])('reads arrivals %s', (text, arrivals) => {
    expect(withTraffic(`lengths: azure-conv-2023, request_rate: 1, arrivals: ${text}`).arrivals).toEqual(arrivals);
  });

  it.each([
    ['all-at-once', { process: 'all-at-once' }],
    ['{process: closed-loop, max_concurrency: 64}', { process: 'closed-loop', max_concurrency: 64 }],
  ])('reads arrivals without a rate: %s', (text, arrivals) => {
    const traffic = withTraffic(`lengths: azure-conv-2023, arrivals: ${text}`);
    expect([traffic.arrivals, traffic.request_rate]).toEqual([arrivals, 0]);
  });

  it('reads lengths of every kind', () => {
    const lengths = (text: string) => withTraffic(`lengths: ${text}, request_rate: 1`).lengths;
    expect(lengths('{input_len: 80_000, output_len: {uniform: [5, 9]}}')).toEqual({
      input_len: { kind: 'fixed', value: 80_000 },
      output_len: { kind: 'uniform', min: 5, max: 9 },
    });
    expect(
      lengths(
        '{input_len: {normal: {mean: 50, std: 9, min: 2, max: 99}}, output_len: {lognormal: {mean: 9.5, std: 0}}}',
      ),
    ).toEqual({
      input_len: { kind: 'normal', mean: 50, std: 9, min: 2, max: 99 },
      output_len: { kind: 'lognormal', mean: 9.5, std: 0, min: 1, max: 16_777_216 },
    });
  });

  it('replays a file beside the spec, all of it unless a number is given', () => {
    const file = resolve('folder/trace.csv');
    expect(withTraffic('requests: trace.csv')).toMatchObject({
      requests: { file, rate_scale: 1 },
      num_requests: 0,
      lengths: null,
    });
    expect(withTraffic('requests: {file: trace.csv, rate_scale: 2}, num_requests: 7')).toMatchObject({
      requests: { file, rate_scale: 2 },
      num_requests: 7,
    });
    expect(withTraffic('requests: trace.csv, request_rate: 3').request_rate).toBe(3);
    const loop = withTraffic('requests: trace.csv, arrivals: {process: closed-loop, max_concurrency: 2}');
    expect(loop.arrivals).toEqual({ process: 'closed-loop', max_concurrency: 2 });
  });
});

describe('the rest', () => {
  it('reads limits in seconds, with units and in vLLM spelling', () => {
    const { slo } = read(`${MINIMAL}slo: {p99_ttft: 1s, median_tpot: 50ms, mean_e2el: 10s, p99.9_itl_ms: 250}\n`);
    expect(slo).toEqual([
      { metric: 'ttft', percentile: 'p99', limit: 1 },
      { metric: 'tpot', percentile: 'p50', limit: 0.05 },
      { metric: 'e2el', percentile: 'mean', limit: 10 },
      { metric: 'itl', percentile: 'p99.9', limit: 0.25 },
    ]);
  });

  it('reads prices and watts', () => {
    const spec = read(`${MINIMAL}prices: {l4: 0.8}\nwatts: {mi300x: 0.75kW, l4: 72}\n`);
    expect([spec.prices, spec.watts]).toEqual([{ l4: 0.8 }, { mi300x: 750, l4: 72 }]);
  });

  it('needs no model and no hardware with a price of its own', () => {
    const base = baseOf(`
workload: {requests: r.csv}
engine: {num_gpu_blocks: 500, step_time: {fixed_s: 5ms, per_context_token_s: 20ns}}
`);
    expect(base).toMatchObject({ model: '', hardware: '', num_gpu_blocks: 500, profile: 'vllm-0.11' });
    expect(base.step_time).toEqual({
      fixed_s: 0.005,
      per_new_token_s: 0,
      per_prefill_pair_s: 0,
      per_sequence_s: 0,
      per_context_token_s: 2e-8,
    });
  });

  it('takes a config.json beside the spec as the model', () => {
    const text = MINIMAL.replace('llama-3.1-70b', '[mine/config.json, llama-3.1-8b]');
    const exists = (path: string) => path.endsWith('config.json');
    const { at } = open(text, { exists });
    expect([0, 1].map((row) => engineOf(at(row).spec).model)).toEqual([
      resolve('folder/mine/config.json'),
      'llama-3.1-8b',
    ]);
  });

  it('reads JSON, keeps the text, and follows anchors', () => {
    const json = JSON.stringify({
      model: 'llama-3.1-8b',
      workload: { lengths: 'azure-code-2023', request_rate: 2 },
      deployment: { hardware: 'l4' },
    });
    expect(baseOf(json).hardware).toBe('l4');
    expect(read(json)).toMatchObject({ text: json, file: 'folder/spec.yaml' });
    // an alias of an axis is that axis again
    const anchored = withEngine('max_num_seqs: &n [1, 2], block_size: *n');
    expect(axesOf(anchored)).toEqual([['engine.max_num_seqs', ['1', '2']]]);
    expect([valuesOf(anchored, 'max_num_seqs'), valuesOf(anchored, 'block_size')]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});
