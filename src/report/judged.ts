// What error bands leave open about an answer: limits they reach over, better rows that may keep them, runners-up as good.

import type { ErrorBand } from '../catalog/types.ts';
import { holdsFarEnd, holdsNearEnd, latencyBand } from '../metrics/error-band.ts';
import { achieved } from '../metrics/limits.ts';
import type { Summary } from '../metrics/types.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { LatencyMetric, Objective, Slo } from '../spec/types.ts';
import { describeSlo } from './describe.ts';
import { formatMs, formatNumber, plusMinus } from './format.ts';

/** A simulated row as far as its band matters: of a deployment or of a fleet. */
export interface Judged {
  readonly latencies: Readonly<Record<LatencyMetric, Summary>>;
  /** null where nothing of ours prices its steps: its figures are taken as they are. */
  readonly band: ErrorBand | null;
  readonly met: boolean;
  /** Served everything and kept up, so that only latencies can miss a limit. */
  readonly serves: boolean;
  /** The objective's figure. */
  readonly value: number;
  /** "8x L40S tp2 x4, $8.80/h". */
  readonly name: string;
}

function latencyAt({ latencies, band }: Judged, slo: Slo): { readonly value: number; readonly pct: number } {
  return { value: achieved(latencies, slo), pct: band === null ? 0 : latencyBand(band, slo.metric, latencies) };
}

/** Whether a row keeps every limit even where its latencies are as much too low as its band allows. */
export function keepsAtFarEnd(row: Judged, slos: readonly Slo[]): boolean {
  if (!row.met) return false;
  return slos.every((slo) => {
    const { value, pct } = latencyAt(row, slo);
    return holdsFarEnd(value, pct, slo.limit) || Number.isNaN(value);
  });
}

/** Limits of the winner that its band reaches over, and the first row in the ranking of which that is not so. */
export function tellReach(winner: Judged, ranked: readonly Judged[], slos: readonly Slo[]): string[] {
  if (slos.length === 0) return [];
  const open = slos.filter((slo) => {
    const { value, pct } = latencyAt(winner, slo);
    return !holdsFarEnd(value, pct, slo.limit) && !Number.isNaN(value);
  });
  if (open.length === 0) return [`${slos.length === 1 ? 'The limit holds' : 'All limits hold'} across the error band.`];
  const reach = open.map((slo) => {
    const { value, pct } = latencyAt(winner, slo);
    const far = value * (1 + pct / 100);
    return `${describeSlo(slo)} (${far < Number.POSITIVE_INFINITY ? `the band reaches ${formatMs(far)} ms` : 'not determined at capacity'})`;
  });
  const sure = ranked.find((row) => keepsAtFarEnd(row, slos));
  const next = sure
    ? ` The first that keeps them across its band is ${sure.name}.`
    : ' Nothing simulated keeps them across its band.';
  return [`Within the error band it may miss ${reach.join(' and ')}.${next}`];
}

const NAMED = 3;

/** Rows that would be better, and miss a limit by no more than their band. */
export function tellBetter(
  winner: Judged,
  rows: readonly Judged[],
  slos: readonly Slo[],
  objective: Objective,
): string[] {
  const more = OBJECTIVE[objective].better === 'more';
  const better = rows.filter((row) => (more ? row.value > winner.value : row.value < winner.value));
  const open = better.filter((row) => !row.met && row.serves && slos.every((slo) => mayKeep(row, slo)));
  if (open.length === 0) return [];
  const words = open.length === 1 ? '1 better one misses' : `${formatNumber(open.length)} better ones miss`;
  const names = open.slice(0, NAMED).map(({ name }) => name);
  return [`${words} a limit by less than the error band: ${names.join('; ')}.`];
}

function mayKeep(row: Judged, slo: Slo): boolean {
  const { value, pct } = latencyAt(row, slo);
  return value <= slo.limit || holdsNearEnd(value, pct, slo.limit);
}

/** Runs of equal load end a little sooner or later; that is no difference. */
export const SAME_PCT = 1;

/** How many right behind the winner differ in the objective by no more than the band of what that is made of (`pct`). */
export function tellRunnersUp(met: readonly Judged[], pct: number, noun: string): string[] {
  const [winner, ...rest] = met;
  const far = rest.findIndex(({ value }) => !(Math.abs(value / winner!.value - 1) * 100 <= pct));
  const count = far < 0 ? rest.length : far;
  if (count === 0) return [];
  const next = count === 1 ? `The next ${noun} is` : `The next ${formatNumber(count)} ${noun}s are`;
  return pct > SAME_PCT
    ? [`${next} within the error band of it (${plusMinus(pct)}).`]
    : [`${next} as good by the objective: only the latencies, within their bands, tell them apart.`];
}

/**
 * How far an objective may be off, %. Prices and devices are exact, and so are tokens where the load decides how many there are
 * (an open loop that is kept up with); in a closed loop they are the simulation's, and energy always is.
 */
export function objectiveBand(band: ErrorBand | null, objective: Objective, process: string): number {
  if (band === null || objective === 'usd_per_hour' || objective === 'devices') return SAME_PCT;
  const offered = process !== 'closed-loop' && process !== 'all-at-once';
  const tokens = offered ? SAME_PCT : band.throughput_pct;
  if (objective === 'watts') return band.power_pct;
  // a request counts by its latencies
  if (objective === 'goodput') return Math.max(tokens, band.ttft_pct, band.tpot_pct);
  return objective === 'tokens_per_joule' ? Math.max(band.power_pct, tokens) : tokens;
}
