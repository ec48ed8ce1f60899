// Arrival processes: their rates, their burstiness, and equal draws at every rate.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArrivalSpec } from '../../src/spec/types.ts';
import { drawArrivals } from '../../src/workload/arrivals.ts';

const COUNT = 50_000;
const RANDOM: readonly ArrivalSpec[] = [
  { process: 'poisson' },
  { process: 'gamma', burstiness: 0.3 },
  { process: 'gamma', burstiness: 4 },
  { process: 'normal', cv: 0.2 },
  { process: 'normal', cv: 1.5 },
  { process: 'on-off', on_s: 2, off_s: 6 },
  { process: 'ramp', from: 1, to: 3 },
];

function gapsOf(arrival: Float64Array): number[] {
  return Array.from(arrival, (time, i) => time - (i > 0 ? arrival[i - 1] : 0));
}

function spread(values: readonly number[]): { mean: number; cv: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, cv: Math.sqrt(variance) / mean };
}

test.each(RANDOM)('$process keeps the rate that was asked for', (spec) => {
  const { arrival, rate, concurrency } = drawArrivals(spec, COUNT, 8, 1);
  expect([rate, concurrency]).toEqual([8, 0]);
  const { mean, cv } = spread(gapsOf(arrival));
  expect(Math.abs(mean * 8 - 1)).toBeLessThan((5 * cv) / Math.sqrt(COUNT));
});

test('gaps vary as the process says', () => {
  const cvOf = (spec: ArrivalSpec) => spread(gapsOf(drawArrivals(spec, COUNT, 3, 2).arrival)).cv;
  expect(cvOf({ process: 'poisson' })).toBeCloseTo(1, 1);
  expect(cvOf({ process: 'gamma', burstiness: 1 })).toBeCloseTo(1, 1);
  expect(cvOf({ process: 'gamma', burstiness: 4 })).toBeCloseTo(0.5, 1);
  expect(cvOf({ process: 'gamma', burstiness: 0.25 })).toBeCloseTo(2, 0);
  expect(cvOf({ process: 'normal', cv: 0.2 })).toBeCloseTo(0.2, 2);
});

test('a random process draws its first gap; the others start at 0', () => {
  for (const spec of RANDOM) expect(drawArrivals(spec, 3, 8, 1).arrival[0]).toBeGreaterThan(0);
  expect([...drawArrivals({ process: 'uniform' }, 3, 4, 1).arrival]).toEqual([0, 0.25, 0.5]);
  expect([...drawArrivals({ process: 'all-at-once' }, 2, 4, 1).arrival]).toEqual([0, 0]);
  const closed = drawArrivals({ process: 'closed-loop', max_concurrency: 16 }, 2, 4, 1);
  expect(closed).toEqual({ arrival: new Float64Array(2), concurrency: 16, rate: 0 });
});

test('a burst phase is never left: arrivals of an on-off process fall in on phases', () => {
  const { arrival } = drawArrivals({ process: 'on-off', on_s: 2, off_s: 6 }, 5000, 8, 3);
  const latest = Math.max(...Array.from(arrival, (time) => time % 8));
  expect(latest).toBeLessThanOrEqual(2);
  expect(latest).toBeGreaterThan(1.9);
});

test('another rate only stretches the same arrivals, and times never go back', () => {
  const spec = fc.constantFrom(...RANDOM.filter(({ process }) => process !== 'on-off'));
  fc.assert(
    fc.property(spec, fc.double({ min: 0.01, max: 1000, noNaN: true }), fc.nat(), (process, rate, seed) => {
      const unit = drawArrivals(process, 50, 1, seed).arrival;
      const { arrival } = drawArrivals(process, 50, rate, seed);
      expect([...arrival]).toEqual(Array.from(unit, (time) => time / rate));
      for (let i = 1; i < 50; i++) expect(arrival[i]).toBeGreaterThanOrEqual(arrival[i - 1]);
    }),
    { seed: 5, numRuns: 100 },
  );
});

test('a ramp: arrivals per tenth of the run follow the line, up and down, and the mean rate is as asked', () => {
  for (const [from, to] of [
    [0, 2],
    [3, 1],
    [1, 1],
  ]) {
    const count = 40_000;
    const { arrival } = drawArrivals({ process: 'ramp', from, to }, count, 50, 9);
    const span = count / 50;
    const tenths = new Array<number>(10).fill(0);
    for (const time of arrival) tenths[Math.min(9, Math.floor((time / span) * 10))]++;
    tenths.forEach((seen, k) => {
      const wanted = (count / 10) * ((from + ((to - from) * (k + 0.5)) / 10) / ((from + to) / 2));
      expect(Math.abs(seen - wanted)).toBeLessThan(5 * Math.sqrt(wanted) + 60);
    });
  }
});
