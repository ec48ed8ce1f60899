// Kept configurations as CSV (RFC 4180): one row each, empty where there is no value.
import type { KeptRow } from '../metrics/types.ts';
import { type Cell, type Column, columnsOf, type FlatColumn } from './flat.ts';

export function sweepCsv(kept: readonly KeptRow[]): string {
  return [...csvLines(kept)].join('');
}

/** Line by line, so that a file of any length is written without being in memory as a whole. */
export function csvLines(
  kept: readonly KeptRow[],
  columns: readonly FlatColumn[] = columnsOf(kept),
): Generator<string> {
  return columnLines(columns, kept);
}

/** Any rows by their columns. */
export function* columnLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Generator<string> {
  yield `${columns.map((column) => quoteCell(column.name)).join(',')}\n`;
  for (const [i, row] of rows.entries()) {
    yield `${columns.map((column) => quoteCell(column.read(row, i + 1))).join(',')}\n`;
  }
}

/** Numbers keep all their digits; text is quoted only where it must be. */
function quoteCell(cell: Cell): string {
  if (cell === null) return '';
  const shown = String(cell);
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}
