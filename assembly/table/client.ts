// Client records by index, and what counts as load of clients.
import { CLIENT_RANKS, RANKS_PLACE } from '../layout/client';
import { FLEET_LOADS } from '../layout/fleet';
import { REP_INDEX } from '../layout/replica';
import { RUN_REPLICAS, RUN_TABLE } from '../layout/run';
import { geta, geti } from './cell';

/** The record of client `index`. */
// @ts-ignore: decorator
@inline
export function clientAt(run: usize, index: i32): usize {
  return <usize>load<u32>(geta(run, RUN_TABLE) + ((<usize>index) << 2));
}

/** The column of one of the loads that are counted (LOADS_COLUMNS), by client. */
// @ts-ignore: decorator
@inline
export function loadsOf(run: usize, fleet: usize, metric: i32): usize {
  return geta(fleet, FLEET_LOADS) + ((<usize>(metric * geti(run, RUN_REPLICAS))) << 3);
}

/** Ranks that step together with a client; 0 = it is alone. */
// @ts-ignore: decorator
@inline
export function ranksOf(rep: usize): i32 {
  return geti(rep, CLIENT_RANKS) % RANKS_PLACE;
}

/** Index of the first of them. */
// @ts-ignore: decorator
@inline
export function firstRank(rep: usize): i32 {
  return geti(rep, REP_INDEX) - geti(rep, CLIENT_RANKS) / RANKS_PLACE;
}
