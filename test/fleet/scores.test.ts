// Scored routing by one term alone: where several are summed, a term that is slightly off seldom decides.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TERM } from '../../src/check/scheduler-lists.ts';
import { type FleetGroup, VISIT_HOLD, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf } from './cases.ts';
import { listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';

test.each(TERM.names)('%s chooses as the reference does', (term) => {
  fc.assert(
    fc.property(drawProgram(), fc.constantFrom(-1, 1), (drawn, weight) => {
      const isChoice = ({ routing, members }: FleetGroup) =>
        (routing === 'scored' || routing === 'load') &&
        members.every((member) => drawn.clients[member]!.kind === 'llm');
      const groups = drawn.groups.map((group) =>
        isChoice(group)
          ? { ...group, routing: 'scored' as const, refresh: 0, terms: [{ term, weight, norm: 'raw' as const }] }
          : group,
      );
      const program = { ...drawn, groups };
      expect(listDifferences(program, runFleet(program, { leap: 'none' }), referenceFleet(program))).toEqual([]);
    }),
    { numRuns: runs(20) },
  );
});

test('kv-share counts what a sequence that stayed will take in its first decode', () => {
  const stays = [
    { group: 1, prompt: 1, output: 1, flags: VISIT_HOLD, to: [[1, 0.5]] as const },
    { group: 1, prompt: 2, output: 2, flags: VISIT_RESIDENT },
  ];
  const program = programOf({
    clients: [{}, {}],
    groups: [
      { members: [1, 0], routing: 'scored', refresh: 0, terms: [{ term: 'kv-share', weight: -1, norm: 'raw' }] },
      { members: [0] },
      { members: [1] },
    ],
    requests: [
      { at: 0, visits: stays },
      { at: 1, visits: [{ group: 2, prompt: 1, output: 3 }] },
      { at: 1.5, visits: [{ group: 0, prompt: 1, output: 1 }] },
    ],
  });
  // two blocks of the first against one of the second
  const run = runFleet(program, { leap: 'none' });
  expect(run.results.client[3]).toBe(0);
  expect(listDifferences(program, run, referenceFleet(program))).toEqual([]);
});
