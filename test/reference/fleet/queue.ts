// Whose turn it is in the queue of an llm client.
import { type PackingName, ranksRequests } from '../../../src/check/scheduler-lists.ts';
import { mayServe } from './adapters.ts';
import { decodeTokens } from './blocks.ts';
import { expects, leastProduced } from './expect.ts';
import type { Client, Visit } from './state.ts';
import { leastServed } from './tenants.ts';

/** The visit whose turn it is, of those that may be served beside what runs: the first, the one with the least work left, with the smallest priority, or of the tenant that has had least; ties by order of joining. */
export function headOf(client: Client): Visit | undefined {
  if (client.waiting.length <= client.hidden) return undefined;
  return HEADS[client.setup.packing](
    client.waiting.filter((visit) => mayServe(client, visit)),
    client,
  );
}

const HEADS: Readonly<Record<PackingName, (waiting: readonly Visit[], client: Client) => Visit | undefined>> = {
  fcfs: (waiting) => waiting[0],
  'least-work-left': (waiting) => [...waiting].sort((a, b) => countWork(a) - countWork(b) || a.joined - b.joined)[0],
  priority: (waiting) => inOrder(waiting)[0],
  fair: (waiting, client) => leastServed(client, waiting),
};

/** By priority, the smallest first, then by when they first joined. */
function inOrder(visits: readonly Visit[]): Visit[] {
  return [...visits].sort((a, b) => a.priority - b.priority || a.joined - b.joined);
}

/** Which of those that run is preempted first: the last of the order, whoever has answered least, or was admitted last. */
export function nextVictim(client: Client): Visit {
  const { setup, running } = client;
  if (ranksRequests(setup.packing)) return inOrder(running).at(-1)!;
  return choosesVictims(client) ? leastProduced(running) : running.at(-1)!;
}

/** Whether anyone that runs may be preempted, and not whoever was admitted last: of sequences that advance token by token. */
export function choosesVictims(client: Client): boolean {
  return ranksRequests(client.setup.packing) || (expects(client) && decodeTokens(client) === 1);
}

/** Tokens to prefill and to generate. */
function countWork(visit: Visit): number {
  return (isResident(visit) ? 0 : visit.need) + visit.output - visit.generated;
}

/** Its KV is there, in the cache or in host memory; once it was preempted and lost it, it is like any other. */
export function isResident(visit: Visit): boolean {
  return visit.swapped || (visit.resident && !visit.preempted);
}
