// Sampling intervals hold what they say: over many runs of known truth, of independent values and of a queue's.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { type Interval, type Statistic, sample, sampleGaps } from '../../src/metrics/sampling.ts';
import { meanAndStd, percentile, summarise } from '../../src/metrics/summary.ts';
import { pickInKernel } from '../../src/run/pick.ts';
import { runs } from '../depth.ts';
import { seeded } from './columns.ts';

const holds = ([low, high]: Interval, truth: number) => low <= truth && truth <= high;

/** The share of runs whose interval holds the truth. */
function cover(runs: number, draw: (seed: number) => Float64Array, statistic: Statistic, truth: number): number {
  let held = 0;
  for (let seed = 1; seed <= runs; seed++) held += Number(holds(sample(draw(seed))[statistic], truth));
  return held / runs;
}

const exponentials = (n: number) => (seed: number) => {
  const random = seeded(seed * 7919);
  return Float64Array.from({ length: n }, () => -Math.log(1 - random()));
};

/** Sojourn times of an M/M/1 at 0.5 by Lindley's recursion, from its steady state. */
const sojourns = (n: number) => (seed: number) => {
  const random = seeded(seed * 104_729);
  const exponential = () => -Math.log(1 - random());
  let wait = random() < 0.5 ? 0 : exponential() * 2;
  return Float64Array.from({ length: n }, () => {
    const service = exponential();
    const sojourn = wait + service;
    wait = Math.max(0, sojourn - exponential() / 0.5);
    return sojourn;
  });
};

test.each([
  ['mean', 1],
  ['p50', Math.log(2)],
  ['p90', Math.log(10)],
  ['p99', Math.log(100)],
] as const)('of independent values the %s', (statistic, truth) => {
  const share = cover(400, exponentials(2000), statistic, truth);
  expect(share).toBeGreaterThan(0.92);
});

test.each([
  ['mean', 2],
  ['p50', 2 * Math.log(2)],
  ['p90', 2 * Math.log(10)],
] as const)('of the times in a queue, which depend on each other, the %s', (statistic, truth) => {
  expect(cover(300, sojourns(4000), statistic, truth)).toBeGreaterThan(0.88);
});

test('is narrower in a longer run, by its root', () => {
  const width = (n: number) => {
    const [low, high] = sample(exponentials(n)(3)).p90;
    return high - low;
  };
  expect(width(1000) / width(100_000)).toBeGreaterThan(5);
});

test('holds the statistic itself, says where it has no end, and says nothing of a handful', () => {
  const values = exponentials(300)(5);
  const [intervals, summary] = [sample(values), summarise(values)];
  for (const name of ['mean', 'p50', 'p90', 'p95', 'p99', 'p999'] as const)
    expect(holds(intervals[name], summary[name])).toBe(true);
  expect(intervals.p999[1]).toBe(Infinity);
  expect(sample(values.subarray(0, 39)).p50[0]).toBeNaN();
  expect(sample(values)).toEqual(sample(values));
});

test('of pooled gaps: parts of the window are the batches', () => {
  const random = seeded(9);
  const edges = Float64Array.from({ length: 101 }, (_, i) => i / 100);
  let weights = new Float64Array(100);
  const checkpoints = Array.from({ length: 31 }, (_, k) => {
    if (k > 0) {
      weights = weights.slice();
      for (let i = 0; i < 400; i++) weights[Math.floor(100 * random())]!++;
    }
    return { clock: k, arrived: k, counters: [], itl: { edges, weights } };
  });
  const { p50, p99, mean } = sampleGaps(checkpoints);
  expect([holds(p50, 0.5), holds(p99, 0.99), holds(mean, 0.5)]).toEqual([true, true, true]);
  expect(p50[1] - p50[0]).toBeLessThan(0.05);
  expect(sampleGaps(checkpoints.slice(0, 20)).p50[0]).toBeNaN();
});

/** The same intervals from the sorted column, each rank read where it stands. */
function bySorting(values: Float64Array): Record<string, Interval> {
  const measured = values.filter((value) => !Number.isNaN(value));
  const sorted = measured.slice().sort();
  const n = measured.length;
  const spread = (read: (value: number) => number): number => {
    const means = Float64Array.from({ length: 20 }, (_, k) => {
      const part = measured.subarray(Math.floor((k * n) / 20), Math.floor(((k + 1) * n) / 20));
      return part.reduce((mean, value) => mean + read(value) / part.length, 0);
    });
    return meanAndStd(means).std / Math.sqrt(19);
  };
  const at = (p: number): Interval => {
    const value = percentile(sorted, p * 100);
    const error = Math.max(
      Math.sqrt((p * (1 - p)) / n),
      spread((one) => (one > value ? 1 : 0)),
    );
    const read = (share: number) =>
      share >= 1 ? Number.POSITIVE_INFINITY : percentile(sorted, Math.max(0, share) * 100);
    return [read(p - 2.093 * error), read(p + 2.093 * error)];
  };
  return { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), p999: at(0.999) };
}

test('order statistics that are picked, by the kernel too, are those of the sorted column', () => {
  const arena = openArena(1 << 20);
  const pick = pickInKernel(loadKernels(arena.memory), arena, 600);
  const value = fc.oneof(fc.double({ min: 0, max: 1e3, noNaN: true }), fc.constantFrom(0, 1, Number.NaN));
  fc.assert(
    fc.property(fc.array(value, { minLength: 60, maxLength: 600 }), (list) => {
      const values = Float64Array.from(list);
      const { mean, ...found } = sample(values, pick);
      expect(sample(values)).toEqual({ mean, ...found });
      if (!Number.isNaN(mean[0])) expect(found).toEqual(bySorting(values));
    }),
    { seed: 3, numRuns: runs(60) },
  );
});
