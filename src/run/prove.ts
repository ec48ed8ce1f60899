// Finds the best rows of a question and proves that no other is better: in the order of what their scores cannot undercut, until that is
// worse than what was found. What is simulated depends on whole waves only, never on which worker was faster.
import { rowScore } from '../metrics/sweep.ts';
import type { Objective } from '../spec/types.ts';
import type { Near } from './bound-rows.ts';
import { covers, type Range } from './equivalent.ts';
import type { Gathered, Legal } from './legal.ts';
import type { Pool } from './pool.ts';
import { MOST_SETTLED_ROWS, SETTLED_ROWS, type SettledRow } from './protocol.ts';
import { REASON_WORDS } from './reasons.ts';
import { runOf, type SettledRun } from './settled.ts';

/** Rows of the first wave, and at most of a later one: as many as a quarter of those before. */
const WAVE = 32;
const MOST_WAVE = 4096;

export interface SearchWatch {
  readonly onProgress?: (done: number, total: number, words: string) => void;
  readonly signal?: AbortSignal;
}

/** What is searched: how rows are told apart, how many are wanted, how many runs at most. */
export interface Searching {
  readonly pool: Pool;
  /** What was run before for another objective. */
  readonly runs: KnownRuns;
  readonly objective: Objective;
  readonly top: number;
  readonly settle: number;
  readonly watch: SearchWatch;
  /** Of what pictures ask for, the share that this machine simulates; all where there is no other. */
  readonly share?: number;
  /** Tells others who search parts of the same question of our leaders, and adds theirs; absent where there are none. */
  readonly exchange?: Exchange;
  /** Which question a row answers: what is better is asked of each by itself. */
  scenarioOf(row: number): string;
  /** Rows of one name are settings of one thing to buy: the best `top` are of different ones. */
  deploymentOf(row: number): string;
}

/** By scenario and deployment: the best score that keeps the promise. */
export type Leaders = Map<string, Map<string, number>>;

export type Exchange = (leaders: Leaders) => Promise<void>;

/** Rows that were run, by row and haste. */
export type KnownRuns = Map<string, SettledRow>;

/** What has been found so far, by row. */
export interface Search extends Searching {
  readonly results: Map<number, SettledRun>;
  readonly refused: Map<number, string>;
  /** Rows that are proved too slow under their own limits. */
  readonly ruled: Map<number, Near>;
  readonly leaders: Leaders;
  /** Runs by what must be equal: under which limits a row is the same. */
  readonly classes: Map<number, Range[]>;
  /** Rows that the run of another row proves equal to it. */
  readonly equivalent: Set<number>;
}

export function openSearch(searching: Searching): Search {
  const found = {
    results: new Map(),
    refused: new Map(),
    ruled: new Map(),
    leaders: new Map(),
    classes: new Map(),
    equivalent: new Set(),
  };
  return { ...searching, ...(found as Pick<Search, keyof typeof found>) };
}

/** Rows that were proved to be no better, and how near the nearest of them came. */
export interface Proof {
  readonly dearer: number;
  /** The least that the score of a row which was left out exceeds that of the last leader by, as a share of it; Infinity where none was. */
  readonly margin: number;
  /** Whether every row is accounted for: nothing was interrupted or beyond `settle`. */
  readonly complete: boolean;
}

export const isDone = ({ results, refused, ruled }: Search, row: number): boolean =>
  results.has(row) || ruled.has(row) || refused.has(row);
export const isMet = ({ results }: Search, row: number): boolean => results.get(row)?.outcome.met ?? false;
export const isOver = ({ results, refused, settle, watch }: Search): boolean =>
  results.size + refused.size >= settle || (watch.signal?.aborted ?? false);

/** Simulates rows until every one of `legal` is simulated or proved to be no better than the best `top`. `exhaustive`: all of them. */
export async function prove(search: Search, legal: Gathered, exhaustive: boolean): Promise<Proof> {
  const left = openLeftOut(search);
  if (!exhaustive) await search.exchange?.(search.leaders);
  const order = orderRows(search, legal, exhaustive ? new Map<string, number>() : worstLeaders(search), left);
  let at = 0;
  while (at < order.length && !isOver(search)) {
    const worst = exhaustive ? new Map<string, number>() : worstLeaders(search);
    const room = nextWave(search);
    const wave: number[] = [];
    for (; at < order.length && wave.length < room; at++) {
      const row = legal.row[order[at]!]!;
      if (isDone(search, row)) continue;
      const floor = legal.floor[order[at]!]!;
      const bar = worst.get(search.scenarioOf(row)) ?? Number.POSITIVE_INFINITY;
      if (floor <= bar) wave.push(row);
      else left.note(row, floor);
    }
    await simulateRows(search, wave, !exhaustive, order.length);
    if (!exhaustive) await search.exchange?.(search.leaders);
  }
  const looked = at >= order.length && !(search.watch.signal?.aborted ?? false);
  const beyond = legal.beyond === 0 ? Number.POSITIVE_INFINITY : marginBeyond(search, legal.beyondFloor);
  return {
    dearer: left.count(),
    margin: Math.min(left.margin(), beyond),
    complete: looked && (!exhaustive || legal.beyond === 0) && beyond > 0,
  };
}

/** Rows of the next wave at most. */
export function nextWave({ settle, results, refused }: Search): number {
  const most = settle - results.size - refused.size;
  return Math.min(most, Math.max(WAVE, Math.min(MOST_WAVE, results.size >> 2)));
}

/** How far the rows that did not fit are from the leaders, as a share; 0 where one of them may be as good. */
function marginBeyond(search: Search, floor: number): number {
  const bars = [...worstLeaders(search).values()];
  if (bars.length === 0 || bars.length < search.leaders.size) return 0;
  const worst = Math.max(...bars);
  return floor > worst ? (floor - worst) / Math.abs(worst) : 0;
}

/** Rows that the leaders rule out: how many, and how near the nearest of them comes to the leaders that there are in the end. */
function openLeftOut(search: Search) {
  const lowest = new Map<string, number>();
  let count = 0;
  return {
    note(row: number, floor: number): void {
      count++;
      const scenario = search.scenarioOf(row);
      if (!((lowest.get(scenario) ?? Number.POSITIVE_INFINITY) <= floor)) lowest.set(scenario, floor);
    },
    count: () => count,
    margin: (): number => {
      const worst = worstLeaders(search);
      return [...lowest].reduce((least, [scenario, floor]) => {
        const bar = worst.get(scenario)!;
        return Math.min(least, (floor - bar) / Math.abs(bar));
      }, Number.POSITIVE_INFINITY);
    },
  };
}

/** Indices by floor, then row; without those that the leaders rule out already. */
function orderRows(
  search: Search,
  { row, floor }: Legal,
  worst: ReadonlyMap<string, number>,
  left: ReturnType<typeof openLeftOut>,
): Uint32Array {
  const kept = new Uint32Array(row.length);
  let n = 0;
  for (let i = 0; i < row.length; i++) {
    const bar = worst.size === 0 ? undefined : worst.get(search.scenarioOf(row[i]!));
    if (bar === undefined || floor[i]! <= bar) kept[n++] = i;
    else if (!isDone(search, row[i]!)) left.note(row[i]!, floor[i]!);
  }
  return kept.subarray(0, n).sort((a, b) => floor[a]! - floor[b]! || row[a]! - row[b]!);
}

/** By scenario: the score of the `top`-th best deployment; absent while there are fewer. */
export function worstLeaders({ leaders, top }: Search): Map<string, number> {
  const worst = new Map<string, number>();
  for (const [scenario, best] of leaders) {
    if (best.size >= top) worst.set(scenario, [...best.values()].sort((a, b) => a - b)[top - 1]!);
  }
  return worst;
}

/** Simulates `rows` that are not done yet, all of them or until stopped. `hasty`: runs that have proved that they miss a limit end there. */
export async function simulateRows(
  search: Search,
  rows: readonly number[],
  hasty: boolean,
  total: number,
): Promise<void> {
  const { pool, runs, watch, settle, results, refused } = search;
  const nameOf = (row: number) => `${row} ${hasty}`;
  const fresh = rows.filter((row) => !runs.has(nameOf(row)));
  const cuts = cutPieces(fresh, search.deploymentOf);
  let done = results.size + refused.size + rows.length - fresh.length;
  await pool.work({ kind: 'settle', rows: Float64Array.from(fresh), cuts, hasty }, (report) => {
    if (report.kind !== 'settled') return;
    report.rows.forEach((one, i) => {
      runs.set(nameOf(fresh[report.index + i]!), one);
    });
    done += report.rows.length;
    watch.onProgress?.(done, Math.min(settle, total), 'simulating');
  });
  for (const row of rows) {
    const one = runs.get(nameOf(row));
    if (one) note(search, row, one);
  }
}

/** Where pieces begin: whoever has one setting of a deployment at hand has the next ones too. */
function cutPieces(rows: readonly number[], deploymentOf: Search['deploymentOf']): Uint32Array {
  const cuts: number[] = [];
  let last = '';
  for (const [i, row] of rows.entries()) {
    const name = deploymentOf(row);
    const length = i - (cuts.at(-1) ?? 0);
    if (i === 0 || length >= MOST_SETTLED_ROWS || (length >= SETTLED_ROWS && name !== last)) cuts.push(i);
    last = name;
  }
  return Uint32Array.from(cuts);
}

function note(search: Search, row: number, settled: SettledRow): void {
  const run = runOf(settled);
  if (settled.ruled) search.ruled.set(row, settled.ruled);
  else if (!run) search.refused.set(row, settled.refused);
  if (!run) return;
  search.results.set(row, run);
  if (settled.same) noteClass(search, row, settled.same);
  if (!run.outcome.met) return;
  const score = rowScore(search.objective, run.result);
  if (Number.isNaN(score)) return;
  const scenario = search.scenarioOf(row);
  const deployment = search.deploymentOf(row);
  const best = search.leaders.get(scenario) ?? new Map<string, number>();
  search.leaders.set(scenario, best.set(deployment, Math.min(score, best.get(deployment) ?? Number.POSITIVE_INFINITY)));
}

function noteClass({ classes, equivalent }: Search, row: number, own: NonNullable<SettledRow['same']>): void {
  const { name, limits, range } = own;
  const ranges = classes.get(name) ?? [];
  if (ranges.some((known) => covers(known, limits))) equivalent.add(row);
  else classes.set(name, [...ranges, range]);
}

/** Rows that are not done. Few are: most are told by their last bits. */
function countLeft(search: Search, rows: Float64Array): number {
  const maybe = new Uint8Array(1 << LAST_BITS);
  const mask = maybe.length - 1;
  for (const row of search.results.keys()) maybe[row & mask] = 1;
  for (const row of search.refused.keys()) maybe[row & mask] = 1;
  for (const row of search.ruled.keys()) maybe[row & mask] = 1;
  let left = 0;
  for (let i = 0; i < rows.length; i++) if (maybe[rows[i]! & mask] === 0 || !isDone(search, rows[i]!)) left++;
  return left;
}
const LAST_BITS = 22;

/** Why rows fell that were to be simulated. */
export function fallenIn({ refused, ruled }: Search): { readonly words: string; readonly count: number }[] {
  const slow = [...ruled.values()].map(({ reason }) => REASON_WORDS[reason]);
  return [...refused.values(), ...slow].map((words) => ({ words, count: 1 }));
}

/** Rows of `legal` by what became of them. `tooFew`: how near the bound on engines came to letting a row through. */
export function tellSearch(search: Search, legal: Gathered, proof: Proof, tooFew = Number.POSITIVE_INFINITY) {
  const { results, equivalent, ruled } = search;
  const nearest = [...ruled.values()].reduce((least, { short }) => Math.min(least, short), tooFew);
  const left = countLeft(search, legal.row);
  // some of those that were proved no better were simulated after all, for pictures
  const dearer = proof.complete ? left + legal.beyond : Math.min(left, proof.dearer);
  return { simulated: results, equivalent: equivalent.size, dearer, proof: { ...proof, tooFew: nearest } };
}
