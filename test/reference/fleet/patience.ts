// Clients that leave without their answer, straight from the rules: what waits goes at once, what runs when its step ends.
import { STATE_FAILED, STATE_PENDING, STATE_TIMED_OUT } from '../../../assembly/layout/enums.ts';
import { isBatchOfOne } from '../../../src/check/scheduler-lists.ts';
import { noteLeft } from './adapters.ts';
import { countBlocks } from './blocks.ts';
import { giveUp } from './share.ts';
import type { Client, Visit, World } from './state.ts';
import { noteOutOfQueue } from './tenants.ts';

type Gone = (world: World, visit: Visit) => void;

/** A visit that has joined a client whose request nobody waits for any more. `gone`: it is over. */
export function leaveClient(world: World, visit: Visit, gone: Gone): void {
  const client = visit.client!;
  if (client.setup.kind !== 'llm') return;
  const place = client.waiting.indexOf(visit);
  client.asleep = false;
  if (place < 0) {
    visit.leaves = true;
    if (client.busy === null) goLeavers(world, client, gone);
    noteLeft(client, world.now);
    return;
  }
  if (place >= client.waiting.length - client.hidden) client.hidden -= 1;
  client.waiting = client.waiting.filter((one) => one !== visit);
  noteOutOfQueue(client, visit);
  if (visit.swapped) client.hostFree += countBlocks(visit, visit.past, client);
  end(world, visit, gone);
}

/** Between two steps: all that have left go, in order of admission; a static batch runs to its end. */
export function goLeavers(world: World, client: Client, gone: Gone): void {
  if (isBatchOfOne(client.setup.batching)) return;
  for (const visit of client.running.filter(({ leaves }) => leaves)) {
    client.running = client.running.filter((one) => one !== visit);
    client.full = false;
    giveUp(client, visit);
    end(world, visit, gone);
  }
}

/** What becomes of a visit that goes without its end: its request has failed, or its client left. */
export function stateOfGone({ failedAt, program }: World, { request }: Visit): number {
  return Number.isNaN(failedAt[program.requests.last[request]!]!) ? STATE_TIMED_OUT : STATE_FAILED;
}

function end(world: World, visit: Visit, gone: Gone): void {
  if (world.results.state[visit.index] !== STATE_PENDING) throw new Error('ends twice');
  world.results.state[visit.index] = stateOfGone(world, visit);
  world.wasted += visit.generated;
  visit.client!.outstanding.delete(visit);
  gone(world, visit);
}
