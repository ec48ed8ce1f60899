// What a run of one pool says: vLLM's block row by row, and the fields of `vllm bench serve --save-result`.
import { expect, test } from 'vitest';
import type { FleetResult } from '../../src/metrics/fleet/types.ts';
import { EMPTY_SUMMARY } from '../../src/metrics/summary.ts';
import type { FleetContext } from '../../src/report/fleet/context.ts';
import { fleetJson } from '../../src/report/fleet/json.ts';
import { fleetTable } from '../../src/report/fleet/terminal.ts';
import { makeRun, makeSpec } from './fixture.ts';

const POOL = { pool: 'engine', count: 4, basis: 'calibrated', memory: '27310 blocks', num_gpu_blocks: 27_310 };
const context: FleetContext = {
  ...{ name: 'test', workload: 'test', version: '0.1.0', requestRate: 20, burstiness: 1, maxConcurrency: 0, seed: 0 },
  ...{ slo: makeSpec().slo, models: ['meta-llama/Meta-Llama-3.1-70B'], pools: [POOL] },
};
const EMPTY = { total: 0, finished: 0, rejected_kv: 0, rejected_length: 0, cancelled: 0, unfinished: 0 };

/** A run as a fleet measures it, without stages and instances of its own. */
function resultOf(changes: Partial<FleetResult> = {}): FleetResult {
  return {
    ...makeRun(changes),
    ...{ peak_output_throughput: 5000, first_answer: EMPTY_SUMMARY, stopped: '', visits: EMPTY },
    ...{ cached_input_tokens: 0, thinking_tokens: 0, unmetered: [], unpriced: [] },
    ...{ idle_joules_per_request: 0, idle_usd_per_request: 0 },
    breakdown: [{ name: 'mean', requests: 1, e2el: 1, parts: [] }],
    ...{ stages: [], clients: [], pipelines: [] },
  };
}
const runTable = (changes: Partial<FleetResult>, more: Partial<FleetContext> = {}) =>
  fleetTable(resultOf(changes), { ...context, ...more });
const labelsOf = (block: string) => block.split('\n').map((row) => row.replace(/ {2,}.*$/, '').replace(/:.*$/, ':'));

// The rows of `vllm bench serve` in its order (vllm/benchmarks/serve.py).
const VLLM_ROWS = [
  'Successful requests:',
  'Failed requests:',
  'Request rate configured (RPS):',
  'Benchmark duration (s):',
  'Total input tokens:',
  'Total generated tokens:',
  'Request throughput (req/s):',
  'Request goodput (req/s):',
  'Output token throughput (tok/s):',
  'Peak output token throughput (tok/s):',
  'Peak concurrent requests:',
  'Total token throughput (tok/s):',
  ...[
    ['---------------Time to First Token----------------', 'TTFT'],
    ['-----Time per Output Token (excl. 1st token)------', 'TPOT'],
    ['---------------Inter-token Latency----------------', 'ITL'],
    ['----------------End-to-end Latency----------------', 'E2EL'],
  ].flatMap(([title, name]) => [title, `Mean ${name} (ms):`, `Median ${name} (ms):`, `P99 ${name} (ms):`]),
];

const BAND = { ttft_pct: 20, tpot_pct: 10, throughput_pct: 12, power_pct: 30 };

test('the block of vllm bench serve, then our rows', () => {
  const block = runTable({}, { trust: { basis: 'calibrated', regime: 'plain', band: BAND } });
  const labels = labelsOf(block);
  expect(labels[0]).toBe('============ Serving Benchmark Result ============');
  expect(labels.slice(1, 1 + VLLM_ROWS.length)).toEqual(VLLM_ROWS);
  expect(block).toContain('Mean TTFT (ms):                          200.00\n');
  expect(block).toContain('Verdict:                                 stable\n');
  expect(block).toContain('calibrated');
  expect(block).toMatch(/TTFT p99 \(ms\): +392\.00 \(± 20 %\)\n/);
  expect(block).toMatch(/Output tokens \(tok\/s\): +4050\.50 \(± 12 %\)\n/);
  expect(block).toContain(`\n${'='.repeat(50)}\n`);
  expect(block).toMatch(/KV blocks per instance: +27310\n/);
  expect(runTable({})).not.toContain('Error Band');
});

test('a closed loop names its concurrency, unknown figures are left out, losses are listed', () => {
  const block = runTable(
    { power_w: Number.NaN, rejected_kv: 7, request_goodput: Number.NaN },
    { requestRate: 0, maxConcurrency: 64 },
  );
  expect(block).toMatch(/Maximum request concurrency: +64\n/);
  expect(block).not.toContain('RPS');
  expect(block).not.toContain('goodput');
  expect(block).toMatch(/Failed requests: +7\n/);
  expect(block).toMatch(/Rejected, KV cache too small: +7\n/);
  expect(block).not.toContain('Mean power');
});

test('a run has the fields of vllm bench serve, null for NaN', () => {
  const json = fleetJson(resultOf({ request_goodput: Number.NaN, rejected_kv: 2 }), context);
  const fields =
    'date endpoint_type backend label model_id tokenizer_id num_prompts request_rate burstiness max_concurrency duration ' +
    'completed failed total_input_tokens total_output_tokens request_throughput request_goodput output_throughput ' +
    'total_token_throughput max_output_tokens_per_s max_concurrent_requests';
  for (const field of fields.split(' ')) expect(json, field).toHaveProperty(field);
  for (const metric of ['ttft', 'tpot', 'itl', 'e2el']) {
    for (const name of ['mean', 'median', 'std', 'p99']) expect(json[`${name}_${metric}_ms`]).toBeTypeOf('number');
    expect(json[`p99.9_${metric}_ms`]).toBeTypeOf('number');
  }
  expect(json.request_goodput).toBeNull();
  expect(json.num_prompts).toBe(2850);
  expect(json.failed).toBe(2);
  expect(json.request_rate).toBe(20);
  expect(json.mean_ttft_ms).toBe(200);
  expect(json.mist).toMatchObject({ verdict: 'stable', pools: [{ num_gpu_blocks: 27_310 }] });
  expect(fleetJson(resultOf(), { ...context, requestRate: 0 }).request_rate).toBe('inf');
});
