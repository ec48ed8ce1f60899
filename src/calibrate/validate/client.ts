// What a client of an online service waits for beside the engine: its request on the way, and the step that it just missed.
import type { EngineProfile } from '../../catalog/types.ts';
import type { Requests } from '../../workload/types.ts';
import type { Mode } from './case.ts';
import type { Observed } from './observe.ts';
import type { SimulatedRun } from './simulator.ts';

const ONLINE: ReadonlySet<Mode> = new Set(['closed-loop', 'open-loop', 'mlperf-server', 'mlperf-interactive']);

/** Modes whose requests come one by one from a client over the network. */
export function isOnline(mode: Mode): boolean {
  return ONLINE.has(mode);
}

/**
 * A closed loop sends the next request when it has seen the last token: the engine, which the replay has admit it at that instant,
 * began its next step without it long ago, and on average half of that step is still to come.
 */
const MISSED_STEP = 0.5;

/** First tokens and ends as the client sees them. Lengths and gaps of the engine stay as they are. */
export function addClient(observed: Observed, run: SimulatedRun, profile: EngineProfile): Observed {
  const { requests, counters } = run;
  const step = counters.steps > 0 ? counters.busySeconds / counters.steps : 0;
  const missed = requests.concurrency > 0 ? MISSED_STEP * step : 0;
  return delayFirst(observed, requests, profile, (request) => (request < requests.concurrency ? 0 : missed));
}

/**
 * TTFT and E2E of every request later by its time on the way and by `more`, s. A closed loop turns slower by what its requests spend
 * there, so that concurrency stays throughput times E2E.
 */
export function delayFirst(
  observed: Observed,
  { prompt, concurrency }: Requests,
  { client }: EngineProfile,
  more: (request: number) => number,
): Observed {
  const { request_s, prompt_token_s } = client ?? { request_s: 0, prompt_token_s: 0 };
  const delay = (seconds: number, i: number) => seconds + request_s + prompt_token_s * prompt[i] + more(i);
  const e2e = observed.e2e.map(delay);
  const later = sumMeasured(e2e);
  const pace = concurrency > 0 && later > 0 ? sumMeasured(observed.e2e) / later : 1;
  return {
    ...observed,
    ttft: observed.ttft.map(delay),
    e2e,
    outputTokens: observed.outputTokens * pace,
    totalTokens: observed.totalTokens * pace,
    requests: observed.requests * pace,
  };
}

function sumMeasured(times: Float64Array): number {
  return times.reduce((sum, time) => (Number.isNaN(time) ? sum : sum + time), 0);
}
