// Rows of results as CSV (RFC 4180): one line each, empty where there is no value.
import type { SweepResult } from '../metrics/sweep.ts';
import { type Cell, type Column, columnsOf } from './flat.ts';

/** Line by line, so that a file of any length is written without being in memory as a whole. */
export function csvLines(result: Pick<SweepResult, 'axes' | 'kept' | 'screened'>): Generator<string> {
  return columnLines(columnsOf(result), result.kept);
}

/** Any rows by their columns. */
export function* columnLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Generator<string> {
  yield `${columns.map((column) => quoteCell(column.name)).join(',')}\n`;
  for (const [i, row] of rows.entries()) {
    yield `${columns.map((column) => quoteCell(column.read(row, i + 1))).join(',')}\n`;
  }
}

/** Numbers keep all their digits; text is quoted only where it must be. */
export function quoteCell(cell: Cell): string {
  if (cell === null) return '';
  const shown = String(cell);
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}
