// Rates over time: arrivals lie where the area under the curve says, gaps vary as asked, and specs say what a curve may be.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { openSpec } from '../../src/spec/open.ts';
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

const catalog = openCatalog();
const folder = mkdtempSync(join(tmpdir(), 'mist-curve-'));
function open(arrivals: string, more = '') {
  const file = join(folder, 'spec.yaml');
  const text = `model: llama-3.1-8b
workload:
  lengths: {input_len: 100, output_len: 10}
  arrivals: ${arrivals}
${more}deployment: {hardware: l4}
`;
  writeFileSync(file, text);
  return openSpec(file, catalog);
}
const curveOf = (arrivals: string, more = '') => open(arrivals, more).workload.arrivals as CurveSpec;
const issuesOf = (arrivals: string) => {
  try {
    open(arrivals);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return '';
};

describe('curves in a spec', () => {
  test('points with units, defaults, and the rate they offer', () => {
    const spec = open('{process: curve, points: [[0s, 5], [10min, 20, 2.5], [20min, 5]], cv: 1.5}');
    expect(spec.workload.arrivals).toEqual({
      process: 'curve',
      points: [
        { time: 0, rate: 5, cv: 1.5 },
        { time: 600, rate: 20, cv: 2.5 },
        { time: 1200, rate: 5, cv: 1.5 },
      ],
      ...{ between: 'line', repeat: false, start: 0 },
    });
    expect([spec.base.request_rate, spec.workload.request_rate]).toEqual([12.5, 12.5]);
    expect(open('{process: curve, points: [[0, 5], [9, 5]]}', '  request_rate: [1, 2]\n').axes[0].values).toEqual([
      1, 2,
    ]);
  });

  test('a CSV file, with or without a heading', () => {
    writeFileSync(join(folder, 'rates.csv'), 'time_s,rate,cv\n0,2,1\n60,4,3\n');
    expect(curveOf('{process: curve, file: rates.csv}').points).toEqual([
      { time: 0, rate: 2, cv: 1 },
      { time: 60, rate: 4, cv: 3 },
    ]);
    writeFileSync(join(folder, 'bad.csv'), '0,2\n60,many\n');
    expect(issuesOf('{process: curve, file: bad.csv}')).toMatch(
      /arrivals.file: expected lines time_s,rate .* "60,many" in line 2/,
    );
    expect(issuesOf('{process: curve, file: none.csv}')).toMatch(/arrivals.file: expected a file that exists/);
  });

  test('the day of a workload of the catalog', () => {
    const spec = curveOf('{process: curve, of: deepseek-r1-reasoning, start: 18h}');
    expect([spec.points.length, spec.between, spec.repeat, spec.start]).toEqual([145, 'step', true, 64_800]);
    expect(meanOfCurve(spec)).toBeCloseTo(1_000_254 / 86_400, 2);
  });

  test.each([
    ['{process: curve}', /arrivals: expected one of points, file, of, received none of them/],
    ['{process: curve, points: [[0, 1]], of: sharegpt}', /one of points, file, of, received points and of/],
    ['{process: curve, points: [[0, 1], [0, 2]]}', /points in order of time, received 0 s after 0 s/],
    ['{process: curve, points: [[0, 1], [9, 0]]}', /a rate above 0 at the end, .* or repeat: true/],
    ['{process: curve, points: [[0, 0], [9, 0]], repeat: true}', /a rate above 0 somewhere/],
    ['{process: curve, points: [[0, 1]], repeat: true}', /two points or more to repeat/],
    ['{process: curve, points: [[0, 0], [9, 1]], repeat: true, between: step}', /before the last point/],
    [
      '{process: curve, points: [[5, 1], [9, 1]], start: 2s}',
      /arrivals.start: expected a time from the first point on \(5 s\)/,
    ],
    ['{process: curve, points: [[0]]}', /a list of points|\[time, requests\/s\]/],
    ['{process: curve, of: sharegpt}', /a rate over time, received "sharegpt" \(deepseek-r1-reasoning has one\)/],
    ['{process: curve, of: no-such-day}', /a workload of the catalog/],
    ['curve', /\{process: curve, points:/],
  ])('%s is a mistake', (arrivals, words) => {
    expect(issuesOf(arrivals)).toMatch(words);
  });
});
