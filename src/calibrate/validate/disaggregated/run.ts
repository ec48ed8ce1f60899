// Simulates prefill workers that hand KV caches over to decode workers, event by event (data/cases/SCHEMA.md section 4).
import type { Requests } from '../../../workload/types.ts';
import { endDecode, formDecode, startTransfers } from './decode.ts';
import { type KvLink, nextEnd, takeEnded } from './kv-link.ts';
import { endPrefill, formPrefill, promptBlocks, routeToPrefill } from './prefill.ts';
import { type DisaggregatedRun, type DisaggregatedSetup, openWorld, send, type World } from './world.ts';

/** A closed loop of `requests.concurrency` requests, to its end. Final lengths must fit in the blocks of a decode group. */
export function runDisaggregated(requests: Requests, setup: DisaggregatedSetup): DisaggregatedRun {
  const world = openWorld(requests, setup);
  for (let i = Math.min(requests.concurrency, requests.count); i > 0; i--) send(world, 0);
  settle(world, 0);
  for (let now = nextInstant(world); now < Number.POSITIVE_INFINITY; now = nextInstant(world)) {
    for (const worker of world.prefill) if (worker.end <= now) endPrefill(world, worker, now);
    for (const links of world.links)
      for (const link of links) if (link && nextEnd(link) <= now) endTransfers(world, link, now);
    for (const worker of world.decode) if (worker.end <= now) endDecode(world, worker, now);
    settle(world, now);
  }
  return world.run;
}

function nextInstant(world: World): number {
  let next = Number.POSITIVE_INFINITY;
  for (const worker of world.prefill) next = Math.min(next, worker.end);
  for (const worker of world.decode) next = Math.min(next, worker.end);
  for (const links of world.links) for (const link of links) if (link) next = Math.min(next, nextEnd(link));
  return next;
}

/** After all that ended at `now`: route, move, form; again while requests end as they join, which makes room and sends more. */
function settle(world: World, now: number): void {
  let over: number;
  do {
    over = world.over;
    while (world.routed < world.sent) routeToPrefill(world, world.routed++);
    for (const worker of world.decode) for (const group of worker.groups) startTransfers(world, group, now);
    for (const worker of world.prefill) if (worker.end === Number.POSITIVE_INFINITY) formPrefill(world, worker, now);
    for (const worker of world.decode) if (worker.end === Number.POSITIVE_INFINITY) formDecode(world, worker, now);
  } while (world.over > over);
}

/** The last byte is there: the prefill worker forgets the prompt, the decode worker may run it. */
function endTransfers(world: World, link: KvLink, now: number): void {
  for (const request of takeEnded(link, now)) {
    world.run.moved[request] = now;
    world.prefill[world.from[request]].groups[world.fromGroup[request]].used -= promptBlocks(world, request);
    world.decode[world.to[request]].groups[world.toGroup[request]].ready.push(request);
  }
}
