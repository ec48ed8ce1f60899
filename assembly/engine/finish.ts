// The end of a sequence on an engine: its slot and its blocks are free, and its visit is over.
import { BATCHING_STATIC } from '../layout/batching';
import { CLIENT_BATCHING, CLIENT_LANES, CLIENT_UNDONE } from '../layout/client';
import { FLAG_LEAVES, STATE_FINISHED } from '../layout/enums';
import { FLEET_LEAVERS, FLEET_WASTED } from '../layout/fleet';
import { REP_BATCH, REP_FULL, REP_KEPT, REP_RUNNING, REP_USED, SLOT_FOREIGN, SLOT_REQUEST, SLOT_RESERVED, SLOT_SKIP } from '../layout/replica';
import {
  RUN_COUNT_FROM, RUN_COUNT_TO, RUN_FINISH, RUN_FINISHED, RUN_FIRST, RUN_FLEET, RUN_OUTPUT, RUN_PLAIN, RUN_STATE, RUN_TPOT_LIMIT, RUN_TPOT_MISSES,
} from '../layout/run';
import { heldBlocks } from '../batching/count';
import { addf, addi, geta, getf, geti, rowf, rowi, seti } from '../table/cell';
import { leaveLane } from '../table/lanes';
import { slotFree } from '../table/slots';
import { hasFlag } from '../table/visit';
import { sharesBlocks } from '../batching/share';
import { stateOfGone } from './leave-events';
import { freeBlocks, leaveAfter } from './leaving';
import { endVisit, isHeld, keepBlocks } from './visit';

/** A sequence with `past` cached tokens ends: its blocks and its slot are free, unless others still need its KV. */
export function finishSlot(run: usize, rep: usize, slot: usize, now: f64, past: i32): void {
  const request = load<i32>(slot, SLOT_REQUEST);
  store<f64>(geta(run, RUN_FINISH) + ((<usize>request) << 3), now);
  const plain = geti(run, RUN_PLAIN) != 0;
  const fleet = geta(run, RUN_FLEET);
  const leaves = geta(fleet, FLEET_LEAVERS) != 0 && hasFlag(fleet, request, FLAG_LEAVES);
  store<i32>(geta(run, RUN_STATE) + ((<usize>request) << 2), leaves ? stateOfGone(fleet, request) : STATE_FINISHED);
  if (leaves) addf(fleet, FLEET_WASTED, <f64>rowi(geta(run, RUN_OUTPUT), request));
  addi(run, RUN_FINISHED, 1);
  seti(rep, REP_FULL, 0);
  const reserved = load<i32>(slot, SLOT_RESERVED);
  const blocks = reserved == 0 ? heldBlocks(rep, past) - load<i32>(slot, SLOT_FOREIGN) : reserved;
  const held = !plain && isHeld(fleet, request);
  const shares = !plain && sharesBlocks(rep);
  if (geti(rep, CLIENT_BATCHING) != BATCHING_STATIC) {
    if (!held && !shares) freeBlocks(run, rep, blocks);
    addi(rep, REP_RUNNING, -1);
    slotFree(rep, slot);
  } else if (held && !shares) {
    // The batch gives back its own blocks when it ends; these stay if they are still needed then.
    addi(rep, REP_KEPT, blocks);
  }
  if (!plain) keepBlocks(run, request, held || shares ? blocks : 0, geti(rep, REP_BATCH));
  if (geta(rep, CLIENT_LANES) != 0) leaveLane(run, rep, request, true, now);
  if (shares && !held && geti(rep, CLIENT_BATCHING) != BATCHING_STATIC) leaveAfter(run, rep, request);
  // What of the visit's tokens no step has processed: the last token, and what was cached when it was admitted.
  addf(rep, CLIENT_UNDONE, -(<f64>(load<i32>(slot, SLOT_SKIP) + 1)));
  checkTpot(run, request, now);
  endVisit(run, rep, request, now);
}

// @ts-ignore: decorator
@inline
function checkTpot(run: usize, request: i32, now: f64): void {
  if (!(getf(run, RUN_TPOT_LIMIT) < Infinity)) return;
  const gaps = rowi(geta(run, RUN_OUTPUT), request) - 1;
  if (gaps <= 0) return;
  const lasted = now - rowf(geta(run, RUN_FIRST), request);
  if (lasted > getf(run, RUN_TPOT_LIMIT) * <f64>gaps && isCounted(run, request)) addi(run, RUN_TPOT_MISSES, 1);
}

/** Whether a limit that the request misses counts: it arrives in the window that is measured. */
export function isCounted(run: usize, request: i32): bool {
  return request >= geti(run, RUN_COUNT_FROM) && request < geti(run, RUN_COUNT_TO);
}
