// A scatter as characters, for the terminal: the shape of the trade-off without leaving the shell.
import { formatShort } from './format.ts';
import type { Point, Scatter } from './points.ts';
import { terminalWidth, wrap } from './width.ts';

/** Later marks cover earlier ones. */
const MARKS = ['.', 'o', '+', '#', 'W'] as const;
type Mark = (typeof MARKS)[number];

const LEGEND: Readonly<Record<Mark, string>> = {
  '.': 'screened',
  o: 'simulated, misses',
  '+': 'meets the limits',
  '#': 'front',
  W: 'winner',
};

/** Lines of at most `width` characters; none when there is nothing to plot. */
export function drawScatter(scatter: Scatter, width = 78, height = 14): string[] {
  if (scatter.points.length === 0) return [];
  const x = fitScale(
    scatter.points.map((point) => point.x),
    scatter.logX,
  );
  const y = fitScale(
    scatter.points.map((point) => point.y),
    scatter.logY,
  );
  const margin = Math.max(formatShort(y.min).length, formatShort(y.max).length) + 1;
  const across = width - margin - 1;
  const grid = Array.from({ length: height }, () => new Array<string>(across).fill(' '));
  const used = new Set<Mark>();
  const place = (point: Point, mark: Mark): void => {
    const column = Math.round(x.share(point.x) * (across - 1));
    const line = height - 1 - Math.round(y.share(point.y) * (height - 1));
    if (MARKS.indexOf(mark) >= MARKS.indexOf((grid[line]![column] as Mark) ?? ' ')) grid[line]![column] = mark;
    used.add(mark);
  };
  for (const point of scatter.points) place(point, point.kind === 'screened' ? '.' : point.kind === 'met' ? '+' : 'o');
  for (const point of scatter.front) place(point, '#');
  if (scatter.winner) place(scatter.winner, 'W');
  const label = (line: number): string =>
    line === 0 ? formatShort(y.max) : line === height - 1 ? formatShort(y.min) : '';
  const left = formatShort(x.min);
  const right = formatShort(x.max);
  const pad = ' '.repeat(margin);
  const legend = `${scatter.xWords}${scatter.logX ? ' (log)' : ''}   ${MARKS.filter((mark) => used.has(mark))
    .map((mark) => `${mark} ${LEGEND[mark]}`)
    .join('   ')}`;
  return [
    `${scatter.yWords}${scatter.logY ? ' (log)' : ''}`,
    ...grid.map((cells, line) => `${label(line).padStart(margin)}|${cells.join('')}`.trimEnd()),
    `${pad}+${'-'.repeat(across)}`,
    `${pad} ${left}${right.padStart(Math.max(0, across - left.length))}`,
    ...wrap(legend, terminalWidth() - margin - 1).map((line) => `${pad} ${line}`),
  ];
}

function fitScale(values: readonly number[], log: boolean) {
  const min = Math.min(...values);
  const max = Math.max(...values);
  const at = (value: number): number => (log ? Math.log(value) : value);
  const span = at(max) - at(min);
  return { min, max, share: (value: number): number => (span > 0 ? (at(value) - at(min)) / span : 0.5) };
}
