// Screens one group of a sweep: binds its deployment, lowers its surface, runs the closed-form kernel over its rows.

import {
  CURVE_SIZE,
  SCREEN_ADVANCE,
  SCREEN_DRAFTS,
  SCREENED_FEASIBLE,
  SCREENED_NO_ROOM,
  SCREENED_OVERLOADED,
  SCREENED_TPOT,
  SCREENED_TTFT,
} from '../../assembly/layout/screen.ts';
import type { Basis } from '../catalog/types.ts';
import { reservesFinal } from '../check/scheduler-lists.ts';
import { scoreOf } from '../metrics/objective.ts';
import { electricityPerHour } from '../metrics/site.ts';
import { bindDeployment, blocksOf, type Deployment, isRefusal, type PlanSource } from '../plan/deployment.ts';
import { lowerSurface } from '../plan/lower.ts';
import { schedulerRefusal } from '../plan/scheduler.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import { defaultsKey } from '../spec/profile.ts';
import { expectedAdvance } from '../spec/speculative.ts';
import type { AxisField, Configuration, Objective, Spec } from '../spec/types.ts';
import type { Moments } from '../workload/moments.ts';
import { type Candidates, NO_CANDIDATES, type Offer, packOffers, VARIANTS } from './candidates.ts';
import type { Grid } from './grid.ts';
import { REASONS, reasonIndex } from './reasons.ts';
import {
  fillInner,
  type InnerTables,
  inFlightOf,
  listInner,
  placeScreen,
  type ScreenColumns,
  screenBytes,
} from './screen-columns.ts';
import type { Session } from './session.ts';
import { fillQuestion } from './tails.ts';

/** What screening a group comes to. */
export interface ScreenedGroup {
  /** Rows fallen, by position in REASONS. */
  readonly rejected: Float64Array;
  readonly feasible: number;
  readonly candidates: Candidates;
  readonly basis: Basis | null;
}

/** Everything that the groups of a sweep share in one worker. */
export interface Screen {
  readonly spec: Spec;
  readonly grid: Grid;
  readonly source: PlanSource;
  readonly session: Session;
  readonly moments: Moments;
  readonly columns: ScreenColumns;
  readonly inner: Map<string, InnerTables>;
  /** Defaults and dp that the columns were last filled for. */
  filled: string;
}

/** Fields that tell curves apart, and KV classes. */
const CURVE_FIELDS: readonly AxisField[] = ['batching', 'max_num_batched_tokens'];
const CLASS_FIELDS: readonly AxisField[] = [
  ...CURVE_FIELDS,
  'admission',
  'gpu_memory_utilization',
  'block_size',
  'num_gpu_blocks',
  'max_num_seqs',
  'preemption_mode',
  'swap_space',
  'num_cpu_blocks',
  'num_scheduler_steps',
];

/** The most combinations that the axes among `fields` have; blank fields follow profile and device, one value per group. */
function combinations(spec: Spec, fields: readonly AxisField[]): number {
  return spec.axes.reduce((n, axis) => (fields.includes(axis.field) ? n * axis.values.length : n), 1);
}

/** Bytes that openScreen takes. */
export function screenRoom(spec: Spec, grid: Grid): number {
  return screenBytes(grid.size, combinations(spec, CURVE_FIELDS), combinations(spec, CLASS_FIELDS)) + 4096;
}

export function openScreen(spec: Spec, grid: Grid, source: PlanSource, session: Session, moments: Moments): Screen {
  const columns = placeScreen(
    session.arena,
    grid.size,
    combinations(spec, CURVE_FIELDS),
    combinations(spec, CLASS_FIELDS),
  );
  fillQuestion(columns.cells, moments, spec.slo);
  return { spec, grid, source, session, moments, columns, inner: new Map(), filled: '' };
}

function innerConfigurations(grid: Grid, group: number): Configuration[] {
  return Array.from({ length: grid.size }, (_, i) => grid.configuration(group, i));
}

/** Screens group `group`. */
export function screenGroup(screen: Screen, group: number): ScreenedGroup {
  const rejected = new Float64Array(REASONS.length);
  const refuseAll = (reason: string): ScreenedGroup => {
    rejected[reasonIndex(reason)] += screen.grid.size;
    return { rejected, feasible: 0, candidates: NO_CANDIDATES, basis: null };
  };
  const first = screen.grid.configuration(group, 0);
  const bound = bindDeployment(first, screen.source);
  if (isRefusal(bound)) return refuseAll(bound.reason);
  if (needsPrice(screen.spec.objective)) {
    if (Number.isNaN(bound.usdPerDeviceHour)) return refuseAll('no-price');
    if (screen.spec.power.usd_per_kwh !== null && bound.hardware.tdp_w === null) return refuseAll('no-watts');
  }
  const inner = innerOf(screen, group, bound);
  const refusals = fillRoom(screen, inner, bound);
  if (refusals.every((reason) => reason !== null)) {
    for (let i = 0; i < screen.grid.size; i++) rejected[reasonIndex(refusals[inner.classOf[i]]!)]++;
    return { rejected, feasible: 0, candidates: NO_CANDIDATES, basis: null };
  }
  const { basis } = runKernel(screen, inner, bound);
  const feasible = countRows(screen, inner, refusals, rejected);
  return { rejected, feasible, candidates: chooseOffers(screen, inner, refusals, bound, group), basis };
}

function needsPrice(objective: Objective): boolean {
  return OBJECTIVE[objective].priced;
}

/** The inner rows under the group's profile and device; written into the columns when their defaults or dp changed. */
function innerOf(screen: Screen, group: number, bound: Deployment): InnerTables {
  const profile = bound.profile.id;
  const key = defaultsKey(screen.spec.profileDefaults, profile, bound.hardware.id) ?? profile;
  let inner = screen.inner.get(key);
  if (!inner) {
    inner = listInner(innerConfigurations(screen.grid, group));
    screen.inner.set(key, inner);
  }
  const filled = `${key}/${bound.split.dp}`;
  if (screen.filled !== filled) {
    const { arrivals, num_requests } = screen.spec.workload;
    fillInner(screen.columns, inner, inFlightOf(arrivals, num_requests), bound.split.dp);
    screen.filled = filled;
  }
  return inner;
}

/** Sequences that fit by KV class, and why a class has no room at all (null = it has). */
function fillRoom(screen: Screen, inner: InnerTables, bound: Deployment): (string | null)[] {
  return inner.classes.map((row, k) => {
    const configuration = inner.configurations[row];
    const capacity = blocksOf(bound, configuration);
    const tokens = capacity.blocks * configuration.block_size;
    screen.columns.room[k] = tokens / tokensHeld(screen.moments, configuration, bound.key.speculation?.drafts ?? 0);
    if (capacity.reason) return capacity.reason;
    const refused = schedulerRefusal(configuration, bound, capacity.blockBytes);
    if (refused) return refused.reason;
    return tokens < screen.moments.final_max ? 'no-room-for-a-request' : null;
  });
}

/** Mean KV tokens that a running sequence holds: what it has reached, with its drafts, or its final length where that is reserved. */
function tokensHeld(moments: Moments, configuration: Configuration, drafts: number): number {
  const partial = configuration.block_size / 2 + drafts;
  if (!reservesFinal(configuration)) return Math.max(moments.context_mean, moments.prompt_mean) + partial;
  return (moments.prompt_output_mean + moments.output_sq_mean) / moments.output_mean + partial;
}

function runKernel(screen: Screen, inner: InnerTables, bound: Deployment): { basis: Basis } {
  const { session, columns } = screen;
  const lowered = lowerSurface(bound.key, session.lowering, columns.surface);
  const record = columns.cells.byteOffset;
  const drafts = bound.key.speculation?.drafts ?? 0;
  columns.cells[SCREEN_ADVANCE] = expectedAdvance(screen.spec.base.speculative_config, drafts);
  columns.words[SCREEN_DRAFTS * 2] = drafts;
  inner.curves.forEach(({ batching, budget }, k) => {
    const curve = columns.curves.byteOffset + k * CURVE_SIZE * 8;
    session.kernels.screenCurve(record, curve, batching, budget * bound.split.dp * bound.split.pp);
  });
  session.kernels.screenRows(record);
  return { basis: lowered.basis };
}

const STATUS_REASON: Readonly<Record<number, string>> = {
  [SCREENED_OVERLOADED]: 'overloaded',
  [SCREENED_TTFT]: 'ttft-over-limit',
  [SCREENED_TPOT]: 'tpot-over-limit',
  [SCREENED_NO_ROOM]: 'no-room-for-a-request',
};

/** Counts the fallen by reason; returns how many stand. */
function countRows(
  screen: Screen,
  inner: InnerTables,
  refusals: readonly (string | null)[],
  rejected: Float64Array,
): number {
  let feasible = 0;
  for (let i = 0; i < screen.grid.size; i++) {
    const reason = refusals[inner.classOf[i]] ?? STATUS_REASON[screen.columns.status[i]];
    if (reason === undefined) feasible++;
    else rejected[reasonIndex(reason)]++;
  }
  return feasible;
}

/** The best VARIANTS rows of each deployment of the group. */
function chooseOffers(
  screen: Screen,
  inner: InnerTables,
  refusals: readonly (string | null)[],
  bound: Deployment,
  group: number,
): Candidates {
  const { columns, grid } = screen;
  const best = new Map<string, Offer[]>();
  for (let i = 0; i < grid.size; i++) {
    if (columns.status[i] !== SCREENED_FEASIBLE || refusals[inner.classOf[i]] !== null) continue;
    const offer = offerOf(screen, inner.configurations[i], bound, group, i);
    if (Number.isNaN(offer.score)) continue;
    const key = deploymentKey(inner.configurations[i]);
    const list = best.get(key);
    if (!list) best.set(key, [offer]);
    else insertOffer(list, offer);
  }
  return packOffers([...best.values()].flat());
}

/** Inner fields that make another deployment, not another setting of the same one. */
function deploymentKey(configuration: Configuration): string {
  return `${configuration.replicas}/${configuration.request_rate}`;
}

function insertOffer(list: Offer[], offer: Offer): void {
  const before = (a: Offer, b: Offer) => a.score - b.score || a.tension - b.tension || a.row - b.row;
  if (list.length === VARIANTS && before(offer, list[VARIANTS - 1]) >= 0) return;
  let at = list.length;
  while (at > 0 && before(offer, list[at - 1]) < 0) at--;
  list.splice(at, 0, offer);
  if (list.length > VARIANTS) list.pop();
}

function offerOf(screen: Screen, configuration: Configuration, bound: Deployment, group: number, i: number): Offer {
  const { columns, spec, moments, grid } = screen;
  const devices = bound.devices * configuration.replicas;
  const measured = {
    usdPerHour: bound.usdPerDeviceHour * devices + electricityPerHour(columns.watts[i], spec.power),
    outputThroughput: columns.served[i] * moments.output_mean,
    watts: columns.watts[i],
    devices,
  };
  return {
    row: grid.row(group, i),
    group,
    score: scoreOf(spec.objective, measured),
    tension: tensionOf(spec, columns, i),
    figures: [
      columns.batch[i],
      columns.ttft[i],
      columns.tpot[i],
      columns.ttftTail[i],
      columns.tpotTail[i],
      columns.load[i],
      columns.served[i],
      columns.watts[i],
    ],
  };
}

/** The largest share of a limit that the estimates use; without limits, the load. */
function tensionOf(spec: Spec, columns: ScreenColumns, i: number): number {
  let tension = spec.slo.length > 0 ? 0 : columns.load[i];
  for (const { metric, percentile, limit } of spec.slo) {
    const central = percentile === 'mean' || percentile === 'p50';
    if (metric === 'ttft') tension = Math.max(tension, (central ? columns.ttft[i] : columns.ttftTail[i]) / limit);
    if (metric === 'tpot') tension = Math.max(tension, (central ? columns.tpot[i] : columns.tpotTail[i]) / limit);
  }
  return tension;
}
