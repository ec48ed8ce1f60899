// Other draws of the traffic: exact bounds, paired differences, and what they never say. On invented scores: no run is needed.
import { expect, test } from 'vitest';
import {
  type Draw,
  isSettled,
  judgeLeaders,
  judgePair,
  judgePromise,
  WAVES,
  withinT,
} from '../../src/metrics/draws.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { explainDraws } from '../../src/report/draws.ts';
import { sweepJson } from '../../src/report/sweep-json.ts';
import { drawLeaders } from '../../src/run/draw-leaders.ts';
import { rememberWork } from '../../src/run/known-work.ts';
import type { Pool } from '../../src/run/pool.ts';
import type { Question } from '../../src/spec/question.ts';
import { makeSweep } from '../report/fixture.ts';
import { seeded } from './columns.ts';

/** Three looks share the doubt: three times 5 % is 5 % at each. */
const AT_ONE_LOOK = 0.05 * WAVES.length;
const met = (kept: number, of: number): Draw[] => Array.from({ length: of }, (_, i) => ({ met: i < kept, score: 1 }));
const scored = (scores: readonly number[]): Draw[] => scores.map((score) => ({ met: true, score }));

test('a share of draws has the exact bounds of Clopper and Pearson', () => {
  expect(judgePromise(met(12, 12), AT_ONE_LOOK)).toMatchObject({ kept: 12, most: 1, verdict: 'keeps' });
  expect(judgePromise(met(12, 12), AT_ONE_LOOK).least).toBeCloseTo(0.05 ** (1 / 12), 12);
  const { least, most, verdict } = judgePromise(met(7, 12), AT_ONE_LOOK);
  expect(tail(7, 12, least)).toBeCloseTo(0.05, 10);
  expect(tail(5, 12, 1 - most)).toBeCloseTo(0.05, 10);
  expect([least, most].map((x) => x.toFixed(3))).toEqual(['0.315', '0.819']);
  expect(verdict).toBe('open');
  expect(judgePromise(met(0, 12), AT_ONE_LOOK)).toMatchObject({ least: 0, verdict: 'misses' });
});

/** The chance of k or more of n, by counting every outcome. */
function tail(k: number, n: number, share: number): number {
  let sum = 0;
  for (let outcome = 0; outcome < 2 ** n; outcome++) {
    const hits = outcome.toString(2).replaceAll('0', '').length;
    if (hits >= k) sum += share ** hits * (1 - share) ** (n - hits);
  }
  return sum;
}

test("Student's t is that of the tables", () => {
  for (const [t, freedom] of [
    ...[[12.7062, 1] as const, [4.30265, 2] as const, [2.36462, 7] as const, [2.13145, 15] as const],
    ...[[2.09302, 19] as const, [2.04227, 30] as const, [2.03951, 31] as const],
  ])
    expect(withinT(t, freedom)).toBeCloseTo(0.95, 5);
  expect(withinT(0, 7)).toBe(0);
});

test('a known difference is told apart, equal ones are not, and prices are no chance', () => {
  const random = seeded(10);
  const noise = () => random() + random() + random() - 1.5;
  let [found, wrong] = [0, 0];
  const trials = 400;
  for (let trial = 0; trial < trials; trial++) {
    const common = Array.from({ length: 32 }, () => 20 * random()); // far larger than what is looked for: pairing removes it
    const [a, b, c] = [0, 0, 0.5].map((more) => scored(common.map((score) => score + noise() + more)));
    const looks = WAVES.map((n) => [
      judgePair(a!.slice(0, n), b!.slice(0, n), 0.05),
      judgePair(a!.slice(0, n), c!.slice(0, n), 0.05),
    ]);
    if (looks.some(([equal]) => equal!.verdict !== 'open')) wrong++;
    if (looks.at(-1)![1]!.verdict === 'better') found++;
  }
  expect(wrong / trials).toBeLessThan(0.05);
  expect(found / trials).toBeGreaterThan(0.8);
  const same = scored([3, 1, 2]);
  expect(judgePair(same, same, 0.05).verdict).toBe('equal');
  expect(judgePair(scored([3, 3, 3]), scored([4, 4, 4]), 0.05)).toEqual({ verdict: 'fixed', confidence: 1 });
  expect(judgePair(scored([9, 9.1, 9.2]), scored([1, 1.2, 1.1]), 0.2).verdict).toBe('worse');
  expect(judgePair(scored([Number.NaN, 1]), same, 0.05).verdict).toBe('open');
});

/** Runs by a table: scores by row; row 2 keeps its promise in one seed of two. Pieces come back in the order that `shuffle` says. */
function invented(
  scoreOf: (row: number, seed: number) => number,
  shuffle: (n: number) => number[],
  stopAt = Number.POSITIVE_INFINITY,
) {
  let runs = 0;
  const pool: Pool = {
    close: async () => {},
    async work(order, onReport) {
      if (order.kind !== 'draw') throw new Error(order.kind);
      for (const index of shuffle(order.rows.length)) {
        if (runs >= stopAt) return;
        runs++;
        const [row, seed] = [order.rows[index]!, order.seeds[index]!];
        onReport({ kind: 'drawn', index, draw: { met: row !== 2 || seed % 2 === 0, score: scoreOf(row, seed) } });
      }
    },
  };
  return { pool, runs: () => runs };
}

const forwards = (n: number) => Array.from({ length: n }, (_, i) => i);
const backwards = (n: number) => forwards(n).reverse();
const template = makeSweep();
const kept = template.kept.filter(({ result }) => result?.slo_met).slice(0, 4);
const sweep: SweepResult = { ...template, kept: kept.map((row, i) => ({ ...row, row: i })) };
const question = { objective: 'tokens_per_joule', top: 20, first: sweep.first } as Question;
const ask = (pool: Pool, signal?: AbortSignal) =>
  drawLeaders(
    {
      pool,
      question,
      result: sweep,
      deploymentOf: String,
      watch: signal ? { signal } : {},
    },
    0.95,
  );
/** Row 0 is clearly better than 1, 1 a price better than 2; 2 and 3 differ by chance alone. */
const scores = (row: number, seed: number): number => [1 + 0.01 * (seed % 3), 2, 3, 3 + (seed % 2 ? 0.5 : -0.5)][row]!;

test('waves until all is settled, the same whoever was faster, and nothing is run twice', async () => {
  const once = invented(scores, forwards);
  const found = await ask(once.pool);
  expect(once.runs()).toBe(4 * 32);
  expect(await ask(invented(scores, backwards).pool)).toEqual(found);
  expect(found.draws!.leaders.map(({ next }) => next?.verdict)).toEqual(['better', 'fixed', 'open', undefined]);
  expect(found.kept[2]!.drawn).toMatchObject({ count: 32, kept: 16 });

  const clear = invented((row) => row, forwards);
  const kept3 = { ...sweep, kept: sweep.kept.slice(0, 2) };
  const settled = await drawLeaders(
    {
      pool: clear.pool,
      question,
      result: kept3,
      deploymentOf: String,
      watch: {},
    },
    0.95,
  );
  expect([clear.runs(), settled.draws!.count, isSettled(settled.draws!.leaders)]).toEqual([2 * 8, 8, true]);

  const pieces = new Map<string, unknown>();
  const store = {
    has: (key: string, id: number) => pieces.has(`${key}${id}`),
    get: (key: string, id: number) => pieces.get(`${key}${id}`),
    put: (key: string, all: readonly (readonly [number, unknown])[]) =>
      all.forEach(([id, one]) => void pieces.set(`${key}${id}`, one)),
  };
  const stopped = invented(scores, backwards, 50);
  const control = new AbortController();
  control.abort();
  const half = await ask(rememberWork(stopped.pool, store), control.signal);
  expect([half.draws!.count, half.interrupted]).toEqual([8, true]); // 50 runs: a wave of 32, and part of one
  const rest = invented(scores, forwards);
  expect(await ask(rememberWork(rest.pool, store))).toEqual(found);
  expect(rest.runs()).toBe(4 * 32 - 50);
});

test('the words: who keeps the promise, who beats whom, who is sure of band and chance; nothing where nobody asks', async () => {
  expect(explainDraws(sweep)).toEqual([]);
  expect(sweepJson(sweep)).not.toHaveProperty('draws');
  const found = await ask(invented(scores, forwards).pool);
  expect(explainDraws(found)).toMatchInlineSnapshot(`
    [
      "With 32 other draws of this traffic (seeds 1 to 32), at 95 % confidence: #1 and #2 keep the promise in 32 of 32 (at least 87 % of all draws), #3 in 16 of 32 (at least 30 % of all draws), #4 in 32 of 32 (at least 87 % of all draws).",
      "By usd_per_hour, draw by draw: #1 beats #2 with more than 99.9 %; #2 beats #3 by the same in every draw; #3 and #4 are not distinguishable. 32 draws are the most that are tried.",
      "The first that keeps the promise in more than half of all draws, at 95 %, is #1, 4x H100 SXM tp2 x1 fp8, chunked 256/8192, $12.60/h; it keeps it across its error band as well.",
    ]
  `);
  expect(sweepJson(found)).toMatchObject({
    draws: { count: 32, most: 32, leaders: [{ row: 0 }, {}, { promise: 'open' }, {}] },
  });
  expect(judgeLeaders([], () => [], 0.95)).toEqual([]);
});
