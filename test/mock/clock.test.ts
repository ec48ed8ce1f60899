// The clock of the mock server: whatever comes late, calls come in order of time.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { manualClock, wallClock } from '../../src/commands/mock-clock.ts';

test('what has passed already does not overtake what is due before it', async () => {
  const clock = wallClock();
  const called: number[] = [];
  const note = (time: number) => clock.at(time, () => called.push(time));
  note(0.004);
  while (clock.now() < 0.02); // the thread is busy: nothing can be called
  note(0.009);
  note(0.001);
  expect(called).toEqual([]);
  await sleep(30);
  expect(called).toEqual([0.001, 0.004, 0.009]);
});

test('calls wait for their time, those of one time in the order they came, and calls may ask for more', async () => {
  const clock = wallClock();
  const called: string[] = [];
  const early: boolean[] = [];
  const note = (time: number, name: string, then = () => {}) =>
    clock.at(time, () => {
      called.push(name);
      early.push(clock.now() < time);
      then();
    });
  note(0.03, 'c');
  note(0.01, 'a', () => note(0.01, 'a again'));
  note(0.03, 'd');
  note(0.02, 'b');
  while (called.length < 5) await sleep(5);
  expect(called).toEqual(['a', 'a again', 'b', 'c', 'd']);
  expect(early).toEqual([false, false, false, false, false]);
});

test('by hand', () => {
  const clock = manualClock();
  const called: number[] = [];
  for (const time of [3, 1, 2]) clock.at(time, () => called.push(clock.now()));
  clock.moveTo(2);
  expect(called).toEqual([1, 2]);
  clock.moveTo(10);
  expect(called).toEqual([1, 2, 3]);
  expect(clock.now()).toBe(10);
});
