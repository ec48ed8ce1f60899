// What a run achieved against its limits, and whether it keeps its promise: defined once for runs and sweeps.
import type { Budget } from '../spec/budget.ts';
import type { Percentile, Slo } from '../spec/types.ts';
import type { Statistic } from './sampling.ts';
import { keepsUp, type Summary, type Verdict } from './types.ts';

export const PERCENTILE_FIELD: Readonly<Record<Percentile, Statistic>> = {
  mean: 'mean',
  p50: 'p50',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  'p99.9': 'p999',
};

type Summaries = Readonly<Record<Slo['metric'], Summary>>;

/** What a run achieved against one limit, s; NaN where it measured nothing. */
export function achieved(summaries: Summaries, slo: Pick<Slo, 'metric' | 'percentile'>): number {
  return summaries[slo.metric][PERCENTILE_FIELD[slo.percentile]];
}

/** Requests that were finished, and those that were lost. */
export interface Ends {
  readonly completed: number;
  readonly rejected_kv: number;
  readonly rejected_length: number;
  readonly unfinished: number;
  readonly rejected_queue?: number;
  readonly timed_out?: number;
  readonly failed?: number;
}

/** Requests that were sent and not answered. */
export function lostIn({
  rejected_kv,
  rejected_length,
  unfinished,
  rejected_queue = 0,
  timed_out = 0,
  failed = 0,
}: Omit<Ends, 'completed'>): number {
  return rejected_kv + rejected_length + unfinished + rejected_queue + timed_out + failed;
}

/**
 * A limit on something that does not exist (TPOT of one-token answers) is kept. Even without limits a deployment
 * promises to serve what is offered: it must finish every request, and the run must be long enough to tell that it does not fall behind.
 */
export function keepsPromise(slos: readonly Slo[], summaries: Summaries, ends: Ends, verdict: Verdict): boolean {
  if (ends.completed === 0 || lostIn(ends) > 0) return false;
  return keepsUp(verdict) && slos.every((slo) => !(achieved(summaries, slo) > slo.limit));
}

/** What a run took of what a budget is of. */
export interface Taken {
  readonly devices: number;
  readonly usd_per_hour: number;
  readonly power_w: number;
  /** s from the first arrival to the end of the last request. */
  readonly elapsed: number;
}

/** s from the first arrival to the end of the last request, of what is measured over a part of that. */
export const elapsedOf = ({
  duration,
  window,
}: {
  readonly duration: number;
  readonly window: { readonly run_from: number; readonly run_to: number } | null;
}): number => (window ? window.run_to - window.run_from : duration);

/** The parts of a budget that it breaks: what nobody knows the price or the power of keeps none. Sums of prices may be off in the last digits. */
export function overBudget(
  budget: Budget | undefined,
  { devices, usd_per_hour, power_w, elapsed }: Taken,
): (keyof Budget)[] {
  const taken = { devices, usd_per_hour, watts: power_w, deadline: elapsed };
  return (Object.keys(budget ?? {}) as (keyof Budget)[]).filter((key) => !(taken[key] <= budget![key]! * (1 + 1e-9)));
}

/** Whether only the length of a run keeps it from the promise: nothing is lost, every limit kept, and it is too short to tell more. */
export function isUndecided(slos: readonly Slo[], result: Summaries & Ends & { readonly verdict: Verdict }): boolean {
  return result.verdict === 'too-short' && keepsPromise(slos, result, result, 'stable');
}
