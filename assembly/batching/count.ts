// Counts of KV blocks: of tokens, of what another visit holds, and what the decodes of coming steps take.
import { CLIENT_AT_RESIDUE, CLIENT_BLOCK_SIZE } from '../layout/client';
import { FLEET_SHARED } from '../layout/fleet';
import { REP_PHASE } from '../layout/replica';
import { geta, geti, rowi } from '../table/cell';

// @ts-ignore: decorator
@inline
export function blocksFor(tokens: i32, blockSize: i32): i32 {
  return <i32>(<u32>(tokens + blockSize - 1) / <u32>blockSize);
}

/** Whole blocks of a visit's context that another one holds for it. */
// @ts-ignore: decorator
@inline
export function sharedBlocks(fleet: usize, rep: usize, visit: i32): i32 {
  const shared = geta(fleet, FLEET_SHARED);
  return shared == 0 ? 0 : rowi(shared, visit) / geti(rep, CLIENT_BLOCK_SIZE);
}

/** Blocks that the decodes of the coming step take: those whose past fills its last block exactly. */
// @ts-ignore: decorator
@inline
export function decodeBlocks(run: usize, rep: usize): i32 {
  return load<i32>(rep + geta(rep, CLIENT_AT_RESIDUE) + ((<usize>geti(rep, REP_PHASE)) << 2));
}

/** Blocks that the next `steps` decode iterations fill: whole periods of the block size, then the rest class by class. */
export function blocksTaken(rep: usize, steps: i32): i32 {
  const residue = rep + geta(rep, CLIENT_AT_RESIDUE);
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  let phase = geti(rep, REP_PHASE);
  let left = steps;
  let taken = 0;
  if (left >= blockSize) {
    let period = 0;
    for (let i = 0; i < blockSize; i++) period += load<i32>(residue + ((<usize>i) << 2));
    taken = (left / blockSize) * period;
    left %= blockSize;
  }
  while (left > 0) {
    taken += load<i32>(residue + ((<usize>phase) << 2));
    phase = phase == 0 ? blockSize - 1 : phase - 1;
    left--;
  }
  return taken;
}
