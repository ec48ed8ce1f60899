// Which client a visit goes to: one case per ROUTING_* id.
import { CLIENT_LOCAL } from '../layout/client';
import { FLAG_LOCAL, STATE_PENDING } from '../layout/enums';
import { LOAD_INPUT, LOAD_KV, LOAD_LEFT, LOAD_OUTPUT } from '../layout/load';
import {
  ROUTING_ADAPTER_AFFINITY, ROUTING_HEAVY_LIGHT, ROUTING_LOAD, ROUTING_NEAREST, ROUTING_PREFIX_AFFINITY, ROUTING_ROUND_ROBIN, ROUTING_SCORED,
} from '../layout/routing';
import {
  FLEET_GROUPS, FLEET_SAME_AS, POOL_CELLS, POOL_CHOSEN, POOL_COSTS, POOL_COUNT, POOL_INSTANCES, POOL_LAST, POOL_LAST_HEAVY, POOL_LIGHT, POOL_MEMBERS,
  POOL_METRIC, POOL_ROUTING, POOL_ROW, POOL_THRESHOLD,
} from '../layout/fleet';
import { RUN_FLEET, RUN_OUTPUT, RUN_PROMPT, RUN_REPLICA_OF, RUN_STATE } from '../layout/run';
import { leadingBlocks } from '../batching/share';
import { geta, getf, geti, rowf, rowi, seti } from '../table/cell';
import { clientAt, loadsOf } from '../table/client';
import { adapterRank } from '../table/lanes';
import { groupOf, hasFlag, rowOr } from '../table/visit';
import { dealRank } from './deal';
import { isCounted, memberLoad } from './loads';
import { isServing } from './members';
import { scoreMembers, secondsFrom } from './score';

/** The client of `visit`; `bytes` come along from visit `from` (-1 for a root). */
export function chooseClient(run: usize, visit: i32, from: i32, bytes: f64, now: f64): i32 {
  const fleet = geta(run, RUN_FLEET);
  const client = followed(run, fleet, visit);
  assert(client > NOBODY_YET, 'chooseClient: follows a visit that has no client yet');
  // Where nothing of it is left, because that instance is off, it goes where others go.
  if (client >= 0 && !hasFlag(fleet, visit, FLAG_LOCAL) && isServing(fleet, client)) return client;
  const pool = poolOf(run, fleet, visit, client);
  const member = chooseMember(run, fleet, pool, visit, from, bytes, now);
  const chosen = geta(pool, POOL_CHOSEN);
  if (chosen != 0) store<f64>(chosen + ((<usize>member) << 3), now);
  return geti(pool, POOL_INSTANCES) == 0 ? member : dealRank(run, fleet, clientAt(run, member));
}

/** Whether an instance is on that a visit could go to. */
export function isServed(run: usize, fleet: usize, visit: i32): bool {
  const client = followed(run, fleet, visit);
  if (client == NOBODY_YET) return false;
  if (client >= 0 && !hasFlag(fleet, visit, FLAG_LOCAL) && isServing(fleet, client)) return true;
  return geti(poolOf(run, fleet, visit, client), POOL_COUNT) > 0;
}

const NOBODY_YET: i32 = -2;

/** The client of the visit that one follows, -1 where it follows none (or one that never had any), NOBODY_YET where that waits for its own. */
// @ts-ignore: decorator
@inline
function followed(run: usize, fleet: usize, visit: i32): i32 {
  const same = rowOr(geta(fleet, FLEET_SAME_AS), visit, -1);
  if (same < 0) return -1;
  const client = rowi(geta(run, RUN_REPLICA_OF), same);
  return client < 0 && rowi(geta(run, RUN_STATE), same) == STATE_PENDING ? NOBODY_YET : client;
}

/** The group of a visit that follows one on `client` (-1 = none). */
// @ts-ignore: decorator
@inline
function poolOf(run: usize, fleet: usize, visit: i32, client: i32): usize {
  let group = groupOf(fleet, visit);
  if (client >= 0 && hasFlag(fleet, visit, FLAG_LOCAL)) group += geti(clientAt(run, client), CLIENT_LOCAL);
  return geta(fleet, FLEET_GROUPS) + <usize>(group * (POOL_CELLS * 8));
}

function chooseMember(run: usize, fleet: usize, pool: usize, visit: i32, from: i32, bytes: f64, now: f64): i32 {
  const count = geti(pool, POOL_COUNT);
  const light = geti(pool, POOL_LIGHT);
  // Nobody to choose from
  if (count == 1) {
    seti(pool, POOL_LAST, 0);
    return rowi(geta(pool, POOL_MEMBERS), 0);
  }
  if (geti(pool, POOL_ROUTING) == ROUTING_SCORED) scoreMembers(run, fleet, pool, visit, from, bytes, now);
  if (geti(pool, POOL_ROUTING) != ROUTING_HEAVY_LIGHT) return chooseAmong(run, fleet, pool, visit, from, bytes, 0, count, POOL_LAST);
  if (ownMetric(run, pool, visit) <= getf(pool, POOL_THRESHOLD)) return chooseAmong(run, fleet, pool, visit, from, bytes, 0, light, POOL_LAST);
  return chooseAmong(run, fleet, pool, visit, from, bytes, light, count, POOL_LAST_HEAVY);
}

/** Chooses among members `from` .. `end` - 1 for a visit that follows `source`; `last` is the cell that remembers the position of the last chosen. */
function chooseAmong(
  run: usize, fleet: usize, pool: usize, visit: i32, source: i32, bytes: f64, from: i32, end: i32, last: i32,
): i32 {
  const members = geta(pool, POOL_MEMBERS);
  if (end - from == 1) {
    seti(pool, last, from);
    return rowi(members, from);
  }
  const routing = geti(pool, POOL_ROUTING);
  let place = geti(pool, last) + 1;
  if (place < from || place >= end) place = from;
  let best = place;
  if (routing == ROUTING_LOAD || routing == ROUTING_HEAVY_LIGHT) {
    best = leastAmong(run, fleet, pool, place, from, end);
  } else if (routing != ROUTING_ROUND_ROBIN) {
    let bestFirst = Infinity;
    let bestLoad = Infinity;
    for (let i = from; i < end; i++) {
      const client = clientAt(run, rowi(members, place));
      const first = routing == ROUTING_SCORED ? rowf(geta(pool, POOL_COSTS), rowi(members, place)) : preference(run, fleet, routing, client, visit, source, bytes);
      const load = memberLoad(run, fleet, pool, rowi(members, place));
      if (first < bestFirst || (first == bestFirst && load < bestLoad)) {
        bestFirst = first;
        bestLoad = load;
        best = place;
      }
      place = place + 1 == end ? from : place + 1;
    }
  }
  seti(pool, last, best);
  return rowi(members, best);
}

/** Position of the member with the least load; ties go to the first from `place` on, cyclically. */
function leastAmong(run: usize, fleet: usize, pool: usize, place: i32, from: i32, end: i32): i32 {
  const metric = geti(pool, POOL_METRIC);
  const members = geta(pool, POOL_MEMBERS);
  if (isCounted(metric) && geti(pool, POOL_INSTANCES) == 0) {
    const loads = loadsOf(run, fleet, metric);
    if (geti(pool, POOL_ROW) != 0) return leastInRow(loads + ((<usize>rowi(members, 0)) << 3), place, from, end);
    return leastCounted(loads, members, place, from, end);
  }
  let best = place;
  let least = Infinity;
  for (let i = from; i < end; i++) {
    const own = memberLoad(run, fleet, pool, rowi(members, place));
    if (own < least) {
      least = own;
      best = place;
      // Nobody is idler than idle.
      if (own == 0 && metric != LOAD_LEFT) return best;
    }
    place = place + 1 == end ? from : place + 1;
  }
  return best;
}

/** The same without a branch that depends on who is ahead: counts are never negative, so that their bits compare like they do. */
function leastCounted(loads: usize, members: usize, place: i32, from: i32, end: i32): i32 {
  let best = place;
  let least = i64.MAX_VALUE;
  for (let at = place; at < end; at++) {
    const own = load<i64>(loads + ((<usize>rowi(members, at)) << 3));
    best = select<i32>(at, best, own < least);
    least = select<i64>(own, least, own < least);
  }
  for (let at = from; at < place; at++) {
    const own = load<i64>(loads + ((<usize>rowi(members, at)) << 3));
    best = select<i32>(at, best, own < least);
    least = select<i64>(own, least, own < least);
  }
  return best;
}

/** The same over figures side by side, at least two: first how little it is, two figures at a time, then who has it. */
function leastInRow(loads: usize, place: i32, from: i32, end: i32): i32 {
  const last = loads + ((<usize>(end - 2)) << 3);
  let two = v128.load(last);
  for (let at = loads + ((<usize>from) << 3); at < last; at += 16) two = v128.pmin<f64>(two, v128.load(at));
  const low = v128.extract_lane<f64>(two, 0);
  const high = v128.extract_lane<f64>(two, 1);
  const least = low < high ? low : high;
  for (let at = place; at < end; at++) if (rowf(loads, at) == least) return at;
  let at = from;
  while (rowf(loads, at) != least) at++;
  return at;
}

/** What comes before load: smaller is better. */
function preference(run: usize, fleet: usize, routing: i32, client: usize, visit: i32, source: i32, bytes: f64): f64 {
  if (routing == ROUTING_PREFIX_AFFINITY) return -(<f64>leadingBlocks(run, client, visit));
  if (routing == ROUTING_ADAPTER_AFFINITY) return adapterRank(run, client, visit);
  if (routing == ROUTING_NEAREST) return secondsFrom(run, fleet, client, source, bytes);
  assert(false, 'unknown routing');
  return 0;
}

/** How heavy a visit is by the metric of its pool. */
function ownMetric(run: usize, pool: usize, visit: i32): f64 {
  const metric = geti(pool, POOL_METRIC);
  const prompt = rowi(geta(run, RUN_PROMPT), visit);
  const output = rowi(geta(run, RUN_OUTPUT), visit);
  if (metric == LOAD_INPUT || metric == LOAD_KV) return <f64>prompt;
  if (metric == LOAD_OUTPUT) return <f64>output;
  return metric == LOAD_LEFT ? <f64>(prompt + output) : 0;
}
