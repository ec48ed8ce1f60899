// L9 for fleets: the kernel gives the same result as the reference, which runs every iteration of every client one by one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import { type FleetProgram, VISIT_HOLD } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { drawScenario, type Scenario } from '../engine/random.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { poolOf } from '../reference/plain.ts';
import { programOf } from './cases.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';

const LEAPS = ['none', 'exact'] as const;

function demandSame(program: FleetProgram): void {
  const reference = referenceFleet(program);
  for (const leap of LEAPS) {
    const differences = listDifferences(program, runFleet(program, { leap }), reference);
    if (differences.length === 0) continue;
    throw new Error(`leap ${leap}: ${differences.slice(0, 8).join('; ')}\n${describeProgram(program)}`);
  }
}

/** A pool is the single-stage engine, whatever stands around it and costs nothing. */
function demandPlain(drawn: Scenario, before: number, after: number): void {
  // acceptance is drawn by visit: with other stages around them visits have other numbers than requests
  const { speculation: _, ...plainly } = drawn.setup;
  const scenario = before + after > 0 ? { ...drawn, setup: plainly } : drawn;
  const stages = before + 1 + after;
  for (const leap of LEAPS) {
    const plain = runOnePool(scenario.requests, scenario.setup, { leap });
    const fleet = runFleet(poolOf(scenario.requests, scenario.setup, before, after), { leap });
    for (const column of ['state', 'first', 'finish', 'preemptions'] as const) {
      const got = Array.from(plain.results[column], (_, i) => fleet.results[column][i * stages + before]);
      expect([column, got]).toEqual([column, [...plain.results[column]]]);
    }
    const llm = fleet.clients.slice(0, scenario.setup.replicas);
    for (const counter of ['steps', 'newTokens', 'pairs', 'contextTokens', 'preemptions'] as const) {
      expect([counter, llm.reduce((sum, one) => sum + one[counter], 0)]).toEqual([counter, plain.counters[counter]]);
    }
    expect(Math.max(...llm.map((one) => one.peakBlocks))).toBe(plain.counters.peakBlocks);
  }
}

describe('the fleet kernel', () => {
  test('equals the reference bit for bit, without leaps and with exact ones', () => {
    fc.assert(fc.property(drawProgram(), demandSame), { seed: 50, numRuns: runs(200) });
  });

  test('counts the blocks that were held until the middle of a leap', () => {
    const far = { clients: [{}, { location: 1 }], links: [[1, 0]] as const, paths: [[0, 1, 0]] as const };
    const held = { group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1, 4.5]] as const };
    const requests = [
      { at: 0, visits: [held, { group: 1 }] },
      { at: 0, visits: [{ group: 0, output: 8 }] },
    ];
    // 5 blocks are held until 5.5, in the step in which the other visit takes its 6th; at its end it has 8
    const program = programOf({ ...far, requests });
    expect(referenceFleet(program).clients[0]!.peakBlocks).toBe(11);
    demandSame(program);
  });

  test('keeps every transfer of a store of many tiers at once', () => {
    const ids = [0, 1, 2, 3, 4];
    const tiers = (link: number) => ids.map((k) => ({ name: `tier ${k}`, blocks: k + 1, latency: 10, link }));
    const fetch = {
      at: 5,
      visits: [
        { group: 1, hashes: ids, fetches: 1, to: [[1]] as const },
        { group: 0, prompt: 9 },
      ],
    };
    const write = { at: 0, visits: [{ group: 0, hashes: ids, writes: 1 }] };
    const requests = [write, ...Array.from({ length: 60 }, () => fetch)];
    // each look-up finds one block in every tier: 300 transfers, or deliveries, under way
    for (const link of [0, -1]) {
      const clients = [{}, { kind: 'store' as const, tiers: tiers(link) }];
      demandSame(programOf({ clients, links: [[1, 0]], requests, hashBlock: 1, storeBytesPerToken: 1 }));
    }
  });

  test('of one pool equals the single-stage engine', () => {
    fc.assert(
      fc.property(drawScenario(true), (scenario) => demandPlain(scenario, 0, 0)),
      { seed: 51, numRuns: runs(30) },
    );
  });

  test('with stages before and after that cost nothing equals it too', () => {
    const stages = fc.integer({ min: 0, max: 2 });
    fc.assert(fc.property(drawScenario(true), stages, stages, demandPlain), { seed: 52, numRuns: runs(30) });
  });
});
