// Chunked prefill (Sarathi-Serve, vLLM): a token budget per step; running sequences first, then prompt chunks in queue order.
import { CLIENT_BUDGET, CLIENT_DRAFTS, CLIENT_NEED_BUDGET, CLIENT_PREFIX } from '../layout/client';
import {
  REP_DECODES, REP_DECODING, REP_HOLDS, REP_PARTIAL, REP_PARTIAL_PAST, REP_PREEMPTED, REP_USED, REP_VERIFY, SLOT_NEED,
  SLOT_RESERVED,
} from '../layout/replica';
import { addi, geta, geti, seti } from '../table/cell';
import { noteNeed } from '../table/limits';
import { admitHead, admitResident, canTake, headIsResident, headWork, holdBack, holdPassing } from './admit';
import { addChunk } from './chunk';
import { scheduleDrafts } from './drafts';
import { decodeBlocks, heldBlocks, passingBlocks } from './count';
import { makeRoom } from './paging';
import { listFilled } from './share';

/**
 * Forms a chunked step. At most one prompt is partial, and it is the most recently admitted: a prompt stays partial only
 * when it took the last of the budget. Decodes never exceed the budget: a step schedules every running sequence.
 */
export function formChunked(run: usize, rep: usize): void {
  if (geti(rep, CLIENT_DRAFTS) != 0) {
    const left = scheduleDrafts(run, rep, geti(rep, CLIENT_BUDGET));
    if (geti(rep, REP_PREEMPTED) == 0) admitChunks(run, rep, left);
    seti(rep, REP_DECODING, geti(rep, REP_VERIFY) > 0 ? 1 : 0);
    return;
  }
  noteNeed(rep, CLIENT_NEED_BUDGET, geti(rep, REP_DECODES) + 1);
  // Running sequences; a decode that is preempted before the partial prompt leaves its token to that
  makeRoom(run, rep, 0);
  let budget = geti(rep, CLIENT_BUDGET) - geti(rep, REP_DECODES);
  if (geti(rep, REP_PARTIAL) != 0) budget = continuePartial(run, rep, budget);
  if (geti(rep, REP_PREEMPTED) == 0) admitChunks(run, rep, budget);
  seti(rep, REP_DECODING, geti(rep, REP_DECODES) > 0 ? 1 : 0);
}

/** Admits from the queue while budget, slots and blocks allow. */
// @ts-ignore: decorator
@inline
function admitChunks(run: usize, rep: usize, budget: i32): void {
  if (budget <= 0 || !canTake(run, rep)) return;
  if (holdBack(run, rep, budget, decodeBlocks(run, rep), false)) return;
  while (budget > 0 && canTake(run, rep)) {
    if (headIsResident(run, rep)) {
      const tokens = 1 + geti(rep, CLIENT_DRAFTS);
      noteNeed(rep, CLIENT_NEED_BUDGET, geti(rep, CLIENT_BUDGET) - budget + tokens + 1);
      if (budget < tokens || !admitResident(run, rep, decodeBlocks(run, rep))) return;
      budget -= tokens;
      continue;
    }
    if (geti(rep, REP_HOLDS) != 0) return;
    const work = headWork(run, rep, decodeBlocks(run, rep));
    const tokens = work < budget ? work : budget;
    noteNeed(rep, CLIENT_NEED_BUDGET, geti(rep, CLIENT_BUDGET) - budget + work + 1);
    if (!admitHead(run, rep, tokens, work, decodeBlocks(run, rep))) return;
    budget -= tokens;
  }
}

/** Schedules the next chunk of the partial prompt, if blocks allow; returns the budget left. */
function continuePartial(run: usize, rep: usize, budget: i32): i32 {
  const slot = geta(rep, REP_PARTIAL);
  const past = geti(rep, REP_PARTIAL_PAST);
  const left = load<i32>(slot, SLOT_NEED) - past;
  const tokens = left < budget ? left : budget;
  noteNeed(rep, CLIENT_NEED_BUDGET, geti(rep, CLIENT_BUDGET) - budget + left + 1);
  makeRoomForPartial(run, rep, slot, tokens);
  if (geti(rep, REP_PARTIAL) == 0) return budget;
  const completes = tokens == left;
  reservePartial(run, rep, slot, past, tokens);
  if (geta(rep, CLIENT_PREFIX) != 0) listFilled(run, rep, slot, past + tokens, decodeBlocks(run, rep));
  seti(rep, REP_PARTIAL_PAST, past + tokens);
  if (completes) seti(rep, REP_PARTIAL, 0);
  addChunk(run, rep, slot, tokens, past, completes);
  return budget - tokens;
}

// @ts-ignore: decorator
@inline
function makeRoomForPartial(run: usize, rep: usize, slot: usize, tokens: i32): void {
  if (load<i32>(slot, SLOT_RESERVED) == 0) makeRoom(run, rep, tokens);
}

// @ts-ignore: decorator
@inline
function reservePartial(run: usize, rep: usize, slot: usize, past: i32, tokens: i32): void {
  if (load<i32>(slot, SLOT_RESERVED) != 0) return;
  addi(rep, REP_USED, heldBlocks(rep, past + tokens) - heldBlocks(rep, past));
  const passing = passingBlocks(rep, past + tokens, tokens);
  if (passing > 0) holdPassing(rep, passing);
}
