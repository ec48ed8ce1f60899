// What a sweep of fleets comes to: rows ranked by the objective, and what became of all the others.
import type { Objective, Slo } from '../../spec/types.ts';
import { achieved } from '../limits.ts';
import { scoreOf } from '../objective.ts';
import type { FleetTrust } from './trust.ts';
import type { FleetResult } from './types.ts';

/** Figures of a row: those of a run that stand for the whole fleet. */
export type FleetSummary = Omit<FleetResult, 'breakdown' | 'stages' | 'clients' | 'pipelines' | 'visits'>;

export interface FleetKeptRow {
  readonly row: number;
  /** By the name of the axis; axes inside of choices that were not taken are absent. */
  readonly choices: ReadonlyMap<string, string>;
  readonly result: FleetSummary;
  /** What its figures rest on, and how far they may be off; null where nothing of ours prices a step. */
  readonly trust: FleetTrust | null;
  /** No other row that keeps the promise is at least as good in cost, TTFT, TPOT and E2EL, and better in one. */
  readonly on_front: boolean;
}

export interface FleetRejectCount {
  readonly words: string;
  readonly count: number;
}

/** rows = the sum of rejected + dearer + unreached + kept.length (law: a sweep accounts for every row). */
export interface FleetSweepResult {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly rows: number;
  readonly axes: readonly string[];
  readonly objective: Objective;
  readonly top: number;
  readonly slo: readonly Slo[];
  /** How requests arrive: 'poisson', 'closed-loop', ... */
  readonly process: string;
  /** Rows that cannot be, by reason, most first. */
  readonly rejected: readonly FleetRejectCount[];
  /** Rows proved to be no better than the best `top`: their devices alone cost more. */
  readonly dearer: number;
  /** Rows left over: beyond `settle`, or not reached before an interrupt. */
  readonly unreached: number;
  /** Every simulated row: those that keep the promise by objective, then the others, nearest to it first. */
  readonly kept: readonly FleetKeptRow[];
  readonly interrupted: boolean;
  readonly workers: number;
  readonly seconds: { readonly check: number; readonly settle: number };
  readonly workload: string;
  readonly seed: number;
  readonly version: string;
}

/** Rows in ranking order, the front marked. */
export function rankFleets(
  rows: readonly Omit<FleetKeptRow, 'on_front'>[],
  objective: Objective,
  slo: readonly Slo[],
): FleetKeptRow[] {
  const met = rows.filter(({ result }) => result.slo_met);
  const missed = rows.filter(({ result }) => !result.slo_met);
  const byScore = (a: FleetSummary, b: FleetSummary) => compare(fleetScore(objective, a), fleetScore(objective, b));
  const byTension = (a: FleetSummary, b: FleetSummary) => compare(tensionOf(a, slo), tensionOf(b, slo));
  met.sort((a, b) => byScore(a.result, b.result) || byTension(a.result, b.result) || a.row - b.row);
  missed.sort((a, b) => byTension(a.result, b.result) || byScore(a.result, b.result) || a.row - b.row);
  const points = met.map(({ result }) => [
    fleetScore('usd_per_hour', result),
    result.ttft.p99,
    result.tpot.p99,
    result.e2el.p99,
  ]);
  const front = new Set(met.filter((_, i) => !points.some((other, j) => j !== i && dominates(other, points[i]))));
  return [...met, ...missed].map((row) => ({ ...row, on_front: front.has(row) }));
}

/** Smaller is better; NaN where it cannot be ranked. Twelve digits: sums of the same prices in another order are equal. */
export function fleetScore(objective: Objective, result: FleetSummary): number {
  const score = scoreOf(objective, {
    usdPerHour: result.usd_per_hour,
    outputThroughput: result.output_throughput,
    watts: result.power_w,
    devices: result.devices,
  });
  return Number(score.toPrecision(12));
}

/** The largest share of a limit that the run used; infinite where requests were lost or the fleet did not keep up. */
export function tensionOf(result: FleetSummary, slo: readonly Slo[]): number {
  const lost = result.rejected_kv + result.rejected_length + result.unfinished > 0 || result.completed === 0;
  if (lost || result.verdict === 'overloaded') return Number.POSITIVE_INFINITY;
  const shares = slo.map((limit) => achieved(result, limit) / limit.limit).filter((share) => !Number.isNaN(share));
  return Math.max(0, ...shares);
}

/** Ascending, what cannot be ranked last. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, k) => !(value > b[k])) && a.some((value, k) => value < b[k]);
}
