// What a screened sweep simulates beside its proof: first what the screen holds for the best, so that a proof has a bar; then the best of
// each hardware and the screen's own fronts, so that pictures show more than the cheapest corner.
import { remember } from '../plan/priced-ops.ts';
import type { Configuration } from '../spec/types.ts';
import type { Near } from './bound-rows.ts';
import { type Candidates, figureOf, orderCandidates } from './candidates.ts';
import { isDone, isMet, isOver, type Search, simulateRows } from './prove.ts';

/** Candidates per wave. */
const WAVE = 64;
/** Candidates of one hardware per wave, while none of it keeps the promise. */
const PER_HARDWARE = 8;
/** Candidates from the fronts of the screen, for pictures whose best points are simulated ones. */
const FRONT = 192;
/** Candidates that are tried for a first bar at most. */
const MOST_FIRST = 1024;
/** Runs that were given up and are gone through to their end where nothing keeps the promise: how far off is the answer then. */
const WHOLE = 16;

export interface Settling {
  readonly search: Search;
  readonly candidates: Candidates;
  configurationAt(row: number): Configuration;
  /** Whether rows of one group have one rate. */
  readonly isOneRate: boolean;
}

/** Best first by the screen, until `top` deployments keep the promise: rows that are no better than those need no run. */
export async function settleFirst({ search, candidates }: Settling): Promise<void> {
  const order = orderCandidates(candidates);
  const met = new Set<string>();
  for (let at = 0; at < Math.min(order.length, MOST_FIRST) && met.size < search.top && !isOver(search); ) {
    const wave: number[] = [];
    while (at < order.length && wave.length < WAVE) {
      const row = candidates.row[order[at++]!]!;
      if (!met.has(search.deploymentOf(row))) wave.push(row);
    }
    await settleWave(search, wave, candidates);
    for (const row of wave) if (isMet(search, row)) met.add(search.deploymentOf(row));
  }
}

/** The best of each hardware, the fronts of the screen, and where nothing keeps the promise how far off it is. */
export async function settleOthers(settling: Settling): Promise<void> {
  const { search, candidates } = settling;
  await settleEachHardware(settling, orderCandidates(candidates));
  const most = Math.ceil(FRONT * (search.share ?? 1));
  const front = chooseFront(settling, most).map((i) => candidates.row[i]!);
  for (let at = 0; at < front.length && !isOver(search); at += WAVE)
    await settleWave(search, front.slice(at, at + WAVE), candidates);
  if (search.leaders.size === 0) await settleWhole(settling);
}

async function settleWave(search: Search, rows: readonly number[], candidates: Candidates): Promise<void> {
  const left = search.settle - search.results.size - search.refused.size;
  const wave = rows.filter((row) => !isDone(search, row)).slice(0, Math.max(0, left));
  await simulateRows(search, wave, true, candidates.row.length);
}

/**
 * For every hardware at every rate that has no row yet which keeps the promise one that does, among the best of it: from the best on with
 * steps that grow, and where one keeps it, halving what lies between it and the one before that did not. A hardware on which nothing keeps
 * it takes a few dozen runs, not all of its rows.
 */
async function settleEachHardware(settling: Settling, order: Uint32Array): Promise<void> {
  const { search, candidates } = settling;
  const queues = queueByHardware(settling, order);
  while (queues.size > 0 && !isOver(search)) {
    const asked = [...queues].map(([name, queue]) => [name, queue, nextPlaces(queue)] as const);
    const wave = asked.flatMap(([, { rows }, places]) => places.map((place) => rows[place]!));
    await settleWave(search, wave, candidates);
    for (const [name, queue, places] of asked) {
      if (places.length === 0) queues.delete(name);
      else noteTried(queue, places, (row) => isMet(search, row));
    }
  }
}

/** Rows of one hardware, best first. */
export interface Queue {
  readonly rows: number[];
  /** The last place that was tried and did not keep the promise, and the first found that does. */
  missed: number;
  kept: number;
  step: number;
}

export const openQueue = (rows: number[]): Queue => ({ rows, missed: -1, kept: rows.length, step: 1 });

/** Places to try next; none where nothing is left to ask. */
export function nextPlaces({ rows, missed, kept, step }: Queue): number[] {
  if (kept < rows.length) return kept - missed > 1 ? [missed + ((kept - missed) >> 1)] : [];
  if (missed === rows.length - 1) return [];
  const places: number[] = [];
  for (let at = missed + step; places.length < PER_HARDWARE && at < rows.length; at += step) places.push(at);
  return places.length > 0 ? places : [rows.length - 1];
}

export function noteTried(queue: Queue, places: readonly number[], keeps: (row: number) => boolean): void {
  const { rows, kept } = queue;
  const first = places.findIndex((place) => keeps(rows[place]!));
  if (first >= 0) queue.kept = places[first]!;
  const failed = first < 0 ? places.at(-1)! : places[first - 1];
  if (failed !== undefined) queue.missed = failed;
  if (kept === rows.length) queue.step *= 2;
}

function queueByHardware(
  { search, candidates, configurationAt, isOneRate }: Settling,
  order: Uint32Array,
): Map<string, Queue> {
  const queues = new Map<string, number[]>();
  const done = new Set<string>();
  const names = new Map<number, string>();
  const nameOf = (row: number): string => {
    const { hardware, request_rate } = configurationAt(row);
    return `${hardware} ${request_rate}`;
  };
  for (const row of search.results.keys()) if (isMet(search, row)) done.add(nameOf(row));
  for (const i of order) {
    const row = candidates.row[i]!;
    if (isDone(search, row)) continue;
    // rows of a group share their surface, and so their hardware
    const name = isOneRate ? remember(names, candidates.group[i]!, () => nameOf(row)) : nameOf(row);
    if (done.has(name)) continue;
    const rows = queues.get(name) ?? [];
    queues.set(name, rows);
    rows.push(row);
  }
  const sorted = [...queues].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([name, rows]) => [name, openQueue(rows)]));
}

/** Candidates that no other beats in both throughput per score and speed per user, front by front, as the screen sees them. */
function chooseFront({ search, candidates }: Settling, most: number): number[] {
  const speed = (i: number) => -figureOf(candidates, i, 'tpot');
  const rest = Array.from({ length: candidates.row.length }, (_, i) => i).filter(
    (i) => !isDone(search, candidates.row[i]!) && candidates.tension[i]! <= 1,
  );
  rest.sort((a, b) => speed(b) - speed(a) || candidates.score[a]! - candidates.score[b]! || a - b);
  const chosen: number[] = [];
  let left = rest;
  while (chosen.length < most && left.length > 0) {
    let best = Number.POSITIVE_INFINITY;
    const beaten: number[] = [];
    for (const i of left) {
      if (candidates.score[i]! < best) {
        best = candidates.score[i]!;
        chosen.push(i);
      } else beaten.push(i);
    }
    left = beaten;
  }
  return chosen.slice(0, most);
}

/** Of the runs that were given up, those that the screen holds for the nearest, now to their end. */
async function settleWhole({ search, candidates }: Settling): Promise<void> {
  if (search.watch.signal?.aborted) return;
  const tension = new Map(Array.from(candidates.row, (row, i) => [row, candidates.tension[i]!]));
  const given = [...search.results].filter(([, run]) => Number.isNaN(run.result.ttft.p99)).map(([row]) => row);
  const of = (row: number): number => tension.get(row) ?? Number.POSITIVE_INFINITY;
  given.sort((a, b) => of(a) - of(b) || a - b);
  await simulateRows(search, given.slice(0, WHOLE), false, candidates.row.length);
}

/** Where nothing that could be simulated keeps the promise, and little was: the nearest of the rows that a bound rules out, to tell how far off they are. */
export async function settleNearest(search: Search, nearest: readonly Near[]): Promise<Near[]> {
  const { results, leaders, watch } = search;
  if (leaders.size > 0 || results.size >= WHOLE || watch.signal?.aborted) return [];
  const all = [...nearest, ...search.ruled.values()];
  const order = all.sort((a, b) => a.short - b.short || a.row - b.row).slice(0, WHOLE - results.size);
  await simulateRows(
    search,
    order.map(({ row }) => row),
    false,
    order.length,
  );
  return order.filter(({ row }) => results.has(row) && !search.ruled.delete(row));
}
