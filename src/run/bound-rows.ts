// Rules rows of a screened group out by what no run can undercut: too few engines for what is due, prompts late with an engine for themselves.
import { SCREEN_DRAFTS, SCREENED_FEASIBLE } from '../../assembly/layout/screen.ts';
import { SURFACE_IDLE_W } from '../../assembly/layout/surface.ts';
import { decodesApart, isBatchOfOne } from '../check/scheduler-lists.ts';
import { overBudget } from '../metrics/limits.ts';
import { electricityPerHour } from '../metrics/site.ts';
import type { Deployment } from '../plan/deployment.ts';
import type { KvCapacity } from '../plan/memory.ts';
import { heldWatts } from '../plan/pipeline/energy-figures.ts';
import { remember } from '../plan/priced-ops.ts';
import { poolsOfKind } from '../spec/fleet/types.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { Objective } from '../spec/types.ts';
import { type Bound, boundOf, type Deadlines, type Demand, floorOf } from './bounds.ts';
import { leastWatts } from './least-watts.ts';
import type { StepLimits } from './least-work.ts';
import { REASONS, type Reason, reasonIndex } from './reasons.ts';
import type { InnerTables } from './screen-columns.ts';
import type { Screen } from './screen-group.ts';

/** The rows of a group, bound and priced. */
export interface Group {
  readonly screen: Screen;
  readonly inner: InnerTables;
  /** By KV class. */
  readonly capacities: readonly KvCapacity[];
  readonly refusals: readonly (string | null)[];
  readonly bound: Deployment;
  readonly group: number;
  /** 0 where a row does not count (`where`). */
  readonly counts: Uint8Array;
}

/** Rows of a group that can be for an objective, with what their score cannot undercut; counts those that cannot, or that are proved too slow, by reason. */
export function openBoundRows(of: Group) {
  const { screen, inner, refusals, counts } = of;
  const bounds = openBounds(of);
  const refused = reasonIndex('refused');
  const ofClass = Int32Array.from(refusals, (reason) => (reason === null ? -1 : reasonIndex(reason)));
  const why = new Int32Array(screen.grid.size);
  for (let i = 0; i < why.length; i++) {
    if (counts[i] === 0) why[i] = LEFT_OUT;
    else why[i] = inner.refused[i] === 1 ? refused : ofClass[inner.classOf[i]!]!;
  }
  const proved = inner.deals.map((row) => bounds(inner.configurations[row]!.request_rate));
  const short = Float64Array.from(inner.deals, (row, k) => proved[k]!.engines / inner.configurations[row]!.replicas);
  const dear = inner.deals.map((row) => overBudget(screen.question.first.budget, leastOf(of, row)).length > 0);
  return (objective: Objective) => {
    const floor = Float64Array.from(inner.deals, (row, k) => floorAt(of, objective, row, proved[k]!));
    const verdict = floor.map((score, k) => {
      if (dear[k]) return OVER_BUDGET;
      return Number.isNaN(score) ? UNRANKED : lateness(proved[k]!, short[k]!);
    });
    return countRows(of, { why, floor, short, verdict: Int32Array.from(verdict) }, screen.columns.status);
  };
}

const LEFT_OUT = reasonIndex('where');
const OVER_BUDGET = reasonIndex('over-budget');
const UNRANKED = reasonIndex('unranked');
const TOO_FEW = reasonIndex('too-few');
const LATE = reasonIndex('late-alone');

const lateness = ({ isLate }: Bound, short: number): number => (isLate ? LATE : short > 1 + 1e-9 ? TOO_FEW : -1);

/** What its devices cost and draw whatever they do. */
function leastOf({ screen, inner, bound }: Group, row: number) {
  const { replicas } = inner.configurations[row]!;
  return {
    devices: bound.devices * replicas,
    usd_per_hour: bound.usdPerDeviceHour * bound.devices * replicas,
    power_w: screen.columns.surface[SURFACE_IDLE_W]! * replicas * screen.question.first.power.pue,
    elapsed: 0,
  };
}

function floorAt(of: Group, objective: Objective, row: number, { demand, watts }: GroupBound): number {
  const { power } = of.screen.question.first;
  const { priced, metered } = OBJECTIVE[objective];
  const { devices, usd_per_hour: usd, power_w: idle } = leastOf(of, row);
  const drawn = metered || (priced && power.usd_per_kwh !== null) ? idle / power.pue + watts() : 0;
  const usdPerHour = usd + electricityPerHour(drawn, power);
  return floorOf(objective, { usdPerHour, devices, watts: drawn * power.pue }, demand);
}

/** What is known of the rows of a group, and of its deployments: places in REASONS, -1 = none. */
interface Known {
  readonly why: Int32Array;
  readonly floor: Float64Array;
  readonly short: Float64Array;
  readonly verdict: Int32Array;
}

function countRows({ screen, inner, group }: Group, { why, floor, short, verdict }: Known, status: Int32Array) {
  const { grid } = screen;
  const { dealOf } = inner;
  const rejected = new Float64Array(REASONS.length);
  const ruled = new Uint8Array(grid.size);
  const legal = { row: new Float64Array(grid.size), floor: new Float64Array(grid.size) };
  const nearest: Near[] = [];
  let [left, feasible, margin] = [0, 0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < grid.size; i++) {
    const deal = dealOf[i]!;
    const reason = why[i]! >= 0 ? why[i]! : verdict[deal]!;
    if (reason < 0) {
      legal.row[left] = grid.row(group, i);
      legal.floor[left++] = floor[deal]!;
      if (status[i] === SCREENED_FEASIBLE) feasible++;
      continue;
    }
    rejected[reason]!++;
    ruled[i] = 1;
    if (reason !== TOO_FEW && reason !== LATE) continue;
    if (reason === TOO_FEW) margin = Math.min(margin, short[deal]!);
    if (nearest.length < NEAREST || short[deal]! < nearest[NEAREST - 1]!.short)
      noteNear(nearest, { row: grid.row(group, i), reason: REASONS[reason]![0], short: short[deal]! });
  }
  return {
    ...{ rejected, feasible, margin, nearest, ruled },
    legal: { row: legal.row.slice(0, left), floor: legal.floor.slice(0, left) },
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

/** What no run on the group's surface undercuts, at a rate: under the loosest limits of its rows. */
interface GroupBound extends Bound {
  readonly demand: Demand;
  /** W that its engines draw at least on top of idling; worked out when it is first asked for. */
  watts(): number;
}

function openBounds(of: Group): (rate: number) => GroupBound {
  const { screen, bound: deployment } = of;
  const { surface } = screen.columns;
  const known = new Map<number, GroupBound>();
  const limitsFor = isBounded(of) ? limitsOf(of) : null;
  return (rate: number) =>
    remember(known, rate, () => {
      const demand = screen.demand(rate);
      const deadlines = demand.deadlines();
      const limits = deadlines && limitsFor ? limitsFor(deadlines) : null;
      const bound = deadlines && limits ? boundOf(surface, limits, deadlines) : UNBOUND;
      let drawn: number | undefined;
      const watts = (): number => {
        if (!limits) return 0;
        drawn ??= leastWatts(
          surface,
          heldWatts(surface, deployment.key.hardware, deployment.devices),
          limits,
          demand.everyDeadlines(),
        );
        return drawn;
      };
      return { ...bound, demand, watts };
    });
}

const UNBOUND: Bound = { engines: 0, isLate: false };

/** Steps of one scheduler, one token a decode, priced by the surface as it stands. */
function isBounded({ screen, inner, bound }: Group): boolean {
  const { rules, num_scheduler_steps: steps } = inner.configurations[0]!;
  const alone = bound.split.dp === 1 && !bound.key.speculation && rules?.padded_len === undefined;
  return alone && steps === 1 && screen.columns.words[SCREEN_DRAFTS * 2] === 0;
}

/** What a step of any of the rows can hold at most, whatever its KV cache has: rows that group after group shares are gone through once. */
interface StepMost {
  readonly sequences: number;
  readonly budget: number;
  /** Whether some rows' steps are not cut at their budget. */
  readonly isWhole: boolean;
  /** Whether no step of any row holds both prompts and decodes. */
  readonly apart: boolean;
}

const STEPS = new WeakMap<InnerTables, StepMost>();

function stepMost(inner: InnerTables): StepMost {
  const known = STEPS.get(inner);
  if (known) return known;
  let [sequences, budget, isWhole, apart] = [1, 0, false, true];
  for (const configuration of inner.configurations) {
    sequences = Math.max(sequences, configuration.max_num_seqs);
    budget = Math.max(budget, configuration.max_num_batched_tokens);
    isWhole ||= isBatchOfOne(configuration.batching) || configuration.num_scheduler_steps !== 1;
    apart &&= decodesApart(configuration.batching);
  }
  const most = { sequences, budget, isWhole, apart };
  STEPS.set(inner, most);
  return most;
}

/** The most that a step of any row of the group can hold. */
function limitsOf({ screen, inner, capacities, refusals, bound }: Group): (deadlines: Deadlines) => StepLimits {
  const { sequences, budget: ofOne, isWhole, apart } = stepMost(inner);
  const finds = poolsOfKind(screen.question.first, 'llm').some(({ prefixCaching }) => prefixCaching === true);
  const budget = Math.max(1, ofOne * bound.split.pp);
  let context = 0;
  capacities.forEach(({ blocks, blockTokens, pages }, k) => {
    if (refusals[k] !== null) return;
    context = Math.max(context, pages ? Number.POSITIVE_INFINITY : blocks * blockTokens);
  });
  return ({ longest }) => ({
    sequences,
    tokens: isWhole ? Number.MAX_SAFE_INTEGER : Math.max(budget, longest + sequences),
    context,
    longest,
    ...{ apart, finds },
  });
}
