// Names of latency limits: p99_ttft (with a unit) and vLLM's p99_ttft_ms (milliseconds).
import type { LatencyMetric, Percentile, Slo } from './types.ts';
import { LATENCY_METRICS, PERCENTILES } from './words.ts';

const FULL_NAMES: Readonly<Record<LatencyMetric, string>> = {
  ttft: 'time to first token',
  tpot: 'time per output token after the first',
  itl: 'inter-token latency',
  e2el: 'end-to-end latency',
};

export interface SloKey {
  readonly key: string;
  readonly metric: LatencyMetric;
  readonly percentile: Percentile;
  readonly milliseconds: boolean;
  readonly words: string;
}

/** Every key a spec's `slo` may have. vLLM's "median" is p50. */
export const SLO_KEYS: readonly SloKey[] = LATENCY_METRICS.flatMap((metric) =>
  [...PERCENTILES, 'median' as const].flatMap((statistic) =>
    [false, true].map((milliseconds) => ({
      key: `${statistic}_${metric}${milliseconds ? '_ms' : ''}`,
      metric,
      percentile: statistic === 'median' ? ('p50' as const) : statistic,
      milliseconds,
      words: `Limit on ${statistic} ${FULL_NAMES[metric]}, ${milliseconds ? 'milliseconds' : 'with its unit'}.`,
    })),
  ),
);

/** "p99_ttft" of a limit: how reports name it. */
export function sloName(slo: Slo): string {
  return `${slo.percentile}_${slo.metric}`;
}
