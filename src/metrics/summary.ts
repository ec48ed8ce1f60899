// Percentiles and summaries of a column of values: one definition each, the same as NumPy's (and so vLLM's).
import type { Summary } from './types.ts';

export const EMPTY_SUMMARY: Summary = {
  mean: Number.NaN,
  std: Number.NaN,
  p50: Number.NaN,
  p90: Number.NaN,
  p95: Number.NaN,
  p99: Number.NaN,
  p999: Number.NaN,
  max: Number.NaN,
};

/**
 * The q-th percentile (0..100) of values sorted in ascending order; NaN when there are none.
 * NumPy's method "linear": index (n-1)*q/100, interpolated as its `_lerp` does, which never leaves [a, b].
 */
export function percentile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const { below, above, share } = placeOf(sorted.length, q);
  return interpolate(sorted[below]!, sorted[above]!, share);
}

/** Between which ranks of n values the percentile lies, and how far from the lower one. */
function placeOf(n: number, q: number): { readonly below: number; readonly above: number; readonly share: number } {
  const index = (n - 1) * (q / 100);
  const below = Math.floor(index);
  return { below, above: Math.min(below + 1, n - 1), share: index - below };
}

function interpolate(a: number, b: number, t: number): number {
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

/** The values that are numbers, sorted: what percentiles are taken of. */
export function sortMeasured(values: Float64Array): Float64Array {
  return copyMeasured(values).sort();
}

/** NaN marks an event that never happened. */
export function copyMeasured(values: Float64Array): Float64Array {
  const measured = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) measured[n++] = values[i]!;
  }
  return measured.subarray(0, n);
}

/** How many there are of them. */
export function countMeasured(values: Float64Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) count++;
  return count;
}

/** The values at ascending ranks (0 = smallest) of a column without NaN, which may be reordered. */
export type PickRanks = (column: Float64Array, ranks: readonly number[]) => readonly number[];

export const pickBySorting: PickRanks = (column, ranks) => {
  column.sort();
  return ranks.map((rank) => column[rank]!);
};

/** Mean and population standard deviation (NumPy's default, ddof 0); two passes, so that a small spread keeps its digits. */
export function meanAndStd(values: Float64Array): { readonly mean: number; readonly std: number } {
  // by index: an iterator boxes every number, and rows of a sweep have thousands
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - mean) * (values[i]! - mean);
  return { mean, std: Math.sqrt(squares / values.length) };
}

const PERCENTILES = [50, 90, 95, 99, 99.9, 100] as const;

/**
 * Statistics of one latency column; entries that are NaN were never measured and do not count. `pick` finds the order
 * statistics: by sorting, or by a kernel that need not sort. The results are the same bits.
 */
export function summarise(values: Float64Array, pick: PickRanks = pickBySorting): Summary {
  const measured = copyMeasured(values);
  if (measured.length === 0) return EMPTY_SUMMARY;
  const moments = meanAndStd(measured); // in order of the requests, before `pick` reorders them
  const [p50, p90, p95, p99, p999, max] = percentilesOf(measured, PERCENTILES, pick);
  return { ...moments, p50, p90, p95, p99, p999, max } as Summary;
}

/** Percentiles (0..100), asked for in any order, of a column without NaN that is not empty and may be reordered. */
export function percentilesOf(column: Float64Array, wanted: readonly number[], pick: PickRanks): number[] {
  const ranks: number[] = [];
  for (const q of wanted) {
    const { below, above } = placeOf(column.length, q);
    ranks.push(below, above);
  }
  const order = Float64Array.from(ranks).sort();
  const distinct: number[] = [];
  for (const rank of order) if (distinct.at(-1) !== rank) distinct.push(rank);
  const picked = pick(column, distinct);
  return wanted.map((q) => {
    const { below, above, share } = placeOf(column.length, q);
    return interpolate(picked[distinct.indexOf(below)]!, picked[distinct.indexOf(above)]!, share);
  });
}

/** What tables of load generators have of one figure; `at` gives any percentile. null where nothing was measured. */
export interface Spread {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  at(q: number): number;
}

/** The spread of a column; entries that are NaN were never measured. */
export function spreadOf(values: Float64Array): Spread | null {
  const sorted = sortMeasured(values);
  if (sorted.length === 0) return null;
  const sum = sorted.reduce((total, value) => total + value, 0);
  const [min, max] = [sorted[0]!, sorted[sorted.length - 1]!];
  return { count: sorted.length, sum, ...meanAndStd(sorted), min, max, at: (q) => percentile(sorted, q) };
}
