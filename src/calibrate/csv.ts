// Reads one trace table strictly: every missing column and every bad cell is an issue with its file and line.
import { type Issue, show } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import { readTextFile, tryReadText } from '../check/text-file.ts';

/** What a column must hold. Numbers are finite; `optional` cells may be empty and read as NaN. */
export type ColumnKind = 'text' | 'positive' | 'nonnegative' | 'number' | 'optional';

export interface Table {
  readonly file: string;
  readonly length: number;
  text(column: string): readonly string[];
  number(column: string): Float64Array;
  /** Where row i stands in the file: a line, or a row of a file without lines. */
  lineOf(i: number): number;
}

/** Cells as a file has them, before anything is known of what they must hold. */
export interface Sheet {
  readonly file: string;
  readonly header: readonly string[];
  readonly length: number;
  /** '' where there is nothing. */
  cell(column: string, i: number): string;
  lineOf(i: number): number;
  /** Cells of row i; as many as the header has in a good file. */
  widthOf(i: number): number;
}

/** Bad cells told in full per file; the rest are counted, so that a broken file does not flood the terminal. */
const CELLS_TOLD = 5;

const EXPECTED = {
  text: 'a word',
  positive: 'a positive number',
  nonnegative: 'a number, 0 or more',
  number: 'a number',
  optional: 'a number or nothing',
};

/** Reads `columns` of a comma-separated file; null when something is wrong (told in `issues`). */
export function readTable(file: string, columns: Record<string, ColumnKind>, issues: Issue[]): Table | null {
  return tableOf(openCsv(file), columns, issues);
}

export function openCsv(file: string): Sheet {
  const lines = readTextFile(file, TABLE).split(/\r?\n/);
  if (lines[lines.length - 1] === '') lines.pop();
  const header = headerOf(file);
  const rows = lines.slice(1).map((line) => line.split(','));
  const at = new Map(header.map((name, place) => [name, place]));
  return {
    file,
    header,
    length: rows.length,
    cell: (column, i) => rows[i]![at.get(column) ?? -1]?.trim() ?? '',
    lineOf: (i) => i + 2,
    widthOf: (i) => rows[i]!.length,
  };
}

const TABLE = { path: 'file', expected: 'a table of comma-separated text' };

/** The columns of the first line; none where the file is no text. */
export function headerOf(file: string): string[] {
  const read = tryReadText(file);
  const first = 'text' in read ? read.text.split(/\r?\n/, 1)[0] : '';
  return first!.split(',').map((name) => name.trim());
}

/** The columns of a sheet, every cell checked; null when something is wrong (told in `issues`). */
export function tableOf(sheet: Sheet, columns: Record<string, ColumnKind>, issues: Issue[]): Table | null {
  const { file, header } = sheet;
  const before = issues.length;
  checkHeader(file, header, Object.keys(columns), issues);
  if (sheet.length === 0) issues.push({ path: file, expected: 'at least one row', received: 'none', file, line: 1 });
  return issues.length > before ? null : readCells(sheet, columns, issues);
}

function checkHeader(file: string, header: readonly string[], wanted: readonly string[], issues: Issue[]): void {
  for (const name of new Set(header.filter((one, i) => header.indexOf(one) !== i))) {
    const received = `${show(name)} twice`;
    issues.push({ path: name || 'header', expected: 'every column once', received, file, line: 1 });
  }
  for (const name of wanted) {
    if (header.includes(name)) continue;
    const [near] = nearest(name, header, 1);
    const hint = near && `nearest: ${near}`;
    const received = `columns ${header.join(', ')}`;
    issues.push({ path: name, expected: 'a column of this name', received, file, line: 1, hint });
  }
}

function readCells(sheet: Sheet, columns: Record<string, ColumnKind>, issues: Issue[]): Table | null {
  const { file, header, length } = sheet;
  const texts = new Map<string, string[]>();
  const numbers = new Map<string, Float64Array>();
  const wanted = Object.entries(columns).map(([name, kind]) => ({ name, kind }));
  for (const { name, kind } of wanted) {
    if (kind === 'text') texts.set(name, new Array(length));
    else numbers.set(name, new Float64Array(length));
  }
  let bad = 0;
  const tell = (path: string, line: number, expected: string, received: string) => {
    if (++bad <= CELLS_TOLD) issues.push({ path, expected, received, file, line });
  };
  for (let i = 0; i < length; i++) {
    if (sheet.widthOf(i) !== header.length) {
      tell('row', sheet.lineOf(i), `${header.length} cells`, `${sheet.widthOf(i)}`);
      continue;
    }
    for (const { name, kind } of wanted) {
      const cell = sheet.cell(name, i);
      if (kind === 'text') texts.get(name)![i] = cell;
      else numbers.get(name)![i] = readNumber(cell);
      if (!isGood(cell, kind)) tell(name, sheet.lineOf(i), EXPECTED[kind], show(cell));
    }
  }
  if (bad > CELLS_TOLD) {
    issues.push({ path: 'cells', expected: 'good ones', received: `${bad - CELLS_TOLD} more bad ones`, file });
  }
  if (bad > 0) return null;
  return {
    file,
    length,
    text: (column) => texts.get(column)!,
    number: (column) => numbers.get(column)!,
    lineOf: sheet.lineOf,
  };
}

const readNumber = (cell: string): number => (cell === '' ? Number.NaN : Number(cell));

function isGood(cell: string, kind: ColumnKind): boolean {
  if (kind === 'text') return cell !== '';
  const value = readNumber(cell);
  if (kind === 'optional') return cell === '' || Number.isFinite(value);
  if (!Number.isFinite(value)) return false;
  return kind === 'number' || (kind === 'positive' ? value > 0 : value >= 0);
}
