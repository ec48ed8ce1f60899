// The free list of a cache of KV blocks (layout/cache.ts): extents of hash blocks that nobody reads, and blocks without ids between them.
import {
  CACHE_FIRST, CACHE_GIVEN, CACHE_LAST, CACHE_UNIT, NODE_BY, NODE_COUNT, NODE_ID, NODE_LENGTH, NODE_NAMELESS, NODE_NEXT, NODE_OWNED, NODE_PREV, NODE_SEGMENT,
} from '../layout/cache';
import { addi, geti, seti } from './cell';
import { dropNode, hideExtent, makeNode, nodeAt } from './extents';

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

/** The same of an extent, which goes on where the last one began if it can: a visit's blocks come the tail first. */
export function appendExtent(cache: usize, node: i32, blocks: i32): void {
  const last = geti(cache, CACHE_LAST);
  const at = nodeAt(cache, node);
  const end = nodeAt(cache, last);
  const id = load<i32>(at, NODE_ID);
  const length = load<i32>(at, NODE_LENGTH);
  if (last == 0 || load<i32>(end, NODE_ID) != id + length || load<i32>(end, NODE_SEGMENT) != load<i32>(at, NODE_SEGMENT)) {
    appendNode(cache, node, blocks);
    return;
  }
  hideExtent(cache, node);
  dropNode(cache, node);
  store<i32>(end, id, NODE_ID);
  store<i32>(end, load<i32>(end, NODE_LENGTH) + length, NODE_LENGTH);
  addi(cache, CACHE_GIVEN, blocks);
}

/** A node with `blocks` KV blocks leaves the free list. */
export function unlinkNode(cache: usize, node: i32, blocks: i32): void {
  const at = nodeAt(cache, node);
  const prev = load<i32>(at, NODE_PREV);
  const next = load<i32>(at, NODE_NEXT);
  assert((prev == 0 ? geti(cache, CACHE_FIRST) : load<i32>(nodeAt(cache, prev), NODE_NEXT)) == node, 'unlinkNode: not on the free list');
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
    assert(node != 0, 'trimBlocks: fewer blocks on the free list than are counted');
    const at = nodeAt(cache, node);
    const id = load<i32>(at, NODE_ID);
    if (id >= 0) {
      over -= trimExtent(cache, node, over);
      continue;
    }
    const count = load<i32>(at, NODE_COUNT);
    if (count > over) {
      store<i32>(at, count - over, NODE_COUNT);
      addi(cache, CACHE_GIVEN, -over);
      return;
    }
    if (id <= NODE_OWNED) store<i32>(owners + ((<usize>(NODE_OWNED - id)) << 2), 0);
    unlinkNode(cache, node, count);
    dropNode(cache, node);
    over -= count;
  }
}

/** Uses at most `over` KV blocks of the extent at the front; what is left of a hash block of which some are used is nameless. Returns how many. */
function trimExtent(cache: usize, node: i32, over: i32): i32 {
  const at = nodeAt(cache, node);
  const unit = geti(cache, CACHE_UNIT);
  const length = load<i32>(at, NODE_LENGTH);
  const whole = over / unit;
  if (whole >= length) {
    hideExtent(cache, node);
    unlinkNode(cache, node, length * unit);
    dropNode(cache, node);
    return length * unit;
  }
  const left = (whole + 1) * unit - over;
  if (left == unit) {
    store<i32>(at, length - whole, NODE_LENGTH);
    addi(cache, CACHE_GIVEN, -over);
    return over;
  }
  // One more is forgotten, and its last blocks come before the others
  if (length - whole == 1) {
    hideExtent(cache, node);
    store<i32>(at, NODE_NAMELESS, NODE_ID);
    store<i32>(at, left, NODE_COUNT);
  } else {
    store<i32>(at, length - whole - 1, NODE_LENGTH);
    prependNode(cache, makeNode(cache, NODE_NAMELESS, left, -1));
  }
  addi(cache, CACHE_GIVEN, -over);
  return over;
}

function prependNode(cache: usize, node: i32): void {
  const at = nodeAt(cache, node);
  const first = geti(cache, CACHE_FIRST);
  store<i32>(at, 0, NODE_PREV);
  store<i32>(at, first, NODE_NEXT);
  store<i32>(nodeAt(cache, first), node, NODE_PREV);
  seti(cache, CACHE_FIRST, node);
}
