// Tables of measurements beside a fit: measured over fitted time on a grid, read as times that are linear between knots.
import type { OpTable } from '../catalog/types.ts';

/** Seconds of one launch over a rising quantity: linear between knots, beyond the last as `beyond` grows. */
export interface Curve {
  readonly knots: readonly number[];
  readonly seconds: Float64Array;
  /** Seconds by the fit alone. */
  readonly fitted: (x: number) => number;
}

/** Seconds of decode attention over sequences (rows) and mean context (columns): linear in both between knots. */
export interface Plane {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** Rows times columns, never falling along either. */
  readonly seconds: Float64Array;
  readonly fitted: (sequences: number, context: number) => number;
}

/** Where `x` lies among rising knots: an interval and the fraction of it; outside, the nearest end. */
export function locate(knots: readonly number[], x: number): { index: number; fraction: number } {
  const last = knots.length - 1;
  if (last === 0 || x <= knots[0]!) return { index: 0, fraction: 0 };
  if (x >= knots[last]!) return { index: last - 1, fraction: 1 };
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle]! <= x) low = middle;
    else high = middle;
  }
  return { index: low, fraction: (x - knots[low]!) / (knots[high]! - knots[low]!) };
}

interface Corner {
  readonly offset: number;
  readonly weight: number;
}

/** The cells around a point on the axes from `first` to `end`, with their weights; offsets are cells from the start of a slice. */
function corners(table: OpTable, first: number, end: number, point: readonly number[]): Corner[] {
  if (point.length < end - first)
    throw new Error(`a table of ${end - first} axes needs as many sizes, not ${point.length}`);
  let found: Corner[] = [{ offset: 0, weight: 1 }];
  for (let a = first; a < end; a++) {
    const axis = table.axes[a];
    const stride = table.axes.slice(a + 1).reduce((cells, other) => cells * other.length, 1);
    const { index, fraction } = locate(axis!, point[a - first]!);
    const next: Corner[] = [];
    for (const { offset, weight } of found) {
      if (fraction < 1) next.push({ offset: offset + index * stride, weight: weight * (1 - fraction) });
      if (fraction > 0) next.push({ offset: offset + (index + 1) * stride, weight: weight * fraction });
    }
    found = next;
  }
  return found;
}

function blend(table: OpTable, start: number, around: readonly Corner[]): number {
  let sum = 0;
  for (const { offset, weight } of around) sum += table.permille[start + offset]! * weight;
  return sum / 1000;
}

/** The factor at one point of all axes, in the slice of one layer. */
export function factorAt(table: OpTable, layer: number, point: readonly number[]): number {
  const cells = table.axes.reduce((product, axis) => product * axis.length, 1);
  return blend(table, layer * cells, corners(table, 0, table.axes.length, point));
}

/** Factors along the first axis at a point of the others: (n, k) of a matrix product, (heads, head size, KV heads) of a prompt. */
export function factorsAlong(table: OpTable, point: readonly number[]): Float64Array {
  const around = corners(table, 1, table.axes.length, point);
  const stride = table.axes.slice(1).reduce((cells, axis) => cells * axis.length, 1);
  return Float64Array.from(table.axes[0]!, (_, i) => blend(table, i * stride, around));
}

/** The timed layer most like `shape`: nearest in the sum of the octaves between sizes. */
export function nearestLayer(table: OpTable, shape: readonly number[]): number {
  const layers = table.layers ?? [];
  const distance = (layer: readonly number[]) =>
    layer.reduce((product, size, i) => product * Math.max(size / shape[i]!, shape[i]! / size), 1);
  let best = 0;
  for (let i = 1; i < layers.length; i++) if (distance(layers[i]!) < distance(layers[best]!)) best = i;
  return best;
}

/** Factors along the tokens of the layer most like `shape`. */
export function factorsOfLayer(table: OpTable, shape: readonly number[]): Float64Array {
  const best = nearestLayer(table, shape);
  const { length } = table.axes[0]!;
  return Float64Array.from({ length }, (_, i) => table.permille[best * length + i]! / 1000);
}

/** The fit times the factors at the knots; never falling (L7). */
export function makeCurve(knots: readonly number[], factors: Float64Array, fitted: (x: number) => number): Curve {
  const seconds = Float64Array.from(knots, (knot, i) => fitted(knot) * factors[i]!);
  for (let i = 1; i < seconds.length; i++) seconds[i] = Math.max(seconds[i]!, seconds[i - 1]!);
  return { knots, seconds, fitted };
}

export function readCurve({ knots, seconds, fitted }: Curve, x: number): number {
  const last = knots.length - 1;
  if (x > knots[last]!) return (seconds[last]! * fitted(x)) / fitted(knots[last]!);
  const { index, fraction } = locate(knots, x);
  return fraction === 0 ? seconds[index]! : seconds[index]! + fraction * (seconds[index + 1]! - seconds[index]!);
}

/** A factor between knots: the nearest end outside. */
export function readFactor(knots: readonly number[], factors: Float64Array, x: number): number {
  const { index, fraction } = locate(knots, x);
  return fraction === 0 ? factors[index]! : factors[index]! + fraction * (factors[index + 1]! - factors[index]!);
}

/**
 * Decode attention of one head layout [query heads, KV heads, head size]. The table knows sequences times KV heads, the number of
 * independent pieces of work, so that one grid serves all layouts. A column at context 0 carries the factor of the shortest one.
 */
export function makePlane(
  table: OpTable,
  [heads, kvHeads, headSize]: readonly [heads: number, kvHeads: number, headSize: number],
  fitted: (sequences: number, context: number) => number,
): Plane {
  const [lanes, contexts] = [table.axes[0]!, table.axes[1]!];
  const around = corners(table, 2, table.axes.length, [heads / kvHeads, headSize]);
  const stride = table.axes.slice(2).reduce((cells, axis) => cells * axis.length, 1);
  const rows = lanes.map((count) => count / kvHeads);
  const columns = [0, ...contexts];
  const width = columns.length;
  const seconds = new Float64Array(rows.length * width);
  for (let r = 0; r < rows.length; r++) {
    for (let c = 0; c < width; c++) {
      const factor = blend(table, (r * contexts.length + Math.max(0, c - 1)) * stride, around);
      const left = c > 0 ? seconds[r * width + c - 1]! : 0;
      const above = r > 0 ? seconds[(r - 1) * width + c]! : 0;
      seconds[r * width + c] = Math.max(fitted(rows[r]!, columns[c]!) * factor, left, above);
    }
  }
  return { rows, columns, seconds, fitted };
}

export function readPlane({ rows, columns, seconds, fitted }: Plane, sequences: number, context: number): number {
  const [lastRow, lastColumn] = [rows[rows.length - 1], columns[columns.length - 1]];
  const [inRow, inColumn] = [Math.min(sequences, lastRow!), Math.min(context, lastColumn!)];
  const row = locate(rows, inRow);
  const column = locate(columns, inColumn);
  const at = row.index * columns.length + column.index;
  const upper = seconds[at]! + column.fraction * (seconds[at + 1]! - seconds[at]!);
  const below = at + columns.length;
  const lower =
    row.fraction === 0 ? upper : seconds[below]! + column.fraction * (seconds[below + 1]! - seconds[below]!);
  const value = upper + row.fraction * (lower - upper);
  const outside = sequences > lastRow! || context > lastColumn!;
  return outside ? (value * fitted(sequences, context)) / fitted(inRow, inColumn) : value;
}
