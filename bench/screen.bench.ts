// The closed-form screen: configurations a second with their curves, against its plain TypeScript twin, and on two workers.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CURVE_SIZE } from '../assembly/layout/screen.ts';
import { SURFACE_SIZE } from '../assembly/layout/surface.ts';
import { type Arena, openArena } from '../src/columns/arena.ts';
import { kernelModule, loadKernels } from '../src/kernels/load.ts';
import type { ScreenColumns } from '../src/run/screen-columns.ts';
import { timeMedians } from './measure.ts';
import { type BenchFile, demandSame, type Note, type Row, rateRow } from './row.ts';
import {
  BLOCK_BYTES,
  BLOCK_ROWS,
  BLOCKS,
  type Blocks,
  COLUMN_BYTES,
  CURVES,
  countFeasible,
  curveAt,
  fillCurves,
  makeBlocks,
  makeColumns,
  pointAt,
  screenBlock,
} from './screen-blocks.ts';
import { CONTROL_CELLS, DONE, FEASIBLE, NEXT, PASS, type WorkerTask } from './screen-worker.ts';
import { fillCurveTwin, readLoad, SCREEN_RESULTS, type ScreenResults, screenRowsTwin } from './twins/screen.ts';

/** Passes over all blocks that workers make in one go: their start and end then cost little beside it. */
const PASSES = 4;

export const screen: BenchFile = {
  name: 'screen',
  words: 'closed-form steady states of configurations',
  run: benchScreen,
};

async function benchScreen(note: Note): Promise<Row[]> {
  const arena = openArena(BLOCK_BYTES + 3 * COLUMN_BYTES);
  note(`lowering ${BLOCKS} surfaces`);
  const blocks = makeBlocks(arena);
  return [...(await benchOneCore(arena, blocks, note)), await benchWorkers(arena, blocks, note)];
}

interface Twin {
  readonly curves: Float64Array;
  readonly results: ScreenResults;
  readonly run: (block: number) => number;
}

function openScreenTwin(blocks: Blocks, columns: ScreenColumns): Twin {
  const curves = new Float64Array(CURVES * CURVE_SIZE);
  const results = Object.fromEntries(
    SCREEN_RESULTS.map((name) => [name, columns[name].slice()]),
  ) as unknown as ScreenResults;
  const load = readLoad(columns.cells);
  const run = (block: number): number => {
    pointAt(blocks, columns, block);
    const surface = blocks.surfaces.subarray(block * SURFACE_SIZE, (block + 1) * SURFACE_SIZE);
    for (let curve = 0; curve < CURVES; curve++) {
      const { batching, budget } = curveAt(curve);
      fillCurveTwin(curves, curve, surface, load, batching, budget);
    }
    screenRowsTwin(curves, surface, load, columns, results);
    return countFeasible(results.status);
  };
  return { curves, results, run };
}

function demandSameBlock(kernel: ScreenColumns, twin: Twin, block: number): void {
  demandSame(`block ${block}, curves`, kernel.curves, twin.curves);
  for (const name of SCREEN_RESULTS) demandSame(`block ${block}, ${name}`, kernel[name], twin.results[name]);
}

async function benchOneCore(arena: Arena, blocks: Blocks, note: Note): Promise<Row[]> {
  const mark = arena.mark();
  const kernels = loadKernels(arena.memory);
  const columns = makeColumns(arena);
  const twin = openScreenTwin(blocks, columns);
  for (let block = 0; block < BLOCKS; block++) {
    if (screenBlock(kernels, blocks, columns, block) !== twin.run(block))
      throw new Error(`block ${block}: rows left differ`);
    demandSameBlock(columns, twin, block);
  }
  note('one core');
  const overAll = (work: (block: number) => void) => () => {
    for (let block = 0; block < BLOCKS; block++) work(block);
  };
  const seconds = await timeMedians({
    kernel: overAll((block) => screenBlock(kernels, blocks, columns, block)),
    twin: overAll(twin.run),
    curves: overAll((block) => {
      pointAt(blocks, columns, block);
      fillCurves(kernels, columns);
    }),
  });
  arena.release(mark);
  const million = (s: number) => (BLOCKS * BLOCK_ROWS) / s / 1e6;
  const share = (seconds.curves / seconds.kernel) * 100;
  note(`filling curves takes ${share.toFixed(0)} % of the time`);
  return [
    rateRow('screen, curves included', 'M rows/s', million(seconds.kernel), million(seconds.twin), { atLeast: 5 }),
    rateRow('screen, curves alone', 'k curves/s', (BLOCKS * CURVES) / seconds.curves / 1e3, null),
  ];
}

/** One worker and two, in the same harness: blocks are taken off one counter, columns lie in one memory. */
async function benchWorkers(arena: Arena, blocks: Blocks, note: Note): Promise<Row> {
  note('two workers');
  const expected = expectFeasible(arena, blocks);
  const teams = [await openTeam(arena, blocks, 1), await openTeam(arena, blocks, 2)];
  for (const team of teams)
    if (team.pass() !== PASSES * expected) throw new Error('workers leave other rows than one core');
  const [one, two] = teams;
  const seconds = await timeMedians({ one: () => void one.pass(), two: () => void two.pass() });
  for (const team of teams) team.close();
  const million = (s: number) => (PASSES * BLOCKS * BLOCK_ROWS) / s / 1e6;
  return rateRow('screen on two workers, twin = one', 'M rows/s', million(seconds.two), million(seconds.one), {
    times: 1.8,
  });
}

function expectFeasible(arena: Arena, blocks: Blocks): number {
  const mark = arena.mark();
  const kernels = loadKernels(arena.memory);
  const columns = makeColumns(arena);
  let feasible = 0;
  for (let block = 0; block < BLOCKS; block++) feasible += screenBlock(kernels, blocks, columns, block);
  arena.release(mark);
  return feasible;
}

interface Team {
  /** All blocks, PASSES times; the rows left. The calling thread sleeps meanwhile. */
  readonly pass: () => number;
  readonly close: () => void;
}

async function openTeam(arena: Arena, blocks: Blocks, size: number): Promise<Team> {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_CELLS * 4));
  const { memory } = arena;
  for (let i = 0; i < size; i++) {
    const start = arena.take(COLUMN_BYTES);
    const end = start + COLUMN_BYTES;
    const task: WorkerTask = { memory, module: kernelModule(), control, blocks, start, end, passes: PASSES };
    const worker = new Worker(new URL('./screen-worker.js', import.meta.url), { workerData: task });
    await once(worker, 'message');
    worker.unref();
  }
  return {
    pass() {
      Atomics.store(control, NEXT, 0);
      Atomics.store(control, DONE, 0);
      Atomics.store(control, FEASIBLE, 0);
      Atomics.add(control, PASS, 1);
      Atomics.notify(control, PASS);
      for (let done = 0; done < size; done = Atomics.load(control, DONE)) Atomics.wait(control, DONE, done);
      return Atomics.load(control, FEASIBLE);
    },
    close() {
      Atomics.store(control, PASS, -1);
      Atomics.notify(control, PASS);
    },
  };
}
