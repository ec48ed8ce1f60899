// The waiting queue of a client. First come first served: a linked list of visits through the column NEXT, preempted ones to the
// front. Least work left, and priority: a heap (heap.ts). With adapters, or tenants: a heap for each (lanes.ts, tenants.ts). The head is REP_WAIT_HEAD in all.
import { CLIENT_PACKING, CLIENT_SWAP_BLOCKS } from '../layout/client';
import { FLEET_CHILD, FLEET_JOINED, FLEET_ORDER, FLEET_PRIORITY, FLEET_WORK } from '../layout/fleet';
import { FLAG_RESIDENT } from '../layout/enums';
import { IN_LANES } from '../layout/lanes';
import { PACKING_FAIR, PACKING_FCFS, PACKING_LEAST_WORK_LEFT, PACKING_PRIORITY } from '../layout/packing';
import { RUN_FLEET, RUN_GENERATED, RUN_NEXT, RUN_OUTPUT, RUN_PREEMPTIONS, RUN_PROMPT, RUN_SWAPPED } from '../layout/run';
import { REP_HIDDEN, REP_WAITING, REP_WAIT_HEAD, REP_WAIT_TAIL } from '../layout/replica';
import { addi, geta, geti, rowi, seti } from './cell';
import { GONE, heapLink, heapRest } from './heap';
import { laneJoin, lanePop, laneRemove } from './lanes';
import { tenantJoin, tenantPop, tenantRemove } from './tenants';
import { hasFlag, rowOr } from './visit';

/** Whether the queue is a heap by a key. */
// @ts-ignore: decorator
@inline
function isHeap(rep: usize): bool {
  return geti(rep, CLIENT_PACKING) != PACKING_FCFS;
}

/** Joins the end of the queue (or its place by key). */
// @ts-ignore: decorator
@inline
export function queuePush(run: usize, rep: usize, request: i32): void {
  if (isHeap(rep)) {
    heapJoin(run, rep, request, false);
    return;
  }
  assert(geti(rep, CLIENT_PACKING) == PACKING_FCFS, 'queuePush: unknown packing');
  const next = geta(run, RUN_NEXT);
  const tail = geti(rep, REP_WAIT_TAIL);
  store<i32>(next + ((<usize>request) << 2), -1);
  if (geti(rep, REP_WAITING) == 0) seti(rep, REP_WAIT_HEAD, request);
  else store<i32>(next + ((<usize>tail) << 2), request);
  seti(rep, REP_WAIT_TAIL, request);
  addi(rep, REP_WAITING, 1);
}

/** Joins the front of the queue (or its place by key): a preempted sequence. */
export function queuePushFront(run: usize, rep: usize, request: i32): void {
  if (isHeap(rep)) {
    heapJoin(run, rep, request, true);
    return;
  }
  const next = geta(run, RUN_NEXT);
  if (geti(rep, REP_WAITING) == 0) seti(rep, REP_WAIT_TAIL, request);
  store<i32>(next + ((<usize>request) << 2), geti(rep, REP_WAIT_HEAD));
  seti(rep, REP_WAIT_HEAD, request);
  addi(rep, REP_WAITING, 1);
}

/** Joins the end of what the scheduler knows of, in front of those that it has not looked at (or its place by key). */
export function queuePushKnown(run: usize, rep: usize, request: i32): void {
  const hidden = geti(rep, REP_HIDDEN);
  if (hidden == 0 || isHeap(rep)) {
    queuePush(run, rep, request);
    return;
  }
  const next = geta(run, RUN_NEXT);
  let known = geti(rep, REP_WAITING) - hidden;
  if (known == 0) {
    queuePushFront(run, rep, request);
    return;
  }
  let before = geti(rep, REP_WAIT_HEAD);
  while (--known > 0) before = rowi(next, before);
  store<i32>(next + ((<usize>request) << 2), rowi(next, before));
  store<i32>(next + ((<usize>before) << 2), request);
  addi(rep, REP_WAITING, 1);
}

/** Takes the head away; the queue must not be empty. */
// @ts-ignore: decorator
@inline
export function queuePop(run: usize, rep: usize): void {
  const head = geti(rep, REP_WAIT_HEAD);
  addi(rep, REP_WAITING, -1);
  if (isHeap(rep)) {
    heapPop(run, rep, head);
  } else {
    seti(rep, REP_WAIT_HEAD, rowi(geta(run, RUN_NEXT), head));
  }
}

/** A visit that waits, wherever in the queue, does no more: its place in a heap stays until it would be its turn. */
export function queueRemove(run: usize, rep: usize, visit: i32): void {
  addi(rep, REP_WAITING, -1);
  const next = geta(run, RUN_NEXT);
  if (isHeap(rep)) {
    store<i32>(geta(geta(run, RUN_FLEET), FLEET_ORDER) + ((<usize>visit) << 2), GONE);
    if (geti(rep, CLIENT_PACKING) >= IN_LANES) laneRemove(run, rep, visit);
    else if (geti(rep, CLIENT_PACKING) == PACKING_FAIR) tenantRemove(run, rep, visit);
    else skipGone(run, rep);
    return;
  }
  let before = -1;
  let place = 0;
  for (let one = geti(rep, REP_WAIT_HEAD); one != visit; one = rowi(next, one)) {
    before = one;
    place++;
  }
  // the newest are those that the scheduler has not looked at
  if (place > geti(rep, REP_WAITING) - geti(rep, REP_HIDDEN)) addi(rep, REP_HIDDEN, -1);
  const after = rowi(next, visit);
  if (before < 0) seti(rep, REP_WAIT_HEAD, after);
  else store<i32>(next + ((<usize>before) << 2), after);
  if (visit == geti(rep, REP_WAIT_TAIL)) seti(rep, REP_WAIT_TAIL, before);
}

/** Takes the head of a heap, or of a lane, away. */
function heapPop(run: usize, rep: usize, head: i32): void {
  if (geti(rep, CLIENT_PACKING) >= IN_LANES) {
    lanePop(run, rep, head);
    return;
  }
  if (geti(rep, CLIENT_PACKING) == PACKING_FAIR) {
    tenantPop(run, rep, head);
    return;
  }
  seti(rep, REP_WAIT_HEAD, heapRest(run, head));
  skipGone(run, rep);
}

/** Heads of a heap that wait no more are taken away. */
function skipGone(run: usize, rep: usize): void {
  const order = geta(geta(run, RUN_FLEET), FLEET_ORDER);
  while (geti(rep, REP_WAITING) > 0 && rowi(order, geti(rep, REP_WAIT_HEAD)) == GONE) seti(rep, REP_WAIT_HEAD, heapRest(run, geti(rep, REP_WAIT_HEAD)));
}

/** Joins by its key; who joins the front of lanes that are first come, first served has a smaller one than all before it. */
function heapJoin(run: usize, rep: usize, request: i32, front: bool): void {
  const fleet = geta(run, RUN_FLEET);
  const at = (<usize>request) << 2;
  const packing = geti(rep, CLIENT_PACKING);
  const rule = packing & (IN_LANES - 1);
  const ranked = rule == PACKING_PRIORITY;
  let key = front ? -1 - geti(fleet, FLEET_JOINED) : 0;
  if (ranked) key = rowOr(geta(fleet, FLEET_PRIORITY), request, 0);
  else if (rule == PACKING_LEAST_WORK_LEFT) key = workLeft(run, rep, fleet, request);
  store<i32>(geta(fleet, FLEET_WORK) + at, key);
  // whoever was preempted keeps its place among its equals
  if (!ranked || rowi(geta(run, RUN_PREEMPTIONS), request) == 0) store<i32>(geta(fleet, FLEET_ORDER) + at, geti(fleet, FLEET_JOINED));
  addi(fleet, FLEET_JOINED, 1);
  store<i32>(geta(fleet, FLEET_CHILD) + at, -1);
  store<i32>(geta(run, RUN_NEXT) + at, -1);
  if (packing >= IN_LANES) {
    laneJoin(run, rep, request);
    return;
  }
  if (packing == PACKING_FAIR) {
    tenantJoin(run, rep, request);
    return;
  }
  const waiting = geti(rep, REP_WAITING);
  seti(rep, REP_WAIT_HEAD, waiting == 0 ? request : heapLink(run, fleet, geti(rep, REP_WAIT_HEAD), request));
  seti(rep, REP_WAITING, waiting + 1);
}

/**
 * Tokens still to prefill and to generate: (prompt + generated) + (output - generated); a resident prefills nothing, what lies in host
 * memory neither.
 */
function workLeft(run: usize, rep: usize, fleet: usize, request: i32): i32 {
  const resident = hasFlag(fleet, request, FLAG_RESIDENT) && rowi(geta(run, RUN_PREEMPTIONS), request) == 0;
  let prompt = resident ? 0 : rowi(geta(run, RUN_PROMPT), request);
  if (geti(rep, CLIENT_SWAP_BLOCKS) > 0 && rowi(geta(run, RUN_SWAPPED), request) != 0) prompt = -rowi(geta(run, RUN_GENERATED), request);
  return prompt + rowi(geta(run, RUN_OUTPUT), request);
}
