// The threads of a sweep: they share the counter that work is taken by, each has a memory of its own.
import { kernelModule } from '../kernels/load.ts';
import { CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { giveOrder, startThread, threadFile } from './threads.ts';

export interface Pool {
  /** Gives every worker an order and resolves when all are idle; `onReport` sees each report in between. */
  work(order: Order, onReport: (report: Report) => void): Promise<void>;
  close(): Promise<void>;
}

/** Starts `workers` threads. A worker's mistake of the user's is thrown as UserError. An abort lets them finish the piece at hand. */
export async function openPool(
  start: Omit<WorkerStart, 'module' | 'control'>,
  workers: number,
  signal?: AbortSignal,
): Promise<Pool> {
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
