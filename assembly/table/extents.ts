// Extents of hash blocks in a cache (layout/cache.ts), found by any of their ids. What is done to one block is done to a whole run of
// them: an extent is cut where a run ends inside it.
import {
  CACHE_BUCKETS, CACHE_FIRST, CACHE_MADE, CACHE_MASK, CACHE_NODES, CACHE_ROOM, CACHE_SPARE, NODE_BY, NODE_BYTES, NODE_CHAIN, NODE_COUNT, NODE_ID,
  NODE_LENGTH, NODE_NEXT, NODE_PREV, NODE_SEGMENT,
} from '../layout/cache';
import { geta, geti, seti } from './cell';

// @ts-ignore: decorator
@inline
export function nodeAt(cache: usize, node: i32): usize {
  return geta(cache, CACHE_NODES) + <usize>(node * NODE_BYTES);
}

// @ts-ignore: decorator
@inline
function bucketOf(cache: usize, segment: i32): usize {
  return geta(cache, CACHE_BUCKETS) + ((<usize>(segment & geti(cache, CACHE_MASK))) << 2);
}

/** The extent that holds a hash block, 0 = it cannot be found. */
export function findExtent(cache: usize, segment: i32, id: i32): i32 {
  let node = load<i32>(bucketOf(cache, segment));
  while (node != 0) {
    const at = nodeAt(cache, node);
    if (<u32>(id - load<i32>(at, NODE_ID)) < load<u32>(at, NODE_LENGTH)) return node;
    node = load<i32>(at, NODE_CHAIN);
  }
  return 0;
}

/** How many hash blocks from `id` on the extent `node` has that holds it, at most `most`. */
// @ts-ignore: decorator
@inline
export function restOf(cache: usize, node: i32, id: i32, most: i32): i32 {
  const at = nodeAt(cache, node);
  const rest = load<i32>(at, NODE_ID) + load<i32>(at, NODE_LENGTH) - id;
  return rest < most ? rest : most;
}

/** Of a hash block that cannot be found: how many ids from it on, at most `most`, can not either. */
export function roomAbove(cache: usize, segment: i32, id: i32, most: i32): i32 {
  let room = most;
  for (let node = load<i32>(bucketOf(cache, segment)); node != 0; node = load<i32>(nodeAt(cache, node), NODE_CHAIN)) {
    const gap = load<i32>(nodeAt(cache, node), NODE_ID) - id;
    if (gap > 0 && gap < room) room = gap;
  }
  return room;
}

/** The same from it back. */
export function roomBelow(cache: usize, segment: i32, id: i32, most: i32): i32 {
  let room = most;
  for (let node = load<i32>(bucketOf(cache, segment)); node != 0; node = load<i32>(nodeAt(cache, node), NODE_CHAIN)) {
    const at = nodeAt(cache, node);
    const gap = id - (load<i32>(at, NODE_ID) + load<i32>(at, NODE_LENGTH) - 1);
    if (gap > 0 && gap < room) room = gap;
  }
  return room;
}

/** A node that is in no list. */
export function makeNode(cache: usize, id: i32, count: i32, by: i32): i32 {
  let node = geti(cache, CACHE_SPARE);
  if (node != 0) {
    seti(cache, CACHE_SPARE, load<i32>(nodeAt(cache, node), NODE_CHAIN));
  } else {
    node = geti(cache, CACHE_MADE) + 1;
    assert(node < geti(cache, CACHE_ROOM), 'makeNode: more nodes than KV blocks');
    seti(cache, CACHE_MADE, node);
  }
  const at = nodeAt(cache, node);
  store<i32>(at, id, NODE_ID);
  store<i32>(at, count, NODE_COUNT);
  store<i32>(at, by, NODE_BY);
  return node;
}

// @ts-ignore: decorator
@inline
export function dropNode(cache: usize, node: i32): void {
  store<i32>(nodeAt(cache, node), geti(cache, CACHE_SPARE), NODE_CHAIN);
  seti(cache, CACHE_SPARE, node);
}

/** `length` hash blocks of a segment that were not here can be found, from `id` on; each has `readers`, and was computed by visit `by`. */
export function listExtent(cache: usize, segment: i32, id: i32, length: i32, readers: i32, by: i32): i32 {
  const node = makeNode(cache, id, readers, by);
  const at = nodeAt(cache, node);
  const bucket = bucketOf(cache, segment);
  store<i32>(at, length, NODE_LENGTH);
  store<i32>(at, segment, NODE_SEGMENT);
  store<i32>(at, load<i32>(bucket), NODE_CHAIN);
  store<i32>(bucket, node);
  return node;
}

/** An extent cannot be found any more; the node stays. */
export function hideExtent(cache: usize, node: i32): void {
  const at = nodeAt(cache, node);
  let link = bucketOf(cache, load<i32>(at, NODE_SEGMENT));
  while (load<i32>(link) != node) link = nodeAt(cache, load<i32>(link)) + NODE_CHAIN;
  store<i32>(link, load<i32>(at, NODE_CHAIN));
}

/**
 * An extent ends after its first `length` hash blocks; those behind, if any, are an extent of their own. Never the other way round: runs
 * are the fronts of segments, so who reads or leaves a part of an extent begins where it begins. On the free list the part behind comes
 * first; as the front leaves that list at once (only readers cut there), no run can tell.
 */
export function cutBehind(cache: usize, node: i32, length: i32): void {
  const at = nodeAt(cache, node);
  const rest = load<i32>(at, NODE_LENGTH) - length;
  if (rest <= 0) return;
  const readers = load<i32>(at, NODE_COUNT);
  const upper = listExtent(cache, load<i32>(at, NODE_SEGMENT), load<i32>(at, NODE_ID) + length, rest, readers, load<i32>(at, NODE_BY));
  store<i32>(at, length, NODE_LENGTH);
  if (readers > 0) return;
  const prev = load<i32>(at, NODE_PREV);
  const cut = nodeAt(cache, upper);
  store<i32>(cut, prev, NODE_PREV);
  store<i32>(cut, node, NODE_NEXT);
  store<i32>(at, upper, NODE_PREV);
  if (prev != 0) store<i32>(nodeAt(cache, prev), upper, NODE_NEXT);
  else seti(cache, CACHE_FIRST, upper);
}
