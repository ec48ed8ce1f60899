// What goes from thread to thread and into files of a row that was run is all of it, bit for bit, and equal rows have it once.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { worthKeeping } from '../../src/run/keep.ts';
import { openSession } from '../../src/run/session.ts';
import { refuse, runOf, type SettledRun, settle } from '../../src/run/settled.ts';
import { openSimulator, simulateClass } from '../../src/run/simulate-row.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { SPACES } from './spaces.ts';

const catalog = openCatalog({});

test('a run that was packed, sent and opened is the run; rows that are equal send one', () => {
  const question = openQuestion(SPACES.cheapest!, 'space.yaml', catalog);
  const simulator = openSimulator(catalog, openSession(catalog));
  const rows = Array.from({ length: question.rows }, (_, row) => row).filter((row) => row % 3 < 2);
  const runs = rows.flatMap((row) => {
    try {
      return [simulateClass(simulator, question.at(row).spec, true)];
    } catch {
      return []; // rows that cannot be
    }
  });
  const sent = structuredClone(runs.map(settle));
  const [given, met] = [true, false].map((which) => sent.filter(({ outcome }) => outcome!.givenUp === which).length);
  expect(Math.min(given!, met!)).toBeGreaterThan(5);
  for (const [i, { found, limits, range }] of runs.entries()) {
    const run = runOf(sent[i]!)!;
    const { outcome, ...opened } = { ...run };
    expect(opened).toEqual(found);
    expect(outcome).toEqual({
      met: found.result.slo_met,
      givenUp: Number.isNaN(found.result.ttft.p99) && found.result.unfinished > 0 && found.result.completed > 0,
      usdPerHour: found.result.usd_per_hour,
      peakKvUse: found.result.peak_kv_use,
    });
    expect(sent[i]!.same).toMatchObject({ limits, range });
  }
  const figures = new Set(sent.map((row) => row.figures));
  expect(figures.size).toBe(new Set(runs.map(({ run }) => run)).size);
  expect(figures.size).toBeLessThan(sent.length - 5);
});

test('a row that cannot be has no run', () => {
  expect(runOf(refuse('too large'))).toBeNull();
});

test('of the runs that were given up those just below the answer are kept first', () => {
  const run = (usdPerHour: number, met: boolean) =>
    ({ outcome: { met, givenUp: !met, usdPerHour, peakKvUse: 0 } }) as unknown as SettledRun;
  const simulated = new Map<number, SettledRun>([[1000, run(100.5, true)]]);
  for (let usd = 1; usd <= 400; usd++) simulated.set(usd, run(usd, false));
  const [best, ...given] = worthKeeping(simulated);
  expect(best).toBe(1000);
  expect(given).toHaveLength(256);
  expect(given.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, i) => 100 - i));
  expect(given[100]).toBe(400);
});
