// Gaps between tokens from a weighted histogram: every figure by hand, on bins of unlike width.
import { expect, test } from 'vitest';
import { histogramPercentile, summariseItl, totalWeight } from '../../src/metrics/itl.ts';

const OPEN = Number.POSITIVE_INFINITY;
/** 10 gaps in 0 to 1, none in 1 to 2, 30 in 2 to 4, 10 above 4. */
const HISTOGRAM = { edges: Float64Array.of(0, 1, 2, 4, OPEN), weights: Float64Array.of(10, 0, 30, 10) };

test('a percentile is where in its bin the rank lies, and the open bin gives its lower edge', () => {
  expect(totalWeight(HISTOGRAM)).toBe(50);
  const at = (q: number) => histogramPercentile(HISTOGRAM, q);
  expect([0, 10, 20].map(at)).toEqual([0, 0.5, 1]);
  expect([50, 80].map(at)).toEqual([3, 4]);
  expect([81, 100].map(at)).toEqual([4, 4]);
  expect(histogramPercentile(HISTOGRAM, 10, 100)).toBe(1); // of a total that is known already
});

test('a rank beyond what was counted is the end of the last bin that has any', () => {
  const closed = { edges: Float64Array.of(1, 3, 5), weights: Float64Array.of(4, 0) };
  expect(histogramPercentile(closed, 100)).toBe(3);
  expect(histogramPercentile(closed, 100, 8)).toBe(3);
  const nothing = { edges: closed.edges, weights: Float64Array.of(0, 0) };
  expect(histogramPercentile(nothing, 50)).toBeNaN();
  expect(summariseItl(nothing, 2).mean).toBeNaN();
});

test('mean and deviation spread gaps evenly in their bins; the exact mean goes first where it is known', () => {
  const summary = summariseItl(HISTOGRAM, Number.NaN);
  const mean = (10 * 0.5 + 30 * 3 + 10 * 4) / 50;
  const square = (10 * (1 / 3) + 30 * ((4 + 8 + 16) / 3) + 10 * 16) / 50;
  expect(summary.mean).toBeCloseTo(mean, 12);
  expect(summary.std).toBeCloseTo(Math.sqrt(square - mean * mean), 12);
  expect(summariseItl(HISTOGRAM, 2.5)).toEqual({ ...summary, mean: 2.5 });
  const { p50, p90, p95, p99, p999, max } = summary;
  expect([p50, p90, p95, p99, p999, max]).toEqual([3, 4, 4, 4, 4, 4]);
});

test('the six percentiles of a summary are those of their names', () => {
  const line = { edges: Float64Array.of(0, 1000), weights: Float64Array.of(7) };
  const { p50, p90, p95, p99, p999, max } = summariseItl(line, Number.NaN);
  expect([p50, p90, p95, p99, p999, max].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([
    500, 900, 950, 990, 999, 1000,
  ]);
});
