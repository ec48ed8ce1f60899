// Every op of one forward pass of one instance, per device: the list that prices, energies and `mist step` all start from.
import type { LayerGroup, Model } from '../catalog/types.ts';
import { listAttentionOps, localAttentionWidth } from './attention-ops.ts';
import { listLayerExchanges, listModelExchanges, ranksOf, sharesNorms } from './exchange-ops.ts';
import type { Formats } from './formats.ts';
import { gemm, smallKernels } from './gemm-ops.ts';
import { listMlpOps } from './mlp-ops.ts';
import type { ComputeOp, Op } from './op.ts';
import { layerRepeat, localWidth, type Split } from './split.ts';

/** Small kernels of sampling: top-k/top-p, softmax, penalties, copies (calibration.md section 2). */
const SAMPLING_KERNELS = 6;

/** How the next token is drawn: the likeliest, or one of those that make up most of the probability (top-p, top-k). */
export type Sampling = 'greedy' | 'top-p';

/**
 * Traffic of a sort of the logits, bytes per vocabulary entry: top-p sampling in PyTorch sorts, sums and scatters every sequence's
 * logits on every device. 0.32 ns per entry on an H100, the same for 8B on one device and 70B on four, at 64 to 768 sequences: what
 * chat runs with sampling (ML.ENERGY leaderboard, vLLM 0.11) take beyond greedy ones.
 */
const SORT_BYTES = 860;

/** All ops of one iteration; counts already hold the pipeline rule (stages/split.ts). */
export function listOps(model: Model, split: Split, formats: Formats, sampling: Sampling = 'greedy'): Op[] {
  const ops: Op[] = [smallKernels('embedding', 1, 4 * model.hidden, 1)];
  const repeat = layerRepeat(model, split);
  for (const group of model.groups) ops.push(...listLayer(group, model.hidden, group.count * repeat, split, formats));
  ops.push(...listHead(model, split, sampling), ...listModelExchanges(model, split));
  return mergeAlike(ops);
}

function listLayer(group: LayerGroup, hidden: number, count: number, split: Split, formats: Formats): Op[] {
  return [
    ...listAttentionOps(group.attention, hidden, count, split, formats),
    ...listMlpOps(group.mlp, hidden, count, split, formats.weights),
    listSmall(group, hidden, count, split),
    ...listLayerExchanges(group, hidden, count, split, formats),
  ];
}

/**
 * Norms with residual, rotary, cache write, activation: 5 kernels in a dense layer, 6 with experts, 10 with MLA and experts
 * (calibration.md section 2); one more with q/k norms, two where they span devices, two more with a scan, fewer where a layer lacks a half.
 * Bytes per token: each norm reads and writes input and residual; q and k are read and written; the activation reads two, writes
 * one. What the attention kernels read and write is in their own price.
 */
function listSmall(group: LayerGroup, hidden: number, count: number, split: Split): ComputeOp {
  const { attention, mlp } = group;
  const { query, keyValue } = localAttentionWidth(attention, split);
  let kernels = attention.kind === 'none' || mlp.kind === 'none' ? 3 : 5;
  if (mlp.kind === 'moe') kernels += 1;
  if (attention.kind === 'mla') kernels += 4;
  if (attention.kind === 'linear') kernels += 2;
  if ((attention.kind === 'full' || attention.kind === 'sliding') && attention.qk_norm) kernels += 1;
  if (ranksOf(split) > 1 && sharesNorms(attention)) kernels += 1; // the squares before their sum, the scaling after it
  const halves = attention.kind === 'none' || mlp.kind === 'none' ? 1 : 2;
  const activated = mlp.kind === 'dense' ? localWidth(mlp.intermediate, split) : 0;
  const bytes = halves * 8 * hidden + 4 * (query + keyValue) + 6 * activated;
  return smallKernels('norms, rotary, activation', kernels, bytes, count);
}

/** Final norm, LM head (16-bit in every checkpoint format) and sampling, for the sequences that sample. */
function listHead(model: Model, split: Split, sampling: Sampling): ComputeOp[] {
  const norm = smallKernels('final norm', 1, 8 * model.hidden, split.pp);
  if (model.kind !== 'llm') return [norm];
  const sort = smallKernels('sort of logits', 1, SORT_BYTES * model.vocab, split.pp, 'samples');
  return [
    norm,
    gemm('lm head', model.hidden, localWidth(model.vocab, split), 'bf16', split.pp, 'samples'),
    smallKernels('sampling', SAMPLING_KERNELS, 4 * model.vocab, split.pp, 'samples'),
    ...(sampling === 'top-p' ? [sort] : []),
  ];
}

/** Ops that differ in nothing but their count become one: 26 window layers and 5 full ones share their MLP. */
function mergeAlike(ops: readonly Op[]): Op[] {
  const merged = new Map<string, Op>();
  for (const op of ops) {
    const key = JSON.stringify({ ...op, count: 0, cap: op.kind === 'compute' ? String(op.cap) : '' });
    const before = merged.get(key);
    merged.set(key, before ? { ...before, count: before.count + op.count } : op);
  }
  return [...merged.values()];
}
