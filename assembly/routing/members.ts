// The members of a group that may be chosen, where some of its instances start and stop.
import {
  FLEET_GROUPS, FLEET_GROUP_COUNT, FLEET_STATES, POOL_ALL, POOL_ALL_COUNT, POOL_CELLS, POOL_COUNT, POOL_LAST, POOL_MEMBERS, POOL_ROW,
} from '../layout/fleet';
import { INSTANCE_DRAINING, INSTANCE_ON } from '../layout/scaler';
import { geta, geti, rowi, seti } from '../table/cell';

/** Whether a client can go on with what has begun there: its instance is on, or drains. */
export function isServing(fleet: usize, client: i32): bool {
  const states = geta(fleet, FLEET_STATES);
  if (states == 0) return true;
  const state = rowi(states, client);
  return state == INSTANCE_ON || state == INSTANCE_DRAINING;
}

/** Lists the members of all groups anew: those of instances that are on, in their order. The next choice begins after the last chosen one, or, where that is not on any more, after the one before it. */
export function listMembers(fleet: usize): void {
  for (let g = 0; g < geti(fleet, FLEET_GROUP_COUNT); g++) {
    const pool = geta(fleet, FLEET_GROUPS) + <usize>(g * (POOL_CELLS * 8));
    if (geta(pool, POOL_ALL) != 0) listOnes(fleet, pool);
  }
}

function listOnes(fleet: usize, pool: usize): void {
  const all = geta(pool, POOL_ALL);
  const members = geta(pool, POOL_MEMBERS);
  const states = geta(fleet, FLEET_STATES);
  const place = geti(pool, POOL_LAST);
  const last = place < 0 ? -1 : rowi(members, place);
  let count = 0;
  let before = -1;
  let row = 1;
  for (let i = 0; i < geti(pool, POOL_ALL_COUNT); i++) {
    const member = rowi(all, i);
    if (rowi(states, member) == INSTANCE_ON) {
      if (count > 0 && member != rowi(members, count - 1) + 1) row = 0;
      store<i32>(members + ((<usize>count) << 2), member);
      count++;
    }
    // What was chosen last may have stopped: those before it have had their turn
    if (member == last) before = count - 1;
  }
  seti(pool, POOL_COUNT, count);
  seti(pool, POOL_LAST, before);
  seti(pool, POOL_ROW, row);
}
