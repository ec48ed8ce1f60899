// Looks a step up in a lowered surface: the formulas of assembly/layout/surface.ts for one step, outside the engine.
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as surface from '../../assembly/layout/surface.ts';
import { GRID_POINTS, gridIndex } from './grid-points.ts';
import { countPairs, type StepWork, sumWork } from './step-work.ts';

/** Seconds of the step by the surface; of an instance of `ranks` attention groups that have as much each. */
export function readSurface(table: Float64Array, work: StepWork, ranks = 1): number {
  const { tokens, samples, decodes, chunks } = sumWork(work);
  const context = work.decode.reduce((sum, group) => sum + group.count * group.context, 0);
  if (tokens === 0) return 0;
  if (chunks === 0 && ranks === 1) return readContexts(table, surface.SURFACE_DECODE, decodes, context);
  let device = readGrid(table, surface.SURFACE_G, GRID_TOKENS, tokens);
  device += readGrid(table, surface.SURFACE_LM, GRID_SEQUENCES, samples);
  if (chunks > 0) device += table[surface.SURFACE_AP_FIXED]!;
  for (const chunk of work.prefill) device += readChunk(table, chunk.tokens, chunk.past);
  if (decodes > 0) device += readContexts(table, surface.SURFACE_DA, decodes, context);
  return addHost(table, chunks > 0 ? applyFloor(table, device, tokens / ranks) : device, decodes + chunks);
}

/** Prefill attention of a chunk. */
function readChunk(table: Float64Array, tokens: number, past: number): number {
  const pairs = countPairs(tokens, past, Number.POSITIVE_INFINITY);
  const window = table[surface.SURFACE_WINDOW]!;
  const whole = pairs * readGrid(table, surface.SURFACE_APF, GRID_TOKENS, tokens);
  if (window === 0) return whole;
  return whole + Math.min(pairs, tokens * window) * readGrid(table, surface.SURFACE_APW, GRID_TOKENS, tokens);
}

/** The floor of steps that no captured graph serves, joined by root of squares. */
export function applyFloor(table: Float64Array, device: number, tokens: number): number {
  const floor = table[surface.SURFACE_FLOOR]!;
  const floored = floor > 0 && tokens > table[surface.SURFACE_FLOOR_TOKENS]!;
  return floored ? Math.sqrt(device * device + floor * floor) : device;
}

export function hostSeconds(table: Float64Array, sequences: number): number {
  return table[surface.SURFACE_HOST_STEP]! + table[surface.SURFACE_HOST_SEQUENCE]! * sequences;
}

/** Device and host time together, by the engine's norm. */
export function addHost(table: Float64Array, device: number, sequences: number): number {
  const host = hostSeconds(table, sequences);
  return table[surface.SURFACE_HOST_NORM] === 1 ? device + host : Math.sqrt(device * device + host * host);
}

/** The interval of the grid that holds `count`, and how far into it; the last one goes on. */
function locate(count: number, points: number): { index: number; fraction: number } {
  const index = Math.min(gridIndex(count), points - 2);
  return { index, fraction: (count - GRID_POINTS[index]!) / (GRID_POINTS[index + 1]! - GRID_POINTS[index]!) };
}

/** A table over tokens or sequences at `count`. */
export function readGrid(table: Float64Array, at: number, points: number, count: number): number {
  const { index, fraction } = locate(count, points);
  const low = table[at + index]!;
  return low + fraction * (table[at + index + 1]! - low);
}

function readContexts(table: Float64Array, at: number, sequences: number, context: number): number {
  const { index, fraction } = locate(sequences, GRID_SEQUENCES);
  const knots = surface.SURFACE_KNOTS_AT;
  let knot = 0;
  while (knot < surface.SURFACE_KNOTS - 2 && table[knots + knot + 1]! * sequences <= context) knot++;
  const valueAt = (k: number): number => {
    const low = table[at + index * surface.SURFACE_KNOTS + k]!;
    return low + fraction * (table[at + (index + 1) * surface.SURFACE_KNOTS + k]! - low);
  };
  const left = table[knots + knot]! * sequences;
  const right = table[knots + knot + 1]! * sequences;
  return valueAt(knot) + ((valueAt(knot + 1) - valueAt(knot)) * (context - left)) / (right - left);
}

/** The surface of an engine that reads `context` cached tokens of every sequence, however few it has. */
export function padContexts(table: Float64Array, context: number): Float64Array {
  const padded = table.slice();
  const knots = table.subarray(surface.SURFACE_KNOTS_AT, surface.SURFACE_KNOTS_AT + surface.SURFACE_KNOTS);
  const last = surface.SURFACE_KNOTS - 2;
  let low = 0;
  while (low < last && knots[low + 1]! <= context) low++;
  const share = (context - knots[low]!) / (knots[low + 1]! - knots[low]!);
  for (const start of [surface.SURFACE_DA, surface.SURFACE_DECODE]) {
    for (let i = 0; i < GRID_SEQUENCES; i++) {
      const row = start + i * surface.SURFACE_KNOTS;
      padded.fill(
        table[row + low]! + share * (table[row + low + 1]! - table[row + low]!),
        row,
        row + surface.SURFACE_KNOTS,
      );
    }
  }
  return padded;
}
