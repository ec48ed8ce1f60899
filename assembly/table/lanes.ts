// LoRA adapters of a client: its queue in lanes, which of them may be served, and where the adapters lie (adapters.ts).
//
// An adapter may start to run while fewer than SLOTS do; those who wait for another one are passed over. The head of the queue (REP_WAIT_HEAD)
// is the first by key of all lanes that may be served; where none may, all who wait are hidden (REP_HIDDEN). Lanes that somebody waits in lie
// in two heaps, those that may be served whatever runs and the others: the head is the first of one or of both.
import { CLIENT_LANES, CLIENT_PACKING } from '../layout/client';
import { FLEET_ADAPTER, FLEET_ORDER, FLEET_WORK } from '../layout/fleet';
import {
  LANES_ACTIVE, LANES_LIST, LANES_OPEN, LANES_QUEUED, LANES_SHUT, LANES_SLOTS, LANE_BYTES, LANE_HEAD, LANE_KEY, LANE_PLACE, LANE_RUNNING,
  LANE_WAITING,
} from '../layout/lanes';
import { PACKING_FAIR } from '../layout/packing';
import { REP_HIDDEN, REP_WAITING, REP_WAIT_HEAD } from '../layout/replica';
import { RUN_FLEET } from '../layout/run';
import { adapterLeft, adapterStarts, laneAt } from './adapters';
import { addi, geta, geti, rowi, seti } from './cell';
import { GONE, heapLink, heapRest } from './heap';
import { tenantLeaves } from './tenants';
import { rowOr } from './visit';

/** The adapter of a visit, 0 = the base model. */
// @ts-ignore: decorator
@inline
function laneOf(run: usize, visit: i32): i32 {
  return rowOr(geta(geta(run, RUN_FLEET), FLEET_ADAPTER), visit, 0);
}

/** The heap that a lane is in while somebody waits in it. */
// @ts-ignore: decorator
@inline
function heapOf(at: usize, lane: i32): i32 {
  return lane == 0 || load<i32>(at, LANE_RUNNING) > 0 ? LANES_OPEN : LANES_SHUT;
}

// @ts-ignore: decorator
@inline
function keyIn(list: usize, heap: usize, place: i32): i64 {
  return load<i64>(list + <usize>rowi(heap, place) * LANE_BYTES, LANE_KEY);
}

// @ts-ignore: decorator
@inline
function put(list: usize, heap: usize, place: i32, lane: i32): void {
  store<i32>(heap + ((<usize>place) << 2), lane);
  store<i32>(list + <usize>lane * LANE_BYTES, place, LANE_PLACE);
}

/** Puts a lane at a place of a heap that is free, and from there where its key belongs. */
function settle(lanes: usize, which: i32, from: i32, lane: i32): void {
  const list = geta(lanes, LANES_LIST);
  const heap = geta(lanes, which);
  const count = geti(lanes, which + 1);
  const key = load<i64>(list + <usize>lane * LANE_BYTES, LANE_KEY);
  let place = from;
  while (place > 1 && key < keyIn(list, heap, place >> 1)) {
    put(list, heap, place, rowi(heap, place >> 1));
    place >>= 1;
  }
  for (let child = place << 1; child <= count; child = place << 1) {
    if (child < count && keyIn(list, heap, child + 1) < keyIn(list, heap, child)) child++;
    if (key < keyIn(list, heap, child)) break;
    put(list, heap, place, rowi(heap, child));
    place = child;
  }
  put(list, heap, place, lane);
}

function enterHeap(lanes: usize, which: i32, lane: i32): void {
  addi(lanes, which + 1, 1);
  settle(lanes, which, geti(lanes, which + 1), lane);
}

function leaveHeap(lanes: usize, which: i32, at: usize): void {
  const place = load<i32>(at, LANE_PLACE);
  const count = geti(lanes, which + 1);
  addi(lanes, which + 1, -1);
  if (place < count) settle(lanes, which, place, rowi(geta(lanes, which), count));
}

/** A visit comes to the head of a lane. */
function setHead(fleet: usize, at: usize, visit: i32): void {
  store<i32>(at, visit, LANE_HEAD);
  const key = ((<i64>rowi(geta(fleet, FLEET_WORK), visit)) << 32) | <i64>rowi(geta(fleet, FLEET_ORDER), visit);
  store<i64>(at, key, LANE_KEY);
}

/** A visit whose keys are known joins its lane. */
export function laneJoin(run: usize, rep: usize, visit: i32): void {
  const fleet = geta(run, RUN_FLEET);
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  const at = laneAt(lanes, lane);
  const first = load<i32>(at, LANE_HEAD);
  store<i32>(at, load<i32>(at, LANE_WAITING) + 1, LANE_WAITING);
  if (first < 0) {
    if (lane > 0) addi(lanes, LANES_QUEUED, 1);
    setHead(fleet, at, visit);
    enterHeap(lanes, heapOf(at, lane), lane);
  } else if (heapLink(run, fleet, first, visit) == visit) {
    setHead(fleet, at, visit);
    settle(lanes, heapOf(at, lane), load<i32>(at, LANE_PLACE), lane);
  }
  addi(rep, REP_WAITING, 1);
  pickHead(rep, lanes);
}

/** The head of the queue is admitted. */
export function lanePop(run: usize, rep: usize, visit: i32): void {
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  const at = laneAt(lanes, lane);
  const before = heapOf(at, lane);
  const running = load<i32>(at, LANE_RUNNING) + 1;
  if (lane > 0) store<i32>(at, running, LANE_RUNNING);
  goFrom(run, lanes, lane, heapRest(run, visit), before);
  if (lane > 0 && running == 1) adapterStarts(rep, lanes, lane);
  pickHead(rep, lanes);
}

/** A visit that waits does no more: it is GONE. */
export function laneRemove(run: usize, rep: usize, visit: i32): void {
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  const at = laneAt(lanes, lane);
  goFrom(run, lanes, lane, load<i32>(at, LANE_HEAD), heapOf(at, lane));
  pickHead(rep, lanes);
}

/** One visit less waits in a lane, which begins with `first`, or with whoever is not gone behind it; it was in the heap `before`. */
function goFrom(run: usize, lanes: usize, lane: i32, first: i32, before: i32): void {
  const fleet = geta(run, RUN_FLEET);
  const at = laneAt(lanes, lane);
  const order = geta(fleet, FLEET_ORDER);
  let head = first;
  while (head >= 0 && rowi(order, head) == GONE) head = heapRest(run, head);
  store<i32>(at, load<i32>(at, LANE_WAITING) - 1, LANE_WAITING);
  const now = heapOf(at, lane);
  if (head < 0) {
    store<i32>(at, head, LANE_HEAD);
    if (lane > 0) addi(lanes, LANES_QUEUED, -1);
    leaveHeap(lanes, before, at);
  } else if (before == now) {
    setHead(fleet, at, head);
    settle(lanes, now, load<i32>(at, LANE_PLACE), lane);
  } else {
    leaveHeap(lanes, before, at);
    setHead(fleet, at, head);
    enterHeap(lanes, now, lane);
  }
}

/** The head of the queue: of the lanes that may always be served and, while a slot is free, of the others. */
function pickHead(rep: usize, lanes: usize): void {
  const list = geta(lanes, LANES_LIST);
  let best = -1;
  let key = i64.MAX_VALUE;
  if (geti(lanes, LANES_OPEN + 1) > 0) {
    const at = list + <usize>rowi(geta(lanes, LANES_OPEN), 1) * LANE_BYTES;
    best = load<i32>(at, LANE_HEAD);
    key = load<i64>(at, LANE_KEY);
  }
  if (geti(lanes, LANES_SHUT + 1) > 0 && geti(lanes, LANES_ACTIVE) < geti(lanes, LANES_SLOTS)) {
    const at = list + <usize>rowi(geta(lanes, LANES_SHUT), 1) * LANE_BYTES;
    if (load<i64>(at, LANE_KEY) < key) best = load<i32>(at, LANE_HEAD);
  }
  seti(rep, REP_WAIT_HEAD, best);
  seti(rep, REP_HIDDEN, best < 0 ? geti(rep, REP_WAITING) : 0);
}

/** A sequence runs no more; whether it `decoded` matters to its tenant. */
export function leaveLane(run: usize, rep: usize, visit: i32, decoded: bool, now: f64): void {
  if (geti(rep, CLIENT_PACKING) == PACKING_FAIR) {
    if (decoded) tenantLeaves(run, rep, visit);
    return;
  }
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  if (lane == 0) return;
  const at = laneAt(lanes, lane);
  const running = load<i32>(at, LANE_RUNNING) - 1;
  store<i32>(at, running, LANE_RUNNING);
  if (running > 0) return;
  adapterLeft(lanes, lane, now);
  if (load<i32>(at, LANE_WAITING) > 0) {
    leaveHeap(lanes, LANES_OPEN, at);
    enterHeap(lanes, LANES_SHUT, lane);
  }
  pickHead(rep, lanes);
}

/**
 * How well an adapter goes with what a client has, the smallest first, as gateways see it in engines' metrics: it runs there; there is room for
 * one more beside those that run and those that wait; it waits there; none of these.
 */
export function adapterRank(run: usize, rep: usize, visit: i32): f64 {
  const lanes = geta(rep, CLIENT_LANES);
  const lane = laneOf(run, visit);
  if (lanes == 0 || lane == 0 || geti(rep, CLIENT_PACKING) == PACKING_FAIR) return 0;
  const at = laneAt(lanes, lane);
  if (load<i32>(at, LANE_RUNNING) > 0) return 0;
  if (geti(lanes, LANES_ACTIVE) + geti(lanes, LANES_QUEUED) < geti(lanes, LANES_SLOTS)) return 1;
  return load<i32>(at, LANE_WAITING) > 0 ? 2 : 3;
}
