// Stages that cost nothing change nothing: an engine in the middle of a pipeline is the engine alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawScenario, type Scenario } from '../engine/random.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { poolOf } from '../reference/plain.ts';

/** What one stage alone says of the requests, read from visit number `before` of each. */
function demandAlone({ requests, setup }: Scenario, before: number, after: number): void {
  // acceptance is drawn by visit: with other stages around them visits have other numbers than requests
  const { speculation: _, ...plainly } = setup;
  const alone = referenceFleet(poolOf(requests, plainly));
  const fleet = referenceFleet(poolOf(requests, plainly, before, after));
  const stages = before + 1 + after;
  for (const column of ['state', 'first', 'finish', 'preemptions'] as const) {
    const got = Array.from(alone.results[column], (_, i) => fleet.results[column][i * stages + before]);
    expect([column, got]).toEqual([column, [...alone.results[column]]]);
  }
  expect([...fleet.arrival]).toEqual([...alone.arrival]);
  expect([...fleet.requestState]).toEqual([...alone.requestState]);
  const engines = (run: typeof alone) => run.clients.slice(0, setup.replicas);
  expect(engines(fleet)).toEqual(engines(alone));
  expect([...fleet.gaps].sort()).toEqual([...alone.gaps].sort());
}

test('the reference with stages before and after that cost nothing is the reference without', () => {
  fc.assert(
    fc.property(drawScenario(true), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), demandAlone),
    { seed: 32, numRuns: 60 },
  );
});
