// A thread of a sweep: takes blocks of rows to screen or to weigh, or rows to simulate, by an atomic counter.
import { parentPort, workerData } from 'node:worker_threads';
import { openCatalog } from '../catalog/open.ts';
import { CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { openRowWork, piecesOf } from './row-work.ts';
import { failed } from './threads.ts';

const port = parentPort!;
const say = (report: Report) => port.postMessage(report);

try {
  const work = open(workerData as WorkerStart);
  port.on('message', (order: Order) => {
    work(order).catch((error: unknown) => say(failed(error)));
  });
  say({ kind: 'ready' });
} catch (error) {
  say(failed(error));
}

function open(start: WorkerStart): (order: Order) => Promise<void> {
  const { catalogFolder: folder, prices, control } = start;
  const rows = openRowWork(start, openCatalog({ folder, prices }));
  const words = new Int32Array(control);

  return async (order) => {
    const pieces = piecesOf(rows, order);
    // every piece that is not taken yet, until the sweep is stopped
    while (Atomics.load(words, CONTROL_STOP) === 0) {
      const piece = Atomics.add(words, CONTROL_NEXT, 1);
      if (piece >= pieces.count) break;
      if (!pieces.skip?.[piece]) say(await pieces.act(piece));
    }
    say({ kind: 'idle' });
  };
}
