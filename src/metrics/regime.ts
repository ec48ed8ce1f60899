// The regime of a run: what decides how far its figures are off beside what its prices rest on.
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { ClientCounters } from './fleet/types.ts';

/**
 * In the order in which they are looked for: a run has the first that it is in, and `plain` is none of the others. They look at nothing
 * but the deployment and what its engines did, never at limits that were not met: runs that settle one another have one regime.
 */
export const REGIMES = {
  apart: 'prefill and decode run apart',
  crowded: 'hundreds of sequences at a time on an engine',
  plain: 'none of the other regimes',
} as const;
export type Regime = keyof typeof REGIMES;

/** Sequences in a step, on average over its busy time, from which on an engine is crowded: closed loops were fitted up to here. */
const CROWD = 128;

/** The regime of a run of these clients; `apart`: its fleet has pools for prompts alone. */
export function regimeOf(
  clients: readonly { readonly kind: string }[],
  counters: readonly Pick<ClientCounters, 'runningSeconds' | 'busySeconds'>[],
  apart: boolean,
): Regime {
  if (apart) return 'apart';
  const isCrowded = (c: number) => counters[c]!.runningSeconds > CROWD * counters[c]!.busySeconds;
  return clients.some(({ kind }, c) => kind === 'llm' && isCrowded(c)) ? 'crowded' : 'plain';
}

/** Whether a fleet has pools for prompts alone. */
export function isApart({ pools }: Pick<FleetSpec, 'pools'>): boolean {
  return pools.some((pool) => pool.kind === 'llm' && pool.role === 'prefill');
}
