// What a run achieved against a limit: the one place that knows which figure a percentile's word stands for.
import type { Percentile, Slo } from '../spec/types.ts';
import type { Summary } from './types.ts';

const PERCENTILE_FIELD: Readonly<Record<Percentile, keyof Summary>> = {
  mean: 'mean',
  p50: 'p50',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  'p99.9': 'p999',
};

/** The latencies that limits may be on. */
export type Latencies = Readonly<Record<Slo['metric'], Summary>>;

/** What a run achieved against one limit, s; NaN where it measured nothing. */
export function achieved(latencies: Latencies, { metric, percentile }: Pick<Slo, 'metric' | 'percentile'>): number {
  return latencies[metric][PERCENTILE_FIELD[percentile]];
}
