// The event loop: at every instant first all that ends retires, then all that arrives is routed,
// then every free replica forms its next step. One call runs until there is a reason to stop.
import { STOP_DEADLOCK, STOP_DONE, STOP_EVENTS, STOP_HOPELESS, STOP_LOG_FULL, STOP_MARK, STOP_UNTIL } from '../layout/enums';
import {
  EVENT_BYTES, FLEET_CHANNEL_COUNT, FLEET_CORES, FLEET_CORE_COUNT, FLEET_DRAINING, FLEET_EVENTS, FLEET_EVENT_COUNT, FLEET_FLOWS, FLEET_FLOW_NEXT,
  FLEET_HELD_COUNT, FLEET_PATIENCE, FLEET_STATES,
} from '../layout/fleet';
import { REP_END, REP_INDEX, REP_READY, REP_RUNNING, REP_WAITING } from '../layout/replica';
import {
  RUN_ARRIVAL, RUN_CLOCK, RUN_FINISHED, RUN_FLEET, RUN_LOG, RUN_LOGGED, RUN_LOG_CAPACITY, RUN_MARK_ARRIVED, RUN_MARK_FINISHED, RUN_MARK_RUNNING,
  RUN_NEXT_ARRIVAL, RUN_READY, RUN_READY_COUNT, RUN_RELEASED, RUN_REPLICAS, RUN_STEPS, RUN_STEP_QUOTA, RUN_TABLE,
  RUN_TPOT_ALLOWED, RUN_TPOT_MISSES, RUN_TREE, RUN_TREE_LEAVES, RUN_TURNED, RUN_TTFT_ALLOWED, RUN_TTFT_MISSES, RUN_UNTIL,
} from '../layout/run';
import { shareChannels } from '../contention/channel';
import { shareLinks } from '../contention/flows';
import { geta, getf, geti, rowf, setf, seti } from '../table/cell';
import { clientAt, firstRank, ranksOf } from '../table/client';
import { eventTime } from '../table/events';
import { treeFirst, treeLeast, treeSet } from '../table/tree';
import { retireCores } from './cores';
import { deliverEvents } from './deliver';
import { formRanks, formStep } from './form';
import { nextStart } from './instances';
import { dropAnswered } from './leave-events';
import { retireStep } from './retire';
import { markReady } from './ready';
import { routeArrival } from './route';
import { beforeLook, endDrained, isFullOfChanges, scaleFleet } from './scale';

/** Runs the engine of `run` (a run record after engineReset) until a STOP_* reason; call again after STOP_LOG_FULL, STOP_EVENTS or STOP_MARK. */
export function engineRun(run: usize): i32 {
  assert(geti(run, RUN_TABLE) != 0, 'engineRun before engineReset');
  const tree = geta(run, RUN_TREE);
  const leaves = geti(run, RUN_TREE_LEAVES);
  const arrival = geta(run, RUN_ARRIVAL);
  const fleet = geta(run, RUN_FLEET);
  const watched = isWatched(run);
  const mark = geti(run, RUN_MARK_ARRIVED);
  const quiet = isQuiet(fleet);
  const scales = geta(fleet, FLEET_STATES) != 0;
  const impatient = geta(fleet, FLEET_PATIENCE) != 0;
  while (true) {
    // The next instant
    const next = geti(run, RUN_NEXT_ARRIVAL);
    if (next + geti(run, RUN_TURNED) >= mark) return STOP_MARK;
    let now = treeLeast(tree);
    if (next < geti(run, RUN_RELEASED)) {
      const arrives = rowf(arrival, next);
      if (arrives < now) now = arrives;
    }
    if (!quiet) {
      if (impatient) dropAnswered(run, fleet);
      now = earliestOf(fleet, now);
    }
    if (scales && now == Infinity && geti(fleet, FLEET_HELD_COUNT) > 0) now = nextStart(run, fleet);
    if (now == Infinity) return isStuck(run) ? STOP_DEADLOCK : STOP_DONE;
    if (scales) {
      if (isFullOfChanges(run, fleet)) return STOP_LOG_FULL;
      now = beforeLook(run, fleet, now);
    }
    if (watched) {
      if (now > getf(run, RUN_UNTIL)) return STOP_UNTIL;
      const stop = mustPause(run);
      if (stop != STOP_DONE) return stop;
    }
    setf(run, RUN_CLOCK, now);
    // Retire, deliver, arrive: until nothing of this instant is left (a store that finds nothing ends at once)
    do {
      retireDue(run, tree, leaves, now);
      if (!quiet) {
        retireCores(run, fleet, now);
        deliverEvents(run, fleet, now);
      }
      if (scales) scaleFleet(run, fleet, now);
      routeArrivals(run, arrival, now);
    } while (!quiet && isDue(fleet, now));
    // Form, price, leap
    formReady(run, tree, leaves, now);
    if (scales && geti(fleet, FLEET_DRAINING) > 0) endDrained(run, now);
    if (quiet) continue;
    // Before links: what layers send follows the speed of the step that computes them.
    if (geti(fleet, FLEET_CHANNEL_COUNT) > 0) shareChannels(run, fleet, now);
    shareLinks(fleet, now);
  }
}

/** Ends every step that is over by `now`. */
// @ts-ignore: decorator
@inline
function retireDue(run: usize, tree: usize, leaves: i32, now: f64): void {
  while (treeLeast(tree) <= now) {
    const leaf = treeFirst(tree);
    const rep = clientAt(run, leaf);
    retireStep(run, rep);
    treeSet(tree, leaves, leaf, Infinity);
    markReady(run, rep);
  }
}

/** Whether nothing but arrivals and steps can ever happen: no room was left for events, flows and visits on cores, and no channel is shared. */
function isQuiet(fleet: usize): bool {
  return geta(fleet, FLEET_CORES) + EVENT_BYTES == geta(fleet, FLEET_FLOWS) && geti(fleet, FLEET_CHANNEL_COUNT) == 0;
}

/** Whether something is due that came up after its turn at `now`. No flow is: those that end now have, and new ones have no rate yet. */
// @ts-ignore: decorator
@inline
function isDue(fleet: usize, now: f64): bool {
  return eventTime(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT) <= now || eventTime(fleet, FLEET_CORES, FLEET_CORE_COUNT) <= now;
}

/** The earliest of `now` and what the fleet has under way: events, visits on cores, flows. */
function earliestOf(fleet: usize, now: f64): f64 {
  const event = eventTime(fleet, FLEET_EVENTS, FLEET_EVENT_COUNT);
  const core = eventTime(fleet, FLEET_CORES, FLEET_CORE_COUNT);
  const flow = getf(fleet, FLEET_FLOW_NEXT);
  let first = event < now ? event : now;
  if (core < first) first = core;
  return flow < first ? flow : first;
}

/** Whether visits wait at a client although nothing is left to happen. */
function isStuck(run: usize): bool {
  for (let i = 0; i < geti(run, RUN_REPLICAS); i++) if (geti(clientAt(run, i), REP_WAITING) > 0) return true;
  return false;
}

/** Whether there can be a reason to pause: a limit that a percentile may miss, a quota of steps, an end, a log, a mark. */
function isWatched(run: usize): bool {
  if (geti(run, RUN_TTFT_ALLOWED) != i32.MAX_VALUE || geti(run, RUN_TPOT_ALLOWED) != i32.MAX_VALUE) return true;
  if (getf(run, RUN_STEP_QUOTA) != Infinity || getf(run, RUN_UNTIL) != Infinity || geti(run, RUN_LOG) != 0) return true;
  return geti(run, RUN_MARK_FINISHED) > 0 || geti(run, RUN_MARK_RUNNING) > 0;
}

/** A reason to return to the caller before the next instant, or STOP_DONE for none. */
// @ts-ignore: decorator
@inline
function mustPause(run: usize): i32 {
  if (geti(run, RUN_TTFT_MISSES) > geti(run, RUN_TTFT_ALLOWED) || geti(run, RUN_TPOT_MISSES) > geti(run, RUN_TPOT_ALLOWED)) {
    return STOP_HOPELESS;
  }
  if (getf(run, RUN_STEPS) >= getf(run, RUN_STEP_QUOTA)) return STOP_EVENTS;
  if (geti(run, RUN_LOG) != 0 && geti(run, RUN_LOGGED) + geti(run, RUN_REPLICAS) > geti(run, RUN_LOG_CAPACITY)) return STOP_LOG_FULL;
  return reachedMark(run) ? STOP_MARK : STOP_DONE;
}

/** Whether so many sequences run on all clients, or so many requests are over, as the caller wants to hear of. */
function reachedMark(run: usize): bool {
  const finished = geti(run, RUN_MARK_FINISHED);
  if (finished > 0 && geti(run, RUN_FINISHED) >= finished) return true;
  const wanted = geti(run, RUN_MARK_RUNNING);
  if (wanted == 0) return false;
  let running = 0;
  for (let i = 0; i < geti(run, RUN_REPLICAS); i++) running += geti(clientAt(run, i), REP_RUNNING);
  return running >= wanted;
}

function routeArrivals(run: usize, arrival: usize, now: f64): void {
  let next = geti(run, RUN_NEXT_ARRIVAL);
  while (next < geti(run, RUN_RELEASED) && rowf(arrival, next) <= now) {
    // Counted before routing: a leap planned now must look at the arrivals after this one.
    seti(run, RUN_NEXT_ARRIVAL, next + 1);
    routeArrival(run, now);
    next++;
  }
}

function formReady(run: usize, tree: usize, leaves: i32, now: f64): void {
  const ready = geta(run, RUN_READY);
  const count = geti(run, RUN_READY_COUNT);
  if (count > 1) sortReady(ready, count);
  for (let i = 0; i < count; i++) {
    const rep = <usize>load<u32>(ready + ((<usize>i) << 2));
    const ranks = ranksOf(rep);
    if (ranks == 0) {
      seti(rep, REP_READY, 0);
      formStep(run, rep, now);
      treeSet(tree, leaves, geti(rep, REP_INDEX), getf(rep, REP_END));
    } else if (geti(rep, REP_READY) != 0) {
      formRanks(run, rep, now);
      for (let first = firstRank(rep), k = 0; k < ranks; k++) treeSet(tree, leaves, first + k, getf(rep, REP_END));
    }
  }
  seti(run, RUN_READY_COUNT, 0);
}

/** Same-time steps form in replica order (records lie in that order): few replicas are ever ready at once. */
function sortReady(ready: usize, count: i32): void {
  for (let i = 1; i < count; i++) {
    const rep = load<u32>(ready + ((<usize>i) << 2));
    let at = ready + ((<usize>i) << 2);
    while (at > ready && load<u32>(at - 4) > rep) {
      store<u32>(at, load<u32>(at - 4));
      at -= 4;
    }
    store<u32>(at, rep);
  }
}
