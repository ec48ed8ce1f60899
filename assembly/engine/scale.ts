// Phase "scale": instances that have started are on, others fail, scalers look at theirs and start or stop some; who drains is off when it is empty.
import { CLIENT_BLOCKS, CLIENT_BUSY } from '../layout/client';
import {
  FLEET_CHANGED, FLEET_CHANGE_ROOM, FLEET_LAST_MOVE, FLEET_LOOK_NEXT, FLEET_READY_AT, FLEET_SCALERS, FLEET_SCALER_AT, FLEET_STATES,
} from '../layout/fleet';
import { LOAD_REQUESTS } from '../layout/load';
import { REP_END, REP_START, REP_USED, REP_WAITING } from '../layout/replica';
import { RUN_FLEET, RUN_REPLICAS, RUN_UNTIL } from '../layout/run';
import {
  INSTANCE_DRAINING, INSTANCE_FAILED, INSTANCE_OFF, INSTANCE_ON, INSTANCE_STARTING, SCALER_BUSY, SCALER_CELLS,
  SCALER_COUNT, SCALER_INTERVAL, SCALER_IN_LOOKS, SCALER_LEAST, SCALER_LOOKS, SCALER_MEMBERS, SCALER_MOST_IN, SCALER_MOST_OUT, SCALER_MOVED,
  SCALER_OUT_LOOKS, SCALER_POLICY, SCALER_SAME, SCALER_START, SCALER_TARGET, SCALER_TOLERANCE, SCALER_WISHES, SCALER_WISH_ROOM,
} from '../layout/scaler';
import { SCALING_KV_USE, SCALING_QUEUE_LENGTH, SCALING_REQUESTS, SCALING_UTILIZATION } from '../layout/scaling';
import { blocksInUse } from '../routing/loads';
import { listMembers } from '../routing/members';
import { geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { clientAt, loadsOf, ranksOf } from '../table/client';
import { forget, isStarting, nextStart, setState } from './instances';
import { failDue, nextOutage, releaseHeld, startAgain } from './outage';

/** When the next instance is on or fails, or the next scaler looks, if anybody has anything to do (`now` < Infinity) until then. */
// @ts-ignore: decorator
@inline
export function beforeLook(run: usize, fleet: usize, now: f64): f64 {
  if (getf(fleet, FLEET_LOOK_NEXT) < now) skipLooks(run, fleet, min(min(now, nextOutage(fleet)), getf(run, RUN_UNTIL)));
  const next = getf(fleet, FLEET_LOOK_NEXT);
  if (next < now) return next;
  setf(fleet, FLEET_LAST_MOVE, now);
  return now;
}

/**
 * Looks before `until`, before which nothing happens, that could but find what the last one found: nothing has moved since before that one,
 * and it changed nothing, though all wishes that it minds were the same. The next of them changes nothing either, nor does any after it: of
 * an instance that comes on meanwhile nothing can be measured yet.
 */
function skipLooks(run: usize, fleet: usize, until: f64): void {
  for (let s = 0; s < geti(fleet, FLEET_SCALERS); s++) {
    const scaler = scalerAt(fleet, s);
    const interval = getf(scaler, SCALER_INTERVAL);
    let looks = getf(scaler, SCALER_LOOKS);
    const minded = <f64>max(geti(scaler, SCALER_OUT_LOOKS), geti(scaler, SCALER_IN_LOOKS));
    if (looks * interval <= getf(fleet, FLEET_LAST_MOVE) || getf(scaler, SCALER_SAME) < minded || geti(scaler, SCALER_MOVED) != 0) continue;
    // The first one left to come is the first at `until` or after it
    looks = max(looks, ceil(until / interval) - 2);
    while ((looks + 1) * interval < until) looks++;
    setf(scaler, SCALER_LOOKS, looks);
  }
  noteNext(run, fleet);
}

/** Whether one more instant could leave more changes than there is room for: the caller takes them out. */
export function isFullOfChanges(run: usize, fleet: usize): bool {
  return geti(fleet, FLEET_CHANGED) + 4 * geti(run, RUN_REPLICAS) > geti(fleet, FLEET_CHANGE_ROOM);
}

/** What is due at `now`: instances that have started, in order, then failures, then looks, in order of scaler. */
export function scaleFleet(run: usize, fleet: usize, now: f64): void {
  if (getf(fleet, FLEET_LOOK_NEXT) > now) return;
  let changed = false;
  for (let i = 0; i < geti(run, RUN_REPLICAS); i++) {
    if (!isStarting(run, fleet, i) || rowf(geta(fleet, FLEET_READY_AT), i) > now) continue;
    setState(run, fleet, i, INSTANCE_ON, now);
    changed = true;
  }
  if (failDue(run, fleet, now)) changed = true;
  for (let s = 0; s < geti(fleet, FLEET_SCALERS); s++) {
    const scaler = scalerAt(fleet, s);
    if (nextLook(scaler) <= now && look(run, fleet, scaler, now)) changed = true;
  }
  if (changed) {
    listMembers(fleet);
    setf(fleet, FLEET_LAST_MOVE, now);
    releaseHeld(fleet, now);
  }
  noteNext(run, fleet);
}

function scalerAt(fleet: usize, index: i32): usize {
  return geta(fleet, FLEET_SCALER_AT) + <usize>(index * (SCALER_CELLS * 8));
}

function nextLook(scaler: usize): f64 {
  return (getf(scaler, SCALER_LOOKS) + 1) * getf(scaler, SCALER_INTERVAL);
}

/** Member `i` of a scaler: the first client of an instance. */
function memberOf(scaler: usize, i: i32): i32 {
  return rowi(geta(scaler, SCALER_MEMBERS), i);
}

function noteNext(run: usize, fleet: usize): void {
  let next = nextOutage(fleet);
  for (let s = 0; s < geti(fleet, FLEET_SCALERS); s++) next = min(next, nextLook(scalerAt(fleet, s)));
  setf(fleet, FLEET_LOOK_NEXT, min(next, nextStart(run, fleet)));
}

/** A scaler looks, and starts or stops as many instances as its rule says. Whether that changed anything. */
function look(run: usize, fleet: usize, scaler: usize, now: f64): bool {
  const count = countIn(fleet, scaler, INSTANCE_ON) + countIn(fleet, scaler, INSTANCE_STARTING);
  const wish = wishOf(scaler, count, measure(run, fleet, scaler, now));
  setf(scaler, SCALER_SAME, wish == wishAgo(scaler, 0) ? getf(scaler, SCALER_SAME) + 1 : 1);
  setf(scaler, SCALER_LOOKS, getf(scaler, SCALER_LOOKS) + 1);
  store<i32>(geta(scaler, SCALER_WISHES) + (<usize>slotAgo(scaler, 0) << 2), wish);
  let wanted = count;
  const out = wishOver(scaler, SCALER_OUT_LOOKS, true);
  const back = wishOver(scaler, SCALER_IN_LOOKS, false);
  if (out > count) wanted = min(out, count + geti(scaler, SCALER_MOST_OUT));
  else if (back < count) wanted = max(back, count - geti(scaler, SCALER_MOST_IN));
  if (wanted > count) return start(run, fleet, scaler, wanted - count, now);
  return wanted < count && stop(run, fleet, scaler, count - wanted, now);
}

function countIn(fleet: usize, scaler: usize, state: i32): i32 {
  let count = 0;
  for (let i = 0; i < geti(scaler, SCALER_COUNT); i++) if (rowi(geta(fleet, FLEET_STATES), memberOf(scaler, i)) == state) count++;
  return count;
}

/** How many instances the measure asks for: as many as bring it to the target, unless it is within the tolerance with those that there are. */
function wishOf(scaler: usize, count: i32, measured: f64): i32 {
  const target = getf(scaler, SCALER_TARGET);
  let wish = <f64>count;
  if (abs(measured / (target * wish) - 1) > getf(scaler, SCALER_TOLERANCE)) wish = ceil(measured / target);
  const least = <f64>geti(scaler, SCALER_LEAST);
  const most = <f64>geti(scaler, SCALER_COUNT);
  return <i32>(wish < least ? least : wish > most ? most : wish);
}

/** Where the wish is that was made `k` looks ago. */
function slotAgo(scaler: usize, k: i32): i32 {
  return <i32>((<i64>getf(scaler, SCALER_LOOKS) - k) % geti(scaler, SCALER_WISH_ROOM));
}

function wishAgo(scaler: usize, k: i32): i32 {
  return rowi(geta(scaler, SCALER_WISHES), slotAgo(scaler, k));
}

/** The least, or the largest, of the wishes of the latest looks, as many as `cell` says. */
function wishOver(scaler: usize, cell: i32, least: bool): i32 {
  let found = wishAgo(scaler, 0);
  for (let k = 1; k < geti(scaler, cell) && <f64>k <= getf(scaler, SCALER_LOOKS); k++) {
    const wish = wishAgo(scaler, k);
    if (least ? wish < found : wish > found) found = wish;
  }
  return found;
}

/** Instances that are off begin to start, in order; one that takes no time is on. */
function start(run: usize, fleet: usize, scaler: usize, count: i32, now: f64): bool {
  const seconds = getf(scaler, SCALER_START);
  let left = count;
  for (let i = 0; i < geti(scaler, SCALER_COUNT) && left > 0; i++) {
    const first = memberOf(scaler, i);
    if (rowi(geta(fleet, FLEET_STATES), first) != INSTANCE_OFF) continue;
    left--;
    setState(run, fleet, first, INSTANCE_STARTING, now);
    store<f64>(geta(fleet, FLEET_READY_AT) + ((<usize>first) << 3), now + seconds);
    if (seconds == 0) setState(run, fleet, first, INSTANCE_ON, now);
  }
  return left < count;
}

/** Instances stop, the last ones first: those that start are off at once, and only where there are none of them others drain. */
function stop(run: usize, fleet: usize, scaler: usize, count: i32, now: f64): bool {
  let left = stopIn(run, fleet, scaler, INSTANCE_STARTING, INSTANCE_OFF, count, now);
  left = stopIn(run, fleet, scaler, INSTANCE_ON, INSTANCE_DRAINING, left, now);
  return left < count;
}

function stopIn(run: usize, fleet: usize, scaler: usize, from: i32, to: i32, count: i32, now: f64): i32 {
  let left = count;
  for (let i = geti(scaler, SCALER_COUNT) - 1; i >= 0 && left > 0; i--) {
    const first = memberOf(scaler, i);
    if (rowi(geta(fleet, FLEET_STATES), first) != from) continue;
    left--;
    setState(run, fleet, first, to, now);
  }
  return left;
}

/** What the scaler's policy measures, over its instances that are on; what of it is counted per interval begins anew. */
function measure(run: usize, fleet: usize, scaler: usize, now: f64): f64 {
  const policy = geti(scaler, SCALER_POLICY);
  let sum = 0.0;
  seti(scaler, SCALER_MOVED, 0);
  for (let i = 0; i < geti(scaler, SCALER_COUNT); i++) {
    const first = memberOf(scaler, i);
    let own = 0.0;
    if (policy == SCALING_QUEUE_LENGTH || policy == SCALING_REQUESTS) own = visitsAt(run, fleet, policy, first);
    else if (policy == SCALING_KV_USE) own = kvUse(run, first);
    else if (policy == SCALING_UTILIZATION) own = busyShare(run, scaler, i, now);
    if (rowi(geta(fleet, FLEET_STATES), first) == INSTANCE_ON) sum += own;
  }
  return sum;
}

/** Visits of all ranks of an instance: those that wait, or all. */
function visitsAt(run: usize, fleet: usize, policy: i32, first: i32): f64 {
  let sum = 0.0;
  for (let i = 0; i < max(1, ranksOf(clientAt(run, first))); i++) {
    const waiting = <f64>geti(clientAt(run, first + i), REP_WAITING);
    sum += policy == SCALING_QUEUE_LENGTH ? waiting : rowf(loadsOf(run, fleet, LOAD_REQUESTS), first + i);
  }
  return sum;
}

/** Blocks in use over blocks, of all ranks of an instance. */
function kvUse(run: usize, first: i32): f64 {
  let used = 0;
  let blocks = 0;
  for (let i = 0; i < max(1, ranksOf(clientAt(run, first))); i++) {
    const rep = clientAt(run, first + i);
    used += blocksInUse(rep);
    blocks += geti(rep, CLIENT_BLOCKS);
  }
  return <f64>used / <f64>blocks;
}

/** The share of the interval before this look that a member was busy; ranks are so together. */
function busyShare(run: usize, scaler: usize, member: i32, now: f64): f64 {
  const rep = clientAt(run, memberOf(scaler, member));
  const busy = getf(rep, CLIENT_BUSY) + (getf(rep, REP_END) < Infinity ? now - getf(rep, REP_START) : 0);
  const before = geta(scaler, SCALER_BUSY) + ((<usize>member) << 3);
  const share = (busy - load<f64>(before)) / getf(scaler, SCALER_INTERVAL);
  store<f64>(before, busy);
  if (share != 0) seti(scaler, SCALER_MOVED, 1);
  return share;
}

/**
 * The end of an instant: instances that drain and have nothing left are off, those that have failed start, and what their blocks held is
 * gone.
 */
export function endDrained(run: usize, now: f64): void {
  const fleet = geta(run, RUN_FLEET);
  for (let i = 0; i < geti(run, RUN_REPLICAS); i++) {
    const count = max(1, ranksOf(clientAt(run, i)));
    const state = rowi(geta(fleet, FLEET_STATES), i);
    if ((state == INSTANCE_DRAINING || state == INSTANCE_FAILED) && isEmpty(run, fleet, i, count)) {
      for (let k = 0; k < count; k++) forget(clientAt(run, i + k));
      if (state == INSTANCE_FAILED) startAgain(run, fleet, i, now);
      else setState(run, fleet, i, INSTANCE_OFF, now);
    }
    i += count - 1;
  }
}

function isEmpty(run: usize, fleet: usize, first: i32, count: i32): bool {
  for (let i = first; i < first + count; i++) {
    const rep = clientAt(run, i);
    if (rowf(loadsOf(run, fleet, LOAD_REQUESTS), i) > 0 || geti(rep, REP_USED) > 0 || getf(rep, REP_END) < Infinity) return false;
  }
  return true;
}
