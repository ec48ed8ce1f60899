// The event loop of one client group: at every instant first all that ends retires, then all that arrives is routed,
// then every free replica forms its next step. One call runs until there is a reason to stop.
import {
  RUN_ARRIVAL, RUN_CLOCK, RUN_FINISHED, RUN_LOG, RUN_LOGGED, RUN_LOG_CAPACITY, RUN_MARK_FINISHED, RUN_MARK_RUNNING, RUN_NEXT_ARRIVAL,
  RUN_READY, RUN_READY_COUNT, RUN_RELEASED,
  RUN_REPLICA, RUN_REPLICAS, RUN_REPLICA_STRIDE, RUN_STEPS, RUN_STEP_QUOTA, RUN_TPOT_ALLOWED, RUN_TPOT_MISSES, RUN_TREE,
  RUN_TREE_LEAVES, RUN_TTFT_ALLOWED, RUN_TTFT_MISSES,
} from '../layout/run';
import { STOP_DONE, STOP_EVENTS, STOP_HOPELESS, STOP_LOG_FULL, STOP_MARK } from '../layout/enums';
import { REP_END, REP_INDEX, REP_READY, REP_RUNNING } from '../layout/replica';
import { geta, getf, geti, rowf, setf, seti } from '../table/cell';
import { treeFirst, treeKey, treeSet } from '../table/tree';
import { formStep } from './form';
import { retireStep } from './retire';
import { markReady, routeRequest } from './route';

/** Runs the engine of `run` (a run record after engineReset) until a STOP_* reason; call again after STOP_LOG_FULL, STOP_EVENTS or STOP_MARK. */
export function engineRun(run: usize): i32 {
  assert(geti(run, RUN_REPLICA) != 0, 'engineRun before engineReset');
  const tree = geta(run, RUN_TREE);
  const leaves = geti(run, RUN_TREE_LEAVES);
  const arrival = geta(run, RUN_ARRIVAL);
  const first = geta(run, RUN_REPLICA);
  const stride = geta(run, RUN_REPLICA_STRIDE);
  while (true) {
    // The next instant
    const next = geti(run, RUN_NEXT_ARRIVAL);
    let leaf = treeFirst(tree, leaves);
    let now = treeKey(tree, leaf);
    if (next < geti(run, RUN_RELEASED)) {
      const arrives = rowf(arrival, next);
      if (arrives < now) now = arrives;
    }
    if (now == Infinity) return STOP_DONE;
    const stop = mustPause(run);
    if (stop != STOP_DONE) return stop;
    setf(run, RUN_CLOCK, now);
    // Retire
    while (treeKey(tree, leaf) <= now) {
      const rep = first + <usize>leaf * stride;
      retireStep(run, rep);
      setf(rep, REP_END, Infinity);
      treeSet(tree, leaves, leaf, Infinity);
      markReady(run, rep);
      leaf = treeFirst(tree, leaves);
    }
    // Arrive and route
    routeArrivals(run, arrival, now);
    // Form, price, leap
    formReady(run, tree, leaves, now);
  }
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

/** Whether so many sequences run on all replicas, or so many requests are over, as the caller wants to hear of. */
function reachedMark(run: usize): bool {
  const finished = geti(run, RUN_MARK_FINISHED);
  if (finished > 0 && geti(run, RUN_FINISHED) >= finished) return true;
  const wanted = geti(run, RUN_MARK_RUNNING);
  if (wanted == 0) return false;
  const stride = geta(run, RUN_REPLICA_STRIDE);
  let rep = geta(run, RUN_REPLICA);
  let running = 0;
  for (let i = 0; i < geti(run, RUN_REPLICAS); i++) {
    running += geti(rep, REP_RUNNING);
    rep += stride;
  }
  return running >= wanted;
}

function routeArrivals(run: usize, arrival: usize, now: f64): void {
  let next = geti(run, RUN_NEXT_ARRIVAL);
  while (next < geti(run, RUN_RELEASED) && rowf(arrival, next) <= now) {
    // Counted before routing: a leap planned now must look at the arrivals after this one.
    seti(run, RUN_NEXT_ARRIVAL, next + 1);
    routeRequest(run, next, now);
    next++;
  }
}

function formReady(run: usize, tree: usize, leaves: i32, now: f64): void {
  const ready = geta(run, RUN_READY);
  const count = geti(run, RUN_READY_COUNT);
  if (count > 1) sortReady(ready, count);
  for (let i = 0; i < count; i++) {
    const rep = <usize>load<u32>(ready + ((<usize>i) << 2));
    seti(rep, REP_READY, 0);
    formStep(run, rep, now);
    treeSet(tree, leaves, geti(rep, REP_INDEX), getf(rep, REP_END));
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
