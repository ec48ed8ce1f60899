// Arrivals that the end of a request sets going: the next request of a closed loop, the next turns of a conversation.
import { EVENT_AGAIN, EVENT_TURN, FLEET_AGAIN, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_THEN, FLEET_TURNS, TURN_BYTES, TURN_DELAY, TURN_NEXT, TURN_REQUEST, TURN_VISIT } from '../layout/fleet';
import { RUN_ARRIVAL, RUN_CONCURRENCY, RUN_RELEASED, RUN_REQUESTS } from '../layout/run';
import { geta, geti, seti } from '../table/cell';
import { eventPush } from '../table/events';
import { rowOr } from '../table/visit';

/** The request that `visit` ends has its answer: what follows it is sent; where nothing does, a closed loop sends the next. */
export function answerRequest(run: usize, fleet: usize, visit: i32, now: f64): void {
  const then = rowOr(geta(fleet, FLEET_THEN), visit, -1);
  if (then >= 0) sendTurns(run, fleet, then, EVENT_TURN, now);
  else releaseNext(run, now);
}

/** The request that `visit` ends was turned away, or its client left: it tries again if it may. */
export function tryAgain(run: usize, fleet: usize, visit: i32, now: f64): void {
  const again = rowOr(geta(fleet, FLEET_AGAIN), visit, -1);
  if (again >= 0) sendTurns(run, fleet, again, EVENT_AGAIN, now);
  else releaseNext(run, now);
}

/** In a closed loop the next request that follows none is sent at the instant one leaves without being followed. */
// @ts-ignore: decorator
@inline
export function releaseNext(run: usize, now: f64): void {
  if (geti(run, RUN_CONCURRENCY) != 0) release(run, now);
}

function release(run: usize, now: f64): void {
  const released = geti(run, RUN_RELEASED);
  if (released >= geti(run, RUN_REQUESTS)) return;
  store<f64>(geta(run, RUN_ARRIVAL) + ((<usize>released) << 3), now);
  seti(run, RUN_RELEASED, released + 1);
}

/** Each turn arrives its delay after `now`, but not before its earliest time. */
function sendTurns(run: usize, fleet: usize, then: i32, kind: i32, now: f64): void {
  for (let turn = then; turn >= 0; ) {
    const record = geta(fleet, FLEET_TURNS) + <usize>turn * TURN_BYTES;
    const arrival = geta(run, RUN_ARRIVAL) + ((<usize>load<i32>(record, TURN_REQUEST)) << 3);
    const earliest = load<f64>(arrival);
    const answered = now + load<f64>(record, TURN_DELAY);
    const at = answered > earliest ? answered : earliest;
    store<f64>(arrival, at);
    eventPush(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT, at, kind, load<i32>(record, TURN_VISIT));
    turn = load<i32>(record, TURN_NEXT);
  }
}
