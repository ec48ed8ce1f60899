// A sweep of fleets: weighs every row, simulates them cheapest first until no other can be better, ranks. The same bytes for any
// number of workers: what is simulated next depends on whole waves only.
import type { Worker } from 'node:worker_threads';
import { readVersion } from '../../check/version.ts';
import { type FleetKeptRow, type FleetSweepResult, fleetScore, rankFleets } from '../../metrics/fleet/sweep.ts';
import type { Question } from '../../spec/question.ts';
import { giveOrder, startThread, threadFile } from '../threads.ts';
import { BLOCK_ROWS, type FleetOrder, type FleetReport, type FleetWorkerStart, NEXT, STOP } from './protocol.ts';

export interface FleetSweepOptions {
  readonly workers: number;
  readonly seed?: number;
  readonly catalogFolder?: string | null;
  /** Simulate every row that can be, also those that cannot be better. */
  readonly exhaustive?: boolean;
  readonly onProgress?: (done: number, total: number, words: string) => void;
  readonly signal?: AbortSignal;
}

/** Rows per wave. */
const WAVE = 32;

type Bare = Omit<FleetKeptRow, 'on_front'>;

interface Weighed {
  readonly usdPerHour: Float64Array;
  readonly devices: Float64Array;
  readonly reasons: readonly string[];
}

/** Sweeps every row of a spec. */
export async function sweepFleets(spec: Question, options: FleetSweepOptions): Promise<FleetSweepResult> {
  const started = performance.now();
  const crew = await openCrew(spec, options);
  try {
    const weighed = await weighAll(crew, spec, options);
    const checkedAt = performance.now();
    const found = await settleAll(crew, spec, weighed, options);
    const reasons = [...weighed.reasons.filter((reason) => reason !== ''), ...found.refused];
    return {
      name: spec.name,
      file: spec.file,
      text: spec.text,
      rows: spec.rows,
      axes: spec.axes.map(({ name }) => name),
      objective: spec.objective,
      top: spec.top,
      slo: spec.first.slo,
      process: spec.first.workload.arrivals.process,
      rejected: countReasons(reasons),
      dearer: found.dearer,
      unreached: spec.rows - reasons.length - found.dearer - found.kept.length,
      kept: rankFleets(found.kept, spec.objective, spec.first.slo),
      interrupted: options.signal?.aborted ?? false,
      workers: options.workers,
      seconds: { check: (checkedAt - started) / 1000, settle: (performance.now() - checkedAt) / 1000 },
      workload: found.workload,
      seed: spec.first.workload.seed,
      version: readVersion(),
    };
  } finally {
    await crew.close();
  }
}

interface Crew {
  work(order: FleetOrder, onReport: (report: FleetReport) => void): Promise<void>;
  close(): Promise<void>;
}

async function openCrew(spec: Question, options: FleetSweepOptions): Promise<Crew> {
  const { workers, seed, catalogFolder = null, signal } = options;
  const control = new SharedArrayBuffer(8);
  const words = new Int32Array(control);
  const data: FleetWorkerStart = { text: spec.text, file: spec.file, seed, catalogFolder, control };
  const file = threadFile('./worker.js', import.meta.url);
  const threads: Worker[] = await Promise.all(Array.from({ length: workers }, () => startThread(file, data)));
  const stop = () => void Atomics.store(words, STOP, 1);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop(); // while the threads were being started
  return {
    async work(order, onReport) {
      Atomics.store(words, NEXT, 0);
      await Promise.all(threads.map((thread) => giveOrder<FleetReport>(thread, order, onReport)));
    },
    close: async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  };
}

async function weighAll(crew: Crew, { rows }: Question, { onProgress }: FleetSweepOptions): Promise<Weighed> {
  const usdPerHour = new Float64Array(rows).fill(Number.NaN);
  const devices = new Float64Array(rows).fill(Number.NaN);
  const reasons = new Array<string>(rows).fill('');
  let done = 0;
  await crew.work({ kind: 'check', rows }, (report) => {
    if (report.kind !== 'checked') return;
    const first = report.block * BLOCK_ROWS;
    usdPerHour.set(report.usdPerHour, first);
    devices.set(report.devices, first);
    for (const [i, reason] of report.reasons.entries()) reasons[first + i] = reason;
    done += report.reasons.length;
    onProgress?.(done, rows, 'checking');
  });
  return { usdPerHour, devices, reasons };
}

/**
 * Rows in the order of what their devices cost (or how many there are), where that is the objective: as soon as the best `top`
 * that keep the promise are no worse than the devices of the next row alone, no row that is left can be better.
 */
async function settleAll(crew: Crew, spec: Question, weighed: Weighed, options: FleetSweepOptions) {
  const floor = spec.objective === 'devices' ? weighed.devices : weighed.usdPerHour;
  const ordered = spec.objective === 'devices' || spec.objective === 'usd_per_hour';
  const order = Array.from({ length: spec.rows }, (_, row) => row).filter((row) => !Number.isNaN(floor[row]));
  if (ordered) order.sort((a, b) => floor[a] - floor[b] || a - b);
  const most = Math.min(order.length, spec.settle);
  const kept: Bare[] = [];
  const refused: string[] = [];
  let workload = '';
  let at = 0;
  let dearer = 0;
  while (at < most && !options.signal?.aborted) {
    if (ordered && !options.exhaustive && kthBest(kept, spec) <= floor[order[at]]) {
      dearer = order.length - at;
      break;
    }
    const rows = order.slice(at, Math.min(most, at + WAVE));
    await crew.work({ kind: 'settle', rows: Float64Array.from(rows) }, (report) => {
      if (report.kind !== 'settled') return;
      const row = rows[report.index];
      if (report.result === null) refused.push(report.refused);
      else kept.push({ row, choices: spec.choicesAt(row), result: report.result, trust: report.trust });
      if (workload === '') workload = report.workload;
      options.onProgress?.(kept.length + refused.length, most, 'simulating');
    });
    at += rows.length;
  }
  return { kept: kept.sort((a, b) => a.row - b.row), refused, dearer, workload };
}

/** The score of the `top`-th best row that keeps the promise; infinite while there are fewer. */
function kthBest(kept: readonly Bare[], { objective, top }: Question): number {
  const scores = kept.filter(({ result }) => result.slo_met).map(({ result }) => fleetScore(objective, result));
  if (scores.length < top) return Number.POSITIVE_INFINITY;
  return scores.sort((a, b) => a - b)[top - 1];
}

function countReasons(reasons: readonly string[]): FleetSweepResult['rejected'] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const list = [...counts].map(([words, count]) => ({ words, count }));
  return list.sort((a, b) => b.count - a.count || (a.words < b.words ? -1 : 1));
}
