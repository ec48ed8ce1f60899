// The error band of a measured figure's prediction: the one that a user is shown beside it.
import type { Basis, ErrorBand, ErrorBands } from '../catalog/types.ts';
import { fleetBand, type Rests } from '../metrics/error-band.ts';
import type { Regime } from '../metrics/regime.ts';
import type { Metric } from './case.ts';

/** Which band a metric has; those without one were measured too rarely. */
const FIGURE: Readonly<Partial<Record<Metric, keyof ErrorBand>>> = {
  ttft_ms: 'ttft_pct',
  prefill_ms: 'ttft_pct',
  tpot_ms: 'tpot_pct',
  itl_ms: 'tpot_pct',
  e2e_ms: 'tpot_pct',
  output_tokens_per_s: 'throughput_pct',
  power_w: 'power_pct',
};

/** What part of a run each band's figure rests on. */
const PART: Readonly<Record<keyof ErrorBand, keyof Rests>> = {
  ttft_pct: 'first',
  tpot_pct: 'later',
  throughput_pct: 'any',
  power_pct: 'any',
};

export const figureOf = (metric: string): keyof ErrorBand | null => FIGURE[metric as Metric] ?? null;

/** What the figure of a metric rests on. */
export const basisOf = (metric: string, rests: Rests): Basis => rests[PART[figureOf(metric) ?? 'power_pct']];

interface Known {
  readonly basis: Basis | null;
  readonly regime: Regime | null;
}

/** Half the width of the band around a prediction, in % of it; null where it has none. */
export function bandOf(metric: string, { basis, regime }: Known, bands: ErrorBands): number | null {
  const figure = figureOf(metric);
  if (!figure || !basis || !regime) return null;
  return fleetBand(bands, { first: basis, later: basis, any: basis }, regime)[figure];
}

/** |measured / predicted - 1| in % of an error of predicted / measured - 1 in %; a prediction of nothing is off by everything. */
export function deviation(errorPct: number): number {
  return errorPct <= -100 ? Number.POSITIVE_INFINITY : 100 * Math.abs(1 / (1 + errorPct / 100) - 1);
}
