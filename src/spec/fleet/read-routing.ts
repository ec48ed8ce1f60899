// How visits are spread over the instances of a pool: the policy by its word, and what belongs to it.
import { show } from '../../check/issue.ts';
import { settlesTies, splitsMembers } from '../../check/scheduler-lists.ts';
import type { Path } from '../document.ts';
import { number, type Part } from '../world.ts';
import type { Ledger } from './ledger.ts';
import type { RoutingSpec } from './types.ts';
import { ROUTING_WORDS } from './words.ts';

export function readRouting(input: unknown, path: Path, ledger: Ledger): RoutingSpec {
  const written: Part = typeof input === 'string' ? { policy: input } : ((input as Part | undefined) ?? {});
  const { policy, metric } = ROUTING_WORDS[(written.policy as string | undefined) ?? 'round-robin'];
  const refuse = (key: string, expected: string) =>
    written[key] !== undefined && ledger.add({ path: [...path, key], expected, received: show(written[key]) });
  if (!splitsMembers(policy)) {
    refuse('threshold', 'no threshold: only heavy-light routing has one');
    refuse('light', 'no light instances: only heavy-light routing has them');
  }
  if (!settlesTies(policy)) refuse('metric', 'no metric: the policy names it');
  return {
    policy,
    metric: (written.metric as RoutingSpec['metric'] | undefined) ?? metric,
    threshold: written.threshold === undefined ? null : number(written.threshold, 0),
    light: written.light === undefined ? null : number(written.light, 0),
  };
}
