// What other draws of the traffic say of a sweep's leaders, in words and as JSON. Chance is told apart from the error band, and the first
// row that is sure of both is named.
import { type DrawnRow, MOST_DRAWS, type PairOrder, type SweepDraws } from '../metrics/draws.ts';
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import type { Objective } from '../spec/types.ts';
import { describePriced } from './answer.ts';
import { finiteOrNull } from './flat.ts';
import { formatGiven, formatNumber, listWords } from './format.ts';
import type { JsonObject } from './json.ts';
import { keepsAcrossBand } from './trust.ts';

/** Groups of neighbours that are told; the files have all. */
const TOLD = 4;

/** Of the answer's scenario; nothing where nobody asked for other draws, or nothing keeps the promise. */
export function explainDraws(result: SweepResult): string[] {
  const { draws, kept } = result;
  const first = draws?.leaders[0];
  if (!draws || !first) return [];
  if (draws.count === 0) return ['Stopped before other draws of this traffic were tried.'];
  const leaders = draws.leaders.filter(({ scenario }) => scenario === kept[first.rank - 1]!.scenario);
  return [tellPromise(leaders, draws), tellOrder(leaders, draws, result.objective), tellFirst(leaders, draws, result)];
}

function tellPromise(leaders: readonly DrawnRow[], draws: SweepDraws): string {
  const { count, seed, confidence } = draws;
  const alike = runsOf(leaders, (one, other) => one.promise.kept === other.promise.kept);
  const told = alike.slice(0, TOLD).map((run, i) => {
    const [{ promise }, verb] = [run[0]!, run.length > 1 ? 'keep' : 'keeps'];
    return `${nameRun(run)} ${i === 0 ? `${verb} the promise ` : ''}in ${promise.kept} of ${count} (at least ${floorPct(promise.least)} % of all draws)`;
  });
  const seeds = `seeds ${seed} to ${seed + count - 1}`;
  return `With ${count} other draws of this traffic (${seeds}), at ${percent(confidence)} confidence: ${told.join(', ')}${more(alike)}.`;
}

function tellOrder(leaders: readonly DrawnRow[], draws: SweepDraws, objective: Objective): string {
  const pairs = leaders.flatMap((one, i) => (one.next ? [[one, leaders[i + 1]!, one.next] as const] : []));
  if (pairs.length === 0) return 'No other deployment keeps the promise beside it.';
  const alike = runsOf(
    pairs,
    ([, , one], [, , other]) => one.verdict === other.verdict && wordsOf(one, objective) === wordsOf(other, objective),
  );
  const told = alike.slice(0, TOLD).map((run) => {
    const [, last, order] = run.at(-1)!;
    const all = [...run.map(([one]) => one), last];
    const words = wordsOf(order, objective);
    if (order.verdict === 'open' || order.verdict === 'equal') return `${nameRun(all)} ${words}`;
    const verb = order.verdict === 'worse' ? 'loses to' : 'beats';
    return run.length > 1
      ? `from ${nameRun(all)} each ${verb} the next ${words}`
      : `#${all[0]!.rank} ${verb} #${last.rank} ${words}`;
  });
  const open = leaders.some(({ promise, next }) => promise.verdict === 'open' || next?.verdict === 'open');
  const spent = open && draws.count === MOST_DRAWS ? ` ${MOST_DRAWS} draws are the most that are tried.` : '';
  const stopped = open && draws.interrupted ? ' Stopped before more were tried.' : '';
  return `By ${objective}, draw by draw: ${told.join('; ')}${more(alike)}.${spent}${stopped}`;
}

function wordsOf({ verdict, confidence }: PairOrder, objective: Objective): string {
  if (verdict === 'equal') return `have the same ${objective} in every draw`;
  if (verdict === 'fixed') return 'by the same in every draw';
  if (verdict === 'open') return 'are not distinguishable';
  return `with ${confidence > 0.999 ? 'more than 99.9' : floorPct(confidence)} %`;
}

function tellFirst(leaders: readonly DrawnRow[], { confidence }: SweepDraws, result: SweepResult): string {
  const rowOf = ({ rank }: DrawnRow): KeptRow => result.kept[rank - 1]!;
  const name = (one: DrawnRow): string => `#${one.rank}, ${describePriced(rowOf(one), result)}`;
  const sure = leaders.filter(({ promise }) => promise.verdict === 'keeps');
  const [first] = sure;
  if (!first)
    return `None of these leaders is sure, at ${percent(confidence)}, to keep the promise in more than half of all draws.`;
  const both = sure.find((one) => keepsAcrossBand(rowOf(one)));
  const start = `The first that keeps the promise in more than half of all draws, at ${percent(confidence)}, is ${name(first)}`;
  if (!both) return `${start}; none of these leaders keeps it across its error band as well.`;
  return both === first
    ? `${start}; it keeps it across its error band as well.`
    : `${start}; the first that keeps it across its error band as well is ${name(both)}.`;
}

/** Neighbours that are alike. */
function runsOf<T>(items: readonly T[], isAlike: (one: T, other: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last && isAlike(last[0]!, item)) last.push(item);
    else runs.push([item]);
  }
  return runs;
}

/** "#1", "#1 and #2", "#3 to #9"; settings of the same deployments stand between some. */
function nameRun(run: readonly DrawnRow[]): string {
  const ranks = run.map(({ rank }) => `#${rank}`);
  const follow = run.every(({ rank }, i) => rank === run[0]!.rank + i);
  return ranks.length > 2 && follow ? `${ranks[0]} to ${ranks.at(-1)}` : listWords(ranks);
}

const more = (runs: readonly unknown[]): string => (runs.length > TOLD ? ', the others in the result files' : '');

const percent = (share: number): string => `${formatGiven(Number((share * 100).toPrecision(9)))} %`;

/** Rounded down: never surer than it is. */
const floorPct = (share: number): string => formatNumber(Math.floor(share * 100));

/** Absent where nobody asked. */
export function drawsJson({ draws }: Pick<SweepResult, 'draws'>): JsonObject {
  if (!draws) return {};
  const { confidence, seed, count, interrupted } = draws;
  const leaders = draws.leaders.map(({ row, rank, promise, next }) => ({
    ...{ row, rank, kept: promise.kept, kept_at_least: promise.least, kept_at_most: promise.most },
    promise: promise.verdict,
    next: next ? { order: next.verdict, confidence: finiteOrNull(next.confidence) } : null,
  }));
  return { draws: { confidence, first_seed: seed, count, most: MOST_DRAWS, interrupted, leaders } };
}
