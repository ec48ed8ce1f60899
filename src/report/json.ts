// Results as JSON: a run with the field names of `vllm bench serve`, a sweep with those of its flat table.

import type { EnergyShares } from '../metrics/site.ts';
import type { KeptRow, RunResult, Summary, SweepResult } from '../metrics/types.ts';
import { askQuestion, explainAnswer, findAnswer } from './answer.ts';
import type { SwapFigures } from './block.ts';
import { digestOf } from './digest.ts';
import { columnsOf, type FlatColumn, finiteOrNull } from './flat.ts';
import { buildLaunch } from './launch.ts';
import { explainTrust } from './trust.ts';

export type JsonObject = Record<string, unknown>;

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
