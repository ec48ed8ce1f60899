// Queues by a key as pairing heaps of visits through the columns NEXT (siblings) and CHILD: by WORK, then by ORDER of joining.
import { FLEET_CHILD, FLEET_ORDER, FLEET_WORK } from '../layout/fleet';
import { RUN_FLEET, RUN_NEXT } from '../layout/run';
import { geta, rowi } from './cell';

/** Of a visit that waits no more: its order of joining. Its place stays until it would be its turn. */
export const GONE = -1;

/** Whether visit `a` comes before `b` in the order by key, then by joining: both have joined. */
// @ts-ignore: decorator
@inline
export function comesBefore(fleet: usize, a: i32, b: i32): bool {
  const work = geta(fleet, FLEET_WORK);
  const order = geta(fleet, FLEET_ORDER);
  const workA = rowi(work, a);
  const workB = rowi(work, b);
  return workA < workB || (workA == workB && rowi(order, a) < rowi(order, b));
}

/** Makes the later of two roots a child of the earlier, which is returned. */
export function heapLink(run: usize, fleet: usize, a: i32, b: i32): i32 {
  const first = comesBefore(fleet, a, b);
  const root = first ? a : b;
  const child = first ? b : a;
  const children = geta(fleet, FLEET_CHILD) + ((<usize>root) << 2);
  store<i32>(geta(run, RUN_NEXT) + ((<usize>child) << 2), load<i32>(children));
  store<i32>(children, child);
  return root;
}

/** The heap without its root: children are linked in pairs from the left, then from the right into one. */
export function heapRest(run: usize, root: i32): i32 {
  const fleet = geta(run, RUN_FLEET);
  const next = geta(run, RUN_NEXT);
  let child = rowi(geta(fleet, FLEET_CHILD), root);
  let pairs = -1;
  while (child >= 0) {
    const a = child;
    const b = rowi(next, a);
    child = b >= 0 ? rowi(next, b) : -1;
    const linked = b >= 0 ? heapLink(run, fleet, a, b) : a;
    store<i32>(next + ((<usize>linked) << 2), pairs);
    pairs = linked;
  }
  let rest = -1;
  while (pairs >= 0) {
    const pair = pairs;
    pairs = rowi(next, pair);
    store<i32>(next + ((<usize>pair) << 2), -1);
    rest = rest < 0 ? pair : heapLink(run, fleet, rest, pair);
  }
  return rest;
}
