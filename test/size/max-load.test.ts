// The search for the highest load: its answer against its definition, over promises that are kept as one likes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findMaxLoad, type LoadRange, type Probed, roundLoad } from '../../src/run/max-load.ts';

const RATE: Omit<LoadRange, 'start' | 'tolerance'> = { whole: false, least: 1e-9, most: 1e9 };
const COUNT: Omit<LoadRange, 'start' | 'tolerance'> = { whole: true, least: 1, most: 2_147_483_647 };

/** Asks of a promise, and keeps a list of what was asked. */
async function seek(range: LoadRange, keeps: (load: number) => boolean, keepsUp = keeps) {
  const asked: number[] = [];
  const found = await findMaxLoad(async (load): Promise<Probed> => {
    asked.push(load);
    return { load, keeps: keeps(load), keepsUp: keepsUp(load) };
  }, range);
  return { ...found, asked };
}

const starts = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
const tolerances = fc.double({ min: 0.002, max: 0.3, noNaN: true });

describe('the highest load', () => {
  test('of a promise that is kept up to a load: found within the tolerance, wherever the search begins', async () => {
    await fc.assert(
      fc.asyncProperty(
        starts,
        tolerances,
        fc.double({ min: 0.01, max: 500, noNaN: true }),
        async (start, tolerance, times) => {
          const end = start * times;
          const { best, next, again, asked } = await seek({ ...RATE, start, tolerance }, (load) => load <= end);
          expect(best!.load).toBeLessThanOrEqual(end);
          expect(next!.load).toBeGreaterThan(end);
          // neighbours of three digits are up to 1 % apart
          expect(next!.load / best!.load).toBeLessThanOrEqual(1 + Math.max(tolerance, 0.0101));
          expect(again).toEqual([]);
          expect(new Set(asked).size).toBe(asked.length);
        },
      ),
    );
  });

  test('of any promise: what the definition says of the loads that were tried, each of them once', async () => {
    await fc.assert(
      fc.asyncProperty(starts, fc.infiniteStream(fc.boolean()), fc.boolean(), async (start, answers, up) => {
        const said = new Map<number, boolean>();
        const keeps = (load: number) => {
          if (!said.has(load)) said.set(load, said.size > 60 ? false : answers.next().value);
          return said.get(load)!;
        };
        const found = await seek({ ...RATE, start, tolerance: 0.02 }, keeps, up ? () => true : keeps);
        const tried = [...said].sort(([a], [b]) => a - b);
        const kept: number[] = [];
        for (const [load, one] of tried)
          if (one) kept.push(load);
          else break;
        expect(found.probes.map(({ load, keeps: one }) => [load, one])).toEqual(tried);
        expect(found.best?.load ?? null).toBe(kept.at(-1) ?? null);
        expect(found.next?.load ?? null).toBe(tried[kept.length]?.[0] ?? null);
        expect(found.again.map(({ load }) => load)).toEqual(
          tried.slice(kept.length).flatMap(([load, one]) => (one ? [load] : [])),
        );
        expect(found.asked.length).toBe(tried.length);
        for (const load of found.asked) expect(roundLoad(load, RATE)).toBe(load);
      }),
    );
  });

  test('of a count: to the neighbour where the tolerance allows no less', async () => {
    for (const end of [1, 2, 3, 17, 99]) {
      const { best, next } = await seek({ ...COUNT, start: 8, tolerance: 0.02 }, (load) => load <= end);
      expect([best!.load, next!.load]).toEqual([end, end + 1]);
    }
  });

  test('a hole far below is found, and is the answer: 0.7 and 0.9 of what bisection finds are tried too', async () => {
    const hole = (load: number) => load <= 100 && !(load > 66 && load < 72);
    const { best, next, again } = await seek({ ...RATE, start: 64, tolerance: 0.02 }, hole);
    expect(best!.load).toBeLessThanOrEqual(66);
    expect(best!.load).toBeGreaterThan(64);
    expect(next!.load).toBeLessThan(72);
    expect(Math.min(...again.map(({ load }) => load))).toBeLessThan(100);
  });

  test('a fleet that is kept again above the answer says so; one that does not keep up is not asked above it', async () => {
    const island = (load: number) => load <= 10 || (load > 12.6 && load < 13.4); // bisection never comes there
    const { again } = await seek({ ...RATE, start: 8, tolerance: 0.02 }, island, () => true);
    expect(again.map(({ load }) => load)).toEqual([expect.closeTo(13, 0)]);
    const { probes, next } = await seek({ ...RATE, start: 8, tolerance: 0.02 }, (load) => load <= 10);
    expect(probes.at(-1)!.load).toBeGreaterThanOrEqual(next!.load);
    expect(probes.filter(({ load }) => load > next!.load && load < 16).length).toBeLessThanOrEqual(4);
  });

  test('a promise that no load keeps is given up after six, the last a thousandth of the first', async () => {
    const { best, probes } = await seek({ ...RATE, start: 8, tolerance: 0.02 }, () => false);
    expect(best).toBe(null);
    expect(probes.map(({ load }) => load)).toEqual([0.00781, 0.0625, 0.5, 2, 4, 8]);
  });
});
