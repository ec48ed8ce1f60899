// Writes the files of a study: its rows, its claims, its page. Each is there whole or not at all.
import { join } from 'node:path';
import { writeWhole } from '../check/whole-file.ts';
import { columnLines } from '../report/csv.ts';
import { tableParquet } from '../report/parquet.ts';
import { writeFiles } from '../report/write.ts';
import { studyHtml } from './html.ts';
import type { StudyResult } from './run-study.ts';
import { rowColumns, studyJson } from './study-json.ts';

export const STUDY_FILES: readonly string[] = ['rows.parquet', 'rows.csv', 'study.json', 'study.html'];

/** Creates the folder if need be; returns the paths written. Throws UserError where the disk refuses. */
export function writeStudy(folder: string, result: StudyResult): Promise<string[]> {
  const columns = rowColumns(result);
  const { rows, study, version } = result;
  const [parquet, csv, json, page] = STUDY_FILES as [string, string, string, string];
  return writeFiles(folder, [
    [parquet, () => tableParquet(columns, rows, { mist_version: version, mist_spec: study.question.text }, version)],
    [csv, () => columnLines(columns, rows)],
    [json, () => `${JSON.stringify(studyJson(result), null, 2)}\n`],
    [page, () => studyHtml(result)],
  ]);
}

/** The page alone, of the rows that there are. */
export function writeSofar(folder: string, result: StudyResult): void {
  const path = join(folder, 'study.html');
  writeWhole(path, studyHtml(result), path);
}
