// Curves in a spec: points with units, files, days of the catalog, and what is no curve.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { meanOfCurve } from '../../src/spec/rate-curve.ts';
import type { CurveSpec } from '../../src/spec/types.ts';

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
  return openQuestion(text, file, catalog);
}
const curveOf = (arrivals: string, more = '') => open(arrivals, more).first.workload.arrivals as CurveSpec;
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
    expect(spec.first.workload.arrivals).toEqual({
      process: 'curve',
      points: [
        { time: 0, rate: 5, cv: 1.5 },
        { time: 600, rate: 20, cv: 2.5 },
        { time: 1200, rate: 5, cv: 1.5 },
      ],
      ...{ between: 'line', repeat: false, start: 0 },
    });
    expect(spec.first.workload.request_rate).toBe(12.5);
    const swept = open('{process: curve, points: [[0, 5], [9, 5]]}', '  request_rate: [1, 2]\n');
    expect([0, 1].map((row) => swept.at(row).spec.workload.request_rate)).toEqual([1, 2]);
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
