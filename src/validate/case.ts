// A measured case as types: what was run (equal for all rows of one run) and which of its figures a row holds.
import type { CaseInput } from './case-columns.ts';

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
export type Status = 'ok' | 'truncated' | 'undetermined' | 'unsupported' | 'oom' | 'error';

/** Why there is no prediction. */
export interface Trouble {
  readonly status: 'undetermined' | 'unsupported' | 'oom' | 'error';
  readonly words: string;
  /** Of a server run: 100 (predicted / offered - 1) of its capacity. */
  readonly capacityPct?: number;
}

export function isTrouble(value: object): value is Trouble {
  return 'status' in value && 'words' in value;
}
