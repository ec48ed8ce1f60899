// Phases "arrive" and "route": a request becomes visible, is refused if it can never fit, or joins the queue of a client.
import { ADMISSION_FULL_LENGTH } from '../layout/admission';
import {
  CLIENT_ADMISSION, CLIENT_BLOCKS, CLIENT_KIND, CLIENT_MAX_LEN, CLIENT_MAX_PROMPT, CLIENT_NEED_BLOCKS, CLIENT_RECEIVE_EVERY, CLIENT_UNDONE,
} from '../layout/client';
import { FLAG_FIRST, FLAG_RESIDENT, KIND_CORES, KIND_LLM, KIND_STORE, STATE_PENDING, STATE_REJECTED_KV, STATE_REJECTED_LENGTH, STATE_REJECTED_QUEUE } from '../layout/enums';
import { FLEET_HELD, FLEET_NEXT_ROOT, FLEET_PATIENCE, FLEET_QUEUE_MOST, FLEET_READY, FLEET_SHARED } from '../layout/fleet';
import { REP_BLOCKED, REP_END, REP_HIDDEN, REP_INDEX, REP_STEPS, REP_WAITING, REP_WAIT_HEAD } from '../layout/replica';
import {
  RUN_FLEET, RUN_OUTPUT, RUN_PLAIN, RUN_PROMPT, RUN_REPLICA_OF, RUN_TREE, RUN_TREE_LEAVES, RUN_VISITS,
} from '../layout/run';
import { mostBlocks, sharedBlocks } from '../batching/count';
import { askedLength, finalLength, promiseBlocks } from '../batching/paging';
import { chooseClient, isServed } from '../routing/choose';
import { addf, addi, geta, getf, geti, rowi, seti } from '../table/cell';
import { clientAt } from '../table/client';
import { holdBack } from '../table/held';
import { noteNeed } from '../table/limits';
import { queuePush } from '../table/queue';
import { treeSet } from '../table/tree';
import { hasFlag, rowOr } from '../table/visit';
import { enterCores } from './cores';
import { planLeap } from './leap';
import { noteLeave } from './leave-events';
import { markReady } from './ready';
import { lookUpBlocks } from './store';
import { countLoad, rejectVisit } from './visit';

/** The next request arrives at `now`. */
export function routeArrival(run: usize, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  // Requests arrive in the order in which their visits lie.
  const visit = geti(fleet, FLEET_NEXT_ROOT);
  const visits = geti(run, RUN_VISITS);
  let next = visit + 1;
  const plain = geti(run, RUN_PLAIN) != 0;
  while (!plain && next < visits && !hasFlag(fleet, next, FLAG_FIRST)) next++;
  seti(fleet, FLEET_NEXT_ROOT, next);
  routeRoot(run, fleet, visit, now);
}

/** The first visit of a request is ready with its arrival. */
// @ts-ignore: decorator
@inline
export function routeRoot(run: usize, fleet: usize, visit: i32, now: f64): void {
  store<f64>(geta(fleet, FLEET_READY) + ((<usize>visit) << 3), now);
  if (geta(fleet, FLEET_PATIENCE) != 0) noteLeave(fleet, visit, now);
  enterRoot(run, fleet, visit, now);
}

/** It joins its client; where none is on it waits until one is. */
export function enterRoot(run: usize, fleet: usize, visit: i32, now: f64): void {
  if (geta(fleet, FLEET_HELD) != 0 && !isServed(run, fleet, visit)) holdBack(fleet, ~visit);
  else if (routeVisit(run, fleet, visit, -1, 0, now)) enterClient(run, visit, now);
}

/**
 * Chooses the client of a visit and counts it into its load; false when it can never be served there. `from` is
 * the visit whose edge makes it ready or departs for it (-1 for roots), with `bytes`.
 */
export function routeVisit(run: usize, fleet: usize, visit: i32, from: i32, bytes: f64, now: f64): bool {
  const client = chooseClient(run, visit, from, bytes, now);
  store<i32>(geta(run, RUN_REPLICA_OF) + ((<usize>visit) << 2), client);
  const rep = clientAt(run, client);
  if (geti(rep, CLIENT_KIND) == KIND_LLM) {
    let refused = refusal(run, rep, visit, sharedBlocks(fleet, rep, visit));
    if (refused == STATE_PENDING && geta(fleet, FLEET_QUEUE_MOST) != 0) {
      if (geti(rep, REP_WAITING) >= rowi(geta(fleet, FLEET_QUEUE_MOST), client)) refused = STATE_REJECTED_QUEUE;
    }
    if (refused != STATE_PENDING) {
      rejectVisit(run, fleet, visit, refused, now);
      return false;
    }
  }
  countLoad(run, fleet, visit, client, 1);
  promiseBlocks(run, rep, visit, 1);
  addf(rep, CLIENT_UNDONE, <f64>(rowi(geta(run, RUN_PROMPT), visit) + rowi(geta(run, RUN_OUTPUT), visit)));
  return true;
}

/** A routed visit whose data is there joins its client. */
export function enterClient(run: usize, visit: i32, now: f64): void {
  const rep = clientAt(run, rowi(geta(run, RUN_REPLICA_OF), visit));
  const kind = geti(rep, CLIENT_KIND);
  if (kind == KIND_LLM) joinQueue(run, rep, visit, now);
  else if (kind == KIND_CORES) enterCores(run, rep, visit, now);
  else if (kind == KIND_STORE) lookUpBlocks(run, rep, visit, now);
}

/** Joins the queue of an engine and wakes it, or ends its leap at the first iteration boundary that sees the newcomer. */
function joinQueue(run: usize, rep: usize, request: i32, now: f64): void {
  const nobodyWaited = geti(rep, REP_WAITING) == 0;
  queuePush(run, rep, request);
  if (geti(rep, CLIENT_RECEIVE_EVERY) > 1) addi(rep, REP_HIDDEN, 1);
  if (getf(rep, REP_END) == Infinity) {
    markReady(run, rep);
  } else if (geti(rep, REP_STEPS) > 1 && (geti(rep, REP_BLOCKED) == 0 ? nobodyWaited : geti(rep, REP_WAIT_HEAD) == request)) {
    planLeap(run, rep, geti(rep, REP_STEPS), now);
    treeSet(geta(run, RUN_TREE), geti(run, RUN_TREE_LEAVES), geti(rep, REP_INDEX), getf(rep, REP_END));
  }
}

/** STATE_PENDING, or why the request can never be served; `foreign` blocks of its context are held by another visit. */
function refusal(run: usize, rep: usize, request: i32, foreign: i32): i32 {
  const longest = geti(rep, CLIENT_MAX_LEN);
  if (longest > 0 && askedLength(run, request) >= longest) {
    return STATE_REJECTED_LENGTH;
  }
  const whole = geti(rep, CLIENT_MAX_PROMPT);
  if (whole > 0 && rowi(geta(run, RUN_PROMPT), request) > whole && !isHeld(geta(run, RUN_FLEET), request)) {
    return STATE_REJECTED_LENGTH;
  }
  const full = geti(rep, CLIENT_ADMISSION) == ADMISSION_FULL_LENGTH;
  const blocks = mostBlocks(rep, full ? askedLength(run, request) : finalLength(run, request)) - foreign;
  noteNeed(rep, CLIENT_NEED_BLOCKS, blocks);
  return blocks > geti(rep, CLIENT_BLOCKS) ? STATE_REJECTED_KV : STATE_PENDING;
}

/** Whether the KV of a visit's prompt is there already: handed over, or shared with another visit. */
function isHeld(fleet: usize, visit: i32): bool {
  return hasFlag(fleet, visit, FLAG_RESIDENT) || rowOr(geta(fleet, FLEET_SHARED), visit, 0) > 0;
}
