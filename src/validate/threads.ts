// Replays the runs of a case file on several threads; the answers are the same bytes for any number of them.
import { Worker } from 'node:worker_threads';
import { type Answer, joinAnswers, type Prediction } from './predict.ts';
import type { CaseFile } from './read-cases.ts';
import type { WorkerReport, WorkerStart } from './worker.ts';

/** The compiled entry, also when this module runs from src/ (tests): Node 20 starts no thread from TypeScript. */
function workerFile(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./worker.js', import.meta.url);
  return new URL('../../dist/src/validate/worker.js', import.meta.url);
}

/** Predictions in the order of the rows. Every thread reads the file for itself. */
export async function predictOnThreads(
  file: CaseFile,
  catalogFolder: string | null,
  threads: number,
  onProgress?: (done: number, total: number) => void,
): Promise<Prediction[]> {
  const answers: (readonly Answer[])[] = new Array(file.groups.length);
  const start: WorkerStart = { file: file.file, catalogFolder, next: new SharedArrayBuffer(4) };
  let done = 0;
  const keep = ({ group, answers: answered }: WorkerReport) => {
    answers[group] = answered;
    onProgress?.(++done, file.groups.length);
  };
  await Promise.all(Array.from({ length: threads }, () => runThread(start, keep)));
  return joinAnswers(file, answers);
}

function runThread(start: WorkerStart, keep: (report: WorkerReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(workerFile(), { workerData: start });
    thread.on('message', keep);
    thread.on('error', reject);
    thread.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with code ${code}`))));
  });
}
