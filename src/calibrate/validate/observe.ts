// From a simulated run to the figures of its rows: every metric of data/cases/SCHEMA.md section 5, once.
import { percentile, sortMeasured } from '../../metrics/summary.ts';
import type { Metric, Statistic } from './case.ts';

/** A run reduced to what its figures are read from; times in s. */
export interface Observed {
  /** Per request; NaN where there is no such latency. */
  readonly ttft: Float64Array;
  readonly tpot: Float64Array;
  readonly e2e: Float64Array;
  /** Pooled gaps between tokens; a function, because few rows ask and sorting gaps takes time. */
  readonly itl: () => { readonly mean: number; readonly p50: number; readonly p99: number };
  /** Per s of the window. */
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly requests: number;
  /** W of all devices; NaN where the hardware's watts are not known. */
  readonly watts: number;
  /** Whole-batch prefill of a static batch, s, without a client; NaN in other modes. */
  readonly prefill: number;
  /** Per request; empty where nothing is transferred. */
  readonly transfer: Float64Array;
}

/** The figure of a metric in the unit of the case file; a statistic only where the metric has one. NaN: this run has none. */
export function readFigure(observed: Observed, metric: Metric, statistic: 'mean' | 'p50' | 'p99'): number {
  switch (metric) {
    case 'ttft_ms':
      return 1000 * takeStatistic(observed.ttft, statistic);
    case 'tpot_ms':
      return 1000 * takeStatistic(observed.tpot, statistic);
    case 'e2e_ms':
      return 1000 * takeStatistic(observed.e2e, statistic);
    case 'kv_transfer_ms':
      return 1000 * takeStatistic(observed.transfer, statistic);
    case 'itl_ms':
      return 1000 * observed.itl()[statistic];
    case 'prefill_ms':
      return 1000 * observed.prefill;
    case 'output_tokens_per_s':
      return observed.outputTokens;
    case 'total_tokens_per_s':
      return observed.totalTokens;
    case 'requests_per_s':
      return observed.requests;
    case 'power_w':
      return observed.watts;
  }
}

/** `mean_or_median`: the mean, with the median beside it. */
export function readStatistic(
  observed: Observed,
  metric: Metric,
  statistic: Statistic,
): { value: number; alternative: number | null } {
  if (statistic !== 'mean_or_median') return { value: readFigure(observed, metric, statistic), alternative: null };
  return { value: readFigure(observed, metric, 'mean'), alternative: readFigure(observed, metric, 'p50') };
}

function takeStatistic(values: Float64Array, statistic: 'mean' | 'p50' | 'p99'): number {
  const sorted = sortMeasured(values);
  if (statistic !== 'mean') return percentile(sorted, statistic === 'p50' ? 50 : 99);
  let sum = 0;
  for (const value of sorted) sum += value;
  return sum / sorted.length;
}
