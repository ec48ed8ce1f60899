// Draws who starts and stops instances of a random fleet, and makes its groups ones that always have somebody who is on.
import fc from 'fast-check';
import { measuresShare, SCALING, splitsMembers } from '../../src/check/scheduler-lists.ts';
import type { FleetGroup, FleetProgram, FleetScaler } from '../../src/plan/fleet.ts';
import { drawWord } from '../engine/random.ts';

export interface DrawnScaling {
  /** By instance, in turn: whether a scaler has it, and which. */
  readonly has: readonly boolean[];
  readonly scalers: readonly Drawn[];
}

type Drawn = Omit<FleetScaler, 'name' | 'members' | 'least'> & { readonly least: number };

/** `seconds`: times as the program draws them. */
export function drawScaling(seconds: (most: number) => fc.Arbitrary<number>): fc.Arbitrary<DrawnScaling | null> {
  const scaler = fc
    .record({
      policy: drawWord(SCALING),
      least: fc.constantFrom(1, 1, 1, 2, 9),
      share: fc.constantFrom(0.05, 0.25, 0.5, 0.9),
      visits: fc.constantFrom(0.5, 1, 1, 2, 3),
      tolerance: fc.constantFrom(0, 0, 0.1),
      interval: fc.oneof(fc.constantFrom(0.25, 0.5, 1, 3), fc.double({ min: 0.2, max: 3, noNaN: true })),
      start: fc.oneof(fc.constant(0), seconds(2), seconds(4)),
      outLooks: fc.constantFrom(1, 1, 2, 3),
      inLooks: fc.constantFrom(1, 1, 2, 4),
      mostOut: fc.constantFrom(1, 2, 99),
      mostIn: fc.constantFrom(1, 2, 99),
    })
    .map(({ share, visits, ...rest }) => ({ ...rest, target: measuresShare(rest.policy) ? share : visits }));
  const some = fc.record({
    has: fc.array(
      fc.boolean().map((not) => !not),
      { minLength: 4, maxLength: 4 },
    ),
    scalers: fc.array(scaler, { minLength: 1, maxLength: 2 }),
  });
  return fc.option(some, { nil: null });
}

/** The program with the scalers that were drawn for it; itself where none of its instances can have one. */
export function scaleProgram(program: FleetProgram, drawn: DrawnScaling | null): FleetProgram {
  const free = program.clients.flatMap(({ kind, channel, rank }, c) =>
    kind === 'llm' && channel < 0 && (rank?.at ?? 0) === 0 ? [c] : [],
  );
  const taken = free.filter((_, i) => drawn?.has[i % drawn.has.length]);
  if (!drawn || taken.length === 0) return program;
  // the first gets all but one of several, so that something can happen
  const cut = drawn.scalers.length > 1 && taken.length > 2 ? taken.length - 1 : taken.length;
  const scalers = [taken.slice(0, cut), taken.slice(cut)].flatMap((members, i): FleetScaler[] => {
    const rule = drawn.scalers[i];
    if (!rule || members.length === 0) return [];
    return [{ ...rule, name: `scaler ${i}`, members, least: Math.min(rule.least, members.length) }];
  });
  return { ...program, scalers, groups: program.groups.map((group) => staffGroup(group, program, scalers)) };
}

/** Somebody of every group is always on; halves of fixed size are not for members that stop. */
function staffGroup(group: FleetGroup, { clients }: FleetProgram, scalers: readonly FleetScaler[]): FleetGroup {
  const instanceOf = (client: number) => client - (clients[client]!.rank?.at ?? 0);
  const scalerOf = (client: number) => scalers.find(({ members }) => members.includes(instanceOf(client)));
  const isOff = (client: number) => {
    const scaler = scalerOf(client);
    return scaler !== undefined && scaler.members.indexOf(instanceOf(client)) >= scaler.least;
  };
  if (!group.members.some(isOff)) return group;
  const members = group.members.every(isOff)
    ? [...group.members, scalerOf(group.members[0]!)!.members[0]!]
    : group.members;
  return { ...group, members, routing: splitsMembers(group.routing) ? 'load' : group.routing };
}
