// Random plain specs over every key of the notation: values by key, some of them axes, most of them right.
import fc from 'fast-check';
import { PACKING } from '../../src/check/scheduler-lists.ts';
import { shortShape } from '../../src/spec/fleet/pool-schema.ts';
import { ADMISSIONS, BATCHINGS, KV_FORMATS, STEP_SOURCES } from '../../src/spec/words.ts';

type Data = Record<string, unknown>;

const FAILURES = [
  { at: '2s', restart: '5s' },
  { at: [1, '3s'], restart: ['1s', '2s'] },
  { mtbf: '1h', restart: { weights_bandwidth: '4GB/s', start_up: '3s' } },
];

/** Values of every key of `deployment`. */
export const DEPLOYMENT: Readonly<Record<string, readonly unknown[]>> = {
  hardware: [
    ...['h100-sxm-80gb', 'l40s', 'L4', 'a100-sxm-80gb', 'mi300x', 'H100-SXM-80GB(tdp_w=x2 memory_bytes=96GB)'],
    { base: 'l40s', memory_bandwidth: ['x2', '2TB/s'], peak: 'x1.5' },
  ],
  replicas: [1, 2, '3', 4],
  devices: [8, 12],
  tensor_parallel_size: [1, 2, 4, 8],
  pipeline_parallel_size: [1, 2],
  data_parallel_size: [1, 2],
  expert_parallel_size: [1, 2],
  routing: ['round-robin', 'least-loaded', 'load-kv', { policy: 'load-input' }],
  autoscale: [
    { min_replicas: 1, max_replicas: 3, policy: 'requests', target: 4, cold_start: '2s', scale_in_window: '20s' },
    {
      min_replicas: 1,
      max_replicas: [1, 2],
      policy: 'kv-use',
      target: '40%',
      cold_start: { weights_bandwidth: '4GB/s' },
    },
  ],
  failures: FAILURES,
};

const DRAFTS = [
  { method: 'ngram', num_speculative_tokens: 2, acceptance: 0.5 },
  { method: 'draft_model', model: 'llama-3.2-1b', num_speculative_tokens: 3, acceptance: [0.8, 0.7, 0.6] },
  { method: 'eagle', num_speculative_tokens: [1, 2], per_position_acceptance_rates: [0.7, 0.4] },
];
const PRICES = [
  { fixed_s: '5ms', per_new_token_s: '10us' },
  { fixed_s: [0.002, 0.003], per_context_token_s: 1e-8, per_sequence_s: '1us', per_prefill_pair_s: 0 },
];

/** Values of every key of `engine`. */
export const ENGINE: Readonly<Record<string, readonly unknown[]>> = {
  profile: ['vllm-0.11', 'trtllm-1.0', 'vllm-0.6', 'sglang-0.5.9'],
  batching: BATCHINGS,
  admission: ADMISSIONS,
  packing: PACKING.names,
  max_num_seqs: [1, 8, '1_28'],
  max_num_batched_tokens: [64, 512, 2048],
  max_model_len: [4096, 8192],
  gpu_memory_utilization: [0.5, 0.9],
  block_size: [8, 16, 32],
  watermark: [0, 0.01],
  num_gpu_blocks: [500, 4000],
  log: ['gone.log'], // refused alike in both notations; what logs say: fill-from-log.test.ts
  preemption_mode: ['swap', 'recompute'],
  swap_space: ['1GiB', '4GiB'],
  num_scheduler_steps: [1, 4],
  num_cpu_blocks: [10, 100],
  quantization: ['auto', 'fp8'],
  kv_cache_dtype: KV_FORMATS,
  speculative_config: DRAFTS,
  step_source: STEP_SOURCES,
  step_time: PRICES,
  enable_prefix_caching: [true, false],
  kv_bytes_per_token: [1000, 2e4],
  recv_interval: [1, 3, 30],
  max_queued_requests: [1, 100],
  batch_wait: [{ iters: 4, max_tokens_ratio: 0.5 }, { iters: 20 }],
  disable_cascade_attn: [true, false],
  attention_quantization: ['bf16', 'fp8'],
  sampling: ['greedy', 'top-p'],
  shards_per_device: [1, 2],
  attention_dp_config: [{}, { timeout_iters: 4 }, { timeout_iters: 9, batching_wait_iters: 0 }],
  padded_len: [2048, 4096],
  known_to_run: [true, false],
  interconnect: ['pcie5-x16', { like: 'pcie5-x16', domain: 4 }],
  power_limit: ['450W', 300],
  network: ['ib-ndr', { like: 'ib-ndr', bandwidth: '200Gb/s', latency: '9us' }],
  host_link: ['pcie5-x16', { like: 'pcie5-x16', efficiency: 0.5 }],
  lora: [
    { max_loras: 2, step_overhead: '10%', storage_bandwidth: '2GB/s' },
    { max_loras: [1, 4], max_cpu_loras: 8, step_overhead: 0.3, step_per_adapter: '2%', storage_bandwidth: 2e9 },
  ],
};

/** Keys that mostly make a spec wrong when they stand alone, or make it another engine: chosen less often. */
const RARE = [
  ...['swap_space', 'num_cpu_blocks', 'num_scheduler_steps', 'kv_bytes_per_token', 'step_source', 'step_time'],
  ...['batch_wait', 'shards_per_device', 'attention_dp_config', 'padded_len', 'known_to_run', 'log'],
  ...['interconnect', 'network', 'host_link', 'power_limit', 'autoscale', 'failures', 'devices', 'lora'],
];
const CLIENTS = [
  { time: 'profile' },
  { first_token: 'decode' },
  { window: 'steady' },
  { time: ['none', 'profile'] },
  { timeout: '30s', retries: [0, 2], backoff: '100ms' },
];

const LENGTHS = [
  { input_len: 100, output_len: { uniform: [5, 20] } },
  { input_len: { lognormal: { mean: 80, std: 40, max: 400 } }, output_len: 10 },
  { input_len: { normal: { mean: [50, 90], std: 9 } }, output_len: 8 },
  'azure-conv-2023',
];
const ARRIVALS = [
  ...['poisson', 'uniform', { process: 'gamma', burstiness: 0.5 }, { process: 'normal', cv: 0.3 }],
  ...[
    { process: 'on-off', on: '5s', off: 2 },
    { process: 'ramp', from: 0.5, to: [2, 3] },
    {
      process: 'curve',
      points: [
        [0, 5],
        ['9s', 20],
      ],
    },
  ],
];
const SLO: Readonly<Record<string, readonly unknown[]>> = {
  p99_ttft: ['1s', '0.3s', '3x unloaded', '80ms'],
  p99_tpot_ms: [50, 20],
  median_e2el: ['3s', '9s'],
};

/** Some keys of a table (each with the given chance), with a value, or (one in sixteen) with two values as an axis. */
function section(
  table: Readonly<Record<string, readonly unknown[]>>,
  share: number,
  axes: boolean,
): fc.Arbitrary<Data> {
  const parts = Object.entries(table).map(([key, values]) => {
    const value = fc.constantFrom(...values);
    const several = fc.uniqueArray(value, { minLength: 2, maxLength: 2, selector: (one) => JSON.stringify(one) });
    const axis =
      values.length > 1
        ? fc.oneof(
            several,
            several.map((choices) => ({ choices })),
          )
        : value;
    const any = axes ? fc.oneof({ weight: 15, arbitrary: value }, { weight: 1, arbitrary: axis }) : value;
    const weight = RARE.includes(key) ? share / 12 : share;
    return fc
      .oneof(
        { weight: Math.round(120 * (1 - weight)), arbitrary: fc.constant(undefined) },
        { weight: Math.round(120 * weight), arbitrary: any },
      )
      .map((given) => [key, given] as const);
  });
  return fc.tuple(...parts).map((pairs) => Object.fromEntries(pairs.filter(([, value]) => value !== undefined)));
}

/** A random plain spec. Its sections stand in the order of the long notation, so that axes turn alike in both. */
export function plainSpecs(axes = true): fc.Arbitrary<Data> {
  const closed = fc.record({ arrivals: fc.constant({ process: 'closed-loop', max_concurrency: [4, 8] }) });
  const open = fc.record({
    request_rate: fc.constantFrom<unknown>(3, '1_0', ...(axes ? [[2, 8], { from: 1, to: 4, factor: 2 }] : [])),
    arrivals: fc.constantFrom<unknown>(...ARRIVALS),
  });
  const people = fc.constant({ users: { count: axes ? [900, 1800] : 900, active: '20%', requests_per_hour: 60 } });
  const traffic = fc.record(
    { num_requests: fc.constantFrom<unknown>(20, 30), seed: fc.constantFrom<unknown>(1, ...(axes ? [[1, 2]] : [])) },
    { requiredKeys: ['num_requests'] },
  );
  const adapters = fc.oneof(
    { weight: 30, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant({ adapters: { count: axes ? [3, 9] : 3, zipf: 1 } }) },
  );
  const sessions = fc.option(fc.constant({ sessions: { turns: 2, think_time: { exponential: { mean: '2s' } } } }), {
    freq: 6,
  });
  const workload = fc
    .tuple(
      fc.constantFrom(...LENGTHS),
      fc.oneof({ weight: 6, arbitrary: open }, { weight: 1, arbitrary: people }, { weight: 1, arbitrary: closed }),
      traffic,
      sessions,
      adapters,
    )
    .map(([lengths, arrivals, rest, ...more]) => ({ lengths, ...arrivals, ...rest, ...more[0], ...more[1] }));
  return fc
    .tuple(
      workload,
      section(SLO, 0.9, axes),
      fc.constantFrom<unknown>('llama-3.1-8b', 'qwen3-8b', ...(axes ? [['llama-3.1-8b', 'llama-3.2-1b']] : [])),
      section(DEPLOYMENT, 0.5, axes),
      section(ENGINE, 0.5, axes),
      fc.option(fc.constantFrom(...CLIENTS.slice(0, axes ? 4 : 3)), { freq: 4, nil: undefined }),
    )
    .map(([traffic_, slo, model, deployment, engine, client]) => ({
      name: 'random',
      workload: traffic_,
      ...(client ? { client } : {}),
      slo,
      model,
      deployment: { hardware: 'h100-sxm-80gb', ...deployment },
      engine,
    }));
}

/** Keys of the notation that nothing above gives a value. */
export function keysLeftOut(): string[] {
  const shapes = shortShape as unknown as Record<'deployment' | 'engine', { unwrap(): { shape: Data } }>;
  const missing = (name: 'deployment' | 'engine', table: Data) =>
    Object.keys(shapes[name].unwrap().shape).filter((key) => !(key in table));
  return [...missing('deployment', DEPLOYMENT), ...missing('engine', ENGINE)];
}
