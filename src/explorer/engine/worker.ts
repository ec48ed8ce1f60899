// A worker of the explorer: hears questions, answers them in words and pictures, and goes on after a mistake.
import files from 'virtual:mist-files';
import { config } from 'zod';
import { UserError } from '../../check/issue.ts';
import { dropFile, putFile } from '../../host/browser.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import { readNames } from './names.ts';
import { explainHardware, runRow } from './run.ts';
import { search } from './search.ts';

config({ jitless: true }); // the page's policy lets nobody make code of text
for (const [path, text] of files) putFile(`/mist/${path}`, text);

const say = (report: FromWorker): void => self.postMessage(report);
let searching: AbortController | undefined;
/** One after another: they share memories. */
let busy: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'put') return putFile(data.path, data.bytes);
  if (data.kind === 'drop') return dropFile(data.path);
  searching?.abort();
  searching = new AbortController();
  const { signal } = searching;
  busy = busy.then(() =>
    signal.aborted ? undefined : answer(data, signal).catch((error) => fail(data.id, error, signal)),
  );
};

async function answer(order: Exclude<ToWorker, { kind: 'put' | 'drop' }>, signal: AbortSignal): Promise<void> {
  const { id, question } = order;
  if (order.kind === 'run') return say({ kind: 'ran', id, view: await runRow(question, order.row, order.whole) });
  if (order.kind === 'why') return say({ kind: 'why', id, lines: await explainHardware(question) });
  const view = await search(question, {
    signal,
    onProgress: (done, total, words) => say({ kind: 'progress', id, done, total, words }),
    onScreened: (screened) => say({ kind: 'searched', id, view: screened }),
  });
  if (!signal.aborted) say({ kind: 'searched', id, view });
}

function fail(id: number, error: unknown, signal: AbortSignal): void {
  if (signal.aborted) return;
  const issues = error instanceof UserError ? error.issues : [];
  say({ kind: 'failed', id, issues, message: error instanceof Error ? error.message : String(error) });
}

say({ kind: 'ready', names: readNames() });
