// Hash blocks go by in runs of ids in a row, and caches and stores keep them as extents: what ids are called must change nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HASH_RUN_BYTES, HASH_RUN_END, HASH_RUN_ID, HASH_RUN_SEGMENT } from '../../assembly/layout/fleet.ts';
import { conversations, programOf as programOfSpec } from '../../bench/fleet-specs.ts';
import type { FleetProgram } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { hashRunsOf } from '../../src/run/hash-runs.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';

/** The same program with other names for its hash blocks: ids in groups of at most `length`, in an order that `seed` draws. */
function renumber(program: FleetProgram, length: number, seed: number): FleetProgram {
  let state = seed >>> 0;
  const draw = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const groups: number[][] = [];
  for (let id = 0; id < program.hashCount; ) {
    const size = Math.min(1 + draw(length), program.hashCount - id);
    groups.push(Array.from({ length: size }, (_, i) => id + i));
    id += size;
  }
  for (let i = groups.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    [groups[i], groups[j]] = [groups[j]!, groups[i]!];
  }
  const names = new Int32Array(program.hashCount);
  groups.flat().forEach((id, name) => {
    names[id] = name;
  });
  const hashIds = program.visits.hashIds.map((id) => names[id]!);
  const clients = program.clients.map((client) => ({
    ...client,
    tiers: client.tiers.map((tier) => (tier.held ? { ...tier, held: tier.held.map((id) => names[id]!) } : tier)),
  }));
  return { ...program, clients, visits: { ...program.visits, hashIds } };
}

/** The same with lists that are no chains of prefixes: every other visit begins with another of its ids. */
function turn(program: FleetProgram): FleetProgram {
  const { visits } = program;
  const hashIds = visits.hashIds.slice();
  for (let v = 0; v < visits.count; v++) {
    const ids = visits.hashIds.subarray(visits.hashAt[v], visits.hashAt[v + 1]);
    hashIds.set([...ids.subarray(v % 4), ...ids.subarray(0, v % 4)], visits.hashAt[v]);
  }
  return { ...program, visits: { ...visits, hashIds } };
}

function demandReference(program: FleetProgram, length: number, seed: number): void {
  const turned = turn(renumber(program, length, seed));
  expect(listDifferences(turned, runFleet(turned, { leap: 'exact' }), referenceFleet(turned))).toEqual([]);
}

function demandSame(program: FleetProgram, length: number, seed: number): void {
  const named = renumber(program, length, seed);
  for (const leap of ['none', 'exact'] as const) {
    const { results, clients, requestState } = runFleet(program, { leap });
    const other = runFleet(named, { leap });
    expect(other.results).toEqual(results);
    expect(other.clients).toEqual(clients);
    expect(other.requestState).toEqual(requestState);
  }
}

describe('runs of hash ids', () => {
  test('give every visit its ids again, each run the front of its segment', () => {
    const check = (drawn: FleetProgram, length: number, seed: number) => {
      const { visits, hashCount } = turn(renumber(drawn, length, seed));
      const { at, records } = hashRunsOf(visits, hashCount);
      const firsts = new Map<number, number>();
      const segments = new Map<number, number>();
      for (let v = 0; v < visits.count; v++) {
        const ids: number[] = [];
        for (let run = at[v]!; run < at[v + 1]!; run++) {
          const [id, end, segment] = [HASH_RUN_ID, HASH_RUN_END, HASH_RUN_SEGMENT].map(
            (cell) => records[(run * HASH_RUN_BYTES + cell) / 4]!,
          );
          const first = firsts.get(segment!) ?? id!;
          expect(id).toBe(first);
          firsts.set(segment!, first);
          for (let name = id!; ids.length < end!; name++) {
            expect(segments.get(name) ?? segment).toBe(segment);
            segments.set(name, segment!);
            ids.push(name);
          }
        }
        expect(ids).toEqual([...visits.hashIds.subarray(visits.hashAt[v], visits.hashAt[v + 1])]);
      }
    };
    fc.assert(fc.property(drawProgram(), fc.integer({ min: 1, max: 9 }), fc.nat(), check), {
      seed: 80,
      numRuns: runs(30),
    });
  });

  test('change nothing when blocks have other names, in any fleet', () => {
    fc.assert(fc.property(drawProgram(), fc.integer({ min: 1, max: 9 }), fc.nat(), demandSame), {
      seed: 81,
      numRuns: runs(80),
    });
  });

  test('are what the reference sees block by block, where no list is a chain of prefixes', () => {
    const length = fc.constantFrom(1, 4, 99);
    fc.assert(fc.property(drawProgram(), length, fc.nat(), demandReference), { seed: 82, numRuns: runs(80) });
  });

  test('change nothing in conversations whose caches are too small for them', () => {
    for (const tokens of [undefined, 256]) {
      const text = conversations(1500, tokens);
      const program = programOfSpec(text.replace('{profile: vllm-0.19}', '{profile: vllm-0.19, num_gpu_blocks: 700}'));
      expect(program.clients[0]!.numGpuBlocks).toBe(700);
      expect(program.hashCount).toBeGreaterThan(1000);
      for (const length of [1, 20]) demandSame(program, length, length);
    }
  });
});
