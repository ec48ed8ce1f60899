// The bench table in plain text and in Markdown.
import { drawTable, type TextColumn } from '../src/report/table.ts';
import { type Machine, machineLine } from './machine.ts';
import type { Row } from './row.ts';

const HEADINGS = ['what', 'value', 'unit', 'twin', 'ratio', 'asked', 'ok'];
const COLUMNS: readonly TextColumn[] = HEADINGS.map((heading) => ({
  heading,
  align: ['value', 'twin', 'ratio'].includes(heading) ? 'right' : 'left',
}));

function cellsOf(row: Row): string[] {
  const ratio = row.ratio === null ? '' : `${threeDigits(row.ratio)}x`;
  const twin = row.twin === null ? '' : threeDigits(row.twin);
  return [
    row.what,
    threeDigits(row.value),
    row.unit,
    twin,
    ratio,
    row.asked,
    row.ok === null ? '' : row.ok ? 'yes' : 'NO',
  ];
}

function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function textTable(rows: readonly Row[]): string {
  return drawTable(COLUMNS, rows.map(cellsOf), 140).join('\n');
}

/** Columns padded to their widest cell, as the formatter wants them. */
export function markdownTable(rows: readonly Row[], machine: Machine, commit: string): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const isRight = (i: number) => COLUMNS[i].align === 'right';
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (isRight(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`;
  const rule = line(widths.map((width, i) => (isRight(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))));
  return [
    `Commit ${commit}, on ${machineLine(machine)}.`,
    '',
    line(HEADINGS),
    rule,
    ...rows.map((row) => line(cellsOf(row))),
  ].join('\n');
}

const START = '<!-- table: npm run bench -- --write -->';
const END = '<!-- end of table -->';

/** Puts a table between the marks of the README. */
export function replaceTable(readme: string, table: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`bench/README.md has no "${START}" before "${END}"`);
  return `${readme.slice(0, start + START.length)}\n\n${table}\n\n${readme.slice(end)}`;
}
