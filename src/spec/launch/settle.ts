// An engine's own way of counting, undone and done: what it was told becomes keys of a pool, and a pool what it is to be told.
import type { Version } from '../../catalog/engine-versions.ts';
import type { WeightFormat } from '../../catalog/types.ts';
import type { LlmPool } from '../fleet/types.ts';

/** What an engine is told, by the words of its table (flag.ts: `sets`), values converted. */
export type Told = Readonly<Record<string, unknown>>;

/** A flag that a spec cannot say, and why. */
export interface Lost {
  readonly flag: string;
  readonly why: string;
}

/** A mistake: of a flag, or something that is missing beside it. */
export interface Fault {
  readonly path: string;
  readonly expected: string;
  readonly received: string;
}

/** What the counting depends on. */
export interface Setting {
  readonly version: Version;
  /** Tokens of a block where nobody says. */
  readonly blockSize: number;
  /** Whether the model has experts, and the format its checkpoint is in; null where the model is not known. */
  readonly model: { readonly experts: boolean; readonly native: WeightFormat } | null;
  /** What was read is what the engine made of its flags, not the flags (SGLang's log). */
  readonly resolved: boolean;
}

/** Keys of a pool, by the names that specs have for them; undefined where the engine was told nothing. */
export interface Settled {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly lost: readonly Lost[];
  readonly faults: readonly Fault[];
  /** Flags that have no effect beside the others. */
  readonly idle?: readonly string[];
}

/** A pool as far as its engine is told of it. */
export type Deployed = Pick<LlmPool, 'configuration' | 'prefixCaching' | 'packing' | 'role'> &
  Partial<Pick<LlmPool, 'routing' | 'lora'>>;

export interface Telling {
  readonly told: Told;
  /** What must be done beside the command, or what the engine has no flag for. */
  readonly notes: readonly string[];
}

export const numberOf = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** The format of the weights that flags ask for: a checkpoint that is quantised keeps its own. */
export function settleFormat({ quantization, dtype }: Told, { model }: Setting): Readonly<{ quantization?: unknown }> {
  if (model && !['bf16', 'fp16'].includes(model.native)) return {};
  const asked = quantization ?? (dtype === model?.native ? undefined : dtype);
  return asked === undefined ? {} : { quantization: asked };
}

/** Formats that an engine makes of 16-bit weights while it loads them; of the others the checkpoint must be. */
export function tellFormat(
  { configuration: { quantization } }: Deployed,
  online: readonly string[],
  notes: string[],
): Told {
  if (quantization === 'auto') return {};
  if (quantization === 'bf16' || quantization === 'fp16') return { dtype: quantization };
  if (online.includes(quantization)) return { quantization };
  notes.push(`serve a checkpoint whose weights are ${quantization}`);
  return {};
}

/** What is said of several engines alike: limits, sizes, watermark, formats of the cache. Zeros are what nobody set. */
export function tellCommon({ configuration: c }: Deployed): Told {
  const { max_num_seqs, max_num_batched_tokens, gpu_memory_utilization, block_size, pipeline_parallel_size: pp } = c;
  return {
    ...(pp > 1 ? { pipeline_parallel_size: pp } : {}),
    ...(c.kv_cache_dtype === 'auto' ? {} : { kv_cache_dtype: c.kv_cache_dtype }),
    ...(c.max_model_len > 0 ? { max_model_len: c.max_model_len } : {}),
    ...{ max_num_seqs, max_num_batched_tokens, gpu_memory_utilization, block_size },
  };
}

/** What no engine has a flag for, or none but those named. */
export function noteForeign(pool: Deployed, known: readonly string[], notes: string[]): void {
  const { configuration: c, packing } = pool;
  const note = (key: string, words: string) => known.includes(key) || notes.push(`the engine has no flag for ${words}`);
  if (c.watermark > 0) note('watermark', `a watermark of ${c.watermark}`);
  if (c.preemption_mode === 'swap') note('preemption_mode', 'preemption by swapping: it recomputes');
  if (c.num_scheduler_steps > 1)
    note('num_scheduler_steps', `${c.num_scheduler_steps} decode iterations between two looks of the scheduler`);
  if (packing !== 'fcfs') note('packing', `${packing} packing`);
  if (c.rules?.batch_wait) note('batch_wait', 'batch waiting');
  if (c.rules?.attention_dp_config) note('attention_dp_config', 'prompts that wait until every rank has one');
  if (c.rules?.recv_interval) note('recv_interval', `${c.rules.recv_interval} steps between two looks at arrivals`);
  if (c.rules?.max_queued_requests)
    note('max_queued_requests', `a queue of at most ${c.rules.max_queued_requests} requests`);
  if (c.rules?.disable_cascade_attn === false) note('disable_cascade_attn', 'cascade attention');
}
