// Static batching (FasterTransformer): a batch is prefilled together and decodes until its last sequence ends.
import { CLIENT_DRAFTS } from '../layout/client';
import { REP_CHUNKS, REP_DECODES, REP_DECODING, REP_RUNNING } from '../layout/replica';
import { geti, seti } from '../table/cell';
import { admitHead, admitResident, canTake, headIsResident, headWork } from './admit';
import { verifyAll } from './drafts';

/** Forms a static step: the whole next batch when nothing runs, whatever the budget; otherwise a decode of those left. */
export function formStatic(run: usize, rep: usize): void {
  if (geti(rep, REP_RUNNING) > 0) {
    seti(rep, REP_DECODING, geti(rep, REP_DECODES) > 0 ? 1 : 0);
    if (geti(rep, CLIENT_DRAFTS) != 0) verifyAll(rep);
    return;
  }
  fillBatch(run, rep);
  if (geti(rep, CLIENT_DRAFTS) != 0) verifyAll(rep);
  seti(rep, REP_DECODING, geti(rep, REP_CHUNKS) == 0 && geti(rep, REP_DECODES) > 0 ? 1 : 0);
}

function fillBatch(run: usize, rep: usize): void {
  while (canTake(run, rep)) {
    if (headIsResident(run, rep)) {
      if (!admitResident(run, rep, 0)) return;
      continue;
    }
    const work = headWork(run, rep, 0);
    if (!admitHead(run, rep, work, work, 0)) return;
  }
}
