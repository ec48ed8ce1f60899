// A running sequence goes for good between two steps, unanswered: its slot and its blocks are free.
import { CLIENT_DRAFTS, CLIENT_LANES, CLIENT_UNDONE } from '../layout/client';
import {
  REP_CONTEXT, REP_DECODES, REP_PARTIAL, REP_PARTIAL_PAST, REP_PROMISED, REP_RUNNING, REP_TICK, SLOT_BASE, SLOT_FOREIGN, SLOT_LEFT, SLOT_OWED, SLOT_PAST,
  SLOT_REQUEST, SLOT_RESERVED, SLOT_SKIP, SLOT_TICK,
} from '../layout/replica';
import { RUN_GENERATED, RUN_OUTPUT, RUN_PROMPT } from '../layout/run';
import { addf, addi, geta, geti, rowi, seti } from '../table/cell';
import { leaveLane } from '../table/lanes';
import { slotFree, wheelRemove } from '../table/slots';
import { heldBlocks } from './count';
import { finalLength, lastTokenOf, leave, leaveGroup, residueRemove } from './paging';
import { roomNow } from './share';

export function withdraw(run: usize, rep: usize, slot: usize, now: f64): void {
  const visit = load<i32>(slot, SLOT_REQUEST);
  const reserved = load<i32>(slot, SLOT_RESERVED);
  const drafts = geti(rep, CLIENT_DRAFTS) != 0;
  const room = roomNow(run, rep);
  const decoded = slot != geta(rep, REP_PARTIAL);
  let past = geti(rep, REP_PARTIAL_PAST);
  if (!decoded) {
    seti(rep, REP_PARTIAL, 0);
  } else {
    past = drafts ? load<i32>(slot, SLOT_PAST) : load<i32>(slot, SLOT_BASE) + geti(rep, REP_TICK);
    const left = drafts ? load<i32>(slot, SLOT_LEFT) : finalLength(run, visit) - past;
    store<i32>(geta(run, RUN_GENERATED) + ((<usize>visit) << 2), rowi(geta(run, RUN_OUTPUT), visit) - left);
    addi(rep, REP_DECODES, -1);
    addf(rep, REP_CONTEXT, -(<f64>past));
    if (!drafts) {
      if (reserved == 0) residueRemove(run, rep, slot);
      // who has decoded has taken what it was promised
      if (load<i32>(slot, SLOT_TICK) == geti(rep, REP_TICK)) addi(rep, REP_PROMISED, -load<i32>(slot, SLOT_OWED));
      wheelRemove(run, rep, slot);
      leaveGroup(rep, lastTokenOf(rep, slot));
    }
  }
  const blocks = drafts || reserved > 0 ? reserved : heldBlocks(rep, past) - load<i32>(slot, SLOT_FOREIGN);
  leave(run, rep, visit, past, blocks, false, room);
  const processed = past - load<i32>(slot, SLOT_SKIP);
  addf(rep, CLIENT_UNDONE, <f64>(processed - rowi(geta(run, RUN_PROMPT), visit) - rowi(geta(run, RUN_OUTPUT), visit)));
  slotFree(rep, slot);
  addi(rep, REP_RUNNING, -1);
  if (geta(rep, CLIENT_LANES) != 0) leaveLane(run, rep, visit, decoded, now);
}
