// How far a simulated figure may be off: the band of each figure, and the band of what several prices make together.
import type { Basis, ErrorBand, ErrorBands } from '../catalog/types.ts';
import type { LatencyMetric } from '../spec/types.ts';
import type { Regime } from './regime.ts';

const LEAST_TO_MOST_TRUSTED: readonly Basis[] = ['datasheet', 'extrapolated', 'calibrated', 'measured'];

/** What a latency end to end is made of, on average. */
interface Parts {
  readonly ttft: { readonly mean: number };
  readonly e2el: { readonly mean: number };
}

/**
 * Half the width of the band around a latency, in % of it. End to end is the first token and what follows it: both bands, weighed by
 * their means. Infinity: it is not determined.
 */
export function latencyBand(band: ErrorBand, metric: LatencyMetric, { ttft, e2el }: Parts): number {
  if (metric === 'ttft') return band.ttft_pct;
  if (metric !== 'e2el') return band.tpot_pct;
  if (band.ttft_pct === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const first = e2el.mean > 0 ? Math.min(1, ttft.mean / e2el.mean) : 1;
  return first * band.ttft_pct + (1 - first) * band.tpot_pct;
}

/** Whether a latency stays within its limit at the far end of its band. */
export function holdsFarEnd(value: number, pct: number, limit: number): boolean {
  return value * (1 + pct / 100) <= limit;
}

/** Whether a latency over its limit would be within it at the near end of its band; never one that is not determined. */
export function holdsNearEnd(value: number, pct: number, limit: number): boolean {
  return Number.isFinite(pct) && value * (1 - pct / 100) <= limit;
}

/** The least trustworthy of them; null of none. */
export function weakestBasis(bases: readonly Basis[]): Basis | null {
  return LEAST_TO_MOST_TRUSTED.find((basis) => bases.includes(basis)) ?? null;
}

/** What the first tokens of a run rest on, what later ones do, and the weakest of all. */
export interface Rests {
  readonly first: Basis;
  readonly later: Basis;
  readonly any: Basis;
}

/** The band of a run in this regime: each figure by what it rests on, and no narrower than runs in the regime are. */
export function fleetBand({ bands, regimes }: ErrorBands, { first, later, any }: Rests, regime: Regime): ErrorBand {
  const least = regime === 'plain' ? null : regimes[regime];
  const wider = (key: keyof ErrorBand, basis: Basis) => Math.max(bands[basis][key], least?.[key] ?? 0);
  return {
    ttft_pct: wider('ttft_pct', first),
    tpot_pct: wider('tpot_pct', later),
    throughput_pct: wider('throughput_pct', any),
    power_pct: wider('power_pct', any),
  };
}
