// Where one of two overtakes the other: the search against its definition, over verdicts that change as one likes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { betterOf } from '../../src/run/break-even.ts';
import { type Better, findCrossings } from '../../src/run/crossings.ts';

const round = (value: number) => Number(value.toPrecision(3));
const WORDS: readonly Better[] = ['a', 'b', 'equal', 'neither'];

async function seek(from: number, to: number, tolerance: number, better: (at: number) => Better) {
  const asked: number[] = [];
  const found = await findCrossings(
    async (at) => {
      asked.push(at);
      return { at, better: better(at) };
    },
    { from, to, tolerance, round },
  );
  return { ...found, asked };
}

describe('crossings', () => {
  test('between stretches that are longer than a step of the ladder: every one is found, within the tolerance', async () => {
    const gaps = fc.array(fc.double({ min: 2.05, max: 20, noNaN: true }), { minLength: 0, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        gaps,
        fc.double({ min: 0.02, max: 0.3, noNaN: true }),
        fc.nat(3),
        async (factors, tolerance, first) => {
          const edges: number[] = [];
          for (const factor of factors) edges.push((edges.at(-1) ?? 1) * factor);
          const better = (at: number) => WORDS[(first + edges.filter((edge) => at >= edge).length) % 4]!;
          const to = (edges.at(-1) ?? 1) * 3;
          const { crossings, points, asked } = await seek(1, to, tolerance, better);
          expect(crossings.length).toBe(edges.length);
          crossings.forEach(({ below, above }, i) => {
            expect(below.at).toBeLessThan(edges[i]!);
            expect(above.at).toBeGreaterThanOrEqual(edges[i]!);
            expect(above.at / below.at).toBeLessThanOrEqual(1 + Math.max(tolerance, 0.0101));
          });
          expect(new Set(asked).size).toBe(asked.length);
          expect([points[0]!.at, points.at(-1)!.at]).toEqual([1, round(to)]);
        },
      ),
    );
  });

  test('of any verdicts: the neighbours of which another one is better, and no others', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.constantFrom(...WORDS)), async (stream) => {
        const said = new Map<number, Better>();
        const { crossings, points } = await seek(1, 100, 0.3, (at) => {
          said.set(at, stream.next().value);
          return said.get(at)!;
        });
        const tried = [...said].sort(([a], [b]) => a - b);
        expect(points.map(({ at, better }) => [at, better])).toEqual(tried);
        const expected = tried.flatMap(([at, better], i) =>
          i > 0 && tried[i - 1]![1] !== better ? [[tried[i - 1]![0], at]] : [],
        );
        expect(crossings.map(({ below, above }) => [below.at, above.at])).toEqual(expected);
      }),
    );
  });
});

test('who keeps the promise comes first, then the better score; a figure that nobody knows loses', () => {
  const of = (keeps: boolean, score: number) => ({ keeps, score });
  expect(betterOf(of(true, 9), of(false, 1))).toBe('a');
  expect(betterOf(of(false, 1), of(true, 9))).toBe('b');
  expect(betterOf(of(false, 1), of(false, 9))).toBe('neither');
  expect(betterOf(of(true, 1), of(true, 9))).toBe('a');
  expect(betterOf(of(true, 9), of(true, 1))).toBe('b');
  expect(betterOf(of(true, 1), of(true, 1))).toBe('equal');
  expect(betterOf(of(true, Number.NaN), of(true, 1))).toBe('b');
  expect(betterOf(of(true, -4), of(true, -2))).toBe('a');
});
