// How visits are spread over the instances of a pool: the policy by its word, and what belongs to it.
import { show } from '../../check/issue.ts';
import {
  NORM,
  type NormName,
  settlesTies,
  splitsMembers,
  TERM,
  type Term,
  weighsTerms,
} from '../../check/scheduler-lists.ts';
import { measured } from '../../check/units.ts';
import type { Path } from '../document.ts';
import { number, type Part } from '../world.ts';
import type { Ledger } from './ledger.ts';
import type { RoutingSpec } from './types.ts';
import { ROUTING_WORDS } from './words.ts';

export function readRouting(input: unknown, path: Path, ledger: Ledger): RoutingSpec {
  const written: Part = typeof input === 'string' ? { policy: input } : ((input as Part | undefined) ?? {});
  const { policy, metric } = ROUTING_WORDS[(written.policy as string | undefined) ?? 'round-robin']!;
  const refuse = (key: string, expected: string) =>
    written[key] !== undefined && ledger.add({ path: [...path, key], expected, received: show(written[key]) });
  if (!splitsMembers(policy)) {
    refuse('threshold', 'no threshold: only heavy-light routing has one');
    refuse('light', 'no light instances: only heavy-light routing has them');
  }
  if (!settlesTies(policy)) refuse('metric', 'no metric: the policy names it');
  const terms = readTerms(written.terms as Part | undefined);
  if (!weighsTerms(policy)) {
    refuse('terms', 'no terms: only scored routing weighs them');
    refuse('refresh', 'no refresh: only scored routing has one');
  } else if (terms.length === 0) {
    const expected = `terms of scored routing and their weights, such as {policy: ${policy}, terms: {queue: 1, prefix: -2}}`;
    ledger.add({ path, expected, received: show(input) });
  }
  return {
    policy,
    metric: (written.metric as RoutingSpec['metric'] | undefined) ?? metric,
    threshold: written.threshold === undefined ? null : number(written.threshold, 0),
    light: written.light === undefined ? null : number(written.light, 0),
    terms,
    refresh: written.refresh === undefined ? 0 : measured(written.refresh, 'time'),
  };
}

/** In the order of the list, whatever the order in the document: sums are rounded in that order. */
function readTerms(written: Part = {}): Term[] {
  return TERM.names.flatMap((term): Term[] => {
    const { [term]: value } = written;
    if (value === undefined) return [];
    const { weight, norm } = typeof value === 'object' ? (value as Part) : { weight: value, norm: undefined };
    return [{ term, weight: weight as number, norm: (norm as NormName | undefined) ?? NORM.names[0]! }];
  });
}
