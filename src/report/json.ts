// Results as JSON: a run with the field names of `vllm bench serve`, a sweep with those of its flat table.

import type { Basis, ErrorBand } from '../catalog/types.ts';
import type { EnergyShares } from '../metrics/site.ts';
import type { KeptRow, RunResult, Summary, SweepResult } from '../metrics/types.ts';
import type { Configuration, Spec } from '../spec/types.ts';
import { askQuestion, explainAnswer, findAnswer } from './answer.ts';
import { draftFields, type SwapFigures } from './block.ts';
import { digestOf } from './digest.ts';
import { columnsOf, type FlatColumn, finiteOrNull } from './flat.ts';
import { buildLaunch } from './launch.ts';
import { explainTrust } from './trust.ts';

/** What a report of one run needs beside its result. */
export interface RunContext {
  readonly spec: Spec;
  readonly configuration: Configuration;
  /** What the requests were made from, in words. */
  readonly workload: string;
  readonly version: string;
  readonly basis?: Basis;
  /** The KV capacity, and where it comes from, in words. */
  readonly memory?: string;
  /** The regression on step traces that prices steps, in words; absent where the cost model does. */
  readonly steps?: string;
  /** How far the figures may be off; absent where nobody's measurements say so (a spec with its own `step_time`). */
  readonly band?: ErrorBand;
  readonly labels?: Readonly<Record<string, string>>;
  /** Goes into the `date` field ("20260131-120000"); without it two runs give the same bytes. */
  readonly date?: string;
}

export type JsonObject = Record<string, unknown>;

/** Readers of `vllm bench serve --save-result` files can read this; what only we know is under `mist`. */
export function runJson(result: RunResult, context: RunContext): JsonObject {
  const { spec, configuration } = context;
  const { arrivals } = spec.workload;
  const failed = result.rejected_kv + result.rejected_length + result.unfinished;
  return {
    date: context.date ?? null,
    endpoint_type: 'simulation',
    backend: 'mist',
    label: spec.name,
    model_id: configuration.model,
    tokenizer_id: configuration.model,
    num_prompts: result.completed + failed,
    request_rate: offeredRate(spec, configuration),
    burstiness: arrivals.process === 'gamma' ? arrivals.burstiness : arrivals.process === 'poisson' ? 1 : null,
    max_concurrency: arrivals.process === 'closed-loop' ? arrivals.max_concurrency : null,
    ...servedFields(result, failed),
    ...latencyFields('ttft', result.ttft),
    ...latencyFields('tpot', result.tpot),
    ...latencyFields('itl', result.itl),
    ...latencyFields('e2el', result.e2el),
    ...draftFields(result.speculation),
    mist: ourFields(result, context),
  };
}

/** vLLM writes "inf" where no rate limits the sending. */
function offeredRate(spec: Spec, configuration: Configuration): number | 'inf' {
  const { process } = spec.workload.arrivals;
  const rate = configuration.request_rate || spec.workload.request_rate;
  return process === 'closed-loop' || process === 'all-at-once' || !(rate > 0) ? 'inf' : rate;
}

/** What the energy went into, by name; null where it is unknown. */
export function shareFields(shares: EnergyShares): JsonObject | null {
  return Number.isNaN(shares.idle) ? null : { ...shares };
}

type Served =
  | 'duration'
  | 'completed'
  | 'total_input_tokens'
  | 'total_output_tokens'
  | 'request_throughput'
  | 'request_goodput'
  | 'output_throughput'
  | 'total_token_throughput'
  | 'peak_output_throughput'
  | 'max_concurrent_requests';

/** What was served, under the names of `vllm bench serve`. */
export function servedFields(result: Pick<RunResult, Served>, failed: number): JsonObject {
  return {
    duration: finiteOrNull(result.duration),
    completed: result.completed,
    failed,
    total_input_tokens: result.total_input_tokens,
    total_output_tokens: result.total_output_tokens,
    request_throughput: finiteOrNull(result.request_throughput),
    request_goodput: finiteOrNull(result.request_goodput),
    output_throughput: finiteOrNull(result.output_throughput),
    total_token_throughput: finiteOrNull(result.total_token_throughput),
    max_output_tokens_per_s: finiteOrNull(result.peak_output_throughput ?? Number.NaN),
    max_concurrent_requests: result.max_concurrent_requests,
  };
}

/** Seconds as milliseconds, null where there is no figure. */
export const msOrNull = (seconds: number): number | null => finiteOrNull(seconds * 1000);

/** The fields of `vllm bench serve` for one latency, from its mean to its maximum (ms). */
export function latencyFields(metric: string, summary: Summary): JsonObject {
  return {
    [`mean_${metric}_ms`]: msOrNull(summary.mean),
    [`median_${metric}_ms`]: msOrNull(summary.p50),
    [`std_${metric}_ms`]: msOrNull(summary.std),
    [`p50_${metric}_ms`]: msOrNull(summary.p50),
    [`p90_${metric}_ms`]: msOrNull(summary.p90),
    [`p95_${metric}_ms`]: msOrNull(summary.p95),
    [`p99_${metric}_ms`]: msOrNull(summary.p99),
    [`p99.9_${metric}_ms`]: msOrNull(summary.p999),
    [`max_${metric}_ms`]: msOrNull(summary.max),
  };
}

/** Only where the engine swaps. */
export function swapFields(result: SwapFigures): JsonObject {
  const { swapped_out, swapped_in, swap_s } = result;
  return swapped_out === undefined ? {} : { swapped_out, swapped_in, swap_s };
}

function ourFields(result: RunResult, context: RunContext): JsonObject {
  const launch = buildLaunch(context.configuration, context.labels);
  return {
    version: context.version,
    verdict: result.verdict,
    slo_met: result.slo_met,
    good_fraction: finiteOrNull(result.good_fraction),
    rejected_kv: result.rejected_kv,
    rejected_length: result.rejected_length,
    unfinished: result.unfinished,
    preemptions: result.preemptions,
    ...swapFields(result),
    utilisation: finiteOrNull(result.utilisation),
    mean_batch: finiteOrNull(result.mean_batch),
    peak_kv_use: finiteOrNull(result.peak_kv_use),
    num_gpu_blocks: result.num_gpu_blocks,
    steps: result.steps,
    devices: result.devices,
    energy_j: finiteOrNull(result.energy_j),
    power_w: finiteOrNull(result.power_w),
    joules_per_token: finiteOrNull(result.joules_per_token),
    joules_per_request: finiteOrNull(result.joules_per_request),
    energy_shares: shareFields(result.energy_shares),
    power: context.spec.power,
    usd_per_hour: finiteOrNull(result.usd_per_hour),
    electricity_usd_per_hour: finiteOrNull(result.electricity_usd_per_hour),
    usd_per_request: finiteOrNull(result.usd_per_request),
    usd_per_million_tokens: finiteOrNull(result.usd_per_million_tokens),
    basis: context.basis ?? null,
    error_band: context.band ?? null,
    configuration: context.configuration,
    ...(context.memory === undefined ? {} : { kv_cache: context.memory }),
    ...(context.steps === undefined ? {} : { step_times: context.steps }),
    workload: context.workload,
    seed: context.spec.workload.seed,
    launch: launch.command,
  };
}

/** A sweep as one object: question, answer, why rows fell, and every kept row with the columns of the flat table. */
export function sweepJson(result: SweepResult): JsonObject {
  const columns = columnsOf(result.kept);
  return { ...describeSweep(result), kept: result.kept.map((row, i) => flatRow(columns, row, i)) };
}

/** The same as text, one row a line, in pieces: a long table need not be in memory as one string. */
export function* jsonLines(result: SweepResult): Generator<string> {
  const head = JSON.stringify(describeSweep(result), null, 1);
  const columns = columnsOf(result.kept);
  yield `${head.slice(0, head.lastIndexOf('\n'))},\n "kept": [`;
  for (const [i, row] of result.kept.entries())
    yield `${i > 0 ? ',' : ''}\n  ${JSON.stringify(flatRow(columns, row, i))}`;
  yield '\n ]\n}\n';
}

function flatRow(columns: readonly FlatColumn[], row: KeptRow, index: number): JsonObject {
  return Object.fromEntries(columns.map((column) => [column.name, column.read(row, index + 1)]));
}

function describeSweep(result: SweepResult): JsonObject {
  const { spec } = result;
  const answer = findAnswer(result);
  return {
    schema: 'mist-sweep-1',
    version: result.version,
    name: spec.name,
    question: askQuestion(result),
    answer: { kind: answer.kind, row: answer.row?.row ?? null, sentence: answer.sentence, why: explainAnswer(result) },
    launch:
      answer.row && answer.kind !== 'missed' ? buildLaunch(answer.row.configuration, result.labels).command : null,
    objective: spec.objective,
    power: spec.power,
    slo: spec.slo.map((slo) => ({ metric: slo.metric, percentile: slo.percentile, limit_ms: slo.limit * 1000 })),
    axes: spec.axes,
    seed: spec.workload.seed,
    workload: result.workload,
    rows: result.rows,
    rejected: result.rejected,
    feasible: result.feasible,
    simulated: result.settled,
    reordered: finiteOrNull(result.reordered),
    interrupted: result.interrupted,
    error_bands: Object.fromEntries(result.kept.map(({ basis, band }) => [basis, band])),
    trust: explainTrust(result),
    digest: digestOf(result),
    workers: result.workers,
    seconds: result.seconds,
    spec: spec.text,
  };
}
