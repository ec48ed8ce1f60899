// Errors of the predictions of an earlier build beside those of this one: what moved, by mode and metric.
import { UserError } from '../../src/check/issue.ts';
import { readTextFile } from '../../src/check/text-file.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { type ErrorTable, groupSorted, summariseErrors } from '../../src/validate/score.ts';
import { readRecords } from '../../src/workload/csv.ts';

/** One mode and metric, before and now. */
export interface Moved {
  readonly key: readonly string[];
  readonly before: ErrorTable;
  readonly now: ErrorTable;
}

/** Reads what `mist validate --out` wrote: error in % by case_id, null where there was no prediction. */
export function readBefore(file: string): ReadonlyMap<string, number | null> {
  const expected = 'what mist validate --out wrote of the same cases';
  const text = readTextFile(file, { path: '--before', expected });
  const records = [...readRecords(text)];
  const [head, ...rows] = records;
  const [id, error] = ['case_id', 'error_pct'].map((name) => head?.cells.indexOf(name) ?? -1);
  if (id < 0 || error < 0)
    throw new UserError([{ path: '--before', expected, received: `${file} without case_id, error_pct` }]);
  return new Map(rows.map(({ cells }) => [cells[id], cells[error] === '' ? null : Number(cells[error])]));
}

/** Of the rows that both have. */
export function compareErrors(predictions: readonly Prediction[], before: ReadonlyMap<string, number | null>): Moved[] {
  const known = predictions.filter(({ row }) => before.has(row.case_id));
  return groupSorted(known, ({ row }) => [row.cell('mode'), row.metric]).map(({ key, members }) => ({
    key,
    before: summariseErrors(
      key,
      members.map((one) => ({ ...one, errorPct: before.get(one.row.case_id) ?? null })),
    ),
    now: summariseErrors(key, members),
  }));
}
