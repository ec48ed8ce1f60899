// What a screened sweep simulates, and in which order: the best of all, then the best of each hardware, then the screen's own fronts.
import type { Configuration } from '../spec/types.ts';
import { type Candidates, deploymentName, figureOf, orderCandidates } from './candidates.ts';
import type { Pool } from './pool.ts';
import type { SimulatedRow } from './simulate-row.ts';

/** Candidates per wave: what is simulated next depends on whole waves only, never on which worker was faster. */
const WAVE = 64;
/** Candidates of one hardware per wave, and in all, while none of it keeps the promise. */
const PER_HARDWARE = 8;
const MOST_PER_HARDWARE = 256;
/** Candidates from the fronts of the screen, for pictures whose best points are simulated ones. */
const FRONT = 192;
/** Runs that were given up and are gone through to their end where nothing keeps the promise: how far off is the answer then. */
const WHOLE = 16;

export interface SettleWatch {
  readonly onProgress?: (done: number, total: number, words: string) => void;
  readonly signal?: AbortSignal;
}

/** What is settled of: rows, how they are bound, how many deployments are wanted and how many runs at most. */
export interface Settling {
  readonly pool: Pool;
  readonly candidates: Candidates;
  readonly top: number;
  readonly settle: number;
  configurationAt(row: number): Configuration;
}

/** By candidate: what was simulated, and what could not be after all. */
export interface Settled {
  readonly results: Map<number, SimulatedRow>;
  readonly refused: Map<number, string>;
}

interface Round extends Settling, Settled {
  readonly watch: SettleWatch;
  /** Deployments that keep the promise with one of their settings: the others are not tried. */
  readonly met: Set<string>;
}

/** Simulates candidates until the question is answered; at most `settle` of them. */
export async function settleCandidates(settling: Settling, watch: SettleWatch): Promise<Settled> {
  const round: Round = { ...settling, watch, results: new Map(), refused: new Map(), met: new Set() };
  const order = Array.from(orderCandidates(settling.candidates));
  await settleBest(round, order);
  await settleEachHardware(round, order);
  await settleWaves(round, chooseFront(round));
  if (round.met.size === 0) await settleWhole(round);
  return round;
}

function isOver({ results, refused, settle, watch }: Round): boolean {
  return results.size + refused.size >= settle || (watch.signal?.aborted ?? false);
}

function deploymentOf({ candidates, configurationAt }: Round, i: number): string {
  return deploymentName(candidates.group[i]!, configurationAt(candidates.row[i]!));
}

const isDone = ({ results, refused }: Round, i: number): boolean => results.has(i) || refused.has(i);
const isMet = ({ results }: Round, i: number): boolean => results.get(i)?.result.slo_met ?? false;

/** Best first, until `top` deployments keep the promise. */
async function settleBest(round: Round, order: readonly number[]): Promise<void> {
  let at = 0;
  while (at < order.length && round.met.size < round.top && !isOver(round)) {
    const wave: number[] = [];
    while (at < order.length && wave.length < WAVE) {
      const i = order[at++]!;
      if (!round.met.has(deploymentOf(round, i))) wave.push(i);
    }
    await settleWave(round, wave);
  }
}

/** For every hardware at every rate that has no row yet which keeps the promise: its best first, a few per wave, until one does. */
async function settleEachHardware(round: Round, order: readonly number[]): Promise<void> {
  const queues = queueByHardware(round, order);
  while (queues.size > 0 && !isOver(round)) {
    const wave: number[] = [];
    for (const queue of queues.values()) wave.push(...queue.rest.splice(0, PER_HARDWARE));
    await settleWave(round, wave);
    for (const [hardware, queue] of queues) {
      queue.tried += PER_HARDWARE;
      const keeps = wave.some((i) => queue.all.has(i) && isMet(round, i));
      if (keeps || queue.rest.length === 0 || queue.tried >= MOST_PER_HARDWARE) queues.delete(hardware);
    }
  }
}

interface Queue {
  readonly all: Set<number>;
  readonly rest: number[];
  tried: number;
}

function queueByHardware(round: Round, order: readonly number[]): Map<string, Queue> {
  const { candidates, configurationAt } = round;
  const queues = new Map<string, Queue>();
  const done = new Set<string>();
  for (const i of order) {
    const { hardware, request_rate } = configurationAt(candidates.row[i]!);
    const name = `${hardware} ${request_rate}`;
    if (isMet(round, i)) done.add(name);
    if (isDone(round, i)) continue;
    const queue = queues.get(name) ?? { all: new Set(), rest: [], tried: 0 };
    queues.set(name, queue);
    queue.all.add(i);
    queue.rest.push(i);
  }
  for (const name of done) queues.delete(name);
  return new Map([...queues].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Candidates that no other beats in both throughput per score and speed per user, front by front, as the screen sees them. */
function chooseFront(round: Round): number[] {
  const { candidates } = round;
  const speed = (i: number) => -figureOf(candidates, i, 'tpot');
  const rest = Array.from({ length: candidates.row.length }, (_, i) => i).filter(
    (i) => !isDone(round, i) && candidates.tension[i]! <= 1,
  );
  rest.sort((a, b) => speed(b) - speed(a) || candidates.score[a]! - candidates.score[b]! || a - b);
  const chosen: number[] = [];
  let left = rest;
  while (chosen.length < FRONT && left.length > 0) {
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
  return chosen.slice(0, FRONT);
}

async function settleWaves(round: Round, list: readonly number[]): Promise<void> {
  for (let at = 0; at < list.length && !isOver(round); at += WAVE) await settleWave(round, list.slice(at, at + WAVE));
}

/** Of the runs that were given up, those that the screen holds for the nearest, now to their end. */
async function settleWhole(round: Round): Promise<void> {
  const { candidates, results, watch } = round;
  if (watch.signal?.aborted) return;
  const given = [...results].filter(([, { result }]) => Number.isNaN(result.ttft.p99)).map(([i]) => i);
  given.sort((a, b) => candidates.tension[a]! - candidates.tension[b]! || candidates.row[a]! - candidates.row[b]!);
  await runRows(round, given.slice(0, WHOLE), false);
}

async function settleWave(round: Round, wanted: readonly number[]): Promise<void> {
  const left = round.settle - round.results.size - round.refused.size;
  const wave = wanted.slice(0, Math.max(0, left));
  await runRows(round, wave, true);
  for (const i of wave) if (isMet(round, i)) round.met.add(deploymentOf(round, i));
}

async function runRows(round: Round, wave: readonly number[], hasty: boolean): Promise<void> {
  const { pool, candidates, watch, results, refused, settle } = round;
  const rows = Float64Array.from(wave, (i) => candidates.row[i]!);
  await pool.work({ kind: 'settle', rows, hasty }, (report) => {
    if (report.kind !== 'settled') return;
    const i = wave[report.index]!;
    if (report.simulated) results.set(i, report.simulated);
    else refused.set(i, report.refused);
    watch.onProgress?.(results.size, Math.min(settle, candidates.row.length), 'simulating');
  });
}
