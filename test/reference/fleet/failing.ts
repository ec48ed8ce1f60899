// Instances that fail: what becomes of the requests that had a part there.
import { STATE_FAILED, STATE_FINISHED, STATE_PENDING } from '../../../assembly/layout/enums.ts';
import { abandon, closeRequest, isPending } from './deliver.ts';
import type { Client, Visit, World } from './state.ts';

/** Every request of which an instance that fails has a part fails, in order, unless it has its answer; nothing of it goes on. */
export function failRequests(world: World, clients: readonly Client[], now: number): void {
  const there = world.visits.filter(
    (visit) =>
      clients.includes(visit.client!) &&
      (isPending(world, visit) ||
        (world.results.state[visit.index] === STATE_FINISHED && visit.hold && visit.holders > 0 && !visit.leaves)),
  );
  for (const request of new Set(there.map((visit) => visit.request))) {
    if (!there.some((visit) => visit.request === request && isStillThere(world, visit))) continue;
    const open = world.requestState[request] === STATE_PENDING;
    if (open) world.failedAt[world.program.requests.last[request]!] = now;
    abandon(world, request);
    if (open) closeRequest(world, request, STATE_FAILED, now);
  }
}

/** What is there of a request may have ended with another one that failed before it. */
function isStillThere(world: World, visit: Visit): boolean {
  return isPending(world, visit) || visit.holders > 0;
}
