// Nodes of a cache of KV blocks (layout/cache.ts): hash blocks by id, and the free list. Every operation is O(1) but for what it trims.
import {
  CACHE_BUCKETS, CACHE_FIRST, CACHE_GIVEN, CACHE_LAST, CACHE_MADE, CACHE_MASK, CACHE_NODES, CACHE_ROOM, CACHE_SPARE, CACHE_UNIT, NODE_BY,
  NODE_BYTES, NODE_CHAIN, NODE_COUNT, NODE_ID, NODE_NAMELESS, NODE_NEXT, NODE_OWNED, NODE_PREV,
} from '../layout/cache';
import { addi, geta, geti, seti } from './cell';

// @ts-ignore: decorator
@inline
export function nodeAt(cache: usize, node: i32): usize {
  return geta(cache, CACHE_NODES) + <usize>(node * NODE_BYTES);
}

// @ts-ignore: decorator
@inline
function bucketOf(cache: usize, id: i32): usize {
  return geta(cache, CACHE_BUCKETS) + ((<usize>(id & geti(cache, CACHE_MASK))) << 2);
}

/** The node of a hash block, 0 = it cannot be found. */
export function findBlock(cache: usize, id: i32): i32 {
  let node = load<i32>(bucketOf(cache, id));
  while (node != 0 && load<i32>(nodeAt(cache, node), NODE_ID) != id) node = load<i32>(nodeAt(cache, node), NODE_CHAIN);
  return node;
}

function makeNode(cache: usize, id: i32, count: i32, by: i32): i32 {
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
function dropNode(cache: usize, node: i32): void {
  store<i32>(nodeAt(cache, node), geti(cache, CACHE_SPARE), NODE_CHAIN);
  seti(cache, CACHE_SPARE, node);
}

/** A hash block that was not here can be found; `readers` of it, computed by visit `by`. */
export function listBlock(cache: usize, id: i32, readers: i32, by: i32): i32 {
  const node = makeNode(cache, id, readers, by);
  const bucket = bucketOf(cache, id);
  store<i32>(nodeAt(cache, node), load<i32>(bucket), NODE_CHAIN);
  store<i32>(bucket, node);
  return node;
}

/** A hash block that nobody reads is only blocks now. */
function forgetBlock(cache: usize, node: i32): void {
  const at = nodeAt(cache, node);
  let link = bucketOf(cache, load<i32>(at, NODE_ID));
  while (load<i32>(link) != node) link = nodeAt(cache, load<i32>(link)) + NODE_CHAIN;
  store<i32>(link, load<i32>(at, NODE_CHAIN));
  store<i32>(at, NODE_NAMELESS, NODE_ID);
  store<i32>(at, geti(cache, CACHE_UNIT), NODE_COUNT);
}

/** A node with `blocks` KV blocks goes to the end of the free list. */
export function appendNode(cache: usize, node: i32, blocks: i32): void {
  const at = nodeAt(cache, node);
  const last = geti(cache, CACHE_LAST);
  store<i32>(at, last, NODE_PREV);
  store<i32>(at, 0, NODE_NEXT);
  if (last != 0) store<i32>(nodeAt(cache, last), node, NODE_NEXT);
  else seti(cache, CACHE_FIRST, node);
  seti(cache, CACHE_LAST, node);
  addi(cache, CACHE_GIVEN, blocks);
}

/** A node with `blocks` KV blocks leaves the free list. */
export function unlinkNode(cache: usize, node: i32, blocks: i32): void {
  const at = nodeAt(cache, node);
  const prev = load<i32>(at, NODE_PREV);
  const next = load<i32>(at, NODE_NEXT);
  if (prev != 0) store<i32>(nodeAt(cache, prev), next, NODE_NEXT);
  else seti(cache, CACHE_FIRST, next);
  if (next != 0) store<i32>(nodeAt(cache, next), prev, NODE_PREV);
  else seti(cache, CACHE_LAST, prev);
  addi(cache, CACHE_GIVEN, -blocks);
  joinNameless(cache, prev, next);
}

/** Neighbours that hold nothing to be found are one node: there are never more of them than of what lies between them. */
function joinNameless(cache: usize, left: i32, right: i32): void {
  if (left == 0 || right == 0) return;
  const a = nodeAt(cache, left);
  const b = nodeAt(cache, right);
  if (load<i32>(a, NODE_ID) != NODE_NAMELESS || load<i32>(b, NODE_ID) != NODE_NAMELESS) return;
  const next = load<i32>(b, NODE_NEXT);
  store<i32>(a, load<i32>(a, NODE_COUNT) + load<i32>(b, NODE_COUNT), NODE_COUNT);
  store<i32>(a, next, NODE_NEXT);
  if (next != 0) store<i32>(nodeAt(cache, next), left, NODE_PREV);
  else seti(cache, CACHE_LAST, left);
  dropNode(cache, right);
}

/** `blocks` KV blocks that hold nothing to be found go to the end of the free list. */
export function appendNameless(cache: usize, blocks: i32): void {
  if (blocks <= 0) return;
  const last = geti(cache, CACHE_LAST);
  const at = nodeAt(cache, last);
  if (last != 0 && load<i32>(at, NODE_ID) == NODE_NAMELESS) {
    store<i32>(at, load<i32>(at, NODE_COUNT) + blocks, NODE_COUNT);
    addi(cache, CACHE_GIVEN, blocks);
    return;
  }
  appendNode(cache, makeNode(cache, NODE_NAMELESS, blocks, -1), blocks);
}

/** The same of a preempted visit's own blocks, behind `units` hash blocks; returns their node. */
export function appendOwned(cache: usize, visit: i32, blocks: i32, units: i32): i32 {
  const node = makeNode(cache, NODE_OWNED - visit, blocks, units);
  appendNode(cache, node, blocks);
  return node;
}

/** A preempted visit takes `blocks` of its own back; the others that are left are nobody's from now on. */
export function takeOwned(cache: usize, node: i32, blocks: i32): void {
  const at = nodeAt(cache, node);
  const left = load<i32>(at, NODE_COUNT) - blocks;
  if (left == 0) {
    unlinkNode(cache, node, blocks);
    dropNode(cache, node);
    return;
  }
  store<i32>(at, NODE_NAMELESS, NODE_ID);
  store<i32>(at, left, NODE_COUNT);
  addi(cache, CACHE_GIVEN, -blocks);
  joinNameless(cache, node, load<i32>(at, NODE_NEXT));
  joinNameless(cache, load<i32>(at, NODE_PREV), node);
}

/**
 * Uses blocks again from the front of the free list until no more than `room` are on it: those that running sequences have taken
 * since. `owners`: per visit, the node of its own blocks, which is cleared when the last of them goes.
 */
export function trimBlocks(cache: usize, room: i32, owners: usize): void {
  let over = geti(cache, CACHE_GIVEN) - (room > 0 ? room : 0);
  while (over > 0) {
    const node = geti(cache, CACHE_FIRST);
    const at = nodeAt(cache, node);
    if (load<i32>(at, NODE_ID) >= 0) forgetBlock(cache, node);
    const count = load<i32>(at, NODE_COUNT);
    if (count > over) {
      store<i32>(at, count - over, NODE_COUNT);
      addi(cache, CACHE_GIVEN, -over);
      return;
    }
    const id = load<i32>(at, NODE_ID);
    if (id <= NODE_OWNED) store<i32>(owners + ((<usize>(NODE_OWNED - id)) << 2), 0);
    unlinkNode(cache, node, count);
    dropNode(cache, node);
    over -= count;
  }
}
