// Instances over time as lines: every part of every instance once, and what the parts add up to is what the instance did.
import { expect, test } from 'vitest';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import { stateName } from '../../src/report/fleet/requests.ts';
import { timelineLines } from '../../src/report/fleet/timeline-lines.ts';
import { makeFleetRun } from './fixture.ts';

const measured = measureFleet(makeFleetRun());
const rows = [...timelineLines(measured, 'jsonl')].map(
  (line) => JSON.parse(line) as Record<string, number | string | null>,
);

test('one line per instance and part, from the start to the end of the run', () => {
  const { clients, parts, from, to } = measured.timeline;
  expect(rows.length).toBe(clients.length * parts);
  expect([rows[0].from_s, rows[parts - 1].to_s]).toEqual([from, to]);
  expect(new Set(rows.map(({ instance }) => instance)).size).toBe(clients.length);
  for (const [i, row] of rows.entries()) {
    if (i % parts > 0) expect(row.from_s).toBe(rows[i - 1].to_s);
    expect(row.busy_share).toBeGreaterThanOrEqual(0);
    expect(row.busy_share).toBeLessThanOrEqual(1 + 1e-9);
  }
});

test('visits in service, summed over the parts, are the seconds that visits held their places', () => {
  const { program, results } = measured.run;
  const { parts, from, to } = measured.timeline;
  for (const [c, { name }] of program.clients.entries()) {
    const lines = rows.filter(({ instance }) => instance === name);
    const seconds = lines.reduce((sum, row) => sum + Number(row.in_service) * ((to - from) / parts), 0);
    let held = 0;
    for (let v = 0; v < program.visits.count; v++) {
      if (results.client[v] !== c || Number.isNaN(results.start[v])) continue;
      held += (Number.isNaN(results.finish[v]) ? to : results.finish[v]) - results.start[v];
    }
    expect(seconds).toBeCloseTo(held, 6);
  }
});

test('CSV has the same cells under a heading', () => {
  const [heading, first] = [...timelineLines(measured, 'csv')];
  expect(heading).toBe('instance,from_s,to_s,busy_share,in_service,waiting,kv_use\n');
  expect(first.trim().split(',')[0]).toBe(rows[0].instance);
  expect(first.trim().split(',').length).toBe(7);
});

test('every end of a request has a name of its own', () => {
  const names = ['unfinished', 'finished', 'rejected-kv', 'rejected-length', 'unfinished'];
  expect(Array.from({ length: 9 }, (_, state) => stateName(state))).toEqual([
    ...names,
    ...['cancelled', 'unsent', 'rejected-queue', 'timed-out'],
  ]);
});
