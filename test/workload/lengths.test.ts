// Lengths: what each distribution promises, and shapes drawn as their strata say.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LengthShape } from '../../src/catalog/types.ts';
import type { LengthSpec } from '../../src/check/drawn.ts';
import { drawLengthPairs, drawRows, drawShape } from '../../src/workload/lengths.ts';

const ONE: LengthSpec = { kind: 'fixed', value: 1 };
const COUNT = 40_000;
const draw = (spec: LengthSpec, seed = 0, count = COUNT) => [...drawLengthPairs(spec, ONE, count, seed).prompt];
const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((v) => (v - centre) ** 2)));
}

test('fixed lengths are rounded and at least 1', () => {
  expect(draw({ kind: 'fixed', value: 127.5 }, 0, 2)).toEqual([128, 128]);
  expect(draw({ kind: 'fixed', value: 0.2 }, 0, 1)).toEqual([1]);
});

test('uniform lengths are whole numbers from min to max, each as likely as the next', () => {
  const counts = new Map<number, number>();
  for (const length of draw({ kind: 'uniform', min: 3, max: 6 })) counts.set(length, (counts.get(length) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual([3, 4, 5, 6]);
  for (const count of counts.values()) expect(Math.abs(count - COUNT / 4)).toBeLessThan(5 * Math.sqrt(COUNT * 0.1875));
});

test.each(['normal', 'lognormal'] as const)('%s lengths have the mean and deviation of the length itself', (kind) => {
  const lengths = draw({ kind, mean: 1000, std: 250, min: 1, max: 100_000 });
  expect(Math.abs(mean(lengths) - 1000)).toBeLessThan(5 * (250 / Math.sqrt(COUNT)));
  expect(Math.abs(deviation(lengths) / 250 - 1)).toBeLessThan(0.04);
});

test('lengths beyond a limit take the limit', () => {
  const spec = fc.record({
    kind: fc.constantFrom('normal' as const, 'lognormal' as const),
    mean: fc.integer({ min: 1, max: 5000 }),
    std: fc.integer({ min: 0, max: 5000 }),
    min: fc.integer({ min: 1, max: 100 }),
    max: fc.integer({ min: 100, max: 4000 }),
  });
  fc.assert(
    fc.property(spec, fc.nat(), (asked, seed) => {
      for (const length of draw(asked, seed, 50)) {
        expect(length).toBeGreaterThanOrEqual(asked.min);
        expect(length).toBeLessThanOrEqual(asked.max);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('prompts do not change with the distribution of outputs', () => {
  const input: LengthSpec = { kind: 'normal', mean: 500, std: 100, min: 1, max: 999 };
  const narrow = drawLengthPairs(input, ONE, 100, 9);
  const wide = drawLengthPairs(input, { kind: 'uniform', min: 1, max: 999 }, 100, 9);
  expect(wide.prompt).toEqual(narrow.prompt);
  expect(wide.output).not.toEqual(narrow.output);
  expect(wide.output).not.toEqual(wide.prompt); // streams of their own
});

const SHAPE: LengthShape = {
  id: 'two',
  name: 'two strata',
  source: 'this test',
  licence: 'MIT',
  rows: 0,
  prompt_mean: 0,
  output_mean: 0,
  probabilities: [0, 0.9, 1],
  strata: [
    { prompt_quantiles: [10, 20, 20], output_quantiles: [100, 100, 300] },
    { prompt_quantiles: [1000, 1000, 2000], output_quantiles: [7, 7, 7] },
  ],
};

test('a shape draws every stratum equally often and interpolates between its quantiles', () => {
  const { prompt, output } = drawShape(SHAPE, COUNT, 3);
  const short = [...prompt.keys()].filter((i) => prompt[i] <= 20);
  const long = [...prompt.keys()].filter((i) => prompt[i] >= 1000);
  expect(short.length + long.length).toBe(COUNT);
  expect(Math.abs(short.length - COUNT / 2)).toBeLessThan(5 * Math.sqrt(COUNT / 4));
  expect(mean(short.map((i) => prompt[i]))).toBeCloseTo(0.9 * 15 + 0.1 * 20, 1);
  expect(Math.abs(mean(long.map((i) => prompt[i])) - 1050)).toBeLessThan(8);
  expect(Math.abs(mean(short.map((i) => output[i])) - 110)).toBeLessThan(2);
  expect(new Set(long.map((i) => output[i]))).toEqual(new Set([7]));
});

test('without probabilities the quantiles are equally spaced', () => {
  const { probabilities, ...even } = SHAPE;
  expect(probabilities).toBeDefined();
  const spelled = drawShape({ ...SHAPE, probabilities: [0, 0.5, 1] }, 1000, 3);
  expect(drawShape(even, 1000, 3)).toEqual(spelled);
});

test('rows of a list come in permutations, one after the other', () => {
  const prompt = Int32Array.from({ length: 7 }, (_, i) => i + 1);
  const list = { prompt, output: prompt.map((p) => p * 10) };
  const drawn = drawRows(list, 17, 4);
  for (const from of [0, 7]) expect([...drawn.prompt.slice(from, from + 7)].sort()).toEqual([...prompt]);
  expect(new Set(drawn.prompt.slice(14)).size).toBe(3);
  expect(drawn.output).toEqual(drawn.prompt.map((p) => p * 10));
  expect(drawn.prompt.slice(0, 7)).not.toEqual(drawn.prompt.slice(7, 14));
});
