// Screens one group of a sweep: binds its deployment, lowers its surface, runs the closed-form kernel over its rows.

import { CURVE_SIZE, SCREEN_ADVANCE, SCREEN_DRAFTS } from '../../assembly/layout/screen.ts';
import type { Basis } from '../catalog/types.ts';
import { UserError } from '../check/issue.ts';
import { cutsPrompts, reservesFinal } from '../check/scheduler-lists.ts';
import { bindDeployment, blocksOf, type Deployment, isRefusal, type PlanSource } from '../plan/deployment.ts';
import { lowerSurface } from '../plan/lower.ts';
import type { KvCapacity } from '../plan/memory.ts';
import { type PoolLayout, pagesHeld } from '../plan/pages.ts';
import { schedulerRefusal } from '../plan/scheduler.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { OnePool } from '../spec/shape.ts';
import { expectedAdvance } from '../spec/speculative.ts';
import type { AxisField, Configuration, Objective } from '../spec/types.ts';
import { PROFILE_FIELDS } from '../spec/words.ts';
import type { Moments } from '../workload/moments.ts';
import { type Near, openBoundRows } from './bound-rows.ts';
import type { Demand } from './bounds.ts';
import { type Candidates, NO_CANDIDATES } from './candidates.ts';
import type { Grid } from './grid.ts';
import { type Legal, NO_ROWS } from './legal.ts';
import { chooseOffers } from './offer-rows.ts';
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
  readonly legal: Legal;
  /** The least that a row which is too few falls short by: engines asked for over engines there. */
  readonly margin: number;
  /** Of the rows that are ruled out by a bound the nearest to being let through. */
  readonly nearest: readonly Near[];
  readonly basis: Basis | null;
}

/** What is asked of every row. */
export interface ScreenQuestion {
  readonly shape: OnePool;
  /** A group is screened once for all of them. */
  readonly objectives: readonly Objective[];
  /** The first row that can be read, for what all have in common: traffic but for its rate, limits, prices, drafts. */
  readonly first: FleetSpec;
  /** Throws UserError where the reader refuses the row. */
  configurationAt(row: number): Configuration;
  /** Whether a row counts. */
  keeps(row: number): boolean;
}

/** Everything that the groups of a sweep share in one worker. */
export interface Screen {
  readonly question: ScreenQuestion;
  readonly grid: Grid;
  readonly source: PlanSource;
  readonly session: Session;
  readonly moments: Moments;
  /** What the traffic asks for, by rate. */
  readonly demand: (rate: number) => Demand;
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
function combinations({ axes }: OnePool, fields: readonly AxisField[]): number {
  return axes.reduce((n, axis) => (fields.includes(axis.field) ? n * axis.size : n), 1);
}

/** Bytes that openScreen takes. */
export function screenRoom(shape: OnePool, grid: Grid): number {
  return screenBytes(grid.size, combinations(shape, CURVE_FIELDS), combinations(shape, CLASS_FIELDS)) + 4096;
}

export function openScreen(
  question: ScreenQuestion,
  grid: Grid,
  source: PlanSource,
  session: Session,
  moments: Moments,
  demand: (rate: number) => Demand,
): Screen {
  const { shape, first } = question;
  const columns = placeScreen(
    session.arena,
    grid.size,
    combinations(shape, CURVE_FIELDS),
    combinations(shape, CLASS_FIELDS),
  );
  fillQuestion(columns.cells, moments, first.slo);
  return { question, grid, source, session, moments, demand, columns, inner: new Map(), filled: '' };
}

/** The rows of a group; null where the reader refuses one. */
function innerConfigurations({ question, grid }: Screen, group: number): (Configuration | null)[] {
  return Array.from({ length: grid.size }, (_, i) => readConfiguration(question, grid.row(group, i)));
}

function readConfiguration({ configurationAt }: ScreenQuestion, row: number): Configuration | null {
  try {
    return configurationAt(row);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** The first row of a group that counts and can be read; null where none can. */
function firstOf({ question, grid }: Screen, group: number, counts: Uint8Array): Configuration | null {
  for (let i = 0; i < grid.size; i++) {
    if (counts[i] === 0) continue;
    const found = readConfiguration(question, grid.row(group, i));
    if (found) return found;
  }
  return null;
}

/** Screens group `group` for every objective of the question. */
export function screenGroup(screen: Screen, group: number): ScreenedGroup[] {
  const { objectives, keeps } = screen.question;
  const { grid } = screen;
  const counts = new Uint8Array(grid.size);
  let left = 0;
  for (let i = 0; i < counts.length; i++) {
    if (!keeps(grid.row(group, i))) continue;
    counts[i] = 1;
    left++;
  }
  const refuseAll = (reason: string): ScreenedGroup => {
    const rejected = new Float64Array(REASONS.length);
    rejected[reasonIndex('where')]! += grid.size - left;
    rejected[reasonIndex(reason)]! += left;
    return { ...NOTHING, rejected };
  };
  const first = firstOf(screen, group, counts);
  if (!first) return objectives.map(() => refuseAll('refused'));
  const bound = bindDeployment(first, screen.source);
  if (isRefusal(bound)) return objectives.map(() => refuseAll(bound.reason));
  const unpaid = objectives.map((objective) => whyUnpaid(screen, bound, objective));
  if (unpaid.every((reason) => reason !== null)) return unpaid.map((reason) => refuseAll(reason!));
  const inner = innerOf(screen, group, bound, first);
  const { capacities, refusals } = fillRoom(screen, inner, bound);
  const refusalAt = (i: number) => (counts[i] === 0 ? 'where' : refusalOf(inner, refusals, i));
  if (refusals.every((reason) => reason !== null)) {
    const rejected = new Float64Array(REASONS.length);
    for (let i = 0; i < grid.size; i++) rejected[reasonIndex(refusalAt(i)!)]!++;
    return unpaid.map((reason) => (reason === null ? { ...NOTHING, rejected } : refuseAll(reason)));
  }
  const { basis } = runKernel(screen, inner, bound, first);
  const of = { screen, inner, capacities, refusals, bound, group, counts };
  const judge = openBoundRows(of);
  return objectives.map((objective, k) => {
    if (unpaid[k] !== null) return refuseAll(unpaid[k]!);
    const { ruled, ...proved } = judge(objective);
    return { ...proved, candidates: chooseOffers(of, objective, ruled), basis };
  });
}

/** Why an objective that needs prices has none for a deployment; null where it has, or needs none. */
function whyUnpaid({ question }: Screen, bound: Deployment, objective: Objective): string | null {
  if (!OBJECTIVE[objective].priced) return null;
  if (Number.isNaN(bound.usdPerDeviceHour)) return 'no-price';
  return question.first.power.usd_per_kwh !== null && bound.hardware.tdp_w === null ? 'no-watts' : null;
}

const NOTHING = {
  feasible: 0,
  candidates: NO_CANDIDATES,
  legal: NO_ROWS,
  margin: Number.POSITIVE_INFINITY,
  nearest: [],
  basis: null,
};

/**
 * The inner rows under the group's profile and device; written into the columns when their defaults or dp changed. Axes vary them alike
 * in every group, so what tells groups apart are the fields that follow profile and device.
 */
function innerOf(screen: Screen, group: number, bound: Deployment, first: Configuration): InnerTables {
  const key = `${bound.profile.id} ${PROFILE_FIELDS.map((field) => first[field]).join(' ')}`;
  let inner = screen.inner.get(key);
  if (!inner) {
    inner = listInner(innerConfigurations(screen, group));
    screen.inner.set(key, inner);
  }
  const filled = `${key}/${bound.split.dp}`;
  if (screen.filled !== filled) {
    const { arrivals, num_requests } = screen.question.first.workload;
    fillInner(screen.columns, inner, inFlightOf(arrivals, num_requests), bound.split.dp);
    screen.filled = filled;
  }
  return inner;
}

/** Why row `i` cannot be; null where it can. */
function refusalOf(inner: InnerTables, refusals: readonly (string | null)[], i: number): string | null {
  return inner.refused[i] === 1 ? 'refused' : refusals[inner.classOf[i]!]!;
}

/** KV blocks by class, and why a class has no room at all (null = it has): the sequences that fit are written into the columns. */
function fillRoom(screen: Screen, inner: InnerTables, bound: Deployment) {
  const capacities = inner.classes.map((row) => blocksOf(bound, inner.configurations[row]!));
  const refusals = inner.classes.map((row, k) => {
    const configuration = inner.configurations[row]!;
    const capacity = capacities[k]!;
    const held = tokensHeld(screen.moments, configuration, capacity, bound.key.speculation?.drafts ?? 0);
    screen.columns.room[k] = roomFor(capacity, held);
    if (capacity.reason) return capacity.reason;
    const refused = schedulerRefusal(configuration, bound, capacity.blockBytes);
    if (refused) return refused.reason;
    const { final_max: longest } = screen.moments;
    const step = cutsPrompts(configuration.batching) ? configuration.max_num_batched_tokens : longest;
    return capacity.blocks < pagesHeld(capacity, longest, Math.min(step, longest)) ? 'no-room-for-a-request' : null;
  });
  return { capacities, refusals };
}

/** Sequences of so many tokens that fit: of a hybrid model by their pages. */
function roomFor(capacity: KvCapacity, tokens: number): number {
  const { blocks, blockTokens, pages } = capacity;
  if (!pages) return (blocks * blockTokens) / tokens;
  const near = Math.min(tokens, pages.window + blockTokens);
  return (blocks * blockTokens) / (pages.full * tokens + pages.near * near + pages.fixed * blockTokens);
}

/** Mean KV tokens that a running sequence holds: what it has reached, with its drafts, or its final length where that is reserved. */
function tokensHeld(moments: Moments, configuration: Configuration, layout: PoolLayout, drafts: number): number {
  const partial = layout.blockTokens / 2 + drafts;
  if (!reservesFinal(configuration)) return Math.max(moments.context_mean, moments.prompt_mean) + partial;
  return (moments.prompt_output_mean + moments.output_sq_mean) / moments.output_mean + partial;
}

function runKernel(screen: Screen, inner: InnerTables, bound: Deployment, first: Configuration): { basis: Basis } {
  const { session, columns } = screen;
  const lowered = lowerSurface(bound.key, session.lowering, columns.surface);
  const record = columns.cells.byteOffset;
  const drafts = bound.key.speculation?.drafts ?? 0;
  columns.cells[SCREEN_ADVANCE] = expectedAdvance(first.speculative_config, drafts);
  columns.words[SCREEN_DRAFTS * 2] = drafts;
  inner.curves.forEach(({ batching, budget }, k) => {
    const curve = columns.curves.byteOffset + k * CURVE_SIZE * 8;
    session.kernels.screenCurve(record, curve, batching, budget * bound.split.pp);
  });
  session.kernels.screenRows(record);
  return { basis: lowered.basis };
}
