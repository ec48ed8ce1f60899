// The verdict where it turns, on rows worked out by hand: noise, few requests, runs cut off, and queues just long enough.
import { expect, test } from 'vitest';
import { STATE_UNFINISHED } from '../../assembly/layout/enums.ts';
import { judge } from '../../src/metrics/verdict.ts';
import { fromRows } from './columns.ts';

interface Row {
  readonly ttft?: number;
  readonly tpot?: number;
  readonly output?: number;
  /** The run ended before it did; with or without a first token. */
  readonly cut?: 'waiting' | 'running';
}

/** One request a second, from second 100 on: what each saw, by its place. */
function verdictOf(count: number, of: (i: number) => Row, end = 1000) {
  const list = Array.from({ length: count }, (_, i) => ({ ttft: 0.1, tpot: 0.1, output: 11, ...of(i) }));
  const { requests, results } = fromRows(
    list.map(({ ttft, tpot, output }, i) => [100 + i, 100 + i + ttft, 100 + i + ttft + tpot * (output - 1), output]),
  );
  for (const [i, { cut }] of list.entries()) {
    if (cut === undefined) continue;
    results.state[i] = STATE_UNFINISHED;
    results.finish[i] = Number.NaN;
    if (cut === 'waiting') results.first[i] = Number.NaN;
  }
  return judge(requests, results, 0, end);
}

test('what stays the same is stable, whenever it was and however the answers grow', () => {
  expect(verdictOf(40, () => ({}))).toBe('stable');
  expect(verdictOf(40, (i) => ({ tpot: 10, output: 11 + i }))).toBe('stable');
});

test('lag that grows by more than 0.05 s per second is an overload: of first tokens, or of a request of mean length', () => {
  expect(verdictOf(40, (i) => ({ ttft: 0.1 + 0.09 * i }))).toBe('overloaded');
  expect(verdictOf(40, (i) => ({ ttft: 0.1 + 0.03 * i }))).toBe('stable');
  expect(verdictOf(40, (i) => ({ tpot: 0.1 + 0.1 * i, output: 2 }))).toBe('overloaded');
  expect(verdictOf(40, (i) => ({ tpot: 0.1 + 0.03 * i, output: 2 }))).toBe('stable');
});

test('growth counts only where it is clear of the noise', () => {
  expect(verdictOf(40, (i) => ({ ttft: 6 + 0.1 * i + (i % 2 ? 5 : -5) }))).toBe('stable');
  expect(verdictOf(40, (i) => ({ ttft: 6 + 0.1 * i + (i % 2 ? 0.05 : -0.05) }))).toBe('overloaded');
});

test('a queue that grew and stays is no overload; both halves must grow', () => {
  expect(verdictOf(40, (i) => ({ ttft: 0.1 + 0.5 * Math.min(i, 20) }))).toBe('stable');
  expect(verdictOf(40, (i) => ({ ttft: 10 + 0.5 * Math.max(0, i - 20) }))).toBe('overloaded');
});

test('fewer than sixteen requests in the second half show no trend', () => {
  const growing = (i: number) => ({ ttft: 0.1 + i });
  expect([30, 31].map((count) => verdictOf(count, growing))).toEqual(['backlogged', 'overloaded']);
});

test('of a run that was cut off, those that wait have waited until then, and those that run are known by their first token', () => {
  expect(verdictOf(40, (i) => (i < 20 ? {} : { cut: 'waiting' }))).toBe('backlogged');
  expect(verdictOf(40, (i) => (i < 20 ? {} : { cut: 'running' }))).toBe('stable');
  // nothing ended: the last cohort of eight waited for 5.5 s on average, the first for 37.5 s
  expect(verdictOf(40, () => ({ cut: 'waiting' }), 141)).toBe('backlogged');
  // those that had not come yet when it ended say nothing
  expect(verdictOf(40, (i) => (i < 20 ? {} : { cut: 'waiting' }), 120)).toBe('stable');
});

test('a cohort is a backlog from three times the service on: the first token of the quietest, and the mean decode', () => {
  const late = (seconds: number) => (i: number) => ({ ttft: i >= 16 && i < 24 ? 1 + seconds : 1, tpot: 0.1 });
  expect(verdictOf(40, late(5.9))).toBe('stable'); // 3 x (1 s + 1 s)
  expect(verdictOf(40, late(6.1))).toBe('backlogged');
});
