// What a sweep comes to: rows ranked by the objective, and what became of all the others.
import type { Paid } from '../catalog/price-sheets.ts';
import type { Budget } from '../spec/budget.ts';
import type { FleetSpec } from '../spec/fleet/types.ts';
import type { Objective, Slo } from '../spec/types.ts';
import type { SweepDraws } from './draws.ts';
import type { RowDetail } from './fleet/detail.ts';
import type { FleetTrust } from './fleet/trust.ts';
import type { FleetResult } from './fleet/types.ts';
import { beatsAny } from './front.ts';
import { achieved, elapsedOf, isUndecided, lostIn } from './limits.ts';
import { scoreOf } from './objective.ts';
import { keepsUp } from './types.ts';

/** Figures of a row: those of a run that stand for the whole fleet. */
export type FleetSummary = Omit<FleetResult, 'breakdown' | 'stages' | 'clients' | 'pipelines' | 'visits'> & {
  /** Of rows of a study. */
  readonly detail?: RowDetail;
};

/** The closed-form estimate of one pool of engines. Latencies in s. */
export interface ScreenFigures {
  readonly batch: number;
  readonly ttft: number; // mean
  readonly tpot: number; // mean
  readonly e2el: number; // mean
  readonly ttft_tail: number; // the percentile of the limits
  readonly tpot_tail: number;
  readonly utilisation: number;
  readonly output_throughput_per_device: number;
  readonly usd_per_million_tokens: number;
  readonly power_w: number;
}

/** Devices of one kind that a row stands on. */
export interface Devices {
  readonly hardware: string;
  readonly count: number;
  /** Of them those that were paid, on average; absent where all are all the time. */
  readonly paid?: number;
  readonly processors: boolean;
}

/** One row kept by a sweep: screened, simulated, or both. */
export interface KeptRow {
  /** Row number in the sweep: a stable id. */
  readonly row: number;
  /** By the name of the axis; axes inside of choices that were not taken are absent. */
  readonly choices: ReadonlyMap<string, string>;
  /** What of the choices is the question and not the answer (traffic, pipelines, limits), in words; '' where nothing is. */
  readonly scenario: string;
  readonly devices: number;
  readonly hosts: readonly Devices[];
  readonly usd_per_hour: number;
  /** The row's own limits. */
  readonly slo: readonly Slo[];
  readonly screen: ScreenFigures | null;
  readonly result: FleetSummary | null;
  /** What it may take at most; absent where nothing is said. */
  readonly budget?: Budget;
  /** How many times as long as the spec says its run was, so that it tells whether it keeps up; 1 where it was not simulated. */
  readonly times: number;
  /** What its figures rest on, and how far they may be off; null where nothing of ours prices a step. */
  readonly trust: FleetTrust | null;
  /**
   * No other row of its scenario that keeps the promise is at least as good in each objective of `pareto`, and better in one; where the
   * spec has none, in cost, TTFT, TPOT and E2EL.
   */
  readonly on_front: boolean;
  /** Of other draws of the traffic: how many were tried, how many keep the promise, and the share of all that does at least; of leaders. */
  readonly drawn?: { readonly count: number; readonly kept: number; readonly least: number };
}

/** Why rows fell. */
export interface RejectCount {
  readonly words: string;
  readonly count: number;
}

export interface SweepAxis {
  /** Where its value stands in the document. */
  readonly name: string;
  /** The shortest end of that by which no other axis is called. */
  readonly short: string;
  readonly labels: readonly string[];
}

/** That nothing better was left out. */
export interface SweepProof {
  /** Every row that can be was simulated, or proved to be no better: nothing was interrupted, and `settle` was enough. */
  readonly complete: boolean;
  /** How much more the nearest row that was left out for its cost must cost than the last leader, as a share; Infinity where none was. */
  readonly margin: number;
  /** Of the rows with too few engines for what is due in time, the least that they fall short by: engines asked for over engines there. */
  readonly tooFew: number;
}

/** The front of the objectives of `pareto`: which rows are on it, they say. */
export interface SweepFront {
  readonly objectives: readonly Objective[];
  /** Whether every row that none beats is on it. */
  readonly complete: boolean;
  /** Rows that were not simulated: a row of the front beats whatever they come to. */
  readonly beaten: number;
}

/** The best of what was simulated under one kind of price. */
export interface PriceKind {
  readonly kind: string;
  /** null where nothing that keeps the promise has a price of this kind. */
  readonly row: KeptRow | null;
  readonly usd_per_hour: number | null;
  /** Kinds of device among the rows that keep the promise, and those of them without such a price. */
  readonly tried: number;
  readonly without: number;
}

export interface SweepPrices extends Paid {
  /** What came in place of the spec's prices (`--prices`); null where nothing did. */
  readonly given: string | null;
  /** Kinds of device that the question has, and why some of them have no price. */
  readonly asked: number;
  readonly unpriced: readonly RejectCount[];
  /** The answer's own kind first; none where prices do not decide. */
  readonly kinds: readonly PriceKind[];
}

/** rows = rejected + dearer + unreached + simulated (law: a sweep accounts for every row). */
export interface SweepResult {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly rows: number;
  readonly axes: readonly SweepAxis[];
  readonly objective: Objective;
  readonly top: number;
  /** The first row that can be read: what all rows have in common is the same in it. */
  readonly first: FleetSpec;
  /** Rows that cannot be, or that the screen ruled out, most first. */
  readonly rejected: readonly RejectCount[];
  /** null where rows were not screened: all that can be were weighed. */
  readonly screened: {
    /** Rows that the screen let through as it sees them: those that were simulated, and those that a bound ruled out later under their own limits, among them. */
    readonly feasible: number;
    /** Of the pairs of simulated rows, the share whose order by screen and by simulation differ. */
    readonly reordered: number;
  } | null;
  /** Rows proved to be no better than the best `top`: whatever they do, their score is worse. */
  readonly dearer: number;
  /** Of the simulated rows those that were not run: the run of another is theirs, bit for bit. */
  readonly equivalent: number;
  readonly proof: SweepProof;
  /** Absent where the spec asks for none. */
  readonly front?: SweepFront;
  /** Rows left over: beyond `settle`, or not reached before an interrupt. */
  readonly unreached: number;
  readonly simulated: number;
  /** Rows that keep the promise by objective, then the others, nearest to it first, then a sample of the screened. */
  readonly kept: readonly KeptRow[];
  readonly interrupted: boolean;
  readonly workers: number;
  readonly seconds: { readonly plan: number; readonly screen: number; readonly settle: number };
  readonly workload: { readonly description: string; readonly prompt_mean: number; readonly output_mean: number };
  readonly seed: number;
  /** Names to show for ids of models and hardware ("h100-sxm": "H100 SXM"). */
  readonly labels: Readonly<Record<string, string>>;
  /** What must be said of the models asked for and of the answer's devices, one sentence each; absent where there is nothing. */
  readonly caveats?: readonly string[];
  /** What the answer's devices cost and where that stands; absent where it has none. */
  readonly prices?: SweepPrices;
  /** What other draws of the traffic say of the leaders; absent where nobody asks. */
  readonly draws?: SweepDraws;
  readonly version: string;
  /** Any row of it again, as the fleet that it is. */
  specAt(row: number): FleetSpec;
}

/** How many times as long as its spec says a run may become that is too short to tell whether it keeps up. */
export const MOST_TIMES = 16;

/** Simulated rows of which even the longest run does not tell whether they keep up: they cannot win. */
export function countUndecided({ kept }: Pick<SweepResult, 'kept'>): number {
  return kept.filter(({ result, slo }) => result !== null && isUndecided(slo, result)).length;
}

/** Smaller is better; NaN where it cannot be ranked. Twelve digits: sums of the same prices in another order are equal. */
export function rowScore(objective: Objective, result: FleetSummary): number {
  const score = scoreOf(objective, {
    usdPerHour: result.usd_per_hour,
    outputThroughput: result.output_throughput,
    watts: result.power_w,
    devices: result.devices,
    goodput: result.request_goodput,
    elapsed: elapsedOf(result),
  });
  return Number(score.toPrecision(12));
}

/** The largest share of a limit that the run used; infinite where requests were lost, or it did not keep up. */
export function tensionOf(result: FleetSummary, slo: readonly Slo[]): number {
  if (lostIn(result) > 0 || result.completed === 0 || !keepsUp(result.verdict)) return Number.POSITIVE_INFINITY;
  const shares = slo.map((limit) => achieved(result, limit) / limit.limit).filter((share) => !Number.isNaN(share));
  return Math.max(0, ...shares);
}

/** Whether a run ended before its requests did, because it could no longer keep a limit. */
export const isGivenUp = ({ slo_met, completed, unfinished, ttft }: FleetSummary): boolean =>
  !slo_met && unfinished > 0 && completed > 0 && Number.isNaN(ttft.p99);

type Simulated = Omit<KeptRow, 'on_front'> & { readonly result: FleetSummary };

/** Simulated rows in ranking order, the fronts marked. `deploymentOf`: rows of one name are settings of one thing to buy. */
export function rankRows(
  rows: readonly Omit<KeptRow, 'on_front'>[],
  objective: Objective,
  deploymentOf: (row: number) => string = String,
  pareto: readonly Objective[] = [],
): KeptRow[] {
  const simulated = rows.filter((row): row is Simulated => row.result !== null);
  const met = simulated.filter(({ result }) => result.slo_met);
  const missed = simulated.filter(({ result }) => !result.slo_met);
  const byScore = (a: Simulated, b: Simulated) => compare(rowScore(objective, a.result), rowScore(objective, b.result));
  const byTension = (a: Simulated, b: Simulated) => compare(tensionOf(a.result, a.slo), tensionOf(b.result, b.slo));
  met.sort((a, b) => byScore(a, b) || byTension(a, b) || a.row - b.row);
  missed.sort((a, b) => byTension(a, b) || byScore(a, b) || a.row - b.row);
  const front = findFronts(met, pareto);
  return [...bestFirst(met, deploymentOf), ...missed].map((row) => ({ ...row, on_front: front.has(row) }));
}

/** The best row of each deployment, then the other settings of the same deployments. */
function bestFirst(ranked: readonly Simulated[], deploymentOf: (row: number) => string): Simulated[] {
  const seen = new Set<string>();
  const [best, others]: [Simulated[], Simulated[]] = [[], []];
  for (const row of ranked) {
    const name = deploymentOf(row.row);
    (seen.has(name) ? others : best).push(row);
    seen.add(name);
  }
  return [...best, ...others];
}

/** Of each scenario by itself: no deployment of one is in the way of another's. */
function findFronts(met: readonly Simulated[], pareto: readonly Objective[]): Set<Simulated> {
  const pointOf = pareto.length > 0 ? scoresOf(pareto) : costAndLatency;
  const front = new Set<Simulated>();
  for (const scenario of new Set(met.map((row) => row.scenario))) {
    const own = met.filter((row) => row.scenario === scenario);
    const points = own.map(({ result }) => pointOf(result));
    own.forEach((row, i) => {
      if (!beatsAny(points, points[i]!) && (pareto.length === 0 || !points[i]!.some(Number.isNaN))) front.add(row);
    });
  }
  return front;
}

const scoresOf = (pareto: readonly Objective[]) => (result: FleetSummary) =>
  pareto.map((objective) => rowScore(objective, result));

const costAndLatency = ({ usd_per_hour, ttft, tpot, e2el }: FleetSummary) => [
  Number(usd_per_hour.toPrecision(12)),
  ttft.p99,
  tpot.p99,
  e2el.p99,
];

/** Ascending, what cannot be ranked last. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
