// L15: nothing is read before it is written. Turns of conversations on the reference, and the kernel that equals it bit for bit.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STATE_UNSENT } from '../../assembly/layout/enums.ts';
import type { FleetProgram } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import type { Visit, World } from '../reference/fleet/state.ts';
import { listDifferences } from './compare.ts';
import { drawConversations } from './conversations.ts';

/** Tokens of every visit's text whose KV was computed by now, or is by a step under way. */
function openWritten(program: FleetProgram) {
  const written = new Int32Array(program.visits.count);
  const note = ({ index, past }: Visit, more: number) => {
    written[index] = Math.max(written[index]!, past + more);
  };
  return {
    written,
    look({ visits, clients }: World) {
      for (const visit of visits) note(visit, 0);
      for (const { busy } of clients) for (const { visit, tokens } of busy?.formed.chunks ?? []) note(visit, tokens);
    },
  };
}

/** Leading blocks that two visits have in common. */
function countShared(a: Visit, b: Visit): number {
  const differ = a.hashes.findIndex((id, block) => b.hashes[block] !== id);
  return differ < 0 ? a.hashes.length : differ;
}

function demandWritten(program: FleetProgram): number {
  const { written, look } = openWritten(program);
  let hits = 0;
  let world: World | undefined;
  referenceFleet(
    program,
    (at) => {
      world = at;
      look(at);
    },
    (_, { formed }) => {
      for (const { visit, skip } of formed.admitted) {
        if (skip === 0 || visit.preempted) continue;
        hits++;
        look(world!); // what ended at this very instant
        const blocks = Math.ceil(skip / program.hashBlock);
        const source = world!.visits.some((other) => {
          return other !== visit && countShared(other, visit) >= blocks && written[other.index]! >= skip;
        });
        if (!source) throw new Error(`visit ${visit.index} reads ${skip} tokens that nobody has written`);
      }
    },
  );
  return hits;
}

/** What a store holds from the beginning nobody of the run has written. */
const emptied = (program: FleetProgram): FleetProgram => ({
  ...program,
  clients: program.clients.map((one) => ({ ...one, tiers: one.tiers.map(({ held: _, ...tier }) => tier) })),
});

test('what a turn finds in a cache or a store was computed before', () => {
  let hits = 0;
  fc.assert(
    fc.property(drawConversations().map(emptied), (program) => {
      hits += demandWritten(program);
    }),
    { seed: 60, numRuns: runs(150) },
  );
  expect(hits).toBeGreaterThan(75);
});

test('the kernel equals the reference bit for bit, without leaps and with exact ones', () => {
  let unsent = 0;
  fc.assert(
    fc.property(drawConversations(), (program) => {
      const reference = referenceFleet(program);
      if (reference.requestState.includes(STATE_UNSENT)) unsent++;
      for (const leap of ['none', 'exact'] as const) {
        expect(listDifferences(program, runFleet(program, { leap }), reference)).toEqual([]);
      }
    }),
    { seed: 62, numRuns: runs(160) },
  );
  expect(unsent).toBeGreaterThan(3);
});
