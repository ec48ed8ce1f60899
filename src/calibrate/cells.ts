// Where a timed kernel stands in a table of measurements (catalog/types.ts, OpTable): its point on the axes of its kind of work.
import type { Cell } from './measurement.ts';
import type { Heads } from './work.ts';

/** [rows, outputs, inputs]. */
export function gemmCell(m: number, n: number, k: number): Cell {
  return { layer: [], at: [m, n, k] };
}

/** Narrower matrices than this are gates and low ranks, which nobody tunes; a table of them would spoil their neighbours. */
const NARROW = 256;

/** Matrices of real layers have hundreds of sizes: each stands for its octave. */
export function roundedCell(m: number, n: number, k: number): Cell | null {
  const octave = (size: number) => 2 ** Math.round(Math.log2(size));
  return Math.min(n, k) < NARROW ? null : { layer: [], at: [octave(m), octave(n), octave(k)] };
}

/** Whether `m` is one of two sizes an octave: all that a table needs of a trace that times hundreds. */
export function isKnot(m: number): boolean {
  const odd = m / 2 ** Math.floor(Math.log2(m));
  return odd === 1 || odd === 1.5;
}

/** New tokens that the prompts of one step make together, about: the efficiency of a short one is that of several at once. */
const PROMPT_TOKENS = 2048;
const MOST_PROMPTS = 256;

/** Prompts that fill a step. */
export function promptsPerStep(length: number): number {
  return Math.min(MOST_PROMPTS, Math.max(1, PROMPT_TOKENS / 2 ** Math.floor(Math.log2(length))));
}

/** More KV heads than this change no more: keys and values are then read once for every query head or for two. */
const MOST_KV_HEADS = 16;

/** [tokens of the prompt, query heads, head size, KV heads]. */
export function prefillCell(length: number, { heads, kvHeads, headDim }: Heads): Cell {
  return { layer: [], at: [length, heads, headDim, Math.min(kvHeads, MOST_KV_HEADS)] };
}

/** Sequences times KV heads say how much can run at once; layouts with many KV heads add points but no knowledge. */
const MOST_DECODE_KV_HEADS = 8;

/** [sequences times KV heads, context, query heads per KV head, head size]. */
export function decodeCell(batch: number, context: number, { heads, kvHeads, headDim }: Heads): Cell | null {
  const at = [batch * kvHeads, context, heads / kvHeads, headDim];
  return kvHeads > MOST_DECODE_KV_HEADS ? null : { layer: [], at };
}
