// Instances that start, stop and fail: their states, and what is left of one that was off.
import { CACHE_BUCKETS, CACHE_FIRST, CACHE_GIVEN, CACHE_LAST, CACHE_MADE, CACHE_MASK, CACHE_SPARE } from '../layout/cache';
import { CLIENT_LANES, CLIENT_PACKING, CLIENT_PREFIX } from '../layout/client';
import { FLEET_CHANGED, FLEET_CHANGES, FLEET_DRAINING, FLEET_READY_AT, FLEET_STATES } from '../layout/fleet';
import { PACKING_FAIR } from '../layout/packing';
import { RUN_REPLICAS } from '../layout/run';
import {
  CHANGE_BYTES, CHANGE_CLIENT, CHANGE_STATE, CHANGE_TIME, INSTANCE_DRAINING, INSTANCE_FAILED, INSTANCE_STARTING,
} from '../layout/scaler';
import { forgetAdapters } from '../table/adapters';
import { addi, geta, geti, rowf, rowi, seti } from '../table/cell';
import { clientAt, firstRank, ranksOf } from '../table/client';

/** Whether a client is the first of an instance that starts. */
export function isStarting(run: usize, fleet: usize, client: i32): bool {
  return rowi(geta(fleet, FLEET_STATES), client) == INSTANCE_STARTING && firstRank(clientAt(run, client)) == client;
}

/** s, when the next instance is on that starts; +inf when none does. */
export function nextStart(run: usize, fleet: usize): f64 {
  let next = Infinity;
  for (let i = 0; i < geti(run, RUN_REPLICAS); i++) {
    if (isStarting(run, fleet, i)) next = min(next, rowf(geta(fleet, FLEET_READY_AT), i));
  }
  return next;
}

/** An instance, with all its ranks, comes into a state. */
export function setState(run: usize, fleet: usize, first: i32, state: i32, now: f64): void {
  const states = geta(fleet, FLEET_STATES);
  if (goesEmpty(rowi(states, first))) addi(fleet, FLEET_DRAINING, -1);
  if (goesEmpty(state)) addi(fleet, FLEET_DRAINING, 1);
  const count = max(1, ranksOf(clientAt(run, first)));
  for (let i = 0; i < count; i++) store<i32>(states + ((<usize>(first + i)) << 2), state);
  const changed = geti(fleet, FLEET_CHANGED);
  const change = geta(fleet, FLEET_CHANGES) + <usize>(changed * CHANGE_BYTES);
  store<f64>(change, now, CHANGE_TIME);
  store<i32>(change, first, CHANGE_CLIENT);
  store<i32>(change, state, CHANGE_STATE);
  seti(fleet, FLEET_CHANGED, changed + 1);
}

function goesEmpty(state: i32): bool {
  return state == INSTANCE_DRAINING || state == INSTANCE_FAILED;
}

/** Nothing can be found in the blocks of a client any more, and no adapter lies in its memory. */
export function forget(rep: usize): void {
  if (geta(rep, CLIENT_LANES) != 0 && geti(rep, CLIENT_PACKING) != PACKING_FAIR) forgetAdapters(geta(rep, CLIENT_LANES));
  const cache = geta(rep, CLIENT_PREFIX);
  if (cache == 0) return;
  memory.fill(geta(cache, CACHE_BUCKETS), 0, <usize>(geti(cache, CACHE_MASK) + 1) << 2);
  seti(cache, CACHE_MADE, 0);
  seti(cache, CACHE_SPARE, 0);
  seti(cache, CACHE_FIRST, 0);
  seti(cache, CACHE_LAST, 0);
  seti(cache, CACHE_GIVEN, 0);
}
