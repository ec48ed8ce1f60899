// Step prices of the engine and screen twins: the lookups of assembly/cost/surface.ts in plain TypeScript.
import {
  GRID_EXACT,
  GRID_EXACT_LOG2,
  GRID_PER_OCTAVE,
  GRID_PER_OCTAVE_LOG2,
  GRID_SEQUENCES,
  GRID_TOKENS,
} from '../../assembly/layout/grid.ts';
import * as S from '../../assembly/layout/surface.ts';
import type { Replica, TwinRun } from './engine-state.ts';

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

export interface Chunks {
  readonly tokens: Int32Array;
  readonly pairs: Float64Array;
  readonly count: number;
}

/** Seconds of a step with prompt chunks. */
export function priceChunks(
  piece: Piece,
  table: Float64Array,
  sizes: Int32Array,
  pairs: Float64Array,
  count: number,
  tokens: number,
  sampling: number,
  decodes: number,
  context: number,
): number {
  const groups = table[S.SURFACE_GROUPS];
  let device =
    groups > 1 ? groupTokens(table, sizes, count, tokens, groups) : lookUp(table, S.SURFACE_G, tokens, GRID_TOKENS);
  device += lookUp(table, S.SURFACE_LM, sampling, GRID_SEQUENCES);
  device += table[S.SURFACE_AP_FIXED];
  if (groups > 1) device += groupAttention(table, sizes, pairs, count, groups);
  const window = table[S.SURFACE_WINDOW];
  for (let i = 0; i < count && !(groups > 1); i++) {
    const n = sizes[i];
    device += pairs[i] * lookUp(table, S.SURFACE_APF, n, GRID_TOKENS);
    if (window > 0) device += Math.min(pairs[i], n * window) * lookUp(table, S.SURFACE_APW, n, GRID_TOKENS);
  }
  if (decodes > 0) {
    findPiece(piece, table, S.SURFACE_DA, decodes, context);
    device += piece.a + piece.b * context;
  }
  const floor = table[S.SURFACE_FLOOR];
  if (floor > 0 && tokens > table[S.SURFACE_FLOOR_TOKENS]) device = Math.sqrt(device * device + floor * floor);
  const host = table[S.SURFACE_HOST_STEP] + table[S.SURFACE_HOST_SEQUENCE] * (decodes + count);
  return table[S.SURFACE_HOST_NORM] === 1 ? device + host : Math.sqrt(device * device + host * host);
}

/** Token-wise work where a prompt is the work of one of `groups` attention groups: the others wait for that of the longest chunk. */
function groupTokens(table: Float64Array, sizes: Int32Array, count: number, tokens: number, groups: number): number {
  const fullest = groups * sizes.subarray(0, count).reduce((most, n) => Math.max(most, n), 0);
  const all = lookUp(table, S.SURFACE_G, Math.max(fullest, tokens), GRID_TOKENS);
  if (fullest <= tokens) return all;
  return (
    all - lookUp(table, S.SURFACE_SHARED, fullest, GRID_TOKENS) + lookUp(table, S.SURFACE_SHARED, tokens, GRID_TOKENS)
  );
}

/** Prefill attention likewise: all chunks spread over the groups, or the longest one, whichever takes longer. */
function groupAttention(
  table: Float64Array,
  sizes: Int32Array,
  pairs: Float64Array,
  count: number,
  groups: number,
): number {
  const window = table[S.SURFACE_WINDOW];
  let sum = 0;
  let most = 0;
  for (let i = 0; i < count; i++) {
    const n = sizes[i];
    let seconds = pairs[i] * lookUp(table, S.SURFACE_APF, n, GRID_TOKENS);
    if (window > 0) seconds += Math.min(pairs[i], n * window) * lookUp(table, S.SURFACE_APW, n, GRID_TOKENS);
    sum += seconds;
    most = Math.max(most, seconds);
  }
  return Math.max(most * groups, sum);
}

/** The affine price of a decode-only step of the replica's running set, into `run.piece`. */
export function priceDecode(run: TwinRun, rep: Replica): void {
  const { price } = run.setup;
  if (price instanceof Float64Array) {
    findPiece(run.piece, price, S.SURFACE_DECODE, rep.decodes, rep.context);
    return;
  }
  run.piece.a = price.fixed_s + price.per_new_token_s * rep.decodes + price.per_sequence_s * rep.decodes;
  run.piece.b = price.per_context_token_s;
  run.piece.end = Number.POSITIVE_INFINITY;
}

/** Seconds of the replica's step, which has at least one chunk. */
export function priceMixed(run: TwinRun, rep: Replica): number {
  const { price } = run.setup;
  const decodes = rep.decoding ? rep.decodes : 0;
  const tokens = rep.chunkTokens + decodes;
  const context = decodes > 0 ? rep.context : 0;
  if (price instanceof Float64Array) {
    const { chunkSize, chunkPairs, chunks } = rep;
    return priceChunks(
      run.piece,
      price,
      chunkSize,
      chunkPairs,
      chunks,
      tokens,
      decodes + rep.completing,
      decodes,
      context,
    );
  }
  return (
    price.fixed_s +
    price.per_new_token_s * tokens +
    price.per_prefill_pair_s * rep.pairs +
    price.per_sequence_s * (rep.chunks + decodes) +
    price.per_context_token_s * context
  );
}
