// A measured case as types: what was run (equal for all rows of one run) and which of its figures a row holds.
import type { KvFormat, WeightFormat } from '../catalog/types.ts';

export const MODES = [
  'static-batch',
  'closed-loop',
  'open-loop',
  'offline',
  'mlperf-offline',
  'mlperf-server',
  'mlperf-interactive',
  'disagg-closed-loop',
  'kv-transfer',
] as const;
export type Mode = (typeof MODES)[number];

export const ENGINES = ['vllm', 'sglang', 'trtllm', 'deepspeed', 'transformers-neuronx', 'jetstream', 'other'] as const;
export type Engine = (typeof ENGINES)[number];

export const METRICS = [
  'ttft_ms',
  'prefill_ms',
  'tpot_ms',
  'itl_ms',
  'e2e_ms',
  'output_tokens_per_s',
  'total_tokens_per_s',
  'requests_per_s',
  'power_w',
  'kv_transfer_ms',
] as const;
export type Metric = (typeof METRICS)[number];

export const STATISTICS = ['mean', 'p50', 'p99', 'mean_or_median'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** The columns that decide a run. A blank cell is null: not applicable, or the engine's default. */
export interface CaseInput {
  readonly engine: Engine;
  readonly engine_version: string;
  /** Of `measured_on`, the only part a simulator may use; null when it is blank. */
  readonly year: number | null;
  readonly model: string;
  readonly hardware: string;
  readonly devices: number;
  readonly replicas: number;
  readonly tp: number | null;
  readonly pp: number | null;
  readonly dp: number | null;
  readonly ep: number | null;
  readonly tp_shards: number | null;
  readonly prefill_workers: number | null;
  readonly prefill_tp: number | null;
  readonly prefill_dp: number | null;
  readonly prefill_ep: number | null;
  readonly decode_workers: number | null;
  readonly decode_tp: number | null;
  readonly decode_dp: number | null;
  readonly decode_ep: number | null;
  readonly weight_dtype: WeightFormat;
  readonly attn_weight_dtype: WeightFormat | null;
  readonly kv_dtype: KvFormat;
  readonly spec_decode: 'none' | 'mtp';
  readonly mode: Mode;
  readonly input_len: number;
  readonly output_len: number;
  readonly length_spread: number | null;
  readonly lengths_file: string | null;
  readonly input_scale: number;
  readonly output_scale: number;
  readonly load_kind: string;
  readonly load_value: number | null;
  readonly num_requests: number;
  readonly window: 'all' | 'steady';
  readonly max_num_seqs: number | null;
  readonly max_batched_tokens: number | null;
  /** null: as the engine does. */
  readonly prefill_policy: 'mixed' | 'exclusive' | null;
  readonly batch_wait_iters: number | null;
  readonly batch_wait_ratio: number | null;
  readonly recv_interval: number | null;
  readonly kv_capacity_tokens: number | null;
  readonly kv_link_gb_s: number | null;
}

/** One row: a published figure of a run. */
export interface CaseRow {
  /** 1-based line of the file. */
  readonly line: number;
  readonly case_id: string;
  readonly group_id: string;
  readonly config_id: string;
  /** As the file has it; the simulator sees none of these. */
  readonly source: string;
  readonly metric: string;
  readonly statistic: string;
  readonly value: number;
  readonly valueText: string;
  readonly derived: boolean;
  readonly quality: string;
  /** Acceptance files only, else ''. */
  readonly tier: string;
  readonly core: boolean;
  /** Every cell by column, for grouping tables by any of them. */
  cell(column: string): string;
}

/** Rows of one run. `input` is null when the run cannot be replayed; `trouble` says why. */
export interface CaseGroup {
  readonly id: string;
  readonly rows: readonly CaseRow[];
  readonly input: CaseInput | null;
  readonly trouble: Trouble | null;
}

/** Status words of a prediction (data/cases/SCHEMA.md section 6). */
export type Status = 'ok' | 'truncated' | 'unsupported' | 'oom' | 'error';

/** Why there is no prediction. */
export interface Trouble {
  readonly status: 'unsupported' | 'oom' | 'error';
  readonly words: string;
}

export function isTrouble(value: object): value is Trouble {
  return 'status' in value && 'words' in value;
}
