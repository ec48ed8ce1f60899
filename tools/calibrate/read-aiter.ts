// Reads tuned AMD kernel times: <device>.gemm_tuned.csv and <device>.fmoe_tuned.csv, microseconds.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { roundedCell } from '../../src/calibrate/cells.ts';
import { readTable } from '../../src/calibrate/csv.ts';
import { SeriesCollector, type Traces } from '../../src/calibrate/measurement.ts';
import { gemmWork, moeWork } from '../../src/calibrate/work.ts';
import type { WeightFormat } from '../../src/catalog/types.ts';
import type { Issue } from '../../src/check/issue.ts';

export function readAiter(folder: string, known: ReadonlySet<string>, issues: Issue[]): Traces {
  const ops = new SeriesCollector('aiter');
  const traces: Traces = { ops: [], links: [], notes: [] };
  for (const name of readdirSync(folder).sort()) {
    const match = /^([^.]+)\.(gemm|fmoe)_tuned\.csv$/.exec(name);
    if (!match || !known.has(match[1])) {
      traces.notes.push(`${name}: device or table is not known, not read`);
    } else if (match[2] === 'gemm') addGemm(join(folder, name), match[1], ops, traces.notes, issues);
    else addMoe(join(folder, name), match[1], ops, traces.notes, issues);
  }
  traces.ops.push(...ops.list());
  return traces;
}

/** Block-scaled fp8 lives in tables of that name; the rest of fp8 is per token. */
function gemmFormat(word: string, table: string): WeightFormat | null {
  if (word === 'fp8') return table.includes('blockscale') ? 'fp8-block' : 'fp8';
  return word === 'bf16' || word === 'int8' || word === 'mxfp4' ? word : null;
}

function addGemm(file: string, device: string, ops: SeriesCollector, notes: string[], issues: Issue[]): void {
  const columns = { dt: 'text', M: 'positive', N: 'positive', K: 'positive', us: 'positive', table: 'text' } as const;
  const table = readTable(file, columns, issues);
  if (!table) return;
  const [words, tables] = [table.text('dt'), table.text('table')];
  const [m, n, k, us] = ['M', 'N', 'K', 'us'].map((column) => table.number(column));
  let left = 0;
  for (let i = 0; i < table.length; i++) {
    const format = gemmFormat(words[i], tables[i]);
    // Batched tables lack their batch size; the filter table is not a tuning result.
    if (!format || /batched|codegen/.test(tables[i])) {
      left++;
      continue;
    }
    const cell = roundedCell(m[i], n[i], k[i]);
    ops.add(device, 'gemm', format, {
      fixed: '',
      axes: [m[i], n[i], k[i]],
      shape: `${n[i]}x${k[i]}`,
      ...gemmWork(m[i], n[i], k[i], format),
      ...(cell ? { cell } : {}),
      seconds: us[i] * 1e-6,
    });
  }
  if (left > 0) notes.push(`${device}.gemm_tuned.csv: ${left} rows of batched or unknown tables left out`);
}

/** By the weights' type and the scale's shape: "float8 per_1x128" is block-scaled, "float4 per_1x32" is mxfp4. */
function moeFormat(weights: string, scale: string): WeightFormat | null {
  if (weights.includes('float8')) return scale.includes('1x128') ? 'fp8-block' : 'fp8';
  if (weights.includes('float4')) return 'mxfp4';
  if (weights.includes('int4')) return 'int4';
  return weights.includes('bfloat16') ? 'bf16' : null;
}

function addMoe(file: string, device: string, ops: SeriesCollector, notes: string[], issues: Issue[]): void {
  const table = readTable(
    file,
    {
      token: 'positive',
      model_dim: 'positive',
      inter_dim: 'positive',
      expert: 'positive',
      topk: 'number',
      q_dtype_w: 'text',
      q_type: 'text',
      us: 'positive',
    },
    issues,
  );
  if (!table) return;
  const [weights, scales] = [table.text('q_dtype_w'), table.text('q_type')];
  const names = ['token', 'model_dim', 'inter_dim', 'expert', 'topk', 'us'];
  const [tokens, hidden, intermediate, experts, topK, us] = names.map((column) => table.number(column));
  let left = 0;
  for (let i = 0; i < table.length; i++) {
    const format = moeFormat(weights[i], scales[i]);
    // A top-k of -1 stands for "not part of the problem" in tables of grouped kernels.
    if (!format || topK[i] < 1) {
      left++;
      continue;
    }
    const shape = `${hidden[i]}x${intermediate[i]} ${topK[i]}/${experts[i]}`;
    // Shapes are those of one device: sharded widths, local experts.
    const at = {
      hidden: hidden[i],
      intermediate: intermediate[i],
      topK: topK[i],
      experts: experts[i],
      tp: 1,
      ep: 1,
      format,
    };
    const seconds = us[i] * 1e-6;
    ops.add(device, 'moe', format, { fixed: shape, axes: [tokens[i]], shape, ...moeWork(tokens[i], at), seconds });
  }
  if (left > 0) notes.push(`${device}.fmoe_tuned.csv: ${left} rows of unknown formats or without top-k left out`);
}
