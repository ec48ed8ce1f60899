// What no deployment that keeps the promise can undercut in watts: its devices idle, and within the window that is measured all is done that is
// due in it (bounds.ts), for at least what the steps that do it draw.
//
// A step of T seconds draws J_STEP + BUSY_W T + J_TOKEN (c + d) + J_CONTEXT X + J_PAIR pairs on top of idling, or what its boards are held at
// where that is less: linear between the points of its surface, or the lesser of two that are, so that it is enough to ask at the points, as
// of time (least-work.ts).
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as S from '../../assembly/layout/surface.ts';
import { GRID_POINTS } from '../plan/grid-points.ts';
import { type Deadlines, leastWithin, priceOf } from './bounds.ts';
import { leastWork, type StepLimits } from './least-work.ts';

/**
 * W on top of idling that the engines of a pool draw at least, all together, however many they are; before PUE. `due`: of every run that a row
 * may be extended to; 0 where none is known. `heldW`: W at which the boards of an engine are held.
 */
export function leastWatts(table: Float64Array, heldW: number, limits: StepLimits, due: readonly Deadlines[]): number {
  const [first] = due;
  if (!first || due.some(({ spans }) => spans.within < 0)) return 0;
  const joules = jouleTable(table, heldW - table[S.SURFACE_IDLE_W]!);
  const price = priceOf(leastWork(joules, limits, first.totals), limits.finds);
  return due.reduce(
    (least, own) => Math.min(least, leastWithin(price, own) / own.spans.seconds),
    Number.POSITIVE_INFINITY,
  );
}

let scratch = new Float64Array(0);

/** A surface with joules above idle where `table` has seconds: never more than steps draw. `mostW`: W above idle that a running step draws at most. */
function jouleTable(table: Float64Array, mostW: number): Float64Array {
  if (scratch.length !== table.length) scratch = new Float64Array(table.length);
  const [perStep, busyW] = [table[S.SURFACE_J_STEP]!, table[S.SURFACE_BUSY_W]!];
  const [perToken, perContext] = [table[S.SURFACE_J_TOKEN]!, table[S.SURFACE_J_CONTEXT]!];
  const drawn = (seconds: number, work: number): number => Math.min(busyW * seconds + work, mostW * seconds);
  scratch.fill(0);
  scratch[S.SURFACE_HOST_NORM] = 2;
  for (let k = 0; k < S.SURFACE_KNOTS; k++) scratch[S.SURFACE_KNOTS_AT + k] = table[S.SURFACE_KNOTS_AT + k]!;
  const adds = table[S.SURFACE_HOST_NORM] === 1;
  const host = adds ? table[S.SURFACE_HOST_STEP]! + table[S.SURFACE_HOST_SEQUENCE]! : 0;
  for (let j = 0; j < GRID_TOKENS; j++) {
    const seconds = table[S.SURFACE_G + j]! + table[S.SURFACE_AP_FIXED]! + host;
    scratch[S.SURFACE_G + j] = drawn(seconds, perStep + perToken * GRID_POINTS[j]!);
    scratch[S.SURFACE_APF + j] = drawn(table[S.SURFACE_APF + j]!, table[S.SURFACE_J_PAIR]!);
  }
  for (let i = 1; i < GRID_SEQUENCES; i++) {
    const sequences = GRID_POINTS[i]!;
    const each = adds ? table[S.SURFACE_HOST_SEQUENCE]! * sequences : 0;
    for (let k = 0, at = i * S.SURFACE_KNOTS; k < S.SURFACE_KNOTS; k++, at++) {
      const read = perContext * sequences * table[S.SURFACE_KNOTS_AT + k]!;
      scratch[S.SURFACE_DA + at] = drawn(table[S.SURFACE_LM + i]! + table[S.SURFACE_DA + at]! + each, read);
      scratch[S.SURFACE_DECODE + at] = drawn(table[S.SURFACE_DECODE + at]!, perStep + perToken * sequences + read);
    }
  }
  return scratch;
}
