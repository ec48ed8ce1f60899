// Kernel timings as AIConfigurator's tables have them, one table a kind of work, times in microseconds.
import { basename } from 'node:path';
import type { CollectiveOp, WeightFormat } from '../catalog/types.ts';
import { groupBy } from '../check/group-by.ts';
import { type Issue, show } from '../check/issue.ts';
import { decodeCell, gemmCell, prefillCell, promptsPerStep } from './cells.ts';
import type { ColumnKind, Table } from './csv.ts';
import type { LinkSeries, SeriesCollector, Traces } from './measurement.ts';
import { decodeWork, gemmWork, moeWork, prefillWork } from './work.ts';

/** Names that the published traces give to devices of the catalog; any catalog id is understood as it stands. */
export const DEVICES: Record<string, string> = {
  a100_sxm: 'a100-sxm-80gb',
  h100_sxm: 'h100-sxm-80gb',
  h200_sxm: 'h200-sxm-141gb',
  b200_sxm: 'b200-sxm-180gb',
  b300_sxm: 'b300-sxm-288gb',
  gb200: 'gb200-186gb',
  gb300: 'gb300-288gb',
  l40s: 'l40s',
  rtx_pro_6000_server: 'rtx-pro-6000-96gb',
  b60: 'arc-pro-b60-24gb',
};

const FORMATS: Record<string, WeightFormat> = {
  bfloat16: 'bf16',
  float16: 'bf16',
  fp8: 'fp8',
  fp8_block: 'fp8-block',
  int8: 'int8',
  int4_wo: 'int4',
  nvfp4: 'nvfp4',
  w4a16_mxfp4: 'mxfp4',
  // the catalog's own words
  bf16: 'bf16',
  fp16: 'bf16',
  'fp8-block': 'fp8-block',
  int4: 'int4',
  mxfp4: 'mxfp4',
};

const OPS: Record<string, CollectiveOp> = {
  all_reduce: 'all-reduce',
  all_gather: 'all-gather',
  reduce_scatter: 'reduce-scatter',
  alltoall: 'all-to-all',
  'all-reduce': 'all-reduce',
  'all-gather': 'all-gather',
  'reduce-scatter': 'reduce-scatter',
  'all-to-all': 'all-to-all',
};

/** Decode rows below this context are launches with nothing to read: kept out so that they do not steer the fit. */
const SHORTEST_CONTEXT = 64;

export type TableKind = 'gemm' | 'attention_prefill' | 'attention_decode' | 'moe' | 'collectives';

export const COLUMNS: Record<TableKind, Record<string, ColumnKind>> = {
  gemm: { gemm_dtype: 'text', m: 'positive', n: 'positive', k: 'positive', latency_us: 'positive' },
  attention_prefill: {
    kv_cache_dtype: 'text',
    batch_size: 'positive',
    seq_len: 'positive',
    num_heads: 'positive',
    num_key_value_heads: 'positive',
    head_dim: 'positive',
    past_kv: 'nonnegative',
    latency_us: 'positive',
  },
  attention_decode: {
    kv_cache_dtype: 'text',
    batch_size: 'positive',
    num_heads: 'positive',
    num_key_value_heads: 'positive',
    head_dim: 'positive',
    kv_len: 'positive',
    latency_us: 'positive',
  },
  moe: {
    moe_dtype: 'text',
    num_tokens: 'positive',
    hidden_size: 'positive',
    inter_size: 'positive',
    topk: 'positive',
    num_experts: 'positive',
    moe_tp_size: 'positive',
    moe_ep_size: 'positive',
    distribution: 'text',
    latency_us: 'positive',
  },
  collectives: {
    lib: 'text',
    op: 'text',
    dtype: 'text',
    num_gpus: 'positive',
    bytes: 'positive',
    latency_us: 'positive',
  },
};

/** A table of one kind, its columns as COLUMNS has them. */
export function addTable(
  kind: TableKind,
  table: Table,
  device: string,
  ops: SeriesCollector,
  traces: Traces,
  issues: Issue[],
): void {
  if (kind === 'gemm') addGemm(table, device, ops, issues);
  else if (kind === 'moe') addMoe(table, device, ops, traces.notes, issues);
  else if (kind === 'collectives') traces.links.push(...readLinks(table, device, traces.notes, issues));
  else addAttention(table, device, kind === 'attention_prefill', ops, traces.notes, issues);
}

/** The formats of a column, every unknown word told once. */
function formatsOf(table: Table, column: string, issues: Issue[]): (WeightFormat | undefined)[] {
  const words = table.text(column);
  const expected = `one of ${Object.keys(FORMATS).join(', ')}`;
  for (const word of new Set(words)) {
    if (FORMATS[word]) continue;
    const line = table.lineOf(words.indexOf(word));
    issues.push({ path: column, expected, received: show(word), file: table.file, line });
  }
  return words.map((word) => FORMATS[word]);
}

function addGemm(table: Table, device: string, ops: SeriesCollector, issues: Issue[]): void {
  const formats = formatsOf(table, 'gemm_dtype', issues);
  const [m, n, k, us] = ['m', 'n', 'k', 'latency_us'].map((column) => table.number(column));
  for (let i = 0; i < table.length; i++) {
    const format = formats[i];
    if (!format) continue;
    ops.add(device, 'gemm', format, {
      fixed: '',
      axes: [m![i]!, n![i]!, k![i]!],
      shape: `${n![i]}x${k![i]}`,
      ...gemmWork(m![i]!, n![i]!, k![i]!, format),
      cell: gemmCell(m![i]!, n![i]!, k![i]!),
      seconds: us![i]! * 1e-6,
    });
  }
}

function addAttention(
  table: Table,
  device: string,
  prefill: boolean,
  ops: SeriesCollector,
  notes: string[],
  issues: Issue[],
): void {
  const formats = formatsOf(table, 'kv_cache_dtype', issues);
  const names = ['batch_size', 'num_heads', 'num_key_value_heads', 'head_dim', 'latency_us'];
  const [batch, heads, kvHeads, headDim, us] = names.map((column) => table.number(column));
  const length = table.number(prefill ? 'seq_len' : 'kv_len');
  const past = prefill ? table.number('past_kv') : null;
  let short = 0;
  for (let i = 0; i < table.length; i++) {
    const format = formats[i];
    if (!format) continue;
    if (!prefill && length[i]! < SHORTEST_CONTEXT) {
      short++;
      continue;
    }
    const kv = format === 'bf16' ? format : 'fp8';
    const at = { heads: heads![i]!, kvHeads: kvHeads![i]!, headDim: headDim![i]!, kv } as const;
    const layout = `${heads![i]}/${kvHeads![i]}x${headDim![i]}`;
    const fills = past !== null && past[i] === 0 && batch![i] === promptsPerStep(length[i]!);
    const cell = past ? (fills ? prefillCell(length[i]!, at) : null) : decodeCell(batch![i]!, length[i]!, at);
    ops.add(device, prefill ? 'attention-prefill' : 'attention-decode', format, {
      fixed: layout,
      axes: past ? [batch![i]!, length[i]!, past[i]!] : [batch![i]!, length[i]!],
      shape: layout,
      ...(past ? prefillWork(batch![i]!, length[i]!, past[i]!, at) : decodeWork(batch![i]!, length[i]!, at)),
      ...(cell ? { cell } : {}),
      seconds: us![i]! * 1e-6,
    });
  }
  if (short > 0) {
    notes.push(
      `${basename(table.file)}: ${short} decode rows with fewer than ${SHORTEST_CONTEXT} cached tokens left out`,
    );
  }
}

/** Which routing skew to use where several are timed: the power law is close to real routers (calibration.md §2). */
const SKEWS = ['power_law_1.01', 'balanced', 'power_law_1.2'];

function addMoe(table: Table, device: string, ops: SeriesCollector, notes: string[], issues: Issue[]): void {
  const formats = formatsOf(table, 'moe_dtype', issues);
  const skews = table.text('distribution');
  const skew = SKEWS.find((word) => skews.includes(word)) ?? skews[0];
  const names = ['num_tokens', 'hidden_size', 'inter_size', 'topk', 'num_experts', 'moe_tp_size', 'moe_ep_size'];
  const [tokens, hidden, intermediate, topK, experts, tp, ep] = names.map((column) => table.number(column));
  const us = table.number('latency_us');
  let other = 0;
  for (let i = 0; i < table.length; i++) {
    const format = formats[i];
    if (!format) continue;
    if (skews[i] !== skew) {
      other++;
      continue;
    }
    const shape = `${hidden![i]}x${intermediate![i]} ${topK![i]}/${experts![i]} tp${tp![i]} ep${ep![i]}`;
    const at = {
      hidden: hidden![i]!,
      intermediate: intermediate![i]!,
      topK: topK![i]!,
      experts: experts![i]!,
      tp: tp![i]!,
      ep: ep![i]!,
      format,
    };
    const seconds = us[i]! * 1e-6;
    const layer = [experts![i]!, topK![i]!, hidden![i]!, intermediate![i]! / tp![i]!, ep![i]!];
    const row = { fixed: shape, axes: [tokens![i]!], shape, cell: { layer, at: [tokens![i]!] }, seconds };
    ops.add(device, 'moe', format, { ...row, ...moeWork(tokens![i]!, at) });
  }
  if (other > 0) notes.push(`${basename(table.file)}: ${other} rows of other routing skews than ${skew} left out`);
}

function readLinks(table: Table, device: string, notes: string[], issues: Issue[]): LinkSeries[] {
  const [libraries, words, dtypes] = ['lib', 'op', 'dtype'].map((column) => table.text(column));
  const [devices, bytes, us] = ['num_gpus', 'bytes', 'latency_us'].map((column) => table.number(column));
  for (const word of new Set(words)) {
    if (OPS[word]) continue;
    const expected = `one of ${Object.keys(OPS).join(', ')}`;
    const line = table.lineOf(words!.indexOf(word));
    issues.push({ path: 'op', expected, received: show(word), file: table.file, line });
  }
  const known = [...words!.keys()].filter((i) => OPS[words![i]!]);
  // times follow bytes, not element types; the 16-bit twin is used
  const wide = known.filter((i) => dtypes![i] !== 'int8');
  const narrow = known.length - wide.length;
  if (narrow > 0)
    notes.push(`${basename(table.file)}: ${narrow} int8 messages left out (the 16-bit ones say the same)`);
  return [...groupBy(wide, (i) => `${OPS[words![i]!]} ${devices![i]} ${libraries![i]}`).values()].map(
    (group): LinkSeries => {
      const first = group[0]!;
      const rows = group.map((i) => ({ bytes: bytes![i]!, seconds: us![i]! * 1e-6 }));
      const what = { device, op: OPS[words![first]!]!, devices: devices![first]!, library: libraries![first]! };
      return { ...what, layout: 'aiconfigurator', rows };
    },
  );
}
