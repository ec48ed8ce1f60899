// Where a count lies on the token grid (layout/grid.ts): the left grid point and the fraction towards the next.
import { GRID_EXACT, GRID_EXACT_LOG2, GRID_PER_OCTAVE, GRID_PER_OCTAVE_LOG2 } from '../layout/grid';

/** Index of the grid point at or below `count`, at most `points` - 2. */
// @ts-ignore: decorator
@inline
export function gridIndex(count: i32, points: i32): i32 {
  if (count < GRID_EXACT) return count;
  const octave = 31 - clz(count);
  const index = GRID_EXACT + (octave - GRID_EXACT_LOG2) * GRID_PER_OCTAVE + (count >> (octave - GRID_PER_OCTAVE_LOG2)) - GRID_PER_OCTAVE;
  return index > points - 2 ? points - 2 : index;
}

/** Points from `index` >= GRID_EXACT to the end of its octave are 2 to the power of this apart. */
// @ts-ignore: decorator
@inline
function gridShift(index: i32): i32 {
  return GRID_EXACT_LOG2 - GRID_PER_OCTAVE_LOG2 + ((index - GRID_EXACT) >> GRID_PER_OCTAVE_LOG2);
}

/** The count at grid point `index`. */
// @ts-ignore: decorator
@inline
export function gridValue(index: i32): i32 {
  if (index < GRID_EXACT) return index;
  return (GRID_PER_OCTAVE + ((index - GRID_EXACT) & (GRID_PER_OCTAVE - 1))) << gridShift(index);
}

/** How far `count` is from point `index` towards the next; beyond the grid it exceeds 1 (linear extrapolation). */
// @ts-ignore: decorator
@inline
export function gridFraction(count: i32, index: i32): f64 {
  if (count < GRID_EXACT) return 0;
  // divided by a power of two: exactly, and without a division
  return <f64>(count - gridValue(index)) * reinterpret<f64>(<u64>(1023 - gridShift(index)) << 52);
}

/** Value at `count` of a table over the grid. `table` f64[points]. */
// @ts-ignore: decorator
@inline
export function gridLookup(table: usize, count: i32, points: i32): f64 {
  const index = gridIndex(count, points);
  const at = table + ((<usize>index) << 3);
  const left = load<f64>(at);
  return left + gridFraction(count, index) * (load<f64>(at, 8) - left);
}
