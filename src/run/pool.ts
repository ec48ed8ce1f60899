// The threads of a sweep: they share the counter that work is taken by, each has a memory of its own. A pool of one does
// its work in the thread that asks, which starting another would only keep waiting, and lets it hear of other things between two pieces.
import { openCatalog } from '../catalog/open.ts';
import { turn } from '../host/host.ts';
import { kernelModule } from '../kernels/load.ts';
import { CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { openRowWork, piecesOf, type RowWork } from './row-work.ts';
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
  const { ready, ...pool } = startThreads(start, workers, signal);
  try {
    await ready;
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

/** The same, and not waited for: until its threads are ready this one does pieces from the front itself, so that a long study tells its first rows at once. */
export async function openEagerPool(start: Start, workers: number, signal?: AbortSignal): Promise<Pool> {
  if (workers <= 1) return openOwnPool(start, signal);
  const { ready, ...pool } = startThreads(start, workers, signal);
  let waiting = true;
  const done = () => {
    waiting = false;
  };
  ready.then(done, done); // what went wrong is thrown to who asks for work
  let rows: RowWork;
  try {
    rows = openOwnRows(start);
  } catch (error) {
    await pool.close();
    throw error;
  }
  return {
    async work(order, onReport) {
      if (order.kind !== 'settle' && order.kind !== 'seek') return ready.then(() => pool.work(order, onReport));
      const { count, act } = piecesOf(rows, order);
      let piece = 0;
      for (; waiting && piece < count && !signal?.aborted; piece++) {
        onReport(await act(piece));
        await turn();
      }
      if (piece === count || signal?.aborted) return;
      await ready;
      await pool.work(...without(piece, order, onReport));
    },
    close: () => pool.close(),
  };
}

type RowOrder = Extract<Order, { kind: 'settle' | 'seek' }>;
type Hear = (report: Report) => void;

/** An order without its first pieces, and its reports as those of the whole. */
function without(first: number, order: RowOrder, onReport: Hear): [Order, Hear] {
  if (order.kind === 'settle') return [{ ...order, cuts: order.cuts.subarray(first) }, onReport];
  const hear: Hear = (report) =>
    onReport(report.kind === 'sought' ? { ...report, index: report.index + first } : report);
  return [{ ...order, rows: order.rows.subarray(first) }, hear];
}

/** `ready`: when all of them are. An end before that rejects it. */
function startThreads(
  start: Start,
  workers: number,
  signal?: AbortSignal,
): Pool & { readonly ready: Promise<unknown> } {
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const data: WorkerStart = { ...start, module: kernelModule(), control };
  const file = threadFile('./worker.js', import.meta.url);
  const threads = Array.from({ length: workers }, () => startThread(file, data));
  const stop = () => void Atomics.store(words, CONTROL_STOP, 1);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  return {
    ready: Promise.all(threads.map(({ ready }) => ready)),
    async work(order, onReport) {
      Atomics.store(words, CONTROL_NEXT, 0);
      await Promise.all(threads.map(({ thread }) => giveOrder<Report>(thread, order, onReport)));
    },
    async close() {
      signal?.removeEventListener('abort', stop);
      await Promise.all(threads.map(({ thread }) => thread.terminate()));
    },
  };
}

/** Between two turns of the thread, ms: a browser's page that waits for an answer hears of it in time. */
const TURN_MS = 30;

function openOwnPool(start: Start, signal?: AbortSignal): Pool {
  const rows = openOwnRows(start);
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

function openOwnRows(start: Start): RowWork {
  const { catalogFolder: folder, prices } = start;
  return openRowWork({ ...start, module: kernelModule() }, openCatalog({ folder, prices }));
}
