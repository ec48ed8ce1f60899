// What one engine run needs beside its requests: the limits and the price of a step. Numbers and closed words only.
import { type AdmissionName, type BatchingName, ROUND_BATCHINGS } from '../check/scheduler-lists.ts';
import type { RoutingName, StepTime } from '../spec/types.ts';

/** Host memory for preempted sequences. */
export interface SwapSetup {
  /** KV blocks that it holds for one scheduler, at least 1. */
  readonly hostBlocks: number;
  /** s that a step lasts longer for every block that is copied out or in at its start. */
  readonly secondsPerBlock: number;
}

/**
 * What a sequence of a hybrid model takes of the pool of blocks: `full` of them for every `blockSize` tokens (layers that keep all), `near`
 * for those that a window of `window` tokens may touch, and `fixed` for its states.
 */
export interface SequencePages {
  readonly full: number;
  readonly near: number;
  readonly window: number;
  readonly fixed: number;
}

/**
 * Cascade attention (vLLM V1, gpu_model_runner.py and flash_attn.use_cascade_attention): when a step reads the KV blocks that all running
 * sequences read once for all its queries. Heads and multiprocessors are those of one device.
 */
export interface CascadeSetup {
  readonly queryHeads: number;
  readonly kvHeads: number;
  readonly multiprocessors: number;
  /** Fewest tokens that all have in common, and fewest sequences in the step, for which it is done. */
  readonly tokens: number;
  readonly sequences: number;
}

/**
 * LoRA adapters of an engine, by number from 1. At most `slots` run at once (vLLM's max_loras), and so many of those used last lie in device
 * memory; `hostSlots` of them in the host's (max_cpu_loras), no fewer.
 */
export interface AdapterSetup {
  readonly slots: number;
  readonly hostSlots: number;
  /** s from host memory into a slot, and from storage into host memory, by adapter: a step that begins with a load lasts so much longer. */
  readonly load: readonly number[];
  readonly fetch: readonly number[];
  /** With n > 0 adapters running a step takes 1 + overhead + n share times as long, and n `seconds`. */
  readonly overhead: number;
  readonly share: number;
  readonly seconds: number;
}

/** Share of what was asked for that SGLang expects of answers at first, at its schedule_conservativeness of 1. */
export const NEW_TOKEN_RATIO = 0.7;

/** The limits of an engine run, bound to numbers; those of memory and batch are of one scheduler. */
export interface EngineSetup {
  readonly batching: BatchingName;
  readonly admission: AdmissionName;
  readonly routing: RoutingName;
  readonly replicas: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  /** KV blocks of one scheduler, and tokens per block. */
  readonly numGpuBlocks: number;
  readonly blockSize: number;
  /** Absent = a block for every `blockSize` tokens. */
  readonly pages?: SequencePages;
  /** Longest prompt + output that is admitted; 0 = no limit. */
  readonly maxModelLen: number;
  /** Longest prompt of a server that computes prompts whole and refuses what its budget does not hold; absent = no limit. */
  readonly maxPrompt?: number;
  /** Visits that wait in its queue at most: one more is turned away; absent = no limit. */
  readonly maxQueued?: number;
  /** With admission new-token-ratio: share of what was asked for that is expected at first; absent = SGLang's (NEW_TOKEN_RATIO). */
  readonly newTokenRatio?: number;
  /** Share of the blocks that admission leaves free while anything runs (vLLM's watermark); absent = 0. */
  readonly watermark?: number;
  /**
   * Decode iterations between two looks of the scheduler (vLLM's num_scheduler_steps), under continuous and static batching and
   * without speculation; absent = 1.
   */
  readonly schedulerSteps?: number;
  /** Preempted decodes go to host memory while it has room; absent = they are computed again. */
  readonly swap?: SwapSetup;
  /** The spec's linear price, or a step surface (assembly/layout/surface.ts). */
  readonly price: StepTime | Float64Array;
  /** A scheduler that is busy decoding looks at arrivals every so many decode steps (SGLang); absent = every step. */
  readonly receiveEvery?: number;
  /**
   * While sequences decode, prompts are held back until their step has `tokens` tokens or they were held for `steps` steps
   * (TensorRT-LLM's batch waiting); absent = never.
   */
  readonly batchWait?: { readonly steps: number; readonly tokens: number };
  /**
   * Of ranks: while all decode, prompts that wait are held back until every rank has one or they were held for `steps` steps, and then
   * for `batching` steps more (TensorRT-LLM's attention_dp_config); absent = never.
   */
  readonly evenPrompts?: { readonly steps: number; readonly batching: number };
  /** Blocks keep what they hold until they are used again, and are shared by all that read it; absent = no. */
  readonly prefixCaching?: boolean;
  /** With prefixCaching and a surface, on one device's own steps of one token a decode; absent = every sequence reads its own. */
  readonly cascade?: CascadeSetup;
  /** Absent = one token a decode. */
  readonly speculation?: Speculation;
  /** Absent = it serves none, whatever is asked for. */
  readonly adapters?: AdapterSetup;
}

/** Speculative decoding of one engine: what is drafted for every decode, and how much of it the model accepts. */
export interface Speculation {
  /** Tokens that are drafted for each decode, 1 to MOST_DRAFTS. */
  readonly drafts: number;
  /** Probability that at least the first 1, 2, ... drafts are accepted: `drafts` entries that never rise. */
  readonly acceptance: readonly number[];
  readonly seed: number;
  /** Tokens found in a prefix cache that the draft's head needs computed again (vLLM drops the last block); absent = 0. */
  readonly prefixLoss?: number;
}

/** Per-request results, one entry per request in order of arrival. Times in s; NaN where the event never happened. */
export interface RequestResults {
  readonly state: Int32Array; // STATE_* of assembly/layout/enums.ts
  readonly arrival: Float64Array; // as offered; in a closed loop: when it was sent
  readonly first: Float64Array;
  readonly finish: Float64Array;
  readonly preemptions: Int32Array;
  readonly replica: Int32Array; // -1 before routing
}

/** One iteration of one replica, as `mist run --steps` writes it. */
export interface StepRecord {
  readonly replica: number;
  readonly start: number; // s
  readonly duration: number; // s
  readonly prefillTokens: number; // sum of chunk tokens
  readonly sequences: number; // chunks + decodes
  readonly context: number; // sum of past over the decodes, before the step
  readonly blocks: number; // KV blocks in use during the step, its own allocations included
}

type Decoding = Pick<EngineSetup, 'batching' | 'schedulerSteps' | 'speculation'>;

/** Decode iterations of a round; where steps may carry prompts they are single. */
export function roundOf({ batching, schedulerSteps }: Decoding): number {
  return ROUND_BATCHINGS.includes(batching) ? (schedulerSteps ?? 1) : 1;
}

/** Whether tokens come several at once: fewer gaps than tokens. */
export function comesInBursts(setup: Decoding): boolean {
  return setup.speculation !== undefined || roundOf(setup) > 1;
}
