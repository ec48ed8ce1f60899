// Inter-token latency from a weighted histogram: the pooled gaps of all requests, which no run could afford to keep one by one.
import { EMPTY_SUMMARY } from './summary.ts';
import type { Summary } from './types.ts';

/** Gaps counted by length: bin i holds `weights[i]` gaps between `edges[i]` and `edges[i + 1]` seconds. */
export interface ItlHistogram {
  /** s, ascending; one more entry than `weights`. The last edge may be Infinity (a bin for everything longer). */
  readonly edges: Float64Array;
  readonly weights: Float64Array;
}

export function totalWeight(histogram: ItlHistogram): number {
  let total = 0;
  for (const weight of histogram.weights) total += weight;
  return total;
}

/**
 * The q-th percentile (0..100): the gaps of a bin are spread evenly over it, so the error is at most the bin's width.
 * In the open last bin its lower edge is returned, which is a lower bound. NaN when nothing was counted.
 */
export function histogramPercentile(histogram: ItlHistogram, q: number, total = totalWeight(histogram)): number {
  const { edges, weights } = histogram;
  const wanted = total * (q / 100);
  let below = 0;
  let value = Number.NaN;
  for (let bin = 0; bin < weights.length; bin++) {
    if (weights[bin]! <= 0) continue;
    const share = Math.min(1, Math.max(0, (wanted - below) / weights[bin]!));
    value = Number.isFinite(edges[bin + 1]!) ? edges[bin]! + share * (edges[bin + 1]! - edges[bin]!) : edges[bin]!;
    below += weights[bin]!;
    if (below >= wanted) break;
  }
  return value;
}

/** Mean and standard deviation of the histogram, gaps spread evenly inside a bin: E[x^2] of a bin is (a^2 + ab + b^2)/3. */
function histogramMoments(histogram: ItlHistogram): { readonly mean: number; readonly std: number } {
  const { edges, weights } = histogram;
  let total = 0;
  let first = 0;
  let second = 0;
  for (let bin = 0; bin < weights.length; bin++) {
    if (weights[bin]! <= 0) continue;
    const a = edges[bin]!;
    const b = Number.isFinite(edges[bin + 1]) ? edges[bin + 1] : a;
    total += weights[bin]!;
    first += (weights[bin]! * (a + b!)) / 2;
    second += (weights[bin]! * (a * a + a * b! + b! * b!)) / 3;
  }
  const mean = first / total;
  return { mean, std: Math.sqrt(Math.max(0, second / total - mean * mean)) };
}

/** Statistics of the pooled gaps. `exactMean` is the mean from the columns where it is known: the gaps of a request telescope. */
export function summariseItl(histogram: ItlHistogram, exactMean: number): Summary {
  const total = totalWeight(histogram);
  if (!(total > 0)) return EMPTY_SUMMARY;
  const at = (q: number): number => histogramPercentile(histogram, q, total);
  const { mean, std } = histogramMoments(histogram);
  return {
    mean: Number.isNaN(exactMean) ? mean : exactMean,
    std,
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max: at(100),
  };
}
