// The question, as types. `Configuration` is one pool of engines, every default filled in.
import type { KvFormat, WeightFormat } from '../catalog/types.ts';
import type { LengthSpec } from '../check/drawn.ts';
import type { AdmissionName, BatchingName } from '../check/scheduler-lists.ts';
import type { EngineLog } from './engine-log.ts';
import type { EngineRules } from './engine-rules.ts';
import type { Machine } from './machine.ts';
import type { SpeculativeConfig } from './speculative.ts';
import type { Edge } from './window.ts';
import type { LATENCY_METRICS, PERCENTILES, PREEMPTIONS, ROUTINGS, STEP_SOURCES } from './words.ts';

export type { AdmissionName, BatchingName } from '../check/scheduler-lists.ts';
export type { Objective } from './objectives.ts';
/** What prices a step: op by op, a regression on step traces of this very deployment, or that one where there is one. */
export type StepSource = (typeof STEP_SOURCES)[number];
/** What becomes of a preempted sequence: its KV is computed again, or copied to host memory and back. */
export type PreemptionName = (typeof PREEMPTIONS)[number];
/** How requests are spread over replicas. */
export type RoutingName = (typeof ROUTINGS)[number];
/** The statistic that a limit holds for. */
export type Percentile = (typeof PERCENTILES)[number];
/** Time to first token, time per further token, gap between tokens, end to end. */
export type LatencyMetric = (typeof LATENCY_METRICS)[number];

/** When requests arrive. */
export type ArrivalSpec =
  | { readonly process: 'poisson' | 'uniform' }
  /** vLLM's burstiness: shape of the gamma; 1 = Poisson, below 1 burstier. */
  | { readonly process: 'gamma'; readonly burstiness: number }
  /** Normal gaps with this coefficient of variation, cut at 0. */
  | { readonly process: 'normal'; readonly cv: number }
  /** Poisson in the on phases only, the mean over on and off being the request rate. */
  | { readonly process: 'on-off'; readonly on_s: number; readonly off_s: number }
  /** Poisson whose rate goes linearly from `from` to `to` over the run; only their ratio counts, the mean is the request rate. */
  | { readonly process: 'ramp'; readonly from: number; readonly to: number }
  | CurveSpec
  | { readonly process: 'all-at-once' }
  | { readonly process: 'closed-loop'; readonly max_concurrency: number };

/** Requests/s at a time, and how irregular gaps are from there on (coefficient of variation: 1 = Poisson, 0 = equal in work time). */
export interface RatePoint {
  readonly time: number; // s
  readonly rate: number;
  readonly cv: number;
}

/**
 * Gamma renewals whose rate follows points: straight between them, or in steps. The workload's request_rate is the mean between
 * the first and the last point; another one scales all rates.
 */
export interface CurveSpec {
  readonly process: 'curve';
  readonly points: readonly RatePoint[];
  readonly between: 'line' | 'step';
  /** After the last point the curve begins again; otherwise its rate stays. */
  readonly repeat: boolean;
  /** Where on the curve the run begins, s. */
  readonly start: number;
}

/** Who arrives, when, how long: drawn from a seed, or read from a file. */
export interface WorkloadSpec {
  /** Shape id of the catalog, or a pair of lengths; null when `requests` gives them. */
  readonly lengths: string | { readonly input_len: LengthSpec; readonly output_len: LengthSpec } | null;
  readonly arrivals: ArrivalSpec;
  /** Requests/s of the whole deployment; 0 where the process has none. */
  readonly request_rate: number;
  /** Requests of a run; with `requests` the first so many of the file, 0 = all of it. */
  readonly num_requests: number;
  /** Requests arrive until then, s; absent = until there are num_requests. */
  readonly duration?: number;
  /** What is left out of figures at the beginning and the end; absent = auto. */
  readonly warmup?: Edge;
  readonly cooldown?: Edge;
  readonly seed: number;
  /** A trace or request file to replay (absolute path), with its format and a factor on its rate (2 = twice as fast). */
  readonly requests: ReplaySpec | null;
  /**
   * How far outputs of equal requests of a closed loop stray from their length, either way, so that they do not stay in step;
   * absent = workload/drift.ts.
   */
  readonly drift?: number;
  /** What clients ask for at most, which is all that engines know of an answer's length: tokens, or times the answer; absent = the answer. */
  readonly max_tokens?: { readonly tokens: number } | { readonly ratio: number };
}

export interface ReplaySpec {
  readonly file: string;
  readonly rate_scale: number;
  /** Factors on prompts and outputs, halves up, at least one token; absent = 1. */
  readonly input_scale?: number;
  readonly output_scale?: number;
  /** Of clients' streams only: where on their day the run begins, s. */
  readonly start?: number;
}

/** The spec's own step price, instead of the cost model (seconds). */
export interface StepTime {
  readonly fixed_s: number;
  readonly per_new_token_s: number;
  readonly per_prefill_pair_s: number;
  readonly per_sequence_s: number;
  readonly per_context_token_s: number;
  /** Of speculative decoding: per pass of the draft model, and per drafted token; 0 if left out. */
  readonly per_draft_pass_s?: number;
  readonly per_draft_token_s?: number;
  /** Per KV block copied to host memory or back at the start of a step; absent = 0. */
  readonly per_swapped_block_s?: number;
}

/** A latency limit: the promise to the user. */
export interface Slo {
  readonly metric: LatencyMetric;
  readonly percentile: Percentile;
  /** s; of a multiple NaN until a run has told what a lone request takes. */
  readonly limit: number;
  /** Times the same statistic of requests that are alone; absent of limits in seconds. */
  readonly times?: number;
}

/** One fully bound deployment: what one row of a sweep is, and all of `mist run`. */
export interface Configuration {
  readonly model: string; // catalog id or absolute path to a config.json; '' with step_time
  readonly hardware: string; // catalog id; '' with step_time
  readonly replicas: number;
  readonly tensor_parallel_size: number;
  readonly pipeline_parallel_size: number;
  readonly data_parallel_size: number;
  readonly expert_parallel_size: number;
  readonly routing: RoutingName;
  readonly profile: string;
  /** Weight format; 'auto' = the checkpoint's. */
  readonly quantization: WeightFormat | 'auto';
  readonly kv_cache_dtype: KvFormat | 'auto';
  readonly batching: BatchingName;
  readonly admission: AdmissionName;
  readonly max_num_seqs: number;
  readonly max_num_batched_tokens: number;
  /** Longest prompt + output; 0 = the model's. */
  readonly max_model_len: number;
  readonly gpu_memory_utilization: number;
  readonly block_size: number;
  /** 0 = computed from memory. */
  readonly num_gpu_blocks: number;
  /** Share of the KV blocks that admission leaves free while anything runs. */
  readonly watermark: number;
  readonly preemption_mode: PreemptionName;
  /** Bytes of host memory per device for preempted sequences (only with swap). */
  readonly swap_space: number;
  /** KV blocks that host memory holds for one replica; 0 = computed from swap_space. */
  readonly num_cpu_blocks: number;
  /** Decode iterations between two looks of the scheduler. */
  readonly num_scheduler_steps: number;
  /** The start-up log that num_gpu_blocks comes from; absent where it does not. */
  readonly kv_log?: EngineLog;
  /** Tokens drafted for each decode; 0 = no speculative decoding. */
  readonly num_speculative_tokens: number;
  /** Absent where nothing is drafted. */
  readonly speculative_config?: SpeculativeConfig;
  /** Rules and facts that few specs state; absent where none is. */
  readonly rules?: EngineRules;
  /** How devices are joined, where that is not as the catalog has them. */
  readonly machine?: Machine;
  readonly step_time: StepTime | null;
  /** What prices a step where there is no step_time. */
  readonly step_source: StepSource;
  readonly request_rate: number;
}

/** Fields of a configuration that may be an axis. */
export type AxisField = Exclude<
  keyof Configuration,
  'step_time' | 'kv_log' | 'speculative_config' | 'rules' | 'machine'
>;
