// What other draws of the same traffic say of the leaders of a sweep: whether each keeps the promise, and which of two neighbours is better.
// All leaders see the same draws (common random numbers), so that neighbours are compared draw by draw. How far the model is off is another
// matter: that is the error band, and nothing here says anything of it.
//
// promise   k of n draws keep it: the exact bounds of a share by Clopper and Pearson (Biometrika 26, 1934), each side by itself. A leader
//           keeps it where the share is above one half, and misses it where it is below.
// order     Student's t over the paired differences of the scores (Law, Simulation Modeling and Analysis, 10.2.1), both sides.
//
// Draws come in waves, and are looked at after each: as any of the looks may mislead, each has its part of the doubt (Bonferroni).
// The draw that chose the leaders is not among them: it spoke for them.

import { meanOf } from './chance.ts';

/** Draws after each wave; the last is the most that are tried. */
export const WAVES = [8, 16, 32] as const;
export const MOST_DRAWS = WAVES.at(-1)!;

/** What a run under one draw says. */
export interface Draw {
  readonly met: boolean;
  /** Smaller is better; NaN where it cannot be ranked. */
  readonly score: number;
}

export interface PromiseKept {
  readonly kept: number;
  /** Of all draws there are, the share that keeps it: at least, and at most, each with the asked confidence. */
  readonly least: number;
  readonly most: number;
  readonly verdict: 'keeps' | 'misses' | 'open';
}

/**
 * Of two neighbours the first: better or worse as far as chance lets it be said, `fixed` where every draw has the same difference (prices),
 * `equal` where that is none.
 */
export interface PairOrder {
  readonly verdict: 'better' | 'worse' | 'fixed' | 'equal' | 'open';
  /** That they differ; NaN where a score is unknown. */
  readonly confidence: number;
}

/** `doubt`: 1 - the asked confidence. */
export function judgePromise(draws: readonly Draw[], doubt: number): PromiseKept {
  const n = draws.length;
  const kept = draws.filter(({ met }) => met).length;
  const own = doubt / WAVES.length;
  const least = lowestShare(kept, n, own);
  const most = 1 - lowestShare(n - kept, n, own);
  return { kept, least, most, verdict: least > 0.5 ? 'keeps' : most < 0.5 ? 'misses' : 'open' };
}

export function judgePair(first: readonly Draw[], second: readonly Draw[], doubt: number): PairOrder {
  const differences = first.map(({ score }, i) => second[i]!.score - score);
  if (differences.length < 2 || differences.some(Number.isNaN)) return { verdict: 'open', confidence: Number.NaN };
  if (differences.every((one) => one === differences[0]))
    return differences[0] === 0 ? { verdict: 'equal', confidence: 0 } : { verdict: 'fixed', confidence: 1 };
  const { mean, error } = meanOf(differences);
  const chance = 1 - withinT(Math.abs(mean) / error, differences.length - 1);
  const confidence = Math.max(0, 1 - chance * WAVES.length);
  if (1 - confidence > doubt) return { verdict: 'open', confidence };
  return { verdict: mean > 0 ? 'better' : 'worse', confidence };
}

/** The share at which k or more of n come with the chance `doubt`: with any smaller one they would be rarer. */
function lowestShare(k: number, n: number, doubt: number): number {
  if (k === 0) return 0;
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const share = (low + high) / 2;
    if (atLeast(k, n, share) < doubt) low = share;
    else high = share;
  }
  return low;
}

/** The chance of k or more of n. */
function atLeast(k: number, n: number, share: number): number {
  let [ways, sum] = [1, 0];
  for (let i = 0; i <= n; i++) {
    if (i >= k) sum += ways * share ** i * (1 - share) ** (n - i);
    ways = (ways * (n - i)) / (i + 1);
  }
  return sum;
}

/** The chance that Student's t with `freedom` degrees lies within ± t (Abramowitz and Stegun, 26.7.3 and 26.7.4: finite sums). */
export function withinT(t: number, freedom: number): number {
  const [sin, cos] = [t, Math.sqrt(freedom)].map((side) => side / Math.sqrt(freedom + t * t)) as [number, number];
  const odd = freedom % 2;
  let term = odd ? cos : 1;
  let sum = 0;
  for (let power = odd; power <= freedom - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * cos * cos;
  }
  return odd ? (2 / Math.PI) * (Math.atan(t / Math.sqrt(freedom)) + sin * sum) : sin * sum;
}

/** A leader under other draws. */
export interface DrawnRow {
  readonly row: number;
  /** Its place among the kept rows, from 1. */
  readonly rank: number;
  readonly scenario: string;
  readonly promise: PromiseKept;
  /** How it stands to the leader behind it; null of the last of a scenario. */
  readonly next: PairOrder | null;
}

export interface SweepDraws {
  readonly confidence: number;
  /** Of the draws, the first and how many. */
  readonly seed: number;
  readonly count: number;
  /** The search was interrupted before they settled it. */
  readonly interrupted: boolean;
  readonly leaders: readonly DrawnRow[];
}

/** The leaders by what `count` draws of each say; `drawsOf` has them in the order of the seeds. */
export function judgeLeaders(
  leaders: readonly Pick<DrawnRow, 'row' | 'rank' | 'scenario'>[],
  drawsOf: (row: number) => readonly Draw[],
  confidence: number,
): DrawnRow[] {
  const doubt = 1 - confidence;
  return leaders.map((leader, i) => {
    const behind = leaders.slice(i + 1).find(({ scenario }) => scenario === leader.scenario);
    const own = drawsOf(leader.row);
    return {
      ...leader,
      promise: judgePromise(own, doubt),
      next: behind ? judgePair(own, drawsOf(behind.row), doubt) : null,
    };
  });
}

/** Whether further draws would change nothing that is asked. */
export const isSettled = (leaders: readonly DrawnRow[]): boolean =>
  leaders.every(({ promise, next }) => promise.verdict !== 'open' && next?.verdict !== 'open');
