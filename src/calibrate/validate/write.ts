// Predictions as the lines, the tables and the JSON that mist validate gives out.
import { drawTable, type TextColumn } from '../../report/table.ts';
import type { Prediction } from './predict.ts';
import type { ErrorTable } from './score.ts';

const HEADING = 'case_id,value,predicted,predicted_alt,error_pct,status,note';

/** One line per row of the case file, in its order. */
export function predictionLines(predictions: readonly Prediction[]): string {
  const lines = predictions.map(({ row, predicted, alternative, errorPct, status, note }) =>
    [row.case_id, row.valueText, figure(predicted), figure(alternative), fixed(errorPct, 3), status, note]
      .map(quote)
      .join(','),
  );
  return `${[HEADING, ...lines].join('\n')}\n`;
}

/** Seven digits: more than any measurement has, and short. */
function figure(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(7)));
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits);
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

const right = (heading: string): TextColumn => ({ heading, align: 'right' });
const FIGURES = [
  'rows',
  'none',
  '|err| p50',
  'p90',
  'signed p50',
  '<=10',
  '<=20',
  '<=30',
  'configs',
  'p50',
  'p90',
  'TTFT<100ms',
].map(right);

/** Errors in %; the last columns are over configs, and ms for short TTFTs. */
export function errorTable(columns: readonly string[], tables: readonly ErrorTable[]): string {
  const heading = columns.map((name): TextColumn => ({ heading: name, align: 'left' }));
  const rows = tables.map((table) => [
    ...table.key,
    ...[String(table.n), table.missing === 0 ? '' : String(table.missing)],
    ...[table.median, table.p90, table.signed].map((value) => words(value, 1)),
    ...[table.within10, table.within20, table.within30].map((value) => words(100 * value, 0)),
    ...[String(table.configs), words(table.configMedian, 1), words(table.configP90, 1)],
    Number.isNaN(table.shortTtftMs) ? '' : `${table.shortTtftMs.toFixed(1)} ms`,
  ]);
  return drawTable([...heading, ...FIGURES], rows, 180).join('\n');
}

function words(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}
