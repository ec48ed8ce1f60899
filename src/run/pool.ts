// The threads of a sweep and the one memory they share.
import { Worker } from 'node:worker_threads';
import { type Issue, UserError } from '../check/issue.ts';
import { type Arena, openArena } from '../columns/arena.ts';
import { kernelModule } from '../kernels/load.ts';
import type { Spec } from '../spec/types.ts';
import { CONTROL_CELLS, CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';

export interface Pool {
  readonly workers: number;
  /** Gives every worker an order and resolves when all are idle; `onReport` sees each report in between. */
  work(order: Order, onReport: (report: Report) => void): Promise<void>;
  /** Workers finish the block at hand and take no more. */
  stop(): void;
  close(): Promise<void>;
}

/** The compiled entry, also when this module runs from src/ (tests): Node 20 starts no thread from TypeScript. */
function workerFile(): URL {
  const here = new URL('./worker.js', import.meta.url);
  return import.meta.url.endsWith('.ts')
    ? new URL(here.href.replace(/\/src\/run\/worker\.js$/, '/dist/src/run/worker.js'))
    : here;
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
      return startThread(data);
    }),
  );
  return {
    workers,
    async work(order, onReport) {
      Atomics.store(words, CONTROL_NEXT, 0);
      await Promise.all(threads.map((thread) => giveOrder(thread, order, onReport)));
    },
    stop: () => void Atomics.store(words, CONTROL_STOP, 1),
    close: async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  };
}

function startThread(data: WorkerStart): Promise<Worker> {
  const thread = new Worker(workerFile(), { workerData: data });
  return listen(thread, (report, done) => {
    if (report.kind === 'ready') done(thread);
  });
}

function giveOrder(thread: Worker, order: Order, onReport: (report: Report) => void): Promise<void> {
  const finished = listen<void>(thread, (report, done) => {
    if (report.kind === 'idle') done();
    else onReport(report);
  });
  thread.postMessage(order);
  return finished;
}

/** Listens to a thread until `hear` says it is done; failures of the thread reject. */
function listen<T>(thread: Worker, hear: (report: Report, done: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (report: Report) => {
      if (report.kind === 'failed') return settle(() => reject(failure(report)));
      try {
        hear(report, (value) => settle(() => resolve(value)));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number) => settle(() => reject(new Error(`a worker ended with code ${code}`)));
    const settle = (act: () => void) => {
      thread.off('message', onMessage);
      thread.off('error', onError);
      thread.off('exit', onExit);
      act();
    };
    thread.on('message', onMessage);
    thread.on('error', onError);
    thread.on('exit', onExit);
  });
}

function failure(report: Extract<Report, { kind: 'failed' }>): Error {
  return report.issues ? new UserError(report.issues as Issue[]) : new Error(report.message);
}
