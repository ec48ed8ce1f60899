// Made-up case files: one plausible row to vary, and the text of a file of such rows.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Cells = Readonly<Record<string, string>>;

/** A closed loop of llama-3.1-8b on one H100, with one figure of it; every column of the schema. */
export const ROW: Cells = {
  case_id: 'made-up.tpot_ms',
  group_id: 'made-up',
  config_id: 'cfg-a',
  source: 'made up',
  source_ref: '',
  engine: 'vllm',
  engine_version: '0.11.1',
  measured_on: '2025-11',
  model: 'llama-3.1-8b',
  hardware: 'h100-sxm-80gb',
  mode: 'closed-loop',
  devices: '1',
  replicas: '1',
  tp: '1',
  pp: '1',
  dp: '1',
  ep: '1',
  tp_shards: '1',
  prefill_workers: '',
  prefill_tp: '',
  prefill_dp: '',
  prefill_ep: '',
  decode_workers: '',
  decode_tp: '',
  decode_dp: '',
  decode_ep: '',
  weight_dtype: 'bf16',
  attn_weight_dtype: '',
  kv_dtype: 'bf16',
  spec_decode: 'none',
  input_len: '512',
  output_len: '64',
  length_spread: '0.8',
  lengths_file: '',
  input_scale: '',
  output_scale: '',
  load_kind: 'concurrency',
  load_value: '8',
  num_requests: '40',
  window: 'all',
  max_num_seqs: '',
  max_batched_tokens: '',
  prefill_policy: 'mixed',
  batch_wait_iters: '',
  batch_wait_ratio: '',
  recv_interval: '',
  kv_capacity_tokens: '',
  stream_interval: '',
  kv_link_gb_s: '',
  metric: 'tpot_ms',
  statistic: 'mean',
  value: '8',
  derived: '0',
  assumed: '',
  quality: 'high',
  quality_reason: '',
};

/** Columns of a static batch of four. */
export const STATIC: Cells = {
  mode: 'static-batch',
  load_kind: 'batch',
  load_value: '4',
  num_requests: '4',
  length_spread: '1',
  prefill_policy: 'exclusive',
};

/** Columns of a disaggregated pair: one prefill worker, two decode workers of one device each. */
export const PAIR: Cells = {
  mode: 'disagg-closed-loop',
  devices: '3',
  tp: '',
  pp: '',
  dp: '',
  ep: '',
  tp_shards: '',
  prefill_workers: '1',
  prefill_tp: '1',
  prefill_dp: '1',
  prefill_ep: '1',
  decode_workers: '2',
  decode_tp: '1',
  decode_dp: '1',
  decode_ep: '1',
  prefill_policy: 'exclusive',
};

/** The text of a case file: one line per set of changes to ROW; ids are numbered where a row does not set its own. */
export function caseText(rows: readonly Cells[], columns = Object.keys(ROW)): string {
  const lines = rows.map((changes, i) => {
    const cells: Record<string, string> = { ...ROW, group_id: `g${i}`, case_id: `c${i}`, ...changes };
    return columns.map((column) => quote(cells[column] ?? '')).join(',');
  });
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

function quote(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Writes files into a new folder and returns its path. */
export function writeFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'mist-validate-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
