// Hash blocks kept by least recent use: a tier of a KV store. Blocks with ids in a row that were used one after the other are one extent,
// which a doubly linked list threads by its first id; two bits for every id say what is here and where extents begin. Where the links of an
// id lie is said by a place: a link for every id would be eight times the memory, and nearly all of a run's new pages.
import {
  LINK_NEWER, LINK_OLDER, TIER_CAPACITY, TIER_COUNT, TIER_HELD, TIER_LINKS, TIER_NEWEST, TIER_OLDEST, TIER_PLACES, TIER_STARTS, TIER_STRIDE,
} from '../layout/fleet';
import { addi, geta, geti, seti } from './cell';

/** The 64 bits of which one is that of `id`. */
// @ts-ignore: decorator
@inline
function wordOf(tier: usize, column: i32, id: i32): usize {
  return geta(tier, column) + ((<usize>(id >> 6)) << 3);
}

// @ts-ignore: decorator
@inline
function placeOf(tier: usize, id: i32): usize {
  return geta(tier, TIER_PLACES) + ((<usize>(id + 1)) << 2);
}

/** The neighbours of the extent that begins with `id` (LINK_*). */
// @ts-ignore: decorator
@inline
function linkAt(tier: usize, id: i32): usize {
  return geta(tier, TIER_LINKS) + <usize>load<i32>(placeOf(tier, id)) * geta(tier, TIER_STRIDE);
}

/** The same where one begins now. Few ids ever do: their links lie close together, in the order in which they came. */
// @ts-ignore: decorator
@inline
function beginAt(tier: usize, id: i32): usize {
  const place = placeOf(tier, id);
  if (load<i32>(place) == 0) {
    const given = geta(tier, TIER_PLACES);
    const next = load<i32>(given) + 1;
    store<i32>(given, next);
    store<i32>(place, next);
  }
  return linkAt(tier, id);
}

/** The bits of `id` and of those behind it, its own the lowest. */
// @ts-ignore: decorator
@inline
function bitsFrom(tier: usize, column: i32, id: i32): u64 {
  return load<u64>(wordOf(tier, column, id)) >> <u64>(id & 63);
}

/** `count` bits from that of `id` on. */
// @ts-ignore: decorator
@inline
function maskOf(id: i32, count: i32): u64 {
  return (~(<u64>0) >> <u64>(64 - count)) << <u64>(id & 63);
}

/** How many blocks from `id` on, at most `most`, lie here in one extent; 0 = it is not here. */
export function heldFrom(tier: usize, id: i32, most: i32): i32 {
  const held = <i32>ctz(~bitsFrom(tier, TIER_HELD, id));
  const next = <i32>ctz(bitsFrom(tier, TIER_STARTS, id) >> 1) + 1;
  const count = held < next ? held : next;
  return count < most ? count : most;
}

/** How many blocks from `id` on, at most `most`, are not here, as far as its 64 bits. */
export function absentFrom(tier: usize, id: i32, most: i32): i32 {
  const held = bitsFrom(tier, TIER_HELD, id);
  const count = held == 0 ? 64 - (id & 63) : <i32>ctz(held);
  return count < most ? count : most;
}

/** Makes `count` blocks of one extent the most recent, the last one last. */
export function renewBlocks(tier: usize, id: i32, count: i32): void {
  const starts = wordOf(tier, TIER_STARTS, id);
  const before = load<u64>(starts) & maskOf(id & ~63, (id & 63) + 1);
  const first = (id & ~63) + 63 - <i32>clz(before);
  if (first < id) cutExtent(tier, first, id);
  if (heldFrom(tier, id, 64) > count) cutExtent(tier, id, id + count);
  unlinkExtent(tier, id);
  appendExtent(tier, id);
}

/** Blocks that are not here come as the most recent ones. Then more may be here than there is room for: evictOldest. */
export function insertBlocks(tier: usize, id: i32, count: i32): void {
  const held = wordOf(tier, TIER_HELD, id);
  store<u64>(held, load<u64>(held) | maskOf(id, count));
  const starts = wordOf(tier, TIER_STARTS, id);
  store<u64>(starts, load<u64>(starts) | maskOf(id, 1));
  addi(tier, TIER_COUNT, count);
  appendExtent(tier, id);
}

/** The least recent blocks leave until no more than its capacity are here. */
export function evictOldest(tier: usize): void {
  let over = geti(tier, TIER_COUNT) - geti(tier, TIER_CAPACITY);
  while (over > 0) over -= evictFrom(tier, geti(tier, TIER_OLDEST), over);
}

/** Makes one block the most recent, inserting it if need be. Returns the block that left for it (itself without room), -1 if none did. */
export function touchBlock(tier: usize, id: i32): i32 {
  if (heldFrom(tier, id, 1) > 0) {
    renewBlocks(tier, id, 1);
    return -1;
  }
  if (geti(tier, TIER_CAPACITY) <= 0) return id;
  insertBlocks(tier, id, 1);
  if (geti(tier, TIER_COUNT) <= geti(tier, TIER_CAPACITY)) return -1;
  const oldest = geti(tier, TIER_OLDEST);
  evictFrom(tier, oldest, 1);
  return oldest;
}

/** At most `over` blocks from the front of the oldest extent leave; returns how many. */
function evictFrom(tier: usize, first: i32, over: i32): i32 {
  const count = heldFrom(tier, first, over);
  const goesOn = heldFrom(tier, first, 64) > count;
  if (goesOn) cutExtent(tier, first, first + count);
  unlinkExtent(tier, first);
  const held = wordOf(tier, TIER_HELD, first);
  store<u64>(held, load<u64>(held) & ~maskOf(first, count));
  const starts = wordOf(tier, TIER_STARTS, first);
  store<u64>(starts, load<u64>(starts) & ~maskOf(first, 1));
  addi(tier, TIER_COUNT, -count);
  return count;
}

/** The extent that begins with `first` ends before `id`, where another begins, which was used after it. */
function cutExtent(tier: usize, first: i32, id: i32): void {
  const starts = wordOf(tier, TIER_STARTS, id);
  store<u64>(starts, load<u64>(starts) | maskOf(id, 1));
  const lower = linkAt(tier, first);
  const upper = beginAt(tier, id);
  const up = load<i32>(lower, LINK_NEWER);
  store<i32>(upper, up, LINK_NEWER);
  store<i32>(upper, first, LINK_OLDER);
  store<i32>(lower, id, LINK_NEWER);
  if (up >= 0) store<i32>(linkAt(tier, up), id, LINK_OLDER);
  else seti(tier, TIER_NEWEST, id);
}

/** The extent that begins with `id` is the most recent; it goes on where the one before it ends if that has the id before its own. */
function appendExtent(tier: usize, id: i32): void {
  const newest = geti(tier, TIER_NEWEST);
  if (newest >= 0 && newest >> 6 == id >> 6 && newest < id && newest + heldFrom(tier, newest, 64) == id) {
    const starts = wordOf(tier, TIER_STARTS, id);
    store<u64>(starts, load<u64>(starts) & ~maskOf(id, 1));
    return;
  }
  const links = beginAt(tier, id);
  store<i32>(links, -1, LINK_NEWER);
  store<i32>(links, newest, LINK_OLDER);
  if (newest >= 0) store<i32>(linkAt(tier, newest), id, LINK_NEWER);
  else seti(tier, TIER_OLDEST, id);
  seti(tier, TIER_NEWEST, id);
}

function unlinkExtent(tier: usize, id: i32): void {
  const links = linkAt(tier, id);
  const up = load<i32>(links, LINK_NEWER);
  const down = load<i32>(links, LINK_OLDER);
  if (up >= 0) store<i32>(linkAt(tier, up), down, LINK_OLDER);
  else seti(tier, TIER_NEWEST, down);
  if (down >= 0) store<i32>(linkAt(tier, down), up, LINK_NEWER);
  else seti(tier, TIER_OLDEST, up);
}
