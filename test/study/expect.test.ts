// Expectations and differences: what holds, what changed beyond chance, and words for what is wrong.
import { describe, expect, test } from 'vitest';
import type { UserError } from '../../src/check/issue.ts';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import { diffResults, kindOf } from '../../src/study/diff.ts';
import { judgeExpectation, readExpectations } from '../../src/study/expect.ts';
import type { StudiedRow } from '../../src/study/figures.ts';

const band = { ttft_pct: 27, tpot_pct: 16, throughput_pct: 21, power_pct: 35 };
const result = {
  output_throughput: 900,
  ttft: { p99: 0.4, mean: 0.2 },
  e2el: { mean: 2 },
  usd_per_hour: 12,
  power_w: 900,
};
const ROW: StudiedRow = {
  ...{ row: 0, labels: new Map(), refused: '', load: 5, stands: '' },
  result: result as unknown as FleetSummary,
  trust: { basis: 'calibrated', regime: 'plain', band },
};

describe('an expectation', () => {
  test.each([
    ['p99_ttft <= 1s', true],
    ['p99_ttft <= 300ms', false],
    ['p99_ttft <= 1s and usd_per_hour < 10', false],
    ['throughput / usd_per_hour >= 75', true],
    ['power < 1kW', true],
    ['p99_tpot <= 1h', false], // a figure that the run does not have keeps nothing
  ])('%s is %s', (text, holds) => {
    const row = { ...ROW, result: { ...result, tpot: { p99: Number.NaN } } as unknown as FleetSummary };
    expect(judgeExpectation(readExpectations([text])[0]!, row).holds).toBe(holds);
  });

  test('says what it rests on', () => {
    const [one] = readExpectations(['p99_ttft <= 1s']);
    expect(judgeExpectation(one!, ROW).figures).toEqual([
      { name: 'p99_ttft', value: 0.4, bandPct: 27, words: 'p99_ttft 400 ms (± 27 %)' },
    ]);
  });

  test('is refused with all its mistakes at once', () => {
    const texts = ['p99_tttf <= 1s', 'p99_ttft <= 1', 'p99_ttft', 'throughput >'];
    const words = ['did you mean p99_ttft', 'a time <= a plain number', 'a comparison', 'the end'];
    try {
      readExpectations(texts);
      expect.unreachable();
    } catch (error) {
      const { issues, message } = error as UserError;
      expect(issues).toHaveLength(4);
      for (const part of words) expect(message).toContain(part);
    }
  });
});

describe('differences', () => {
  const run = (p99: number, low: number, high: number, throughput = 100) => ({
    p99_ttft_ms: p99,
    output_throughput: throughput,
    mist: { schema: 'mist-run-2', sampling_95: { ttft_ms: { p99: [low, high] } }, devices: 2 },
  });
  test('of runs are beyond noise where intervals do not meet', () => {
    expect(diffResults('run', run(100, 90, 110), run(200, 150, 260))).toEqual([
      { name: 'p99_ttft_ms', before: 100, after: 200, beyond: true },
    ]);
    const [near, other] = diffResults('run', run(100, 90, 110, 100), run(105, 95, 115, 101));
    expect([near!.beyond, other!.beyond]).toEqual([false, null]);
  });

  const study = (...throughput: number[]) => ({
    claims: [],
    axes: [
      { name: 'let.rate', short: 'rate' },
      { name: 'workload.seed', short: 'seed' },
    ],
    rows: throughput.map((value, i) => ({ row: i, rate: '5', seed: String(i), throughput: value })),
  });
  test('of studies are beyond noise where paired seeds agree on them', () => {
    const [steady] = diffResults('study', study(100, 200, 300), study(110, 221, 328));
    expect(steady).toMatchObject({ name: 'throughput, rate 5', beyond: true });
    const [chance] = diffResults('study', study(100, 200, 300), study(150, 180, 280));
    expect(chance).toMatchObject({ beyond: false });
    expect(diffResults('study', study(1, 2, 3), study(1, 2, 3))).toEqual([]);
  });

  test('know what a file is', () => {
    expect([run(1, 1, 1), study(1), {}, null, [], 3].map(kindOf)).toEqual(['run', 'study', null, null, null, null]);
  });
});
