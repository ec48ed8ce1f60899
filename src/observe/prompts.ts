// Prompts as lists of token ids: no tokenizer is needed, their lengths are exact, and what a trace says is alike is alike.
import type { Requests } from '../workload/types.ts';

/** Ids that every vocabulary in use has, beyond the special ones at its start. */
const FIRST_ID = 1000;
const IDS = 20_000;

/** Two numbers to one of 32 bits, far apart for near ones (the finaliser of MurmurHash3, public domain). */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ b;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Token ids of request `index`: those of its hash blocks, where it has any; all behind them are its own. */
export function promptOf({ prompt, prefix }: Requests, index: number): number[] {
  const ids: number[] = [];
  const length = prompt[index]!;
  if (prefix) {
    const blocks = prefix.ids.subarray(prefix.offset[index]!, prefix.offset[index + 1]!);
    for (const block of blocks) {
      for (let i = 0; i < prefix.block_tokens && ids.length < length; i++) ids.push(idOf(mix(block, i)));
    }
  }
  // below zero: no block has such a number
  while (ids.length < length) ids.push(idOf(mix(-1 - index, ids.length)));
  return ids;
}

const idOf = (hash: number): number => FIRST_ID + (hash % IDS);
