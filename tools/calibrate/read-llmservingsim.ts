// Reads per-layer and attention traces named <DEVICE>.<model>.tp<n>.{dense,layers,per_sequence,attention,moe}.csv.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCell, gemmCell, isKnot, prefillCell } from '../../src/calibrate/cells.ts';
import { readTable } from '../../src/calibrate/csv.ts';
import { type Cell, SeriesCollector, type Traces } from '../../src/calibrate/measurement.ts';
import { decodeWork, gemmWork, type Heads, moeWork, prefillWork } from '../../src/calibrate/work.ts';
import type { Issue } from '../../src/check/issue.ts';
import { ARCHITECTURES, type Architecture } from './architectures.ts';

const DEVICES: Record<string, string> = {
  H100: 'h100-sxm-80gb',
  RTX4090: 'rtx-4090-24gb',
  RTXPRO6000: 'rtx-pro-6000-96gb',
  'TPU-v6e-1': 'tpu-v6e',
};

interface Trace {
  readonly file: string;
  readonly device: string;
  readonly model: Architecture;
  readonly tp: number;
}

export function readLlmservingsim(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const ops = new SeriesCollector('llmservingsim');
  const traces: Traces = { ops: [], links: [], notes: [] };
  for (const name of readdirSync(folder).sort()) {
    const match = /^([^.]+)\.(.+)\.tp(\d+)\.(dense|layers|per_sequence|attention|moe)\.csv$/.exec(name);
    const device = match ? DEVICES[match[1]] : undefined;
    const model = match ? ARCHITECTURES[match[2]] : undefined;
    if (!match || !device || !model || !known.has(device)) {
      traces.notes.push(`${name}: device, model or table is not known, not read`);
      continue;
    }
    const trace = { file: join(folder, name), device, model, tp: Number(match[3]) };
    if (match[4] === 'attention') addAttention(trace, match[1], ops, traces.notes, issues);
    else if (match[4] === 'moe') addMoe(trace, ops, issues);
    else addLayers(trace, match[4], ops, traces.notes, name, issues);
  }
  traces.ops.push(...ops.list());
  return traces;
}

/** Weight matrices by layer name: [outputs, inputs] per device. */
function matrixOf(layer: string, { model, tp }: Trace): readonly [number, number] | null {
  const { hidden, intermediate, heads, kvHeads, headDim } = model;
  if (layer === 'qkv_proj') return [((heads + 2 * kvHeads) * headDim) / tp, hidden];
  if (layer === 'q_proj') return [(heads * headDim) / tp, hidden];
  if (layer === 'k_proj' || layer === 'v_proj') return [(kvHeads * headDim) / tp, hidden];
  if (layer === 'o_proj') return [hidden, (heads * headDim) / tp];
  if (layer === 'gate_up_proj') return [(2 * intermediate) / tp, hidden];
  if (['gate_proj', 'up_proj', 'expert.w1', 'expert.w3'].includes(layer)) return [intermediate / tp, hidden];
  if (layer === 'down_proj' || layer === 'expert.w2') return [hidden, intermediate / tp];
  if (layer === 'lm_head') return [model.vocab / tp, hidden];
  return null;
}

/** Bytes of a fused elementwise kernel on one token: residual + norm read and write twice; gate reads two, writes one. */
function elementwiseBytes(layer: string, { model, tp }: Trace): number | null {
  if (layer === 'layernorm' || layer === 'final_layernorm') return 4 * model.hidden * 2;
  if (layer === 'act_fn') return (3 * model.intermediate * 2) / tp;
  if (layer === 'rotary_emb') return (2 * (model.heads + model.kvHeads) * model.headDim * 2) / tp;
  return null;
}

function addLayers(
  trace: Trace,
  kind: string,
  ops: SeriesCollector,
  notes: string[],
  name: string,
  issues: Issue[],
): void {
  const nanoseconds = kind === 'layers';
  const columns = nanoseconds
    ? ({ name: 'layer_name', tokens: 'input', time: 'latency(ns)' } as const)
    : ({ name: 'layer', tokens: kind === 'dense' ? 'tokens' : 'sequences', time: 'time_us' } as const);
  const table = readTable(
    trace.file,
    { [columns.name]: 'text', [columns.tokens]: 'positive', [columns.time]: 'positive' },
    issues,
  );
  if (!table) return;
  const [layers, tokens, time] = [table.text(columns.name), table.number(columns.tokens), table.number(columns.time)];
  // A compiler may fuse gate and up under either name (TPU traces): such steps cannot be told apart and are left out.
  const unfused = new Set(
    layers.flatMap((layer, i) => (/^(up_proj|gate_up_proj|expert.w3)$/.test(layer) ? [tokens[i]] : [])),
  );
  const scale = nanoseconds ? 1e-9 : 1e-6;
  let left = 0;
  for (let i = 0; i < table.length; i++) {
    const ambiguous = /^(gate|down)_proj$/.test(layers[i]) && !unfused.has(tokens[i]);
    // TPU traces fuse k and v into q, where no k_proj is timed.
    const layer = layers[i] === 'q_proj' && !layers.includes('k_proj') ? 'qkv_proj' : layers[i];
    const matrix = ambiguous ? null : matrixOf(layer, trace);
    // Unfused layer traces (ns) time several Python-level kernels per norm: only their matrices are used.
    const bytes = matrix || nanoseconds ? null : elementwiseBytes(layer, trace);
    if (matrix) {
      const [n, k] = matrix;
      ops.add(trace.device, 'gemm', 'bf16', {
        fixed: layer === 'lm_head' ? 'lm_head' : '',
        axes: [tokens[i], n, k],
        shape: `${n}x${k}`,
        ...gemmWork(tokens[i], n, k, 'bf16'),
        ...(isKnot(tokens[i]) ? { cell: gemmCell(tokens[i], n, k) } : {}),
        seconds: time[i] * scale,
      });
    } else if (bytes !== null) {
      const shape = `${layer} ${bytes}`;
      const row = { fixed: shape, axes: [tokens[i]], shape, flops: 0, bytes: bytes * tokens[i] };
      ops.add(trace.device, 'elementwise', 'bf16', { ...row, seconds: time[i] * scale });
    } else left++;
  }
  if (left > 0) notes.push(`${name}: ${left} rows of other or fused layers left out`);
}

/** One row of an attention trace, whatever its layout: either prefill or decode; mixed steps are left out. */
interface AttentionRow {
  readonly prefill: number;
  readonly past: number;
  readonly batch: number;
  readonly seconds: number;
}

/** Whole prompts by their length; decodes at two batch sizes an octave. */
function cellOf(prefill: number, past: number, batch: number, at: Heads): Cell | null {
  if (prefill > 0) return past === 0 ? prefillCell(prefill, at) : null;
  return isKnot(batch) ? decodeCell(batch, past, at) : null;
}

function addAttention(trace: Trace, machine: string, ops: SeriesCollector, notes: string[], issues: Issue[]): void {
  const rows = machine === 'H100' ? readTorch(trace.file, issues) : readEngine(trace.file, machine, issues);
  if (!rows) return;
  const { model, tp } = trace;
  const at = { heads: model.heads / tp, kvHeads: model.kvHeads / tp, headDim: model.headDim, kv: 'bf16' } as const;
  const layout = `${at.heads}/${at.kvHeads}x${at.headDim}`;
  let left = 0;
  for (const { prefill, past, batch, seconds } of rows) {
    if (!(seconds > 0) || (prefill === 0 && past < 64)) {
      left++;
      continue;
    }
    const axes = prefill > 0 ? [prefill, past] : [batch, past];
    // Few head layouts are timed, so halves are drawn by length, each length whole.
    const point = cellOf(prefill, past, batch, at);
    const cell = point ? { cell: point } : {};
    const row = { fixed: layout, axes, shape: `${layout} ${prefill} ${past}`, ...cell, seconds };
    if (prefill > 0)
      ops.add(trace.device, 'attention-prefill', 'bf16', { ...row, ...prefillWork(1, prefill, past, at) });
    else ops.add(trace.device, 'attention-decode', 'bf16', { ...row, ...decodeWork(batch, past, at) });
  }
  if (left > 0)
    notes.push(`${trace.file.split('/').at(-1)}: ${left} mixed, empty or very short attention rows left out`);
}

function readTorch(file: string, issues: Issue[]): AttentionRow[] | null {
  const [first, next] = ['time_stats.attn_prefill.median', 'time_stats.attn_decode.median'];
  const table = readTable(
    file,
    {
      [first]: 'optional',
      [next]: 'optional',
      batch_size: 'positive',
      prefill_chunk_size: 'nonnegative',
      kv_cache_size: 'nonnegative',
    },
    issues,
  );
  if (!table) return null;
  const [prefillMs, decodeMs] = [table.number(first), table.number(next)];
  const [batch, chunk, past] = ['batch_size', 'prefill_chunk_size', 'kv_cache_size'].map((c) => table.number(c));
  return Array.from({ length: table.length }, (_, i) => ({
    prefill: chunk[i],
    past: past[i],
    batch: batch[i],
    seconds: (chunk[i] > 0 ? prefillMs[i] : decodeMs[i]) * 1e-3,
  }));
}

function readEngine(file: string, machine: string, issues: Issue[]): AttentionRow[] | null {
  if (machine.startsWith('TPU')) return readTpu(file, issues);
  const table = readTable(
    file,
    {
      prefill_chunk: 'nonnegative',
      kv_prefill: 'nonnegative',
      n_decode: 'nonnegative',
      kv_decode: 'nonnegative',
      time_us: 'positive',
    },
    issues,
  );
  if (!table) return null;
  const names = ['prefill_chunk', 'kv_prefill', 'n_decode', 'kv_decode', 'time_us'];
  const [chunk, kvPrefill, decodes, kvDecode, us] = names.map((column) => table.number(column));
  return Array.from({ length: table.length }, (_, i) => ({
    prefill: chunk[i],
    past: chunk[i] > 0 ? kvPrefill[i] : kvDecode[i],
    batch: decodes[i],
    seconds: chunk[i] > 0 && decodes[i] > 0 ? Number.NaN : us[i] * 1e-6,
  }));
}

function readTpu(file: string, issues: Issue[]): AttentionRow[] | null {
  const table = readTable(
    file,
    { prefill_chunk_size: 'nonnegative', kv_cache_size: 'nonnegative', batch_size: 'positive', p50_ns: 'positive' },
    issues,
  );
  if (!table) return null;
  const names = ['prefill_chunk_size', 'kv_cache_size', 'batch_size', 'p50_ns'];
  const [chunk, past, batch, ns] = names.map((column) => table.number(column));
  return Array.from({ length: table.length }, (_, i) => ({
    prefill: chunk[i],
    past: past[i],
    batch: batch[i],
    seconds: chunk[i] > 0 && batch[i] > 1 ? Number.NaN : ns[i] * 1e-9,
  }));
}

function addMoe(trace: Trace, ops: SeriesCollector, issues: Issue[]): void {
  const table = readTable(
    trace.file,
    { tokens: 'positive', activated_experts: 'positive', time_us: 'positive' },
    issues,
  );
  const experts = trace.model.experts;
  if (!table || !experts) return;
  const [tokens, touched, us] = ['tokens', 'activated_experts', 'time_us'].map((column) => table.number(column));
  for (let i = 0; i < table.length; i++) {
    const at = {
      hidden: trace.model.hidden,
      intermediate: experts.intermediate,
      topK: experts.topK,
      experts: experts.count,
      tp: trace.tp,
      ep: 1,
      format: 'bf16' as const,
      touched: touched[i],
    };
    const shape = `${touched[i]} experts`;
    const row = { fixed: '', axes: [tokens[i], touched[i]], shape, seconds: us[i] * 1e-6 };
    ops.add(trace.device, 'moe', 'bf16', { ...row, ...moeWork(tokens[i], at) });
  }
}
