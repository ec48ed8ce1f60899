// A plausible sweep of about 400 kept configurations, made by simple formulas: reports are tested on its shape, not its truth.
import type { FleetSummary, KeptRow, SweepAxis, SweepResult } from '../../src/metrics/sweep.ts';
import type { Summary } from '../../src/metrics/types.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import type { Configuration, Slo } from '../../src/spec/types.ts';
import { seeded } from '../metrics/columns.ts';
import { readText } from '../pipeline/world.ts';
import { BALANCE, WINDOW } from './balance.ts';

/** tokens/s of one device, USD/h, W. */
const HARDWARE: Record<string, readonly [number, number, number]> = {
  'h100-sxm': [2400, 2.49, 700],
  'h200-sxm': [2900, 3.15, 700],
  'b200-sxm': [6100, 5.2, 1000],
  mi300x: [2300, 2.2, 750],
  'l40s-48gb': [620, 0.86, 350],
};

export const LABELS = {
  'h100-sxm': 'H100 SXM',
  'h200-sxm': 'H200 SXM',
  'b200-sxm': 'B200 SXM',
  mi300x: 'MI300X',
  'l40s-48gb': 'L40S',
  'llama-3.3-70b': 'meta-llama/Llama-3.3-70B-Instruct',
};

const SLOS: Slo[] = [
  { metric: 'ttft', percentile: 'p99', limit: 1 },
  { metric: 'tpot', percentile: 'p99', limit: 0.04 },
];

export const CONFIGURATION: Configuration = {
  model: 'llama-3.3-70b',
  hardware: 'h100-sxm',
  replicas: 1,
  tensor_parallel_size: 2,
  pipeline_parallel_size: 1,
  data_parallel_size: 1,
  expert_parallel_size: 1,
  routing: 'least-loaded',
  profile: 'vllm-0.11',
  quantization: 'fp8',
  kv_cache_dtype: 'auto',
  batching: 'chunked',
  admission: 'prompt',
  max_num_seqs: 256,
  max_num_batched_tokens: 8192,
  max_model_len: 16384,
  gpu_memory_utilization: 0.9,
  block_size: 16,
  num_gpu_blocks: 0,
  watermark: 0,
  preemption_mode: 'recompute',
  swap_space: 4 * 2 ** 30,
  num_cpu_blocks: 0,
  num_speculative_tokens: 0,
  num_scheduler_steps: 1,
  step_time: null,
  step_source: 'cost-model',
  request_rate: 20,
};

const SPEC_TEXT = `name: llama-70b on a budget
model: llama-3.3-70b
workload:
  lengths: azure-conv-2023
  arrivals: {process: poisson}
  request_rate: 20
  num_requests: 2000
  seed: 0
hardware: {choices: [h100-sxm, h200-sxm, b200-sxm, mi300x, l40s-48gb]}
replicas: {choices: [1, 2, 3, 4, 6, 8]}
tensor_parallel_size: {choices: [1, 2, 4, 8]}
quantization: {choices: [fp8, bf16]}
engine:
  batching: {choices: [chunked, continuous]}
  max_num_seqs: {choices: [32, 64, 128, 256]}
slo: {ttft: {p99: 1 s}, tpot: {p99: 40 ms}}
objective: usd_per_hour
`;

/** One pool of engines that serves plain prompts, with these limits. */
const PLAIN = readText(`
name: llama-70b on a budget
model: llama-3.1-70b
workload: {lengths: azure-conv-2023, arrivals: poisson, request_rate: 20, num_requests: 2000}
deployment: {hardware: h100-sxm-80gb, tensor_parallel_size: 4}
engine: {profile: vllm-0.11}
`);

export function makeSpec(more: Partial<FleetSpec> = {}, configuration: Configuration = CONFIGURATION): FleetSpec {
  const [pool] = PLAIN.pools;
  if (pool?.kind !== 'llm') throw new Error('a plain spec is one pool of engines');
  const { replicas: count, routing: _, request_rate: __, ...own } = configuration;
  const engines = { ...pool, count, configuration: { ...pool.configuration, ...own } };
  return { ...PLAIN, pools: [engines], slo: SLOS, text: SPEC_TEXT, file: 'llama-70b.yaml', ...more };
}

/** Fields that the sweep varies, in the order of the document. */
const VARIED: readonly (readonly [string, keyof Configuration, readonly unknown[]])[] = [
  ['deployment.hardware', 'hardware', Object.keys(HARDWARE)],
  ['deployment.replicas', 'replicas', [1, 2, 3, 4, 6, 8]],
  ['deployment.tensor_parallel_size', 'tensor_parallel_size', [1, 2, 4, 8]],
  ['engine.quantization', 'quantization', ['fp8', 'bf16']],
  ['engine.batching', 'batching', ['chunked', 'continuous']],
  ['engine.max_num_seqs', 'max_num_seqs', [32, 64, 128, 256]],
];

export const AXES: readonly SweepAxis[] = VARIED.map(([name, short, labels]) => ({
  ...{ name, short, labels: labels.map(String) },
}));

export function choicesOf(configuration: Configuration): ReadonlyMap<string, string> {
  return new Map(VARIED.map(([name, field]) => [name, String(configuration[field])]));
}

/** The configurations of rows, by number: what `specAt` gives back. */
const CONFIGURATIONS = new Map<number, Configuration>();

export function configure(row: number, configuration: Configuration): Configuration {
  CONFIGURATIONS.set(row, configuration);
  return configuration;
}

export const specAt = (row: number): FleetSpec => makeSpec({}, CONFIGURATIONS.get(row));

export function makeSummary(mean: number, spread = 0.4): Summary {
  const at = (z: number): number => mean * (1 + spread * z);
  return {
    mean,
    std: mean * spread,
    p50: mean * 0.9,
    p90: at(1.3),
    p95: at(1.7),
    p99: at(2.4),
    p999: at(3.2),
    max: at(4),
  };
}

export function makeRun(more: Partial<FleetSummary> = {}): FleetSummary {
  return {
    ttft: makeSummary(0.2),
    first_answer: makeSummary(0.2),
    stopped: '',
    cached_input_tokens: 0,
    thinking_tokens: 0,
    unmetered: [],
    unpriced: [],
    idle_joules_per_request: 0,
    idle_usd_per_request: 0,
    tpot: makeSummary(0.018, 0.2),
    itl: makeSummary(0.018, 0.5),
    e2el: makeSummary(4),
    verdict: 'stable',
    ...{ balance: BALANCE, window: WINDOW },
    completed: 2000,
    rejected_kv: 0,
    rejected_length: 0,
    unfinished: 0,
    preemptions: 3,
    duration: 104.2,
    request_throughput: 19.2,
    output_throughput: 4050.5,
    total_token_throughput: 26200,
    request_goodput: 18.9,
    good_fraction: 0.985,
    slo_met: true,
    total_input_tokens: 2_310_000,
    total_output_tokens: 422_000,
    max_concurrent_requests: 121,
    peak_output_throughput: 5120,
    utilisation: 0.93,
    mean_batch: 42.5,
    peak_kv_use: 0.61,
    steps: 5123,
    energy_j: 250_000,
    power_w: 2400,
    joules_per_token: 0.59,
    usd_per_hour: 9.96,
    usd_per_million_tokens: 0.68,
    joules_per_request: 125,
    energy_shares: { idle: 0.4, compute: 0.2, memory: 0.35, network: 0.05 },
    electricity_usd_per_hour: 0,
    usd_per_request: 0.000144,
    devices: 4,
    ...more,
  };
}

const BANDS = {
  narrow: { ttft_pct: 20, tpot_pct: 10, throughput_pct: 12, power_pct: 30 },
  wide: { ttft_pct: 60, tpot_pct: 25, throughput_pct: 35, power_pct: 50 },
};

/** Tokens/s offered by 20 requests/s of 211 output tokens. */
const OFFERED = 20 * 211;

function makeRow(id: number, configuration: Configuration, simulated: boolean, random: () => number): KeptRow {
  const [rate, price, watts] = HARDWARE[configuration.hardware];
  const { replicas, tensor_parallel_size: tp, max_num_seqs } = configuration;
  const devices = replicas * tp;
  const format = configuration.quantization === 'fp8' ? 1 : 0.58;
  const split = 1 / (1 + 0.06 * (tp - 1));
  const limit = max_num_seqs / (max_num_seqs + 40);
  const capacity = devices * rate * format * split * limit * 0.62;
  const load = OFFERED / capacity;
  const served = Math.min(1, 1 / load);
  const tpot =
    (0.02 / split / tp / format) * (0.35 + Math.min(load, 1.6)) * (2400 / rate) ** 0.7 * (0.95 + 0.1 * random()) * 3;
  const queue = load < 0.98 ? (0.05 * load) / (1 - load) : 3 + 40 * (load - 0.98);
  const ttft = (0.16 / tp / format) * (2400 / rate) * (0.9 + 0.2 * random()) * 2 + queue * 0.35;
  const output = OFFERED * served;
  const usd = price * devices;
  const power = devices * watts * (0.35 + 0.5 * Math.min(1, load));
  const met = load < 1.05 && ttft * 1.96 <= 1 && tpot * 1.48 <= 0.04;
  const run = makeRun({
    ttft: makeSummary(ttft),
    tpot: makeSummary(tpot, 0.2),
    itl: makeSummary(tpot, 0.6),
    e2el: makeSummary(ttft + 210 * tpot),
    verdict: load > 1.05 ? 'overloaded' : load > 0.97 ? 'backlogged' : 'stable',
    slo_met: met,
    output_throughput: output,
    utilisation: Math.min(1, load),
    peak_kv_use: Math.min(1, 0.2 + load * 0.6),
    power_w: power,
    joules_per_token: power / output,
    usd_per_hour: usd,
    usd_per_million_tokens: (usd / 3600 / output) * 1e6,
    devices,
  });
  const guess = 0.85 + 0.3 * random();
  return {
    row: id,
    choices: choicesOf(configure(id, configuration)),
    scenario: '',
    times: 1,
    slo: SLOS,
    hosts: [{ hardware: configuration.hardware, count: devices, processors: false }],
    devices,
    usd_per_hour: usd,
    screen: {
      batch: Math.min(max_num_seqs, 60 * load),
      ttft: ttft * guess,
      tpot: tpot * guess,
      e2el: (ttft + 210 * tpot) * guess,
      ttft_tail: ttft * guess * 2,
      tpot_tail: tpot * guess * 1.4,
      utilisation: Math.min(1, load),
      output_throughput_per_device: output / devices,
      usd_per_million_tokens: (usd / 3600 / output) * 1e6,
      power_w: power,
    },
    result: simulated ? run : null,
    on_front: simulated && met && random() < 0.1,
    trust:
      configuration.hardware === 'b200-sxm'
        ? { basis: 'extrapolated', regime: 'plain', band: BANDS.wide }
        : { basis: 'calibrated', regime: 'plain', band: BANDS.narrow },
  };
}

/** Settled rows that meet the limits, by price; settled ones that do not; then screened ones. */
function rankRows(rows: KeptRow[]): KeptRow[] {
  const group = (row: KeptRow): number => (row.result === null ? 2 : row.result.slo_met ? 0 : 1);
  const closeness = (row: KeptRow): number => row.screen!.ttft_tail;
  return rows.sort(
    (a, b) =>
      group(a) - group(b) ||
      (group(a) === 1 ? closeness(a) - closeness(b) : a.usd_per_hour - b.usd_per_hour) ||
      a.screen!.ttft_tail - b.screen!.ttft_tail ||
      a.row - b.row,
  );
}

export function makeSweep(more: Partial<SweepResult> = {}): SweepResult {
  const random = seeded(4);
  const rows: KeptRow[] = [];
  let id = 0;
  for (const hardware of Object.keys(HARDWARE)) {
    for (const replicas of [1, 2, 3, 4, 6, 8]) {
      for (const tensor_parallel_size of [1, 2, 4, 8]) {
        for (const quantization of ['fp8', 'bf16'] as const) {
          for (const max_num_seqs of [32, 64, 128, 256]) {
            id += 2;
            const batching = random() < 0.7 ? ('chunked' as const) : ('continuous' as const);
            const configuration = {
              ...CONFIGURATION,
              hardware,
              replicas,
              tensor_parallel_size,
              quantization,
              max_num_seqs,
              batching,
            };
            const devices = replicas * tensor_parallel_size;
            const tooBig =
              devices > 16 ||
              (quantization === 'bf16' && tensor_parallel_size === 1) ||
              (hardware === 'l40s-48gb' && tensor_parallel_size < 4);
            if (!tooBig && random() < 0.72) rows.push(makeRow(id, configuration, random() < 0.4, random));
          }
        }
      }
    }
  }
  const kept = rankRows(rows);
  return {
    name: 'llama-70b on a budget',
    file: 'llama-70b.yaml',
    text: SPEC_TEXT,
    axes: AXES,
    objective: 'usd_per_hour',
    top: 20,
    first: makeSpec(),
    seed: 0,
    specAt,
    rows: 12_480,
    rejected: [
      { words: 'weights do not fit in memory', count: 2_912 },
      { words: 'KV cache is smaller than one request', count: 611 },
      { words: 'heads do not divide by tp', count: 1_040 },
      { words: 'TPOT limit is below the fastest possible step', count: 4_388 },
      { words: 'offered tokens exceed the best throughput', count: 1_907 },
    ],
    screened: { feasible: 1_622, reordered: 0.083 },
    dearer: 0,
    equivalent: 0,
    proof: { complete: true, margin: 0.05, tooFew: 1.02 },
    unreached: 0,
    simulated: kept.filter((row) => row.result !== null).length,
    kept,
    interrupted: false,
    workers: 2,
    seconds: { plan: 0.31, screen: 0.12, settle: 4.61 },
    workload: {
      description: 'azure-conv-2023 lengths, Poisson 20 req/s, 2,000 requests, seed 0',
      prompt_mean: 1155,
      output_mean: 211,
    },
    version: '0.1.0',
    labels: LABELS,
    ...more,
  };
}
