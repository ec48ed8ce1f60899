// Who waits at the router until an instance is on: the list of FLEET_HELD.
import { FLEET_HELD, FLEET_HELD_COUNT } from '../layout/fleet';
import { geta, geti, seti } from './cell';

/** `key`: of an edge's event, or ~visit of a request. */
export function holdBack(fleet: usize, key: i32): void {
  const count = geti(fleet, FLEET_HELD_COUNT);
  store<i32>(geta(fleet, FLEET_HELD) + ((<usize>count) << 2), key);
  seti(fleet, FLEET_HELD_COUNT, count + 1);
}
