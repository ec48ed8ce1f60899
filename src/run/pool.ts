// The threads of a sweep and the one memory they share.
import { type Arena, openArena } from '../columns/arena.ts';
import { kernelModule } from '../kernels/load.ts';
import type { Spec } from '../spec/types.ts';
import { CONTROL_CELLS, CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { giveOrder, startThread, threadFile } from './threads.ts';

export interface Pool {
  readonly workers: number;
  /** Gives every worker an order and resolves when all are idle; `onReport` sees each report in between. */
  work(order: Order, onReport: (report: Report) => void): Promise<void>;
  /** Workers finish the block at hand and take no more. */
  stop(): void;
  close(): Promise<void>;
}

/** Starts `workers` threads with `bytes` of the memory each. A worker's mistake of the user's is thrown as UserError. */
export async function openPool(
  spec: Spec,
  catalogFolder: string | null,
  workers: number,
  bytes: number,
): Promise<Pool> {
  const arena: Arena = openArena(CONTROL_CELLS * 4 + 512 + workers * (bytes + 512));
  const control = arena.take(CONTROL_CELLS * 4);
  const words = new Int32Array(arena.memory.buffer, control, CONTROL_CELLS);
  const threads = await Promise.all(
    Array.from({ length: workers }, () => {
      const start = arena.take(bytes);
      const data: WorkerStart = {
        spec,
        catalogFolder,
        memory: arena.memory,
        module: kernelModule(),
        start,
        end: start + bytes,
        control,
      };
      return startThread(threadFile('./worker.js', import.meta.url), data);
    }),
  );
  return {
    workers,
    async work(order, onReport) {
      Atomics.store(words, CONTROL_NEXT, 0);
      await Promise.all(threads.map((thread) => giveOrder<Report>(thread, order, onReport)));
    },
    stop: () => void Atomics.store(words, CONTROL_STOP, 1),
    close: async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  };
}
