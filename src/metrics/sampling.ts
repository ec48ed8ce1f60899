// How far chance may move a statistic of a run: its sampling interval, at 95 % confidence, from the one run there is. It says nothing of
// how far the model's prices are off: that is the error band, which stands beside it and is never mixed with it.
//
// mean         batch means: BATCHES parts of the requests in order of arrival, Student's t over the means of the parts.
// percentiles  order statistics at the ranks n (p ± t s), where s is the standard error of the share of requests over the percentile: that
//              of independent requests, sqrt(p (1 - p) / n), or that of the shares of the batches, whichever is larger, since late requests
//              come in bursts. A rank beyond the largest value has no upper end (Infinity): the run is too short to say.
//
// Gaps between tokens are pooled: their batches are the parts of the window between checkpoints, each with the weight of its gaps.
import type { Checkpoint } from './fleet/window.ts';
import { histogramPercentile, type ItlHistogram, totalWeight } from './itl.ts';
import { copyMeasured, meanAndStd, type PickRanks, percentilesOf, pickBySorting } from './summary.ts';
import type { Summary } from './types.ts';

const BATCHES = 20;
/** Student's t with BATCHES - 1 degrees of freedom, 0.975. */
const T = 2.093;

export type Statistic = Exclude<keyof Summary, 'std' | 'max'>;
/** s; from and to. */
export type Interval = readonly [low: number, high: number];
export type Sampling = Readonly<Record<Statistic, Interval>>;

const SHARES: Readonly<Record<Exclude<Statistic, 'mean'>, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  p999: 0.999,
};

const NONE: Interval = [Number.NaN, Number.NaN];
const NOTHING: Sampling = { mean: NONE, p50: NONE, p90: NONE, p95: NONE, p99: NONE, p999: NONE };

/**
 * Intervals of a column in order of arrival; entries that are NaN were never measured. NaN where fewer than two per batch were. `pick` finds
 * order statistics (summary.ts).
 */
export function sample(values: Float64Array, pick: PickRanks = pickBySorting): Sampling {
  const measured = copyMeasured(values);
  const n = measured.length;
  if (n < 2 * BATCHES) return NOTHING;
  const { mean } = meanAndStd(measured);
  const off = T * errorOf(measured);
  const shares = Object.values(SHARES);
  const middle = percentilesOf(
    measured.slice(),
    shares.map((p) => p * 100),
    pick,
  );
  const ends = shares.flatMap((p, i) => {
    const error = Math.max(Math.sqrt((p * (1 - p)) / n), errorOf(measured, middle[i]));
    return [p - T * error, p + T * error];
  });
  const found = percentilesOf(
    measured.slice(),
    ends.map((share) => Math.min(1, Math.max(0, share)) * 100),
    pick,
  );
  const [p50, p90, p95, p99, p999] = shares.map((_, i): Interval => {
    const end = (at: number): number => atShare(ends[at]!, () => found[at]!);
    return [end(2 * i), end(2 * i + 1)];
  }) as [Interval, Interval, Interval, Interval, Interval];
  return { mean: [mean - off, mean + off], p50, p90, p95, p99, p999 };
}

/** The value at a share of the ranks: the smallest below them, none (Infinity) above. */
function atShare(share: number, read: (share: number) => number): number {
  return share >= 1 ? Number.POSITIVE_INFINITY : read(Math.max(0, share));
}

/** Standard error of the mean of values, or of the share of them that is more than `over`, by batches. */
function errorOf(values: Float64Array, over?: number): number {
  const means = new Float64Array(BATCHES);
  for (let k = 0; k < BATCHES; k++) {
    const [from, to] = [Math.floor((k * values.length) / BATCHES), Math.floor(((k + 1) * values.length) / BATCHES)];
    const count = to - from;
    let mean = 0;
    if (over === undefined) for (let i = from; i < to; i++) mean += values[i]! / count;
    else for (let i = from; i < to; i++) mean += (values[i]! > over ? 1 : 0) / count;
    means[k] = mean;
  }
  const { std } = meanAndStd(means);
  return std / Math.sqrt(BATCHES - 1);
}

/** Intervals of the gaps between the first and the last of these checkpoints; NaN where they are fewer than the batches. */
export function sampleGaps(checkpoints: readonly Checkpoint[]): Sampling {
  if (checkpoints.length <= BATCHES) return NOTHING;
  const parts = checkpoints
    .slice(1)
    .map(({ itl }, k) => itl.weights.map((w, bin) => w - checkpoints[k]!.itl.weights[bin]!));
  const { edges } = checkpoints[0]!.itl;
  const whole = {
    edges,
    weights: checkpoints.at(-1)!.itl.weights.map((w, bin) => w - checkpoints[0]!.itl.weights[bin]!),
  };
  const total = totalWeight(whole);
  if (!(total > 0)) return NOTHING;
  const middle = (bin: number): number =>
    Number.isFinite(edges[bin + 1]!) ? (edges[bin]! + edges[bin + 1]!) / 2 : edges[bin]!;
  /** Standard error of a ratio: of what bins come to, over the gaps in them. */
  const ratioError = (read: (bin: number) => number): number => {
    const sums = parts.map((weights) => weights.reduce((sum, w, bin) => sum + w * read(bin), 0));
    const ratio = sums.reduce((sum, one) => sum + one, 0) / total;
    const squares = parts.reduce(
      (sum, weights, k) => sum + (sums[k]! - ratio * totalWeight({ edges, weights })) ** 2,
      0,
    );
    return Math.sqrt((squares * parts.length) / (parts.length - 1)) / total;
  };
  const at = (p: number): Interval =>
    rankInterval(whole, p, (value) => ratioError((bin) => Number(edges[bin + 1]! > value)), total);
  const off = T * ratioError(middle);
  const mean = whole.weights.reduce((sum, w, bin) => sum + w * middle(bin), 0) / total;
  const { p50, p90, p95, p99, p999 } = SHARES;
  return { mean: [mean - off, mean + off], p50: at(p50), p90: at(p90), p95: at(p95), p99: at(p99), p999: at(p999) };
}

function rankInterval(whole: ItlHistogram, p: number, error: (value: number) => number, total: number): Interval {
  const read = (share: number) => histogramPercentile(whole, share * 100, total);
  const off = T * error(read(p));
  return [atShare(p - off, read), atShare(p + off, read)];
}
