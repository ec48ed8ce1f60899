// The work of the screen bench: blocks of 864 configurations, each block with a step surface of its own, in one shared memory.
import { BATCHING_CHUNKED, BATCHING_CONTINUOUS, BATCHING_MIXED } from '../assembly/layout/batching.ts';
import { CURVE_SIZE, SCREEN_SURFACE, SCREENED_FEASIBLE } from '../assembly/layout/screen.ts';
import { SURFACE_SIZE } from '../assembly/layout/surface.ts';
import type { Arena } from '../src/columns/arena.ts';
import type { Kernels } from '../src/kernels/interface.ts';
import { lowerSurface } from '../src/plan/lower.ts';
import { kvCapacity } from '../src/plan/memory.ts';
import { placeScreen, type ScreenColumns, screenBytes } from '../src/run/screen-columns.ts';
import { openSession } from '../src/run/session.ts';
import { fillQuestion } from '../src/run/tails.ts';
import { moments } from '../src/workload/moments.ts';
import { catalog, keyOf, makeChat } from './scenario.ts';

const MODELS = ['llama-3.1-8b', 'llama-3.1-70b', 'qwen3-8b', 'qwen3-32b', 'mixtral-8x7b', 'gemma-2-27b'];
const HARDWARE = [
  'a100-sxm-80gb',
  'h100-sxm-80gb',
  'h100-nvl-94gb',
  'h200-sxm-141gb',
  'b200-sxm-180gb',
  'mi300x',
  'mi325x',
  'gaudi3',
  'l40s',
];
const SPLITS = [1, 2, 4, 8];
const BATCHINGS = [BATCHING_CHUNKED, BATCHING_CONTINUOUS, BATCHING_MIXED];
const BUDGETS = [2048, 8192, 16384];
const SEQUENCES = [64, 256, 1024];
const REPLICAS = 32;
export const BLOCKS = MODELS.length * HARDWARE.length * SPLITS.length;
export const CURVES = BATCHINGS.length * BUDGETS.length;
export const CLASSES = BUDGETS.length * SEQUENCES.length;
export const BLOCK_ROWS = REPLICAS * CURVES * SEQUENCES.length;
export const COLUMN_BYTES = screenBytes(BLOCK_ROWS, CURVES, CLASSES) + 4096;
export const BLOCK_BYTES = BLOCKS * (SURFACE_SIZE + CLASSES) * 8 + 1024;

/** What tells blocks apart: surfaces one after the other, and the sequences that fit into memory by class. */
export interface Blocks {
  readonly surfaces: Float64Array;
  readonly rooms: Float64Array;
}

/** Lowers the surfaces of all blocks into the arena. */
export function makeBlocks(arena: Arena): Blocks {
  const surfaces = arena.f64(BLOCKS * SURFACE_SIZE);
  const rooms = arena.f64(BLOCKS * CLASSES);
  const { lowering } = openSession(catalog);
  let block = 0;
  for (const model of MODELS) {
    for (const hardware of HARDWARE) {
      for (const tp of SPLITS) {
        const key = keyOf(model, hardware, tp);
        const into = surfaces.subarray(block * SURFACE_SIZE, (block + 1) * SURFACE_SIZE);
        const { shape } = lowerSurface(key, lowering, into);
        BUDGETS.forEach((maxNumBatchedTokens, b) => {
          SEQUENCES.forEach((maxNumSeqs, s) => {
            const ask = { gpuMemoryUtilization: 0.9, maxNumSeqs, maxNumBatchedTokens, blockSize: 16 };
            const { blocks } = kvCapacity(key.model, key.hardware, shape.split, shape.formats, key.profile, ask);
            rooms[block * CLASSES + b * SEQUENCES.length + s] = (blocks * 16) / 1200;
          });
        });
        block++;
      }
    }
  }
  return { surfaces, rooms };
}

/** Columns for one worker, filled with what all blocks share: rates, replicas, limits, workload, promises. */
export function makeColumns(arena: Arena): ScreenColumns {
  const columns = placeScreen(arena, BLOCK_ROWS, CURVES, CLASSES);
  const chat = makeChat(20_000, 20);
  fillQuestion(columns.cells, moments(chat), [
    { metric: 'ttft', percentile: 'p99', limit: 1 },
    { metric: 'tpot', percentile: 'p99', limit: 0.05 },
  ]);
  for (let row = 0; row < BLOCK_ROWS; row++) {
    const limits = row % (CURVES * SEQUENCES.length);
    const sequences = limits % SEQUENCES.length;
    const curve = Math.floor(limits / SEQUENCES.length);
    columns.rate[row] = 20;
    columns.replicas[row] = 1 + Math.floor(row / (CURVES * SEQUENCES.length));
    columns.inFlight[row] = 0;
    columns.maxSeqs[row] = SEQUENCES[sequences];
    columns.curveOf[row] = curve;
    columns.classOf[row] = (curve % BUDGETS.length) * SEQUENCES.length + sequences;
  }
  return columns;
}

/** Batching and budget of a curve. */
export function curveAt(curve: number): { batching: number; budget: number } {
  return { batching: BATCHINGS[Math.floor(curve / BUDGETS.length)], budget: BUDGETS[curve % BUDGETS.length] };
}

/** Points the columns at a block: its surface where it lies, its capacities copied. */
export function pointAt(blocks: Blocks, columns: ScreenColumns, block: number): void {
  columns.words[SCREEN_SURFACE * 2] = blocks.surfaces.byteOffset + block * SURFACE_SIZE * 8;
  for (let i = 0; i < CLASSES; i++) columns.room[i] = blocks.rooms[block * CLASSES + i];
}

export function fillCurves(kernels: Kernels, columns: ScreenColumns): void {
  const { cells, curves } = columns;
  for (let curve = 0; curve < CURVES; curve++) {
    const { batching, budget } = curveAt(curve);
    kernels.screenCurve(cells.byteOffset, curves.byteOffset + curve * CURVE_SIZE * 8, batching, budget);
  }
}

/** Screens one block, curves and all, and counts the rows that it leaves. */
export function screenBlock(kernels: Kernels, blocks: Blocks, columns: ScreenColumns, block: number): number {
  pointAt(blocks, columns, block);
  fillCurves(kernels, columns);
  kernels.screenRows(columns.cells.byteOffset);
  return countFeasible(columns.status);
}

export function countFeasible(status: Int32Array): number {
  let feasible = 0;
  for (let row = 0; row < status.length; row++) if (status[row] === SCREENED_FEASIBLE) feasible++;
  return feasible;
}
