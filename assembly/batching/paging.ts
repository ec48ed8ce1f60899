// KV blocks: what a sequence needs, what the running ones need next, and preemption (by recompute or swap) when they find none.
import {
  CLIENT_ADMISSION, CLIENT_AT_GROUPS, CLIENT_AT_RESIDUE, CLIENT_BATCHING, CLIENT_BLOCKS, CLIENT_BLOCK_SIZE, CLIENT_BUDGET, CLIENT_DRAFTS, CLIENT_PAGES,
  CLIENT_PREEMPTED, CLIENT_PROMISES, CLIENT_UNDONE, PAGES_FIXED, PAGES_FULL, PAGES_NEAR, PAGES_WINDOW,
} from '../layout/client';
import { FLEET_LOADS, FLEET_SHARED, LOADS_BYTES, LOADS_PROMISED } from '../layout/fleet';
import { RUN_FINISH, RUN_FLEET, RUN_GENERATED, RUN_OUTPUT, RUN_PREEMPTIONS, RUN_PROMPT } from '../layout/run';
import { ADMISSION_FULL_LENGTH, ADMISSION_PROMPT } from '../layout/admission';
import { BATCHING_CHUNKED } from '../layout/batching';
import {
  GROUP_BYTES, GROUP_COUNT, GROUP_TIME, REP_CONTEXT, REP_DECODES, REP_GROUPS, REP_INDEX, REP_LAST_DECODE, REP_PARTIAL, REP_PARTIAL_PAST,
  REP_PHASE, REP_PREEMPTED, REP_RUNNING, REP_RUN_TAIL, REP_TICK, REP_USED, SLOT_BASE, SLOT_CLASS, SLOT_ENTERED, SLOT_FOREIGN,
  SLOT_REQUEST, SLOT_SKIP, SLOT_TAKES, SLOT_TICK,
} from '../layout/replica';
import { addf, addi, geta, getf, geti, rowi, seti } from '../table/cell';
import { queuePushFront } from '../table/queue';
import { slotFree, wheelRemove } from '../table/slots';
import { rowOr } from '../table/visit';
import { swapOut } from './swap';

// @ts-ignore: decorator
@inline
function blocksFor(tokens: i32, blockSize: i32): i32 {
  return <i32>(<u32>(tokens + blockSize - 1) / <u32>blockSize);
}

/**
 * Blocks that a sequence of `tokens` tokens holds, with the decode that brings it there: one for every block of tokens or, of a hybrid
 * model, its pages: of full layers by length, of windows as far as one reaches, of states always as many.
 */
// @ts-ignore: decorator
@inline
export function heldBlocks(rep: usize, tokens: i32): i32 {
  const blocks = blocksFor(tokens, geti(rep, CLIENT_BLOCK_SIZE));
  return geta(rep, CLIENT_PAGES) == 0 ? blocks : pagesOf(rep, blocks, nearBlocks(rep, 1 + geti(rep, CLIENT_DRAFTS)));
}

/** The same, with `near` blocks of tokens that windows may touch. */
function pagesOf(rep: usize, blocks: i32, near: i32): i32 {
  const pages = geta(rep, CLIENT_PAGES);
  const window = load<i32>(pages, PAGES_NEAR) * (blocks < near ? blocks : near);
  return load<i32>(pages, PAGES_FULL) * blocks + window + load<i32>(pages, PAGES_FIXED);
}

/** Blocks of tokens that the windows of a step's `tokens` newest tokens touch, wherever in a block they begin. */
function nearBlocks(rep: usize, tokens: i32): i32 {
  return blocksFor(load<i32>(geta(rep, CLIENT_PAGES), PAGES_WINDOW) - 1 + tokens, geti(rep, CLIENT_BLOCK_SIZE)) + 1;
}

/** What a chunk of `chunk` tokens that ends at `tokens` needs beyond what stays: windows of all its tokens. Reserved with the final length. */
// @ts-ignore: decorator
@inline
export function passingBlocks(rep: usize, tokens: i32, chunk: i32): i32 {
  return geta(rep, CLIENT_PAGES) == 0 || geti(rep, CLIENT_ADMISSION) == ADMISSION_FULL_LENGTH ? 0 : chunkWindows(rep, tokens, chunk);
}

function chunkWindows(rep: usize, tokens: i32, chunk: i32): i32 {
  if (chunk <= 1 + geti(rep, CLIENT_DRAFTS)) return 0;
  return pagesOf(rep, blocksFor(tokens, geti(rep, CLIENT_BLOCK_SIZE)), nearBlocks(rep, chunk)) - heldBlocks(rep, tokens);
}

/** The most that a sequence of `tokens` tokens in the end ever holds: it may have to be prefilled as far as a step takes. */
// @ts-ignore: decorator
@inline
export function mostBlocks(rep: usize, tokens: i32): i32 {
  return heldBlocks(rep, tokens) + (geta(rep, CLIENT_PAGES) == 0 ? 0 : chunkWindows(rep, tokens, longestChunk(rep, tokens)));
}

function longestChunk(rep: usize, tokens: i32): i32 {
  const budget = geti(rep, CLIENT_BUDGET);
  return geti(rep, CLIENT_BATCHING) == BATCHING_CHUNKED && budget < tokens ? budget : tokens;
}

/** Blocks that a sequence takes whenever its past fills a block of tokens, as long as its windows grow, and after (`full`). */
// @ts-ignore: decorator
@inline
export function takenEach(rep: usize, full: bool): i32 {
  const pages = geta(rep, CLIENT_PAGES);
  return pages == 0 ? 1 : load<i32>(pages, PAGES_FULL) + (full ? 0 : load<i32>(pages, PAGES_NEAR));
}

/** Tokens from which on a sequence's windows are full; 0 without windows. */
// @ts-ignore: decorator
@inline
export function windowsFill(rep: usize): i32 {
  const pages = geta(rep, CLIENT_PAGES);
  if (pages == 0 || load<i32>(pages, PAGES_NEAR) == 0) return 0;
  return nearBlocks(rep, 1 + geti(rep, CLIENT_DRAFTS)) * geti(rep, CLIENT_BLOCK_SIZE);
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

/** Blocks that `request` takes at admission with a first chunk of `tokens`; 0 < result. */
// @ts-ignore: decorator
@inline
export function admissionBlocks(run: usize, rep: usize, request: i32, tokens: i32): i32 {
  const admission = geti(rep, CLIENT_ADMISSION);
  if (admission == ADMISSION_FULL_LENGTH) return mostBlocks(rep, finalLength(run, request));
  assert(admission == ADMISSION_PROMPT, 'admissionBlocks: unknown admission');
  return heldBlocks(rep, tokens);
}

/** Tokens in the cache when the request ends: the last token is never fed back. */
// @ts-ignore: decorator
@inline
export function finalLength(run: usize, request: i32): i32 {
  return rowi(geta(run, RUN_PROMPT), request) + rowi(geta(run, RUN_OUTPUT), request) - 1;
}

/** Tokens to prefill: the prompt, after a preemption also what was generated. */
// @ts-ignore: decorator
@inline
export function needOf(run: usize, request: i32): i32 {
  return rowi(geta(run, RUN_PROMPT), request) + rowi(geta(run, RUN_GENERATED), request);
}

/** Counts the blocks that a decoding slot with `past` tokens takes at each end of a block into its residue class. */
// @ts-ignore: decorator
@inline
export function residueAdd(run: usize, rep: usize, slot: usize, past: i32): void {
  const residue = <i32>(<u32>(past + geti(rep, REP_PHASE)) % <u32>geti(rep, CLIENT_BLOCK_SIZE));
  const takes = takenEach(rep, past >= windowsFill(rep));
  store<i32>(slot, residue, SLOT_CLASS);
  store<i32>(slot, takes, SLOT_TAKES);
  const at = rep + geta(rep, CLIENT_AT_RESIDUE) + ((<usize>residue) << 2);
  store<i32>(at, load<i32>(at) + takes);
}

// @ts-ignore: decorator
@inline
export function residueRemove(run: usize, rep: usize, slot: usize): void {
  const at = rep + geta(rep, CLIENT_AT_RESIDUE) + ((<usize>load<i32>(slot, SLOT_CLASS)) << 2);
  store<i32>(at, load<i32>(at) - load<i32>(slot, SLOT_TAKES));
}

/**
 * Makes room for the running sequences' next tokens (`chunk` of them for the partial prompt) by preempting the most
 * recently admitted until the rest fit. Walking the sequences in order of admission and preempting at the first that
 * finds no block ends with the same set, because only the tail is ever preempted and it has taken nothing yet.
 */
export function makeRoom(run: usize, rep: usize, chunk: i32): void {
  const blocks = geti(rep, CLIENT_BLOCKS);
  let partial = 0;
  if (chunk > 0) {
    const past = geti(rep, REP_PARTIAL_PAST);
    partial = heldBlocks(rep, past + chunk) - heldBlocks(rep, past) + passingBlocks(rep, past + chunk, chunk);
  }
  while (geti(rep, REP_USED) + decodeBlocks(run, rep) + partial > blocks) {
    if (geti(rep, REP_PARTIAL) != 0) {
      preemptPartial(run, rep);
      partial = 0;
    } else {
      preemptDecode(run, rep, geta(rep, REP_RUN_TAIL));
    }
    seti(rep, REP_PREEMPTED, 1);
  }
}

function preemptPartial(run: usize, rep: usize): void {
  const slot = geta(rep, REP_PARTIAL);
  const past = geti(rep, REP_PARTIAL_PAST);
  addi(rep, REP_USED, load<i32>(slot, SLOT_FOREIGN) - heldBlocks(rep, past));
  seti(rep, REP_PARTIAL, 0);
  addf(rep, CLIENT_UNDONE, <f64>(past - load<i32>(slot, SLOT_SKIP)));
  requeue(run, rep, slot);
}

function preemptDecode(run: usize, rep: usize, slot: usize): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  const tick = geti(rep, REP_TICK);
  const past = load<i32>(slot, SLOT_BASE) + tick;
  const blocks = heldBlocks(rep, past) - load<i32>(slot, SLOT_FOREIGN);
  const skip = load<i32>(slot, SLOT_SKIP);
  addi(rep, REP_USED, -blocks);
  if (!swapOut(run, rep, request, blocks, skip)) addf(rep, CLIENT_UNDONE, <f64>(past - skip));
  residueRemove(run, rep, slot);
  wheelRemove(run, rep, slot);
  addi(rep, REP_DECODES, -1);
  addf(rep, REP_CONTEXT, -(<f64>past));
  const left = finalLength(run, request) - past;
  store<i32>(geta(run, RUN_GENERATED) + ((<usize>request) << 2), rowi(geta(run, RUN_OUTPUT), request) - left);
  // The gap to the token after the recompute or swap starts at the last token: kept where the finish time will stand.
  const last = tick > load<i32>(slot, SLOT_TICK) ? getf(rep, REP_LAST_DECODE) : load<f64>(slot, SLOT_ENTERED);
  store<f64>(geta(run, RUN_FINISH) + ((<usize>request) << 3), last);
  leaveGroup(rep, last);
  requeue(run, rep, slot);
}

/** Whoever is routed to `rep` and not admitted will take blocks there (`by` 1), or no more (-1): where routing asks for KV, they are load. */
// @ts-ignore: decorator
@inline
export function promiseBlocks(run: usize, rep: usize, visit: i32, by: f64): void {
  if (geti(rep, CLIENT_PROMISES) == 0) return;
  const fleet = geta(run, RUN_FLEET);
  const shared = takenEach(rep, true) * (rowOr(geta(fleet, FLEET_SHARED), visit, 0) / geti(rep, CLIENT_BLOCK_SIZE));
  const blocks = admissionBlocks(run, rep, visit, needOf(run, visit)) - shared;
  addf(geta(fleet, FLEET_LOADS) + <usize>(geti(rep, REP_INDEX) * LOADS_BYTES), LOADS_PROMISED >> 3, by * <f64>blocks);
}

/** A preempted sequence leaves its slot and goes to the front of the queue. */
export function requeue(run: usize, rep: usize, slot: usize): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  slotFree(rep, slot);
  addi(rep, REP_RUNNING, -1);
  const at = geta(run, RUN_PREEMPTIONS) + ((<usize>request) << 2);
  store<i32>(at, load<i32>(at) + 1);
  queuePushFront(run, rep, request);
  promiseBlocks(run, rep, request, 1);
  addi(rep, CLIENT_PREEMPTED, 1);
}

/** Takes one sequence out of the group whose last token came at `time`. */
function leaveGroup(rep: usize, time: f64): void {
  let group = rep + geta(rep, CLIENT_AT_GROUPS);
  const end = group + <usize>(geti(rep, REP_GROUPS) * GROUP_BYTES);
  while (group < end) {
    if (load<f64>(group, GROUP_TIME) == time) {
      store<i32>(group, load<i32>(group, GROUP_COUNT) - 1, GROUP_COUNT);
      return;
    }
    group += GROUP_BYTES;
  }
}
