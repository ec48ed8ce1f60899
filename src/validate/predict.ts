// Predicts every row of a case file: one replay per run, its figures read into the rows that ask for them.
import type { Catalog } from '../catalog/open.ts';
import type { Basis, ErrorBands } from '../catalog/types.ts';
import type { Regime } from '../metrics/regime.ts';
import { openSession } from '../run/session.ts';
import { bandOf, basisOf } from './band.ts';
import {
  type CaseGroup,
  type CaseRow,
  isTrouble,
  METRICS,
  type Metric,
  STATISTICS,
  type Statistic,
  type Status,
  type Trouble,
} from './case.ts';
import type { CaseFile } from './read-cases.ts';
import { openReplayer as openOn, type Replayed, type Replayer, readStatistic, replayCase } from './replay.ts';

/** The answer to one row (data/cases/SCHEMA.md section 6). */
export interface Answer {
  readonly predicted: number | null;
  /** The median where the publisher did not say whether mean or median. */
  readonly alternative: number | null;
  /** 100 (predicted / value - 1), of the closer of the two. */
  readonly errorPct: number | null;
  readonly status: Status;
  readonly note: string;
  /** What the figure's prices rest on; null where it was not replayed. */
  readonly basis: Basis | null;
  /** How the run was loaded (metrics/regime.ts); null where it was not replayed. */
  readonly regime: Regime | null;
  /** Half the width of the error band that a user is shown, in % of the prediction; null where there is none. */
  readonly bandPct: number | null;
  /** Of a row of a server run: 100 (predicted / offered - 1) of the capacity of its deployment; else null. */
  readonly capacityPct: number | null;
}

export interface Prediction extends Answer {
  readonly row: CaseRow;
}

/** Predictions in the order of the rows. `onProgress` sees runs done and in all. */
export function predictCases(
  file: CaseFile,
  catalog: Catalog,
  onProgress?: (done: number, total: number) => void,
): Prediction[] {
  const replayer = openReplayer(file.file, catalog);
  const answers = file.groups.map((group, i) => {
    const answered = predictGroup(replayer, group);
    onProgress?.(i + 1, file.groups.length);
    return answered;
  });
  return joinAnswers(file, answers);
}

/** Answers by run, put beside the rows they are for. */
export function joinAnswers(file: CaseFile, answers: readonly (readonly Answer[])[]): Prediction[] {
  const byRow = new Map<CaseRow, Prediction>();
  file.groups.forEach((group, g) => {
    group.rows.forEach((row, i) => {
      byRow.set(row, { row, ...answers[g]![i]! });
    });
  });
  return file.rows.map((row) => byRow.get(row)!);
}

/** `derating`: another slowing of linear work than the cost model has (plan/datasheet.ts). */
export function openReplayer(caseFile: string, catalog: Catalog, derating?: number): Replayer {
  const session = openSession(catalog);
  const lowering = derating === undefined ? session.lowering : { ...session.lowering, derating };
  return openOn(caseFile, { ...session, lowering });
}

/** Answers to the rows of one run. */
export function predictGroup(replayer: Replayer, group: CaseGroup): Answer[] {
  const replayed = group.input === null ? group.trouble! : replayCase(replayer, group.id, group.input);
  return answerGroup(group, replayed, replayer.bands);
}

/** Answers to the rows of a run that was replayed. */
export function answerGroup(group: CaseGroup, replayed: Replayed | Trouble, bands: ErrorBands): Answer[] {
  return group.rows.map((row) => answerRow(row, replayed, bands));
}

const refuse = (status: Status, note: string, capacityPct: number | null = null): Answer => ({
  predicted: null,
  alternative: null,
  errorPct: null,
  status,
  note,
  basis: null,
  regime: null,
  bandPct: null,
  capacityPct,
});

function answerRow(row: CaseRow, replayed: Replayed | Trouble, bands: ErrorBands): Answer {
  if (isTrouble(replayed)) return refuse(replayed.status, replayed.words, replayed.capacityPct);
  const { metric, statistic } = row;
  if (!(METRICS as readonly string[]).includes(metric))
    return refuse('unsupported', `metric ${metric || '(blank)'} is not known`);
  if (!(STATISTICS as readonly string[]).includes(statistic)) {
    return refuse('unsupported', `statistic ${statistic || '(blank)'} is not known`);
  }
  const { regime, rests, capacityPct = null } = replayed;
  const basis = basisOf(metric, rests);
  const about = { basis, regime, bandPct: bandOf(metric, { basis, regime }, bands), capacityPct };
  const { value: predicted, alternative } = readStatistic(replayed, metric as Metric, statistic as Statistic);
  if (!Number.isFinite(predicted)) return refuse('unsupported', `${metric} does not exist in this run`);
  if (!(row.value > 0 && Number.isFinite(row.value))) {
    const note = `value: expected a positive number, received ${row.valueText || 'nothing'}`;
    return { predicted, alternative, errorPct: null, status: 'error', note, ...about };
  }
  return {
    predicted,
    alternative,
    ...compare(row.value, predicted, alternative, replayed.note),
    status: replayed.truncated ? 'truncated' : 'ok',
    ...about,
  };
}

/** The error of the mean, or of the median where that is allowed and closer. */
function compare(value: number, predicted: number, alternative: number | null, about: string) {
  const ofMean = 100 * (predicted / value - 1);
  if (alternative === null) return { errorPct: ofMean, note: about };
  const ofMedian = 100 * (alternative / value - 1);
  const isMedian = Math.abs(ofMedian) < Math.abs(ofMean);
  const which = isMedian ? 'median is closer' : 'mean is closer';
  return { errorPct: isMedian ? ofMedian : ofMean, note: about === '' ? which : `${about}; ${which}` };
}
