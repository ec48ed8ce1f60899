// Mixed batching: everyone decodes, and whole prompts share the step while they fit in the rest of the budget.

import {
  RUN_BUDGET,
} from '../layout/run';
import { REP_CHUNKS, REP_DECODES, REP_DECODING, REP_PREEMPTED } from '../layout/replica';
import { geti, seti } from '../table/cell';
import { admitHead, canTake, headNeed, holdBack } from './admit';
import { decodeBlocks, makeRoom } from './paging';

/** Forms a mixed step; a prompt longer than the whole budget goes as the only prompt. */
export function formMixed(run: usize, rep: usize): void {
  makeRoom(run, rep, 0);
  const decodes = geti(rep, REP_DECODES);
  seti(rep, REP_DECODING, decodes > 0 ? 1 : 0);
  if (geti(rep, REP_PREEMPTED) != 0) return;
  const budget = geti(run, RUN_BUDGET);
  const taken = decodeBlocks(run, rep);
  let left = budget - decodes;
  if (holdBack(run, rep, left, taken, true)) return;
  while (canTake(run, rep)) {
    const need = headNeed(run, rep);
    const alone = need > budget && geti(rep, REP_CHUNKS) == 0;
    if (need > left && !alone) return;
    if (!admitHead(run, rep, need, need, taken) || alone) return;
    left -= need;
  }
}
