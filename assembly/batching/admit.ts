// Admission: from the head of the waiting queue into a slot, as a chunk of the step being formed.
import {
  CLIENT_ADMISSION, CLIENT_AT_GROUPS, CLIENT_BLOCKS, CLIENT_BLOCK_SIZE, CLIENT_BUDGET, CLIENT_DRAFTS, CLIENT_MAX_SEQS, CLIENT_NEED_BLOCKS, CLIENT_NEED_SEQS, CLIENT_PACKING, CLIENT_PEAK_SEQS,
  CLIENT_PREFIX, CLIENT_WAIT_STEPS, CLIENT_WAIT_TOKENS, CLIENT_WATERMARK,
} from '../layout/client';
import { ADMISSION_FULL_LENGTH, ADMISSION_FULL_PROMPT } from '../layout/admission';
import { PACKING_FAIR } from '../layout/packing';
import { CACHE_UNIT } from '../layout/cache';
import { FLAG_RESIDENT } from '../layout/enums';
import { FLEET_CACHED, FLEET_FETCHED, FLEET_READS, FLEET_SHARED, FLEET_START } from '../layout/fleet';
import {
  GROUP_BYTES, GROUP_COUNT, GROUP_TIME, REP_CHUNKS, REP_CHUNK_TOKENS, REP_CONTEXT, REP_DECODES, REP_GROUPS, REP_HEAD_IDLE, REP_HEAD_SKIP, REP_HEAD_UNITS, REP_HELD, REP_HIDDEN,
  REP_PARTIAL, REP_PARTIAL_PAST, REP_PASSING, REP_PROMISED, REP_RUNNING, REP_START, REP_TICK, REP_USED, REP_WAITED, REP_WAITING, REP_WAIT_HEAD, SLOT_BASE,
  SLOT_ENTERED, SLOT_FOREIGN, SLOT_LEFT, SLOT_LISTED, SLOT_NEED, SLOT_OWED, SLOT_RESERVED, SLOT_SKIP, SLOT_TICK,
} from '../layout/replica';
import { RUN_FINISH, RUN_FLEET, RUN_GENERATED, RUN_NEXT, RUN_OUTPUT, RUN_PLAIN, RUN_PREEMPTIONS, RUN_PROMPT } from '../layout/run';
import { addf, addi, geta, getf, geti, rowf, rowi, seti } from '../table/cell';
import { noteNeed } from '../table/limits';
import { queuePop } from '../table/queue';
import { slotTake, wheelAdd } from '../table/slots';
import { tenantDecodes } from '../table/tenants';
import { hasFlag, rowOr } from '../table/visit';
import { addChunk } from './chunk';
import { joinDrafts, verifyToo } from './drafts';
import { expects, findsExpected, isFull } from './expect';
import { heldBlocks, passingBlocks, sharedBlocks, windowsFill } from './count';
import { admissionBlocks, finalLength, needOf, promiseBlocks, residueAdd } from './paging';
import { listFilled, lookUpHead, readFound } from './share';
import { headIsSwapped, swapIn } from './swap';

/** Whether a sequence waits that the scheduler knows of, and a slot is free for it. */
// @ts-ignore: decorator
@inline
export function canTake(run: usize, rep: usize): bool {
  if (geti(rep, REP_WAITING) <= geti(rep, REP_HIDDEN)) return false;
  const running = geti(rep, REP_RUNNING);
  noteNeed(rep, CLIENT_NEED_SEQS, running + 1);
  return running < geti(rep, CLIENT_MAX_SEQS);
}

/** Whether `blocks` more are free for admission. */
// @ts-ignore: decorator
@inline
function hasRoom(rep: usize, blocks: i32): bool {
  noteNeed(rep, CLIENT_NEED_BLOCKS, geti(rep, REP_USED) + blocks);
  return blocks <= admissionRoom(rep);
}

/** Blocks that admission may take: all that are free, less the watermark while anything runs (with nothing it would wait for ever). */
// @ts-ignore: decorator
@inline
function admissionRoom(rep: usize): i32 {
  const free = geti(rep, CLIENT_BLOCKS) - geti(rep, REP_USED);
  return geti(rep, REP_RUNNING) > 0 ? free - geti(rep, CLIENT_WATERMARK) : free;
}

/**
 * Admits the head of the queue with a chunk of `tokens` of the `work` it needs (headWork was asked before) if its blocks are
 * free beside `taken` blocks that this step's decodes will take. Returns false, changing nothing, when they are not.
 */
export function admitHead(run: usize, rep: usize, tokens: i32, work: i32, taken: i32): bool {
  const request = geti(rep, REP_WAIT_HEAD);
  const skip = geti(rep, REP_HEAD_SKIP);
  const cache = geta(rep, CLIENT_PREFIX);
  let foreign = foreignBlocks(run, rep, request);
  let idle = 0;
  if (cache != 0) {
    foreign += geti(rep, REP_HEAD_UNITS) * geti(cache, CACHE_UNIT);
    idle = geti(rep, REP_HEAD_IDLE);
  }
  const blocks = admissionBlocks(run, rep, request, skip + tokens) - foreign;
  const passing = passingBlocks(rep, skip + tokens, tokens);
  const wanted = blocks + gateBlocks(rep, skip + tokens, skip + work) + idle + passing + taken;
  if (expects(rep)) {
    if (isFull(rep) || !findsExpected(run, rep, request, wanted, admissionRoom(rep))) return false;
  }
  if (!hasRoom(rep, wanted)) return false;
  const slot = takeHead(run, rep, request, blocks, foreign, skip);
  if (passing > 0) holdPassing(rep, passing);
  if (cache != 0) {
    readFound(run, rep, slot);
    listFilled(run, rep, slot, skip + tokens, taken);
  }
  store<i32>(slot, skip + work, SLOT_NEED);
  if (tokens < work) {
    seti(rep, REP_PARTIAL, <i32>slot);
    seti(rep, REP_PARTIAL_PAST, skip + tokens);
  }
  addChunk(run, rep, slot, tokens, skip, tokens == work);
  return true;
}

/** Blocks that must be free beyond those that a chunk up to `tokens` takes: where the whole prompt has to fit, those of the rest of it. */
// @ts-ignore: decorator
@inline
function gateBlocks(rep: usize, tokens: i32, need: i32): i32 {
  return geti(rep, CLIENT_ADMISSION) == ADMISSION_FULL_PROMPT || expects(rep) ? heldBlocks(rep, need) - heldBlocks(rep, tokens) : 0;
}

/** Blocks that are in use until the step ends. */
export function holdPassing(rep: usize, blocks: i32): void {
  addi(rep, REP_USED, blocks);
  addi(rep, REP_PASSING, blocks);
}

/** Moves the head of the queue into a slot with `blocks` blocks of its own. */
// @ts-ignore: decorator
@inline
function takeHead(run: usize, rep: usize, request: i32, blocks: i32, foreign: i32, skip: i32): usize {
  queuePop(run, rep);
  promiseBlocks(run, rep, request, -1);
  const slot = slotTake(run, rep, request);
  const drafts = geti(rep, CLIENT_DRAFTS) != 0;
  store<i32>(slot, drafts || geti(rep, CLIENT_ADMISSION) == ADMISSION_FULL_LENGTH ? blocks : 0, SLOT_RESERVED);
  if (drafts) store<i32>(slot, 0, SLOT_LEFT);
  store<i32>(slot, foreign, SLOT_FOREIGN);
  store<i32>(slot, skip, SLOT_SKIP);
  store<i32>(slot, 0, SLOT_LISTED);
  addi(rep, REP_USED, blocks);
  const running = geti(rep, REP_RUNNING) + 1;
  seti(rep, REP_RUNNING, running);
  if (running > geti(rep, CLIENT_PEAK_SEQS)) seti(rep, CLIENT_PEAK_SEQS, running);
  noteStart(run, rep, request, skip);
  return slot;
}

/** A visit's first admission: when, and how much of its prompt was there already. */
function noteStart(run: usize, rep: usize, request: i32, skip: i32): void {
  const fleet = geta(run, RUN_FLEET);
  const start = geta(fleet, FLEET_START) + ((<usize>request) << 3);
  if (load<f64>(start) == load<f64>(start)) return;
  store<f64>(start, getf(rep, REP_START));
  const cached = geta(fleet, FLEET_CACHED);
  if (cached == 0) return;
  const own = rowOr(geta(fleet, FLEET_SHARED), request, 0) == 0 && !hasFlag(fleet, request, FLAG_RESIDENT);
  store<i32>(cached + ((<usize>request) << 2), own ? skip : 0);
}

/** Blocks of the head's context that another visit holds for it. */
// @ts-ignore: decorator
@inline
function foreignBlocks(run: usize, rep: usize, request: i32): i32 {
  return geti(run, RUN_PLAIN) != 0 ? 0 : sharedBlocks(geta(run, RUN_FLEET), rep, request);
}

/**
 * Whether the head of the queue comes with its KV, from elsewhere or from host memory: it decodes at once. After a preemption by
 * recompute it prefills like any other.
 */
// @ts-ignore: decorator
@inline
export function headIsResident(run: usize, rep: usize): bool {
  if (headIsSwapped(run, rep)) return true;
  if (geti(run, RUN_PLAIN) != 0) return false;
  const fleet = geta(run, RUN_FLEET);
  const request = geti(rep, REP_WAIT_HEAD);
  return hasFlag(fleet, request, FLAG_RESIDENT) && rowi(geta(run, RUN_PREEMPTIONS), request) == 0;
}

/**
 * Admits a resident or swapped head to the decodes if the blocks of its context and of its next token are free beside `taken` blocks
 * that are spoken for. Returns false, changing nothing, when they are not.
 */
export function admitResident(run: usize, rep: usize, taken: i32): bool {
  const request = geti(rep, REP_WAIT_HEAD);
  const generated = rowi(geta(run, RUN_GENERATED), request);
  const past = rowi(geta(run, RUN_PROMPT), request) + generated - 1;
  const foreign = foreignBlocks(run, rep, request);
  const drafts = geti(rep, CLIENT_DRAFTS);
  const full = geti(rep, CLIENT_ADMISSION) == ADMISSION_FULL_LENGTH || drafts != 0;
  const most = finalLength(run, request);
  const first = admissionBlocks(run, rep, request, past + 1 + drafts < most ? past + 1 + drafts : most) - foreign;
  if (!hasRoom(rep, first + taken)) return false;
  const held = heldBlocks(rep, past) - foreign;
  const own = full ? first : held;
  const skip = headIsSwapped(run, rep) ? swapIn(run, rep, request, held) : past;
  const slot = takeHead(run, rep, request, own, foreign, skip);
  if (geta(rep, CLIENT_PREFIX) != 0) store<i32>(geta(geta(run, RUN_FLEET), FLEET_READS) + ((<usize>request) << 2), 0);
  addi(rep, REP_PROMISED, first - own);
  const last = rowf(geta(run, RUN_FINISH), request);
  joinDecodes(run, rep, slot, past, rowi(geta(run, RUN_OUTPUT), request) - generated, last);
  if (drafts == 0) store<i32>(slot, first - own, SLOT_OWED);
  if (geti(rep, CLIENT_PACKING) == PACKING_FAIR) tenantDecodes(run, rep, request, 0);
  if (drafts != 0) verifyToo(rep, past);
  return true;
}

/** A sequence with `past` cached tokens and `left` to generate begins to decode; its last token came at `last`. */
// @ts-ignore: decorator
@inline
export function joinDecodes(run: usize, rep: usize, slot: usize, past: i32, left: i32, last: f64): void {
  if (geti(rep, CLIENT_DRAFTS) != 0) {
    joinDrafts(rep, slot, past, left, last);
    return;
  }
  const tick = geti(rep, REP_TICK);
  addi(rep, REP_DECODES, 1);
  addf(rep, REP_CONTEXT, <f64>past);
  if (load<i32>(slot, SLOT_RESERVED) == 0) residueAdd(run, rep, slot, past);
  store<i32>(slot, past - tick, SLOT_BASE);
  store<f64>(slot, last, SLOT_ENTERED);
  store<i32>(slot, tick, SLOT_TICK);
  store<i32>(slot, 0, SLOT_OWED);
  wheelAdd(run, rep, slot, tick + (load<i32>(slot, SLOT_RESERVED) == 0 ? nextChange(rep, past, left) : left));
  joinGroup(rep, last);
}

/** Decodes of a sequence with `left` to generate until it ends, or until its windows are full and it takes fewer blocks. */
// @ts-ignore: decorator
@inline
function nextChange(rep: usize, past: i32, left: i32): i32 {
  const fill = windowsFill(rep) - past;
  return fill > 0 && fill < left ? fill : left;
}

/** Joins the last group when its last token came just then too. */
// @ts-ignore: decorator
@inline
function joinGroup(rep: usize, time: f64): void {
  const groups = geti(rep, REP_GROUPS);
  const last = rep + geta(rep, CLIENT_AT_GROUPS) + <usize>((groups - 1) * GROUP_BYTES);
  if (groups > 0 && load<f64>(last, GROUP_TIME) == time) {
    store<i32>(last, load<i32>(last, GROUP_COUNT) + 1, GROUP_COUNT);
    return;
  }
  store<f64>(last, time, GROUP_BYTES + GROUP_TIME);
  store<i32>(last, 1, GROUP_BYTES + GROUP_COUNT);
  seti(rep, REP_GROUPS, groups + 1);
}

/**
 * Tokens that the head of the queue must prefill: its need less what is cached already (left in REP_HEAD_SKIP), beside `taken` blocks
 * that are spoken for.
 */
// @ts-ignore: decorator
@inline
export function headWork(run: usize, rep: usize, taken: i32): i32 {
  const request = geti(rep, REP_WAIT_HEAD);
  const need = needOf(run, request);
  const nothing = geti(run, RUN_PLAIN) != 0 && geta(rep, CLIENT_PREFIX) == 0;
  const skip = nothing ? 0 : cachedTokens(run, rep, request, need, taken);
  seti(rep, REP_HEAD_SKIP, skip);
  return need - skip;
}

/** Prompt tokens that need no computing: shared with another visit, found in the prefix cache or sent by a store. */
function cachedTokens(run: usize, rep: usize, request: i32, need: i32, taken: i32): i32 {
  const fleet = geta(run, RUN_FLEET);
  const shared = rowOr(geta(fleet, FLEET_SHARED), request, 0);
  let tokens = geta(rep, CLIENT_PREFIX) == 0 ? shared : lookUpHead(run, rep, request, need, shared, taken);
  if (shared == 0 && rowi(geta(run, RUN_PREEMPTIONS), request) == 0) {
    const fetched = rowOr(geta(fleet, FLEET_FETCHED), request, 0);
    if (fetched > tokens) tokens = fetched;
  }
  return tokens < need - 1 ? tokens : need - 1;
}

/**
 * Batch waiting (TensorRT-LLM): while sequences decode, prompts that could be admitted are held back until they and the
 * decodes make a step of CLIENT_WAIT_TOKENS tokens, or were held back for CLIENT_WAIT_STEPS steps. `left` is the budget that this
 * step has for them; with `whole` a prompt is never cut, and one above the whole budget goes as the only one.
 */
// @ts-ignore: decorator
@inline
export function holdBack(run: usize, rep: usize, left: i32, taken: i32, whole: bool): bool {
  return geti(rep, CLIENT_WAIT_STEPS) != 0 && holdsBack(run, rep, left, taken, whole);
}

function holdsBack(run: usize, rep: usize, left: i32, taken: i32, whole: bool): bool {
  const decodes = geti(rep, REP_DECODES);
  const tokens = decodes > 0 ? admissible(run, rep, left, taken, whole) : 0;
  if (tokens == 0) return false;
  const step = geti(rep, REP_CHUNK_TOKENS) + decodes * (1 + geti(rep, CLIENT_DRAFTS)) + tokens;
  if (geti(rep, REP_WAITED) >= geti(rep, CLIENT_WAIT_STEPS) || step >= geti(rep, CLIENT_WAIT_TOKENS)) {
    seti(rep, REP_WAITED, 0);
    return false;
  }
  addi(rep, REP_WAITED, 1);
  seti(rep, REP_HELD, 1);
  return true;
}

/** Whether a visit is no prompt of its own: resident, or sharing another visit's context. */
function comesWithKv(run: usize, request: i32): bool {
  const fleet = geta(run, RUN_FLEET);
  return hasFlag(fleet, request, FLAG_RESIDENT) || rowOr(geta(fleet, FLEET_SHARED), request, 0) > 0;
}

/**
 * Tokens of the prompts that admission would take now, by the rules of admitHead, changing nothing (first come first served). What
 * a cache holds of them counts too; a visit that comes with its KV ends the count.
 */
function admissible(run: usize, rep: usize, left: i32, taken: i32, whole: bool): i32 {
  const budget = geti(rep, CLIENT_BUDGET);
  let request = geti(rep, REP_WAIT_HEAD);
  let known = geti(rep, REP_WAITING) - geti(rep, REP_HIDDEN);
  let slots = geti(rep, CLIENT_MAX_SEQS) - geti(rep, REP_RUNNING);
  let room = admissionRoom(rep) - taken;
  let tokens = 0;
  while (known > 0 && slots > 0) {
    if (comesWithKv(run, request)) return tokens;
    const need = needOf(run, request);
    let chunk = need;
    if (need > left - tokens) {
      const alone = whole && need > budget && tokens == 0 && geti(rep, REP_CHUNKS) == 0;
      if (whole ? !alone : tokens >= left) return tokens;
      if (!whole) chunk = left - tokens;
    }
    room -= admissionBlocks(run, rep, request, chunk) + passingBlocks(rep, chunk, chunk);
    if (room < gateBlocks(rep, chunk, need)) return tokens;
    tokens += chunk;
    if (whole && tokens > left) return tokens;
    request = rowi(geta(run, RUN_NEXT), request);
    known--;
    slots--;
  }
  return tokens;
}
