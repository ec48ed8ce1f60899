// Which number format each part of a model is stored and multiplied in, once the user's words are resolved.
import { nativeFormats } from '../catalog/parameters.ts';
import type { KvFormat, Model, WeightFormat } from '../catalog/types.ts';
import { UserError } from '../check/issue.ts';

/** Bytes per activation as the matrix unit reads it; weight-only formats (int4, mxfp4) keep 16-bit activations. */
export const ACTIVATION_BYTES: Readonly<Record<WeightFormat, number>> = {
  bf16: 2,
  fp16: 2,
  fp8: 1,
  'fp8-block': 1,
  int8: 1,
  int4: 2,
  nvfp4: 0.5 + 1 / 16,
  mxfp4: 2,
};

export interface Formats {
  /** MLPs and experts. */
  readonly weights: WeightFormat;
  /** Attention projections. */
  readonly attention: WeightFormat;
  readonly kv: KvFormat;
}

/** What was asked, 'auto' being the checkpoint's own. */
export interface AskedFormats {
  readonly quantization: WeightFormat | 'auto';
  readonly attentionQuantization?: WeightFormat;
  readonly kv: KvFormat | 'auto';
}

/**
 * Formats of every part. Quantising to mxfp4 leaves the attention in 16 bits, as the published mxfp4 checkpoints do; the KV cache
 * defaults to the 16-bit format of the checkpoint, as vLLM's kv_cache_dtype does. Throws UserError where the checkpoint's own format is
 * asked for and is none.
 */
export function resolveFormats(model: Model, asked: AskedFormats): Formats {
  if (asked.quantization === 'auto' && model.format_unclear !== undefined) {
    const received = `auto, but of ${model.id} ${model.format_unclear}`;
    throw new UserError([{ path: 'quantization', expected: Object.keys(ACTIVATION_BYTES).join(', '), received }]);
  }
  const native = nativeFormats(model);
  const weights = asked.quantization === 'auto' ? native.weights : asked.quantization;
  const kv = asked.kv === 'auto' ? (native.weights === 'fp16' ? 'fp16' : 'bf16') : asked.kv;
  return { weights, attention: asked.attentionQuantization ?? attentionFormat(weights, native), kv };
}

function attentionFormat(weights: WeightFormat, native: { weights: WeightFormat; attention: WeightFormat }) {
  if (weights === native.weights) return native.attention;
  return weights === 'mxfp4' ? 'bf16' : weights;
}
