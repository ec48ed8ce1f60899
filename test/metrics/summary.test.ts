// Percentiles and summaries: NumPy's numbers, and the properties every percentile has.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { histogramPercentile, summariseItl } from '../../src/metrics/itl.ts';
import { meanAndStd, percentile, sortMeasured, summarise } from '../../src/metrics/summary.ts';

const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });
const sorted = values.map((list) => Float64Array.from(list).sort());

test('percentile is linear between order statistics', () => {
  const four = Float64Array.of(1, 2, 3, 10);
  expect(percentile(four, 0)).toBe(1);
  expect(percentile(four, 50)).toBe(2.5);
  expect(percentile(four, 75)).toBe(4.75);
  expect(percentile(four, 90)).toBeCloseTo(7.9, 12);
  expect(percentile(four, 100)).toBe(10);
  expect(percentile(Float64Array.of(7), 99)).toBe(7);
  expect(percentile(new Float64Array(0), 50)).toBeNaN();
});

test('percentiles are those of NumPy, to the last bit', () => {
  expect(percentile(Float64Array.of(0.1, 0.7), 50)).toBe(0.39999999999999997);
  expect(percentile(Float64Array.of(0.1, 0.7), 70)).toBe(0.5199999999999999);
  expect(percentile(Float64Array.of(0.3, 1.1), 40)).toBe(0.6200000000000001);
});

test('a spread of one keeps its digits beside values of 2^52', () => {
  const far = 2 ** 52;
  expect(meanAndStd(Float64Array.of(far, far + 1, far + 2))).toEqual({ mean: far + 1, std: Math.sqrt(2 / 3) });
});

test('what was measured is sorted by number, what was not is left out', () => {
  expect([...sortMeasured(Float64Array.of(10, Number.NaN, 9, -1, Number.NaN))]).toEqual([-1, 9, 10]);
});

test('percentile keeps to the range, grows with q, and mirrors', () => {
  fc.assert(
    fc.property(sorted, fc.double({ min: 0, max: 100, noNaN: true }), (list, q) => {
      const value = percentile(list, q);
      expect(value).toBeGreaterThanOrEqual(list[0]);
      expect(value).toBeLessThanOrEqual(list[list.length - 1]);
      expect(percentile(list, Math.min(100, q + 5))).toBeGreaterThanOrEqual(value);
      const mirrored = -percentile(list.map((x) => -x).sort(), 100 - q);
      expect(Math.abs(mirrored - value)).toBeLessThanOrEqual(1e-6 * (1 + value));
    }),
    { seed: 1 },
  );
});

test('a summary leaves out what was never measured, and uses the population deviation', () => {
  const summary = summarise(Float64Array.of(4, Number.NaN, 2, 6, Number.NaN));
  expect(summary.mean).toBe(4);
  expect(summary.std).toBeCloseTo(Math.sqrt(8 / 3), 14);
  expect(summary.p50).toBe(4);
  expect(summary.max).toBe(6);
  expect(summarise(Float64Array.of(Number.NaN)).p99).toBeNaN();
});

test('a histogram percentile is off by at most the width of a bin', () => {
  const width = 0.5;
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 9.99, noNaN: true }), { minLength: 200, maxLength: 300 }),
      fc.constantFrom(50, 90, 99),
      (gaps, q) => {
        const edges = Float64Array.from({ length: 21 }, (_, i) => i * width);
        const weights = new Float64Array(20);
        for (const gap of gaps) weights[Math.floor(gap / width)]++;
        // Order statistics on both sides of the rank bound it: the histogram cannot tell where in a bin a gap lies.
        const order = Float64Array.from(gaps).sort();
        const rank = (q / 100) * gaps.length;
        const value = histogramPercentile({ edges, weights }, q);
        expect(value).toBeGreaterThanOrEqual(order[Math.max(0, Math.ceil(rank) - 1)] - width);
        expect(value).toBeLessThanOrEqual(order[Math.min(gaps.length - 1, Math.ceil(rank))] + width);
      },
    ),
    { seed: 2, numRuns: 50 },
  );
});

test('an interpolated bin, an open last bin and an empty histogram', () => {
  const histogram = { edges: Float64Array.of(0, 1, 2, Number.POSITIVE_INFINITY), weights: Float64Array.of(50, 0, 50) };
  expect(histogramPercentile(histogram, 25)).toBe(0.5);
  expect(histogramPercentile(histogram, 99)).toBe(2);
  const closed = { edges: Float64Array.of(1, 3), weights: Float64Array.of(10) };
  const summary = summariseItl(closed, Number.NaN);
  expect(summary.mean).toBe(2);
  expect(summary.std).toBeCloseTo(2 / Math.sqrt(12), 12);
  expect(summary.max).toBe(3);
  expect(summariseItl(closed, 1.7).mean).toBe(1.7);
  expect(summariseItl({ edges: closed.edges, weights: Float64Array.of(0) }, 1).p99).toBeNaN();
});
