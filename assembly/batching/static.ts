// Static batching (FasterTransformer): a batch is prefilled together and decodes until its last sequence ends.
import { REP_DECODES, REP_DECODING, REP_RUNNING } from '../layout/replica';
import { geti, seti } from '../table/cell';
import { admitHead, canTake, headNeed } from './admit';

/** Forms a static step: the whole next batch when nothing runs, whatever the budget; otherwise a decode of those left. */
export function formStatic(run: usize, rep: usize): void {
  if (geti(rep, REP_RUNNING) > 0) {
    seti(rep, REP_DECODING, geti(rep, REP_DECODES) > 0 ? 1 : 0);
    return;
  }
  seti(rep, REP_DECODING, 0);
  while (canTake(run, rep)) {
    const need = headNeed(run, rep);
    if (!admitHead(run, rep, need, need, 0)) return;
  }
}
