// Latency columns of a run, and what is counted over them: throughput peaks, concurrency, goodput.
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

/** TTFT = first - arrival; E2EL = finish - arrival; TPOT = (E2EL - TTFT)/(output - 1), all per finished request. */
export function computeLatencies(lengths: Lengths, results: RequestResults): Latencies {
  const ttft = new Float64Array(lengths.count).fill(Number.NaN);
  const tpot = new Float64Array(lengths.count).fill(Number.NaN);
  const e2el = new Float64Array(lengths.count).fill(Number.NaN);
  for (let i = 0; i < lengths.count; i++) {
    if (results.state[i] !== STATE_FINISHED) continue;
    ttft[i] = results.first[i] - results.arrival[i];
    e2el[i] = results.finish[i] - results.arrival[i];
    if (lengths.output[i] >= 2) tpot[i] = (e2el[i] - ttft[i]) / (lengths.output[i] - 1);
  }
  return { ttft, tpot, e2el };
}

/**
 * Mean of the pooled gaps between tokens: the gaps of one request add up to finish - first, so no gap need be kept. Each token has
 * one, unless `count` says how many there were.
 */
export function meanGap(lengths: Lengths, results: RequestResults, count?: number): number {
  let seconds = 0;
  let gaps = 0;
  for (let i = 0; i < lengths.count; i++) {
    if (results.state[i] !== STATE_FINISHED) continue;
    seconds += results.finish[i] - results.first[i];
    gaps += lengths.output[i] - 1;
  }
  const all = count ?? gaps;
  return all > 0 ? seconds / all : Number.NaN;
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
    const late = latencies.ttft[i] > limits.ttft || latencies.tpot[i] > limits.tpot || latencies.e2el[i] > limits.e2el;
    if (!Number.isNaN(latencies.e2el[i]) && !late) good++;
  }
  return good;
}

/** Most requests in the system at one time, from sending to the last token; one that leaves as another comes makes room first. */
export function countPeakConcurrent(results: RequestResults): number {
  const starts = selectFinished(results.arrival, results.state).sort();
  const ends = selectFinished(results.finish, results.state).sort();
  let peak = 0;
  for (let started = 0, ended = 0; started < starts.length; started++) {
    while (ends[ended] <= starts[started]) ended++;
    peak = Math.max(peak, started + 1 - ended);
  }
  return peak;
}

function selectFinished(column: Float64Array, state: Int32Array): Float64Array {
  const selected = new Float64Array(column.length);
  let n = 0;
  for (let i = 0; i < column.length; i++) {
    if (state[i] === STATE_FINISHED) selected[n++] = column[i];
  }
  return selected.subarray(0, n);
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
    const from = (results.first[i] - start) / width;
    const to = (results.finish[i] - start) / width;
    tokens[Math.floor(from)] += 1;
    if (lengths.output[i] >= 2) spreadEvenly(tokens, rate, from, to, lengths.output[i] - 1);
  }
  let most = 0;
  let steady = 0;
  for (let part = 0; part < parts; part++) {
    steady += rate[part];
    most = Math.max(most, steady + tokens[part]);
  }
  return most / width;
}

/** Adds `amount` evenly over [from, to] (in parts): whole parts by a change of rate, the two ends by their share. */
function spreadEvenly(tokens: Float64Array, rate: Float64Array, from: number, to: number, amount: number): void {
  const first = Math.floor(from);
  const last = Math.floor(to);
  if (first === last) {
    tokens[first] += amount;
    return;
  }
  const perPart = amount / (to - from);
  tokens[first] += perPart * (first + 1 - from);
  tokens[last] += perPart * (to - last);
  rate[first + 1] += perPart;
  rate[last] -= perPart;
}
