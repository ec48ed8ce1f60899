// Speculative decoding: a decode takes one token and its drafts, and sequences advance unequally, so each one is walked.
import { CLIENT_BLOCKS, CLIENT_DRAFTS, CLIENT_PREFIX, CLIENT_UNDONE } from '../layout/client';
import {
  REP_CONTEXT, REP_DECODES, REP_PARTIAL, REP_PARTIAL_PAST, REP_PASSING, REP_PREEMPTED, REP_RUN_HEAD, REP_RUN_TAIL, REP_USED, REP_VERIFY, REP_VERIFY_CONTEXT,
  SLOT_ENTERED, SLOT_FOREIGN, SLOT_LEFT, SLOT_NEED, SLOT_PAST, SLOT_REQUEST, SLOT_RESERVED, SLOT_RUN_NEXT, SLOT_SKIP,
} from '../layout/replica';
import { RUN_FINISH, RUN_FLEET, RUN_GENERATED, RUN_OUTPUT } from '../layout/run';
import { addf, addi, geta, getf, geti, rowi, setf, seti } from '../table/cell';
import { addChunk } from './chunk';
import { heldBlocks, passingBlocks, sharedBlocks } from './count';
import { finalLength, leave, requeue } from './paging';
import { listFilled } from './share';
import { swapOut } from './swap';

/** Sequences that decode in the step under way. */
// @ts-ignore: decorator
@inline
export function stepDecodes(rep: usize): i32 {
  return geti(rep, geti(rep, CLIENT_DRAFTS) == 0 ? REP_DECODES : REP_VERIFY);
}

/** Sum of past over them. */
// @ts-ignore: decorator
@inline
export function stepContext(rep: usize): f64 {
  return getf(rep, geti(rep, CLIENT_DRAFTS) == 0 ? REP_CONTEXT : REP_VERIFY_CONTEXT);
}

/** Every sequence that decodes is in the step (static batching, whose blocks are reserved). */
export function verifyAll(rep: usize): void {
  seti(rep, REP_VERIFY, geti(rep, REP_DECODES));
  setf(rep, REP_VERIFY_CONTEXT, getf(rep, REP_CONTEXT));
}

/**
 * Schedules the running sequences in order of admission while `budget` is left: a decode takes 1 + DRAFTS tokens of it and
 * blocks for them, as far as its final length; the partial prompt its next chunk. Returns what is left: nothing where a decode
 * did not find its tokens, for nobody overtakes it.
 */
export function scheduleDrafts(run: usize, rep: usize, budget: i32): i32 {
  const each = 1 + geti(rep, CLIENT_DRAFTS);
  let left = budget;
  let slot = geta(rep, REP_RUN_HEAD);
  seti(rep, REP_VERIFY, 0);
  setf(rep, REP_VERIFY_CONTEXT, 0);
  while (slot != 0 && left > 0) {
    if (slot == geta(rep, REP_PARTIAL)) {
      const tokens = nextChunk(rep, slot, left);
      if (!takeRoom(run, rep, slot, geti(rep, REP_PARTIAL_PAST) + tokens, tokens)) break;
      continuePartial(run, rep, slot, tokens);
      left -= tokens;
    } else {
      if (left < each) return 0;
      const past = load<i32>(slot, SLOT_PAST);
      if (!takeRoom(run, rep, slot, cappedLength(run, slot, past + each), 0)) break;
      addi(rep, REP_VERIFY, 1);
      addf(rep, REP_VERIFY_CONTEXT, <f64>past);
      left -= each;
    }
    slot = <usize>load<u32>(slot, SLOT_RUN_NEXT);
  }
  return left;
}

/** Tokens that a decode may have in the cache after the step: drafts beyond the final length are never kept. */
// @ts-ignore: decorator
@inline
function cappedLength(run: usize, slot: usize, tokens: i32): i32 {
  const most = finalLength(run, load<i32>(slot, SLOT_REQUEST));
  return tokens < most ? tokens : most;
}

// @ts-ignore: decorator
@inline
function nextChunk(rep: usize, slot: usize, budget: i32): i32 {
  const left = load<i32>(slot, SLOT_NEED) - geti(rep, REP_PARTIAL_PAST);
  return left < budget ? left : budget;
}

/** `tokens` more of the partial prompt, whose blocks are there. */
// @ts-ignore: decorator
@inline
function continuePartial(run: usize, rep: usize, slot: usize, tokens: i32): void {
  const past = geti(rep, REP_PARTIAL_PAST);
  const completes = past + tokens == load<i32>(slot, SLOT_NEED);
  seti(rep, REP_PARTIAL_PAST, past + tokens);
  if (completes) seti(rep, REP_PARTIAL, 0);
  if (geta(rep, CLIENT_PREFIX) != 0) listFilled(run, rep, slot, past + tokens, 0);
  addChunk(run, rep, slot, tokens, past, completes);
}

/**
 * Blocks for `tokens` tokens of a running sequence (reached by a chunk of `chunk` tokens, 0 = by a decode); preempts the newest until
 * they fit. False when it went itself.
 */
function takeRoom(run: usize, rep: usize, slot: usize, tokens: i32, chunk: i32): bool {
  const stays = heldBlocks(rep, tokens) - load<i32>(slot, SLOT_FOREIGN) - load<i32>(slot, SLOT_RESERVED);
  const more = stays > 0 ? stays : 0;
  const passing = passingBlocks(rep, tokens, chunk);
  if (more + passing == 0) return true;
  while (geti(rep, REP_USED) + more + passing > geti(rep, CLIENT_BLOCKS)) {
    const victim = geta(rep, REP_RUN_TAIL);
    preempt(run, rep, victim);
    seti(rep, REP_PREEMPTED, 1);
    if (victim == slot) return false;
  }
  addi(rep, REP_USED, more + passing);
  addi(rep, REP_PASSING, passing);
  store<i32>(slot, load<i32>(slot, SLOT_RESERVED) + more, SLOT_RESERVED);
  return true;
}

/** Blocks that scheduling all that decode would take now. */
export function nextDraftBlocks(run: usize, rep: usize): i32 {
  const each = 1 + geti(rep, CLIENT_DRAFTS);
  let blocks = 0;
  for (let slot = geta(rep, REP_RUN_HEAD); slot != 0; slot = <usize>load<u32>(slot, SLOT_RUN_NEXT)) {
    if (load<i32>(slot, SLOT_LEFT) == 0) continue;
    const tokens = cappedLength(run, slot, load<i32>(slot, SLOT_PAST) + each);
    const more = heldBlocks(rep, tokens) - load<i32>(slot, SLOT_FOREIGN) - load<i32>(slot, SLOT_RESERVED);
    if (more > 0) blocks += more;
  }
  return blocks;
}

function preempt(run: usize, rep: usize, slot: usize): void {
  const skip = load<i32>(slot, SLOT_SKIP);
  let past = geti(rep, REP_PARTIAL_PAST);
  let kept = false;
  const room = geti(rep, CLIENT_BLOCKS) - geti(rep, REP_USED);
  const request = load<i32>(slot, SLOT_REQUEST);
  if (slot == geta(rep, REP_PARTIAL)) {
    seti(rep, REP_PARTIAL, 0);
  } else {
    past = load<i32>(slot, SLOT_PAST);
    addi(rep, REP_DECODES, -1);
    addf(rep, REP_CONTEXT, -(<f64>past));
    store<i32>(geta(run, RUN_GENERATED) + ((<usize>request) << 2), rowi(geta(run, RUN_OUTPUT), request) - load<i32>(slot, SLOT_LEFT));
    kept = swapOut(run, rep, request, heldBlocks(rep, past) - sharedBlocks(geta(run, RUN_FLEET), rep, request), skip);
    // The gap to the token after the recompute or swap starts at the last token: kept where the finish time will stand.
    store<f64>(geta(run, RUN_FINISH) + ((<usize>request) << 3), load<f64>(slot, SLOT_ENTERED));
  }
  if (!kept) addf(rep, CLIENT_UNDONE, <f64>(past - skip));
  leave(run, rep, request, past, load<i32>(slot, SLOT_RESERVED), !kept, room);
  requeue(run, rep, slot, true);
}

/** A sequence with `past` cached tokens and `left` to generate begins to decode; its last token came at `last`. */
export function joinDrafts(rep: usize, slot: usize, past: i32, left: i32, last: f64): void {
  addi(rep, REP_DECODES, 1);
  addf(rep, REP_CONTEXT, <f64>past);
  store<i32>(slot, past, SLOT_PAST);
  store<i32>(slot, left, SLOT_LEFT);
  store<f64>(slot, last, SLOT_ENTERED);
}

/** A sequence that was admitted to the decodes of the step being formed. */
export function verifyToo(rep: usize, past: i32): void {
  addi(rep, REP_VERIFY, 1);
  addf(rep, REP_VERIFY_CONTEXT, <f64>past);
}
