// Whether predictions put things in the right order: over the loads of a deployment, and between two that differ in one choice.
import { percentile } from '../metrics/summary.ts';
import type { Prediction } from './predict.ts';
import { groupSorted } from './score.ts';

/** Kendall's tau-b of predicted against measured over the loads of one deployment, for one figure. */
export interface LoadSweep {
  readonly config: string;
  readonly mode: string;
  readonly metric: string;
  readonly statistic: string;
  readonly input_len: string;
  readonly output_len: string;
  readonly loads: number;
  readonly tau: number;
}

export interface TauSummary {
  readonly metric: string;
  readonly sweeps: number;
  readonly mean: number;
  readonly median: number;
  readonly worst: number;
}

/** How often the better of two is predicted that differ in one choice. */
export interface ChoiceScore {
  readonly choice: string;
  readonly metric: string;
  readonly pairs: number;
  readonly right: number;
  /** Of the pairs that were measured more than 10 % apart. */
  readonly clearPairs: number;
  readonly clearRight: number;
}

const LEAST_LOADS = 4;
const CLEAR_GAP = 1.1;
const LENGTHS = ['input_len', 'output_len', 'length_spread', 'lengths_file', 'input_scale', 'output_scale'];
const SWEEP = ['config_id', 'mode', 'metric', 'statistic', ...LENGTHS, 'engine_version', 'measured_on'];

/** The loads that a rank can be taken over: predicted, measured, and with a load. */
function rankable(predictions: readonly Prediction[]): Prediction[] {
  return predictions.filter(({ row, errorPct }) => errorPct !== null && row.cell('load_value') !== '');
}

/** The figure that was scored: mean or median, whichever was closer. */
function scoredValue({ row, errorPct }: Prediction): number {
  return row.value * (1 + errorPct! / 100);
}

export function rankSweeps(predictions: readonly Prediction[]): LoadSweep[] {
  const sweeps = groupSorted(rankable(predictions), ({ row }) => SWEEP.map((column) => row.cell(column)));
  return sweeps
    .map(({ members }) => ({ points: onePerLoad(members) }))
    .filter(({ points }) => points.length >= LEAST_LOADS)
    .map(({ points }) => ({
      ...nameSweep(points[0]!),
      loads: points.length,
      tau: kendallTau(
        points.map(({ row }) => row.value),
        points.map(scoredValue),
      ),
    }))
    .filter(({ tau }) => !Number.isNaN(tau));
}

function nameSweep({ row }: Prediction): Omit<LoadSweep, 'loads' | 'tau'> {
  const [config, mode, metric, statistic] = [
    row.cell('config_id'),
    row.cell('mode'),
    row.cell('metric'),
    row.cell('statistic'),
  ];
  return { config, mode, metric, statistic, input_len: row.cell('input_len'), output_len: row.cell('output_len') };
}

/** The first row of each load: limits may differ inside a sweep, loads may not repeat. */
function onePerLoad(members: readonly Prediction[]): Prediction[] {
  return groupSorted(members, ({ row }) => [row.cell('load_value')]).map(({ members: [first] }) => first);
}

/** tau-b: ties of either side count for neither order; NaN where one side is all ties. */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let agree = 0;
  let tiesA = 0;
  let tiesB = 0;
  let pairs = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const left = Math.sign(a[i]! - a[j]!);
      const right = Math.sign(b[i]! - b[j]!);
      agree += left * right;
      if (left === 0) tiesA++;
      if (right === 0) tiesB++;
      pairs++;
    }
  }
  const scale = Math.sqrt((pairs - tiesA) * (pairs - tiesB));
  return scale > 0 ? agree / scale : Number.NaN;
}

export function summariseTau(sweeps: readonly LoadSweep[]): TauSummary[] {
  return groupSorted(sweeps, ({ metric }) => [metric]).map(({ key, members }) => {
    const taus = Float64Array.from(members, ({ tau }) => tau).sort();
    const mean = taus.reduce((sum, tau) => sum + tau, 0) / taus.length;
    return { metric: key[0], sweeps: taus.length, mean, median: percentile(taus, 50), worst: taus[0]! };
  });
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  tp: ['devices', 'tp', 'tp_shards', 'ep'],
  engine: ['engine', 'engine_version', 'measured_on'],
  dtype: ['weight_dtype', 'attn_weight_dtype', 'kv_dtype'],
  hardware: ['hardware'],
};
const POINT = [
  ...['mode', 'metric', 'statistic', ...LENGTHS, 'load_value', 'model', 'replicas', 'pp', 'dp', 'spec_decode'],
  ...[
    'prefill_workers',
    'prefill_tp',
    'prefill_dp',
    'prefill_ep',
    'decode_workers',
    'decode_tp',
    'decode_dp',
    'decode_ep',
  ],
  ...Object.values(CHOICES).flat(),
];

/** Pairs of points that are equal but for one choice, with their limits as their operators set them. */
export function scoreChoices(predictions: readonly Prediction[]): ChoiceScore[] {
  const points = rankable(predictions);
  return Object.entries(CHOICES).flatMap(([choice, columns]) => {
    const fixed = POINT.filter((column) => !columns.includes(column));
    const alike = groupSorted(points, ({ row }) => fixed.map((column) => row.cell(column)));
    const pairs = alike.flatMap(({ members }) => listPairs(members, columns));
    return groupSorted(pairs, ([{ row }]) => [row.metric]).map(({ key, members }) =>
      countRight(choice, key[0], members),
    );
  });
}

type Pair = readonly [Prediction, Prediction];

/** Two versions of one engine are one choice measured twice: nobody chooses the older. */
function differIn(a: Prediction, b: Prediction, columns: readonly string[]): boolean {
  const deciding = columns.includes('engine') ? ['engine'] : columns;
  return deciding.some((column) => a.row.cell(column) !== b.row.cell(column));
}

function listPairs(members: readonly Prediction[], columns: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  for (const [i, one] of members.entries()) {
    for (const other of members.slice(0, i)) {
      if (differIn(one, other, columns) && one.row.value !== other.row.value) pairs.push([one, other]);
    }
  }
  return pairs;
}

function countRight(choice: string, metric: string, pairs: readonly Pair[]): ChoiceScore {
  // the better one is predicted exactly when the order is, whether more or less is better
  const isRight = ([a, b]: Pair) => (a.row.value - b.row.value) * (scoredValue(a) - scoredValue(b)) > 0;
  const isClear = ([a, b]: Pair) => Math.max(a.row.value, b.row.value) > CLEAR_GAP * Math.min(a.row.value, b.row.value);
  const clear = pairs.filter(isClear);
  return {
    choice,
    metric,
    pairs: pairs.length,
    right: pairs.filter(isRight).length,
    clearPairs: clear.length,
    clearRight: clear.filter(isRight).length,
  };
}
