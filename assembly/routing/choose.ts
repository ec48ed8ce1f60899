// Which replica a request goes to. One case per ROUTING_* id.
import { RUN_LAST_REPLICA, RUN_REPLICA, RUN_REPLICAS, RUN_REPLICA_STRIDE, RUN_ROUTING } from '../layout/run';
import { ROUTING_LEAST_LOADED, ROUTING_ROUND_ROBIN } from '../layout/enums';
import { REP_OUTSTANDING } from '../layout/replica';
import { geta, geti, seti } from '../table/cell';

/** Chooses a replica and remembers it as the last chosen. */
export function chooseReplica(run: usize): i32 {
  const replicas = geti(run, RUN_REPLICAS);
  const last = geti(run, RUN_LAST_REPLICA);
  let chosen = last + 1 == replicas ? 0 : last + 1;
  const routing = geti(run, RUN_ROUTING);
  if (routing == ROUTING_LEAST_LOADED) chosen = leastLoaded(run, replicas, chosen);
  else assert(routing == ROUTING_ROUND_ROBIN, 'chooseReplica: unknown routing');
  seti(run, RUN_LAST_REPLICA, chosen);
  return chosen;
}

/** Fewest waiting and running requests; ties go to the first from `start` on, cyclically. */
function leastLoaded(run: usize, replicas: i32, start: i32): i32 {
  const stride = geta(run, RUN_REPLICA_STRIDE);
  const first = geta(run, RUN_REPLICA);
  let best = start;
  let load = i32.MAX_VALUE;
  let replica = start;
  for (let i = 0; i < replicas; i++) {
    const outstanding = geti(first + <usize>replica * stride, REP_OUTSTANDING);
    if (outstanding < load) {
      load = outstanding;
      best = replica;
      if (load == 0) return best;
    }
    replica = replica + 1 == replicas ? 0 : replica + 1;
  }
  return best;
}
