// Instances fail: no visits come to one any more, every request that had a part there fails, and when its step under way is over it starts
// again. Who finds no instance that is on waits at the router.
import { FLAG_FIRST, STATE_FINISHED, STATE_PENDING } from '../layout/enums';
import {
  EVENT_EDGE, EVENT_HELD, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_HELD, FLEET_HELD_COUNT, FLEET_LOOK_NEXT, FLEET_OUTAGES, FLEET_OUTAGE_COUNT,
  FLEET_OUTAGE_NEXT, FLEET_READY_AT, FLEET_STATES,
} from '../layout/fleet';
import { RUN_REPLICA_OF, RUN_STATE, RUN_VISITS } from '../layout/run';
import { INSTANCE_FAILED, INSTANCE_ON, INSTANCE_STARTING, OUTAGE_BYTES, OUTAGE_CLIENT, OUTAGE_LASTS, OUTAGE_TIME } from '../layout/scaler';
import { geta, getf, geti, rowf, rowi, setf, seti } from '../table/cell';
import { clientAt, ranksOf } from '../table/client';
import { eventPush } from '../table/events';
import { hasFlag } from '../table/visit';
import { setState } from './instances';
import { failRequest } from './patience';
import { isHeld } from './visit';

/** s, when the next instance fails; +inf when none does any more. */
export function nextOutage(fleet: usize): f64 {
  const next = geti(fleet, FLEET_OUTAGE_NEXT);
  return next < geti(fleet, FLEET_OUTAGE_COUNT) ? load<f64>(outageAt(fleet, next), OUTAGE_TIME) : Infinity;
}

function outageAt(fleet: usize, index: i32): usize {
  return geta(fleet, FLEET_OUTAGES) + <usize>(index * OUTAGE_BYTES);
}

/** Failures that are due, in order; what is not on does not fail. Whether any was. */
export function failDue(run: usize, fleet: usize, now: f64): bool {
  let any = false;
  while (nextOutage(fleet) <= now) {
    const next = geti(fleet, FLEET_OUTAGE_NEXT);
    const outage = outageAt(fleet, next);
    seti(fleet, FLEET_OUTAGE_NEXT, next + 1);
    const first = load<i32>(outage, OUTAGE_CLIENT);
    if (rowi(geta(fleet, FLEET_STATES), first) != INSTANCE_ON) continue;
    setState(run, fleet, first, INSTANCE_FAILED, now);
    store<f64>(geta(fleet, FLEET_READY_AT) + ((<usize>first) << 3), now + load<f64>(outage, OUTAGE_LASTS));
    failRequests(run, fleet, first, now);
    any = true;
  }
  return any;
}

/** All requests of which an instance has a part, in order. */
function failRequests(run: usize, fleet: usize, first: i32, now: f64): void {
  const end = first + max(1, ranksOf(clientAt(run, first)));
  const visits = geti(run, RUN_VISITS);
  let root = 0;
  let failed = false;
  for (let visit = 0; visit < visits; visit++) {
    if (hasFlag(fleet, visit, FLAG_FIRST)) {
      root = visit;
      failed = false;
    }
    const client = rowi(geta(run, RUN_REPLICA_OF), visit);
    if (failed || client < first || client >= end || !isThere(run, fleet, visit)) continue;
    failRequest(run, fleet, root, now);
    failed = true;
  }
}

/** Whether a visit is on its way to its client, there, or has left KV there that others need. */
function isThere(run: usize, fleet: usize, visit: i32): bool {
  const state = rowi(geta(run, RUN_STATE), visit);
  return state == STATE_PENDING || (state == STATE_FINISHED && isHeld(fleet, visit));
}

/** An instance that has failed, and has nothing left, starts. */
export function startAgain(run: usize, fleet: usize, first: i32, now: f64): void {
  setState(run, fleet, first, INSTANCE_STARTING, now);
  const at = max(now, rowf(geta(fleet, FLEET_READY_AT), first));
  store<f64>(geta(fleet, FLEET_READY_AT) + ((<usize>first) << 3), at);
  setf(fleet, FLEET_LOOK_NEXT, min(getf(fleet, FLEET_LOOK_NEXT), at));
}

/** Instances have changed: whoever waits for one is looked at again, in this instant. */
export function releaseHeld(fleet: usize, now: f64): void {
  const count = geti(fleet, FLEET_HELD_COUNT);
  seti(fleet, FLEET_HELD_COUNT, 0);
  for (let i = 0; i < count; i++) {
    const key = rowi(geta(fleet, FLEET_HELD), i);
    if (key < 0) eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now, EVENT_HELD, ~key);
    else eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now, EVENT_EDGE, key);
  }
}
