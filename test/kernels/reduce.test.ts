// The reducing kernels: exact order statistics, as sorting has them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { expectSame } from '../same.ts';

const MOST = 100_000;
const arena = openArena(MOST * 8 + 512);
const kernels = loadKernels(arena.memory);
const column = arena.f64(MOST);

/** Ascending ranks of `values`, one after the other, as summaries ask for them. */
function select(values: readonly number[], ranks: readonly number[]): number[] {
  column.fill(Number.NEGATIVE_INFINITY);
  column.set(values);
  let from = 0;
  return ranks.map((rank) => {
    const value = kernels.selectRank(column.byteOffset, from, values.length, rank);
    from = rank + 1;
    return value;
  });
}

const sorted = (values: readonly number[]) => Array.from(Float64Array.from(values).sort());
function secondsOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

const drawRanks = (n: number) =>
  fc.uniqueArray(fc.nat(n - 1), { minLength: 1, maxLength: 8 }).map((ranks) => ranks.sort((a, b) => a - b));

describe('selectRank', () => {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.double({ noNaN: true }).map((x) => x + 0),
  );
  const drawColumn = fc.array(value, { minLength: 1, maxLength: 300, size: 'max' });

  test('gives the order statistics of any column, for ascending ranks', () => {
    const draw = drawColumn.chain((values) =>
      fc.record({ values: fc.constant(values), ranks: drawRanks(values.length) }),
    );
    fc.assert(
      fc.property(draw, ({ values, ranks }) => {
        const expected = sorted(values);
        expect(select(values, ranks)).toEqual(ranks.map((rank) => expected[rank]));
        expectSame(column.slice(0, values.length).sort(), Float64Array.from(expected));
        expect(column[values.length]).toBe(Number.NEGATIVE_INFINITY);
      }),
      { seed: 50, numRuns: 1500 },
    );
  });

  const n = MOST - 1;
  const patterns: Record<string, (i: number) => number> = {
    rising: (i) => i,
    falling: (i) => -i,
    'all equal': () => 3,
    'two values': (i) => i % 2,
    'organ pipe': (i) => Math.min(i, n - i),
    sawtooth: (i) => i % 100,
  };
  for (const [name, make] of Object.entries(patterns)) {
    test(`stays fast on a column that is ${name}`, () => {
      const values = Array.from({ length: n }, (_, i) => make(i));
      const ranks = [0, n >> 1, Math.floor(0.9 * n), Math.floor(0.99 * n), n - 1];
      const expected = sorted(values);
      // against a sort of as many numbers on this very machine, not against a clock: quadratic would take hundreds of times as long
      const sorting = secondsOf(() => sorted(values.map((_, i) => (i * 7919) % n)));
      const selecting = secondsOf(() => expect(select(values, ranks)).toEqual(ranks.map((rank) => expected[rank])));
      expect(selecting).toBeLessThan(40 * sorting);
    });
  }
});
