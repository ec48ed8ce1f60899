// How much work a timed kernel was: the very ops that price steps (stages), so that a fit means what its user reads into it.
import type { KvFormat, WeightFormat } from '../catalog/types.ts';
import { listAttentionOps } from '../stages/attention-ops.ts';
import { ACTIVATION_BYTES } from '../stages/formats.ts';
import { gemm } from '../stages/gemm-ops.ts';
import { busiestPairs, listMlpOps, touchedExperts } from '../stages/mlp-ops.ts';
import type { ComputeOp } from '../stages/op.ts';

export interface Work {
  readonly flops: number;
  readonly bytes: number;
  /** Activation elements that a quantised product reads; its dynamic quantisation may cost more than their width. */
  readonly activations?: number;
}

/** An op at its quantities (stages/op.ts, Driver). */
function workOf(op: ComputeOp, x: number, y: number, z = 0): Work {
  return { flops: op.flopsX * x + op.flopsY * y, bytes: op.bytes0 + op.bytesX * x + op.bytesY * y + op.bytesZ * z };
}

/** [m x k] by [k x n]. */
export function gemmWork(m: number, n: number, k: number, format: WeightFormat): Work {
  const work = workOf(gemm('gemm', k, n, format, 1), m, 0);
  return ACTIVATION_BYTES[format] < 2 ? { ...work, activations: m * k } : work;
}

export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly kv: KvFormat;
}

/** Causal prefill of `length` new tokens after `past` cached ones, in each of `batch` sequences. */
export function prefillWork(batch: number, length: number, past: number, at: Heads): Work {
  const pairs = batch * (length * past + (length * (length + 1)) / 2);
  return workOf(attentionOp('attention-prefill', at), pairs, batch * (length + past), batch * length);
}

/** Attention over latent vectors of DeepSeek-V3 with `heads` heads on this device: prompts of `length`, or decodes over `context`. */
export function mlaPrefillWork(batch: number, length: number, heads: number, kv: KvFormat): Work {
  return workOf(mlaOp('mla-prefill', heads, kv), batch * ((length * (length + 1)) / 2), batch * length, batch * length);
}

export function mlaDecodeWork(batch: number, context: number, heads: number, kv: KvFormat): Work {
  return workOf(mlaOp('mla-decode', heads, kv), batch * context, batch);
}

/** Sizes that every model with these kernels shares (DeepSeek-V2 and later, Kimi K2). */
export const LATENT = { q_lora_rank: 1536, kv_lora_rank: 512, qk_nope_dim: 128, qk_rope_dim: 64, v_head_dim: 128 };

function mlaOp(family: 'mla-prefill' | 'mla-decode', heads: number, kv: KvFormat): ComputeOp {
  return remember(`${family} ${heads} ${kv}`, () => {
    const formats = { weights: 'bf16', attention: 'bf16', kv } as const;
    return listAttentionOps({ kind: 'mla', heads, ...LATENT }, 7168, 1, WHOLE, formats).find(
      (op) => op.family === family,
    )!;
  });
}

/** One new token per sequence against `context` cached tokens. */
export function decodeWork(batch: number, context: number, at: Heads): Work {
  return workOf(attentionOp('attention-decode', at), batch * context, batch);
}

export interface Experts {
  readonly hidden: number;
  readonly intermediate: number;
  readonly topK: number;
  readonly experts: number;
  readonly tp: number;
  readonly ep: number;
  readonly format: WeightFormat;
  /** Experts really touched on this device, where the trace says; else the expected number. */
  readonly touched?: number;
}

/** Gated experts on `tokens` tokens of the whole instance, on the busiest device. */
export function moeWork(tokens: number, at: Experts): Work {
  const routing = { experts: at.experts, topK: at.topK, groups: at.ep };
  return workOf(expertsOp(at), busiestPairs(routing, tokens), at.touched ?? touchedExperts(routing, tokens));
}

const known = new Map<string, ComputeOp>();

/** Tables repeat few shapes over many sizes: one op each. */
function remember(key: string, make: () => ComputeOp): ComputeOp {
  const op = known.get(key) ?? make();
  known.set(key, op);
  return op;
}

const WHOLE = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };

function attentionOp(family: 'attention-prefill' | 'attention-decode', at: Heads): ComputeOp {
  return remember(`${family} ${at.heads} ${at.kvHeads} ${at.headDim} ${at.kv}`, () => {
    const attention = { kind: 'full', heads: at.heads, kv_heads: at.kvHeads, head_dim: at.headDim } as const;
    const formats = { weights: 'bf16', attention: 'bf16', kv: at.kv } as const;
    return listAttentionOps(attention, at.heads * at.headDim, 1, WHOLE, formats).find((op) => op.family === family)!;
  });
}

function expertsOp(at: Experts): ComputeOp {
  const { experts, topK, intermediate, hidden, tp, ep, format } = at;
  return remember(`moe ${experts} ${topK} ${intermediate} ${hidden} ${tp} ${ep} ${format}`, () => {
    const shape = { experts, top_k: topK, intermediate, shared_intermediate: 0, gated: true };
    // an expert group is tp*dp/ep devices (stages/split.ts): tp*ep devices make groups of tp
    const split = { ...WHOLE, tp: tp * ep, ep };
    return listMlpOps({ kind: 'moe', ...shape }, hidden, 1, split, format).find((op) => op.family === 'moe')!;
  });
}
