// What the closed-form screen needs to know of a workload: means, second moments and percentiles of its lengths.
import type { Requests } from './types.ts';

export interface Moments {
  readonly prompt_mean: number;
  readonly output_mean: number;
  readonly prompt_sq_mean: number;
  readonly output_sq_mean: number;
  readonly prompt_output_mean: number;
  /** Tokens in the cache before a decode step, mean over all decode steps of all requests; 0 without decode steps. */
  readonly context_mean: number;
  /** Mean of p(p+1)/2, the causal pairs of a prompt that is prefilled from nothing. */
  readonly pairs_mean: number;
  readonly prompt_p50: number;
  readonly prompt_p90: number;
  readonly prompt_p99: number;
  readonly prompt_max: number;
  readonly output_p50: number;
  readonly output_p90: number;
  readonly output_p99: number;
  readonly output_max: number;
  /** Longest final length in the cache: prompt + output - 1. */
  readonly final_max: number;
}

/**
 * A request of p prompt and o output tokens takes its first token from the prefill and then o - 1 decode steps, which
 * find p, p + 1, ..., p + o - 2 tokens in the cache (DESIGN 4a): (o-1) p + (o-1)(o-2)/2 in all.
 */
export function moments(requests: Pick<Requests, 'count' | 'prompt' | 'output'>): Moments {
  const { count, prompt, output } = requests;
  let p1 = 0;
  let o1 = 0;
  let p2 = 0;
  let o2 = 0;
  let po = 0;
  let context = 0;
  let steps = 0;
  let finalMax = 0;
  for (let i = 0; i < count; i++) {
    const p = prompt[i]!;
    const o = output[i]!;
    p1 += p;
    o1 += o;
    p2 += p * p;
    o2 += o * o;
    po += p * o;
    steps += o - 1;
    context += (o - 1) * p + ((o - 1) * (o - 2)) / 2;
    if (p + o - 1 > finalMax) finalMax = p + o - 1;
  }
  const prompts = prompt.slice(0, count).sort();
  const outputs = output.slice(0, count).sort();
  return {
    prompt_mean: p1 / count,
    output_mean: o1 / count,
    prompt_sq_mean: p2 / count,
    output_sq_mean: o2 / count,
    prompt_output_mean: po / count,
    context_mean: steps > 0 ? context / steps : 0,
    pairs_mean: (p2 + p1) / 2 / count,
    prompt_p50: quantileOf(prompts, 0.5),
    prompt_p90: quantileOf(prompts, 0.9),
    prompt_p99: quantileOf(prompts, 0.99),
    prompt_max: prompts[count - 1]!,
    output_p50: quantileOf(outputs, 0.5),
    output_p90: quantileOf(outputs, 0.9),
    output_p99: quantileOf(outputs, 0.99),
    output_max: outputs[count - 1]!,
    final_max: finalMax,
  };
}

/** Quantile q of sorted values, by linear interpolation between order statistics (NumPy's default). */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  const place = q * (sorted.length - 1);
  const i = Math.floor(place);
  const here = sorted[i]!;
  if (i + 1 >= sorted.length) return here;
  return here + (place - i) * (sorted[i + 1]! - here);
}
