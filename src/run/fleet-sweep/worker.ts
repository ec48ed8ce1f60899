// A thread of a sweep of fleets: takes blocks of rows to weigh, or rows to simulate, by an atomic counter.

import { parentPort, workerData } from 'node:worker_threads';
import { openCatalog } from '../../catalog/open.ts';
import { UserError } from '../../check/issue.ts';
import { trustFleet } from '../../metrics/fleet/trust.ts';
import { prepareFleet } from '../../plan/pipeline/lower-fleet.ts';
import { weighFleet } from '../../plan/pipeline/weigh-fleet.ts';
import { OBJECTIVE } from '../../spec/objectives.ts';
import { openQuestionRows } from '../../spec/question.ts';
import { openFleetRoom, runFleet } from '../fleet.ts';
import { summariseRun } from '../measure-fleet.ts';
import { openSession } from '../session.ts';
import { failed } from '../threads.ts';
import { BLOCK_ROWS, type FleetOrder, type FleetReport, type FleetWorkerStart, NEXT, STOP } from './protocol.ts';

const port = parentPort!;
const say = (report: FleetReport) => port.postMessage(report);

try {
  const work = open(workerData as FleetWorkerStart);
  port.on('message', (order: FleetOrder) => {
    try {
      work(order);
    } catch (error) {
      say(failed(error));
    }
  });
  say({ kind: 'ready' });
} catch (error) {
  say(failed(error));
}

function open({ text, file, seed, catalogFolder, control }: FleetWorkerStart): (order: FleetOrder) => void {
  const catalog = openCatalog(catalogFolder === null ? {} : { folder: catalogFolder });
  const session = openSession(catalog);
  const bands = catalog.errorBands();
  const sweep = openQuestionRows(text, file, catalog, seed);
  const room = openFleetRoom();
  const words = new Int32Array(control);

  /** The next piece below `count`, or -1 when all are taken or the sweep was stopped. */
  const take = (count: number): number => {
    if (Atomics.load(words, STOP) !== 0) return -1;
    const piece = Atomics.add(words, NEXT, 1);
    return piece < count ? piece : -1;
  };
  const needsPrice = OBJECTIVE[sweep.objective].priced;

  const weigh = (row: number) => {
    const { spec } = sweep.at(row);
    const { usdPerHour, devices, unpriced, unmetered } = weighFleet(spec, catalog);
    if (needsPrice && unpriced.length > 0) {
      return { usdPerHour, devices, reason: `no price is known for ${unpriced.join(', ')}` };
    }
    const unpaid = needsPrice && spec.power.usd_per_kwh !== null && unmetered.length > 0;
    const reason = unpaid ? `electricity is to be paid, and no watts are known for ${unmetered.join(', ')}` : '';
    return { usdPerHour, devices, reason };
  };
  const check = (block: number, rows: number): void => {
    const first = block * BLOCK_ROWS;
    const count = Math.min(rows, first + BLOCK_ROWS) - first;
    const usdPerHour = new Float64Array(count).fill(Number.NaN);
    const devices = new Float64Array(count).fill(Number.NaN);
    const reasons: string[] = [];
    for (let i = 0; i < count; i++) {
      const found = refusing(() => weigh(first + i));
      reasons.push(typeof found === 'string' ? found : found.reason);
      if (typeof found === 'string' || found.reason !== '') continue;
      usdPerHour[i] = found.usdPerHour;
      devices[i] = found.devices;
    }
    say({ kind: 'checked', block, usdPerHour, devices, reasons });
  };
  const settle = (index: number, row: number): void => {
    const found = refusing(() => {
      const { spec } = sweep.at(row);
      const lowered = prepareFleet(spec, catalog, session);
      const run = runFleet(lowered.program, { leap: 'exact' }, room);
      const trust = trustFleet(spec, lowered, run.results, bands);
      return { result: summariseRun(spec, lowered, run), trust, workload: lowered.walks.description };
    });
    if (typeof found === 'string') {
      say({ kind: 'settled', index, result: null, trust: null, refused: found, workload: '' });
    } else say({ kind: 'settled', index, refused: '', ...found });
  };
  return (order) => {
    if (order.kind === 'check') {
      const blocks = Math.ceil(order.rows / BLOCK_ROWS);
      for (let b = take(blocks); b >= 0; b = take(blocks)) check(b, order.rows);
    } else {
      for (let i = take(order.rows.length); i >= 0; i = take(order.rows.length)) settle(i, order.rows[i]);
    }
    say({ kind: 'idle' });
  };
}

/** What `act` returns, or in words why this row cannot be: where in the spec, and what would have to be. */
function refusing<T>(act: () => T): T | string {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { path, expected, received } = error.issues[0];
    // figures of their own would make every row a reason of its own
    return `${path}: not ${expected}${/\d/.test(received) ? '' : ` (${received})`}`;
  }
}
