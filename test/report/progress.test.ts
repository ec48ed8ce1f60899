// Lines of progress: the rate of late, and what is left at it; what was known before is no pace.
import { expect, test } from 'vitest';
import { openProgress } from '../../src/report/progress.ts';

function openTold() {
  let clock = 0;
  const lines: string[] = [];
  const progress = openProgress(
    false,
    (line) => lines.push(line),
    () => clock,
  );
  return {
    lines,
    /** One update a second, `rate` more each. */
    run(seconds: number, from: number, rate: number, total: number, words = 'simulating'): number {
      let done = from;
      for (let i = 0; i < seconds; i++) {
        clock += 1000;
        done += rate;
        progress.update(done, total, words);
      }
      return done;
    },
  };
}

test('rate and time left, of the last half minute', () => {
  const told = openTold();
  const done = told.run(60, 0, 100, 20_000);
  expect(told.lines.at(-1)).toBe('simulating: 6,000 of 20,000, 100/s, 2 min 20 s left at this rate\n');
  told.run(40, done, 250, 20_000);
  expect(told.lines.at(-1)).toBe('simulating: 16,000 of 20,000, 250/s, 16.0 s left at this rate\n');
});

test('work that was finished before comes at once, and is no pace of this run', () => {
  const told = openTold();
  told.run(1, 1_000_000, 0, 1_001_000);
  told.run(20, 1_000_000, 10, 1_001_000);
  expect(told.lines.at(-1)).toBe('simulating: 1,000,190 of 1,001,000, 10/s, 1 min 21 s left at this rate\n');
});

test('a stage of its own has a pace of its own', () => {
  const told = openTold();
  told.run(30, 0, 1000, 50_000, 'screening');
  told.run(6, 0, 2, 100);
  expect(told.lines.at(-1)).toBe('simulating: 10 of 100, 2/s, 45.0 s left at this rate\n');
});
