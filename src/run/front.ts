// The front of several objectives, proved: every row that no other one beats, which is no worse in all of them and better in one. Rows are
// simulated until each of the others is beaten by one that keeps the promise, whatever its own run would come to.
import { beats, beatsAny } from '../metrics/front.ts';
import { rowScore } from '../metrics/sweep.ts';
import type { Objective } from '../spec/types.ts';
import { leastScoreOf } from './bounds.ts';
import type { Found } from './found.ts';
import type { Gathered } from './legal.ts';
import { isDone, isMet, isOver, nextWave, type Search, simulateRows } from './prove.ts';

/** What a question is looked at for: what ranks its rows, then what its front is of. */
export function objectivesOf({ objective, pareto }: { objective: Objective; pareto: readonly Objective[] }) {
  return [...new Set([objective, ...pareto])];
}

/** Rows that can be, and what none of their scores undercuts, by objective. */
interface Floors {
  readonly row: Float64Array;
  readonly least: readonly Float64Array[];
}

export type Front = Pick<Found, 'front'>;

/** `pareto`: objectives, and the rows that can be for each. */
export async function proveFront(
  search: Search,
  pareto: readonly (readonly [objective: Objective, legal: Gathered])[],
): Promise<Front> {
  if (pareto.length === 0) return {};
  const [objectives, legals] = [pareto.map(([objective]) => objective), pareto.map(([, legal]) => legal)];
  const floors = alignFloors(legals);
  const fronts = openFronts(search, objectives);
  fronts.add(search.results.keys());
  let beaten = 0;
  /** Whether a row must be run. */
  const isOpen = (i: number): boolean => {
    const row = floors.row[i]!;
    if (isDone(search, row)) return false;
    const least = floors.least.map((column) => column[i]!);
    if (!fronts.beats(search.scenarioOf(row), least)) return true;
    beaten++;
    return false;
  };
  const order = orderFloors(floors, isOpen);
  let at = 0;
  while (at < order.length && !isOver(search)) {
    const most = nextWave(search);
    const wave: number[] = [];
    for (; at < order.length && wave.length < most; at++) if (isOpen(order[at]!)) wave.push(floors.row[order[at]!]!);
    await simulateRows(search, wave, true, order.length);
    fronts.add(wave);
  }
  const aborted = search.watch.signal?.aborted ?? false;
  const complete = at >= order.length && !aborted && legals.every(({ beyond }) => beyond === 0);
  return { front: { objectives, beaten, complete } };
}

/** The rows that every objective has a figure for, in order of their numbers. */
function alignFloors(legals: readonly Gathered[]): Floors {
  const orders = legals.map(({ row }) => Uint32Array.from(row, (_, i) => i).sort((a, b) => row[a]! - row[b]!));
  const next = legals.map(() => 0);
  const rowAt = (k: number): number => legals[k]!.row[orders[k]![next[k]!]!]!;
  const most = Math.min(...legals.map(({ row }) => row.length));
  const row = new Float64Array(most);
  const least = legals.map(() => new Float64Array(most));
  let count = 0;
  while (next.every((at, k) => at < orders[k]!.length)) {
    const furthest = Math.max(...legals.map((_, k) => rowAt(k)));
    const behind = legals.findIndex((_, k) => rowAt(k) < furthest);
    if (behind >= 0) {
      next[behind]!++;
      continue;
    }
    row[count] = furthest;
    for (const [k, { floor }] of legals.entries()) least[k]![count] = leastScoreOf(floor[orders[k]![next[k]!++]!]!);
    count++;
  }
  return { row: row.subarray(0, count), least: least.map((column) => column.subarray(0, count)) };
}

/** Indices by what rows cannot undercut in the first objective, then in the next, then by number. */
function orderFloors({ row, least }: Floors, keeps: (i: number) => boolean): Uint32Array {
  const order = Uint32Array.from(row, (_, i) => i).filter(keeps);
  return order.sort((a, b) => {
    for (const column of least) if (column[a] !== column[b]) return column[a]! - column[b]!;
    return a - b;
  });
}

/** By scenario, the scores of the rows that keep the promise and that none of them beats. */
export function openFronts(search: Search, objectives: readonly Objective[]) {
  const fronts = new Map<string, number[][]>();
  /** null where it does not keep the promise, or an objective has no figure for it. */
  const scoresOf = (row: number): number[] | null => {
    if (objectives.length === 0 || !isMet(search, row)) return null;
    const { result } = search.results.get(row)!;
    const scores = objectives.map((objective) => rowScore(objective, result));
    return scores.some(Number.isNaN) ? null : scores;
  };
  return {
    add(rows: Iterable<number>): void {
      for (const row of rows) {
        const own = scoresOf(row);
        const scenario = search.scenarioOf(row);
        const front = fronts.get(scenario) ?? [];
        if (own && !beatsAny(front, own)) fronts.set(scenario, [...front.filter((other) => !beats(own, other)), own]);
      }
    },
    /** Whether a row belongs on the front, and nothing there is equal to it. */
    lacks(row: number): boolean {
      const own = scoresOf(row);
      const front = fronts.get(search.scenarioOf(row)) ?? [];
      return (
        own !== null && !beatsAny(front, own) && !front.some((other) => other.every((value, k) => value === own[k]))
      );
    },
    /** Whether a point of the front beats whatever has at least these scores. */
    beats: (scenario: string, floor: readonly number[]): boolean => beatsAny(fronts.get(scenario) ?? [], floor),
  };
}
