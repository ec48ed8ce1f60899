// Draws failures of the instances of a random fleet.
import fc from 'fast-check';
import { isBatchOfOne, splitsMembers } from '../../src/check/scheduler-lists.ts';
import { type FleetOutage, type FleetProgram, instanceFrom } from '../../src/plan/fleet.ts';

/** By instance, in turn: how long after the one before each comes, and how long it lasts. */
export type DrawnOutages = readonly { readonly at: number; readonly of: number; readonly lasts: number }[];

export function drawOutages(): fc.Arbitrary<DrawnOutages> {
  const seconds = (most: number) =>
    fc.oneof(
      fc.integer({ min: 0, max: 4 * most }).map((quarter) => quarter / 4),
      fc.double({ min: 0, max: most, noNaN: true }),
    );
  const outage = fc.record({
    at: seconds(12),
    of: fc.nat(5),
    lasts: fc.oneof(fc.constant(0), seconds(2), seconds(20)),
  });
  return fc.array(outage, { minLength: 1, maxLength: 6 });
}

/** The program with the failures that were drawn for it: of engines whose batches do not go on whoever left them. */
export function failProgram(program: FleetProgram, drawn: DrawnOutages): FleetProgram {
  const { clients, groups } = program;
  const firsts = clients.flatMap(({ kind, rank, batching }, c) =>
    kind === 'llm' && (rank?.at ?? 0) === 0 && !isBatchOfOne(batching) ? [c] : [],
  );
  if (firsts.length === 0) return program;
  const outages = drawn
    .map(({ at, of, lasts }): FleetOutage => ({ time: at, client: firsts[of % firsts.length]!, lasts }))
    .sort((a, b) => a.time - b.time);
  const firstsOf = [
    ...outages.map(({ client }) => client),
    ...(program.scalers ?? []).flatMap(({ members }) => members),
  ];
  const failing = firstsOf.flatMap((client) => instanceFrom(clients, client));
  return {
    ...program,
    outages,
    // halves of fixed size are not for members that stop
    groups: groups.map((group) =>
      splitsMembers(group.routing) && group.members.some((member) => failing.includes(member))
        ? { ...group, routing: 'load' }
        : group,
    ),
  };
}
