// The threads of a sweep: they share the counter that work is taken by, each has a memory of its own. A pool of one does
// its work in the thread that asks, which starting another would only keep waiting, and lets it hear of other things between two pieces.
import { openCatalog } from '../catalog/open.ts';
import { turn } from '../host/host.ts';
import { kernelModule } from '../kernels/load.ts';
import { CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { openRowWork, piecesOf } from './row-work.ts';
import { giveOrder, startThread, threadFile } from './threads.ts';

export interface Pool {
  /** Gives every worker an order and resolves when all are idle; `onReport` sees each report in between. */
  work(order: Order, onReport: (report: Report) => void): Promise<void>;
  close(): Promise<void>;
}

type Start = Omit<WorkerStart, 'module' | 'control'>;

/** Starts `workers` threads, if more than one (or `apart`: this thread has something to keep up meanwhile). A worker's mistake of the user's is thrown as UserError. An abort lets them finish the piece at hand. */
export async function openPool(start: Start, workers: number, signal?: AbortSignal, apart = false): Promise<Pool> {
  if (workers <= 1 && !apart) return openOwnPool(start, signal);
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const data: WorkerStart = { ...start, module: kernelModule(), control };
  const file = threadFile('./worker.js', import.meta.url);
  const threads = await Promise.all(Array.from({ length: workers }, () => startThread(file, data)));
  const stop = () => void Atomics.store(words, CONTROL_STOP, 1);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop(); // while the threads were being started
  return {
    async work(order, onReport) {
      Atomics.store(words, CONTROL_NEXT, 0);
      await Promise.all(threads.map((thread) => giveOrder<Report>(thread, order, onReport)));
    },
    async close() {
      signal?.removeEventListener('abort', stop);
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}

/** Between two turns of the thread, ms: a browser's page that waits for an answer hears of it in time. */
const TURN_MS = 30;

function openOwnPool(start: Start, signal?: AbortSignal): Pool {
  const { catalogFolder: folder, prices } = start;
  const rows = openRowWork({ ...start, module: kernelModule() }, openCatalog({ folder, prices }));
  return {
    async work(order, onReport) {
      const pieces = piecesOf(rows, order);
      let since = performance.now();
      for (let piece = 0; piece < pieces.count && !signal?.aborted; piece++) {
        if (pieces.skip?.[piece]) continue;
        onReport(await pieces.act(piece));
        if (performance.now() - since < TURN_MS) continue;
        await turn();
        since = performance.now();
      }
    },
    async close() {},
  };
}
