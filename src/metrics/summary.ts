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
  const last = sorted.length - 1;
  if (last < 0) return Number.NaN;
  const index = last * (q / 100);
  const below = Math.floor(index);
  const a = sorted[below];
  const b = sorted[Math.min(below + 1, last)];
  const t = index - below;
  return t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
}

/** The values that are numbers, sorted: what percentiles are taken of. NaN marks an event that never happened. */
export function sortMeasured(values: Float64Array): Float64Array {
  const measured = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) measured[n++] = values[i];
  }
  return measured.subarray(0, n).sort();
}

/** Mean and population standard deviation (NumPy's default, ddof 0); two passes, so that a small spread keeps its digits. */
export function meanAndStd(values: Float64Array): { readonly mean: number; readonly std: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return { mean, std: Math.sqrt(squares / values.length) };
}

/** Statistics of one latency column; entries that are NaN were never measured and do not count. */
export function summarise(values: Float64Array): Summary {
  const sorted = sortMeasured(values);
  if (sorted.length === 0) return EMPTY_SUMMARY;
  return {
    ...meanAndStd(sorted),
    p50: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p95: percentile(sorted, 95),
    p99: percentile(sorted, 99),
    p999: percentile(sorted, 99.9),
    max: sorted[sorted.length - 1],
  };
}
