// What sweeps rank by: of two measured rows the better one has the smaller score, and what cannot be known has none.
import { expect, test } from 'vitest';
import { type Measured, scoreOf } from '../../src/metrics/objective.ts';
import type { Objective } from '../../src/spec/types.ts';

const ROW: Measured = { usdPerHour: 36, outputThroughput: 1000, watts: 500, devices: 4, goodput: 8, elapsed: 1800 };

/** A row that is better by the objective than ROW, the exact score of ROW, and what makes the score unknown. */
const CASES: Record<Objective, { score: number; better: Partial<Measured>; unknown: Partial<Measured> }> = {
  usd_per_hour: { score: 36, better: { usdPerHour: 35 }, unknown: { usdPerHour: Number.NaN } },
  usd_per_million_tokens: { score: 1e-5, better: { outputThroughput: 1001 }, unknown: { usdPerHour: Number.NaN } },
  output_throughput_per_device: { score: -250, better: { devices: 3 }, unknown: { outputThroughput: Number.NaN } },
  tokens_per_joule: { score: 0.5, better: { outputThroughput: 1001 }, unknown: { watts: Number.NaN } },
  devices: { score: 4, better: { devices: 3 }, unknown: { devices: Number.NaN } },
  watts: { score: 500, better: { watts: 499 }, unknown: { watts: Number.NaN } },
  goodput: { score: -8, better: { goodput: 9 }, unknown: { goodput: Number.NaN } },
  total_usd: { score: 18, better: { elapsed: 1700 }, unknown: { usdPerHour: Number.NaN } },
};

for (const [objective, { score, better, unknown }] of Object.entries(CASES)) {
  test(`${objective}: the better row scores less, and a figure that nobody knows gives no score`, () => {
    const at = (more: Partial<Measured>) => scoreOf(objective as Objective, { ...ROW, ...more });
    expect(at({})).toBe(score);
    expect(at(better)).toBeLessThan(score);
    expect(at(unknown)).toBeNaN();
  });
}

test('more for the same is never worse: tokens, or fewer watts, dollars and devices', () => {
  for (const objective of Object.keys(CASES) as Objective[]) {
    const base = scoreOf(objective, ROW);
    expect(scoreOf(objective, { ...ROW, outputThroughput: 2000 }), objective).toBeLessThanOrEqual(base);
    expect(scoreOf(objective, { ...ROW, watts: 250 }), objective).toBeLessThanOrEqual(base);
    expect(scoreOf(objective, { ...ROW, usdPerHour: 18 }), objective).toBeLessThanOrEqual(base);
    expect(scoreOf(objective, { ...ROW, devices: 2 }), objective).toBeLessThanOrEqual(base);
  }
});
