// What the end of a visit sets going: its results travel on, blocks that were kept for it are let go, a request may be over.
import { CLIENT_BATCHING, CLIENT_PEAK_BLOCKS, CLIENT_UNDONE } from '../layout/client';
import { BATCHING_STATIC } from '../layout/batching';
import { FLAG_FIRST, FLAG_HOLD, FLAG_LAST, FLAG_LEAVES, FLAG_REJECTED, STATE_CANCELLED, STATE_FINISHED, STATE_PENDING, STATE_REJECTED_QUEUE } from '../layout/enums';
import {
  EVENT_EDGE, EVENT_WRITE, FLEET_COMPARED, FLEET_EDGE_BYTES, FLEET_EDGE_LAYERS, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_LETS, FLEET_READY, FLEET_VISIT_STRIDE, FLEET_WRITES, VISIT_EDGES, VISIT_GROUP,
  VISIT_HOLDERS, VISIT_PENDING,
} from '../layout/fleet';
import { LOAD_INPUT, LOAD_OUTPUT, LOAD_REQUESTS } from '../layout/load';
import { REP_BATCH, REP_END, REP_INDEX, REP_KEPT, REP_STEPS, REP_USED } from '../layout/replica';
import {
  RUN_FINISH, RUN_FINISHED, RUN_FLEET, RUN_GENERATED, RUN_NEXT, RUN_OUTPUT, RUN_PLAIN, RUN_PROMPT, RUN_REPLICA_OF, RUN_STATE, RUN_TREE,
  RUN_TREE_LEAVES, RUN_VISITS,
} from '../layout/run';
import { blocksTaken } from '../batching/count';
import { promiseBlocks } from '../batching/paging';
import { endSupply } from '../contention/supply';
import { addf, addi, geta, getf, geti, rowf, rowi, seti } from '../table/cell';
import { clientAt, loadsOf } from '../table/client';
import { eventPush } from '../table/events';
import { treeSet } from '../table/tree';
import { hasFlag, rowOr, visitAt } from '../table/visit';
import { planLeap } from './leap';
import { sharesBlocks } from '../batching/share';
import { freeBlocks, leaveAfter } from './leaving';
import { answerRequest, releaseNext, tryAgain } from './closed-loop';
import { markReady } from './ready';

/** Whether others still need the KV of a visit that ends. */
// @ts-ignore: decorator
@inline
export function isHeld(fleet: usize, visit: i32): bool {
  const record = visitAt(fleet, visit);
  return (load<i32>(record, VISIT_GROUP) & (FLAG_HOLD | FLAG_LEAVES)) == FLAG_HOLD && load<u16>(record, VISIT_HOLDERS) > 0;
}

/**
 * An ended visit keeps `blocks` (0 = none) since batch `batch` of its client. They stand in columns that it used while it was
 * served: the tokens that it had generated, and who was next in its queue.
 */
// @ts-ignore: decorator
@inline
export function keepBlocks(run: usize, visit: i32, blocks: i32, batch: i32): void {
  store<i32>(geta(run, RUN_GENERATED) + ((<usize>visit) << 2), blocks);
  if (blocks > 0) store<i32>(geta(run, RUN_NEXT) + ((<usize>visit) << 2), batch);
}

/** A visit that was served without an engine (cores, store) ends. */
export function finishVisit(run: usize, rep: usize, visit: i32, now: f64): void {
  store<f64>(geta(run, RUN_FINISH) + ((<usize>visit) << 3), now);
  store<i32>(geta(run, RUN_STATE) + ((<usize>visit) << 2), STATE_FINISHED);
  addi(run, RUN_FINISHED, 1);
  addf(rep, CLIENT_UNDONE, -(<f64>(rowi(geta(run, RUN_PROMPT), visit) + rowi(geta(run, RUN_OUTPUT), visit))));
  endVisit(run, rep, visit, now);
}

/** A visit is load of its client (`by` 1), or no more (-1). */
// @ts-ignore: decorator
@inline
export function countLoad(run: usize, fleet: usize, visit: i32, client: i32, by: f64): void {
  const compared = geti(fleet, FLEET_COMPARED);
  if (compared == 0) return;
  if ((compared & (1 << LOAD_REQUESTS)) != 0) addLoad(run, fleet, LOAD_REQUESTS, client, by);
  if ((compared & (1 << LOAD_INPUT)) != 0) addLoad(run, fleet, LOAD_INPUT, client, by * <f64>rowi(geta(run, RUN_PROMPT), visit));
  if ((compared & (1 << LOAD_OUTPUT)) != 0) addLoad(run, fleet, LOAD_OUTPUT, client, by * <f64>rowi(geta(run, RUN_OUTPUT), visit));
}

// @ts-ignore: decorator
@inline
function addLoad(run: usize, fleet: usize, metric: i32, client: i32, by: f64): void {
  const at = loadsOf(run, fleet, metric) + ((<usize>client) << 3);
  store<f64>(at, load<f64>(at) + by);
}

/** Everything that the end of `visit` on `rep` sets going. */
// @ts-ignore: decorator
@inline
export function endVisit(run: usize, rep: usize, visit: i32, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  countLoad(run, fleet, visit, geti(rep, REP_INDEX), -1);
  if (geti(run, RUN_PLAIN) != 0) releaseNext(run, now);
  else sendOn(run, fleet, visit, now);
}

/** The results of an ended visit depart, and what it held or waited for is let go. */
function sendOn(run: usize, fleet: usize, visit: i32, now: f64): void {
  const record = visitAt(fleet, visit);
  const end = load<i32>(record + <usize>geti(fleet, FLEET_VISIT_STRIDE), VISIT_EDGES);
  const layers = geta(fleet, FLEET_EDGE_LAYERS);
  for (let edge = load<i32>(record, VISIT_EDGES); edge < end; edge++) {
    if (layers != 0 && endSupply(fleet, edge, rowf(geta(fleet, FLEET_EDGE_BYTES), edge) / <f64>rowi(layers, edge), now)) continue;
    eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now, EVENT_EDGE, edge * 2);
  }
  const lets = rowOr(geta(fleet, FLEET_LETS), visit, -1);
  if (lets >= 0) letGo(run, fleet, lets, now);
  // Written after everything that this instant sends: several visits that end together write in visit order.
  if (rowOr(geta(fleet, FLEET_WRITES), visit, -1) >= 0) eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now, EVENT_WRITE, visit);
  // Law L1: the first end of a request stands.
  if ((load<i32>(record, VISIT_GROUP) & (FLAG_LAST | FLAG_REJECTED)) == FLAG_LAST) answerRequest(run, fleet, visit, now);
}

/** A visit that can never be served: its request is rejected, what of it has not joined a client by now never will, and nothing follows it. */
export function rejectVisit(run: usize, fleet: usize, visit: i32, state: i32, now: f64): void {
  store<f64>(geta(fleet, FLEET_READY) + ((<usize>visit) << 3), now);
  dropVisit(run, fleet, visit, state, now);
  let first = visit;
  while (!hasFlag(fleet, first, FLAG_FIRST)) first--;
  const visits = geti(run, RUN_VISITS);
  let v = first;
  do {
    const record = visitAt(fleet, v);
    const pending = rowi(geta(run, RUN_STATE), v) == STATE_PENDING;
    // Who waits for nothing any more has joined.
    if (pending && load<u16>(record, VISIT_PENDING) > 0) cancelVisit(run, fleet, v, now);
    // Unless the request has ended before, it ends here. (A record that is all visits' says nothing of one.)
    if (hasFlag(fleet, v, FLAG_LAST) && rowi(geta(run, RUN_STATE), v) != STATE_FINISHED) {
      if (geti(fleet, FLEET_VISIT_STRIDE) != 0) store<i32>(record, load<i32>(record, VISIT_GROUP) | FLAG_REJECTED, VISIT_GROUP);
      if (state == STATE_REJECTED_QUEUE) tryAgain(run, fleet, v, now);
      else releaseNext(run, now);
    }
    v++;
  } while (v < visits && !hasFlag(fleet, v, FLAG_FIRST));
}

/** A visit of a rejected request that waits for others: where it was routed already, it is load no more. */
export function cancelVisit(run: usize, fleet: usize, visit: i32, now: f64): void {
  const client = rowi(geta(run, RUN_REPLICA_OF), visit);
  if (client >= 0) {
    const rep = clientAt(run, client);
    countLoad(run, fleet, visit, client, -1);
    promiseBlocks(run, rep, visit, -1);
    addf(rep, CLIENT_UNDONE, -(<f64>(rowi(geta(run, RUN_PROMPT), visit) + rowi(geta(run, RUN_OUTPUT), visit))));
  }
  dropVisit(run, fleet, visit, STATE_CANCELLED, now);
}

/** The visit is over before it joined a client: it needs no KV that another one holds. */
function dropVisit(run: usize, fleet: usize, visit: i32, state: i32, now: f64): void {
  store<i32>(geta(run, RUN_STATE) + ((<usize>visit) << 2), state);
  addi(run, RUN_FINISHED, 1);
  const lets = rowOr(geta(fleet, FLEET_LETS), visit, -1);
  if (lets >= 0) letGo(run, fleet, lets, now);
}

/** One of those that need the KV of an ended visit does not any more; after the last its blocks are free. */
export function letGo(run: usize, fleet: usize, visit: i32, now: f64): void {
  const record = visitAt(fleet, visit);
  const holders = <i32>load<u16>(record, VISIT_HOLDERS) - 1;
  store<u16>(record, <u16>holders, VISIT_HOLDERS);
  if (holders > 0 || rowi(geta(run, RUN_STATE), visit) != STATE_FINISHED) return;
  const held = rowi(geta(run, RUN_GENERATED), visit);
  if (held == 0) return;
  const rep = clientAt(run, rowi(geta(run, RUN_REPLICA_OF), visit));
  if (sharesBlocks(rep)) {
    letGoCached(run, rep, visit, now);
    return;
  }
  store<i32>(geta(run, RUN_GENERATED) + ((<usize>visit) << 2), 0);
  if (geti(rep, CLIENT_BATCHING) == BATCHING_STATIC) {
    addi(rep, REP_KEPT, -held);
    // While its own batch runs, an ended sequence keeps its blocks anyway.
    if (rowi(geta(run, RUN_NEXT), visit) == geti(rep, REP_BATCH)) return;
  }
  noteFree(run, rep, now);
  freeBlocks(run, rep, held);
}

/** The same where prefixes are cached: what others read, too, stays in use. */
function letGoCached(run: usize, rep: usize, visit: i32, now: f64): void {
  const inBatch = geti(rep, CLIENT_BATCHING) == BATCHING_STATIC && rowi(geta(run, RUN_NEXT), visit) == geti(rep, REP_BATCH);
  if (inBatch) return;
  noteFree(run, rep, now);
  leaveAfter(run, rep, visit);
}

/**
 * Kept blocks are free: a client at rest forms a step; a leap ends at the next iteration boundary, since they may matter
 * there, and what it has taken by then is noted beside the blocks that are given back now.
 */
function noteFree(run: usize, rep: usize, now: f64): void {
  if (getf(rep, REP_END) == Infinity) {
    markReady(run, rep);
    return;
  }
  if (geti(rep, REP_STEPS) == 1) return;
  planLeap(run, rep, geti(rep, REP_STEPS), now);
  treeSet(geta(run, RUN_TREE), geti(run, RUN_TREE_LEAVES), geti(rep, REP_INDEX), getf(rep, REP_END));
  const most = geti(rep, REP_USED) + blocksTaken(rep, geti(rep, REP_STEPS));
  if (most > geti(rep, CLIENT_PEAK_BLOCKS)) seti(rep, CLIENT_PEAK_BLOCKS, most);
}
