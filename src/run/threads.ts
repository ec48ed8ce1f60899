// Threads that take orders: started once, each order done when the thread says it is idle; a user's mistake there is one here.
import { type Issue, UserError } from '../check/issue.ts';
import { asMemoryError } from '../check/memory.ts';
import { Worker } from '../host/host.ts';

/** What any thread may say beside its own reports. */
export type Signal =
  | { readonly kind: 'ready' }
  | { readonly kind: 'idle' }
  | { readonly kind: 'failed'; readonly message: string; readonly issues: readonly unknown[] | null };

/** The compiled module of a thread, also when this runs from src/ (tests): Node 20 starts no thread from TypeScript. */
export function threadFile(path: string, from: string): URL {
  const here = new URL(path, from);
  return from.endsWith('.ts') ? new URL(here.href.replace('/src/', '/dist/src/')) : here;
}

/** Starts a thread. `ready`: when it is; a user's mistake that it finds is thrown there as UserError. */
export function startThread(file: URL, data: object): { readonly thread: Worker; readonly ready: Promise<void> } {
  const thread = new Worker(file, { workerData: data });
  const ready = listen<void, Signal>(thread, (report, done) => {
    if (report.kind === 'ready') done();
  });
  return { thread, ready };
}

/** Gives a thread an order; `onReport` sees what it says until it is idle again. */
export function giveOrder<Report extends { readonly kind: string }>(
  thread: Worker,
  order: unknown,
  onReport: (report: Report) => void,
): Promise<void> {
  const finished = listen<void, Report | Signal>(thread, (report, done) => {
    if (report.kind === 'idle') done();
    else onReport(report as Report);
  });
  thread.postMessage(order);
  return finished;
}

/** Listens to a thread until `hear` says it is done; failures of the thread reject. */
function listen<T, Report extends { readonly kind: string }>(
  thread: Worker,
  hear: (report: Report, done: (value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (report: Report) => {
      if (report.kind === 'failed') return settle(() => reject(failure(report as unknown as Failed)));
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

type Failed = Extract<Signal, { kind: 'failed' }>;

function failure(report: Failed): Error {
  return report.issues ? new UserError(report.issues as Issue[]) : new Error(report.message);
}

/** What a thread says of an error that ended its work. */
export function failed(error: unknown): Failed {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const mistake = error instanceof UserError ? error : asMemoryError(error);
  return { kind: 'failed', message, issues: mistake?.issues ?? null };
}
