// Phase "retire": a step (or leap) has ended; everyone in it advances, and whoever has all its output leaves.
import {
  RUN_ADMISSION, RUN_ARRIVAL, RUN_AT_CHUNKS, RUN_AT_GROUPS, RUN_AT_RESIDUE, RUN_BATCHING, RUN_BLOCK_SIZE, RUN_BUSY, RUN_CONCURRENCY,
  RUN_CONTEXT, RUN_FINISH, RUN_FINISHED, RUN_FIRST, RUN_GENERATED, RUN_HISTOGRAM, RUN_OUTPUT, RUN_PAIRS, RUN_PEAK_BLOCKS, RUN_RELEASED,
  RUN_REQUESTS, RUN_RUNNING, RUN_STATE, RUN_STEPS, RUN_TOKENS, RUN_TPOT_LIMIT, RUN_TPOT_MISSES, RUN_TTFT_LIMIT, RUN_TTFT_MISSES,
} from '../layout/run';
import { ADMISSION_PROMPT, BATCHING_STATIC, STATE_FINISHED } from '../layout/enums';
import {
  CHUNK_BYTES, CHUNK_SLOT, GROUP_BYTES, GROUP_COUNT, GROUP_TIME, REP_CHUNKS, REP_CHUNK_TOKENS, REP_CONTEXT, REP_DECODES, REP_DECODING,
  REP_END, REP_GROUPS, REP_LAST_DECODE, REP_OUTSTANDING, REP_PAIRS, REP_PHASE, REP_PIECE_A, REP_PIECE_B, REP_RUNNING, REP_RUN_TAIL,
  REP_FREE_SLOT, REP_SINCE_LOOK, REP_SLOTS_USED, REP_START, REP_STEPS, REP_TICK, REP_USED, SLOT_BASE, SLOT_ENTERED, SLOT_NEED, SLOT_REQUEST,
  SLOT_RESERVED, SLOT_WHEEL_NEXT,
} from '../layout/replica';
import { blocksFor, finalLength, residueAdd, residueRemove } from '../batching/paging';
import { addf, addi, geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { histogramAdd, histogramAddLinear } from '../table/histogram';
import { slotFree, wheelAdd, wheelTake } from '../table/slots';

/** Ends the step under way of `rep`, at its END. */
export function retireStep(run: usize, rep: usize): void {
  const now = getf(rep, REP_END);
  countStep(run, rep);
  if (geti(rep, REP_DECODING) != 0) advanceDecodes(run, rep, now);
  if (geti(rep, REP_CHUNKS) > 0) completeChunks(run, rep, now);
  if (geti(run, RUN_BATCHING) == BATCHING_STATIC && geti(rep, REP_DECODES) == 0) clearBatch(rep);
}

function countStep(run: usize, rep: usize): void {
  const steps = <f64>geti(rep, REP_STEPS);
  const lasted = getf(rep, REP_END) - getf(rep, REP_START);
  const decodes = geti(rep, REP_DECODING) != 0 ? <f64>geti(rep, REP_DECODES) : 0.0;
  addf(run, RUN_STEPS, steps);
  addf(run, RUN_BUSY, lasted);
  addf(run, RUN_RUNNING, lasted * (decodes + <f64>geti(rep, REP_CHUNKS)));
  addf(run, RUN_TOKENS, steps * decodes + <f64>geti(rep, REP_CHUNK_TOKENS));
  addf(run, RUN_PAIRS, getf(rep, REP_PAIRS));
  if (decodes > 0) addf(run, RUN_CONTEXT, steps * getf(rep, REP_CONTEXT) + decodes * (steps * (steps - 1) * 0.5));
}

/** Every running sequence gains STEPS tokens; those whose tick has come end. */
function advanceDecodes(run: usize, rep: usize, now: f64): void {
  const steps = geti(rep, REP_STEPS);
  const decodes = geti(rep, REP_DECODES);
  const context = getf(rep, REP_CONTEXT);
  if (geti(run, RUN_HISTOGRAM) != 0) countGaps(run, rep, now, steps, decodes, context);
  takeBlocks(run, rep, steps);
  addi(rep, REP_SINCE_LOOK, steps);
  const tick = geti(rep, REP_TICK) + steps;
  seti(rep, REP_TICK, tick);
  setf(rep, REP_CONTEXT, context + <f64>decodes * <f64>steps);
  setf(rep, REP_LAST_DECODE, now);
  let slot = wheelTake(run, rep, tick);
  while (slot != 0) {
    const next = <usize>load<u32>(slot, SLOT_WHEEL_NEXT);
    finishSlot(run, rep, slot, now, load<i32>(slot, SLOT_BASE) + tick);
    slot = next;
  }
  const group = rep + geta(run, RUN_AT_GROUPS);
  store<f64>(group, now, GROUP_TIME);
  store<i32>(group, geti(rep, REP_DECODES), GROUP_COUNT);
  seti(rep, REP_GROUPS, 1);
}

/** Inter-token gaps of a leap: the first token closes each group's own gap, the others are the steps themselves. */
function countGaps(run: usize, rep: usize, now: f64, steps: i32, decodes: i32, context: f64): void {
  const histogram = geta(run, RUN_HISTOGRAM);
  const a = getf(rep, REP_PIECE_A);
  const b = getf(rep, REP_PIECE_B);
  const first = steps == 1 ? now : getf(rep, REP_START) + (a + b * context);
  let group = rep + geta(run, RUN_AT_GROUPS);
  const end = group + <usize>(geti(rep, REP_GROUPS) * GROUP_BYTES);
  while (group < end) {
    const count = load<i32>(group, GROUP_COUNT);
    if (count > 0) histogramAdd(histogram, first - load<f64>(group, GROUP_TIME), <f64>count);
    group += GROUP_BYTES;
  }
  if (steps == 1) return;
  const weight = <f64>decodes;
  histogramAddLinear(histogram, a + b * (context + weight), b * weight, steps - 1, weight);
}

/** The blocks that STEPS decode iterations filled: whole periods of the block size, then the rest class by class. */
function takeBlocks(run: usize, rep: usize, steps: i32): void {
  const residue = rep + geta(run, RUN_AT_RESIDUE);
  const blockSize = geti(run, RUN_BLOCK_SIZE);
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
  seti(rep, REP_PHASE, phase);
  const used = geti(rep, REP_USED) + taken;
  seti(rep, REP_USED, used);
  if (used > geti(run, RUN_PEAK_BLOCKS)) seti(run, RUN_PEAK_BLOCKS, used);
}

/** Chunks that completed their prompt yield a token and decode from now on (or end, when that was their last). */
function completeChunks(run: usize, rep: usize, now: f64): void {
  let chunk = rep + geta(run, RUN_AT_CHUNKS);
  const end = chunk + <usize>(geti(rep, REP_CHUNKS) * CHUNK_BYTES);
  while (chunk < end) {
    const slot = <usize>load<u32>(chunk, CHUNK_SLOT);
    if (slot != 0) completePrompt(run, rep, slot, now);
    chunk += CHUNK_BYTES;
  }
}

function completePrompt(run: usize, rep: usize, slot: usize, now: f64): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  const generated = rowi(geta(run, RUN_GENERATED), request);
  const need = load<i32>(slot, SLOT_NEED);
  if (generated == 0) {
    store<f64>(geta(run, RUN_FIRST) + ((<usize>request) << 3), now);
    if (now - rowf(geta(run, RUN_ARRIVAL), request) > getf(run, RUN_TTFT_LIMIT)) addi(run, RUN_TTFT_MISSES, 1);
  } else if (geti(run, RUN_HISTOGRAM) != 0) {
    histogramAdd(geta(run, RUN_HISTOGRAM), now - rowf(geta(run, RUN_FINISH), request), 1);
  }
  const left = rowi(geta(run, RUN_OUTPUT), request) - generated - 1;
  const paged = load<i32>(slot, SLOT_RESERVED) == 0;
  addi(rep, REP_DECODES, 1);
  addf(rep, REP_CONTEXT, <f64>need);
  if (paged) residueAdd(run, rep, slot, need);
  if (left == 0) {
    finishSlot(run, rep, slot, now, need);
    return;
  }
  const tick = geti(rep, REP_TICK);
  store<i32>(slot, need - tick, SLOT_BASE);
  store<f64>(slot, now, SLOT_ENTERED);
  wheelAdd(run, rep, slot, tick + left);
  joinGroup(run, rep, now);
}

/** A sequence has begun to decode at `now`: it joins the last group when that one's last token came just then too. */
// @ts-ignore: decorator
@inline
function joinGroup(run: usize, rep: usize, now: f64): void {
  const groups = geti(rep, REP_GROUPS);
  const last = rep + geta(run, RUN_AT_GROUPS) + <usize>((groups - 1) * GROUP_BYTES);
  if (groups > 0 && load<f64>(last, GROUP_TIME) == now) {
    store<i32>(last, load<i32>(last, GROUP_COUNT) + 1, GROUP_COUNT);
    return;
  }
  store<f64>(last, now, GROUP_BYTES + GROUP_TIME);
  store<i32>(last, 1, GROUP_BYTES + GROUP_COUNT);
  seti(rep, REP_GROUPS, groups + 1);
}

/** A decoding sequence with `past` cached tokens has all its output. */
function finishSlot(run: usize, rep: usize, slot: usize, now: f64, past: i32): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  store<f64>(geta(run, RUN_FINISH) + ((<usize>request) << 3), now);
  store<i32>(geta(run, RUN_STATE) + ((<usize>request) << 2), STATE_FINISHED);
  addi(rep, REP_DECODES, -1);
  addf(rep, REP_CONTEXT, -(<f64>past));
  addi(rep, REP_OUTSTANDING, -1);
  addi(run, RUN_FINISHED, 1);
  const reserved = load<i32>(slot, SLOT_RESERVED);
  if (reserved == 0) residueRemove(run, rep, slot);
  if (geti(run, RUN_BATCHING) != BATCHING_STATIC) {
    addi(rep, REP_USED, -(reserved == 0 ? blocksFor(past, geti(run, RUN_BLOCK_SIZE)) : reserved));
    addi(rep, REP_RUNNING, -1);
    slotFree(rep, slot);
  }
  checkTpot(run, request, now);
  if (geti(run, RUN_CONCURRENCY) > 0) releaseNext(run, now);
}

// @ts-ignore: decorator
@inline
function checkTpot(run: usize, request: i32, now: f64): void {
  const gaps = rowi(geta(run, RUN_OUTPUT), request) - 1;
  if (gaps <= 0) return;
  const lasted = now - rowf(geta(run, RUN_FIRST), request);
  if (lasted > getf(run, RUN_TPOT_LIMIT) * <f64>gaps) addi(run, RUN_TPOT_MISSES, 1);
}

/** Closed loop: the next request is sent at the instant one leaves. */
export function releaseNext(run: usize, now: f64): void {
  const released = geti(run, RUN_RELEASED);
  if (released >= geti(run, RUN_REQUESTS)) return;
  store<f64>(geta(run, RUN_ARRIVAL) + ((<usize>released) << 3), now);
  seti(run, RUN_RELEASED, released + 1);
}

/** Static batching: the last sequence has ended, so the whole batch gives back its slots and blocks. */
function clearBatch(rep: usize): void {
  seti(rep, REP_RUNNING, 0);
  seti(rep, REP_USED, 0);
  seti(rep, REP_RUN_TAIL, 0);
  seti(rep, REP_FREE_SLOT, 0);
  seti(rep, REP_SLOTS_USED, 0);
}
