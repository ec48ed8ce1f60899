// Clients that leave if they have no answer in time: when, and whether it still matters.
import { FLAG_FAILED, FLAG_FIRST, FLAG_LAST, FLAG_REJECTED, STATE_FAILED, STATE_FINISHED, STATE_TIMED_OUT } from '../layout/enums';
import { EVENT_KEY, EVENT_KIND, EVENT_LEAVE, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_PATIENCE } from '../layout/fleet';
import { RUN_STATE } from '../layout/run';
import { geta, geti, rowf, rowi } from '../table/cell';
import { eventPop, eventPush } from '../table/events';
import { hasFlag } from '../table/visit';

/** The client of the request that `root` begins leaves so long after `now`, if it ever does. */
export function noteLeave(fleet: usize, root: i32, now: f64): void {
  const patience = rowf(geta(fleet, FLEET_PATIENCE), root);
  if (patience < Infinity) eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, now + patience, EVENT_LEAVE, root);
}

/** The visit that ends the request that `root` begins; -1 where it has ended. */
export function openEnd(run: usize, fleet: usize, root: i32): i32 {
  let last = root;
  while (!hasFlag(fleet, last, FLAG_LAST)) last++;
  return rowi(geta(run, RUN_STATE), last) == STATE_FINISHED || hasFlag(fleet, last, FLAG_REJECTED) ? -1 : last;
}

/** What becomes of a visit that goes without its end: its request has failed, or its client left. */
export function stateOfGone(fleet: usize, visit: i32): i32 {
  let last = visit;
  while (!hasFlag(fleet, last, FLAG_FIRST)) last--;
  while (!hasFlag(fleet, last, FLAG_LAST)) last++;
  return hasFlag(fleet, last, FLAG_FAILED) ? STATE_FAILED : STATE_TIMED_OUT;
}

/** Takes those away who would leave first and have their answer: nothing is to happen then. */
export function dropAnswered(run: usize, fleet: usize): void {
  while (geti(fleet, FLEET_EVENT_COUNT) > 0) {
    const event = geta(fleet, FLEET_EVENTS);
    if (load<i32>(event, EVENT_KIND) != EVENT_LEAVE || openEnd(run, fleet, load<i32>(event, EVENT_KEY)) >= 0) return;
    eventPop(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT);
  }
}
