// Rules rows of a screened group out by what no run can undercut: too few engines for what is due, prompts late with an engine for themselves.
import { SCREEN_DRAFTS, SCREENED_FEASIBLE } from '../../assembly/layout/screen.ts';
import { SURFACE_IDLE_W } from '../../assembly/layout/surface.ts';
import { isBatchOfOne } from '../check/scheduler-lists.ts';
import { blocksOf, type Deployment } from '../plan/deployment.ts';
import { remember } from '../plan/priced-ops.ts';
import { type Bound, boundOf, type Deadlines, type Demand, floorOf } from './bounds.ts';
import type { StepLimits } from './least-work.ts';
import { type Reason, reasonIndex } from './reasons.ts';
import type { InnerTables } from './screen-columns.ts';
import type { Screen } from './screen-group.ts';

/** The rows of a group, bound and priced. */
export interface Group {
  readonly screen: Screen;
  readonly inner: InnerTables;
  readonly refusals: readonly (string | null)[];
  readonly bound: Deployment;
  readonly group: number;
  /** Why row `i` cannot be; null where it can. */
  refusalAt(i: number): string | null;
}

/** Rows that can be, with what their score cannot undercut; counts those that cannot, or that are proved too slow, by reason. */
export function boundRows(of: Group, rejected: Float64Array) {
  const { screen, inner, bound, group } = of;
  const { grid, columns, question } = screen;
  const bounds = openBounds(of);
  const row: number[] = [];
  const floor: number[] = [];
  const out = new Uint8Array(grid.size);
  const nearest: Near[] = [];
  let [feasible, margin] = [0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < grid.size; i++) {
    const configuration = inner.configurations[i]!;
    const { demand, ...proved } = bounds(configuration.request_rate);
    const short = proved.engines / configuration.replicas;
    const usdPerHour = bound.usdPerDeviceHour * bound.devices * configuration.replicas;
    const watts = columns.surface[SURFACE_IDLE_W]! * configuration.replicas * question.first.power.pue;
    const weight = { usdPerHour, devices: bound.devices * configuration.replicas, watts };
    const score = floorOf(question.objective, weight, demand);
    const late = proved.isLate ? 'late-alone' : short > 1 + 1e-9 ? 'too-few' : null;
    const reason = of.refusalAt(i) ?? (Number.isNaN(score) ? 'unranked' : late);
    if (reason === 'too-few') margin = Math.min(margin, short);
    if (reason !== null) {
      rejected[reasonIndex(reason)]!++;
      out[i] = 1;
      if (late !== null && reason === late) noteNear(nearest, { row: grid.row(group, i), reason, short });
      continue;
    }
    row.push(grid.row(group, i));
    floor.push(score);
    if (columns.status[i] === SCREENED_FEASIBLE) feasible++;
  }
  return {
    feasible,
    margin,
    nearest,
    ruled: out,
    legal: { row: Float64Array.from(row), floor: Float64Array.from(floor) },
  };
}

/** A row that a bound rules out, and how far it is from being let through. */
export interface Near {
  readonly row: number;
  readonly reason: Reason;
  /** Engines asked for over engines there. */
  readonly short: number;
}

/** Rows of a group that are remembered: how far off is the answer where nothing keeps the promise. */
const NEAREST = 2;

export function noteNear(nearest: Near[], own: Near): void {
  nearest.push(own);
  nearest.sort((a, b) => a.short - b.short || a.row - b.row).splice(NEAREST);
}

/** What no run on the group's surface undercuts, by rate: under the loosest limits of its rows. */
function openBounds(of: Group) {
  const known = new Map<number, Bound & { readonly demand: Demand }>();
  const limits = isBounded(of) ? limitsOf(of) : null;
  return (rate: number) =>
    remember(known, rate, () => {
      const demand = of.screen.demand(rate);
      const deadlines = demand.deadlines();
      const bound = deadlines && limits ? boundOf(of.screen.columns.surface, limits(deadlines), deadlines) : UNBOUND;
      return { ...bound, demand };
    });
}

const UNBOUND: Bound = { engines: 0, isLate: false };

/** Steps of one scheduler, one token a decode, priced by the surface as it stands. */
function isBounded({ screen, inner, bound }: Group): boolean {
  const { rules, num_scheduler_steps: steps } = inner.configurations[0]!;
  const alone = bound.split.dp === 1 && !bound.key.speculation && rules?.padded_len === undefined;
  return alone && steps === 1 && screen.columns.words[SCREEN_DRAFTS * 2] === 0;
}

/** The most that a step of any row of the group can hold. */
function limitsOf({ inner, refusals, bound }: Group): (deadlines: Deadlines) => StepLimits {
  let [sequences, budget, context] = [1, 1, 0];
  let isWhole = false;
  for (const configuration of inner.configurations) {
    sequences = Math.max(sequences, configuration.max_num_seqs);
    budget = Math.max(budget, configuration.max_num_batched_tokens * bound.split.pp);
    isWhole ||= isBatchOfOne(configuration.batching) || configuration.num_scheduler_steps !== 1;
  }
  inner.classes.forEach((row, k) => {
    if (refusals[k] !== null) return;
    const { blocks, blockTokens, pages } = blocksOf(bound, inner.configurations[row]!);
    context = Math.max(context, pages ? Number.POSITIVE_INFINITY : blocks * blockTokens);
  });
  return ({ longest }) => ({
    sequences,
    tokens: isWhole ? Number.MAX_SAFE_INTEGER : Math.max(budget, longest + sequences),
    context,
    longest,
  });
}
