// Scores predictions: error tables by any columns, deployments counted once each, and whether order and choices come out right.
import { groupBy } from '../check/group-by.ts';
import { percentile } from '../metrics/summary.ts';
import { deviation } from './band.ts';
import type { Prediction } from './predict.ts';

/** Errors of a set of rows, in % of the measured value. */
export interface ErrorTable {
  readonly key: readonly string[];
  /** Rows, and those of them without a prediction: each counts as an error of 100 %. */
  readonly n: number;
  readonly missing: number;
  readonly median: number;
  readonly p90: number;
  /** Of the predicted rows only: above 0 is too slow, too much. */
  readonly signed: number;
  readonly within10: number;
  readonly within20: number;
  readonly within30: number;
  /** Share measured within the error band that a user is shown, of those that have one; NaN where none has. */
  readonly inBand: number;
  /** Over the medians of each (config_id, metric): large sweeps count once. */
  readonly configs: number;
  readonly configMedian: number;
  readonly configP90: number;
  /** Median |error| in ms of TTFTs measured below 100 ms; NaN where there are none. */
  readonly shortTtftMs: number;
}

const MISSING_PCT = 100;
const SHORT_TTFT_MS = 100;

/** Rows that count: what is derived from another row, or fixed by the load, never does, nor does what nobody can determine. */
export function scoredOf(predictions: readonly Prediction[]): Prediction[] {
  return predictions.filter(({ row, status }) => !row.derived && status !== 'undetermined');
}

/** Errors of capacity, one figure a server run, and how many of the rows of these runs are undetermined. */
export interface CapacityScore extends ErrorTable {
  readonly rows: number;
  readonly undetermined: number;
}

/** How far the capacity of server runs is off (capacity.ts), one figure a run; null where the file has none. */
export function scoreCapacity(predictions: readonly Prediction[]): CapacityScore | null {
  const known = predictions.filter(({ row, capacityPct }) => !row.derived && capacityPct !== null);
  if (known.length === 0) return null;
  const runs = [...groupBy(known, ({ row }) => row.group_id || row.case_id).values()];
  const errors = runs.map(([one]) => ({ ...one, row: { ...one.row, metric: 'capacity' }, errorPct: one.capacityPct }));
  const undetermined = known.filter(({ status }) => status === 'undetermined').length;
  return { ...summariseErrors([], errors), rows: known.length, undetermined };
}

export function absoluteError({ errorPct }: Prediction): number {
  return errorPct === null ? MISSING_PCT : Math.abs(errorPct);
}

/** One table line per combination of `columns`, in order of their words. */
export function tabulate(predictions: readonly Prediction[], columns: readonly string[]): ErrorTable[] {
  const groups = groupSorted(predictions, ({ row }) => columns.map((column) => row.cell(column)));
  return groups.map(({ key, members }) => summariseErrors(key, members));
}

/** Items by several words, sorted by them. */
export function groupSorted<Item, const Key extends readonly string[]>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
) {
  const groups = [...groupBy(items, (item) => JSON.stringify(keyOf(item))).values()];
  return groups.map((members) => ({ key: keyOf(members[0]), members })).sort((a, b) => compareKeys(a.key, b.key));
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((word, at) => word !== b[at]);
  return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1;
}

export function summariseErrors(key: readonly string[], members: readonly Prediction[]): ErrorTable {
  const errors = sorted(members.map(absoluteError));
  const predicted = members.filter(({ errorPct }) => errorPct !== null);
  const signed = sorted(predicted.map(({ errorPct }) => errorPct!));
  const configs = groupSorted(members, ({ row }) => [row.config_id, row.metric]);
  const medians = sorted(configs.map((config) => percentile(sorted(config.members.map(absoluteError)), 50)));
  const within = (limit: number) => errors.filter((error) => error <= limit).length / errors.length;
  return {
    key,
    n: members.length,
    missing: members.length - predicted.length,
    median: percentile(errors, 50),
    p90: percentile(errors, 90),
    signed: percentile(signed, 50),
    within10: within(10),
    within20: within(20),
    within30: within(30),
    inBand: inBand(predicted),
    configs: configs.length,
    configMedian: percentile(medians, 50),
    configP90: percentile(medians, 90),
    shortTtftMs: shortTtft(predicted),
  };
}

function inBand(predicted: readonly Prediction[]): number {
  const known = predicted.filter(({ bandPct }) => bandPct !== null);
  return known.filter(({ errorPct, bandPct }) => deviation(errorPct!) <= bandPct!).length / known.length;
}

function shortTtft(predicted: readonly Prediction[]): number {
  const short = predicted.filter(({ row }) => row.metric === 'ttft_ms' && row.value < SHORT_TTFT_MS);
  return percentile(sorted(short.map(({ row, errorPct }) => (Math.abs(errorPct!) / 100) * row.value)), 50);
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}
