// Which rows a sweep keeps and in what order: settled ones that keep the promise, those that do not, then a sample of the screened.
import type { Basis, ErrorBand } from '../catalog/types.ts';
import { achieved } from '../metrics/limits.ts';
import { scoreOf } from '../metrics/objective.ts';
import { electricityPerHour } from '../metrics/site.ts';
import type { KeptRow, RunResult } from '../metrics/types.ts';
import type { PlanSource } from '../plan/deployment.ts';
import { rowAt } from '../spec/rows.ts';
import type { Configuration, Spec } from '../spec/types.ts';
import type { Moments } from '../workload/moments.ts';
import { type Candidates, deploymentOf, type Figure, figureOf, type Screened } from './candidates.ts';

/** Results by candidate. */
export type Settled = ReadonlyMap<number, RunResult>;

/** How far figures may be off, by what their prices rest on. */
type Bands = Readonly<Record<Basis, ErrorBand>>;

/** Screened rows kept beside the settled ones, so that pictures show the space and not only its best corner. */
const SCREENED_KEPT = 1500;

export function keepRows(
  spec: Spec,
  screened: Screened,
  settled: Settled,
  order: Uint32Array,
  moments: Moments,
  source: PlanSource,
  bands: Bands,
) {
  const { candidates } = screened;
  const row = (i: number) => makeRow(spec, screened, i, settled.get(i) ?? null, moments, source, bands);
  const met: number[] = [];
  const missed: number[] = [];
  for (const [i, result] of settled) (result.slo_met ? met : missed).push(i);
  const rank = (a: number, b: number) =>
    compareRuns(spec, settled.get(a)!, settled.get(b)!) || candidates.row[a] - candidates.row[b];
  met.sort(rank);
  missed.sort(rank);
  const kept = [...bestFirst(spec, candidates, met), ...missed, ...sampleScreened(order, settled)].map(row);
  return { kept: markFront(kept), reordered: shareReordered(spec, candidates, settled) };
}

/** The best row of each deployment, then the other settings of the same deployments. */
function bestFirst(spec: Spec, candidates: Candidates, ranked: readonly number[]): number[] {
  const seen = new Set<string>();
  const best: number[] = [];
  const others: number[] = [];
  for (const i of ranked) {
    const name = deploymentOf(spec, candidates, i);
    (seen.has(name) ? others : best).push(i);
    seen.add(name);
  }
  return [...best, ...others];
}

/** By the objective, then by how much room is left to the limits; runs that were given up come last. */
function compareRuns(spec: Spec, a: RunResult, b: RunResult): number {
  const byScore = runScore(spec, a) - runScore(spec, b);
  if (byScore !== 0 && !Number.isNaN(byScore)) return byScore;
  const byTension = runTension(spec, a) - runTension(spec, b);
  return Number.isNaN(byTension) ? 0 : byTension;
}

function runScore(spec: Spec, run: RunResult): number {
  return scoreOf(spec.objective, {
    usdPerHour: run.usd_per_hour,
    outputThroughput: run.output_throughput,
    watts: run.power_w,
    devices: run.devices,
  });
}

/** The largest share of a limit that the run used; infinite where it was given up. */
function runTension(spec: Spec, run: RunResult): number {
  let tension = 0;
  for (const slo of spec.slo) {
    const value = achieved(run, slo);
    tension = Math.max(tension, Number.isNaN(value) ? Number.POSITIVE_INFINITY : value / slo.limit);
  }
  return tension;
}

/** Evenly spaced over the ranking of the screen. */
function sampleScreened(order: Uint32Array, settled: Settled): number[] {
  const rest = Array.from(order).filter((i) => !settled.has(i));
  const step = Math.max(1, rest.length / SCREENED_KEPT);
  const sample: number[] = [];
  for (let at = 0; at < rest.length; at += step) sample.push(rest[Math.floor(at)]);
  return sample;
}

function makeRow(
  spec: Spec,
  screened: Screened,
  i: number,
  run: RunResult | null,
  moments: Moments,
  source: PlanSource,
  bands: Bands,
): KeptRow {
  const { candidates, bases } = screened;
  const row = candidates.row[i];
  const configuration = rowAt(spec, row);
  const { devices, usdPerHour } = priceOf(configuration, source);
  const basis = bases[candidates.group[i]] ?? 'datasheet';
  const figure = (name: Figure) => figureOf(candidates, i, name);
  const output = figure('served') * moments.output_mean;
  const watts = figure('watts') * spec.power.pue;
  const screenedCost = usdPerHour + electricityPerHour(figure('watts'), spec.power);
  return {
    row,
    configuration,
    devices,
    usd_per_hour: run?.usd_per_hour ?? screenedCost,
    screen: {
      batch: figure('batch'),
      ttft: figure('ttft'),
      tpot: figure('tpot'),
      e2el: figure('ttft') + figure('tpot') * (moments.output_mean - 1),
      ttft_tail: figure('ttftTail'),
      tpot_tail: figure('tpotTail'),
      utilisation: figure('load'),
      output_throughput_per_device: output / devices,
      usd_per_million_tokens: (screenedCost / 3600 / output) * 1e6,
      power_w: watts,
    },
    run,
    on_front: false,
    basis,
    band: bands[basis],
  };
}

function priceOf(c: Configuration, source: PlanSource): { devices: number; usdPerHour: number } {
  const devices = c.replicas * c.tensor_parallel_size * c.pipeline_parallel_size * c.data_parallel_size;
  const price = source.prices[c.hardware] ?? source.catalog.hardware(c.hardware).usd_per_hour ?? Number.NaN;
  return { devices, usdPerHour: price * devices };
}

/** A row is on the front when no other that keeps the promise is at least as good in cost, TTFT and TPOT and better in one. */
function markFront(kept: readonly KeptRow[]): KeptRow[] {
  const met = kept.filter((row) => row.run?.slo_met);
  const axes = (row: KeptRow) => [row.run!.usd_per_million_tokens, row.run!.ttft.p99, row.run!.tpot.p99];
  const points = met.map(axes);
  const front = new Set<number>();
  met.forEach((row, i) => {
    const dominated = points.some((other, j) => j !== i && dominates(other, points[i]));
    if (!dominated) front.add(row.row);
  });
  return kept.map((row) => (row.run?.slo_met && front.has(row.row) ? { ...row, on_front: true } : row));
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, k) => !(value > b[k])) && a.some((value, k) => value < b[k]);
}

/** Of all pairs of settled rows, the share that the screen's tension and the run's put in different order. */
function shareReordered(spec: Spec, candidates: Candidates, settled: Settled): number {
  const list = [...settled].map(([i, run]) => ({ screen: candidates.tension[i], run: runTension(spec, run) }));
  let pairs = 0;
  let turned = 0;
  for (let i = 0; i < list.length; i++) {
    for (let j = 0; j < i; j++) {
      const screen = list[i].screen - list[j].screen;
      const run = list[i].run - list[j].run;
      if (!(screen !== 0) || !(run !== 0) || Number.isNaN(run)) continue;
      pairs++;
      if (screen > 0 !== run > 0) turned++;
    }
  }
  return pairs > 0 ? turned / pairs : 0;
}
