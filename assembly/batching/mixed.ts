// Mixed batching: everyone decodes, and whole prompts share the step while they fit in the rest of the budget.
import { CLIENT_BUDGET, CLIENT_DRAFTS, CLIENT_NEED_BUDGET } from '../layout/client';
import { REP_CHUNKS, REP_DECODES, REP_DECODING, REP_HOLDS, REP_PREEMPTED } from '../layout/replica';
import { geti, seti } from '../table/cell';
import { noteNeed } from '../table/limits';
import { admitHead, admitResident, canTake, headIsResident, headWork, holdBack } from './admit';
import { scheduleDrafts } from './drafts';
import { decodeBlocks } from './count';
import { makeRoom } from './paging';

/** Forms a mixed step; a prompt longer than the whole budget goes as the only prompt. */
export function formMixed(run: usize, rep: usize): void {
  const drafts = geti(rep, CLIENT_DRAFTS);
  if (drafts != 0) scheduleDrafts(run, rep, i32.MAX_VALUE);
  else makeRoom(run, rep, 0);
  const decodes = geti(rep, REP_DECODES);
  seti(rep, REP_DECODING, decodes > 0 ? 1 : 0);
  if (geti(rep, REP_PREEMPTED) != 0) return;
  const budget = geti(rep, CLIENT_BUDGET);
  admitWhole(run, rep, budget, budget - decodes * (1 + drafts));
  seti(rep, REP_DECODING, geti(rep, REP_DECODES) > 0 ? 1 : 0);
}

/** Admits whole prompts while they fit in the `left` rest of the budget. */
function admitWhole(run: usize, rep: usize, budget: i32, left: i32): void {
  if (holdBack(run, rep, left, decodeBlocks(run, rep), true)) return;
  while (canTake(run, rep)) {
    if (headIsResident(run, rep)) {
      const tokens = 1 + geti(rep, CLIENT_DRAFTS);
      noteNeed(rep, CLIENT_NEED_BUDGET, budget - left + tokens);
      if (left < tokens || !admitResident(run, rep, decodeBlocks(run, rep))) return;
      left -= tokens;
      continue;
    }
    if (geti(rep, REP_HOLDS) != 0) return;
    const work = headWork(run, rep, decodeBlocks(run, rep));
    noteNeed(rep, CLIENT_NEED_BUDGET, budget - left + work);
    const alone = work > budget && geti(rep, REP_CHUNKS) == 0;
    if (work > left && !alone) return;
    if (!admitHead(run, rep, work, work, decodeBlocks(run, rep)) || alone) return;
    left -= work;
  }
}
