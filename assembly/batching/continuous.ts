// Continuous batching (Orca, early vLLM): waiting prompts first, whole and in steps of their own; otherwise everyone decodes.
import { CLIENT_BUDGET, CLIENT_DRAFTS, CLIENT_NEED_BUDGET } from '../layout/client';
import { REP_CHUNKS, REP_CHUNK_TOKENS, REP_DECODES, REP_DECODING, REP_HOLDS, REP_PROMISED } from '../layout/replica';
import { geti, seti } from '../table/cell';
import { noteNeed } from '../table/limits';
import { admitHead, admitResident, canTake, headIsResident, headWork, holdBack } from './admit';
import { nextDraftBlocks, scheduleDrafts } from './drafts';
import { decodeBlocks } from './count';
import { makeRoom } from './paging';
import { headIsSwapped } from './swap';

/** Forms a continuous-batching step: prompts while their sum stays within the budget (a longer one goes alone), or decodes. */
export function formContinuous(run: usize, rep: usize): void {
  const budget = geti(rep, CLIENT_BUDGET);
  const held = holdBack(run, rep, budget, geti(rep, REP_PROMISED), true);
  while (!held && canTake(run, rep)) {
    if (headIsResident(run, rep)) {
      // Takes its slot now and decodes in the next decode step, which is this one unless a prompt follows it. What was swapped
      // out comes back only beside the decodes of all that run: it would be the first to go again.
      const taken = headIsSwapped(run, rep) ? nextBlocks(run, rep) : geti(rep, REP_PROMISED);
      if (!admitResident(run, rep, taken)) break;
      continue;
    }
    if (geti(rep, REP_HOLDS) != 0) break;
    const work = headWork(run, rep, geti(rep, REP_PROMISED));
    if (geti(rep, REP_CHUNKS) > 0) {
      const tokens = geti(rep, REP_CHUNK_TOKENS) + work;
      noteNeed(rep, CLIENT_NEED_BUDGET, tokens);
      if (tokens > budget) break;
    }
    if (!admitHead(run, rep, work, work, geti(rep, REP_PROMISED))) break;
  }
  if (geti(rep, REP_CHUNKS) > 0) {
    seti(rep, REP_DECODING, 0);
    return;
  }
  if (geti(rep, CLIENT_DRAFTS) != 0) scheduleDrafts(run, rep, i32.MAX_VALUE);
  else makeRoom(run, rep, 0);
  seti(rep, REP_DECODING, geti(rep, REP_DECODES) > 0 ? 1 : 0);
}

/** Blocks that the next decode of all that run takes. */
// @ts-ignore: decorator
@inline
function nextBlocks(run: usize, rep: usize): i32 {
  return geti(rep, CLIENT_DRAFTS) != 0 ? nextDraftBlocks(run, rep) : decodeBlocks(run, rep);
}
