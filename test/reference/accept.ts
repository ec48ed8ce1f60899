// How many drafts a decode has accepted: one uniform number of (seed, request, tokens generated), held against the chances.
import type { Speculation } from '../../src/plan/setup.ts';

/** Wellons' lowbias32 behind a Weyl step, on 32-bit words. */
function scramble(word: number): number {
  let h = (word + 0x9e3779b9) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97) >>> 0;
  return (h ^ (h >>> 15)) >>> 0;
}

/** In [0, 1): the same for a request's token whatever the schedule and the draft length. */
export function drawAt(seed: number, request: number, generated: number): number {
  return scramble(scramble(scramble(seed) + request) + generated) / 2 ** 32;
}

/** Accepted drafts: at least i of them where the draw is below the chance of i. */
export function countBelow(speculation: Speculation, request: number, generated: number): number {
  const draw = drawAt(speculation.seed, request, generated);
  let accepted = 0;
  while (accepted < speculation.drafts && draw < speculation.acceptance[accepted]!) accepted++;
  return accepted;
}
