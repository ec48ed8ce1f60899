// A worker of the screen bench: takes blocks off a shared counter until none is left, then waits for the next pass.
import { parentPort, workerData } from 'node:worker_threads';
import { Arena } from '../src/columns/arena.ts';
import { loadKernels } from '../src/kernels/load.ts';
import { BLOCKS, type Blocks, makeColumns, screenBlock } from './screen-blocks.ts';

/** Cells of the control array, and what a worker is told. */
export const PASS = 0;
export const NEXT = 1;
export const DONE = 2;
export const FEASIBLE = 3;
export const CONTROL_CELLS = 16;

export interface WorkerTask {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly control: Int32Array;
  readonly blocks: Blocks;
  /** The worker's own part of the memory. */
  readonly start: number;
  readonly end: number;
  /** Passes over all blocks in one go. */
  readonly passes: number;
}

function serve({ memory, module, control, blocks, start, end, passes }: WorkerTask): void {
  const kernels = loadKernels(memory, module);
  const columns = makeColumns(new Arena(memory, start, end));
  let pass = 0;
  parentPort?.postMessage('ready');
  while (true) {
    Atomics.wait(control, PASS, pass);
    pass = Atomics.load(control, PASS);
    if (pass < 0) return;
    let feasible = 0;
    for (let i = Atomics.add(control, NEXT, 1); i < passes * BLOCKS; i = Atomics.add(control, NEXT, 1)) {
      feasible += screenBlock(kernels, blocks, columns, i % BLOCKS);
    }
    Atomics.add(control, FEASIBLE, feasible);
    Atomics.add(control, DONE, 1);
    Atomics.notify(control, DONE);
  }
}

if (parentPort) serve(workerData as WorkerTask);
