// Speculative decoding as work: the head that drafts, as a model of one layer, and what verifying drafts makes of decode attention.
import type { LayerGroup, Mlp, Model } from '../catalog/types.ts';
import type { Formats } from './formats.ts';
import { gemm } from './gemm-ops.ts';
import type { ComputeOp, Op } from './op.ts';
import type { Split } from './split.ts';
import { localWidth } from './split.ts';

/** Vocabulary of EAGLE-3 heads: they draft from the most frequent tokens only (published heads of Llama and Qwen: 32,000). */
const EAGLE3_VOCABULARY = 32_000;
/** Hidden states that a head fuses with, beside the token's embedding: EAGLE and MTP one, EAGLE-3 three of different depths. */
const FUSED = { mtp: 2, eagle: 2, eagle3: 3 } as const;
export type HeadMethod = keyof typeof FUSED;

/**
 * A head as a model: one layer like the last of the model it drafts for (MTP: experts included; EAGLE: a dense MLP as wide as what a
 * token passes through there), its embedding and LM head shared (EAGLE-3: a smaller LM head of its own).
 */
export function headOf(model: Model, method: HeadMethod): Model {
  const last = lastAttending(model);
  const mlp = method === 'mtp' ? last.mlp : denseLike(last.mlp);
  return {
    ...model,
    id: `${model.id} ${method}`,
    groups: [{ ...last, count: 1, mlp }],
    vocab: method === 'eagle3' ? Math.min(model.vocab, EAGLE3_VOCABULARY) : model.vocab,
  };
}

/** The last layer whose attention looks at the context; linear layers have no heads that draft. */
function lastAttending(model: Model): LayerGroup {
  const attends = ({ attention }: LayerGroup) => attention.kind !== 'linear' && attention.kind !== 'none';
  return [...model.groups].reverse().find(attends) ?? model.groups.at(-1)!;
}

function denseLike(mlp: Mlp): Mlp {
  if (mlp.kind !== 'moe') return mlp;
  return { kind: 'dense', intermediate: mlp.top_k * mlp.intermediate + mlp.shared_intermediate, gated: mlp.gated };
}

/** The projection of token and hidden states to one input, which a head has before its layer. */
export function fusionOf(model: Model, method: HeadMethod, split: Split): ComputeOp {
  return gemm('draft fusion', FUSED[method] * model.hidden, localWidth(model.hidden, split), 'bf16', 1);
}

/** Bytes of a head's own weights beside its layer, on one device: the fusion, and EAGLE-3's LM head. */
export function headBytes(model: Model, method: HeadMethod, split: Split): number {
  const head = method === 'eagle3' ? Math.min(model.vocab, EAGLE3_VOCABULARY) * model.hidden : 0;
  return (2 * (FUSED[method] * model.hidden ** 2 + head)) / split.tp;
}

/** Decode attention with `tokens` queries a sequence: cached keys are read once for all, the arithmetic is that of each. */
export function verifying(op: Op, tokens: number): Op {
  if (op.kind !== 'compute' || op.over !== 'decode' || tokens === 1) return op;
  return { ...op, flopsX: op.flopsX * tokens, flopsY: op.flopsY * tokens, bytesY: op.bytesY * tokens };
}

/** What a draft's layers are split and stored like. */
export interface DraftShape {
  readonly split: Split;
  readonly formats: Formats;
  readonly ops: readonly Op[];
  readonly layers: number;
}
