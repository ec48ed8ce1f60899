// How many blocks a visit holds, by the rules of docs/scheduler.md; of a hybrid model layer by layer of each kind.
import { cutsPrompts, ROUND_BATCHINGS, reservesFinal } from '../../../src/check/scheduler-lists.ts';
import type { Client, Visit } from './state.ts';

/** KV tokens at its end: the last output token never enters the cache. */
export function finalLength(visit: { readonly prompt: number; readonly output: number }): number {
  return visit.prompt + visit.output - 1;
}

/** The same as far as engines know when it arrives: with what its client asked for. */
function askedLength(visit: { readonly prompt: number; readonly asked: number }): number {
  return visit.prompt + visit.asked - 1;
}

/** What of a client says how far one decode goes. */
interface Decoding {
  readonly setup: Pick<Client['setup'], 'batching' | 'schedulerSteps' | 'speculation'>;
}

/** Decode iterations that go by before the scheduler looks again. */
export function roundOf({ setup }: Decoding): number {
  return ROUND_BATCHINGS.includes(setup.batching) ? (setup.schedulerSteps ?? 1) : 1;
}

/** Tokens of a step that one decode takes: its own and its drafts, or those of a round. */
export function decodeTokens(client: Decoding): number {
  if (roundOf(client) > 1) return roundOf(client);
  return 1 + (client.setup.speculation?.drafts ?? 0);
}

/**
 * Blocks of its own that hold `tokens`, the last `step` of which are new (0: those of a decode): whole blocks that another visit holds for
 * it are not stored again. Layers of a hybrid model in turn: those that keep all, those that keep a window, those that keep a state.
 */
export function countBlocks(visit: Visit, tokens: number, client: Client, step = 0): number {
  const { blockSize, pages } = client.setup;
  const blocks = Math.ceil(tokens / blockSize);
  const shared = Math.floor(visit.shared / blockSize);
  if (!pages) return blocks - shared;
  const reached = pages.window - 1 + Math.max(step, decodeTokens(client));
  let count = pages.fixed;
  for (let page = 0; page < pages.full; page++) count += blocks - shared;
  for (let page = 0; page < pages.near; page++) count += Math.min(blocks, Math.ceil(reached / blockSize) + 1);
  return count;
}

/** The most that it will ever hold, or where its final length is reserved, that an answer as long as was asked for would: after a preemption it is prefilled again, in chunks that may be as long as a step. */
export function mostBlocks(visit: Visit, client: Client): number {
  const { batching, maxNumBatchedTokens } = client.setup;
  const length = reservesFinal(client.setup) ? askedLength(visit) : finalLength(visit);
  return countBlocks(visit, length, client, cutsPrompts(batching) ? Math.min(length, maxNumBatchedTokens) : length);
}

/** A chunk has ended: what has left the windows is let go, unless all was reserved. */
export function letPass(client: Client, visit: Visit): void {
  if (reservesFinal(client.setup)) return;
  client.pool.renew(visit.kv.splice(countBlocks(visit, visit.past, client)));
}
