// A part of the work of a sweep, for one of several machines: every n-th stretch of its blocks, so that each part has a bit of everything.

/** Part `index` of `of`, from 1. */
export interface Part {
  readonly index: number;
  readonly of: number;
}

/** Stretches of each part: enough to make parts alike, and blocks of one stretch have much in common (surfaces are priced once for it). */
const STRETCHES = 16;

/** Which part block `block` of `blocks` belongs to: of each exactly one. */
export function partOf(block: number, blocks: number, of: number): number {
  const stretch = Math.max(1, Math.floor(blocks / (of * STRETCHES)));
  return (Math.floor(block / stretch) % of) + 1;
}
