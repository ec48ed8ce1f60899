// A thread of a sweep: takes blocks by an atomic counter, screens or settles them on its part of the one shared memory.
import { parentPort, workerData } from 'node:worker_threads';
import { openCatalog } from '../catalog/open.ts';
import type { Basis } from '../catalog/types.ts';
import { Arena } from '../columns/arena.ts';
import { makeRequests, readRows } from '../workload/make.ts';
import { moments } from '../workload/moments.ts';
import { joinCandidates } from './candidates.ts';
import { openGrid } from './grid.ts';
import { CONTROL_CELLS, CONTROL_NEXT, CONTROL_STOP, type Order, type Report, type WorkerStart } from './protocol.ts';
import { REASONS } from './reasons.ts';
import { openScreen, screenGroup } from './screen-group.ts';
import { openSession } from './session.ts';
import { openSettler, settleRow } from './settle-row.ts';
import { failed } from './threads.ts';

const port = parentPort!;
const started = workerData as WorkerStart;
const say = (report: Report) => port.postMessage(report);

try {
  const work = open(started);
  port.on('message', (order: Order) => guard(() => work(order)));
  say({ kind: 'ready' });
} catch (error) {
  fail(error);
}

function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  say(failed(error));
}

function open({ spec, catalogFolder, memory, module, start, end, control }: WorkerStart): (order: Order) => void {
  const catalog = openCatalog(catalogFolder === null ? {} : { folder: catalogFolder });
  const session = openSession(catalog, new Arena(memory, start, end), module);
  const source = { catalog, prices: spec.prices, watts: spec.watts, power: spec.power, seed: spec.workload.seed };
  const rows = spec.workload.requests ? readRows(spec.workload) : undefined;
  const requestsAt = (rate: number) =>
    makeRequests(spec.workload, {
      catalogShape: (id) => catalog.shape(id),
      requestRate: rate,
      ...(rows ? { rows } : {}),
    });
  const grid = openGrid(spec);
  const screen = openScreen(spec, grid, source, session, moments(requestsAt(spec.base.request_rate)));
  const settler = openSettler(spec, source, session, requestsAt);
  const words = new Int32Array(memory.buffer, control, CONTROL_CELLS);

  /** The next block below `count`, or -1 when all are taken or the sweep was stopped. */
  const take = (count: number): number => {
    if (Atomics.load(words, CONTROL_STOP) !== 0) return -1;
    const block = Atomics.add(words, CONTROL_NEXT, 1);
    return block < count ? block : -1;
  };
  const screenBlock = (block: number, size: number): void => {
    const last = Math.min(grid.groups, (block + 1) * size);
    const rejected = new Float64Array(REASONS.length);
    const parts = [];
    let feasible = 0;
    const bases: (Basis | null)[] = [];
    for (let group = block * size; group < last; group++) {
      const screened = screenGroup(screen, group);
      screened.rejected.forEach((count, i) => {
        rejected[i] += count;
      });
      feasible += screened.feasible;
      parts.push(screened.candidates);
      bases.push(screened.basis);
    }
    say({ kind: 'screened', block, rejected, feasible, candidates: joinCandidates(parts), bases });
  };
  return (order) => {
    if (order.kind === 'screen')
      for (let b = take(order.blocks); b >= 0; b = take(order.blocks)) screenBlock(b, order.size);
    else {
      for (let i = take(order.rows.length); i >= 0; i = take(order.rows.length)) {
        say({ kind: 'settled', index: i, result: settleRow(settler, order.rows[i]) });
      }
    }
    say({ kind: 'idle' });
  };
}
