// Parts of results as JSON, with the field names of `vllm bench serve`.

import type { CopyFigures } from '../metrics/fleet/copies.ts';
import type { FleetResult } from '../metrics/fleet/types.ts';
import type { EnergyShares } from '../metrics/site.ts';
import type { Summary } from '../metrics/types.ts';
import { finiteOrNull } from './flat.ts';

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
export function servedFields(result: Pick<FleetResult, Served>, failed: number): JsonObject {
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
    max_output_tokens_per_s: finiteOrNull(result.peak_output_throughput),
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

/** Only where the engine swaps, or serves adapters or tenants. */
export function copyFields(result: CopyFigures): JsonObject {
  const { swapped_out, swapped_in, swap_s, adapter_loads, adapter_fetches, adapter_load_s } = result;
  return {
    ...(swapped_out === undefined ? {} : { swapped_out, swapped_in, swap_s }),
    ...(result.fair_gap === undefined ? {} : { fair_gap: result.fair_gap }),
    ...(adapter_loads === undefined ? {} : { adapter_loads, adapter_fetches, adapter_load_s }),
  };
}
