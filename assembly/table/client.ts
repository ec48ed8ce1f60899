// Client records by index, and what counts as load of clients.
import { FLEET_LOADS } from '../layout/fleet';
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
