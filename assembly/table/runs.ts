// Hash blocks of a visit as runs of ids in a row (HASH_RUN_* of layout/fleet.ts).
import { FLEET_RUNS, FLEET_RUN_AT, HASH_RUN_BYTES, HASH_RUN_END } from '../layout/fleet';
import { geta, rowi } from './cell';

/** The first run of a visit; that of the visit behind it is where its own end. */
// @ts-ignore: decorator
@inline
export function runsOf(fleet: usize, visit: i32): usize {
  return geta(fleet, FLEET_RUNS) + <usize>rowi(geta(fleet, FLEET_RUN_AT), visit) * HASH_RUN_BYTES;
}

/** Hash blocks of a visit. */
// @ts-ignore: decorator
@inline
export function hashBlocks(fleet: usize, visit: i32): i32 {
  const end = runsOf(fleet, visit + 1);
  return end == runsOf(fleet, visit) ? 0 : load<i32>(end - HASH_RUN_BYTES, HASH_RUN_END);
}
