// Random groups: who is chosen among, and by what.
import fc from 'fast-check';
import {
  LOAD,
  NORM,
  ROUTING,
  splitsMembers,
  TERM,
  type Term,
  type TermName,
  weighsTerms,
} from '../../src/check/scheduler-lists.ts';
import type { FleetClient, FleetGroup } from '../../src/plan/fleet.ts';
import { drawWord } from '../engine/random.ts';
import { groupOf } from './cases.ts';

/** Terms of a scored choice, in the order of the list. */
function drawTerms(): fc.Arbitrary<Term[]> {
  const one = (term: TermName) =>
    fc.record({
      term: fc.constant(term),
      weight: fc.constantFrom(-2, -1, -0.25, 0.25, 1, 3),
      norm: drawWord(NORM),
    });
  return fc.subarray([...TERM.names], { minLength: 1, maxLength: 4 }).chain((terms) => fc.tuple(...terms.map(one)));
}

/** A group over any of `clients`, or over the instances that these belong to; one of two halves needs two. */
export function drawGroup(clients: readonly number[], llms: readonly FleetClient[]): fc.Arbitrary<FleetGroup> {
  const firstOf = (index: number) => index - (llms[index]!.rank?.at ?? 0);
  return fc
    .record({
      members: fc.oneof(
        fc.shuffledSubarray([...clients], { minLength: 1 }),
        fc.shuffledSubarray([...clients], { minLength: clients.length }),
      ),
      routing: drawWord(ROUTING),
      metric: drawWord(LOAD),
      threshold: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 40 })),
      split: fc.nat(3),
      instances: fc.boolean(),
      terms: drawTerms(),
      refresh: fc.constantFrom(0, 0, 0.5, 2),
    })
    .map(({ split, members: any, routing, terms, refresh, instances, ...rest }) => {
      const scored = weighsTerms(routing);
      const members = instances && !scored ? [...new Set(any.map(firstOf))] : any;
      const possible = splitsMembers(routing) && members.length < 2 ? 'load' : routing;
      const light = 1 + (split % Math.max(1, members.length - 1));
      const own = scored ? { terms, refresh } : { instances };
      return groupOf({ ...rest, ...own, members, routing: possible, light });
    });
}
