// From the columns and counters of one engine run to its result: every figure a report prints is made here.
import {
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_UNFINISHED,
} from '../../assembly/layout/enums.ts';
import type { EnergyFigures } from '../plan/energy.ts';
import type { RequestResults } from '../plan/setup.ts';
import { NO_SITE, type PowerSpec } from '../spec/power.ts';
import type { Slo } from '../spec/types.ts';
import type { Requests } from '../workload/types.ts';
import { type ItlHistogram, summariseItl, totalWeight } from './itl.ts';
import { keepsPromise } from './limits.ts';
import {
  computeLatencies,
  countGood,
  countPeakConcurrent,
  type Lengths,
  meanGap,
  peakOutputThroughput,
} from './requests.ts';
import { electricityPerHour, NO_SHARES, sharesOf, workEnergy, workParts } from './site.ts';
import { summariseDrafts } from './speculation.ts';
import { type PickRanks, summarise } from './summary.ts';
import type { RunResult } from './types.ts';

export { achieved } from './limits.ts';

import { judge } from './verdict.ts';

/** Preempted sequences that went to host memory and came back, and s that steps lasted longer for it. */
export interface Swaps {
  readonly swapped_out: number;
  readonly swapped_in: number;
  readonly swap_s: number;
}

/** What the engine counted, summed over all replicas. */
export interface EngineCounters {
  readonly steps: number;
  readonly busySeconds: number;
  /** Running sequences integrated over time: sequence-seconds. */
  readonly runningSeconds: number;
  /** Most KV blocks in use at one time on any replica. */
  readonly peakBlocks: number;
  readonly preemptions: number;
  /** Only where the engine swaps. */
  readonly swaps?: Swaps;
  readonly newTokens: number;
  /** Prefill pairs, and context tokens read by decodes. */
  readonly pairs: number;
  readonly contextTokens: number;
  readonly itlHistogram: ItlHistogram;
  /** With speculative decoding: steps that verified drafts, and how often 0, 1, ... of a sequence's drafts were accepted. */
  readonly draftSteps?: number;
  readonly accepted?: readonly number[];
  /** Most requests in the system at one time; found from the columns when the engine did not count it. */
  readonly peakConcurrent?: number;
  /** Clock at the end, s. Only a run that stopped early needs it: its last token does not tell when it stopped. */
  readonly clock?: number;
}

/** Energy is linear in work, as the step surface has it; idle watts are those of all devices of one replica. */
export type EnergyPrice = EnergyFigures;

export interface RunInput {
  readonly requests: Pick<Requests, 'count' | 'prompt' | 'output' | 'concurrency'>;
  readonly results: RequestResults;
  readonly counters: EngineCounters;
  /** null where watts are unknown. */
  readonly energy: EnergyPrice | null;
  /** What the site adds; absent = nothing. */
  readonly power?: PowerSpec;
  /** USD per device and hour; NaN where no price is known. */
  readonly usdPerDeviceHour: number;
  /** Devices of the whole deployment, and replicas they form. */
  readonly devices: number;
  readonly replicas: number;
  /** KV blocks of one replica. */
  readonly numGpuBlocks: number;
  readonly slo: readonly Slo[];
  /** Tokens come several at once (drafts, rounds of decodes): fewer gaps than tokens. */
  readonly bursts?: boolean;
  /** Finds order statistics where there is something faster than sorting. */
  readonly pick?: PickRanks;
}

/** Requests by terminal state (law L1: they add up to all), and the tokens of those that finished. */
interface Tally {
  completed: number;
  rejected_kv: number;
  rejected_length: number;
  unfinished: number;
  total_input_tokens: number;
  total_output_tokens: number;
}

export function makeRunResult(input: RunInput): RunResult {
  const { requests, results, counters } = input;
  const tally = tallyStates(requests, results);
  const span = findSpan(results, counters.clock);
  const duration = span.end - span.start;
  const latencies = computeLatencies(requests, results);
  const counted = input.bursts ? totalWeight(counters.itlHistogram) : undefined;
  const summaries = {
    ttft: summarise(latencies.ttft, input.pick),
    tpot: summarise(latencies.tpot, input.pick),
    itl: summariseItl(counters.itlHistogram, tally.unfinished > 0 ? Number.NaN : meanGap(requests, results, counted)),
    e2el: summarise(latencies.e2el, input.pick),
  };
  const verdict = judge(requests, results, requests.concurrency, span.end);
  const good = countGood(latencies, input.slo);
  const per = (amount: number): number => (duration > 0 ? amount / duration : Number.NaN);
  return {
    ...summaries,
    verdict,
    ...tally,
    preemptions: counters.preemptions,
    ...counters.swaps,
    duration,
    request_throughput: per(tally.completed),
    output_throughput: per(tally.total_output_tokens),
    total_token_throughput: per(tally.total_input_tokens + tally.total_output_tokens),
    request_goodput: good < 0 ? Number.NaN : per(good),
    good_fraction: good < 0 || tally.completed === 0 ? Number.NaN : good / tally.completed,
    slo_met: keepsPromise(input.slo, summaries, tally, verdict),
    max_concurrent_requests: counters.peakConcurrent ?? countPeakConcurrent(results),
    peak_output_throughput: peakOutputThroughput(requests, results, span.start, duration),
    utilisation: per(counters.busySeconds / input.replicas),
    mean_batch: counters.busySeconds > 0 ? counters.runningSeconds / counters.busySeconds : Number.NaN,
    peak_kv_use: input.numGpuBlocks > 0 ? counters.peakBlocks / input.numGpuBlocks : Number.NaN,
    steps: counters.steps,
    ...(counters.accepted ? { speculation: summariseDrafts(counters.accepted) } : {}),
    ...priceRun(input, duration, tally),
    devices: input.devices,
    num_gpu_blocks: input.numGpuBlocks,
  };
}

function tallyStates(lengths: Lengths, results: RequestResults): Tally {
  const counts = new Int32Array(5);
  let promptTokens = 0;
  let outputTokens = 0;
  for (let i = 0; i < lengths.count; i++) {
    counts[results.state[i]]++;
    if (results.state[i] !== STATE_FINISHED) continue;
    promptTokens += lengths.prompt[i];
    outputTokens += lengths.output[i];
  }
  return {
    completed: counts[STATE_FINISHED],
    rejected_kv: counts[STATE_REJECTED_KV],
    rejected_length: counts[STATE_REJECTED_LENGTH],
    unfinished: counts[STATE_PENDING] + counts[STATE_UNFINISHED],
    total_input_tokens: promptTokens,
    total_output_tokens: outputTokens,
  };
}

/** First arrival to last token; a run that stopped early ends at the engine's clock if that is later. */
function findSpan(results: RequestResults, clock = Number.NEGATIVE_INFINITY): { start: number; end: number } {
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  let early = false;
  for (let i = 0; i < results.state.length; i++) {
    if (results.arrival[i] < start) start = results.arrival[i];
    if (results.first[i] > end) end = results.first[i];
    if (results.finish[i] > end) end = results.finish[i];
    if (results.state[i] === STATE_UNFINISHED || results.state[i] === STATE_PENDING) early = true;
  }
  if (early && clock > end) end = clock;
  return end > start ? { start, end } : { start: 0, end: 0 };
}

/**
 * Idle power runs all the time, work comes on top, and the site's PUE raises both (law L11: energy >= idle power x time). Cost is
 * price x devices x time, and electricity where it is not contained in that. Tokens are output tokens.
 */
function priceRun(input: RunInput, duration: number, tally: Tally) {
  const { energy, counters, replicas, devices, power = NO_SITE } = input;
  const per = (amount: number, count: number): number => (count > 0 ? amount / count : Number.NaN);
  const idle = energy === null ? Number.NaN : energy.idleW * replicas * duration;
  const energy_j = energy === null ? Number.NaN : workEnergy(energy, counters, idle) * power.pue;
  const power_w = per(energy_j, duration);
  const electricity_usd_per_hour = electricityPerHour(power_w / power.pue, power);
  const usd_per_hour = input.usdPerDeviceHour * devices + electricity_usd_per_hour;
  const output = per(tally.total_output_tokens, duration);
  return {
    energy_j,
    power_w,
    joules_per_token: per(energy_j, tally.total_output_tokens),
    joules_per_request: per(energy_j, tally.completed),
    energy_shares: energy === null ? NO_SHARES : sharesOf({ idle, ...workParts(energy, counters) }),
    usd_per_hour,
    electricity_usd_per_hour,
    usd_per_million_tokens: output > 0 ? (usd_per_hour / 3600 / output) * 1e6 : Number.NaN,
    usd_per_request: per((usd_per_hour / 3600) * duration, tally.completed),
  };
}
