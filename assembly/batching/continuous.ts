// Continuous batching (Orca, early vLLM): waiting prompts first, whole and in steps of their own; otherwise everyone decodes.

import {
  RUN_BUDGET,
} from '../layout/run';
import { REP_CHUNKS, REP_CHUNK_TOKENS, REP_DECODES, REP_DECODING } from '../layout/replica';
import { geti, seti } from '../table/cell';
import { admitHead, canTake, headNeed, holdBack } from './admit';
import { makeRoom } from './paging';

/** Forms a continuous-batching step: prompts while their sum stays within the budget (a longer one goes alone), or decodes. */
export function formContinuous(run: usize, rep: usize): void {
  const budget = geti(run, RUN_BUDGET);
  const held = holdBack(run, rep, budget, 0, true);
  while (!held && canTake(run, rep)) {
    const need = headNeed(run, rep);
    if (geti(rep, REP_CHUNKS) > 0 && geti(rep, REP_CHUNK_TOKENS) + need > budget) break;
    if (!admitHead(run, rep, need, need, 0)) break;
  }
  if (geti(rep, REP_CHUNKS) > 0) {
    seti(rep, REP_DECODING, 0);
    return;
  }
  makeRoom(run, rep, 0);
  seti(rep, REP_DECODING, geti(rep, REP_DECODES) > 0 ? 1 : 0);
}
