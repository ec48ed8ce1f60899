// Phase "form": a replica that is free decides what its next step holds, and when it will end.
import { CLIENT_BATCHING, CLIENT_CHANNEL, CLIENT_DRAFTS, CLIENT_LEAPS, CLIENT_MAX_SEQS, CLIENT_PACKING, CLIENT_PEAK_BLOCKS, CLIENT_PREFIX, CLIENT_RECEIVE_EVERY, CLIENT_WAIT_STEPS } from '../layout/client';
import { LOG_BLOCKS, LOG_CONTEXT, LOG_DURATION, LOG_FIELDS, LOG_PREFILL_TOKENS, LOG_REPLICA, LOG_SEQUENCES, LOG_START, RUN_FLEET, RUN_LEAP, RUN_LOG, RUN_LOGGED, RUN_PIECE_A, RUN_PIECE_B, RUN_PIECE_END } from '../layout/run';
import { BATCHING_CHUNKED, BATCHING_CONTINUOUS, BATCHING_MIXED, BATCHING_STATIC } from '../layout/batching';
import { PACKING_FAIR } from '../layout/packing';
import { LEAP_NONE } from '../layout/enums';
import { FLEET_EDGE_LAYERS } from '../layout/fleet';
import {
  REP_BLOCKED, REP_CHUNKS, REP_CHUNK_TOKENS, REP_COMMON, REP_COMPLETING, REP_CONTEXT, REP_DECODING, REP_END, REP_HEAD_IDLE, REP_HEAD_OWN, REP_HELD, REP_HIDDEN, REP_INDEX, REP_PAIRS,
  REP_PIECE_A, REP_PIECE_B, REP_PREEMPTED, REP_PROMISED, REP_READY, REP_RUNNING, REP_SINCE_LOOK, REP_START, REP_STEPS, REP_SWAPPED, REP_USED, REP_WAITING,
} from '../layout/replica';
import { formChunked } from '../batching/chunked';
import { formContinuous } from '../batching/continuous';
import { formMixed } from '../batching/mixed';
import { formStatic } from '../batching/static';
import { stepContext, stepDecodes } from '../batching/drafts';
import { commonTokens } from '../batching/cascade';
import { decodeBlocks } from '../batching/count';
import { expects, forgetRatio, isFull, learnRatio, speakForRunning } from '../batching/expect';
import { mayGainByLoss } from '../batching/share';
import { paySwaps, swapSeconds } from '../batching/swap';
import { geta, getf, geti, setf, seti } from '../table/cell';
import { clientAt, firstRank, ranksOf } from '../table/client';
import { lookAtTenants, turnMayPass } from '../table/tenants';
import { startOnChannel } from '../contention/channel';
import { departLayers } from './layers';
import { leapLimit, nextCut, planLeap } from './leap';
import { noteWants, priceDecode, priceDrafts, priceMixed } from './price';
import { holdUneven, priceRanks } from './ranks';

/**
 * Before a step: the scheduler looks at what has arrived after a step with prompts, when nothing ran, and after every
 * CLIENT_RECEIVE_EVERY decode steps (SGLang); until then arrivals stay hidden at the end of the queue.
 */
// @ts-ignore: decorator
@inline
function lookAtArrivals(rep: usize): void {
  const every = geti(rep, CLIENT_RECEIVE_EVERY);
  if (every <= 1) return;
  const decoded = geti(rep, REP_RUNNING) > 0 && geti(rep, REP_CHUNKS) == 0;
  if (decoded && geti(rep, REP_SINCE_LOOK) < every) return;
  seti(rep, REP_HIDDEN, 0);
  seti(rep, REP_SINCE_LOOK, 0);
}

/** Forms and prices the next step of a free replica at time `now`; END stays +inf when there is nothing to do. */
export function formStep(run: usize, rep: usize, now: f64): void {
  setf(rep, REP_END, Infinity);
  if (geti(rep, REP_RUNNING) == 0 && geti(rep, REP_WAITING) == 0) {
    forgetRatio(rep);
    return;
  }
  lookAtArrivals(rep);
  setf(rep, REP_START, now);
  formBatch(run, rep);
  // Only where blocks are kept for ended visits can a step come out empty: the client sleeps until blocks are let go or a
  // visit joins. Trying again by itself could go on for ever.
  if (isEmpty(rep)) return;
  const batching = geti(rep, CLIENT_BATCHING);
  const decoding = geti(rep, REP_DECODING) != 0;
  notePeak(run, rep, decoding);
  // Price
  if (geta(rep, CLIENT_PREFIX) != 0) seti(rep, REP_COMMON, commonTokens(run, rep));
  if (geti(rep, CLIENT_DRAFTS) != 0) {
    endAfter(run, rep, priceDrafts(run, rep) + swapSeconds(rep), now);
  } else if (geti(rep, REP_CHUNKS) > 0) {
    endAfter(run, rep, priceMixed(run, rep) + swapSeconds(rep), now);
  } else {
    priceDecode(run, rep);
    setf(rep, REP_PIECE_A, getf(run, RUN_PIECE_A));
    setf(rep, REP_PIECE_B, getf(run, RUN_PIECE_B));
    if (geti(run, RUN_LEAP) == LEAP_NONE || mayNotLeap(rep)) {
      endAfter(run, rep, getf(run, RUN_PIECE_A) + getf(run, RUN_PIECE_B) * getf(rep, REP_CONTEXT) + swapSeconds(rep), now);
    } else {
      // What waits now was refused, and stays refused while nobody ends: only an empty queue makes arrivals matter.
      // A scheduler that looks at arrivals now and then leaps no further than its next look, so that they never cut a leap.
      const unseen = geti(rep, CLIENT_RECEIVE_EVERY) > 1;
      seti(rep, REP_BLOCKED, geti(rep, REP_WAITING) > 0 || batching == BATCHING_STATIC || unseen ? 1 : 0);
      planLeap(run, rep, leapLimit(run, rep, getf(run, RUN_PIECE_END)), nextCut(run, rep));
    }
  }
  sendLayers(run, rep, now);
  if (geti(run, RUN_LOG) != 0) logStep(run, rep, decoding, stepDuration(run, rep));
  if (geti(rep, REP_SWAPPED) != 0) paySwaps(rep);
}

/**
 * All ranks of an instance form their next step together, each from its own queue: ranks without work wait for the others. Only where none
 * has any do they sleep.
 */
export function formRanks(run: usize, rep: usize, now: f64): void {
  const first = firstRank(rep);
  const count = ranksOf(rep);
  let waits = false;
  for (let i = 0; i < count; i++) {
    const rank = clientAt(run, first + i);
    seti(rank, REP_READY, 0);
    setf(rank, REP_END, Infinity);
    if (geti(rank, REP_RUNNING) > 0 || geti(rank, REP_WAITING) > 0) waits = true;
  }
  if (!waits) {
    for (let i = 0; i < count; i++) forgetRatio(clientAt(run, first + i));
    return;
  }
  for (let i = 0; i < count; i++) lookAtArrivals(clientAt(run, first + i));
  holdUneven(run, first, count);
  let works = false;
  for (let i = 0; i < count; i++) {
    const rank = clientAt(run, first + i);
    setf(rank, REP_START, now);
    formBatch(run, rank);
    if (!isEmpty(rank)) works = true;
  }
  if (!works) return;
  const seconds = priceRanks(run, first, count);
  for (let i = 0; i < count; i++) {
    const rank = clientAt(run, first + i);
    const decoding = geti(rank, REP_DECODING) != 0;
    setf(rank, REP_END, now + seconds);
    notePeak(run, rank, decoding);
    sendLayers(run, rank, now);
    if (geti(run, RUN_LOG) != 0 && !isEmpty(rank)) logStep(run, rank, decoding, seconds);
    if (geti(rank, REP_SWAPPED) != 0) paySwaps(rank);
  }
}

// @ts-ignore: decorator
@inline
function sendLayers(run: usize, rep: usize, now: f64): void {
  if (geti(rep, REP_COMPLETING) > 0 && geta(geta(run, RUN_FLEET), FLEET_EDGE_LAYERS) != 0) departLayers(run, rep, now);
}

// @ts-ignore: decorator
@inline
function isEmpty(rep: usize): bool {
  return geti(rep, REP_CHUNKS) == 0 && geti(rep, REP_DECODING) == 0;
}

// @ts-ignore: decorator
@inline
function mayNotLeap(rep: usize): bool {
  if (geti(rep, CLIENT_LEAPS) == 0 || geti(rep, REP_PREEMPTED) != 0 || geti(rep, REP_HELD) != 0 || geti(rep, REP_SWAPPED) != 0) return true;
  // Where tenants take turns, another one's prompt may find the room that this one's does not
  if (geti(rep, CLIENT_PACKING) == PACKING_FAIR && turnMayPass(rep) && geti(rep, REP_RUNNING) < geti(rep, CLIENT_MAX_SEQS)) return true;
  // What is held back and then refused, by what is expected or by what it no longer finds, is held back anew: nothing that waits may be passed over
  const refused = expects(rep) || geta(rep, CLIENT_PREFIX) != 0;
  if (refused && geti(rep, CLIENT_WAIT_STEPS) > 0 && geti(rep, REP_WAITING) > 0) return true;
  return geta(rep, CLIENT_PREFIX) != 0 && mayGainByLoss(rep, geti(rep, CLIENT_BATCHING) == BATCHING_MIXED);
}

// @ts-ignore: decorator
@inline
function formBatch(run: usize, rep: usize): void {
  seti(rep, REP_STEPS, 1);
  seti(rep, REP_CHUNKS, 0);
  seti(rep, REP_CHUNK_TOKENS, 0);
  seti(rep, REP_COMPLETING, 0);
  setf(rep, REP_PAIRS, 0);
  seti(rep, REP_PREEMPTED, 0);
  seti(rep, REP_HELD, 0);
  seti(rep, REP_HEAD_IDLE, 0);
  seti(rep, REP_HEAD_OWN, 0);
  if (expects(rep) && !isFull(rep) && geti(rep, REP_WAITING) > 0) speakForRunning(run, rep);
  if (geti(rep, CLIENT_PACKING) == PACKING_FAIR) lookAtTenants(rep);
  const batching = geti(rep, CLIENT_BATCHING);
  if (batching == BATCHING_CHUNKED) formChunked(run, rep);
  else if (batching == BATCHING_CONTINUOUS) formContinuous(run, rep);
  else if (batching == BATCHING_MIXED) formMixed(run, rep);
  else if (batching == BATCHING_STATIC) formStatic(run, rep);
  if (geti(rep, REP_PREEMPTED) != 0 && expects(rep)) learnRatio(run, rep);
}

/** The step ends after `duration`, or when its share of a channel lets it. */
// @ts-ignore: decorator
@inline
function endAfter(run: usize, rep: usize, duration: f64, now: f64): void {
  setf(rep, REP_END, now + duration);
  if (geti(rep, CLIENT_CHANNEL) < 0) return;
  noteWants(run, rep, duration);
  startOnChannel(run, rep, duration, now);
}

// @ts-ignore: decorator
@inline
function notePeak(run: usize, rep: usize, decoding: bool): void {
  const blocks = geti(rep, REP_USED) + (decoding ? decodeBlocks(run, rep) : geti(rep, REP_PROMISED));
  if (blocks > geti(rep, CLIENT_PEAK_BLOCKS)) seti(rep, CLIENT_PEAK_BLOCKS, blocks);
}

function logStep(run: usize, rep: usize, decoding: bool, duration: f64): void {
  const index = geti(run, RUN_LOGGED);
  const record = geta(run, RUN_LOG) + <usize>(index * (LOG_FIELDS * 8));
  const decodes = decoding ? stepDecodes(rep) : 0;
  setf(record, LOG_REPLICA, <f64>geti(rep, REP_INDEX));
  setf(record, LOG_START, getf(rep, REP_START));
  setf(record, LOG_DURATION, duration);
  setf(record, LOG_PREFILL_TOKENS, <f64>geti(rep, REP_CHUNK_TOKENS));
  setf(record, LOG_SEQUENCES, <f64>(geti(rep, REP_CHUNKS) + decodes));
  setf(record, LOG_CONTEXT, decoding ? stepContext(rep) : 0);
  setf(record, LOG_BLOCKS, <f64>(geti(rep, REP_USED) + (decoding ? decodeBlocks(run, rep) : geti(rep, REP_PROMISED))));
  seti(run, RUN_LOGGED, index + 1);
}

/** The price itself, before it was added to the start (the difference END - START would be rounded). */
function stepDuration(run: usize, rep: usize): f64 {
  if (geti(rep, CLIENT_DRAFTS) != 0) return priceDrafts(run, rep) + swapSeconds(rep);
  if (geti(rep, REP_CHUNKS) > 0) return priceMixed(run, rep) + swapSeconds(rep);
  return getf(rep, REP_PIECE_A) + getf(rep, REP_PIECE_B) * getf(rep, REP_CONTEXT) + swapSeconds(rep);
}
