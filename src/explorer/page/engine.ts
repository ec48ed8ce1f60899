// The page's side of a worker: starts it, asks it, and starts it again when it has stopped.
import type { FromWorker, ToWorker } from '../protocol.ts';

export interface Engine {
  /** Sends an order; what comes back to an older one is not heard. */
  ask(order: (id: number) => ToWorker): void;
  /** A file that the rooms are to find, in this worker and in those that follow it. */
  put(path: string, bytes: Uint8Array): void;
  stop(): void;
}

export interface Hearing {
  onReport(report: FromWorker): void;
  /** The worker has ended; another one has been started. */
  onEnd(words: string): void;
}

/** A page that was opened from a file brings its worker with it. */
function workerUrl(): string {
  const inline = document.getElementById('worker');
  if (!inline) return 'worker.js';
  return URL.createObjectURL(new Blob([inline.textContent ?? ''], { type: 'text/javascript' }));
}

let url: string | undefined;

export function startEngine(hearing: Hearing): Engine {
  const files = new Map<string, Uint8Array>();
  let last = 0;
  let worker = open();

  function open(): Worker {
    url ??= workerUrl();
    const started = new Worker(url);
    started.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.kind === 'ready' || data.id === last) hearing.onReport(data);
    };
    started.onerror = (event) => {
      event.preventDefault();
      restart(event.message || 'it could not be loaded');
    };
    for (const [path, bytes] of files) started.postMessage({ kind: 'put', path, bytes });
    return started;
  }
  let ends = 0;
  function restart(words: string): void {
    worker.terminate();
    ends++;
    if (ends <= MOST_ENDS) worker = open();
    hearing.onEnd(words);
  }
  return {
    ask: (order) => worker.postMessage(order(++last)),
    put(path, bytes) {
      files.set(path, bytes);
      worker.postMessage({ kind: 'put', path, bytes });
    },
    stop: () => restart('it was stopped'),
  };
}

/** A worker that ends so often has a reason. */
const MOST_ENDS = 5;
