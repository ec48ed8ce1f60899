// Shared KV blocks of a client that caches prefixes: what an admission finds, what others can find since, and what is left behind.
// KV blocks in use (REP_USED) are those of running sequences and kept ones, each hash block counted once however many read it.
import {
  CLIENT_BLOCKS, CLIENT_BLOCK_SIZE, CLIENT_DRAFTS, CLIENT_PREFIX, CLIENT_PREFIX_LOSS, CLIENT_WAIT_STEPS,
} from '../layout/client';
import { CACHE_GIVEN, CACHE_UNIT, NODE_BY, NODE_COUNT, NODE_ID } from '../layout/cache';
import { FLAG_PREFIX } from '../layout/enums';
import { FLEET_READS, FLEET_RUNS, FLEET_SHARED, HASH_RUN_BYTES, HASH_RUN_END, HASH_RUN_ID, HASH_RUN_SEGMENT } from '../layout/fleet';
import {
  REP_DECODING, REP_END, REP_HEAD_IDLE, REP_HEAD_OWN, REP_HEAD_UNITS, REP_PROMISED, REP_STEPS, REP_USED, REP_WAITING, SLOT_LISTED, SLOT_REQUEST,
} from '../layout/replica';
import { RUN_FLEET } from '../layout/run';
import { appendExtent, appendNameless, appendOwned, takeOwned, trimBlocks, unlinkNode } from '../table/blocks';
import { addi, geta, getf, geti, rowi, seti } from '../table/cell';
import { cutBehind, findExtent, listExtent, nodeAt, restOf, roomAbove, roomBelow } from '../table/extents';
import { hashBlocks, runsOf } from '../table/runs';
import { hasFlag, rowOr } from '../table/visit';
import { blocksTaken, decodeBlocks } from './count';

/** How many hash blocks of a visit its client looks at; a branch reads what another visit holds for it instead. */
export function idCount(fleet: usize, visit: i32): i32 {
  if (geta(fleet, FLEET_RUNS) == 0 || !hasFlag(fleet, visit, FLAG_PREFIX) || rowOr(geta(fleet, FLEET_SHARED), visit, 0) > 0) return 0;
  return hashBlocks(fleet, visit);
}

/** Hash blocks of a visit that `tokens` tokens fill. */
// @ts-ignore: decorator
@inline
function filledUnits(fleet: usize, rep: usize, cache: usize, visit: i32, tokens: i32): i32 {
  const count = idCount(fleet, visit);
  if (count == 0) return 0;
  const whole = tokens / (geti(cache, CACHE_UNIT) * geti(rep, CLIENT_BLOCK_SIZE));
  return whole < count ? whole : count;
}

/** Whether anything can be found by its id at a client. */
// @ts-ignore: decorator
@inline
export function sharesBlocks(rep: usize): bool {
  const cache = geta(rep, CLIENT_PREFIX);
  return cache != 0 && geti(cache, CACHE_UNIT) > 0;
}

/** Blocks that are counted as free already hold nothing to be found: where nothing can be, nobody asks in which order they came. */
export function giveNameless(run: usize, rep: usize, blocks: i32): void {
  const cache = geta(rep, CLIENT_PREFIX);
  if (cache == 0) return;
  appendNameless(cache, blocks);
  // What was used again since is only looked at when somebody returns: the count must not run over until then.
  if (geti(cache, CACHE_GIVEN) > 0x20000000) trimTo(geta(run, RUN_FLEET), rep, cache, 0);
}

/** The free list as it is when `taken` blocks are in use beside those that are counted. */
export function trimTo(fleet: usize, rep: usize, cache: usize, taken: i32): void {
  trimBlocks(cache, geti(rep, CLIENT_BLOCKS) - geti(rep, REP_USED) - taken, geta(fleet, FLEET_READS));
}

/** Blocks that the step under way has taken and that are not counted yet. */
function takenNow(run: usize, rep: usize): i32 {
  const decodes = getf(rep, REP_END) < Infinity && geti(rep, REP_DECODING) != 0 && geti(rep, CLIENT_DRAFTS) == 0;
  if (!decodes) return geti(rep, REP_PROMISED);
  return geti(rep, REP_STEPS) == 1 ? decodeBlocks(run, rep) : blocksTaken(rep, geti(rep, REP_STEPS));
}

/** Leading hash blocks of a visit that its client holds, whatever the visit is. */
export function leadingBlocks(run: usize, rep: usize, visit: i32): i32 {
  const fleet = geta(run, RUN_FLEET);
  const cache = geta(rep, CLIENT_PREFIX);
  if (cache == 0 || geta(fleet, FLEET_RUNS) == 0) return 0;
  trimTo(fleet, rep, cache, takenNow(run, rep));
  return countLeading(cache, runsOf(fleet, visit), hashBlocks(fleet, visit));
}

/** Of the first `count` hash blocks of the visit that has `runs`: leading ones that can be found. */
function countLeading(cache: usize, runs: usize, count: i32): i32 {
  let found = 0;
  for (let at = runs; found < count; at += HASH_RUN_BYTES) {
    const end = load<i32>(at, HASH_RUN_END);
    let id = load<i32>(at, HASH_RUN_ID);
    while (found < end) {
      const node = findExtent(cache, load<i32>(at, HASH_RUN_SEGMENT), id);
      if (node == 0) return found;
      const part = restOf(cache, node, id, end - found);
      id += part;
      found += part;
    }
  }
  return found;
}

/** Of its first `units` hash blocks, which can all be found, those that nobody reads. */
function countIdle(cache: usize, runs: usize, units: i32): i32 {
  let idle = 0;
  let i = 0;
  for (let at = runs; i < units; at += HASH_RUN_BYTES) {
    const end = min(load<i32>(at, HASH_RUN_END), units);
    let id = load<i32>(at, HASH_RUN_ID);
    while (i < end) {
      const node = findExtent(cache, load<i32>(at, HASH_RUN_SEGMENT), id);
      const part = restOf(cache, node, id, end - i);
      if (load<i32>(nodeAt(cache, node), NODE_COUNT) == 0) idle += part;
      id += part;
      i += part;
    }
  }
  return idle;
}

/**
 * Looks the head of the queue up, which needs `need` tokens, beside `taken` blocks that are spoken for. Returns the tokens that
 * need no computing, at least the `shared` ones that another visit holds for it; leaves in HEAD_UNITS the hash blocks that it would
 * read, in HEAD_IDLE their blocks that nobody reads so far, in HEAD_OWN blocks that it left behind and takes back.
 */
export function lookUpHead(run: usize, rep: usize, visit: i32, need: i32, shared: i32, taken: i32): i32 {
  const fleet = geta(run, RUN_FLEET);
  const cache = geta(rep, CLIENT_PREFIX);
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  const unit = geti(cache, CACHE_UNIT);
  if (unit == 0 && rowi(geta(fleet, FLEET_READS), visit) == 0) {
    seti(rep, REP_HEAD_UNITS, 0);
    seti(rep, REP_HEAD_OWN, 0);
    seti(rep, REP_HEAD_IDLE, 0);
    return shared;
  }
  trimTo(fleet, rep, cache, taken);
  const count = idCount(fleet, visit);
  const runs = count > 0 ? runsOf(fleet, visit) : 0;
  const leading = countLeading(cache, runs, count);
  const first = shared / blockSize;
  const own = leftBlocks(fleet, cache, visit, leading);
  const loss = (geti(rep, CLIENT_PREFIX_LOSS) + blockSize - 1) / blockSize;
  const all = first + leading * unit + own;
  const most = (need - 1) / blockSize;
  let found = (all < most ? all : most) - loss - first;
  if (found < 0) found = 0;
  let units = leading;
  if (found < leading * unit) {
    units = found / unit;
    found = units * unit;
  }
  seti(rep, REP_HEAD_UNITS, units);
  seti(rep, REP_HEAD_OWN, found - units * unit);
  seti(rep, REP_HEAD_IDLE, countIdle(cache, runs, units) * unit);
  return found == 0 ? shared : (first + found) * blockSize;
}

/** Of its own blocks without ids those that are left; none where its hash blocks in front of them are not. */
function leftBlocks(fleet: usize, cache: usize, visit: i32, units: i32): i32 {
  const node = rowi(geta(fleet, FLEET_READS), visit);
  if (node == 0) return 0;
  const at = nodeAt(cache, node);
  return load<i32>(at, NODE_BY) == units ? load<i32>(at, NODE_COUNT) : 0;
}

/**
 * Whether evictions could let the waiting head in: as it loses what it would hit it may need less (a hash block goes as a whole), or,
 * where it only waits for `budget`, pass the size that goes alone; and batch waiting counts its tokens, cached or not.
 */
export function mayGainByLoss(rep: usize, budget: bool): bool {
  if (geti(rep, REP_WAITING) == 0 || geti(rep, REP_HEAD_IDLE) + geti(rep, REP_HEAD_OWN) == 0) return false;
  return budget || geti(rep, CLIENT_WAIT_STEPS) > 0 || geti(geta(rep, CLIENT_PREFIX), CACHE_UNIT) > 1;
}

/** The head, as it was looked up, is admitted: it reads what it hits, and takes back what is its own. */
export function readFound(run: usize, rep: usize, slot: usize): void {
  const fleet = geta(run, RUN_FLEET);
  const cache = geta(rep, CLIENT_PREFIX);
  const visit = load<i32>(slot, SLOT_REQUEST);
  const reads = geta(fleet, FLEET_READS) + ((<usize>visit) << 2);
  if (load<i32>(reads) != 0) takeOwned(cache, load<i32>(reads), geti(rep, REP_HEAD_OWN));
  const units = geti(rep, REP_HEAD_UNITS);
  store<i32>(reads, units);
  store<i32>(slot, units, SLOT_LISTED);
  if (units == 0) return;
  readUnits(cache, runsOf(fleet, visit), units);
  addi(rep, REP_USED, geti(rep, REP_HEAD_IDLE));
}

/** One more reads the first `units` hash blocks of the visit that has `runs`. */
function readUnits(cache: usize, runs: usize, units: i32): void {
  const unit = geti(cache, CACHE_UNIT);
  let i = 0;
  for (let at = runs; i < units; at += HASH_RUN_BYTES) {
    const end = min(load<i32>(at, HASH_RUN_END), units);
    let id = load<i32>(at, HASH_RUN_ID);
    while (i < end) {
      const node = findExtent(cache, load<i32>(at, HASH_RUN_SEGMENT), id);
      const part = restOf(cache, node, id, end - i);
      cutBehind(cache, node, part);
      const readers = nodeAt(cache, node) + NODE_COUNT;
      if (load<i32>(readers) == 0) unlinkNode(cache, node, part * unit);
      store<i32>(readers, load<i32>(readers) + 1);
      id += part;
      i += part;
    }
  }
}

/** Others can find the hash blocks that the first `tokens` tokens of a running sequence fill; `taken` as for lookUpHead. */
export function listFilled(run: usize, rep: usize, slot: usize, tokens: i32, taken: i32): void {
  const fleet = geta(run, RUN_FLEET);
  const cache = geta(rep, CLIENT_PREFIX);
  const visit = load<i32>(slot, SLOT_REQUEST);
  const end = filledUnits(fleet, rep, cache, visit, tokens);
  const listed = load<i32>(slot, SLOT_LISTED);
  if (listed >= end) return;
  trimTo(fleet, rep, cache, taken);
  listUnits(cache, runsOf(fleet, visit), listed, end, visit);
  store<i32>(slot, end, SLOT_LISTED);
}

/** Hash blocks `from` .. `to` - 1 of a visit can be found, which computes them where they are not there. */
function listUnits(cache: usize, runs: usize, from: i32, to: i32, visit: i32): void {
  let at = runs;
  let begin = 0;
  while (load<i32>(at, HASH_RUN_END) <= from) {
    begin = load<i32>(at, HASH_RUN_END);
    at += HASH_RUN_BYTES;
  }
  let i = from;
  for (; i < to; at += HASH_RUN_BYTES) {
    const end = min(load<i32>(at, HASH_RUN_END), to);
    const segment = load<i32>(at, HASH_RUN_SEGMENT);
    let id = load<i32>(at, HASH_RUN_ID) + i - begin;
    while (i < end) {
      const node = findExtent(cache, segment, id);
      const part = node != 0 ? restOf(cache, node, id, end - i) : roomAbove(cache, segment, id, end - i);
      if (node == 0) listExtent(cache, segment, id, part, 1, visit);
      id += part;
      i += part;
    }
    begin = i;
  }
}

/**
 * A sequence with `past` tokens gives up its `own` blocks and what it reads, the tail first. Whole blocks that it filled can be found
 * from now on. `returns`: blocks behind those with ids stay its own until they are used again. `room`: blocks on the free list before.
 */
export function giveUp(run: usize, rep: usize, visit: i32, past: i32, own: i32, returns: bool, room: i32): void {
  const fleet = geta(run, RUN_FLEET);
  const cache = geta(rep, CLIENT_PREFIX);
  const unit = geti(cache, CACHE_UNIT);
  trimBlocks(cache, room, geta(fleet, FLEET_READS));
  const reads = geta(fleet, FLEET_READS) + ((<usize>visit) << 2);
  const hits = load<i32>(reads);
  const filled = filledUnits(fleet, rep, cache, visit, past);
  let tail = own - (filled - hits) * unit;
  let owned = 0;
  if (returns) {
    const shared = rowOr(geta(fleet, FLEET_SHARED), visit, 0) / geti(rep, CLIENT_BLOCK_SIZE);
    owned = past / geti(rep, CLIENT_BLOCK_SIZE) - shared - filled * unit;
    if (owned < 0) owned = 0;
    tail -= owned;
  }
  appendNameless(cache, tail);
  store<i32>(reads, owned > 0 ? appendOwned(cache, visit, owned, filled) : 0);
  let freed = tail + owned;
  if (filled > 0) freed += leaveUnits(cache, runsOf(fleet, visit), visit, filled, hits);
  addi(rep, REP_USED, -freed);
}

/** A visit leaves its first `filled` hash blocks, the first `hits` of which were there before it; returns the blocks that are free by that. */
function leaveUnits(cache: usize, runs: usize, visit: i32, filled: i32, hits: i32): i32 {
  const unit = geti(cache, CACHE_UNIT);
  let freed = 0;
  let at = runs;
  while (load<i32>(at, HASH_RUN_END) < filled) at += HASH_RUN_BYTES;
  // From the last one back: `i` are left
  for (let i = filled; i > 0; at -= HASH_RUN_BYTES) {
    const begin = at == runs ? 0 : load<i32>(at - HASH_RUN_BYTES, HASH_RUN_END);
    const segment = load<i32>(at, HASH_RUN_SEGMENT);
    let id = load<i32>(at, HASH_RUN_ID) + i - begin - 1;
    while (i > begin) {
      const hit = i <= hits;
      const node = findExtent(cache, segment, id);
      let part = i - max(begin, hits);
      if (node == 0) {
        part = roomBelow(cache, segment, id, part);
        appendExtent(cache, listExtent(cache, segment, id - part + 1, part, 0, -1), part * unit);
        freed += part * unit;
      } else {
        // No extent reaches across the last block that was hit: it was cut there when that was read
        part = id - load<i32>(nodeAt(cache, node), NODE_ID) + 1;
        freed += leavePart(cache, node, part, visit, hit);
      }
      id -= part;
      i -= part;
    }
  }
  return freed;
}

/** A visit leaves the first `part` hash blocks of an extent; returns the blocks that are free by that. */
// @ts-ignore: decorator
@inline
function leavePart(cache: usize, node: i32, part: i32, visit: i32, hit: bool): i32 {
  const blocks = part * geti(cache, CACHE_UNIT);
  const mine = load<i32>(nodeAt(cache, node), NODE_BY) == visit;
  if (!hit && !mine) {
    // Others hold the same: a copy that nobody could find.
    appendNameless(cache, blocks);
    return blocks;
  }
  cutBehind(cache, node, part);
  const at = nodeAt(cache, node);
  if (mine) store<i32>(at, -1, NODE_BY);
  const readers = load<i32>(at, NODE_COUNT) - 1;
  assert(readers >= 0, 'leavePart: nobody reads what is left');
  store<i32>(at, readers, NODE_COUNT);
  if (readers > 0) return 0;
  appendExtent(cache, node, blocks);
  return blocks;
}

/** Blocks on the free list of a client between steps or while one is under way. */
export function roomNow(run: usize, rep: usize): i32 {
  return geti(rep, CLIENT_BLOCKS) - geti(rep, REP_USED) - takenNow(run, rep);
}
