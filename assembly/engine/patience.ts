// A client leaves without its answer, or its request fails with an instance: what of its request waits goes at once, what runs with the end of the step under way, and what is
// still to come never does.
import { BATCHING_STATIC } from '../layout/batching';
import { CLIENT_BATCHING, CLIENT_KIND, CLIENT_SWAP_BLOCKS, CLIENT_UNDONE } from '../layout/client';
import { FLAG_FAILED, FLAG_FIRST, FLAG_LEAVES, FLAG_REJECTED, KIND_LLM, STATE_PENDING } from '../layout/enums';
import { FLEET_FAILED_AT, FLEET_LEAVERS, FLEET_LETS, FLEET_WASTED, VISIT_GROUP, VISIT_PENDING } from '../layout/fleet';
import { REP_END, REP_FULL, REP_HOST_USED, REP_INDEX, REP_RUN_HEAD, REP_STEPS, SLOT_REQUEST, SLOT_RUN_NEXT } from '../layout/replica';
import {
  RUN_FINISHED, RUN_FLEET, RUN_GENERATED, RUN_OUTPUT, RUN_PROMPT, RUN_REPLICA_OF, RUN_STATE, RUN_SWAPPED, RUN_TREE, RUN_TREE_LEAVES, RUN_VISITS,
} from '../layout/run';
import { heldBlocks, sharedBlocks } from '../batching/count';
import { promiseBlocks } from '../batching/paging';
import { withdraw } from '../batching/withdraw';
import { addf, addi, geta, getf, geti, rowi, seti } from '../table/cell';
import { clientAt } from '../table/client';
import { queueRemove } from '../table/queue';
import { treeSet } from '../table/tree';
import { hasFlag, rowOr, visitAt } from '../table/visit';
import { tryAgain } from './closed-loop';
import { openEnd, stateOfGone } from './leave-events';
import { planLeap } from './leap';
import { markReady } from './ready';
import { cancelVisit, countLoad, letGo } from './visit';

/** The client of the request that `root` begins leaves, if it has no answer. */
export function leave(run: usize, fleet: usize, root: i32, now: f64): void {
  const last = openEnd(run, fleet, root);
  if (last < 0) return;
  mark(fleet, last, FLAG_REJECTED);
  abandon(run, fleet, root, now);
  tryAgain(run, fleet, last, now);
}

/** An instance has failed that had a part of the request that `root` begins: it fails, if it has no answer; nothing of it goes on. */
export function failRequest(run: usize, fleet: usize, root: i32, now: f64): void {
  const last = openEnd(run, fleet, root);
  if (last >= 0) {
    mark(fleet, last, FLAG_REJECTED | FLAG_FAILED);
    store<f64>(geta(fleet, FLEET_FAILED_AT) + ((<usize>last) << 3), now);
  }
  abandon(run, fleet, root, now);
  if (last >= 0) tryAgain(run, fleet, last, now);
}

function mark(fleet: usize, visit: i32, flags: i32): void {
  const record = visitAt(fleet, visit);
  store<i32>(record, load<i32>(record, VISIT_GROUP) | flags, VISIT_GROUP);
}

/** Nobody waits for what of a request is there or still to come. */
function abandon(run: usize, fleet: usize, root: i32, now: f64): void {
  const visits = geti(run, RUN_VISITS);
  let visit = root;
  do {
    if (rowi(geta(run, RUN_STATE), visit) == STATE_PENDING) {
      const routed = rowi(geta(run, RUN_REPLICA_OF), visit) >= 0;
      if (!routed || load<u16>(visitAt(fleet, visit), VISIT_PENDING) > 0) cancelVisit(run, fleet, visit, now);
      else leaveEngine(run, fleet, visit, now);
    }
    visit++;
  } while (visit < visits && !hasFlag(fleet, visit, FLAG_FIRST));
}

/** A visit that has joined a client; on cores and in stores it goes on. */
function leaveEngine(run: usize, fleet: usize, visit: i32, now: f64): void {
  const client = rowi(geta(run, RUN_REPLICA_OF), visit);
  const rep = clientAt(run, client);
  if (geti(rep, CLIENT_KIND) != KIND_LLM) return;
  const slot = slotOf(rep, visit);
  if (slot == 0) {
    queueRemove(run, rep, visit);
    dropWaiting(run, rep, visit);
    goes(run, fleet, rep, visit, now);
  } else if (getf(rep, REP_END) == Infinity && geti(rep, CLIENT_BATCHING) != BATCHING_STATIC) {
    leaveSlot(run, fleet, rep, slot, now);
  } else {
    mark(fleet, visit, FLAG_LEAVES);
    // A static batch runs to its end, whoever left it
    if (geti(rep, CLIENT_BATCHING) == BATCHING_STATIC) return;
    const leavers = geta(fleet, FLEET_LEAVERS) + ((<usize>client) << 2);
    store<i32>(leavers, load<i32>(leavers) + 1);
  }
  wake(run, rep, now);
}

/** Where a visit runs, 0 = it waits. */
function slotOf(rep: usize, visit: i32): usize {
  let slot = geta(rep, REP_RUN_HEAD);
  while (slot != 0 && load<i32>(slot, SLOT_REQUEST) != visit) slot = <usize>load<u32>(slot, SLOT_RUN_NEXT);
  return slot;
}

/** An engine at rest looks again; a leap ends with the iteration under way. */
function wake(run: usize, rep: usize, now: f64): void {
  if (getf(rep, REP_END) == Infinity) markReady(run, rep);
  else if (geti(rep, REP_STEPS) > 1) {
    planLeap(run, rep, geti(rep, REP_STEPS), now);
    treeSet(geta(run, RUN_TREE), geti(run, RUN_TREE_LEAVES), geti(rep, REP_INDEX), getf(rep, REP_END));
  }
}

/** What a visit that waits has had: where it lies in host memory its tokens stay processed, its blocks there are free. */
function dropWaiting(run: usize, rep: usize, visit: i32): void {
  promiseBlocks(run, rep, visit, -1);
  const generated = rowi(geta(run, RUN_GENERATED), visit);
  let left = rowi(geta(run, RUN_PROMPT), visit) + rowi(geta(run, RUN_OUTPUT), visit);
  const skip = geti(rep, CLIENT_SWAP_BLOCKS) > 0 ? rowi(geta(run, RUN_SWAPPED), visit) - 1 : -1;
  if (skip >= 0) {
    const past = rowi(geta(run, RUN_PROMPT), visit) + generated - 1;
    addi(rep, REP_HOST_USED, sharedBlocks(geta(run, RUN_FLEET), rep, visit) - heldBlocks(rep, past));
    left -= past - skip;
  }
  addf(rep, CLIENT_UNDONE, -(<f64>left));
  addf(geta(run, RUN_FLEET), FLEET_WASTED, <f64>generated);
}

/** The end of a step: whoever has left since it began goes, in order of admission. */
export function leaveMarked(run: usize, rep: usize, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  store<i32>(geta(fleet, FLEET_LEAVERS) + ((<usize>geti(rep, REP_INDEX)) << 2), 0);
  let slot = geta(rep, REP_RUN_HEAD);
  while (slot != 0) {
    const next = <usize>load<u32>(slot, SLOT_RUN_NEXT);
    if (hasFlag(fleet, load<i32>(slot, SLOT_REQUEST), FLAG_LEAVES)) leaveSlot(run, fleet, rep, slot, now);
    slot = next;
  }
}

function leaveSlot(run: usize, fleet: usize, rep: usize, slot: usize, now: f64): void {
  const visit = load<i32>(slot, SLOT_REQUEST);
  withdraw(run, rep, slot, now);
  addf(fleet, FLEET_WASTED, <f64>rowi(geta(run, RUN_GENERATED), visit));
  seti(rep, REP_FULL, 0);
  goes(run, fleet, rep, visit, now);
}

function goes(run: usize, fleet: usize, rep: usize, visit: i32, now: f64): void {
  store<i32>(geta(run, RUN_STATE) + ((<usize>visit) << 2), stateOfGone(fleet, visit));
  addi(run, RUN_FINISHED, 1);
  countLoad(run, fleet, visit, geti(rep, REP_INDEX), -1);
  const lets = rowOr(geta(fleet, FLEET_LETS), visit, -1);
  if (lets >= 0) letGo(run, fleet, lets, now);
}
