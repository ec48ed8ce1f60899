// LoRA adapters of a client: its queue in lanes, which of them may be served, and where the adapters lie.
//
// An adapter may start to run while fewer than SLOTS do; those who wait for another one are passed over. The head of the queue (REP_WAIT_HEAD)
// is the first by key of all lanes that may be served; where none may, all who wait are hidden (REP_HIDDEN).
import { CLIENT_LANES, CLIENT_PER_SWAP } from '../layout/client';
import { FLEET_ADAPTER, FLEET_ORDER } from '../layout/fleet';
import {
  LANES_ACTIVE, LANES_COUNT, LANES_FETCH, LANES_FETCHES, LANES_HEADS, LANES_HOST, LANES_LEFT, LANES_LOAD, LANES_LOADS, LANES_QUEUED,
  LANES_RUNNING, LANES_SLOTS, LANES_WAITING,
} from '../layout/lanes';
import { REP_HIDDEN, REP_SWAPPED, REP_WAITING, REP_WAIT_HEAD } from '../layout/replica';
import { RUN_FLEET } from '../layout/run';
import { addf, addi, geta, getf, geti, rowf, rowi, seti } from './cell';
import { comesBefore, GONE, heapLink, heapRest } from './heap';
import { rowOr } from './visit';

/** The adapter of a visit, 0 = the base model. */
export function laneOf(run: usize, visit: i32): i32 {
  return rowOr(geta(geta(run, RUN_FLEET), FLEET_ADAPTER), visit, 0);
}

function addTo(lanes: usize, column: i32, lane: i32, by: i32): i32 {
  const at = geta(lanes, column) + ((<usize>lane) << 2);
  const sum = load<i32>(at) + by;
  store<i32>(at, sum);
  return sum;
}

/** Whether those who wait for an adapter may be served beside those that run. */
function mayRun(lanes: usize, lane: i32): bool {
  return lane == 0 || geti(lanes, LANES_ACTIVE) < geti(lanes, LANES_SLOTS) || rowi(geta(lanes, LANES_RUNNING), lane) > 0;
}

/** A visit whose keys are known joins its lane. */
export function laneJoin(run: usize, rep: usize, visit: i32): void {
  const fleet = geta(run, RUN_FLEET);
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  const head = geta(lanes, LANES_HEADS) + ((<usize>lane) << 2);
  const first = load<i32>(head);
  store<i32>(head, first < 0 ? visit : heapLink(run, fleet, first, visit));
  if (addTo(lanes, LANES_WAITING, lane, 1) == 1 && lane > 0) addi(lanes, LANES_QUEUED, 1);
  const none = geti(rep, REP_WAITING) == geti(rep, REP_HIDDEN);
  addi(rep, REP_WAITING, 1);
  if (mayRun(lanes, lane)) {
    seti(rep, REP_HIDDEN, 0);
    if (none || comesBefore(fleet, visit, geti(rep, REP_WAIT_HEAD))) seti(rep, REP_WAIT_HEAD, visit);
  } else if (none) {
    addi(rep, REP_HIDDEN, 1);
  }
}

/** The head of the queue is admitted. */
export function lanePop(run: usize, rep: usize, visit: i32): void {
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  store<i32>(geta(lanes, LANES_HEADS) + ((<usize>lane) << 2), heapRest(run, visit));
  goFrom(run, lanes, lane);
  if (lane > 0 && addTo(lanes, LANES_RUNNING, lane, 1) == 1) startAdapter(rep, lanes, lane);
  pickHead(run, rep, lanes);
}

/** A visit that waits does no more: it is GONE. */
export function laneRemove(run: usize, rep: usize, visit: i32): void {
  const lanes = geta(rep, CLIENT_LANES);
  goFrom(run, lanes, laneOf(run, visit));
  pickHead(run, rep, lanes);
}

/** One visit less waits in a lane; those at its head that are gone are taken away. */
function goFrom(run: usize, lanes: usize, lane: i32): void {
  const order = geta(geta(run, RUN_FLEET), FLEET_ORDER);
  const head = geta(lanes, LANES_HEADS) + ((<usize>lane) << 2);
  while (load<i32>(head) >= 0 && rowi(order, load<i32>(head)) == GONE) store<i32>(head, heapRest(run, load<i32>(head)));
  if (addTo(lanes, LANES_WAITING, lane, -1) == 0 && lane > 0) addi(lanes, LANES_QUEUED, -1);
}

/** Finds the head of the queue anew. */
function pickHead(run: usize, rep: usize, lanes: usize): void {
  const waiting = geti(rep, REP_WAITING);
  let best = -1;
  if (waiting > 0) {
    const fleet = geta(run, RUN_FLEET);
    const heads = geta(lanes, LANES_HEADS);
    for (let lane = 0; lane < geti(lanes, LANES_COUNT); lane++) {
      const first = rowi(heads, lane);
      if (first >= 0 && mayRun(lanes, lane) && (best < 0 || comesBefore(fleet, first, best))) best = first;
    }
  }
  seti(rep, REP_WAIT_HEAD, best);
  seti(rep, REP_HIDDEN, best < 0 ? waiting : 0);
}

/**
 * An adapter begins to run: if others have been used since it was last, so many as there are slots, it is loaded from host memory, and before
 * that from storage where they are as many as that holds. (By last use, the device holds the first SLOTS, the host the first HOST.)
 */
function startAdapter(rep: usize, lanes: usize, lane: i32): void {
  addi(lanes, LANES_ACTIVE, 1);
  const running = geta(lanes, LANES_RUNNING);
  const left = geta(lanes, LANES_LEFT);
  const own = rowf(left, lane);
  let later = 0;
  for (let other = 1; other < geti(lanes, LANES_COUNT); other++) {
    const last = rowf(left, other);
    if (other != lane && (rowi(running, other) > 0 || last > own || (last == own && other < lane))) later++;
  }
  const known = own > -Infinity;
  if (known && later < geti(lanes, LANES_SLOTS)) return;
  const fetched = !known || later >= geti(lanes, LANES_HOST);
  const seconds = rowf(geta(lanes, LANES_LOAD), lane);
  addf(rep, CLIENT_PER_SWAP, fetched ? seconds + rowf(geta(lanes, LANES_FETCH), lane) : seconds);
  addi(lanes, LANES_LOADS, 1);
  if (fetched) addi(lanes, LANES_FETCHES, 1);
  seti(rep, REP_SWAPPED, 1);
}

/** A sequence runs no more. */
export function leaveLane(run: usize, rep: usize, visit: i32, now: f64): void {
  const lanes = geta(rep, CLIENT_LANES);
  if (lanes == 0) return;
  const lane = laneOf(run, visit);
  if (lane == 0 || addTo(lanes, LANES_RUNNING, lane, -1) > 0) return;
  addi(lanes, LANES_ACTIVE, -1);
  store<f64>(geta(lanes, LANES_LEFT) + ((<usize>lane) << 3), now);
  pickHead(run, rep, lanes);
}

/** No adapter lies in memory any more. */
export function forgetAdapters(lanes: usize): void {
  const left = geta(lanes, LANES_LEFT);
  for (let lane = 0; lane < geti(lanes, LANES_COUNT); lane++) store<f64>(left + ((<usize>lane) << 3), -Infinity);
}

/**
 * How well an adapter goes with what a client has, the smallest first, as gateways see it in engines' metrics: it runs there; there is room for
 * one more beside those that run and those that wait; it waits there; none of these.
 */
export function adapterRank(run: usize, rep: usize, visit: i32): f64 {
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  if (lanes == 0 || lane == 0) return 0;
  if (rowi(geta(lanes, LANES_RUNNING), lane) > 0) return 0;
  if (geti(lanes, LANES_ACTIVE) + geti(lanes, LANES_QUEUED) < geti(lanes, LANES_SLOTS)) return 1;
  return rowi(geta(lanes, LANES_WAITING), lane) > 0 ? 2 : 3;
}
