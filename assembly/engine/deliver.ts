// Phase "deliver": results of ended visits depart, travel and arrive; a visit whose last input arrives is ready.
import { CLIENT_LOCATION } from '../layout/client';
import { FLAG_RESIDENT, STATE_PENDING } from '../layout/enums';
import {
  EVENT_AGAIN, EVENT_HELD, EVENT_KEY, EVENT_KIND, EVENT_LEAVE, EVENT_TIER, EVENT_TURN, EVENT_WRITE, FLEET_EDGE_BYTES, FLEET_EDGE_LAYERS, FLEET_EDGE_TO, FLEET_EVENTS, FLEET_EVENT_COUNT,
  FLEET_HELD, FLEET_READY, FLEET_WRITES, VISIT_PENDING,
} from '../layout/fleet';
import { REP_END } from '../layout/replica';
import { RUN_FINISH, RUN_REPLICA_OF, RUN_STATE, RUN_TURNED } from '../layout/run';
import { endFlows, startFlow } from '../contention/flows';
import { pathBetween, pathLength } from '../contention/paths';
import { setPace, settleFlows } from '../contention/supply';
import { isServed } from '../routing/choose';
import { addi, geta, getf, geti, rowf, rowi } from '../table/cell';
import { clientAt } from '../table/client';
import { eventPop, eventTime } from '../table/events';
import { holdBack } from '../table/held';
import { hasFlag, sourceOf, visitAt } from '../table/visit';
import { leave } from './patience';
import { enterClient, enterRoot, routeRoot, routeVisit } from './route';
import { deliverTier, writeBlocks } from './store';
import { letGo } from './visit';

/** Everything that departs or arrives at `now`, also what arrivals of this very instant set going. */
export function deliverEvents(run: usize, fleet: usize, now: f64): void {
  endFlows(fleet, now);
  while (eventTime(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT) <= now) {
    const event = geta(fleet, FLEET_EVENTS);
    const kind = load<i32>(event, EVENT_KIND);
    const key = load<i32>(event, EVENT_KEY);
    eventPop(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT);
    if (kind == EVENT_WRITE) writeBlocks(run, fleet, rowi(geta(fleet, FLEET_WRITES), key), key);
    else if (kind == EVENT_TIER) deliverTier(run, fleet, key, now);
    else if (kind == EVENT_LEAVE) leave(run, fleet, key, now);
    else if (kind == EVENT_HELD) {
      // Its client may have left meanwhile
      if (rowi(geta(run, RUN_STATE), key) == STATE_PENDING) enterRoot(run, fleet, key, now);
    } else if (kind == EVENT_TURN || kind == EVENT_AGAIN) {
      // A request counts once among those that have arrived
      if (kind == EVENT_TURN) addi(run, RUN_TURNED, 1);
      routeRoot(run, fleet, key, now);
    }
    else if ((key & 1) == 0) departEdge(run, fleet, key >> 1, now);
    else deliverEdge(run, fleet, key >> 1, now);
  }
}

// @ts-ignore: decorator
@inline
function bytesOf(fleet: usize, edge: i32): f64 {
  const column = geta(fleet, FLEET_EDGE_BYTES);
  return column == 0 ? 0 : rowf(column, edge);
}

function departEdge(run: usize, fleet: usize, edge: i32, now: f64): void {
  const bytes = bytesOf(fleet, edge);
  if (bytes <= 0) {
    deliverEdge(run, fleet, edge, now);
    return;
  }
  const target = rowi(geta(fleet, FLEET_EDGE_TO), edge);
  const from = sourceOf(fleet, edge, target - 1);
  // Its source still runs: it goes layer by layer. What cannot go yet is looked at again when that has ended.
  const early = rowi(geta(run, RUN_STATE), from) == STATE_PENDING;
  if (findsNobody(run, fleet, target)) {
    if (!early) holdBack(fleet, edge * 2);
    return;
  }
  if (rowi(geta(run, RUN_STATE), target) == STATE_PENDING && !isRouted(run, target)) routeVisit(run, fleet, target, from, bytes, now);
  // Nothing is sent to a visit that was rejected or cancelled.
  if (rowi(geta(run, RUN_STATE), target) != STATE_PENDING) {
    if (!early) letGo(run, fleet, from, now);
    return;
  }
  const source = clientAt(run, rowi(geta(run, RUN_REPLICA_OF), from));
  const here = geti(source, CLIENT_LOCATION);
  const there = geti(clientAt(run, rowi(geta(run, RUN_REPLICA_OF), target)), CLIENT_LOCATION);
  const path = pathBetween(fleet, here, there);
  if (pathLength(path) == 0) {
    if (!early) deliverEdge(run, fleet, edge, now);
    return;
  }
  if (!early) {
    startFlow(fleet, edge, bytes, path);
    return;
  }
  settleFlows(fleet, now);
  startFlow(fleet, edge, -bytes / <f64>rowi(geta(fleet, FLEET_EDGE_LAYERS), edge), path);
  setPace(fleet, edge, bytes / (getf(source, REP_END) - now));
}

function deliverEdge(run: usize, fleet: usize, edge: i32, now: f64): void {
  const target = rowi(geta(fleet, FLEET_EDGE_TO), edge);
  const from = sourceOf(fleet, edge, target - 1);
  const bytes = bytesOf(fleet, edge);
  if (load<u16>(visitAt(fleet, target), VISIT_PENDING) == 1 && findsNobody(run, fleet, target)) {
    holdBack(fleet, edge * 2 + 1);
    return;
  }
  if (bytes > 0) letGo(run, fleet, from, now);
  if (rowi(geta(run, RUN_STATE), target) != STATE_PENDING) return;
  const record = visitAt(fleet, target);
  const pending = <i32>load<u16>(record, VISIT_PENDING) - 1;
  store<u16>(record, <u16>pending, VISIT_PENDING);
  if (pending > 0) return;
  store<f64>(geta(fleet, FLEET_READY) + ((<usize>target) << 3), now);
  if (!isRouted(run, target) && !routeVisit(run, fleet, target, from, bytes, now)) return;
  if (hasFlag(fleet, target, FLAG_RESIDENT)) {
    // Its next gap starts where its last token came: kept where the finish time will stand.
    store<f64>(geta(run, RUN_FINISH) + ((<usize>target) << 3), rowf(geta(run, RUN_FINISH), from));
  }
  enterClient(run, target, now);
}

/** Whether a visit is still to be routed and no instance is on that could have it: it waits at the router. */
// @ts-ignore: decorator
@inline
function findsNobody(run: usize, fleet: usize, visit: i32): bool {
  if (geta(fleet, FLEET_HELD) == 0 || rowi(geta(run, RUN_STATE), visit) != STATE_PENDING || isRouted(run, visit)) return false;
  return !isServed(run, fleet, visit);
}

// @ts-ignore: decorator
@inline
function isRouted(run: usize, visit: i32): bool {
  return rowi(geta(run, RUN_REPLICA_OF), visit) >= 0;
}
