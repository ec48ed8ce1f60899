// The front that a spec asks for, in words: its objectives, its rows with their figures, and whether it is proved.
import { groupBy } from '../check/group-by.ts';
import { type KeptRow, rowScore, type SweepResult } from '../metrics/sweep.ts';
import { describeObjective, describeObjectiveValue, describeRow, objectiveValue } from './describe.ts';
import { finiteOrNull } from './flat.ts';
import { formatNumber, listWords, plural } from './format.ts';
import type { JsonObject } from './json.ts';

/** Points that a text shows. */
const SHOWN = 20;

/** The rows of the asked front by what they score, best of the first objective first; equal ones are one point, its first row the best. */
export function frontPoints({ kept, front }: SweepResult): KeptRow[] {
  if (!front) return [];
  const scoreOf = (row: KeptRow) => front.objectives.map((objective) => rowScore(objective, row.result!));
  const points = groupBy(
    kept.filter(({ on_front }) => on_front),
    (row) => `${row.scenario} ${scoreOf(row).join(' ')}`,
  );
  const firsts = [...points.values()].map(([first]) => ({ first: first!, score: scoreOf(first!) }));
  firsts.sort(
    (a, b) =>
      (a.first.scenario < b.first.scenario ? -1 : a.first.scenario > b.first.scenario ? 1 : 0) ||
      a.score.reduce((order, value, k) => order || value - b.score[k]!, 0) ||
      a.first.row - b.first.row,
  );
  return firsts.map(({ first }) => first);
}

/** For programs. */
export function frontJson(result: SweepResult): JsonObject {
  const { front } = result;
  if (!front) return {};
  const rows = frontPoints(result).map((row) => ({
    row: row.row,
    ...Object.fromEntries(
      front.objectives.map((objective) => [objective, finiteOrNull(objectiveValue(row, objective))]),
    ),
  }));
  return { front: { objectives: [...front.objectives], rows } };
}

/** Sentences; none where no front is asked for. */
export function tellFront(result: SweepResult): string[] {
  const { front } = result;
  if (!front) return [];
  const points = frontPoints(result);
  const of = listWords(front.objectives.map((objective) => describeObjective(objective).toLowerCase()));
  if (points.length === 0)
    return [`Front of ${of}: no points, as no row that keeps the promise has all of these figures.`];
  const lines = points.slice(0, SHOWN).map((row) => {
    const figures = front.objectives.map((objective) => describeObjectiveValue(row, objective));
    const at = row.scenario === '' ? '' : `${row.scenario}: `;
    return `- ${at}${figures.join(', ')}: ${describeRow(row, result)} (row ${row.row})`;
  });
  const left = points.length - lines.length;
  return [
    `Front of ${of}: ${plural(points.length, 'point')}. ${tellFrontProof(result)}`,
    ...lines,
    ...(left > 0 ? [`- ${formatNumber(left)} more with --out or --json: on_front`] : []),
  ];
}

function tellFrontProof({ front, unreached }: SweepResult): string {
  if (!front!.complete || unreached > 0) return 'Not proved: rows were left out that may be on it.';
  const { beaten } = front!;
  const without = beaten > 0 ? `; ${plural(beaten, 'row')} without a run of their own` : '';
  return `Proved: every other row is beaten by one of them${without}.`;
}
