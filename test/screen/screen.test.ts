// The SIMD screen gives the bits of its plain TypeScript twin: every column, any surface, workload and number of rows.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BATCHING_MIXED } from '../../assembly/layout/batching.ts';
import * as layout from '../../assembly/layout/screen.ts';
import {
  SURFACE_IDLE_W,
  SURFACE_J_CONTEXT,
  SURFACE_J_DRAFT,
  SURFACE_J_DRAFT_STEP,
  SURFACE_J_PAIR,
  SURFACE_J_STEP,
  SURFACE_J_TOKEN,
} from '../../assembly/layout/surface.ts';
import {
  fillCurveTwin,
  readLoad,
  SCREEN_RESULTS,
  type ScreenResults,
  screenRowsTwin,
} from '../../bench/twins/screen.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { placeScreen, type ScreenColumns, screenBytes } from '../../src/run/screen-columns.ts';
import { drawSurface } from '../engine/random.ts';

const upTo = (max: number) => fc.double({ min: max / 1000, max, noNaN: true });
const limit = (max: number) => fc.oneof(upTo(max), fc.constant(Number.POSITIVE_INFINITY));
const CURVES = 5;
const CLASSES = 3;

const drawRow = fc.record({
  rate: fc.oneof({ arbitrary: upTo(20), weight: 3 }, { arbitrary: upTo(2000), weight: 2 }, fc.constant(0)),
  replicas: fc.integer({ min: 1, max: 64 }),
  inFlight: fc.integer({ min: 1, max: 5000 }),
  maxSeqs: fc.integer({ min: 1, max: 4096 }),
  classOf: fc.nat(CLASSES - 1),
  curveOf: fc.nat(CURVES - 1),
});

const drawBlock = fc.record({
  rows: fc.array(drawRow, { minLength: 1, maxLength: 41, size: 'max' }),
  room: fc.array(fc.oneof(upTo(2000), upTo(3)), { minLength: CLASSES, maxLength: CLASSES }),
  curves: fc.array(fc.tuple(fc.nat(BATCHING_MIXED), fc.integer({ min: 1, max: 16384 })), {
    minLength: CURVES,
    maxLength: CURVES,
  }),
  surface: drawSurface(),
  energy: fc.array(upTo(10), { minLength: 7, maxLength: 7 }),
  drafts: fc.oneof(
    fc.constant({ drafts: 0, share: 0 }),
    fc.record({ drafts: fc.integer({ min: 1, max: 8 }), share: upTo(1) }),
  ),
  ranks: fc.constantFrom(1, 1, 2, 8),
  prompt: upTo(4000),
  output: fc.oneof(upTo(600), fc.constant(1)),
  cells: fc.tuple(upTo(5000), upTo(1e7), upTo(9), upTo(3), upTo(4000), upTo(7), upTo(3)),
  limits: fc.tuple(limit(5), limit(0.3), limit(9), limit(0.9)),
});
type Block = typeof drawBlock extends fc.Arbitrary<infer T> ? T : never;

const J = [
  SURFACE_J_STEP,
  SURFACE_J_TOKEN,
  SURFACE_J_PAIR,
  SURFACE_J_CONTEXT,
  SURFACE_IDLE_W,
  SURFACE_J_DRAFT_STEP,
  SURFACE_J_DRAFT,
];

function place(block: Block, arena: ReturnType<typeof openArena>): ScreenColumns {
  const columns = placeScreen(arena, block.rows.length, CURVES, CLASSES);
  block.rows.forEach((row, i) => {
    columns.rate[i] = row.rate;
    columns.replicas[i] = row.replicas;
    columns.inFlight[i] = row.rate > 0 ? 0 : row.inFlight;
    columns.maxSeqs[i] = row.maxSeqs;
    columns.classOf[i] = row.classOf;
    columns.curveOf[i] = row.curveOf;
  });
  columns.room.set(block.room);
  columns.surface.set(block.surface);
  J.forEach((cell, i) => {
    columns.surface[cell] = block.energy[i];
  });
  const [context, pairs, promptTail, promptSquare, outputMax, tail, sigma] = block.cells;
  const workload = [block.prompt, block.output, context, pairs, promptTail, promptSquare, outputMax, tail, sigma];
  columns.cells.set([...workload, ...block.limits], layout.SCREEN_PROMPT);
  columns.cells[layout.SCREEN_ADVANCE] = 1 + block.drafts.drafts * block.drafts.share;
  columns.words[layout.SCREEN_DRAFTS * 2] = block.drafts.drafts;
  columns.words[layout.SCREEN_RANKS * 2] = block.ranks;
  return columns;
}

/** Both screens of one block; nothing may be left of the NaN that the outputs start with. */
function screenBoth(block: Block): { kernel: ScreenColumns; curves: Float64Array; twin: ScreenResults } {
  const rows = block.rows.length;
  const arena = openArena(screenBytes(rows, CURVES, CLASSES) + 4096);
  const kernels = loadKernels(arena.memory);
  const kernel = place(block, arena);
  const load = readLoad(kernel.cells);
  const curves = new Float64Array(CURVES * layout.CURVE_SIZE);
  for (const [i, [batching, budget]] of block.curves.entries()) {
    kernels.screenCurve(
      kernel.cells.byteOffset,
      kernel.curves.byteOffset + i * layout.CURVE_SIZE * 8,
      batching,
      budget,
    );
    fillCurveTwin(curves, i, kernel.surface, load, batching, budget);
  }
  const twin = Object.fromEntries(
    SCREEN_RESULTS.map((name) => [name, kernel[name].slice().fill(name === 'status' ? -1 : Number.NaN)]),
  ) as unknown as ScreenResults;
  for (const name of SCREEN_RESULTS) kernel[name].fill(name === 'status' ? -1 : Number.NaN);
  kernels.screenRows(kernel.cells.byteOffset);
  screenRowsTwin(curves, kernel.surface, load, kernel, twin);
  return { kernel, curves, twin };
}

/** The first entry whose bits differ, in words, or null. */
function findDifference(name: string, got: ArrayLike<number>, expected: ArrayLike<number>): string | null {
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(got[i], expected[i])) return `${name}[${i}]: kernel ${got[i]}, twin ${expected[i]}`;
  }
  return null;
}

test('the screen equals its twin bit for bit, odd numbers of rows included', () => {
  const seen = new Set<number>();
  const property = fc.property(drawBlock, (block) => {
    const { kernel, curves, twin } = screenBoth(block);
    expect(findDifference('curves', kernel.curves, curves)).toBeNull();
    for (const name of SCREEN_RESULTS) expect(findDifference(name, kernel[name], twin[name])).toBeNull();
    for (const status of twin.status) seen.add(status);
  });
  fc.assert(property, { seed: 11, numRuns: 300 });
  expect([...seen].sort()).toEqual([layout.SCREENED_FEASIBLE, layout.SCREENED_DOUBTFUL]);
});
