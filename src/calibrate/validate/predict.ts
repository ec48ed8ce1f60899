// Predicts every row of a case file: one replay per run, its figures read into the rows that ask for them.
import type { Catalog } from '../../catalog/open.ts';
import { openSession } from '../../run/session.ts';
import { openBinder } from './bind-case.ts';
import {
  type CaseGroup,
  type CaseInput,
  type CaseRow,
  isTrouble,
  METRICS,
  type Metric,
  STATISTICS,
  type Statistic,
  type Status,
  type Trouble,
} from './case.ts';
import { openLengthFiles } from './case-requests.ts';
import { readStatistic } from './observe.ts';
import type { CaseFile } from './read-cases.ts';
import { isDisaggregated } from './read-input.ts';
import { replayDisaggregated } from './replay-disaggregated.ts';
import { type Replayed, type Replayer, replayEngine } from './replay-engine.ts';
import { openSimulator } from './simulator.ts';

/** The answer to one row (data/cases/SCHEMA.md section 6). */
export interface Prediction {
  readonly row: CaseRow;
  readonly predicted: number | null;
  /** The median where the publisher did not say whether mean or median. */
  readonly alternative: number | null;
  /** 100 (predicted / value - 1), of the closer of the two. */
  readonly errorPct: number | null;
  readonly status: Status;
  readonly note: string;
}

/** Predictions in the order of the rows. `onProgress` sees runs done and in all. */
export function predictCases(
  file: CaseFile,
  catalog: Catalog,
  onProgress?: (done: number, total: number) => void,
): Prediction[] {
  const replayer = openReplayer(file.file, catalog);
  const byRow = new Map<CaseRow, Prediction>();
  file.groups.forEach((group, i) => {
    for (const prediction of predictGroup(replayer, group)) byRow.set(prediction.row, prediction);
    onProgress?.(i + 1, file.groups.length);
  });
  return file.rows.map((row) => byRow.get(row)!);
}

export function openReplayer(caseFile: string, catalog: Catalog): Replayer {
  const binder = openBinder(catalog, openSession(catalog));
  return { binder, files: openLengthFiles(caseFile), simulator: openSimulator() };
}

export function predictGroup(replayer: Replayer, group: CaseGroup): Prediction[] {
  const replayed = group.input === null ? group.trouble! : replay(replayer, group.input);
  return group.rows.map((row) => predictRow(row, replayed));
}

function replay(replayer: Replayer, input: CaseInput): Replayed | Trouble {
  if (input.spec_decode !== 'none') {
    return {
      status: 'unsupported',
      words: `spec_decode ${input.spec_decode}: draft length and acceptance are not published`,
    };
  }
  return isDisaggregated(input.mode) ? replayDisaggregated(replayer, input) : replayEngine(replayer, input);
}

function predictRow(row: CaseRow, replayed: Replayed | Trouble): Prediction {
  const refuse = (status: Status, note: string): Prediction => ({
    row,
    predicted: null,
    alternative: null,
    errorPct: null,
    status,
    note,
  });
  if (isTrouble(replayed)) return refuse(replayed.status, replayed.words);
  if (!(METRICS as readonly string[]).includes(row.metric))
    return refuse('unsupported', `metric ${row.metric || '(blank)'} is not known`);
  if (!(STATISTICS as readonly string[]).includes(row.statistic)) {
    return refuse('unsupported', `statistic ${row.statistic || '(blank)'} is not known`);
  }
  const { value: predicted, alternative } = readStatistic(
    replayed.observed,
    row.metric as Metric,
    row.statistic as Statistic,
  );
  if (!Number.isFinite(predicted)) return refuse('unsupported', `${row.metric} does not exist in this run`);
  if (!(row.value > 0 && Number.isFinite(row.value))) {
    const note = `value: expected a positive number, received ${row.valueText || 'nothing'}`;
    return { row, predicted, alternative, errorPct: null, status: 'error', note };
  }
  const errors = [predicted, ...(alternative === null ? [] : [alternative])].map((one) => 100 * (one / row.value - 1));
  const closer = errors.length > 1 && Math.abs(errors[1]) < Math.abs(errors[0]) ? 1 : 0;
  const which = errors.length > 1 ? (closer === 1 ? 'median is closer' : 'mean is closer') : '';
  const note = [replayed.note, which].filter((words) => words !== '').join('; ');
  return { row, predicted, alternative, errorPct: errors[closer], status: 'ok', note };
}
