// Records of visits by index (layout/fleet.ts), and columns that a program may leave out.
import { FLEET_VISITS, FLEET_VISIT_STRIDE, VISIT_BYTES, VISIT_EDGES, VISIT_FLAG_BITS, VISIT_GROUP } from '../layout/fleet';
import { geta, geti, rowi } from './cell';

/** The record of a visit. */
// @ts-ignore: decorator
@inline
export function visitAt(fleet: usize, visit: i32): usize {
  return geta(fleet, FLEET_VISITS) + <usize>(visit * geti(fleet, FLEET_VISIT_STRIDE));
}

/** Whether a visit has one of these FLAG_*. */
// @ts-ignore: decorator
@inline
export function hasFlag(fleet: usize, visit: i32, flags: i32): bool {
  return (load<i32>(visitAt(fleet, visit), VISIT_GROUP) & flags) != 0;
}

/** Its group of clients. */
// @ts-ignore: decorator
@inline
export function groupOf(fleet: usize, visit: i32): i32 {
  return load<i32>(visitAt(fleet, visit), VISIT_GROUP) >> VISIT_FLAG_BITS;
}

/** Entry i of an i32 column, `none` where the column is left out. */
// @ts-ignore: decorator
@inline
export function rowOr(column: usize, i: i32, none: i32): i32 {
  return column == 0 ? none : rowi(column, i);
}

/** The visit that an edge comes from; `near`: a visit that is not far from it. */
export function sourceOf(fleet: usize, edge: i32, near: i32): i32 {
  let visit = near;
  let record = visitAt(fleet, visit);
  while (load<i32>(record, VISIT_EDGES) > edge) {
    visit--;
    record -= VISIT_BYTES;
  }
  while (load<i32>(record, VISIT_BYTES + VISIT_EDGES) <= edge) {
    visit++;
    record += VISIT_BYTES;
  }
  return visit;
}
