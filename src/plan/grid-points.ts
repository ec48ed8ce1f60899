// The token grid of assembly/layout/grid.ts read backwards: which count each table entry stands for, and the context knots.
import {
  GRID_EXACT,
  GRID_EXACT_LOG2,
  GRID_PER_OCTAVE,
  GRID_PER_OCTAVE_LOG2,
  GRID_TOKENS,
} from '../../assembly/layout/grid.ts';
import { SURFACE_KNOTS } from '../../assembly/layout/surface.ts';

/** The count at grid point `index`; the points of sequence tables are the first of the token tables. */
export function gridPoint(index: number): number {
  if (index < GRID_EXACT) return index;
  const beyond = index - GRID_EXACT;
  const octave = Math.floor(beyond / GRID_PER_OCTAVE);
  return (GRID_PER_OCTAVE + (beyond % GRID_PER_OCTAVE)) * 2 ** (GRID_EXACT_LOG2 - GRID_PER_OCTAVE_LOG2 + octave);
}

/** The last grid point at or below `count` (a whole number), as assembly/layout/grid.ts has it. */
export function gridIndex(count: number): number {
  if (count < GRID_EXACT) return count;
  const exponent = 31 - Math.clz32(count);
  return (
    GRID_EXACT +
    (exponent - GRID_EXACT_LOG2) * GRID_PER_OCTAVE +
    (count >> (exponent - GRID_PER_OCTAVE_LOG2)) -
    GRID_PER_OCTAVE
  );
}

export const GRID_POINTS: readonly number[] = Array.from({ length: GRID_TOKENS }, (_, index) => gridPoint(index));

const FIRST_KNOT = 256;

/**
 * Mean contexts at which decode tables are sampled: 0, then equal ratios from 256 to the longest context, with the knots nearest
 * to a window or a sparse top-k moved onto it, because the price bends there.
 */
export function chooseKnots(longest: number, bends: readonly number[]): number[] {
  const last = Math.max(longest, FIRST_KNOT * 2);
  const pieces = SURFACE_KNOTS - 2;
  const ratio = last / FIRST_KNOT;
  // linear inside an octave instead of a sixth root: whole tokens, and the same on every host
  const octaves = 31 - Math.clz32(ratio);
  const knots = [0];
  for (let i = 0; i <= pieces; i++) {
    const position = (octaves * i) / pieces;
    const whole = Math.floor(position);
    knots.push(Math.round(FIRST_KNOT * 2 ** whole * (1 + (position - whole))));
  }
  knots[SURFACE_KNOTS - 1] = last;
  const taken = new Set<number>();
  for (const bend of new Set(bends))
    if (bend > 0 && bend < last && !knots.includes(bend)) moveNearest(knots, bend, taken);
  return knots.sort((a, b) => a - b);
}

/** Puts the nearest knot that no other bend has taken onto `bend`; the first and the last stay. */
function moveNearest(knots: number[], bend: number, taken: Set<number>): void {
  const distance = (knot: number) => (knot > bend ? knot / bend : bend / knot);
  let best = 0;
  for (let i = 1; i < knots.length - 1; i++) {
    if (!taken.has(i) && (best === 0 || distance(knots[i]!) < distance(knots[best]!))) best = i;
  }
  if (best === 0) return; // more bends than knots: the price bends a little between knots there
  knots[best] = bend;
  taken.add(best);
}
