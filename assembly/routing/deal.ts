// Which rank of an instance a visit goes to: one case per DEALING_* id.
import { CLIENT_DEALING } from '../layout/client';
import { DEALING_FEWEST, DEALING_IN_TURN, DEALING_SHORTEST_QUEUE } from '../layout/dealing';
import { LOAD_REQUESTS } from '../layout/load';
import { REP_INDEX, REP_NEXT_RANK, REP_RUNNING } from '../layout/replica';
import { geti, rowf, seti } from '../table/cell';
import { clientAt, loadsOf, ranksOf } from '../table/client';

/** The client of a visit whose instance begins with client `first`. */
export function dealRank(run: usize, fleet: usize, first: usize): i32 {
  const count = ranksOf(first);
  const index = geti(first, REP_INDEX);
  if (count == 0) return index;
  const dealing = geti(first, CLIENT_DEALING);
  let place = geti(first, REP_NEXT_RANK);
  let best = place;
  if (dealing != DEALING_IN_TURN) {
    let least = Infinity;
    for (let i = 0; i < count; i++) {
      const own = queueOf(run, fleet, index + place, dealing);
      if (own < least) {
        least = own;
        best = place;
      }
      place = place + 1 == count ? 0 : place + 1;
    }
  }
  seti(first, REP_NEXT_RANK, best + 1 == count ? 0 : best + 1);
  return index + best;
}

function queueOf(run: usize, fleet: usize, rank: i32, dealing: i32): f64 {
  const outstanding = rowf(loadsOf(run, fleet, LOAD_REQUESTS), rank);
  if (dealing == DEALING_FEWEST) return outstanding;
  assert(dealing == DEALING_SHORTEST_QUEUE, 'unknown dealing');
  return 4 * outstanding - 3 * <f64>geti(clientAt(run, rank), REP_RUNNING);
}
