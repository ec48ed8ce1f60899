// One pool of plain visits is the single-stage engine, and stages that cost nothing change nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Scenario } from '../engine/random.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { referenceRun } from '../reference/simulate.ts';
import { drawPool, poolOf } from './pool.ts';

/** What a plain run says of the requests, read from the fleet's visit number `before` of each. */
function demandPlain(drawn: Scenario, before: number, after: number): void {
  // acceptance is drawn by visit: with other stages around them visits have other numbers than requests
  const { speculation: _, ...plainly } = drawn.setup;
  const scenario = before + after > 0 ? { ...drawn, setup: plainly } : drawn;
  const plain = referenceRun(scenario.requests, scenario.setup);
  const fleet = referenceFleet(poolOf(scenario, before, after));
  const stages = before + 1 + after;
  for (const column of ['state', 'first', 'finish', 'preemptions'] as const) {
    const got = Array.from(plain.results[column], (_, i) => fleet.results[column][i * stages + before]);
    expect([column, got]).toEqual([column, [...plain.results[column]]]);
  }
  expect([...fleet.arrival]).toEqual([...plain.results.arrival]);
  expect([...fleet.requestState]).toEqual([...plain.results.state]);
  const llm = fleet.clients.slice(0, scenario.setup.replicas);
  for (const counter of ['steps', 'newTokens', 'pairs', 'contextTokens', 'preemptions'] as const) {
    expect([counter, llm.reduce((sum, one) => sum + one[counter], 0)]).toEqual([counter, plain.counters[counter]]);
  }
  expect(Math.max(...llm.map((one) => one.peakBlocks))).toBe(plain.counters.peakBlocks);
  expect([...fleet.gaps].sort()).toEqual([...plain.gaps].sort());
}

describe('the reference fleet', () => {
  test('of one pool equals the plain reference', () => {
    fc.assert(
      fc.property(drawPool(), (scenario) => demandPlain(scenario, 0, 0)),
      { seed: 31, numRuns: 60 },
    );
  });

  test('with stages before and after that cost nothing equals it too', () => {
    fc.assert(fc.property(drawPool(), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), demandPlain), {
      seed: 32,
      numRuns: 60,
    });
  });
});
