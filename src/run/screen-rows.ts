// The way through a question whose shape the screen knows: every row in closed form, then the best by simulation.
import type { Catalog } from '../catalog/open.ts';
import { priceOf, pricesOf } from '../catalog/price-sheets.ts';
import type { Basis } from '../catalog/types.ts';
import { electricityPerHour } from '../metrics/site.ts';
import { tensionOf } from '../metrics/sweep.ts';
import type { Question } from '../spec/question.ts';
import type { OnePool } from '../spec/shape.ts';
import type { Configuration, Objective, Slo } from '../spec/types.ts';
import type { Near } from './bound-rows.ts';
import {
  type Candidates,
  type Figure,
  figureOf,
  joinCandidates,
  orderCandidates,
  type Screened,
} from './candidates.ts';
import type { Estimate, Found } from './found.ts';
import { type Front, proveFront } from './front.ts';
import { openConfigurations, openGrid } from './grid.ts';
import { type Gathered, gatherLegal, openInOrder } from './legal.ts';
import type { Pool } from './pool.ts';
import { BLOCK_GROUPS, type Report, type ScreenedPart } from './protocol.ts';
import {
  fallenIn,
  isDone,
  openSearch,
  type Proof,
  prove,
  type Search,
  type Searching,
  type SearchWatch,
  tellSearch,
} from './prove.ts';
import { REASONS, reasonIndex } from './reasons.ts';
import { settleFirst, settleNearest, settleOthers } from './settle.ts';
import type { SettledRun } from './settled.ts';

/** Screened rows kept beside the simulated ones, so that pictures show the space and not only its best corner. */
const SCREENED_KEPT = 1500;

export interface Screening extends SearchWatch {
  readonly blockGroups?: number;
}

export interface Settling {
  /** Tokens of a mean answer. */
  readonly outputMean: number;
  /** What the front is of, and the rows that can be for each; none where no front is asked for. */
  readonly pareto: readonly (readonly [objective: Objective, legal: Gathered])[];
  /** Told before anything is simulated. */
  readonly onSeen?: (found: Found) => void;
}

const NOTHING_PROVED: Proof = { dearer: 0, margin: Number.POSITIVE_INFINITY, complete: false };

/**
 * Every row simulated that the proof of a screened question needs. `searching`: its deployments are told apart by their surface, replicas
 * and rate.
 */
export async function screenRows(
  searching: Searching,
  question: Question,
  shape: OnePool,
  screened: Screened,
  catalog: Catalog,
  { outputMean, pareto, onSeen }: Settling,
): Promise<Found> {
  const lookedAt = performance.now();
  const { candidates } = screened;
  const configurationAt = openConfigurations(question, shape);
  const search = openSearch(searching);
  const isOneRate = !shape.axes.some(({ field }) => field === 'request_rate');
  const settling = { search, candidates, configurationAt, isOneRate };
  const tell = (proof: Proof, rejected = screened.rejected, front: Front = {}): Found => ({
    ...front,
    ...tellScreened(search, { ...screened, rejected }, proof, question),
    ...estimateRows(search, question, screened, configurationAt, catalog, outputMean),
    lookedAt,
  });
  onSeen?.(tell(NOTHING_PROVED));
  await settleFirst(settling);
  const proof = await prove(search, screened.legal, false);
  const front = await proveFront(search, pareto);
  await settleOthers(settling);
  const tried = await settleNearest(search, screened.nearest);
  const rejected = screened.rejected.slice();
  for (const { reason } of tried) rejected[reasonIndex(reason)]!--;
  return tell(proof, rejected, front);
}

function tellScreened(search: Search, screened: Screened, proof: Proof, question: Question) {
  const { refused } = search;
  return {
    ...tellSearch(search, screened.legal, proof, screened.margin),
    rejected: [...REASONS.map(([, words], i) => ({ words, count: screened.rejected[i]! })), ...fallenIn(search)],
    screened: {
      feasible: screened.feasible - refused.size,
      reordered: shareReordered(question, screened.candidates, search),
    },
  };
}

/** What the screen says of the rows that were simulated, and of a sample of the others. */
function estimateRows(
  search: Search,
  question: Question,
  screened: Screened,
  configurationAt: (row: number) => Configuration,
  catalog: Catalog,
  outputMean: number,
): { readonly estimates: Map<number, Estimate> } {
  const { candidates } = screened;
  const estimate = openEstimates(question, screened, configurationAt, catalog, outputMean);
  const shown = Array.from(candidates.row, (row, i) => [row, i] as const).filter(([row]) => search.results.has(row));
  const all = [...shown.map(([, i]) => i), ...sampleScreened(candidates, search)];
  return { estimates: new Map(all.map((i) => [candidates.row[i]!, estimate(i)])) };
}

/** What the screen says of every row, for each of the objectives that the pool was opened for. */
export async function screenAll(
  pool: Pool,
  shape: OnePool,
  objectives: readonly Objective[],
  options: Screening,
): Promise<Screened[]> {
  const grid = openGrid(shape);
  const size = options.blockGroups ?? BLOCK_GROUPS;
  const blocks = Math.ceil(grid.groups / size);
  const gathered = objectives.map(openScreened);
  const bases: (Basis | null)[] = new Array(grid.groups).fill(null);
  const inOrder = openInOrder(({ block, parts, bases: own }: BlockReport) => {
    for (const [k, part] of parts.entries()) gathered[k]!.add(part);
    for (const [k, basis] of own.entries()) bases[block * size + k] = basis;
  });
  let done = 0;
  await pool.work({ kind: 'screen', blocks, size }, (report) => {
    if (report.kind !== 'screened') return;
    inOrder.take(report);
    done += Math.min(grid.groups - report.block * size, size) * grid.size;
    options.onProgress?.(done, grid.rows, 'screening');
  });
  inOrder.rest();
  return gathered.map(({ done: finish }) => ({ ...finish(), bases }));
}

/** What blocks say for one objective, added up in their order. */
function openScreened() {
  const rejected = new Float64Array(REASONS.length);
  const candidates: Candidates[] = [];
  const legal = gatherLegal();
  const nearest: Near[] = [];
  let [feasible, margin] = [0, Number.POSITIVE_INFINITY];
  return {
    add(part: ScreenedPart): void {
      for (const [i, count] of part.rejected.entries()) rejected[i]! += count;
      feasible += part.feasible;
      margin = Math.min(margin, part.margin);
      candidates.push(part.candidates);
      legal.add(part.legal);
      nearest.push(...part.nearest);
    },
    done: () => ({
      ...{ rejected, feasible, margin, nearest },
      candidates: joinCandidates(candidates),
      legal: legal.done(),
    }),
  };
}

type BlockReport = Extract<Report, { kind: 'screened' }>;

/** Evenly spaced over the ranking of the screen; the first that keeps every limit by its own estimate is always among them. */
function sampleScreened(candidates: Candidates, search: Search): number[] {
  const rest = Array.from(orderCandidates(candidates)).filter((i) => !isDone(search, candidates.row[i]!));
  const step = Math.max(1, rest.length / SCREENED_KEPT);
  const places: number[] = [];
  for (let at = 0; at < rest.length; at += step) places.push(Math.floor(at));
  const keeps = rest.findIndex((i) => candidates.tension[i]! <= 1);
  if (keeps >= 0 && !places.includes(keeps)) places.push(keeps);
  return places.sort((a, b) => a - b).map((place) => rest[place]!);
}

/** What the screen says of candidates, priced. */
function openEstimates(
  { first }: Question,
  { candidates, bases }: Screened,
  configurationAt: (row: number) => Configuration,
  catalog: Catalog,
  outputMean: number,
) {
  const { power } = first;
  const prices = pricesOf(first, catalog);
  return (i: number): Estimate => {
    const figure = (name: Figure) => figureOf(candidates, i, name);
    const c = configurationAt(candidates.row[i]!);
    const devices = c.replicas * c.tensor_parallel_size * c.pipeline_parallel_size * c.data_parallel_size;
    const price = priceOf(prices, c.hardware);
    const usdPerHour = price * devices + electricityPerHour(figure('watts'), power);
    const output = figure('served') * outputMean;
    const figures = {
      batch: figure('batch'),
      ttft: figure('ttft'),
      tpot: figure('tpot'),
      e2el: figure('ttft') + figure('tpot') * (outputMean - 1),
      ttft_tail: figure('ttftTail'),
      tpot_tail: figure('tpotTail'),
      utilisation: figure('load'),
      output_throughput_per_device: output / devices,
      usd_per_million_tokens: (usdPerHour / 3600 / output) * 1e6,
      power_w: figure('watts') * power.pue,
    };
    return { figures, usdPerHour, basis: bases[candidates.group[i]!] ?? 'datasheet' };
  };
}

function tensionReached(run: SettledRun, slo: readonly Slo[]): number {
  if (run.outcome.givenUp || Number.isNaN(run.result.ttft.p99)) return Number.POSITIVE_INFINITY;
  return tensionOf(run.result, slo);
}

/** Of all pairs of simulated rows, the share that the screen's tension and the run's put in different order. */
function shareReordered({ first }: Question, candidates: Candidates, { results }: Search): number {
  const list = Array.from(candidates.row).flatMap((row, i) => {
    const found = results.get(row);
    if (!found) return [];
    return [{ screen: candidates.tension[i]!, run: tensionReached(found, first.slo) }];
  });
  let pairs = 0;
  let turned = 0;
  for (let i = 0; i < list.length; i++) {
    for (let j = 0; j < i; j++) {
      const screen = list[i]!.screen - list[j]!.screen;
      const run = list[i]!.run - list[j]!.run;
      if (!(screen !== 0) || !(run !== 0) || Number.isNaN(run)) continue;
      pairs++;
      if (screen > 0 !== run > 0) turned++;
    }
  }
  return pairs > 0 ? turned / pairs : 0;
}
