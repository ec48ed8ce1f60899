// What a sweep simulates, and in which order: the best of all, then the best of each hardware, then the screen's own fronts.
import type { RunResult } from '../metrics/types.ts';
import { rowAt } from '../spec/rows.ts';
import type { Spec } from '../spec/types.ts';
import { type Candidates, deploymentOf, figureOf, orderCandidates } from './candidates.ts';
import type { Settled } from './keep.ts';
import type { Pool } from './pool.ts';

/** Candidates per wave: what is simulated next depends on whole waves only, never on which worker was faster. */
const WAVE = 64;
/** Candidates of one hardware per wave, and in all, while none of it keeps the promise. */
const PER_HARDWARE = 8;
const MOST_PER_HARDWARE = 256;
/** Candidates from the fronts of the screen, for pictures whose best points are simulated ones. */
const FRONT = 192;

export interface SettleWatch {
  readonly onProgress?: (done: number, total: number, words: string) => void;
  readonly signal?: AbortSignal;
}

interface Round {
  readonly pool: Pool;
  readonly spec: Spec;
  readonly candidates: Candidates;
  readonly watch: SettleWatch;
  readonly settled: Map<number, RunResult>;
  /** Deployments that keep the promise with one of their settings: the others are not tried. */
  readonly met: Set<string>;
}

/** Simulates candidates until the question is answered; at most `settle` of them. */
export async function settleCandidates(
  pool: Pool,
  spec: Spec,
  candidates: Candidates,
  watch: SettleWatch,
): Promise<Settled> {
  const round: Round = { pool, spec, candidates, watch, settled: new Map(), met: new Set() };
  const order = Array.from(orderCandidates(candidates));
  await settleBest(round, order);
  await settleEachHardware(round, order);
  await settleWaves(round, chooseFront(round));
  return round.settled;
}

function isOver({ settled, spec, watch }: Round): boolean {
  return settled.size >= spec.settle || (watch.signal?.aborted ?? false);
}

/** Best first, until `top` deployments keep the promise. */
async function settleBest(round: Round, order: readonly number[]): Promise<void> {
  let at = 0;
  while (at < order.length && round.met.size < round.spec.top && !isOver(round)) {
    const wave: number[] = [];
    while (at < order.length && wave.length < WAVE) {
      const i = order[at++];
      if (!round.met.has(deploymentOf(round.spec, round.candidates, i))) wave.push(i);
    }
    await settleWave(round, wave);
  }
}

/** For every hardware that has no row yet which keeps the promise: its best first, a few per wave, until one does. */
async function settleEachHardware(round: Round, order: readonly number[]): Promise<void> {
  const queues = queueByHardware(round, order);
  while (queues.size > 0 && !isOver(round)) {
    const wave: number[] = [];
    for (const queue of queues.values()) wave.push(...queue.rest.splice(0, PER_HARDWARE));
    await settleWave(round, wave);
    for (const [hardware, queue] of queues) {
      queue.tried += PER_HARDWARE;
      const keeps = wave.some((i) => queue.all.has(i) && round.settled.get(i)?.slo_met);
      if (keeps || queue.rest.length === 0 || queue.tried >= MOST_PER_HARDWARE) queues.delete(hardware);
    }
  }
}

interface Queue {
  readonly all: Set<number>;
  readonly rest: number[];
  tried: number;
}

function queueByHardware({ spec, candidates, settled }: Round, order: readonly number[]): Map<string, Queue> {
  const byGroup = new Map<number, string>();
  const queues = new Map<string, Queue>();
  const done = new Set<string>();
  for (const i of order) {
    const group = candidates.group[i];
    const hardware = byGroup.get(group) ?? rowAt(spec, candidates.row[i]).hardware;
    byGroup.set(group, hardware);
    if (settled.get(i)?.slo_met) done.add(hardware);
    if (settled.has(i)) continue;
    const queue = queues.get(hardware) ?? { all: new Set(), rest: [], tried: 0 };
    queues.set(hardware, queue);
    queue.all.add(i);
    queue.rest.push(i);
  }
  for (const hardware of done) queues.delete(hardware);
  return new Map([...queues].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Candidates that no other beats in both throughput per score and speed per user, front by front, as the screen sees them. */
function chooseFront({ candidates, settled }: Round): number[] {
  const speed = (i: number) => -figureOf(candidates, i, 'tpot');
  const rest = Array.from({ length: candidates.row.length }, (_, i) => i).filter(
    (i) => !settled.has(i) && candidates.tension[i] <= 1,
  );
  rest.sort((a, b) => speed(b) - speed(a) || candidates.score[a] - candidates.score[b] || a - b);
  const chosen: number[] = [];
  let left = rest;
  while (chosen.length < FRONT && left.length > 0) {
    let best = Number.POSITIVE_INFINITY;
    const beaten: number[] = [];
    for (const i of left) {
      if (candidates.score[i] < best) {
        best = candidates.score[i];
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

async function settleWave(round: Round, wanted: readonly number[]): Promise<void> {
  const { pool, spec, candidates, watch, settled, met } = round;
  const wave = wanted.slice(0, Math.max(0, spec.settle - settled.size));
  const rows = Float64Array.from(wave, (i) => candidates.row[i]);
  await pool.work({ kind: 'settle', rows }, (report) => {
    if (report.kind !== 'settled') return;
    settled.set(wave[report.index], report.result);
    watch.onProgress?.(settled.size, Math.min(spec.settle, candidates.row.length), 'settling');
  });
  for (const i of wave) if (settled.get(i)?.slo_met) met.add(deploymentOf(spec, candidates, i));
}
