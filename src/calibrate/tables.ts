// What measurements say beyond a fit: measured over fitted time on the grid they were taken on, averaged and filled.
import type { CollectiveFit, OpFamily, OpTable, WeightFormat } from '../catalog/types.ts';
import { groupBy } from '../check/group-by.ts';
import { factorAt, nearestLayer } from '../plan/op-table.ts';
import { type FitRow, type LinkPrice, type OpPrice, percentile, priceLink, priceRow, round } from './fit.ts';
import { splitByShape } from './split.ts';

/** Fewer rows than these are no grid. */
const LEAST_ROWS = 200;
/** A factor beyond these says that a row is broken, not that the fit is. */
const FACTORS = [0.1, 10] as const;

/** The table of one kind of work, or null where it predicts held-out shapes no better than the fit alone (median `fitted`). */
export function tableOf(
  family: OpFamily,
  format: WeightFormat,
  all: readonly FitRow[],
  price: OpPrice,
  fitted: number,
): OpTable | null {
  const rows = all.filter((row) => row.cell);
  if (rows.length < LEAST_ROWS) return null;
  const halves = splitByShape(rows);
  const half = makeTable(family, format, halves.fitted, price);
  const errors = halves.held.map((row) => Math.abs(predict(half, row, price) / row.seconds - 1)).sort((a, b) => a - b);
  const error_out = round(percentile(errors, 0.5), 2);
  const error_out_p90 = round(percentile(errors, 0.9), 2);
  if (!(error_out < fitted)) return null;
  return { ...makeTable(family, format, rows, price), error_out, error_out_p90 };
}

/** Sizes this far apart say all that there is; a thousand rows of one transfer do not. */
const LEAST_GROWTH = 1.4;

/** Measured over fitted time of an exchange at its message sizes, at most two an octave. */
export function linkTable(
  rows: readonly { readonly bytes: number; readonly seconds: number }[],
  price: LinkPrice,
): CollectiveFit['table'] {
  const kept: { bytes: number; permille: number }[] = [];
  for (const { bytes, seconds } of [...rows].sort((a, b) => a.bytes - b.bytes)) {
    const last = kept.at(-1);
    if (last && bytes < LEAST_GROWTH * last.bytes) continue;
    kept.push({ bytes, permille: Math.max(1, Math.round((1000 * seconds) / priceLink(price, bytes))) });
  }
  return { bytes: kept.map((row) => row.bytes), permille: kept.map((row) => row.permille) };
}

/** The fit times the factor at the row's point. */
function predict(table: OpTable, row: FitRow, price: OpPrice): number {
  const { layer, at } = row.cell!;
  const launch = launchOf(table.family, price);
  const slice = table.layers ? nearestLayer(table, layer) : 0;
  return launch + (priceRow(price, row) - launch) * factorAt(table, slice, at);
}

/** Prompts of one step share one launch: their factors hold for what comes beyond it. */
function launchOf(family: OpFamily, price: OpPrice): number {
  return family === 'attention-prefill' || family === 'mla-prefill' ? price.t0_s : 0;
}

function makeTable(family: OpFamily, format: WeightFormat, rows: readonly FitRow[], price: OpPrice): OpTable {
  const layers = [...groupBy(rows, (row) => row.cell!.layer.join(' ')).values()];
  const axes = rows[0]!.cell!.at.map((_, a) => rising(rows.map((row) => row.cell!.at[a]!)));
  const permille = layers.flatMap((group) => sliceOf(group, axes, price, launchOf(family, price)));
  const sizes = layers.map((group) => group[0].cell!.layer);
  const named = sizes[0]!.length > 0 ? { layers: sizes } : {};
  return { family, formats: [format], axes, ...named, permille, error_out: 0, error_out_p90: 0 };
}

const rising = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

/** Thousandths of one layer on the axes: the geometric mean of the rows of a cell; empty cells from the nearest full ones. */
function sliceOf(rows: readonly FitRow[], axes: readonly number[][], price: OpPrice, launch: number): number[] {
  const cells = axes.reduce((product, axis) => product * axis.length, 1);
  const sums = new Float64Array(cells);
  const counts = new Float64Array(cells);
  for (const row of rows) {
    const factor = (row.seconds - launch) / (priceRow(price, row) - launch);
    const cell = axes.reduce((offset, axis, a) => offset * axis.length + axis.indexOf(row.cell!.at[a]!), 0);
    sums[cell]! += Math.log(Math.min(FACTORS[1], Math.max(FACTORS[0], factor)));
    counts[cell]!++;
  }
  const logs = sums.map((sum, i) => (counts[i]! > 0 ? sum / counts[i]! : Number.NaN));
  return Array.from(fillCells(logs, axes), (value) => Math.max(1, Math.round(1000 * Math.exp(value))));
}

/**
 * Empty cells from the full ones on their lines, until none is left. Along an axis a cell lies between its nearest full neighbours
 * (linear in the logarithm of the size) or beside the only one; the axes are weighed by how little the factors change over that far.
 */
function fillCells(logs: Float64Array, axes: readonly number[][]): Float64Array {
  const strides = axes.map((_, a) => axes.slice(a + 1).reduce((product, axis) => product * axis.length, 1));
  let known = logs;
  const full = logs.filter((log) => !Number.isNaN(log));
  const prior = 1 / Math.max(LEAST_ROUGHNESS ** 2, full.reduce((sum, log) => sum + log * log, 0) / full.length);
  while (known.some(Number.isNaN)) {
    const lines = axes.map((axis, a) => ({ at: axis.map(Math.log), stride: strides[a]!, rough: 0 }));
    for (const line of lines) line.rough = roughness(known, line);
    const next = known.slice();
    for (let i = 0; i < known.length; i++) if (Number.isNaN(known[i]!)) next[i] = meanAround(known, i, lines, prior);
    if (next.every(Number.isNaN)) break;
    known = next;
  }
  return known;
}

/** An axis of a table: the logarithms of its sizes, the cells from one to the next, and how much factors change per unit. */
interface Line {
  readonly at: readonly number[];
  readonly stride: number;
  rough: number;
}

/** Below this a factor is taken to be the same: tables of one point per axis or without neighbours. */
const LEAST_ROUGHNESS = 0.01;

/** Mean change of the logarithm of a factor between full neighbours, per unit of the axis. */
function roughness(known: Float64Array, { at, stride }: Line): number {
  let [change, distance] = [0, 0];
  for (let i = 0; i + stride < known.length; i++) {
    const place = Math.floor(i / stride) % at.length;
    if (place + 1 >= at.length || Number.isNaN(known[i]) || Number.isNaN(known[i + stride])) continue;
    change += Math.abs(known[i + stride]! - known[i]!);
    distance += at[place + 1]! - at[place]!;
  }
  return Math.max(LEAST_ROUGHNESS, distance > 0 ? change / distance : 1);
}

/** Beyond the last full cell of a line a factor is less certain than between two. */
const OUTSIDE = 2;

function meanAround(known: Float64Array, cell: number, lines: readonly Line[], prior: number): number {
  let [sum, weights] = [0, 0];
  for (const line of lines) {
    const [below, above] = [nearestFull(known, cell, line, -1), nearestFull(known, cell, line, 1)];
    if (!below && !above) continue;
    const one = below ?? above!;
    const both = below && above ? below.distance + above.distance : 0;
    const value = both > 0 ? (below!.value * above!.distance + above!.value * below!.distance) / both : one.value;
    const span = both > 0 ? (below!.distance * above!.distance) / both : OUTSIDE * one.distance;
    const weight = 1 / (line.rough * span) ** 2;
    sum += weight * value;
    weights += weight;
  }
  return weights > 0 ? sum / (weights + prior) : Number.NaN;
}

function nearestFull(known: Float64Array, cell: number, { at, stride }: Line, step: number) {
  const place = Math.floor(cell / stride) % at.length;
  for (let other = place + step; other >= 0 && other < at.length; other += step) {
    const value = known[cell + (other - place) * stride]!;
    if (!Number.isNaN(value)) return { value, distance: Math.abs(at[other]! - at[place]!) };
  }
  return null;
}
