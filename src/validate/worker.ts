// A thread of a validation: takes runs by an atomic counter, replays them in its own memory and sends back figures by row.
import { parentPort, workerData } from 'node:worker_threads';
import { openCatalog } from '../catalog/open.ts';
import { type Answer, openReplayer, predictGroup } from './predict.ts';
import { readCases } from './read-cases.ts';

export interface WorkerStart {
  readonly file: string;
  /** The user's catalog folder; null = none. */
  readonly catalogFolder: string | null;
  /** One word: the next run that nobody has taken. */
  readonly next: SharedArrayBuffer;
}

/** Answers to the rows of one run, in their order. */
export interface WorkerReport {
  readonly group: number;
  readonly answers: readonly Answer[];
}

const port = parentPort!;
const { file, catalogFolder, next } = workerData as WorkerStart;
const cases = readCases(file);
const replayer = openReplayer(file, openCatalog({ folder: catalogFolder }));
const counter = new Int32Array(next);
for (let group = Atomics.add(counter, 0, 1); group < cases.groups.length; group = Atomics.add(counter, 0, 1)) {
  const report: WorkerReport = { group, answers: predictGroup(replayer, cases.groups[group]!) };
  port.postMessage(report);
}
port.close();
