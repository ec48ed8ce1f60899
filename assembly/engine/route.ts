// Phases "arrive" and "route": a request becomes visible, is refused if it can never fit, or joins a replica's queue.
import {
  RUN_BLOCKS, RUN_BLOCK_SIZE, RUN_CONCURRENCY, RUN_FINISHED, RUN_LEAP, RUN_MAX_LEN, RUN_OUTPUT, RUN_PROMPT, RUN_READY,
  RUN_RECEIVE_EVERY,
  RUN_READY_COUNT, RUN_REPLICA, RUN_REPLICA_OF, RUN_REPLICA_STRIDE, RUN_STATE, RUN_TREE, RUN_TREE_LEAVES,
} from '../layout/run';
import { LEAP_NONE, STATE_PENDING, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../layout/enums';
import { REP_BLOCKED, REP_END, REP_INDEX, REP_HIDDEN, REP_OUTSTANDING, REP_READY, REP_STEPS, REP_WAITING } from '../layout/replica';
import { blocksFor, finalLength } from '../batching/paging';
import { chooseReplica } from '../routing/choose';
import { addi, geta, getf, geti, rowi, seti } from '../table/cell';
import { queuePush } from '../table/queue';
import { treeSet } from '../table/tree';
import { planLeap } from './leap';
import { releaseNext } from './retire';

/** Routes `request`, which arrives at `now`. */
export function routeRequest(run: usize, request: i32, now: f64): void {
  const replica = chooseReplica(run);
  store<i32>(geta(run, RUN_REPLICA_OF) + ((<usize>request) << 2), replica);
  const refused = refusal(run, request);
  if (refused != STATE_PENDING) {
    store<i32>(geta(run, RUN_STATE) + ((<usize>request) << 2), refused);
    addi(run, RUN_FINISHED, 1);
    if (geti(run, RUN_CONCURRENCY) > 0) releaseNext(run, now);
    return;
  }
  const rep = geta(run, RUN_REPLICA) + <usize>replica * geta(run, RUN_REPLICA_STRIDE);
  const nobodyWaited = geti(rep, REP_WAITING) == 0;
  queuePush(run, rep, request);
  if (geti(run, RUN_RECEIVE_EVERY) > 1) addi(rep, REP_HIDDEN, 1);
  addi(rep, REP_OUTSTANDING, 1);
  if (getf(rep, REP_END) == Infinity) {
    markReady(run, rep);
  } else if (nobodyWaited && geti(rep, REP_STEPS) > 1 && geti(rep, REP_BLOCKED) == 0) {
    // The leap under way must end at the first iteration boundary that sees this arrival.
    planLeap(run, rep, geti(rep, REP_STEPS), now);
    treeSet(geta(run, RUN_TREE), geti(run, RUN_TREE_LEAVES), replica, getf(rep, REP_END));
  }
}

/** STATE_PENDING, or why the request can never be served. */
function refusal(run: usize, request: i32): i32 {
  const longest = geti(run, RUN_MAX_LEN);
  if (longest > 0 && rowi(geta(run, RUN_PROMPT), request) + rowi(geta(run, RUN_OUTPUT), request) > longest) {
    return STATE_REJECTED_LENGTH;
  }
  return blocksFor(finalLength(run, request), geti(run, RUN_BLOCK_SIZE)) > geti(run, RUN_BLOCKS) ? STATE_REJECTED_KV : STATE_PENDING;
}

/** Puts a free replica on the list of those that form a step at this instant. */
export function markReady(run: usize, rep: usize): void {
  if (geti(rep, REP_READY) != 0) return;
  seti(rep, REP_READY, 1);
  const count = geti(run, RUN_READY_COUNT);
  store<u32>(geta(run, RUN_READY) + ((<usize>count) << 2), <u32>rep);
  seti(run, RUN_READY_COUNT, count + 1);
}
