// What a fleet run is measured from and what it comes to. Times in seconds, percentiles by linear interpolation (NumPy's default).

import type { EnergyFigures } from '../../plan/energy.ts';
import type { DrawnTiers, FleetProgram, InstanceChange, VisitResults } from '../../plan/fleet.ts';
import type { StageRoles } from '../../plan/pipeline/lower-fleet.ts';
import type { StepRecord } from '../../plan/setup.ts';
import type { Budget } from '../../spec/budget.ts';
import type { PowerSpec } from '../../spec/power.ts';
import type { Slo } from '../../spec/types.ts';
import type { ItlHistogram } from '../itl.ts';
import type { Sampling } from '../sampling.ts';
import type { EnergyShares } from '../site.ts';
import type { SpeculationResult } from '../speculation.ts';
import type { PickRanks } from '../summary.ts';
import type { Summary, Verdict } from '../types.ts';
import type { Balance } from '../verdict.ts';
import type { ClientView } from './client-view.ts';
import type { CopyFigures } from './copies.ts';
import type { FleetTimeline } from './curve-types.ts';
import type { DetailAsk } from './detail.ts';
import type { PoolReplicas } from './instances.ts';

/** A part of a run, s. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the engine counted for one client. */
export interface ClientCounters {
  readonly steps: number;
  readonly busySeconds: number;
  /** Running sequences integrated over the steps: sequence-seconds. */
  readonly runningSeconds: number;
  readonly newTokens: number;
  readonly pairs: number;
  readonly contextTokens: number;
  readonly preemptions: number;
  readonly swapsOut?: number;
  readonly swapsIn?: number;
  readonly swapSeconds?: number;
  /** LoRA adapters loaded into a slot, of those from storage, and s that steps waited for them. */
  readonly adapterLoads?: number;
  readonly adapterFetches?: number;
  readonly adapterSeconds?: number;
  /** With fair queues: the most that a tenant that waited was ahead of the one whose turn it was, in weighted tokens. */
  readonly fairGap?: number;
  readonly found?: readonly number[]; // of a store: blocks that look-ups found, by tier
  readonly peakBlocks: number;
  readonly peakSequences: number;
  /** With speculative decoding: steps that verified drafts, and how often 0, 1, ... of a visit's drafts were accepted. */
  readonly draftSteps?: number;
  readonly accepted?: readonly number[];
}

/** What one client draws and costs. A client without devices stands for something outside the question: it does neither. */
export interface ClientPrice {
  /** null where watts are unknown. `idleW` is that of all its devices. */
  readonly energy: EnergyFigures | null;
  /** W on top of idle while busy, of clients whose work is not priced by steps (cores: with all of them busy); absent = 0. */
  readonly busyW?: number;
  readonly devices: number;
  /** NaN where no price is known. */
  readonly usdPerDeviceHour: number;
  /**
   * Clients that name the same host stand on the same devices (two models on one accelerator, search beside embedding on one
   * socket): these are paid and idle once, each client bearing its part of the busy time.
   */
  readonly host?: string;
}

export interface FleetPrices {
  readonly clients: readonly ClientPrice[];
  /** What the site adds to energy and cost; absent = nothing. */
  readonly power?: PowerSpec;
}

/** Everything that a fleet run leaves. */
export interface FleetRun {
  readonly program: FleetProgram;
  readonly results: VisitResults;
  /** STATE_* of each request, as the run left it; without it, worked out from the visits. */
  readonly requestState?: Int32Array;
  /** One per client. */
  readonly counters: readonly ClientCounters[];
  readonly roles: StageRoles;
  readonly slo: readonly Slo[];
  readonly budget?: Budget;
  readonly prices?: FleetPrices;
  /** Pooled gaps between output tokens; without it only the mean inter-token latency is known. */
  readonly itl?: ItlHistogram;
  /** Iterations of all clients (`replica` = client), in order of start per client: exact busy and KV curves. */
  readonly steps?: readonly StepRecord[];
  /** What its client sees; absent = all that the engines did. */
  readonly client?: ClientView;
  readonly drawn?: DrawnTiers;
  /** Names of pipelines, and which one each request walks. */
  readonly pipelines?: { readonly names: readonly string[]; readonly of: Int32Array };
  /** What became of instances that start and stop, in order; absent where all are on all the time. */
  readonly changes?: readonly InstanceChange[];
  /** s, by request, when it was turned away by a full queue, its client left or it failed, for good; absent where none of that can happen. */
  readonly lostAt?: Float64Array;
  /** Requests that were sent again, and output tokens made for clients that had left; absent where nobody does. */
  readonly tried?: number;
  readonly wasted?: number;
  /** Clock at the end of a run that stopped early, s, and why it did. */
  readonly clock?: number;
  readonly stopped?: string;
  /** Finds order statistics where there is something faster than sorting. */
  readonly pick?: PickRanks;
  /** Nobody asks how far chance may move what is measured. */
  readonly unsampled?: boolean;
  /** It was given up: latencies of the few requests that finished before say nothing about the deployment, and are not measured. */
  readonly hopeless?: boolean;
  /** What more is asked of it than its summary. */
  readonly detail?: DetailAsk;
  /** It came to a standstill by itself: visits wait, and nothing is left to happen. */
  readonly deadlock?: boolean;
}

/** One entry per request, s; NaN unless the request finished (and has such a token). */
export interface FleetLatencies {
  readonly ttft: Float64Array;
  readonly tpot: Float64Array;
  readonly e2el: Float64Array;
  /** First token of the answer, thinking over. */
  readonly firstAnswer: Float64Array;
}

/** Requests, visits: each ends in exactly one state, and they add up (law L1). */
export interface StateCounts {
  readonly total: number;
  readonly finished: number;
  readonly rejected_kv: number;
  readonly rejected_length: number;
  /** Turned away by a full queue; left by their client before it had the answer; failed with an instance. Absent where there are none. */
  readonly rejected_queue?: number;
  readonly timed_out?: number;
  readonly failed?: number;
  /** Visits that never joined a client because another one of their request was rejected; requests never are. */
  readonly cancelled: number;
  /** Never arrived, because what they follow was rejected: the conversation was over. Absent where there are none. */
  readonly unsent?: number;
  readonly unfinished: number;
}

/** Seconds of one stage on the path that decides when requests finish. */
export interface PathPart {
  readonly queue: number;
  readonly service: number;
  readonly transfer: number;
}

/** What a class of requests spent its time on: the parts of all stages add up to `e2el`. */
export interface Breakdown {
  /** "mean", "p50", "p90", "p99": the requests whose latency lies around that percentile. */
  readonly name: string;
  readonly requests: number;
  readonly e2el: number;
  /** One per stage of the program. */
  readonly parts: readonly PathPart[];
}

export interface StageResult {
  readonly name: string;
  readonly visits: StateCounts;
  /** start - ready: waiting for a slot, a core or memory. */
  readonly queue: Summary;
  /** finish - start. */
  readonly service: Summary;
  /** ready - finish of the last predecessor: the way of what the stage needs to where it runs; 0 where nothing is sent. */
  readonly transfer: Summary;
  /** Tokens of finished visits: prompts, those of them that came from a cache or a store, outputs. */
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  /** Its part of energy and cost, per finished request; NaN where unknown. */
  readonly joules_per_request: number;
  readonly usd_per_request: number;
}

export interface ClientResult extends CopyFigures {
  readonly name: string;
  readonly kind: 'llm' | 'cores' | 'store';
  readonly visits: number;
  /** Busy share of the time that it was paid: of its steps (llm), of its cores (cores), of the time with a look-up under way (store). */
  readonly utilisation: number;
  /** Sequences running while busy (llm), visits in service on average (others). */
  readonly mean_batch: number;
  readonly peak_batch: number;
  readonly mean_queue: number;
  readonly peak_queue: number;
  /** Peak share of KV blocks in use; NaN where there are none. */
  readonly peak_kv_use: number;
  /** Share of prompt tokens that came from a cache or a store; NaN without prompts. */
  readonly cached_share: number;
  readonly preemptions: number;
  readonly steps: number;
  readonly devices: number;
  readonly energy_j: number;
  readonly power_w: number;
  readonly usd_per_hour: number;
}

export interface PipelineResult {
  readonly name: string;
  readonly requests: StateCounts;
  readonly ttft: Summary;
  readonly first_answer: Summary;
  readonly tpot: Summary;
  readonly e2el: Summary;
  readonly request_goodput: number;
  /** Share of its requests that have an end, and keep every limit themselves; those refused or left by their client keep none. */
  readonly good_fraction: number;
}

/** A window in figures; s on the clock of the run. */
export interface WindowFigures {
  readonly from: number;
  readonly to: number;
  /** First arrival and end of the whole run, and its requests. */
  readonly run_from: number;
  readonly run_to: number;
  readonly run_requests: number;
  /** Whether the warm-up was asked for, chosen by the run (MSER-5), or could not be because the run never settled. */
  readonly warmup: 'asked' | 'settled' | 'unsettled';
  /** Requests that arrive in it. */
  readonly requests: number;
}

/** A fleet run in figures; those that a plain run has too bear the same names (../types.ts). */
export interface FleetResult extends CopyFigures {
  readonly ttft: Summary;
  readonly first_answer: Summary;
  readonly tpot: Summary;
  readonly itl: Summary;
  readonly e2el: Summary;
  readonly verdict: Verdict;
  /** How far chance may move each statistic; absent where nobody looks at it (rows of a sweep that miss a limit). */
  readonly sampling?: Readonly<Record<'ttft' | 'tpot' | 'itl' | 'e2el', Sampling>>;
  /** What the verdict rests on. */
  readonly balance: Balance;
  /** The part of the run that figures are of; null = all of it. */
  readonly window: WindowFigures | null;
  /** Why the run ended before everything was done; '' when it did not. */
  readonly stopped: string;
  readonly completed: number;
  readonly rejected_kv: number;
  readonly rejected_length: number;
  readonly unfinished: number;
  /** Turned away by a full queue for good; left by their client for good; failed with an instance for good. Absent where there are none. */
  readonly rejected_queue?: number;
  readonly timed_out?: number;
  readonly failed?: number;
  /** Requests that were sent again; output tokens made for nobody. Absent where nobody tries again; leaves or fails. */
  readonly retried?: number;
  readonly wasted_tokens?: number;
  /** Turns of conversations that a rejected turn ended; absent where there are none. */
  readonly unsent?: number;
  readonly visits: StateCounts;
  readonly preemptions: number;
  /** Instances of the pools that start and stop theirs; absent where none does. */
  readonly autoscaled?: readonly PoolReplicas[];
  /** How often an instance failed, and the share of their time in which those that may fail were on; absent where none may. */
  readonly instance_failures?: number;
  readonly availability?: number;
  /** How the drafts of all clients did; absent without speculative decoding. */
  readonly speculation?: SpeculationResult;
  readonly duration: number;
  readonly request_throughput: number;
  readonly output_throughput: number;
  readonly total_token_throughput: number;
  readonly peak_output_throughput: number;
  readonly request_goodput: number;
  readonly good_fraction: number;
  readonly slo_met: boolean;
  /** Prompt tokens of generating stages (not those shared with another branch), cached ones among them. */
  readonly total_input_tokens: number;
  readonly cached_input_tokens: number;
  readonly total_output_tokens: number;
  readonly thinking_tokens: number;
  readonly max_concurrent_requests: number;
  /** Sequences that ran while engines were busy, on average; the busy share of their time, the largest share of KV blocks in use. */
  readonly mean_batch: number;
  readonly utilisation: number;
  readonly peak_kv_use: number;
  readonly steps: number;
  readonly devices: number;
  /** Clients whose watts or price nobody knows: energy and cost are those of the others (NaN where none is known). */
  readonly unmetered: readonly string[];
  readonly unpriced: readonly string[];
  /** J of the devices times PUE. */
  readonly energy_j: number;
  readonly power_w: number;
  readonly joules_per_token: number;
  readonly joules_per_request: number;
  /** What the energy went into, of the clients whose watts are known. */
  readonly energy_shares: EnergyShares;
  readonly usd_per_hour: number;
  /** Electricity in it; 0 where the devices' price contains it. */
  readonly electricity_usd_per_hour: number;
  readonly usd_per_request: number;
  readonly usd_per_million_tokens: number;
  /** Energy and cost, per finished request, of clients that no visit came to. */
  readonly idle_joules_per_request: number;
  readonly idle_usd_per_request: number;
  readonly breakdown: readonly Breakdown[];
  readonly stages: readonly StageResult[];
  readonly clients: readonly ClientResult[];
  readonly pipelines: readonly PipelineResult[];
}

/** A request worth looking at. */
export interface Example {
  readonly label: string;
  readonly request: number;
}

/** The result with the columns behind it: what pages, traces and line files show. */
export interface MeasuredFleet {
  readonly run: FleetRun;
  readonly result: FleetResult;
  readonly latencies: FleetLatencies;
  /** The same of the requests that are measured: the others as if they had not been (STATE_UNFINISHED, NaN). */
  readonly within: { readonly state: Int32Array; readonly latencies: FleetLatencies };
  /** Per request: STATE_*, time it was sent, time it was over. */
  readonly state: Int32Array;
  readonly arrival: Float64Array;
  readonly finish: Float64Array;
  /** Per request: time of its first token; NaN where there is none. */
  readonly firstToken: Float64Array;
  /** Per visit: J and USD; NaN where unknown. */
  readonly joules: Float64Array;
  readonly usd: Float64Array;
  readonly timeline: FleetTimeline;
  readonly examples: readonly Example[];
}
