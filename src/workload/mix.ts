// Which of several pipelines, or of several texts, each request takes: by weight, from a stream.
import { naturalExp, naturalLog } from '../../assembly/random/elementary.ts';
import { nextUniform, type Stream } from './streams.ts';

/** Draws an index with probability proportional to its weight; one uniform number each, none where there is one weight. */
export function openMix(weights: readonly number[], stream: Stream): () => number {
  if (weights.length <= 1) return () => 0;
  const ends = new Float64Array(weights.length);
  let sum = 0;
  for (const [i, weight] of weights.entries()) {
    sum += weight;
    ends[i] = sum;
  }
  return () => firstAbove(ends, nextUniform(stream) * sum);
}

/** The first place whose value is above x; the last one where none is. */
function firstAbove(rising: Float64Array, x: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Zipf's weights: (k+1)^-skew. */
export function zipfWeights(count: number, skew: number): number[] {
  return Array.from({ length: count }, (_, k) => (skew === 0 ? 1 : naturalExp(-skew * naturalLog(k + 1))));
}
