// What a thread does with the rows of a question: screen a block of them, weigh a block, simulate one.
import type { Catalog } from '../catalog/open.ts';
import { pricesOf } from '../catalog/price-sheets.ts';
import { UserError } from '../check/issue.ts';
import { openArena } from '../columns/arena.ts';
import type { Draw } from '../metrics/draws.ts';
import { overBudget } from '../metrics/limits.ts';
import { electricityPerHour } from '../metrics/site.ts';
import { rowScore } from '../metrics/sweep.ts';
import { prepareFleet } from '../plan/pipeline/lower-fleet.ts';
import { weighFleet } from '../plan/pipeline/weigh-fleet.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import { openQuestionRows } from '../spec/question.ts';
import type { OnePool } from '../spec/shape.ts';
import type { Objective } from '../spec/types.ts';
import { makeRequests } from '../workload/make.ts';
import { moments } from '../workload/moments.ts';
import { type FleetBounds, openFleetBounds } from './bound-fleet.ts';
import { type Near, noteNear } from './bound-rows.ts';
import { floorOf } from './bounds.ts';
import { joinCandidates } from './candidates.ts';
import { openDemand } from './demand.ts';
import { openConfigurations, openGrid } from './grid.ts';
import { openLeastTime } from './least-time.ts';
import { joinLegal } from './legal.ts';
import type { Order, Report, ScreenedPart, SettledRow, WorkerStart } from './protocol.ts';
import { REASON_WORDS, REASONS } from './reasons.ts';
import { openScreen, type ScreenedGroup, screenGroup, screenRoom } from './screen-group.ts';
import { seekLoad } from './seek-load.ts';
import { LOWERING_BYTES, openSession } from './session.ts';
import { refuse, ruleOut, settle } from './settled.ts';
import { openSimulator, type Simulator, simulateClass, simulateRow } from './simulate-row.ts';
import { openUnloaded } from './unloaded.ts';

export interface RowWork {
  screen(block: number, size: number): Report;
  weigh(block: number, order: Extract<Order, { kind: 'weigh' }>): Report;
  settle(piece: number, order: Extract<Order, { kind: 'settle' }>): Report;
  seek(index: number, order: Extract<Order, { kind: 'seek' }>): Promise<Report>;
  draw(index: number, order: Extract<Order, { kind: 'draw' }>): Report;
}

/** An order in pieces that can be done in any order by anyone. */
export interface Pieces {
  readonly count: number;
  /** Pieces that are done already have a 1. */
  readonly skip?: Uint8Array;
  act(piece: number): Report | Promise<Report>;
}

export function piecesOf(rows: RowWork, order: Order): Pieces {
  if (order.kind === 'seek') return { count: order.rows.length, act: (index) => rows.seek(index, order) };
  if (order.kind === 'draw') return { count: order.rows.length, act: (index) => rows.draw(index, order) };
  if (order.kind === 'settle') return { count: order.cuts.length, act: (piece) => rows.settle(piece, order) };
  const { blocks: count, skip } = order;
  const act = (block: number): Report =>
    order.kind === 'screen' ? rows.screen(block, order.size) : rows.weigh(block, order);
  return { count, ...(skip ? { skip } : {}), act };
}

type Rows = ReturnType<typeof openQuestionRows>;

export function openRowWork(
  { text, file, seed, shape, objectives, detail, module }: Omit<WorkerStart, 'control'>,
  catalog: Catalog,
): RowWork {
  const rows = openQuestionRows(text, file, catalog, seed, { unloaded: openUnloaded(catalog) });
  const screen = shape ? openScreening(rows, shape, objectives, catalog, module) : null;
  const simulator = openSimulator(catalog, openSession(catalog, openArena(LOWERING_BYTES), module), detail);
  const bounds = openFleetBounds(catalog, simulator.share);
  const leastTime = openLeastTime(catalog, simulator.share);
  return {
    screen(block, size) {
      if (!screen) throw new Error('nothing of this shape is screened');
      return screen(block, size);
    },
    weigh(block, { size, rows: count, bounded, objective }) {
      const last = Math.min(count, (block + 1) * size);
      const weighing = { rows, objective, catalog, simulator, bounds: bounded ? bounds : null, leastTime };
      return weighBlock(weighing, block * size, last, block);
    },
    settle(piece, { rows: wave, cuts, hasty }) {
      const index = cuts[piece]!;
      const part = wave.subarray(index, cuts[piece + 1]);
      return {
        kind: 'settled',
        index,
        rows: Array.from(part, (row) => settleRow(simulator, bounds, rows, row, hasty)),
      };
    },
    async seek(index, { rows: asked, tolerance }) {
      const row = await seekLoad(simulator, () => rows.at(asked[index]!).spec, tolerance);
      return { kind: 'sought', index, row };
    },
    draw(index, { rows: asked, seeds, objective }) {
      const draw = drawRow(simulator, rows.at(asked[index]!).spec, seeds[index]!, objective);
      return { kind: 'drawn', index, draw };
    },
  };
}

/** `hasty`: also a row that a bound under its own limits rules out is not run, whatever else the thread knows of it. */
function settleRow(simulator: Simulator, bounds: FleetBounds, rows: Rows, row: number, hasty: boolean): SettledRow {
  const { catalog, session, share } = simulator;
  const found = refusing(() => {
    const { spec } = rows.at(row);
    const lowered = prepareFleet(spec, catalog, session, share);
    const clientOf = (name: string) => lowered.program.clients[lowered.clients.findIndex(({ pool }) => pool === name)];
    const slow = hasty ? bounds.tooSlow(spec, clientOf) : null;
    return slow ? ruleOut({ row, ...slow }) : settle(simulateClass(simulator, spec, hasty, lowered));
  });
  return typeof found === 'string' ? refuse(found) : found;
}

/** A row under another draw of its traffic, run to its end. */
function drawRow(simulator: Simulator, spec: FleetSpec, seed: number, objective: Objective): Draw {
  const drawn = { ...spec, workload: { ...spec.workload, seed } };
  const { result } = simulateRow(simulator, drawn, false);
  return { met: result.slo_met, score: rowScore(objective, result) };
}

function openScreening(
  rows: Rows,
  shape: OnePool,
  objectives: readonly Objective[],
  catalog: Catalog,
  module: WebAssembly.Module,
) {
  const { first } = rows;
  const grid = openGrid(shape);
  const session = openSession(catalog, openArena(LOWERING_BYTES + screenRoom(shape, grid) + 65536), module);
  const { watts, power, workload } = first;
  const source = { catalog, prices: pricesOf(first, catalog), watts, power, seed: workload.seed };
  const requests = makeRequests(workload, {
    catalogShape: (id) => catalog.shape(id),
    requestRate: workload.request_rate,
  });
  const { any, keeps } = rows;
  // rows that are left out lend their limits to the groups that they stand in
  const question = { shape, objectives, first, keeps, configurationAt: openConfigurations({ at: any }, shape) };
  const screen = openScreen(question, grid, source, session, moments(requests), openDemand(first, catalog));
  return (block: number, size: number): Report => {
    const last = Math.min(grid.groups, (block + 1) * size);
    const groups: ScreenedGroup[][] = [];
    for (let group = block * size; group < last; group++) groups.push(screenGroup(screen, group));
    const parts = objectives.map((_, k) => joinGroups(groups.map((screened) => screened[k]!)));
    const basisOf = (screened: ScreenedGroup[]) => screened.find(({ basis }) => basis !== null)?.basis ?? null;
    return { kind: 'screened', block, parts, bases: groups.map(basisOf) };
  };
}

function joinGroups(groups: readonly ScreenedGroup[]): ScreenedPart {
  const rejected = new Float64Array(REASONS.length);
  for (const one of groups)
    one.rejected.forEach((count, i) => {
      rejected[i]! += count;
    });
  return {
    rejected,
    feasible: groups.reduce((sum, { feasible }) => sum + feasible, 0),
    margin: groups.reduce((least, { margin }) => Math.min(least, margin), Number.POSITIVE_INFINITY),
    nearest: groups.flatMap(({ nearest }) => nearest),
    candidates: joinCandidates(groups.map(({ candidates }) => candidates)),
    legal: joinLegal(groups.map(({ legal }) => legal)),
  };
}

interface Weighing {
  readonly rows: Rows;
  readonly objective: Objective;
  readonly catalog: Catalog;
  readonly simulator: Simulator;
  /** null where rows that are proved too slow are wanted too. */
  readonly bounds: FleetBounds | null;
  readonly leastTime: ReturnType<typeof openLeastTime>;
}

/** What the scores of rows `first` to `last` cannot undercut, or why they cannot be. */
function weighBlock(weighing: Weighing, first: number, last: number, block: number): Report {
  const { rows, bounds } = weighing;
  const row: number[] = [];
  const floor: number[] = [];
  const reasons = new Map<string, number>();
  const nearest: Near[] = [];
  let margin = Number.POSITIVE_INFINITY;
  for (let i = first; i < last; i++) {
    if (!rows.keeps(i)) {
      reasons.set(REASON_WORDS.where, (reasons.get(REASON_WORDS.where) ?? 0) + 1);
      continue;
    }
    const found = refusing(() => {
      const { spec } = rows.at(i);
      const weight = weighRow(weighing, spec);
      const slow = bounds?.tooSlow(spec, (pool) => weight.pools.get(pool)?.client);
      if (!slow) return weight;
      margin = Math.min(margin, slow.short);
      noteNear(nearest, { row: i, ...slow });
      return REASON_WORDS[slow.reason];
    });
    if (typeof found === 'string') {
      reasons.set(found, (reasons.get(found) ?? 0) + 1);
      continue;
    }
    row.push(i);
    floor.push(floorOf(weighing.objective, found, found));
  }
  return {
    kind: 'weighed',
    block,
    margin,
    nearest,
    legal: { row: Float64Array.from(row), floor: Float64Array.from(floor) },
    reasons,
  };
}

/** Throws UserError, or a reason in words, where nothing can be said of what the row costs. */
function weighRow({ objective, catalog, simulator, bounds, leastTime }: Weighing, spec: FleetSpec) {
  const { session, share } = simulator;
  const weight = weighFleet(spec, catalog, bounds && { lowering: session.lowering, share });
  const { seconds: elapsed, tokens } = leastTime(spec, (pool) => (bounds ? weight.pools.get(pool)?.client : undefined));
  const { priced, metered } = OBJECTIVE[objective];
  const isPaid = priced && spec.power.usd_per_kwh !== null;
  const drawn = weight.idleWatts + (bounds && (metered || isPaid) ? bounds.watts(spec, weight.pools) : 0);
  const found = {
    ...weight,
    usdPerHour: weight.usdPerHour + electricityPerHour(drawn, spec.power),
    watts: drawn * spec.power.pue,
    elapsed,
    mostTokens: elapsed > 0 ? tokens / elapsed : Number.POSITIVE_INFINITY,
  };
  // what its engines draw is known when they have run
  const taken = { devices: weight.devices, usd_per_hour: weight.usdPerHour, power_w: 0, elapsed };
  if (overBudget(spec.budget, taken).length > 0) throw new Unranked(REASON_WORDS['over-budget']);
  const { unpriced, unmetered } = weight;
  if (metered && unmetered.length > 0) throw new Unranked(`no watts are known for ${unmetered.join(', ')}`);
  if (!priced) return found;
  if (unpriced.length > 0) throw new Unranked(`no price is known for ${unpriced.join(', ')}`);
  if (spec.power.usd_per_kwh !== null && unmetered.length > 0)
    throw new Unranked(`electricity is to be paid, and no watts are known for ${unmetered.join(', ')}`);
  return found;
}

/** A row that can be, but that the objective can say nothing of. */
class Unranked extends Error {}

/** What `act` returns, or in words why this row cannot be: where in the spec, and what would have to be. */
function refusing<T>(act: () => T): T | string {
  try {
    return act();
  } catch (error) {
    if (error instanceof Unranked) return error.message;
    if (!(error instanceof UserError)) throw error;
    const { path, expected, received } = error.issues[0]!;
    // figures of their own would make every row a reason of its own
    return `${path}: not ${expected}${/\d/.test(received) ? '' : ` (${received})`}`;
  }
}
