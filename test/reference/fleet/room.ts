// Blocks for the next tokens of what runs, and who is preempted when there are none (DESIGN.md section 4a).
import { ranksRequests } from '../../../src/check/scheduler-lists.ts';
import { countBlocks, decodeTokens, finalLength } from './blocks.ts';
import { expects } from './expect.ts';
import { choosesVictims, nextVictim } from './queue.ts';
import { giveUp, leaveBehind } from './share.ts';
import type { Client, FormedStep, Visit } from './state.ts';

export function isPartial({ past, need }: Visit): boolean {
  return past < need;
}

/** KV tokens that a decode behind `past` tokens needs room for: drafts beyond the final length are never kept. */
export function decodeEnd(client: Client, visit: Visit, past: number): number {
  return Math.min(past + decodeTokens(client), finalLength(visit));
}

/**
 * Where anyone may be preempted, one after another goes until the next tokens of all that stay find room, before any of them takes a
 * block: a token each, and `chunk` tokens of the partial prompt as long as that runs.
 */
export function makeWay(client: Client, step: FormedStep, chunk = 0): void {
  if (!choosesVictims(client)) return;
  const countMore = (visit: Visit) => {
    if (isPartial(visit) && chunk === 0) return 0;
    const end = isPartial(visit) ? visit.past + chunk : decodeEnd(client, visit, visit.past);
    return Math.max(0, countBlocks(visit, end, client, isPartial(visit) ? chunk : 0) - visit.kv.length);
  };
  while (client.running.reduce((sum, visit) => sum + countMore(visit), 0) > client.pool.room) preemptNext(client, step);
}

/** Blocks for a running visit, behind a chunk or a decode; preempts the newest ones until it fits. False: it was the newest left, and went. (Where requests have priorities, makeWay has seen to it.) */
export function makeRoom(client: Client, step: FormedStep, visit: Visit, tokens: number, chunk = 0): boolean {
  const more = Math.max(0, countBlocks(visit, tokens, client, chunk) - visit.kv.length);
  while (more > client.pool.room) {
    const victim = preemptNext(client, step);
    if (victim === visit) return false;
  }
  visit.kv.push(...client.pool.take(more));
  // drafts take theirs at once: nobody knows how many they will fill
  if (visit.past >= visit.need && decodeTokens(client) === 1) step.decodeBlocks += more;
  return true;
}

function preemptNext(client: Client, step: FormedStep): Visit {
  const victim = nextVictim(client);
  client.running = client.running.filter((one) => one !== victim);
  victim.preempted = true;
  const content = countBlocks(victim, victim.past, client);
  if (client.setup.swap && victim.past >= victim.need && content <= client.hostFree) {
    client.hostFree -= content;
    client.moved += content;
    victim.swapped = true;
    step.swappedOut.push(victim);
    giveUp(client, victim);
  } else {
    leaveBehind(client, victim);
    victim.past = 0;
    victim.processed = 0;
    victim.need = victim.prompt + victim.generated;
  }
  if (!ranksRequests(client.setup.packing)) victim.joined = client.joins++;
  // in front of a queue by order, or behind all that the scheduler knows of; where work decides, joined settles ties
  client.waiting.splice(expects(client) ? client.waiting.length - client.hidden : 0, 0, victim);
  client.full = false;
  step.preempted.push(victim);
  return victim;
}
