// Hash ids of one block size as ids of another: a cache knows blocks of its own size, a trace has those of the engine that it came from.
import { packBlocks } from './links.ts';
import type { PrefixBlocks } from './types.ts';

/** Whether ids of blocks of `from` tokens say which blocks of `to` tokens are alike. */
export function canRegroup(from: number, to: number): boolean {
  return from % to === 0 || to % from === 0;
}

/**
 * Ids of blocks of `to` tokens for prompts of these lengths. A longer block is as many shorter ones, of which each is its own; several
 * shorter ones are one longer block, alike where all of them are. Only whole blocks have ids then. Throws RangeError where sizes do not
 * divide (canRegroup).
 */
export function regroupBlocks(blocks: PrefixBlocks, prompt: Int32Array, to: number): PrefixBlocks {
  const from = blocks.block_tokens;
  if (from === to) return blocks;
  if (!canRegroup(from, to)) throw new RangeError(`blocks of ${from} tokens as blocks of ${to}`);
  const known = new Map<number | string, number>();
  const idOf = (key: number | string): number => {
    const id = known.get(key) ?? known.size;
    known.set(key, id);
    return id;
  };
  const lists = Array.from(prompt, (tokens, r) => {
    const ids = blocks.ids.subarray(blocks.offset[r]!, blocks.offset[r + 1]!);
    const whole = Math.floor(Math.min(tokens, ids.length * from) / to);
    if (from > to) {
      const parts = from / to;
      return Int32Array.from({ length: whole }, (_, i) => idOf(ids[Math.floor(i / parts)]!) * parts + (i % parts));
    }
    const parts = to / from;
    return Int32Array.from({ length: whole }, (_, i) => idOf(ids.subarray(i * parts, (i + 1) * parts).join()));
  });
  return packBlocks(lists, to);
}
