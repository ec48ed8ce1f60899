// KV blocks: what a sequence needs, and preemption (by recompute or swap) when they find none.
import { CLIENT_ADMISSION, CLIENT_AT_GROUPS, CLIENT_AT_RESIDUE, CLIENT_BLOCKS, CLIENT_BLOCK_SIZE, CLIENT_LANES, CLIENT_NEED_BLOCKS, CLIENT_PACKING, CLIENT_PREEMPTED, CLIENT_PREFIX, CLIENT_PROMISES, CLIENT_UNDONE } from '../layout/client';
import { LOAD_KV } from '../layout/load';
import { RUN_FINISH, RUN_FLEET, RUN_GENERATED, RUN_OUTPUT, RUN_PREEMPTIONS, RUN_PROMPT } from '../layout/run';
import { ADMISSION_FULL_LENGTH, ADMISSION_FULL_PROMPT, ADMISSION_NEW_TOKEN_RATIO, ADMISSION_PROMPT } from '../layout/admission';
import { IN_LANES } from '../layout/lanes';
import { PACKING_PRIORITY } from '../layout/packing';
import {
  GROUP_BYTES, GROUP_COUNT, GROUP_TIME, REP_CONTEXT, REP_DECODES, REP_FULL, REP_GROUPS, REP_INDEX, REP_LAST_DECODE, REP_PARTIAL, REP_PARTIAL_PAST,
  REP_PHASE, REP_PREEMPTED, REP_RUNNING, REP_RUN_TAIL, REP_START, REP_TICK, REP_USED, SLOT_BASE, SLOT_CLASS, SLOT_ENTERED, SLOT_FOREIGN,
  SLOT_REQUEST, SLOT_RUN_PREV, SLOT_SKIP, SLOT_TAKES, SLOT_TICK,
} from '../layout/replica';
import { addf, addi, geta, getf, geti, rowi, seti } from '../table/cell';
import { loadsOf } from '../table/client';
import { noteNeed } from '../table/limits';
import { comesBefore } from '../table/heap';
import { leaveLane } from '../table/lanes';
import { queuePushFront, queuePushKnown } from '../table/queue';
import { slotFree, wheelRemove } from '../table/slots';
import { askedOutput, decodeBlocks, heldBlocks, mostBlocks, passingBlocks, sharedBlocks, takenEach, windowsFill } from './count';
import { expects, leastProduced } from './expect';
import { giveUp } from './share';
import { swapOut } from './swap';

/** Blocks that `request` takes at admission with a first chunk of `tokens`; 0 < result. */
// @ts-ignore: decorator
@inline
export function admissionBlocks(run: usize, rep: usize, request: i32, tokens: i32): i32 {
  const admission = geti(rep, CLIENT_ADMISSION);
  if (admission == ADMISSION_FULL_LENGTH) return mostBlocks(rep, askedLength(run, request));
  assert(admission == ADMISSION_PROMPT || admission == ADMISSION_FULL_PROMPT || admission == ADMISSION_NEW_TOKEN_RATIO, 'admissionBlocks: unknown admission');
  return heldBlocks(rep, tokens);
}

/** Tokens in the cache when the request ends: the last token is never fed back. */
// @ts-ignore: decorator
@inline
export function finalLength(run: usize, request: i32): i32 {
  return rowi(geta(run, RUN_PROMPT), request) + rowi(geta(run, RUN_OUTPUT), request) - 1;
}

/** The same, as far as an engine knows when the request arrives: with as many tokens as its client asked for at most. */
// @ts-ignore: decorator
@inline
export function askedLength(run: usize, request: i32): i32 {
  return rowi(geta(run, RUN_PROMPT), request) + askedOutput(run, request) - 1;
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
 * finds no block ends with the same set, because only the tail is ever preempted and it has taken nothing yet. Where requests are
 * ranked, or those go that have produced least, nobody takes a block before all that stay have room.
 */
// @ts-ignore: decorator
@inline
export function makeRoom(run: usize, rep: usize, chunk: i32): void {
  const partial = chunk > 0 ? partialBlocks(rep, chunk) : 0;
  if (!fits(run, rep, partial)) preemptFor(run, rep, partial);
}

/** Blocks that `chunk` more tokens of the partial prompt take. */
function partialBlocks(rep: usize, chunk: i32): i32 {
  const past = geti(rep, REP_PARTIAL_PAST);
  return heldBlocks(rep, past + chunk) - heldBlocks(rep, past) + passingBlocks(rep, past + chunk, chunk);
}

/** Whether the decodes of the step find their blocks beside `partial` others. */
// @ts-ignore: decorator
@inline
function fits(run: usize, rep: usize, partial: i32): bool {
  const need = geti(rep, REP_USED) + decodeBlocks(run, rep) + partial;
  noteNeed(rep, CLIENT_NEED_BLOCKS, need);
  return need <= geti(rep, CLIENT_BLOCKS);
}

function preemptFor(run: usize, rep: usize, partialBlocks: i32): void {
  let partial = partialBlocks;
  do {
    const victim = nextVictim(run, rep);
    if (victim == geta(rep, REP_PARTIAL)) {
      preemptPartial(run, rep);
      partial = 0;
    } else {
      preemptDecode(run, rep, victim);
    }
    seti(rep, REP_PREEMPTED, 1);
  } while (!fits(run, rep, partial));
}

/** Who is preempted first of all that run. */
function nextVictim(run: usize, rep: usize): usize {
  if ((geti(rep, CLIENT_PACKING) & (IN_LANES - 1)) == PACKING_PRIORITY) return lastRanked(run, rep);
  return expects(rep) ? leastProduced(run, rep) : geta(rep, REP_RUN_TAIL);
}

/** Of all that run, the last by priority, then by joining. */
function lastRanked(run: usize, rep: usize): usize {
  const fleet = geta(run, RUN_FLEET);
  let last = geta(rep, REP_RUN_TAIL);
  for (let slot = <usize>load<u32>(last, SLOT_RUN_PREV); slot != 0; slot = <usize>load<u32>(slot, SLOT_RUN_PREV)) {
    if (comesBefore(fleet, load<i32>(last, SLOT_REQUEST), load<i32>(slot, SLOT_REQUEST))) last = slot;
  }
  return last;
}

function preemptPartial(run: usize, rep: usize): void {
  const slot = geta(rep, REP_PARTIAL);
  const past = geti(rep, REP_PARTIAL_PAST);
  const own = heldBlocks(rep, past) - load<i32>(slot, SLOT_FOREIGN);
  leave(run, rep, load<i32>(slot, SLOT_REQUEST), past, own, true, roomBesideDecodes(run, rep));
  seti(rep, REP_PARTIAL, 0);
  addf(rep, CLIENT_UNDONE, <f64>(past - load<i32>(slot, SLOT_SKIP)));
  requeue(run, rep, slot, false);
}

function preemptDecode(run: usize, rep: usize, slot: usize): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  const tick = geti(rep, REP_TICK);
  const past = load<i32>(slot, SLOT_BASE) + tick;
  const blocks = heldBlocks(rep, past);
  const skip = load<i32>(slot, SLOT_SKIP);
  const swapped = swapOut(run, rep, request, blocks - sharedBlocks(geta(run, RUN_FLEET), rep, request), skip);
  if (!swapped) addf(rep, CLIENT_UNDONE, <f64>(past - skip));
  leave(run, rep, request, past, blocks - load<i32>(slot, SLOT_FOREIGN), !swapped, roomBesideDecodes(run, rep));
  residueRemove(run, rep, slot);
  wheelRemove(run, rep, slot);
  addi(rep, REP_DECODES, -1);
  addf(rep, REP_CONTEXT, -(<f64>past));
  const left = finalLength(run, request) - past;
  store<i32>(geta(run, RUN_GENERATED) + ((<usize>request) << 2), rowi(geta(run, RUN_OUTPUT), request) - left);
  // The gap to the token after the recompute or swap starts at the last token: kept where the finish time will stand.
  const last = lastTokenOf(rep, slot);
  store<f64>(geta(run, RUN_FINISH) + ((<usize>request) << 3), last);
  leaveGroup(rep, last);
  requeue(run, rep, slot, true);
}

/** Blocks that are free when the decodes of the step have taken theirs: none where one of them found none. */
// @ts-ignore: decorator
@inline
function roomBesideDecodes(run: usize, rep: usize): i32 {
  return geti(rep, CLIENT_BLOCKS) - geti(rep, REP_USED) - decodeBlocks(run, rep);
}

/** A sequence gives up its `own` blocks, and what it reads of others (giveUp in share.ts). */
export function leave(run: usize, rep: usize, request: i32, past: i32, own: i32, returns: bool, room: i32): void {
  if (geta(rep, CLIENT_PREFIX) == 0) addi(rep, REP_USED, -own);
  else giveUp(run, rep, request, past, own, returns, room);
}

/** Whoever is routed to `rep` and not admitted will take blocks there (`by` 1), or no more (-1): where routing asks for KV, they are load. */
// @ts-ignore: decorator
@inline
export function promiseBlocks(run: usize, rep: usize, visit: i32, by: f64): void {
  if (geti(rep, CLIENT_PROMISES) == 0) return;
  const fleet = geta(run, RUN_FLEET);
  const blocks = admissionBlocks(run, rep, visit, needOf(run, visit)) - sharedBlocks(fleet, rep, visit);
  addf(loadsOf(run, fleet, LOAD_KV), geti(rep, REP_INDEX), by * <f64>blocks);
}

/** A preempted sequence leaves its slot and goes to the front of the queue, in SGLang to the end. */
export function requeue(run: usize, rep: usize, slot: usize, decoded: bool): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  slotFree(rep, slot);
  addi(rep, REP_RUNNING, -1);
  const at = geta(run, RUN_PREEMPTIONS) + ((<usize>request) << 2);
  store<i32>(at, load<i32>(at) + 1);
  if (geta(rep, CLIENT_LANES) != 0) leaveLane(run, rep, request, decoded, getf(rep, REP_START));
  if (expects(rep)) {
    queuePushKnown(run, rep, request);
    seti(rep, REP_FULL, 0);
  } else queuePushFront(run, rep, request);
  promiseBlocks(run, rep, request, 1);
  addi(rep, CLIENT_PREEMPTED, 1);
}

/** When the last token of a sequence that decodes came. */
// @ts-ignore: decorator
@inline
export function lastTokenOf(rep: usize, slot: usize): f64 {
  return geti(rep, REP_TICK) > load<i32>(slot, SLOT_TICK) ? getf(rep, REP_LAST_DECODE) : load<f64>(slot, SLOT_ENTERED);
}

/** Takes one sequence out of the group whose last token came at `time`. */
export function leaveGroup(rep: usize, time: f64): void {
  let group = rep + geta(rep, CLIENT_AT_GROUPS);
  const end = group + <usize>(geti(rep, REP_GROUPS) * GROUP_BYTES);
  while (group < end) {
    if (load<f64>(group, GROUP_TIME) == time) {
      const count = load<i32>(group, GROUP_COUNT) - 1;
      store<i32>(group, count, GROUP_COUNT);
      // There is room for as many groups as can run: one that nobody is left in goes, for prompts may pass decodes for ever
      if (count == 0) {
        memory.copy(group, group + GROUP_BYTES, end - group - GROUP_BYTES);
        addi(rep, REP_GROUPS, -1);
      }
      return;
    }
    group += GROUP_BYTES;
  }
}
