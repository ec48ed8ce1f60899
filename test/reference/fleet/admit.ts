// Blocks that a visit needs to be admitted, and those that it takes: a rule for every word of admission.
import { type AdmissionName, isBatchOfOne, reservesFinal } from '../../../src/check/scheduler-lists.ts';
import { countBlocks, mostBlocks } from './blocks.ts';
import { isResident } from './queue.ts';
import type { Client, Visit } from './state.ts';

/** A batch that leaves as one always reserves the final length; the others by their admission. */
export function blocksToAdmit(client: Client, visit: Visit, tokens: number, chunk = 0): number {
  const { batching, admission } = client.setup;
  return ADMITTED[isBatchOfOne(batching) ? 'full-length' : admission](client, visit, tokens, chunk);
}

/** Blocks that a visit takes when it is admitted with a chunk of `chunk` tokens up to token `tokens`. */
const ADMITTED: Readonly<
  Record<AdmissionName, (client: Client, visit: Visit, tokens: number, chunk: number) => number>
> = {
  prompt: (client, visit, tokens, chunk) => countBlocks(visit, tokens, client, chunk),
  'full-length': (client, visit) => mostBlocks(visit, client),
  'full-prompt': (client, visit, tokens, chunk) => countBlocks(visit, tokens, client, chunk),
  'new-token-ratio': (client, visit, tokens, chunk) => countBlocks(visit, tokens, client, chunk),
};

/** Blocks of the rest of its prompt, behind a first chunk up to token `tokens`: free, where the whole prompt must fit before it starts. */
export function gate(client: Client, visit: Visit, tokens: number): number {
  const gated = client.setup.admission === 'full-prompt' || client.setup.admission === 'new-token-ratio';
  if (!gated || reservesFinal(client.setup) || isResident(visit)) return 0;
  return countBlocks(visit, visit.need, client) - countBlocks(visit, tokens, client);
}
