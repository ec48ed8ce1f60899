// When a run may be given up, and what the screen is asked, against the words that define them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as S from '../../assembly/layout/screen.ts';
import { fillQuestion, giveUpAt, tailQuantile } from '../../src/run/tails.ts';
import { LATENCY_METRICS, PERCENTILES } from '../../src/spec/words.ts';
import { runs } from '../depth.ts';

const share = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, 'p99.9': 0.999 };
const anyLimit = fc.record({
  metric: fc.constantFrom(...LATENCY_METRICS),
  percentile: fc.constantFrom(...PERCENTILES),
  limit: fc.integer({ min: 1, max: 9 }),
});

/** Of `n` latencies the most that may be over a limit while the lower neighbour of the percentile is not. */
function mostLate(n: number, q: number): number {
  for (let late = n; late >= 0; late--) {
    const sorted = Array.from({ length: n }, (_, i) => i >= n - late);
    if (!sorted[Math.floor(q * (n - 1))]) return late;
  }
  return -1;
}

test('a run is given up when more are late than any that keeps a percentile has', () => {
  const at = (request: number) => ({ at: 'arrival' as const, request });
  fc.assert(
    fc.property(
      fc.array(anyLimit, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 12, maxLength: 300 }),
      fc.option(fc.tuple(fc.nat(5), fc.nat(5)), { nil: undefined }),
      (slo, outputs, edges) => {
        const requests = { count: outputs.length, output: Int32Array.from(outputs) };
        const [from, to] = edges ? [edges[0], outputs.length - edges[1]] : [0, outputs.length];
        const rule = edges && ({ from: at(from), to: at(to) } as Parameters<typeof giveUpAt>[2]);
        const gaps = outputs.slice(from, to).filter((output) => output >= 2).length;
        const found = giveUpAt(slo, requests, rule)!;
        expect([found.from, found.to]).toEqual([from, to]);
        for (const [metric, n, limit, allowed] of [
          ['ttft', to - from, found.ttftLimit, found.ttftAllowed],
          ['tpot', gaps, found.tpotLimit, found.tpotAllowed],
        ] as const) {
          const own = slo.filter((one) => one.metric === metric && one.percentile !== 'mean');
          const late = own.map(({ percentile }) => mostLate(n, share[percentile as keyof typeof share]));
          if (n > 0) expect(allowed).toBe(Math.min(0x7fffffff, ...late));
          const first = own[late.indexOf(Math.min(...late))];
          if (n > 0) expect(limit).toBe(first?.limit ?? Number.POSITIVE_INFINITY);
        }
      },
    ),
    { numRuns: runs(60) },
  );
  expect(giveUpAt([], { count: 1, output: Int32Array.of(1) }, 'steady')).toBeNull();
  const drained = { from: at(0), to: { at: 'end' } } as unknown as Parameters<typeof giveUpAt>[2];
  expect(giveUpAt([], { count: 1, output: Int32Array.of(1) }, drained)).toBeNull();
});

test('the screen is asked with twice the strictest limit of each kind, and the furthest percentile', () => {
  const moments = {
    ...{ prompt_mean: 100, output_mean: 20, context_mean: 110, pairs_mean: 6000 },
    ...{ prompt_p99: 300, prompt_sq_mean: 20_000, output_p99: 60 },
  } as Parameters<typeof fillQuestion>[1];
  fc.assert(
    fc.property(fc.array(anyLimit, { maxLength: 5 }), (slo) => {
      const cells = new Float64Array(64);
      fillQuestion(cells, moments, slo);
      const limit = (metric: string, central: boolean) =>
        2 *
        Math.min(
          Number.POSITIVE_INFINITY,
          ...slo
            .filter((one) => one.metric === metric && ['mean', 'p50'].includes(one.percentile) === central)
            .map((one) => one.limit),
        );
      const tail = Math.max(0, ...slo.map(({ percentile }) => share[percentile as keyof typeof share] ?? 0)) || 0.99;
      expect(tailQuantile(slo)).toBe(tail);
      expect([S.SCREEN_TTFT_LIMIT, S.SCREEN_TTFT_TAIL_LIMIT].map((cell) => cells[cell])).toEqual([
        limit('ttft', true),
        limit('ttft', false),
      ]);
      expect([S.SCREEN_TPOT_LIMIT, S.SCREEN_TPOT_TAIL_LIMIT].map((cell) => cells[cell])).toEqual([
        limit('tpot', true),
        limit('tpot', false),
      ]);
      expect(cells[S.SCREEN_TAIL]).toBe(Math.log(1 / (1 - tail)));
      expect(
        cells[S.SCREEN_TAIL_SIGMA]! >= 0 &&
          (tail > 0.5 ? cells[S.SCREEN_TAIL_SIGMA]! > 0 : cells[S.SCREEN_TAIL_SIGMA]! < 1e-6),
      ).toBe(true);
    }),
    { numRuns: runs(40) },
  );
  const cells = new Float64Array(64);
  fillQuestion(cells, moments, []);
  expect([S.SCREEN_PROMPT, S.SCREEN_OUTPUT, S.SCREEN_CONTEXT, S.SCREEN_PAIRS].map((cell) => cells[cell])).toEqual([
    100, 20, 110, 6000,
  ]);
  expect([S.SCREEN_PROMPT_TAIL, S.SCREEN_PROMPT_SQUARE, S.SCREEN_OUTPUT_MAX].map((cell) => cells[cell])).toEqual([
    3, 2, 60,
  ]);
});
