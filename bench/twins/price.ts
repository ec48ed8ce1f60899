// Step prices of the screen's twin: the lookups of assembly/cost/surface.ts in plain TypeScript.
import {
  GRID_EXACT,
  GRID_EXACT_LOG2,
  GRID_PER_OCTAVE,
  GRID_PER_OCTAVE_LOG2,
  GRID_SEQUENCES,
  GRID_TOKENS,
} from '../../assembly/layout/grid.ts';
import * as S from '../../assembly/layout/surface.ts';

/** Seconds = a + b * context, while context < end. */
export interface Piece {
  a: number;
  b: number;
  end: number;
}

export function gridIndex(count: number, points: number): number {
  if (count < GRID_EXACT) return count;
  const octave = 31 - Math.clz32(count);
  const within = (count >> (octave - GRID_PER_OCTAVE_LOG2)) - GRID_PER_OCTAVE;
  const index = GRID_EXACT + (octave - GRID_EXACT_LOG2) * GRID_PER_OCTAVE + within;
  return Math.min(index, points - 2);
}

export function gridValue(index: number): number {
  if (index < GRID_EXACT) return index;
  const beyond = index - GRID_EXACT;
  const shift = GRID_EXACT_LOG2 - GRID_PER_OCTAVE_LOG2 + (beyond >> GRID_PER_OCTAVE_LOG2);
  return (GRID_PER_OCTAVE + (beyond & (GRID_PER_OCTAVE - 1))) << shift;
}

function gridFraction(count: number, index: number): number {
  if (count < GRID_EXACT) return 0;
  const left = gridValue(index);
  return (count - left) / (gridValue(index + 1) - left);
}

function lookUp(table: Float64Array, at: number, count: number, points: number): number {
  const index = gridIndex(count, points);
  const left = table[at + index];
  return left + gridFraction(count, index) * (table[at + index + 1] - left);
}

/** The affine piece of a (sequences, context) table that holds `context`. */
export function findPiece(piece: Piece, table: Float64Array, at: number, sequences: number, context: number): void {
  const index = gridIndex(sequences, GRID_SEQUENCES);
  const fraction = gridFraction(sequences, index);
  let knot = 0;
  while (knot < S.SURFACE_KNOTS - 2 && table[S.SURFACE_KNOTS_AT + knot + 1] * sequences <= context) knot++;
  const left = table[S.SURFACE_KNOTS_AT + knot];
  const right = table[S.SURFACE_KNOTS_AT + knot + 1];
  const low = at + index * S.SURFACE_KNOTS + knot;
  const low0 = table[low];
  const low1 = table[low + 1];
  const value0 = low0 + fraction * (table[low + S.SURFACE_KNOTS] - low0);
  const value1 = low1 + fraction * (table[low + S.SURFACE_KNOTS + 1] - low1);
  const slope = (value1 - value0) / ((right - left) * sequences);
  piece.a = value0 - slope * (left * sequences);
  piece.b = slope;
  piece.end = knot < S.SURFACE_KNOTS - 2 ? right * sequences : Number.POSITIVE_INFINITY;
}

/** Seconds of a step with one prompt chunk of `n` tokens, of an engine without attention groups, or on each of `ranks` of them. */
export function priceChunk(
  piece: Piece,
  table: Float64Array,
  n: number,
  pairs: number,
  tokens: number,
  sampling: number,
  decodes: number,
  context: number,
  ranks = 1,
): number {
  if (ranks > 1) return priceRanks(piece, table, n, pairs, tokens, sampling, decodes, context, ranks);
  let device = lookUp(table, S.SURFACE_G, tokens, GRID_TOKENS);
  device += lookUp(table, S.SURFACE_LM, sampling, GRID_SEQUENCES);
  device += table[S.SURFACE_AP_FIXED];
  const window = table[S.SURFACE_WINDOW];
  device += pairs * lookUp(table, S.SURFACE_APF, n, GRID_TOKENS);
  if (window > 0) device += Math.min(pairs, n * window) * lookUp(table, S.SURFACE_APW, n, GRID_TOKENS);
  if (decodes > 0) {
    findPiece(piece, table, S.SURFACE_DA, decodes, context);
    device += piece.a + piece.b * context;
  }
  const floor = table[S.SURFACE_FLOOR];
  if (floor > 0 && tokens > table[S.SURFACE_FLOOR_TOKENS]) device = Math.sqrt(device * device + floor * floor);
  const host = table[S.SURFACE_HOST_STEP] + table[S.SURFACE_HOST_SEQUENCE] * (decodes + 1);
  return table[S.SURFACE_HOST_NORM] === 1 ? device + host : Math.sqrt(device * device + host * host);
}

function priceRanks(
  piece: Piece,
  table: Float64Array,
  n: number,
  pairs: number,
  own: number,
  sampling: number,
  decodes: number,
  context: number,
  ranks: number,
): number {
  const tokens = Math.min(own, Math.trunc((2 ** 31 - 1) / ranks));
  let device = lookUp(table, S.SURFACE_G, ranks * tokens, GRID_TOKENS);
  device += lookUp(table, S.SURFACE_LM, ranks * sampling, GRID_SEQUENCES);
  const window = table[S.SURFACE_WINDOW];
  let prompts = pairs * lookUp(table, S.SURFACE_APF, n, GRID_TOKENS);
  if (window > 0) prompts += Math.min(pairs, n * window) * lookUp(table, S.SURFACE_APW, n, GRID_TOKENS);
  let attention = ranks * prompts;
  if (decodes > 0) {
    findPiece(piece, table, S.SURFACE_DA, ranks * decodes, ranks * context);
    attention += piece.a + piece.b * (ranks * context);
  }
  device += attention;
  device += table[S.SURFACE_AP_FIXED];
  const floor = table[S.SURFACE_FLOOR];
  if (floor > 0 && tokens > table[S.SURFACE_FLOOR_TOKENS]) device = Math.sqrt(device * device + floor * floor);
  const host = table[S.SURFACE_HOST_STEP] + table[S.SURFACE_HOST_SEQUENCE] * (ranks * (1 + decodes));
  return table[S.SURFACE_HOST_NORM] === 1 ? device + host : Math.sqrt(device * device + host * host);
}
