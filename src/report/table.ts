// Text tables: columns as wide as their longest cell; where the line would not fit, long words are cut in the middle, columns to
// spare are left out, and what is still too wide goes on in a second block under the first.

import { terminalWidth } from './width.ts';

export interface TextColumn {
  readonly heading: string;
  readonly align: 'left' | 'right';
  /** Never wider than this; absent = as wide as its longest cell. */
  readonly most?: number;
  /** May be cut to make the line fit; figures never are. */
  readonly cut?: boolean;
  /** Columns to spare go before this one is cut below so many characters; absent = COMFORT. */
  readonly comfort?: number;
  /** Left out where even cut columns do not fit, the highest first; absent = never. */
  readonly spare?: number;
}

type Rest = Omit<TextColumn, 'heading' | 'align'>;

/** Columns of words. */
export function left(headings: readonly string[], rest: Rest = {}): TextColumn[] {
  return headings.map((heading) => ({ heading, align: 'left', ...rest }));
}

/** Columns of figures. */
export function right(headings: readonly string[], rest: Rest = {}): TextColumn[] {
  return headings.map((heading) => ({ heading, align: 'right', ...rest }));
}

const GAP = '  ';
const NARROWEST = 12;
/** Enough for a name. */
const COMFORT = 24;

export function drawTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string[] {
  const least = leastWidths(columns, rows);
  return splitColumns(keepColumns(columns, least, width), least, width).flatMap((kept, block) => [
    ...(block === 0 ? [] : ['']),
    ...drawAll(
      kept.map((i) => columns[i]!),
      rows.map((row) => kept.map((i) => row[i]!)),
      width,
    ),
  ]);
}

/** Columns as narrow as they may be. */
function leastWidths(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ heading, cut, most = Number.POSITIVE_INFINITY, comfort = COMFORT }, i) => {
    const cells = rows.reduce((longest, row) => Math.max(longest, row[i]!.length), 0);
    const longest = Math.max(heading.length, Math.min(cells, most));
    return cut ? Math.min(longest, Math.max(heading.length, comfort)) : longest;
  });
}

/** Blocks of columns that fit, each led by the first column; one block where all fit. */
function splitColumns(kept: readonly number[], least: readonly number[], width: number): number[][] {
  const [first, ...others] = kept as [number, ...number[]];
  const blocks: number[][] = [[first]];
  let used = least[first]!;
  for (const i of others) {
    const block = blocks.at(-1)!;
    if (used + GAP.length + least[i]! > width && block.length > 1) {
      blocks.push([first, i]);
      used = least[first]! + GAP.length + least[i]!;
    } else {
      block.push(i);
      used += GAP.length + least[i]!;
    }
  }
  return blocks;
}

/** Places of the columns that fit once all that may be cut is: those to spare go first. */
function keepColumns(columns: readonly TextColumn[], least: readonly number[], width: number): number[] {
  const kept = columns.map((_, i) => i);
  const needs = () => kept.reduce((sum, i) => sum + least[i]!, GAP.length * (kept.length - 1));
  const spares = kept.filter((i) => columns[i]!.spare !== undefined);
  spares.sort((a, b) => columns[b]!.spare! - columns[a]!.spare! || b - a);
  for (const i of spares) if (needs() > width) kept.splice(kept.indexOf(i), 1);
  return kept;
}

function drawAll(columns: readonly TextColumn[], rows: readonly (readonly string[])[], width: number): string[] {
  const longest = columns.map(({ heading, most = Number.POSITIVE_INFINITY }, i) => {
    const cells = rows.reduce((width, row) => Math.max(width, row[i]!.length), 0);
    return Math.max(heading.length, Math.min(cells, most));
  });
  const widths = fitWidths(columns, longest, width);
  const draw = (row: readonly string[]): string =>
    row
      .map((cell, i) => {
        const shown = cutMiddle(cell, widths[i]!);
        return columns[i]!.align === 'left' ? shown.padEnd(widths[i]!) : shown.padStart(widths[i]!);
      })
      .join(GAP)
      .trimEnd();
  const rule = widths.map((dashes) => '-'.repeat(dashes)).join(GAP);
  return [draw(columns.map((column) => column.heading)), rule, ...rows.map(draw)];
}

/** Takes from the widest column that may be cut, one character at a time, until the line fits or none is left to take. */
function fitWidths(columns: readonly TextColumn[], longest: readonly number[], width: number): number[] {
  const widths = [...longest];
  const total = (): number => widths.reduce((sum, w) => sum + w, GAP.length * (widths.length - 1));
  while (total() > width) {
    let widest = -1;
    columns.forEach((column, i) => {
      if (column.cut && widths[i]! > NARROWEST && (widest < 0 || widths[i]! > widths[widest]!)) widest = i;
    });
    if (widest < 0) break;
    widths[widest]!--;
  }
  return widths;
}

/** "8x A very lo..tp2 x4 fp8": names tend to differ at their ends. */
function cutMiddle(cell: string, width: number): string {
  if (cell.length <= width) return cell;
  const tail = Math.floor((width - 2) / 2);
  return `${cell.slice(0, width - 2 - tail)}..${cell.slice(cell.length - tail)}`;
}
