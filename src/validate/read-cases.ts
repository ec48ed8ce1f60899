// Reads a case file: columns by name, rows in order, every cell checked; a bad row is kept and says what is wrong with it.
import { type Group, groupBy } from '../check/group-by.ts';
import { type Issue, UserError } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import { readTextFile } from '../check/text-file.ts';
import { type CsvRecord, readRecords } from '../workload/csv.ts';
import type { CaseGroup, CaseRow } from './case.ts';
import { GROUP_COLUMNS } from './case-columns.ts';
import { readInput } from './read-input.ts';

export interface CaseFile {
  readonly file: string;
  readonly columns: readonly string[];
  /** In order of the file. */
  readonly rows: readonly CaseRow[];
  /** In order of their first rows. */
  readonly groups: readonly CaseGroup[];
}

/** Columns of a figure; without them a row is not a case. */
const FIGURE_COLUMNS = ['case_id', 'group_id', 'config_id', 'metric', 'statistic', 'value', 'derived', 'quality'];
const ISSUES_TOLD = 20;

/** Reads `file`. Throws UserError where it is no case file: unreadable, columns missing, no rows, a case_id blank or twice. */
export function readCases(file: string): CaseFile {
  return parseCases(readTextFile(file, { path: 'mist validate', expected: 'a case file that can be read' }), file);
}

export function parseCases(text: string, file: string): CaseFile {
  const records = [...readRecords(text.replace(/^\uFEFF/, ''))];
  const header = (records[0]?.cells ?? []).map((cell) => cell.trim());
  const issues = checkHeader(header, file);
  if (issues.length === 0 && records.length < 2) {
    issues.push({ path: 'rows', expected: 'at least one case', received: 'none', file });
  }
  if (issues.length > 0) throw new UserError(issues);
  const at = new Map(header.map((name, i) => [name, i]));
  const rows = records.slice(1).map((record) => readRow(record, at));
  checkIds(rows, file);
  const widths = new Map(rows.map((row, i) => [row, records[i + 1]!.cells.length]));
  const groups = groupRows(rows, (row) => {
    const cells = widths.get(row)!;
    return cells === header.length ? null : `line ${row.line} has ${cells} cells, the header ${header.length}`;
  });
  return { file, columns: header, rows, groups };
}

function checkHeader(header: readonly string[], file: string): Issue[] {
  const issues: Issue[] = [];
  for (const name of [...FIGURE_COLUMNS, ...GROUP_COLUMNS]) {
    const times = header.filter((column) => column === name).length;
    if (times === 1) continue;
    const [near] = times === 0 ? nearest(name, header, 1) : [];
    const hint = near && `nearest: ${near}`;
    const received = times === 0 ? 'none' : `${times}`;
    issues.push({ path: name, expected: 'one column of this name', received, file, line: 1, hint });
  }
  return issues;
}

function readRow(record: CsvRecord, at: ReadonlyMap<string, number>): CaseRow {
  const cell = (column: string): string => record.cells[at.get(column) ?? -1]?.trim() ?? '';
  return {
    line: record.line,
    case_id: cell('case_id'),
    group_id: cell('group_id'),
    config_id: cell('config_id'),
    source: cell('source'),
    metric: cell('metric'),
    statistic: cell('statistic'),
    value: cell('value') === '' ? Number.NaN : Number(cell('value')),
    valueText: cell('value'),
    derived: cell('derived') === '1',
    quality: cell('quality'),
    tier: cell('tier'),
    core: cell('core') === '1',
    cell,
  };
}

/** Ids are the keys of the answer: none blank, none twice. */
function checkIds(rows: readonly CaseRow[], file: string): void {
  const seen = new Map<string, number>();
  const issues: Issue[] = [];
  for (const { case_id: id, line } of rows) {
    const before = seen.get(id);
    if (id === '') issues.push({ path: 'case_id', expected: 'an id', received: 'nothing', file, line });
    else if (before !== undefined) {
      issues.push({ path: 'case_id', expected: 'each id once', received: `${id}, also on line ${before}`, file, line });
    }
    seen.set(id, line);
  }
  const more = issues.length - ISSUES_TOLD;
  if (more > 0)
    issues.splice(ISSUES_TOLD, more, {
      path: 'case_id',
      expected: 'good ids',
      received: `${more} more bad ones`,
      file,
    });
  if (issues.length > 0) throw new UserError(issues);
}

/** Rows of one group_id are one run: their input columns must agree. */
function groupRows(rows: readonly CaseRow[], fault: (row: CaseRow) => string | null): CaseGroup[] {
  // a row without a group is a run of its own
  return [...groupBy(rows, (row) => row.group_id || row.case_id)].map(([id, members]) => {
    const words = members.map(fault).find((one) => one !== null) ?? findConflict(members);
    if (words) return { id, rows: members, input: null, trouble: { status: 'error' as const, words } };
    return { id, rows: members, ...readInput(members[0]) };
  });
}

function findConflict(rows: Group<CaseRow>): string | null {
  const [first, ...others] = rows;
  const seen = new Map([[`${first.metric}.${first.statistic}`, first.line]]);
  for (const row of others) {
    const odd = GROUP_COLUMNS.find((column) => row.cell(column) !== first.cell(column));
    if (odd) {
      return `rows of one run disagree: ${odd} is ${row.cell(odd) || 'blank'} on line ${row.line}, ${first.cell(odd) || 'blank'} on line ${first.line}`;
    }
    const figure = `${row.metric}.${row.statistic}`;
    if (seen.has(figure)) return `${figure} of one run is given twice, on lines ${seen.get(figure)} and ${row.line}`;
    seen.set(figure, row.line);
  }
  return null;
}
