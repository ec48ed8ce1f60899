// Rates over time: arrivals lie where the area under the curve says and gaps vary as asked.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanOfCurve } from '../../src/spec/rate-curve.ts';
import type { CurveSpec } from '../../src/spec/types.ts';
import { drawArrivals } from '../../src/workload/arrivals.ts';

type Point = readonly [time: number, rate: number, cv?: number];

function curve(points: readonly Point[], more: Partial<CurveSpec> = {}): CurveSpec {
  const list = points.map(([time, rate, cv = 1]) => ({ time, rate, cv }));
  return { process: 'curve', points: list, between: 'line', repeat: false, start: list[0].time, ...more };
}

const draw = (spec: CurveSpec, count: number, rate = meanOfCurve(spec), seed = 3) =>
  drawArrivals(spec, count, rate, seed).arrival;

/** Area under the curve from its start for so many seconds, by brute force: the rate in the middle of many small steps. */
function areaByHand({ points, between, repeat, start }: CurveSpec, seconds: number, scale: number): number {
  const last = points[points.length - 1];
  const period = last.time - points[0].time;
  const steps = 20_000;
  let area = 0;
  for (let i = 0; i < steps; i++) {
    let time = start + ((i + 0.5) * seconds) / steps;
    if (repeat && period > 0) time = points[0].time + ((((time - points[0].time) % period) + period) % period);
    const k = points.findLastIndex((point) => point.time <= time);
    let rate = points[Math.max(0, k)].rate;
    if (k >= 0 && k + 1 < points.length && between === 'line') {
      const [a, b] = [points[k], points[k + 1]];
      rate = a.rate + ((b.rate - a.rate) * (time - a.time)) / (b.time - a.time);
    }
    area += (scale * rate * seconds) / steps;
  }
  return area;
}

describe('where arrivals lie', () => {
  test('with gaps of equal work, arrival i is where the area under the curve is i + 1 (property)', () => {
    const point = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }));
    const spec = fc
      .tuple(
        fc.array(point, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 0, max: 99 }),
      )
      .map(([steps, line, repeat, from]) => {
        let time = 0;
        const points = steps.map(([length, rate]): Point => {
          time += length;
          return [time, rate, 0];
        });
        points.push([time + 5, 3, 0]);
        const start = points[0][0] + from;
        return curve(points, { between: line ? 'line' : 'step', repeat, start });
      })
      // what repeats must have a rate before its last point
      .filter(
        ({ points, repeat, between }) =>
          !repeat || between === 'line' || points.slice(0, -1).some(({ rate }) => rate > 0),
      );
    fc.assert(
      fc.property(spec, fc.integer({ min: 1, max: 4 }), (asked, scale) => {
        const arrival = draw(asked, 12, meanOfCurve(asked) * scale);
        for (let i = 0; i < 12; i++) {
          const area = areaByHand(asked, arrival[i], scale);
          expect(Math.abs(area - (i + 1))).toBeLessThan(0.02 + 0.002 * scale * (i + 1));
          if (i > 0) expect(arrival[i]).toBeGreaterThanOrEqual(arrival[i - 1]);
        }
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test('counts follow the points, straight or in steps, and nothing comes while the rate is 0', () => {
    const points: readonly Point[] = [
      [0, 0],
      [100, 200],
      [200, 0],
      [300, 0],
    ];
    const straight = draw(curve(points, { repeat: true }), 40_000);
    const within = (from: number, to: number, list: Float64Array) =>
      list.filter((t) => t % 300 >= from && t % 300 < to).length;
    expect(within(0, 50, straight) / within(50, 100, straight)).toBeCloseTo(1 / 3, 1);
    expect(within(200, 300, straight)).toBe(0);
    const steps = draw(curve(points, { repeat: true, between: 'step' }), 40_000);
    expect(within(100, 200, steps)).toBe(40_000);
  });

  test('gaps vary as each point says', () => {
    const spec = curve(
      [
        [0, 50, 0],
        [1000, 50, 2.5],
      ],
      { between: 'step' },
    );
    const arrival = draw(spec, 150_000, 50);
    const gaps = Array.from(arrival, (time, i) => time - (i > 0 ? arrival[i - 1] : 0));
    const cvOf = (list: readonly number[]) => {
      const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
      return Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length) / mean;
    };
    expect(cvOf(gaps.filter((_, i) => arrival[i] < 999))).toBeLessThan(1e-6);
    expect(cvOf(gaps.filter((_, i) => i > 0 && arrival[i - 1] > 1001))).toBeCloseTo(2.5, 0);
  });

  test('one point is a Poisson process, and another rate scales the curve, not the clock', () => {
    const flat = draw(curve([[0, 8]]), 100, 8, 7);
    expect([...flat]).toEqual([...drawArrivals({ process: 'poisson' }, 100, 8, 7).arrival]);
    const spec = curve(
      [
        [0, 10],
        [60, 30],
        [120, 10],
      ],
      { repeat: true },
    );
    const twice = draw(spec, 60_000, 40);
    const peak = twice.filter((t) => t % 120 > 55 && t % 120 < 65).length / (twice[59_999] / 120) / 10;
    expect(peak / 58.3).toBeCloseTo(1, 1);
  });
});
