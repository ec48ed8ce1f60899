// Chooses constants from replayed answers: per engine profile the host, over all of them the global terms, per engine the client.
import { percentile } from '../../src/metrics/summary.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { groupSorted } from '../../src/validate/score.ts';
import { CLIENT_GRID, GLOBAL_GRID, HOST_CHOICES } from './constants.ts';
import type { GridRow } from './replay-grid.ts';

/** Rows of one deployment, metric and profile: a large sweep counts once (data/cases/SCHEMA.md section 7). */
export interface Cell {
  readonly rows: readonly GridRow[];
  readonly profile: string;
  readonly engine: string;
  readonly recent: boolean;
  /** Median |error| in % by choice; empty for first tokens, which the host does not decide. */
  readonly cost: Float64Array;
}

/** Constants by their places in the grids. */
export interface Choice {
  readonly global: number;
  /** By profile; one that no training row has takes that of its time. */
  readonly hosts: ReadonlyMap<string, number>;
  /** Profiles of 2023-24, which choose among other hosts. */
  readonly early: ReadonlySet<string>;
  readonly recentHost: number;
  readonly earlyHost: number;
  readonly clients: ReadonlyMap<string, number>;
  readonly anyClient: number;
}

const SPEEDS = new Set(['tpot_ms', 'itl_ms', 'e2e_ms']);
/** A few deployments that the model misses for another reason must not decide the constants. */
const MOST_COST = 50;
/** An engine with fewer deployments that measured first tokens takes the client of all. */
const LEAST_CLIENT_CELLS = 4;

export function isFirstToken({ row }: Prediction): boolean {
  return row.metric === 'ttft_ms' && row.cell('mode') === 'closed-loop' && Number(row.cell('length_spread')) !== 1;
}

export function cellsOf(rows: readonly GridRow[]): Cell[] {
  const wanted = rows.filter(({ shipped }) => SPEEDS.has(shipped.row.metric) || isFirstToken(shipped));
  const cells = groupSorted(wanted, ({ shipped: { row }, profile }) => [profile, row.config_id, row.metric]);
  return cells.map(({ members }) => {
    const [{ profile, recent, shipped }] = members;
    const choices = isFirstToken(shipped) ? 0 : GLOBAL_GRID.length * HOST_CHOICES;
    const cost = Float64Array.from({ length: choices }, (_, choice) =>
      median(members.map((row) => Math.min(MOST_COST, Math.abs(errorOf(row, choice, 0))))),
    );
    return { rows: members, profile, recent, engine: shipped.row.cell('engine'), cost };
  });
}

/** Error in % of a row at a choice, its prediction later by `delay` ms: of the closer of mean and median where both are allowed. */
export function errorOf({ shipped, predicted, alternative }: GridRow, choice: number, delay: number): number {
  const of = (value: number) => 100 * ((value + delay) / shipped.row.value - 1);
  const ofMean = of(predicted[choice]);
  const ofMedian = of(alternative[choice]);
  const error = Math.abs(ofMedian) < Math.abs(ofMean) ? ofMedian : ofMean;
  return Number.isNaN(error) ? 100 : error;
}

function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 50);
}

export function chooseConstants(training: readonly Cell[]): Choice {
  const speeds = training.filter(({ cost }) => cost.length > 0);
  const byProfile = groupSorted(speeds, ({ profile }) => [profile]);
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let global = 0; global < GLOBAL_GRID.length; global++) {
    const total = byProfile.reduce((sum, { members }) => sum + bestHost(members, global).cost, 0);
    if (total >= least) continue;
    least = total;
    best = global;
  }
  const hostOf = (members: readonly Cell[]) => bestHost(members, best).host;
  const hosts = new Map(byProfile.map(({ key, members }) => [key[0], hostOf(members)]));
  const recentHost = hostOf(speeds.filter(({ recent }) => recent));
  const earlyHost = hostOf(speeds.filter(({ recent }) => !recent));
  const early = new Set(speeds.filter(({ recent }) => !recent).map(({ profile }) => profile));
  const partial: Choice = { global: best, hosts, early, recentHost, earlyHost, clients: new Map(), anyClient: 0 };
  const firsts = training.filter(({ cost }) => cost.length === 0);
  const engines = groupSorted(firsts, ({ engine }) => [engine]).filter(
    ({ members }) => members.length >= LEAST_CLIENT_CELLS,
  );
  return {
    ...partial,
    clients: new Map(engines.map(({ key, members }) => [key[0], bestClient(members, partial)])),
    anyClient: bestClient(firsts, partial),
  };
}

function bestHost(cells: readonly Cell[], global: number): { host: number; cost: number } {
  let best = { host: 0, cost: Number.POSITIVE_INFINITY };
  for (let host = 0; host < HOST_CHOICES; host++) {
    const cost = cells.reduce((sum, cell) => sum + cell.cost[global * HOST_CHOICES + host], 0);
    if (cost < best.cost) best = { host, cost };
  }
  return best;
}

function bestClient(cells: readonly Cell[], choice: Choice): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  CLIENT_GRID.forEach((_, client) => {
    const errors = (cell: Cell) =>
      cell.rows.map((row) => Math.abs(errorOf(row, placeOf(row, choice), delayOf(row, client))));
    const cost = cells.reduce((sum, cell) => sum + Math.min(MOST_COST, median(errors(cell))), 0);
    if (cost >= least) return;
    least = cost;
    best = client;
  });
  return best;
}

/** Where the answer of a row stands under a choice. */
export function placeOf({ profile, recent }: GridRow, { global, hosts, recentHost, earlyHost }: Choice): number {
  return global * HOST_CHOICES + (hosts.get(profile) ?? (recent ? recentHost : earlyHost));
}

/** ms that a client adds to a first token. */
export function delayOf({ prompt }: GridRow, client: number): number {
  const { request_s, prompt_token_s } = CLIENT_GRID[client];
  return 1000 * (request_s + prompt_token_s * prompt);
}
