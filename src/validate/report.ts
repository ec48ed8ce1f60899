// The whole result of a validation: predictions, error tables, order, and everything that was not predicted, as one JSON value.
import { groupBy } from '../check/group-by.ts';
import { type ChoiceScore, type LoadSweep, rankSweeps, scoreChoices, summariseTau, type TauSummary } from './order.ts';
import type { Prediction } from './predict.ts';
import { type CapacityScore, type ErrorTable, scoreCapacity, scoredOf, summariseErrors, tabulate } from './score.ts';

/** A table of errors by columns of the case file. */
export interface TitledTable {
  readonly by: readonly string[];
  /** Which rows it is of. */
  readonly rows: 'all scored' | 'high and medium' | 'core';
  readonly lines: readonly ErrorTable[];
}

/** Rows without a prediction that count, by reason. */
export interface MissingReason {
  readonly status: string;
  readonly note: string;
  readonly rows: number;
  readonly cases: readonly string[];
}

export interface Validation {
  readonly predictions: readonly Prediction[];
  readonly scored: number;
  /** Rows of high and medium quality, and over them: errors of all, by config and metric. */
  readonly headline: ErrorTable;
  readonly tables: readonly [TitledTable, TitledTable, ...TitledTable[]];
  readonly sweeps: readonly LoadSweep[];
  readonly tau: readonly TauSummary[];
  readonly choices: readonly ChoiceScore[];
  /** Of server runs of high and medium quality; null where there are none. */
  readonly capacity: CapacityScore | null;
  readonly missing: readonly MissingReason[];
}

const BY_QUALITY = ['mode', 'metric', 'quality'];
const BY_METRIC = ['mode', 'metric'];
const DETAILS = ['tier', 'hardware', 'model', 'engine'];

/** Tables by mode, metric and quality always; by tier, hardware, model and engine; and by `more`. */
export function scoreAll(predictions: readonly Prediction[], more: readonly string[]): Validation {
  const scored = scoredOf(predictions);
  const good = scored.filter(({ row }) => row.quality !== 'low');
  const core = good.filter(({ row }) => row.core);
  const tables: [TitledTable, TitledTable, ...TitledTable[]] = [
    { by: BY_QUALITY, rows: 'all scored', lines: tabulate(scored, BY_QUALITY) },
    { by: BY_METRIC, rows: 'high and medium', lines: tabulate(good, BY_METRIC) },
  ];
  if (core.length > 0) tables.push({ by: BY_METRIC, rows: 'core', lines: tabulate(core, BY_METRIC) });
  for (const detail of DETAILS) {
    const by = [...BY_METRIC, detail];
    const known = good.some(({ row }) => row.cell(detail) !== '');
    if (known) tables.push({ by, rows: 'high and medium', lines: tabulate(good, by) });
  }
  if (more.length > 0) tables.push({ by: more, rows: 'high and medium', lines: tabulate(good, more) });
  const sweeps = rankSweeps(good);
  return {
    predictions,
    scored: scored.length,
    headline: summariseErrors([], good),
    tables,
    sweeps,
    tau: summariseTau(sweeps),
    choices: scoreChoices(good),
    capacity: scoreCapacity(predictions.filter(({ row }) => row.quality !== 'low')),
    missing: listMissing(scored),
  };
}

function listMissing(scored: readonly Prediction[]): MissingReason[] {
  const open = scored.filter(({ errorPct }) => errorPct === null);
  const reasons = [...groupBy(open, ({ status, note }) => `${status} ${note}`).values()].map((rows) => {
    const [{ status, note }] = rows;
    return { status, note, rows: rows.length, cases: rows.map(({ row }) => row.case_id) };
  });
  return reasons.sort((a, b) => b.rows - a.rows);
}
