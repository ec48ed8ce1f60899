// What the page knows: the question (which is its link), and the answers as they come.
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { Issue } from '../../check/issue.ts';
import type { FromWorker, Names, RunView, SearchView } from '../protocol.ts';
import { type Asked, FIRST, readLink, writeLink } from './asked.ts';
import { type Engine, startEngine } from './engine.ts';
import { CONFIG_FILE, questionOf } from './spec-text.ts';

export interface Mistake {
  readonly words: string;
  readonly issues: readonly Issue[];
}

export const asked = signal<Asked>(FIRST);
export const names = signal<Names | null>(null);
export const found = signal<SearchView | null>(null);
/** The answer's deployment, simulated under the question as it stands. */
export const run = signal<RunView | null>(null);
export const beside = signal<RunView | null>(null);
export const progress = signal<{ readonly done: number; readonly total: number; readonly words: string } | null>(null);
export const mistake = signal<Mistake | null>(null);
/** What happened beside the question: a worker that ended, a file that was read. */
export const notice = signal('');
export const why = signal<readonly string[]>([]);
/** Whether the shown answer is of the question as it stands. */
export const stale = signal(false);
export const question = computed(() => questionOf(asked.value, names.value));

/** After the last change, ms: a search is not begun for every step of a slider. */
const REST_MS = 250;

let searching: Engine;
let running: Engine;
let comparing: Engine;
let timer: ReturnType<typeof setTimeout> | undefined;

export function open(): void {
  searching = startEngine({ onReport: hearSearch, onEnd: (words) => endOf('search', words, ask) });
  running = startEngine({ onReport: hearRun, onEnd: (words) => endOf('run', words, askRun) });
  takeLink(); // a config.json in the link goes to the workers
  window.addEventListener('hashchange', takeLink);
  window.addEventListener('popstate', takeLink);
  effect(() => {
    if (names.value === null) return;
    asked.value;
    untracked(askSoon);
  });
}

function endOf(name: string, words: string, again: () => void): void {
  notice.value = `The worker of the ${name} ended (${words}). It was started again.`;
  runBusy = false;
  again();
}

/** Changes the question. `commit`: the step can be undone; a slider that is dragged takes one step in all. */
export function change(part: Partial<Asked>, commit = true): void {
  asked.value = { ...asked.value, ...part };
  const link = writeLink(asked.value);
  if (commit) history.pushState(null, '', link);
  else history.replaceState(history.state, '', link);
}

/** What a drag has come to. */
export function commit(before: Asked): void {
  const now = asked.value;
  if (now === before) return;
  history.replaceState(null, '', writeLink(before));
  history.pushState(null, '', writeLink(now));
}

export const undo = (): void => history.back();

function takeLink(): void {
  const read = readLink(location.hash);
  batch(() => {
    if ('mistake' in read) notice.value = `${read.mistake} The first question is shown instead.`;
    asked.value = 'asked' in read ? read.asked : FIRST;
    if (asked.value.config !== '') putConfig(asked.value.config);
  });
}

let config = '';

/** Puts a config.json where the workers find it. */
function putConfig(text: string): void {
  config = text;
  for (const engine of [searching, running, comparing]) engine?.put(`/${CONFIG_FILE}`, new TextEncoder().encode(text));
}

export function takeConfig(text: string): void {
  putConfig(text);
  change({ config: text });
}

/** A trace for the workers; the question names it. */
export function takeTrace(name: string, bytes: Uint8Array): void {
  for (const engine of [searching, running, comparing]) engine?.put(`/${name}`, bytes);
  traces.set(name, bytes);
  change({ workload: 'trace', trace: name });
}

const traces = new Map<string, Uint8Array>();

function askSoon(): void {
  stale.value = true;
  askRun();
  clearTimeout(timer);
  timer = setTimeout(ask, REST_MS);
}

function ask(): void {
  if (asked.value.config !== '' && config !== asked.value.config) putConfig(asked.value.config);
  why.value = [];
  searching.ask((id) => ({ kind: 'search', id, question: question.value }));
}

let runBusy = false;
let runAgain = false;

/** The deployment of the last answer under the question of now; of several asked at once the last. */
function askRun(): void {
  const row = found.value?.row ?? null;
  if (row === null) return;
  if (runBusy) {
    runAgain = true;
    return;
  }
  runBusy = true;
  runAgain = false;
  const whole = !stale.value && (found.value?.settled ?? false);
  running.ask((id) => ({ kind: 'run', id, question: question.value, row, whole }));
}

function hearSearch(report: FromWorker): void {
  if (report.kind === 'ready') {
    names.value = report.names;
    return;
  }
  batch(() => {
    if (report.kind === 'progress') progress.value = report;
    if (report.kind === 'failed') fail(report);
    if (report.kind !== 'searched') return;
    const before = found.value?.row;
    found.value = report.view;
    stale.value = false;
    mistake.value = null;
    if (report.view.settled) progress.value = null;
    if (report.view.settled || report.view.row !== before) askRun();
    askBeside();
  });
}

function fail({ issues, message }: Extract<FromWorker, { kind: 'failed' }>): void {
  progress.value = null;
  stale.value = false;
  mistake.value = {
    words: issues.length > 0 ? 'This question cannot be asked' : `Something broke: ${message}`,
    issues,
  };
}

function hearRun(report: FromWorker): void {
  if (report.kind === 'ready') return;
  runBusy = false;
  if (report.kind === 'ran') run.value = report.view;
  if (runAgain) askRun();
}

/** The engine of comparisons is started when something is compared. */
function comparer(): Engine {
  if (comparing) return comparing;
  comparing = startEngine({ onReport: hearBeside, onEnd: (words) => endOf('comparison', words, askBeside) });
  if (config !== '') comparing.put(`/${CONFIG_FILE}`, new TextEncoder().encode(config));
  for (const [name, bytes] of traces) comparing.put(`/${name}`, bytes);
  return comparing;
}

function askBeside(): void {
  const row = asked.value.beside;
  if (row < 0) beside.value = null;
  else comparer().ask((id) => ({ kind: 'run', id, question: question.value, row, whole: true }));
}

export function compare(row: number): void {
  change({ beside: row });
}

export function askWhy(hardware: string): void {
  why.value = ['Looking at every deployment of it …'];
  const narrow = questionOf(asked.value, names.value, [hardware]);
  comparer().ask((id) => ({ kind: 'why', id, question: narrow, hardware }));
}

function hearBeside(report: FromWorker): void {
  if (report.kind === 'ran') beside.value = report.view;
  if (report.kind === 'why') why.value = report.lines;
  if (report.kind === 'failed') why.value = report.issues.length > 0 ? report.issues.map(tell) : [report.message];
}

const tell = ({ path, expected, received }: Issue): string => `${path}: expected ${expected}, received ${received}`;
