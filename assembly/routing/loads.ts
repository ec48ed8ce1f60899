// What load is, of a client or of all ranks of an instance: one case per LOAD_* id.
import { CLIENT_BLOCK_SIZE, CLIENT_UNDONE } from '../layout/client';
import { POOL_INSTANCES, POOL_METRIC } from '../layout/fleet';
import { LOAD_INPUT, LOAD_KV, LOAD_LEFT, LOAD_OUTPUT, LOAD_REQUESTS } from '../layout/load';
import { REP_PROMISED, REP_USED } from '../layout/replica';
import { getf, geti, rowf } from '../table/cell';
import { clientAt, loadsOf, ranksOf } from '../table/client';

/** Whether a load stands in a column of loads (LOADS_COLUMNS). */
// @ts-ignore: decorator
@inline
export function isCounted(metric: i32): bool {
  return metric == LOAD_REQUESTS || metric == LOAD_INPUT || metric == LOAD_OUTPUT;
}

/** The load of a member, or of all ranks of the instance that it begins. */
export function memberLoad(run: usize, fleet: usize, pool: usize, index: i32): f64 {
  const metric = geti(pool, POOL_METRIC);
  const client = clientAt(run, index);
  let load = loadOf(run, fleet, metric, client, index);
  if (geti(pool, POOL_INSTANCES) == 0) return load;
  for (let i = 1; i < ranksOf(client); i++) load += loadOf(run, fleet, metric, clientAt(run, index + i), index + i);
  return load;
}

/** KV blocks of a client's running sequences: those too that residents take in their first decode step. */
export function blocksInUse(client: usize): i32 {
  return geti(client, REP_USED) + geti(client, REP_PROMISED);
}

/** The load of a client by a metric. */
export function loadOf(run: usize, fleet: usize, metric: i32, client: usize, index: i32): f64 {
  if (isCounted(metric)) return rowf(loadsOf(run, fleet, metric), index);
  if (metric == LOAD_KV) {
    const promised = rowf(loadsOf(run, fleet, LOAD_KV), index);
    return (<f64>blocksInUse(client) + promised) * <f64>geti(client, CLIENT_BLOCK_SIZE);
  }
  assert(metric == LOAD_LEFT, 'unknown load metric');
  return getf(client, CLIENT_UNDONE);
}
