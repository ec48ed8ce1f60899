// The verdict on queues whose capacity is known: it must not depend on seeds, scales or long answers.
import { expect, test } from 'vitest';
import { STATE_UNFINISHED } from '../../assembly/layout/enums.ts';
import { judge } from '../../src/metrics/verdict.ts';
import { type Columns, fromRows, poisson, serve } from './columns.ts';

const verdictOf = (columns: Columns, concurrency = 0) =>
  judge(columns.requests, columns.results, concurrency, Math.max(...columns.results.finish));

// 40 slots of 0.1 + 199*0.02 = 4.08 s: 9.8 requests/s.
const slots = (rate: number, count: number, seed: number) =>
  serve(poisson(count, rate, seed), 40, 0.1, 0.02, 200, seed + 100);

test.each([1, 2, 3, 4, 5, 6, 7, 8])('a queue at 0.7 of its capacity is stable, at 1.3 overloaded (seed %i)', (seed) => {
  expect(verdictOf(slots(6.9, 1000, seed))).toBe('stable');
  expect(verdictOf(slots(12.7, 1000, seed))).toBe('overloaded');
});

test.each([1e-3, 1, 1e3])('the verdict does not depend on the unit of time (%d)', (scale) => {
  for (const rate of [6.9, 12.7]) {
    const { requests, results } = slots(rate, 600, 3);
    const scaled = (column: Float64Array) => column.map((t) => t * scale);
    const stretched = {
      requests,
      results: {
        ...results,
        arrival: scaled(results.arrival),
        first: scaled(results.first),
        finish: scaled(results.finish),
      },
    };
    expect(verdictOf(stretched)).toBe(verdictOf({ requests, results }));
  }
});

test('answers longer than the arrival window are not an overload', () => {
  expect(verdictOf(serve(poisson(200, 100), 1000, 0.1, 0.02, 2000))).toBe('stable');
});

test('a batch that grows without limit is overloaded although first tokens come at once', () => {
  // Pace grows with the number of requests before it: prompts are served immediately, decodes fall behind.
  const rows = poisson(500, 10).map((t, i) => [t, t + 0.05, t + 0.05 + 100 * (0.01 + 0.0002 * i), 101] as const);
  expect(verdictOf(fromRows(rows))).toBe('overloaded');
});

test('a burst that is worked off is backlogged', () => {
  const calm = poisson(400, 4);
  const burst = Array.from({ length: 300 }, (_, i) => 30 + i * 0.01);
  expect(
    verdictOf(
      serve(
        [...calm, ...burst].sort((a, b) => a - b),
        40,
        0.1,
        0.02,
        200,
      ),
    ),
  ).toBe('backlogged');
});

test('all at once: stable when everything runs together, backlogged when the rest must wait', () => {
  const together = new Array<number>(100).fill(0);
  expect(verdictOf(serve(together, 100, 0.1, 0.02, 200))).toBe('stable');
  expect(verdictOf(serve(together, 10, 0.1, 0.02, 200))).toBe('backlogged');
});

test('a closed loop is stable whatever it measured', () => {
  expect(verdictOf(slots(12.7, 1000, 1), 64)).toBe('stable');
});

test('requests cut off before their first token count with the lag they had', () => {
  const columns = slots(12.7, 1000, 1);
  const end = 40;
  const results = { ...columns.results, state: columns.results.state.slice(), first: columns.results.first.slice() };
  for (let i = 0; i < 1000; i++) {
    if (results.finish[i] <= end) continue;
    results.state[i] = STATE_UNFINISHED;
    if (results.first[i] > end) results.first[i] = Number.NaN;
  }
  expect(judge(columns.requests, results, 0, end)).toBe('overloaded');
});

test('a handful of requests and one-token answers get a verdict', () => {
  expect(verdictOf(fromRows([[0, 0.1, 0.2, 5]]))).toBe('stable');
  expect(verdictOf(serve(poisson(500, 5), 1, 0.1, 0, 1))).toBe('stable');
  expect(verdictOf(serve(poisson(500, 15), 1, 0.1, 0, 1))).toBe('overloaded');
});
