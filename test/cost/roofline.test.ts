// The roofline kernels against their TypeScript twin, bit for bit, and the laws a price must keep.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NORM_1, NORM_2, NORM_4, NORM_8, NORM_INF } from '../../assembly/layout/enums.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { combine, type Line, priceLinesTwin, priceOpsTwin } from '../../src/plan/roofline-twin.ts';

const arena = openArena(1 << 16);
const kernels = loadKernels(arena.memory);
const NORMS = [NORM_1, NORM_2, NORM_4, NORM_8, NORM_INF];
const LENGTH = 64;
const [first, second, out] = [arena.f64(LENGTH), arena.f64(LENGTH), arena.f64(LENGTH)];

const norm = fc.constantFrom(...NORMS);
const work = fc.double({ min: 0, max: 1e16, noNaN: true });
const small = fc.double({ min: 0, max: 1e-3, noNaN: true });
/** Times that occur: eighth powers of anything below 1e-40 would vanish. */
const times = fc.double({ min: 1e-12, max: 1e3, noNaN: true });
const rate = fc.double({ min: 1e-18, max: 1e-6, noNaN: true });
const columns = fc.array(fc.tuple(work, work), { maxLength: 41 });

function fill(rows: readonly (readonly [number, number])[]): {
  a: Float64Array;
  b: Float64Array;
  before: Float64Array;
} {
  rows.forEach(([x, y], i) => {
    first[i] = x;
    second[i] = y;
  });
  for (let i = 0; i < LENGTH; i++) out[i] = 0.5 + i;
  return { a: Float64Array.from(first), b: Float64Array.from(second), before: Float64Array.from(out) };
}

describe('priceOps', () => {
  it('gives the bits of its twin for any length, and touches nothing beyond it', () => {
    fc.assert(
      fc.property(norm, columns, small, rate, rate, work, fc.constantFrom(0, 1), (p, rows, t0, c, m, count, add) => {
        const { a, b, before } = fill(rows);
        kernels.priceOps(p, rows.length, first.byteOffset, second.byteOffset, out.byteOffset, t0, c, m, count, add);
        priceOpsTwin(p, rows.length, a, b, before, t0, c, m, count, add);
        expect(Array.from(out)).toEqual(Array.from(before));
      }),
      { seed: 1, numRuns: 600 },
    );
  });

  it('is the p-norm: 3 and 4 make 7, 5, and 4 at infinity', () => {
    const priced = NORMS.map((p) => {
      first[0] = 3;
      second[0] = 4;
      kernels.priceOps(p, 1, first.byteOffset, second.byteOffset, out.byteOffset, 1, 1, 1, 2, 0);
      return out[0];
    });
    const expected = [7, 5, (3 ** 4 + 4 ** 4) ** 0.25, (3 ** 8 + 4 ** 8) ** 0.125, 4].map((time) => 2 * (1 + time));
    priced.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12);
    });
  });

  it('L7: more work is never cheaper, and a higher norm never dearer', () => {
    fc.assert(
      fc.property(times, times, small, (a, b, more) => {
        for (const p of NORMS) expect(combine(p, a + more, b)).toBeGreaterThanOrEqual(combine(p, a, b));
        const prices = NORMS.map((p) => combine(p, a, b));
        for (let i = 1; i < prices.length; i++) expect(prices[i]).toBeLessThanOrEqual(prices[i - 1] * (1 + 1e-12));
      }),
      { seed: 2 },
    );
  });
});

describe('priceLines', () => {
  const line = fc.record({ t0: small, computeX: rate, computeY: rate, memory0: small, memoryX: rate, memoryY: rate });
  it('gives the bits of its twin for any length, and touches nothing beyond it', () => {
    fc.assert(
      fc.property(norm, columns, line, work, (p, rows, of: Line, count) => {
        const { a, b, before } = fill(rows);
        const { t0, computeX, computeY, memory0, memoryX, memoryY } = of;
        const at = [first.byteOffset, second.byteOffset, out.byteOffset] as const;
        kernels.priceLines(p, rows.length, ...at, t0, computeX, computeY, memory0, memoryX, memoryY, count);
        priceLinesTwin(p, rows.length, a, b, before, of, count);
        expect(Array.from(out)).toEqual(Array.from(before));
      }),
      { seed: 3, numRuns: 600 },
    );
  });
});
