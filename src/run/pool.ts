// The threads of a sweep: they share the counter that work is taken by, each has a memory of its own. The thread that asks is one of them,
// as a further one would only take their time, and hears of other things between two pieces.
import { openCatalog } from '../catalog/open.ts';
import { turn, type Worker } from '../host/host.ts';
import { kernelModule } from '../kernels/load.ts';
import { CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { openRowWork, type Pieces, piecesOf, type RowWork } from './row-work.ts';
import { giveOrder, startThread, threadFile } from './threads.ts';

export interface Pool {
  /** Gives every worker an order and resolves when all are idle; `onReport` sees each report in between. */
  work(order: Order, onReport: (report: Report) => void): Promise<void>;
  close(): Promise<void>;
}

type Start = Omit<WorkerStart, 'module' | 'control'>;

/**
 * `workers` threads, this one among them unless it has something to keep up meanwhile (`apart`). It does not wait for the others to be
 * ready: until they are it does pieces from the front itself. A mistake of the user's that a thread finds is thrown as UserError. An
 * abort lets all finish the piece at hand.
 */
export async function openPool(start: Start, workers: number, signal?: AbortSignal, apart = false): Promise<Pool> {
  const own = apart ? null : openOwnRows(start);
  const others = apart ? Math.max(1, workers) : workers - 1;
  // a page that is not isolated has no shared memory
  const words = new Int32Array(others > 0 ? new SharedArrayBuffer(8) : new ArrayBuffer(8));
  const stop = () => void Atomics.store(words, CONTROL_STOP, 1);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  const threads = startThreads(start, words, others);
  const close = async () => {
    signal?.removeEventListener('abort', stop);
    await threads.close();
  };
  if (apart) {
    await threads.ready.catch(async (error: unknown) => {
      await close();
      throw error;
    });
  }
  return {
    async work(order, onReport) {
      Atomics.store(words, CONTROL_NEXT, 0);
      const joined = threads.join(order, onReport);
      if (own) await takePieces(piecesOf(own, order), words, onReport).finally(joined.seal);
      else joined.seal();
      await joined.idle();
    },
    close,
  };
}

/** Between two turns of the thread that asks, ms: a browser's page that waits for an answer hears of it in time. */
const TURN_MS = 30;

/** What no other thread has taken, until all is or the work is stopped. */
async function takePieces(pieces: Pieces, words: Int32Array, onReport: (report: Report) => void): Promise<void> {
  let since = performance.now();
  while (Atomics.load(words, CONTROL_STOP) === 0) {
    const piece = Atomics.add(words, CONTROL_NEXT, 1);
    if (piece >= pieces.count) return;
    if (pieces.skip?.[piece]) continue;
    onReport(await pieces.act(piece));
    if (performance.now() - since < TURN_MS) continue;
    await turn();
    since = performance.now();
  }
}

/** Threads that come to an order as soon as they are ready, while it is open. */
function startThreads(start: Start, words: Int32Array, count: number) {
  const data = (): WorkerStart => ({ ...start, module: kernelModule(), control: words.buffer as SharedArrayBuffer });
  // a page in a browser has no file of them, and starts none
  const file = () => threadFile('./worker.js', import.meta.url);
  const threads = Array.from({ length: count }, () => startThread(file(), data()));
  const free = new Set<Worker>();
  let failure: unknown;
  let come = (_: Worker): void => {};
  const ready = Promise.all(
    threads.map(async (one) => {
      await one.ready;
      free.add(one.thread);
      come(one.thread);
    }),
  );
  ready.catch((error: unknown) => {
    failure = error; // thrown to who asks for work
  });
  return {
    ready,
    join(order: Order, onReport: (report: Report) => void) {
      const given: Promise<void>[] = [];
      come = (thread) => {
        const done = giveOrder<Report>(thread, order, onReport);
        done.catch(() => {}); // heard of below
        given.push(done);
      };
      for (const thread of free) come(thread);
      return {
        /** Whoever is not ready yet is not waited for. */
        seal: () => {
          come = () => {};
        },
        async idle() {
          await Promise.all(given);
          if (failure !== undefined) throw failure;
        },
      };
    },
    close: () => Promise.all(threads.map(({ thread }) => thread.terminate())),
  };
}

function openOwnRows(start: Start): RowWork {
  const { catalogFolder: folder, prices } = start;
  return openRowWork({ ...start, module: kernelModule() }, openCatalog({ folder, prices }));
}
