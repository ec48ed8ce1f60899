// Fits the price of an op, t0 + ((C/(eta_c*peak))^p + (M/(eta_m*bandwidth))^p)^(1/p), and of a collective, to timed rows.
import type { Issue } from '../check/issue.ts';
import type { Cell } from './measurement.ts';
import { minimise } from './minimise.ts';
import { splitByShape, thin } from './split.ts';

export type Norm = 1 | 2 | 4 | 8 | 'inf';
export const NORMS: readonly Norm[] = [1, 2, 4, 8, 'inf'];

/** An efficiency above 1 is a datasheet that understates the hardware; above this it is a cache. */
export const LARGEST_ETA = 1.2;

/** Fewer rows or shapes than these cannot hold out a half and still pin the parameters. */
export const LEAST_ROWS = 12;
/** With fewer shapes than this, rows are held out one by one. */
const LEAST_SHAPES = 4;
const ROWS_FITTED = 4000;

/** Errors above this factor (e^1) weigh no more than it: broken rows do not steer a fit. */
const CAP = 1;

export interface OpPrice {
  readonly t0_s: number;
  readonly eta_compute: number;
  readonly eta_memory: number;
  readonly p: Norm;
  /** See OpFit.activation_bytes; only where it fits better than the format's own width. */
  readonly activation_bytes?: number;
}

export interface LinkPrice {
  readonly t0_s: number;
  readonly rate: number;
  readonly p: Norm;
}

/** |predicted/measured - 1|: median and 90th percentile, in the fitted half and in the half held out. */
export interface Errors {
  readonly rows: number;
  readonly in_median: number;
  readonly in_p90: number;
  readonly out_median: number;
  readonly out_p90: number;
}

/** A row as the fit sees it: `compute` and `memory` are the times at peak rate, C/peak and M/bandwidth. */
export interface FitRow {
  readonly shape: string;
  readonly compute: number;
  readonly memory: number;
  /** Time to move one byte per activation element, and the bytes per element that `memory` holds already. */
  readonly activation?: { readonly perByte: number; readonly bytes: number };
  readonly cell?: Cell;
  readonly seconds: number;
}

/** (a^p + b^p)^(1/p) by multiplications and square roots only: the same bits on every host. */
export function joinTimes(a: number, b: number, p: Norm): number {
  if (p === 1) return a + b;
  const large = Math.max(a, b);
  if (p === 'inf' || large === 0) return large;
  let ratio = Math.min(a, b) / large;
  for (let power = 1; power < p; power *= 2) ratio *= ratio;
  let root = 1 + ratio;
  for (let power = 1; power < p; power *= 2) root = Math.sqrt(root);
  return large * root;
}

export function priceRow(price: OpPrice, row: FitRow): number {
  const extra = price.activation_bytes && row.activation ? price.activation_bytes - row.activation.bytes : 0;
  const memory = extra === 0 ? row.memory : row.memory + extra * row.activation!.perByte;
  return price.t0_s + joinTimes(row.compute / price.eta_compute, memory / price.eta_memory, price.p);
}

export function priceLink(price: LinkPrice, bytes: number): number {
  return joinTimes(price.t0_s, bytes / price.rate, price.p);
}

/** Fits one half of the shapes and judges by the other; an Issue where there are too few rows. Deterministic. */
export function fitOp(name: string, rows: readonly FitRow[]): { price: OpPrice; errors: Errors } | Issue {
  const few = tooFew(name, rows);
  if (few) return few;
  const { fitted, held } = splitByShape(identify(rows));
  const sample = thin(fitted, ROWS_FITTED);
  let best = searchOp(sample, undefined);
  if (sample.some((row) => row.activation)) {
    for (const bytes of ACTIVATION_WIDTHS) {
      const found = searchOp(sample, bytes);
      if (found.value < WIDER_ONLY_BELOW * best.value) best = found;
    }
  }
  const price = roundOp(best.price);
  return { price, errors: judge(fitted, held, (row) => priceRow(price, row)) };
}

/** Bytes per activation element worth trying where activations are quantised on the way, and the gain they must bring. */
const ACTIVATION_WIDTHS = [4, 8, 16, 32];
const WIDER_ONLY_BELOW = 0.98;

/** Starting efficiencies (compute, memory): a well-tuned kernel and a poor one. */
const STARTS = [
  [0.6, 0.8],
  [0.2, 0.3],
] as const;

/** The best price over all norms, at one width of activations. */
function searchOp(sample: readonly FitRow[], width: number | undefined): { price: OpPrice; value: number } {
  const fastest = sample.reduce((least, row) => Math.min(least, row.seconds), Number.POSITIVE_INFINITY);
  // Work without FLOPs (norms, activations) has no compute efficiency to find, and every norm is the same.
  const still = sample.every((row) => row.compute === 0);
  let best: { price: OpPrice; value: number } | null = null;
  for (const p of still ? (['inf'] as const) : NORMS) {
    const read = (at: readonly number[]): OpPrice => ({
      t0_s: Math.exp(at[0]!),
      eta_memory: bound(at[1]!),
      eta_compute: still ? 1 : bound(at[2]!),
      p,
      ...(width ? { activation_bytes: width } : {}),
    });
    const cost = (at: readonly number[]): number => {
      const price = read(at);
      return lossOf(sample, (row) => priceRow(price, row));
    };
    for (const [compute, memory] of STARTS) {
      const start = [Math.log(0.8 * fastest), unbound(memory), ...(still ? [] : [unbound(compute)])];
      const found = minimise(cost, minimise(cost, start).at, 0.2);
      if (!best || found.value < best.value - 1e-9) best = { price: read(found.at), value: found.value };
    }
  }
  return best!;
}

/** Rows under the name they are held out by: their shape, or themselves where shapes are few. */
function identify(rows: readonly FitRow[]): readonly FitRow[] {
  if (new Set(rows.map((row) => row.shape)).size >= LEAST_SHAPES) return rows;
  return rows.map((row) => ({ ...row, shape: `${row.shape} ${row.compute} ${row.memory}` }));
}

/** Fits (t0^p + (bytes/rate)^p)^(1/p); every other message size, in order of size, is held out. */
export function fitLink(
  name: string,
  rows: readonly { readonly bytes: number; readonly seconds: number }[],
): { price: LinkPrice; errors: Errors } | Issue {
  const few = tooFew(name, rows);
  if (few) return few;
  const sorted = [...rows].sort((a, b) => a.bytes - b.bytes);
  const [fitted, held] = [0, 1].map((side) => sorted.filter((_, i) => i % 2 === side));
  const sample = thin(fitted!, ROWS_FITTED);
  const fastest = sample.reduce((least, row) => Math.min(least, row.seconds), Number.POSITIVE_INFINITY);
  const rate = sample.reduce((most, row) => Math.max(most, row.bytes / row.seconds), 0);
  let best: { price: LinkPrice; value: number } | null = null;
  for (const p of NORMS) {
    const read = (at: readonly number[]): LinkPrice => ({ t0_s: Math.exp(at[0]!), rate: Math.exp(at[1]!), p });
    const cost = (at: readonly number[]): number => {
      const price = read(at);
      return lossOf(sample, (row) => priceLink(price, row.bytes));
    };
    const found = minimise(cost, minimise(cost, [Math.log(fastest), Math.log(rate)]).at, 0.2);
    if (!best || found.value < best.value - 1e-9) best = { price: read(found.at), value: found.value };
  }
  const price = { t0_s: round(best!.price.t0_s), rate: round(best!.price.rate), p: best!.price.p };
  return { price, errors: judge(fitted!, held!, (row) => priceLink(price, row.bytes)) };
}

/** Mean of |log(predicted/measured)|, each capped: as robust as a median, smooth enough to descend. */
function lossOf<Row extends { readonly seconds: number }>(rows: readonly Row[], predict: (row: Row) => number): number {
  let sum = 0;
  for (const row of rows) sum += Math.min(CAP, Math.abs(Math.log(predict(row) / row.seconds)));
  return sum / rows.length;
}

function tooFew(name: string, rows: readonly unknown[]): Issue | null {
  if (rows.length >= LEAST_ROWS) return null;
  const expected = `at least ${LEAST_ROWS} usable rows to fit and to judge by`;
  return { path: name, expected, received: `${rows.length}` };
}

function judge<Row extends { readonly seconds: number }>(
  fitted: readonly Row[],
  held: readonly Row[],
  predict: (row: Row) => number,
): Errors {
  const [inside, outside] = [fitted, held].map((rows) => relativeErrors(rows, predict));
  return {
    rows: fitted.length + held.length,
    in_median: percentile(inside!, 0.5),
    in_p90: percentile(inside!, 0.9),
    out_median: percentile(outside!, 0.5),
    out_p90: percentile(outside!, 0.9),
  };
}

/** Sorted |predicted/measured - 1|. */
export function relativeErrors<Row extends { readonly seconds: number }>(
  rows: readonly Row[],
  predict: (row: Row) => number,
): Float64Array {
  return Float64Array.from(rows, (row) => Math.abs(predict(row) / row.seconds - 1)).sort();
}

/** Of sorted values, by linear interpolation between order statistics, as everywhere in MIST. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

const bound = (x: number): number => LARGEST_ETA / (1 + Math.exp(-x));
const unbound = (eta: number): number => Math.log(eta / (LARGEST_ETA - eta));

/** Three digits: more would claim a precision that no timing has. */
export const round = (value: number, digits = 3): number => Number(value.toPrecision(digits));

const roundOp = (price: OpPrice): OpPrice => ({
  t0_s: round(price.t0_s),
  eta_compute: Math.max(1e-3, round(price.eta_compute)),
  eta_memory: Math.max(1e-3, round(price.eta_memory)),
  p: price.p,
  ...(price.activation_bytes ? { activation_bytes: price.activation_bytes } : {}),
});
