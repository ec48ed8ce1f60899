// Hash blocks kept by least recent use: a tier of a KV store. A doubly linked list threaded
// through two columns over all hash ids, so that every touch is O(1).
import {
  TIER_ABSENT, TIER_CAPACITY, TIER_COUNT, TIER_NEWER, TIER_NEWEST, TIER_OLDER, TIER_OLDEST,
} from '../layout/fleet';
import { addi, geta, geti, rowi, seti } from './cell';

// @ts-ignore: decorator
@inline
export function holdsBlock(tier: usize, id: i32): bool {
  return rowi(geta(tier, TIER_NEWER), id) != TIER_ABSENT;
}

/**
 * Makes a block the most recent, inserting it if need be; the least recent one leaves when the list is over its capacity. Returns
 * the block that left, -1 if none did.
 */
export function touchBlock(tier: usize, id: i32): i32 {
  if (holdsBlock(tier, id)) unlinkBlock(tier, id);
  else if (geti(tier, TIER_CAPACITY) <= 0) return id;
  else addi(tier, TIER_COUNT, 1);
  const newer = geta(tier, TIER_NEWER);
  const older = geta(tier, TIER_OLDER);
  const newest = geti(tier, TIER_NEWEST);
  store<i32>(newer + ((<usize>id) << 2), -1);
  store<i32>(older + ((<usize>id) << 2), newest);
  if (newest >= 0) store<i32>(newer + ((<usize>newest) << 2), id);
  else seti(tier, TIER_OLDEST, id);
  seti(tier, TIER_NEWEST, id);
  if (geti(tier, TIER_COUNT) <= geti(tier, TIER_CAPACITY)) return -1;
  const oldest = geti(tier, TIER_OLDEST);
  unlinkBlock(tier, oldest);
  store<i32>(newer + ((<usize>oldest) << 2), TIER_ABSENT);
  addi(tier, TIER_COUNT, -1);
  return oldest;
}

function unlinkBlock(tier: usize, id: i32): void {
  const newer = geta(tier, TIER_NEWER);
  const older = geta(tier, TIER_OLDER);
  const up = rowi(newer, id);
  const down = rowi(older, id);
  if (up >= 0) store<i32>(older + ((<usize>up) << 2), down);
  else seti(tier, TIER_NEWEST, down);
  if (down >= 0) store<i32>(newer + ((<usize>down) << 2), up);
  else seti(tier, TIER_OLDEST, up);
}
