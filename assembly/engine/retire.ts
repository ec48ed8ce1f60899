// Phase "retire": a step (or leap) has ended; everyone in it advances, and whoever has all its output leaves.
import {
  CLIENT_AT_CHUNKS, CLIENT_AT_GROUPS, CLIENT_BATCHING, CLIENT_BLOCK_SIZE, CLIENT_BUSY, CLIENT_CHANNEL, CLIENT_CONTEXT, CLIENT_DRAFTS, CLIENT_PACKING, CLIENT_PAGES, CLIENT_PAIRS,
  CLIENT_PEAK_BLOCKS, CLIENT_ROUND, CLIENT_RUNNING, CLIENT_STEPS, CLIENT_TOKENS, CLIENT_UNDONE,
} from '../layout/client';
import { BATCHING_STATIC } from '../layout/batching';
import { PACKING_FAIR } from '../layout/packing';
import { FLAG_RESIDENT } from '../layout/enums';
import { FLEET_LEAVERS } from '../layout/fleet';
import {
  CHUNK_BYTES, CHUNK_SLOT, GROUP_BYTES, GROUP_COUNT, GROUP_TIME, REP_BATCH, REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMMON, REP_CONTEXT, REP_DECAYED, REP_DECODES, REP_DECODING,
  REP_END, REP_FREE_SLOT, REP_GROUPS, REP_INDEX, REP_KEPT, REP_LAST_DECODE, REP_PAIRS, REP_PASSING, REP_PHASE, REP_PIECE_A, REP_PIECE_B, REP_PREEMPTED, REP_PROMISED, REP_RETIRING, REP_RUNNING,
  REP_RUN_HEAD, REP_RUN_TAIL, REP_SINCE_LOOK, REP_SLOTS_USED, REP_START, REP_STEPS, REP_TICK, REP_USED, SLOT_BASE, SLOT_NEED, SLOT_REQUEST,
  SLOT_RESERVED, SLOT_RUN_NEXT, SLOT_WHEEL_NEXT,
} from '../layout/replica';
import {
  RUN_ARRIVAL, RUN_FINISH, RUN_FIRST, RUN_FLEET, RUN_GENERATED, RUN_HISTOGRAM, RUN_OUTPUT, RUN_PLAIN, RUN_STEPS, RUN_TTFT_LIMIT, RUN_TTFT_MISSES,
} from '../layout/run';
import { joinDecodes } from '../batching/admit';
import { stepContext, stepDecodes } from '../batching/drafts';
import { blocksTaken } from '../batching/count';
import { finalLength, residueAdd, residueRemove } from '../batching/paging';
import { addf, addi, geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { histogramAdd, histogramAddLinear } from '../table/histogram';
import { wheelAdd, wheelTake } from '../table/slots';
import { tenantDecodes } from '../table/tenants';
import { hasFlag } from '../table/visit';
import { markChannel } from '../contention/channel';
import { finishSlot, isCounted } from './finish';
import { sharesBlocks } from '../batching/share';
import { leaveAfter, leaveAll } from './leaving';
import { leaveMarked } from './patience';
import { isHeld } from './visit';
import { advanceDrafts } from './verify';

/** Ends the step under way of `rep`, at its END. */
export function retireStep(run: usize, rep: usize): void {
  const now = getf(rep, REP_END);
  countStep(run, rep);
  setf(rep, REP_END, Infinity);
  const shares = sharesBlocks(rep);
  if (shares) seti(rep, REP_RETIRING, 1);
  if (geti(rep, REP_DECODING) != 0) {
    if (geti(rep, CLIENT_DRAFTS) != 0) advanceDrafts(run, rep, now);
    else advanceDecodes(run, rep, now);
  }
  if (geti(rep, REP_CHUNKS) > 0) {
    letPass(rep);
    completeChunks(run, rep, now);
  }
  if (geti(rep, CLIENT_BATCHING) == BATCHING_STATIC && geti(rep, REP_DECODES) == 0) clearBatch(run, rep);
  if (shares) {
    leaveAll(run, rep);
    seti(rep, REP_RETIRING, 0);
  }
  const leavers = geta(geta(run, RUN_FLEET), FLEET_LEAVERS);
  if (leavers != 0 && rowi(leavers, geti(rep, REP_INDEX)) > 0) leaveMarked(run, rep, now);
  if (geti(rep, CLIENT_CHANNEL) >= 0) markChannel(run, rep);
}

function countStep(run: usize, rep: usize): void {
  let steps = <f64>geti(rep, REP_STEPS);
  const lasted = getf(rep, REP_END) - getf(rep, REP_START);
  const decodes = geti(rep, REP_DECODING) != 0 ? <f64>stepDecodes(rep) : 0.0;
  const round = geti(rep, CLIENT_ROUND);
  const isRound = round != 0 && decodes > 0;
  if (isRound) steps = <f64>round;
  addf(run, RUN_STEPS, steps);
  addf(rep, CLIENT_STEPS, steps);
  addf(rep, CLIENT_BUSY, lasted);
  addf(rep, CLIENT_RUNNING, lasted * (decodes + <f64>geti(rep, REP_CHUNKS)));
  const drafts = <f64>geti(rep, CLIENT_DRAFTS);
  const tokens = steps * decodes + <f64>geti(rep, REP_CHUNK_TOKENS);
  addf(rep, CLIENT_TOKENS, isRound ? tokens : tokens + decodes * drafts);
  // With drafts it is known only when they are verified how far the decodes came.
  addf(rep, CLIENT_UNDONE, drafts > 0 ? -(<f64>geti(rep, REP_CHUNK_TOKENS)) : -tokens);
  addf(rep, CLIENT_PAIRS, getf(rep, REP_PAIRS));
  if (decodes > 0) addf(rep, CLIENT_CONTEXT, steps * stepContext(rep) + decodes * (steps * (steps - 1) * 0.5));
  // a step of decodes alone that found their blocks: fewer tokens are expected of those that run
  if (decodes > 0 && geti(rep, REP_CHUNKS) == 0 && geti(rep, REP_PREEMPTED) == 0) addi(rep, REP_DECAYED, geti(rep, REP_STEPS));
  const common = geti(rep, REP_COMMON);
  if (common > 0 && decodes > 0) countCommon(rep, steps * decodes * <f64>common, steps * <f64>common);
}

/** Of the context, `tokens` were read as prompts read what is behind them: only `once`. */
function countCommon(rep: usize, tokens: f64, once: f64): void {
  addf(rep, CLIENT_PAIRS, tokens);
  addf(rep, CLIENT_CONTEXT, once - tokens);
}

/** Every running sequence gains STEPS tokens; those whose tick has come end. */
function advanceDecodes(run: usize, rep: usize, now: f64): void {
  const steps = geti(rep, REP_STEPS);
  const decodes = geti(rep, REP_DECODES);
  const context = getf(rep, REP_CONTEXT);
  if (geti(run, RUN_HISTOGRAM) != 0) countGaps(run, rep, now, steps, decodes, context);
  takeBlocks(run, rep, steps);
  addi(rep, REP_SINCE_LOOK, steps);
  seti(rep, REP_PROMISED, 0);
  const tick = geti(rep, REP_TICK) + steps;
  seti(rep, REP_TICK, tick);
  setf(rep, REP_CONTEXT, context + <f64>decodes * <f64>steps);
  setf(rep, REP_LAST_DECODE, now);
  let slot = wheelTake(run, rep, tick);
  while (slot != 0) {
    const next = <usize>load<u32>(slot, SLOT_WHEEL_NEXT);
    const past = load<i32>(slot, SLOT_BASE) + tick;
    if (geta(rep, CLIENT_PAGES) == 0 || !goesOn(run, rep, slot, past)) finishDecode(run, rep, slot, now, past);
    slot = next;
  }
  const group = rep + geta(rep, CLIENT_AT_GROUPS);
  store<f64>(group, now, GROUP_TIME);
  store<i32>(group, geti(rep, REP_DECODES), GROUP_COUNT);
  seti(rep, REP_GROUPS, 1);
}

/** Whether a sequence of a hybrid model whose tick has come has only filled its windows: from now on it takes fewer blocks. */
function goesOn(run: usize, rep: usize, slot: usize, past: i32): bool {
  const left = finalLength(run, load<i32>(slot, SLOT_REQUEST)) - past;
  if (left == 0) return false;
  residueRemove(run, rep, slot);
  residueAdd(run, rep, slot, past);
  wheelAdd(run, rep, slot, geti(rep, REP_TICK) + left);
  return true;
}

/** What only the chunks of the step needed is let go. */
// @ts-ignore: decorator
@inline
function letPass(rep: usize): void {
  const passing = geti(rep, REP_PASSING);
  if (passing == 0) return;
  addi(rep, REP_USED, -passing);
  seti(rep, REP_PASSING, 0);
}

/** Inter-token gaps of a leap: the first token closes each group's own gap, the others are the steps themselves. */
function countGaps(run: usize, rep: usize, now: f64, steps: i32, decodes: i32, context: f64): void {
  const histogram = geta(run, RUN_HISTOGRAM);
  const a = getf(rep, REP_PIECE_A);
  const b = getf(rep, REP_PIECE_B);
  const first = steps == 1 ? now : getf(rep, REP_START) + (a + b * context);
  let group = rep + geta(rep, CLIENT_AT_GROUPS);
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

/** The blocks that the STEPS decode iterations filled are in use now. */
function takeBlocks(run: usize, rep: usize, steps: i32): void {
  const used = geti(rep, REP_USED) + blocksTaken(rep, steps);
  const blockSize = geti(rep, CLIENT_BLOCK_SIZE);
  const phase = geti(rep, REP_PHASE) - (steps % blockSize);
  seti(rep, REP_PHASE, phase < 0 ? phase + blockSize : phase);
  seti(rep, REP_USED, used);
  if (used > geti(rep, CLIENT_PEAK_BLOCKS)) seti(rep, CLIENT_PEAK_BLOCKS, used);
}

/** Chunks that completed their prompt yield a token and decode from now on (or end, when that was their last). */
function completeChunks(run: usize, rep: usize, now: f64): void {
  let chunk = rep + geta(rep, CLIENT_AT_CHUNKS);
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
  const fleet = geta(run, RUN_FLEET);
  const plain = geti(run, RUN_PLAIN) != 0;
  if (generated == 0 && (plain || !hasFlag(fleet, request, FLAG_RESIDENT))) {
    store<f64>(geta(run, RUN_FIRST) + ((<usize>request) << 3), now);
    checkTtft(run, request, now);
  } else if (geti(run, RUN_HISTOGRAM) != 0) {
    histogramAdd(geta(run, RUN_HISTOGRAM), now - rowf(geta(run, RUN_FINISH), request), 1);
  }
  const left = rowi(geta(run, RUN_OUTPUT), request) - generated - 1;
  if (geti(rep, CLIENT_PACKING) == PACKING_FAIR) tenantDecodes(run, rep, request, 1);
  if (left == 0) finishSlot(run, rep, slot, now, need);
  else joinDecodes(run, rep, slot, need, left, now);
}

/** A decoding sequence with `past` cached tokens has all its output. */
// @ts-ignore: decorator
@inline
function finishDecode(run: usize, rep: usize, slot: usize, now: f64, past: i32): void {
  addi(rep, REP_DECODES, -1);
  addf(rep, REP_CONTEXT, -(<f64>past));
  if (load<i32>(slot, SLOT_RESERVED) == 0) residueRemove(run, rep, slot);
  finishSlot(run, rep, slot, now, past);
}

/** A limit is given only where every request is one visit. */
// @ts-ignore: decorator
@inline
function checkTtft(run: usize, request: i32, now: f64): void {
  const limit = getf(run, RUN_TTFT_LIMIT);
  if (limit < Infinity && now - rowf(geta(run, RUN_ARRIVAL), request) > limit && isCounted(run, request)) addi(run, RUN_TTFT_MISSES, 1);
}

/** Static batching: the last sequence has ended, so the whole batch gives back its slots and blocks. */
function clearBatch(run: usize, rep: usize): void {
  seti(rep, REP_RUNNING, 0);
  if (sharesBlocks(rep)) leaveTogether(run, rep);
  else seti(rep, REP_USED, geti(rep, REP_KEPT));
  addi(rep, REP_BATCH, 1);
  seti(rep, REP_RUN_TAIL, 0);
  seti(rep, REP_RUN_HEAD, 0);
  seti(rep, REP_FREE_SLOT, 0);
  seti(rep, REP_SLOTS_USED, 0);
}

/** All of a batch but those whose blocks others still need. */
function leaveTogether(run: usize, rep: usize): void {
  for (let slot = geta(rep, REP_RUN_HEAD); slot != 0; slot = <usize>load<u32>(slot, SLOT_RUN_NEXT)) {
    const request = load<i32>(slot, SLOT_REQUEST);
    if (!isHeld(geta(run, RUN_FLEET), request)) leaveAfter(run, rep, request);
  }
}
