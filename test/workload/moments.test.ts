// Moments of a workload against counting every decode step.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { moments, quantileOf } from '../../src/workload/moments.ts';

test('moments equal those counted step by step', () => {
  const pair = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 30 }), (pairs) => {
      const mean = (f: (p: number, o: number) => number) =>
        pairs.reduce((sum, [p, o]) => sum + f(p, o), 0) / pairs.length;
      const found: number[] = [];
      let prefillPairs = 0;
      for (const [p, o] of pairs) {
        for (let token = 1; token <= p; token++) prefillPairs += token;
        for (let past = p; past < p + o - 1; past++) found.push(past);
      }
      const m = moments({
        count: pairs.length,
        prompt: Int32Array.from(pairs, ([p]) => p),
        output: Int32Array.from(pairs, ([, o]) => o),
      });
      const close = (a: number, b: number) => expect(a).toBeCloseTo(b, 8);
      close(
        m.prompt_mean,
        mean((p) => p),
      );
      close(
        m.output_mean,
        mean((_, o) => o),
      );
      close(
        m.prompt_sq_mean,
        mean((p) => p * p),
      );
      close(
        m.output_sq_mean,
        mean((_, o) => o * o),
      );
      close(
        m.prompt_output_mean,
        mean((p, o) => p * o),
      );
      close(m.pairs_mean, prefillPairs / pairs.length);
      close(m.context_mean, found.length > 0 ? found.reduce((a, b) => a + b, 0) / found.length : 0);
      expect(m.final_max).toBe(Math.max(...pairs.map(([p, o]) => p + o - 1)));
      expect(m.prompt_max).toBe(Math.max(...pairs.map(([p]) => p)));
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('quantiles interpolate between order statistics, as NumPy does', () => {
  expect([0, 0.25, 0.5, 0.9, 1].map((q) => quantileOf([10, 20, 40, 80], q))).toEqual([10, 17.5, 30, 68, 80]);
  expect(quantileOf([3], 0.99)).toBe(3);
});
