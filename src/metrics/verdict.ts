// Whether a run kept up with its load: stable, backlogged or overloaded. Defined here, once.
//
// overloaded  The offered rate exceeds what is served: each second of arrivals adds more than GROWTH seconds of lag, over
//             the whole arrival window and still over its second half. Latencies then say how long the run was, not how
//             good the deployment is. Lag is the TTFT, or the latency of a request of mean length (TTFT + TPOT * (mean
//             output - 1)): the first grows when prompts queue up, the second when the running batch does.
// backlogged  Not overloaded, but for some cohort (one in twenty arrivals) the wait before the first token was QUEUE times
//             as long as the service itself: by Little's law, then QUEUE times as many requests waited as were served.
// stable      Otherwise: a longer run would show the same latencies.
//
// A closed loop offers only what is served, so it is stable by construction. Requests that all arrive at once offer no rate:
// they can be backlogged (the rest of the batch waits) but not overloaded.
import { STATE_FINISHED, STATE_UNFINISHED } from '../../assembly/layout/enums.ts';
import type { RequestResults } from '../plan/setup.ts';
import type { Lengths } from './requests.ts';
import type { Verdict } from './types.ts';

/** Seconds of lag per second of arrivals: 0.05 = the offered rate exceeds the served one by 5 %. */
const GROWTH = 0.05;
/** A slope counts when it exceeds GROWTH by this many standard errors; noise of single requests must not decide. */
const ERRORS = 2;
/** Waiting requests per served one above which a queue is a backlog and not the play of chance. */
const QUEUE = 3;
/** Fewer requests than this show no trend. */
const FEWEST = 16;
/** Consecutive arrivals are compared by the mean of cohorts: this many, of at least this many requests each. */
const COHORTS = 20;
const COHORT_SIZE = 8;

/** Requests with a known lag in order of arrival. */
interface Lags {
  readonly arrival: Float64Array;
  readonly ttft: Float64Array;
  /** Latency of a request of mean length; NaN where the request has no TPOT. */
  readonly meanLength: Float64Array;
}

/** `end` is the clock at which the run stopped; it bounds the lag of requests that were cut off from below. */
export function judge(lengths: Lengths, results: RequestResults, concurrency: number, end: number): Verdict {
  if (concurrency > 0) return 'stable';
  const lags = collectLags(lengths, results, end);
  if (isGrowing(lags.arrival, lags.ttft) || isGrowing(lags.arrival, lags.meanLength)) return 'overloaded';
  return queuedUp(lengths, results, lags) ? 'backlogged' : 'stable';
}

/** Results are in order of arrival (src/plan/setup.ts), so the lags are too. */
function collectLags(lengths: Lengths, results: RequestResults, end: number): Lags {
  const { state, arrival, first, finish } = results;
  const lags = {
    arrival: new Float64Array(lengths.count),
    ttft: new Float64Array(lengths.count),
    meanLength: new Float64Array(lengths.count),
  };
  const gaps = meanOutput(lengths) - 1;
  let n = 0;
  for (let i = 0; i < lengths.count; i++) {
    const cutOff = state[i] === STATE_UNFINISHED && arrival[i] < end;
    if (state[i] !== STATE_FINISHED && !cutOff) continue;
    const ttft = (cutOff && Number.isNaN(first[i]) ? end : first[i]) - arrival[i];
    const known = !cutOff && lengths.output[i] >= 2;
    lags.arrival[n] = arrival[i];
    lags.ttft[n] = ttft;
    lags.meanLength[n] = known ? ttft + ((finish[i] - first[i]) / (lengths.output[i] - 1)) * gaps : Number.NaN;
    n++;
  }
  return {
    arrival: lags.arrival.subarray(0, n),
    ttft: lags.ttft.subarray(0, n),
    meanLength: lags.meanLength.subarray(0, n),
  };
}

function meanOutput(lengths: Lengths): number {
  let sum = 0;
  for (let i = 0; i < lengths.count; i++) sum += lengths.output[i];
  return sum / lengths.count;
}

/** Lag grows over the whole window and over its second half (so that a queue that has settled or drained does not count). */
function isGrowing(arrival: Float64Array, lag: Float64Array): boolean {
  const half = Math.floor(arrival.length / 2);
  return slopeExceeds(arrival, lag) && slopeExceeds(arrival.subarray(half), lag.subarray(half));
}

/** Least squares of lag on arrival: whether the slope is above GROWTH by ERRORS standard errors. Skips lags that are NaN. */
function slopeExceeds(arrival: Float64Array, lag: Float64Array): boolean {
  let n = 0;
  let sumX = 0;
  let sumY = 0;
  for (let i = 0; i < lag.length; i++) {
    if (Number.isNaN(lag[i])) continue;
    n++;
    sumX += arrival[i];
    sumY += lag[i];
  }
  if (n < FEWEST) return false;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < lag.length; i++) {
    if (Number.isNaN(lag[i])) continue;
    const x = arrival[i] - sumX / n;
    const y = lag[i] - sumY / n;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  if (!(xx > 0)) return false; // all at once: no rate was offered
  const slope = xy / xx;
  const residual = Math.max(0, yy - slope * xy);
  return slope - ERRORS * Math.sqrt(residual / (n - 2) / xx) > GROWTH;
}

/** Some cohort waits QUEUE times the service, which is the TTFT of the quietest cohort and the mean decode. */
function queuedUp(lengths: Lengths, results: RequestResults, lags: Lags): boolean {
  const size = Math.max(COHORT_SIZE, Math.ceil(lags.ttft.length / COHORTS));
  let quietest = Number.POSITIVE_INFINITY;
  let longest = Number.NEGATIVE_INFINITY;
  for (let from = 0; from < lags.ttft.length; from += size) {
    const to = Math.min(from + size, lags.ttft.length);
    let sum = 0;
    for (let i = from; i < to; i++) sum += lags.ttft[i];
    quietest = Math.min(quietest, sum / (to - from));
    longest = Math.max(longest, sum / (to - from));
  }
  return longest - quietest > QUEUE * (quietest + meanDecode(lengths, results));
}

function meanDecode(lengths: Lengths, results: RequestResults): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < lengths.count; i++) {
    if (results.state[i] !== STATE_FINISHED) continue;
    sum += results.finish[i] - results.first[i];
    count++;
  }
  return count > 0 ? sum / count : 0;
}
