// Latency columns of a run, and what is counted over them: throughput peaks, goodput.
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import type { RequestResults } from '../plan/setup.ts';
import type { Slo } from '../spec/types.ts';
import type { Requests } from '../workload/types.ts';

/** What the metrics need of the requests: how long each was. */
export type Lengths = Pick<Requests, 'count' | 'prompt' | 'output'>;

/** One entry per request, s; NaN unless the request finished (TPOT: and has at least two output tokens). */
export interface Latencies {
  readonly ttft: Float64Array;
  readonly tpot: Float64Array;
  readonly e2el: Float64Array;
}

/**
 * How many finished requests meet every limit themselves (vLLM's goodput): TTFT, TPOT and E2EL, each against the strictest
 * limit named. A TPOT that does not exist (one output token) is met. Inter-token latency is pooled over requests, so it
 * has no value per request and does not count here; -1 when no limit can be counted.
 */
export function countGood(latencies: Latencies, slos: readonly Slo[]): number {
  const limits = { ttft: Number.POSITIVE_INFINITY, tpot: Number.POSITIVE_INFINITY, e2el: Number.POSITIVE_INFINITY };
  let countable = 0;
  for (const slo of slos) {
    if (slo.metric === 'itl') continue;
    limits[slo.metric] = Math.min(limits[slo.metric], slo.limit);
    countable++;
  }
  if (countable === 0) return -1;
  let good = 0;
  for (let i = 0; i < latencies.ttft.length; i++) {
    const late =
      latencies.ttft[i]! > limits.ttft || latencies.tpot[i]! > limits.tpot || latencies.e2el[i]! > limits.e2el;
    if (!Number.isNaN(latencies.e2el[i]) && !late) good++;
  }
  return good;
}

/** Seconds are counted one by one up to this many; a longer run is counted in equal parts of it. */
const MOST_PARTS = 1_000_000;

/**
 * Most output tokens in one second of the run (vLLM's `max_output_tokens_per_s`, its seconds starting at the first arrival).
 * The tokens after the first are spread evenly between first and finish, which is exact up to jitter inside a request.
 */
export function peakOutputThroughput(
  lengths: Lengths,
  results: RequestResults,
  start: number,
  duration: number,
): number {
  if (!(duration > 0)) return Number.NaN;
  const width = Math.max(1, duration / MOST_PARTS);
  const parts = Math.floor(duration / width) + 1;
  // tokens[p]: counted in part p alone; rate[p]: change of the steady token rate at the beginning of part p (per part).
  const tokens = new Float64Array(parts + 2);
  const rate = new Float64Array(parts + 2);
  for (let i = 0; i < lengths.count; i++) {
    if (results.state[i] !== STATE_FINISHED) continue;
    const from = (results.first[i]! - start) / width;
    const to = (results.finish[i]! - start) / width;
    tokens[Math.floor(from)]! += 1;
    if (lengths.output[i]! >= 2) spreadEvenly(tokens, rate, from, to, lengths.output[i]! - 1);
  }
  let most = 0;
  let steady = 0;
  for (let part = 0; part < parts; part++) {
    steady += rate[part]!;
    most = Math.max(most, steady + tokens[part]!);
  }
  return most / width;
}

/** Adds `amount` evenly over [from, to] (in parts): whole parts by a change of rate, the two ends by their share. */
function spreadEvenly(tokens: Float64Array, rate: Float64Array, from: number, to: number, amount: number): void {
  const first = Math.floor(from);
  const last = Math.floor(to);
  if (first === last) {
    tokens[first]! += amount;
    return;
  }
  const perPart = amount / (to - from);
  tokens[first]! += perPart * (first + 1 - from);
  tokens[last]! += perPart * (to - last);
  rate[first + 1]! += perPart;
  rate[last]! -= perPart;
}
