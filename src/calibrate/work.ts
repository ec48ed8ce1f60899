// How much work a timed kernel was: FLOPs and bytes by shape. The same formulas price ops, so a fit means what it says.
import type { WeightFormat } from '../catalog/types.ts';

/** Bytes per weight, block scales included: one scale per 16 (nvfp4: fp8), 32 (mxfp4: e8m0) or 128 (int4: bf16) weights. */
export const WEIGHT_BYTES: Record<WeightFormat, number> = {
  bf16: 2,
  fp16: 2,
  fp8: 1,
  'fp8-block': 1,
  int8: 1,
  int4: 0.5 + 2 / 128,
  nvfp4: 0.5 + 1 / 16,
  mxfp4: 0.5 + 1 / 32,
};

/** Bytes per activation as the matrix unit reads it: int4 and mxfp4 keep 16-bit activations (w4a16). */
export const ACTIVATION_BYTES: Record<WeightFormat, number> = {
  bf16: 2,
  fp16: 2,
  fp8: 1,
  'fp8-block': 1,
  int8: 1,
  int4: 2,
  nvfp4: 0.5 + 1 / 16,
  mxfp4: 2,
};

export interface Work {
  readonly flops: number;
  readonly bytes: number;
  /** Activation elements that a quantised product reads; its dynamic quantisation may cost more than their width. */
  readonly activations?: number;
}

/** [m x k] by [k x n]: reads both, writes 16-bit results. */
export function gemmWork(m: number, n: number, k: number, format: WeightFormat): Work {
  const bytes = m * k * ACTIVATION_BYTES[format] + n * k * WEIGHT_BYTES[format] + 2 * m * n;
  return { flops: 2 * m * n * k, bytes, ...(ACTIVATION_BYTES[format] < 2 ? { activations: m * k } : {}) };
}

export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Bytes per KV element. */
  readonly kvBytes: number;
}

/** Causal prefill of `length` new tokens after `past` cached ones: 4 FLOPs per pair, head and dimension (QK and PV). */
export function prefillWork(batch: number, length: number, past: number, at: Heads): Work {
  const pairs = batch * (length * past + (length * (length + 1)) / 2);
  const queries = 2 * batch * length * at.heads * at.headDim * 2;
  const cache = 2 * batch * (length + past) * at.kvHeads * at.headDim * at.kvBytes;
  return { flops: 4 * pairs * at.heads * at.headDim, bytes: queries + cache };
}

/** One new token per sequence against `context` cached tokens: the whole cache is read once. */
export function decodeWork(batch: number, context: number, at: Heads): Work {
  const queries = 2 * batch * at.heads * at.headDim * 2;
  const cache = 2 * batch * context * at.kvHeads * at.headDim * at.kvBytes;
  return { flops: 4 * batch * context * at.heads * at.headDim, bytes: queries + cache };
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

/** Gated experts on `tokens` tokens: three matrices per token and choice; weights of the distinct experts E(1-(1-k/E)^N). */
export function moeWork(tokens: number, at: Experts): Work {
  const width = at.intermediate / at.tp;
  const pairs = (tokens * at.topK) / at.ep;
  const expected = (at.experts / at.ep) * (1 - (1 - at.topK / at.experts) ** tokens);
  const weights = (at.touched ?? expected) * 3 * at.hidden * width * WEIGHT_BYTES[at.format];
  const activations = 2 * tokens * at.hidden * 2 + pairs * 3 * width * 2;
  return { flops: 2 * pairs * 3 * at.hidden * width, bytes: weights + activations };
}
