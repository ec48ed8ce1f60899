// The price of any step by lookup in a step surface (layout/surface.ts has the formulas).
import { GRID_SEQUENCES, GRID_TOKENS } from '../layout/grid';
import {
  SURFACE_APF, SURFACE_APW, SURFACE_AP_FIXED, SURFACE_DA, SURFACE_DECODE, SURFACE_FLOOR, SURFACE_FLOOR_TOKENS, SURFACE_G,
  SURFACE_HOST_NORM, SURFACE_HOST_SEQUENCE, SURFACE_HOST_STEP, SURFACE_KNOTS, SURFACE_KNOTS_AT, SURFACE_LM, SURFACE_SHARED, SURFACE_WINDOW,
} from '../layout/surface';
import { RUN_PIECE_A, RUN_PIECE_B, RUN_PIECE_END } from '../layout/run';
import { CHUNK_BYTES, CHUNK_PAIRS, CHUNK_TOKENS } from '../layout/replica';
import { getf, setf } from '../table/cell';
import { gridFraction, gridIndex, gridLookup } from '../table/grid';

/**
 * The affine piece of a (sequences, context) table that holds `context` for `sequences` >= 1: leaves A, B and the context
 * where it ends in the scratch cells PIECE_* of `out`, so that the duration is A + B * context.
 */
export function surfacePiece(out: usize, surface: usize, table: i32, sequences: i32, context: f64): void {
  const index = gridIndex(sequences, GRID_SEQUENCES);
  const fraction = gridFraction(sequences, index);
  const count = <f64>sequences;
  // The last knot at or below the mean context
  let knot = 0;
  let at = surface + (SURFACE_KNOTS_AT << 3);
  while (knot < SURFACE_KNOTS - 2 && load<f64>(at, 8) * count <= context) {
    knot++;
    at += 8;
  }
  const left = load<f64>(at);
  const right = load<f64>(at, 8);
  // Both ends of the piece, between the two neighbouring sequence counts
  const low = surface + ((<usize>(table + index * SURFACE_KNOTS + knot)) << 3);
  const low0 = load<f64>(low);
  const low1 = load<f64>(low, 8);
  const value0 = low0 + fraction * (load<f64>(low, SURFACE_KNOTS * 8) - low0);
  const value1 = low1 + fraction * (load<f64>(low, SURFACE_KNOTS * 8 + 8) - low1);
  const slope = (value1 - value0) / ((right - left) * count);
  setf(out, RUN_PIECE_A, value0 - slope * (left * count));
  setf(out, RUN_PIECE_B, slope);
  setf(out, RUN_PIECE_END, knot < SURFACE_KNOTS - 2 ? right * count : Infinity);
}

/**
 * The same of a decode-only step that reads the first `common` tokens of every context once for all: what is left of the contexts, and
 * the common ones as a prompt of a token per sequence behind them, outside captured graphs. Beside a host that overlaps it adds whole.
 */
export function surfaceCascade(out: usize, surface: usize, sequences: i32, context: f64, common: i32): void {
  const once = <f64>sequences * <f64>common;
  surfacePiece(out, surface, SURFACE_DECODE, sequences, context - once);
  const seconds = getf(surface, SURFACE_AP_FIXED) + pairSeconds(surface, sequences, once);
  setf(out, RUN_PIECE_A, getf(out, RUN_PIECE_A) - getf(out, RUN_PIECE_B) * once + seconds);
  setf(out, RUN_PIECE_END, getf(out, RUN_PIECE_END) + once);
}

/**
 * Duration of a step with prompt chunks. `chunks` CHUNK_BYTES[count]; `tokens` all new tokens, decodes included;
 * `sampling` sequences that yield a token; `decodes` sequences whose contexts sum to `context`; the first `common` tokens of every
 * context are read once for all new tokens.
 */
export function surfaceMixed(
  out: usize, surface: usize, chunks: usize, count: i32, tokens: i32, sampling: i32, decodes: i32, context: f64, common: i32,
): f64 {
  let device = gridLookup(surface + (SURFACE_G << 3), tokens, GRID_TOKENS);
  device += gridLookup(surface + (SURFACE_LM << 3), sampling, GRID_SEQUENCES);
  device += getf(surface, SURFACE_AP_FIXED);
  // Prefill attention, chunk by chunk
  const window = getf(surface, SURFACE_WINDOW);
  for (let i = 0; i < count; i++) {
    const chunk = chunks + <usize>(i * CHUNK_BYTES);
    const n = load<i32>(chunk, CHUNK_TOKENS);
    const pairs = load<f64>(chunk, CHUNK_PAIRS) - <f64>n * <f64>common;
    device += pairs * gridLookup(surface + (SURFACE_APF << 3), n, GRID_TOKENS);
    if (window > 0) {
      const near = <f64>n * window;
      device += (pairs < near ? pairs : near) * gridLookup(surface + (SURFACE_APW << 3), n, GRID_TOKENS);
    }
  }
  if (common > 0) device += pairSeconds(surface, tokens, <f64>tokens * <f64>common);
  // Decode attention of those that ride along
  if (decodes > 0) {
    device += surfaceDecodes(out, surface, decodes, context - <f64>decodes * <f64>common);
  }
  const floor = getf(surface, SURFACE_FLOOR);
  if (floor > 0 && <f64>tokens > getf(surface, SURFACE_FLOOR_TOKENS)) device = sqrt(device * device + floor * floor);
  const host = getf(surface, SURFACE_HOST_STEP) + getf(surface, SURFACE_HOST_SEQUENCE) * <f64>(decodes + count);
  return getf(surface, SURFACE_HOST_NORM) == 1 ? device + host : sqrt(device * device + host * host);
}

/**
 * Duration of a step of `ranks` attention groups with work of their own. All their new tokens; tokens, samples and sequences of the group
 * that has most; chunks of all; and seconds of the group that reads most, as an instance of such groups would.
 */
export function ranksSeconds(
  surface: usize, ranks: i32, all: i32, tokens: i32, samples: i32, prompts: i32, attention: f64, sequences: i32,
): f64 {
  const shared = surface + (SURFACE_SHARED << 3);
  let device = gridLookup(surface + (SURFACE_G << 3), ranks * tokens, GRID_TOKENS);
  device += gridLookup(shared, all, GRID_TOKENS) - gridLookup(shared, ranks * tokens, GRID_TOKENS);
  device += gridLookup(surface + (SURFACE_LM << 3), ranks * samples, GRID_SEQUENCES);
  device += attention;
  if (prompts > 0) {
    device += getf(surface, SURFACE_AP_FIXED);
    const floor = getf(surface, SURFACE_FLOOR);
    if (floor > 0 && <f64>tokens > getf(surface, SURFACE_FLOOR_TOKENS)) device = sqrt(device * device + floor * floor);
  }
  const host = getf(surface, SURFACE_HOST_STEP) + getf(surface, SURFACE_HOST_SEQUENCE) * <f64>(ranks * sequences);
  return getf(surface, SURFACE_HOST_NORM) == 1 ? device + host : sqrt(device * device + host * host);
}

/** Decode attention of `sequences` whose contexts sum to `context`. */
// @ts-ignore: decorator
@inline
export function surfaceDecodes(out: usize, surface: usize, sequences: i32, context: f64): f64 {
  surfacePiece(out, surface, SURFACE_DA, sequences, context);
  return getf(out, RUN_PIECE_A) + getf(out, RUN_PIECE_B) * context;
}

/** Prefill attention of CHUNK_BYTES[count]. */
export function surfacePrompts(surface: usize, chunks: usize, count: i32): f64 {
  const window = getf(surface, SURFACE_WINDOW);
  let sum = 0.0;
  for (let i = 0; i < count; i++) sum += chunkSeconds(surface, window, chunks + <usize>(i * CHUNK_BYTES));
  return sum;
}

// @ts-ignore: decorator
@inline
function chunkSeconds(surface: usize, window: f64, chunk: usize): f64 {
  return windowedSeconds(surface, window, load<i32>(chunk, CHUNK_TOKENS), load<f64>(chunk, CHUNK_PAIRS));
}

/** Prefill attention of `n` new tokens that make so many pairs. */
function pairSeconds(surface: usize, n: i32, pairs: f64): f64 {
  return windowedSeconds(surface, getf(surface, SURFACE_WINDOW), n, pairs);
}

// @ts-ignore: decorator
@inline
function windowedSeconds(surface: usize, window: f64, n: i32, pairs: f64): f64 {
  const seconds = pairs * gridLookup(surface + (SURFACE_APF << 3), n, GRID_TOKENS);
  if (window <= 0) return seconds;
  const near = <f64>n * window;
  return seconds + (pairs < near ? pairs : near) * gridLookup(surface + (SURFACE_APW << 3), n, GRID_TOKENS);
}
