// How many weights a model has, where they are, and what one token leaves in the KV cache: the sizes every price starts from.
import type { Attention, KvFormat, LayerGroup, Mlp, Model, WeightFormat } from './types.ts';

/** Bytes per weight with its scales: fp8-block 4 B per 128x128, nvfp4 1 B per 16, mxfp4 1 B per 32 (OCP MX 1.0). */
export const BYTES_PER_WEIGHT: Readonly<Record<WeightFormat, number>> = {
  bf16: 2,
  fp16: 2,
  fp8: 1,
  'fp8-block': 1 + 4 / (128 * 128),
  int8: 1,
  int4: 0.5,
  nvfp4: 0.5 + 1 / 16,
  mxfp4: 0.5 + 1 / 32,
};

export const BYTES_PER_KV_ELEMENT: Readonly<Record<KvFormat, number>> = { bf16: 2, fp16: 2, fp8: 1, int8: 1 };

/** Weights of one layer by what they do, in elements. Every field but `router` and `other` is stored in the weight format. */
export interface LayerParameters {
  /** Projections of the mixer (attention, indexer, linear attention). */
  readonly attention: number;
  readonly dense: number;
  /** One routed expert, and how many there are and work on one token. */
  readonly expert: number;
  readonly experts: number;
  readonly top_k: number;
  /** Shared experts, and the projections into and out of the experts' own width. */
  readonly shared: number;
  readonly router: number;
  readonly other: number;
}

/** Weights of the mixer's projections. MLA: DeepSeek-V2, arXiv 2405.04434, eq. 9-19. */
export function attentionParameters(attention: Attention, hidden: number): number {
  if (attention.kind === 'none') return 0;
  if (attention.kind === 'linear') return attention.parameters;
  const indexer = attention.indexer?.parameters ?? 0;
  if (attention.kind === 'mla') {
    const { heads, q_lora_rank, kv_lora_rank, qk_rope_dim, qk_nope_dim, v_head_dim } = attention;
    const q = heads * (qk_nope_dim + qk_rope_dim);
    const query = q_lora_rank === null ? hidden * q : hidden * q_lora_rank + q_lora_rank * q;
    const down = hidden * (kv_lora_rank + qk_rope_dim);
    const up = kv_lora_rank * heads * (qk_nope_dim + v_head_dim);
    return query + down + up + heads * v_head_dim * hidden + indexer;
  }
  if (attention.projections !== undefined) return attention.projections + indexer;
  const q = attention.heads * attention.head_dim;
  const kv = attention.kv_heads * attention.head_dim;
  return hidden * (q * (attention.gated ? 2 : 1) + 2 * kv + q) + indexer;
}

/** Weights of a dense MLP, or of one expert, of width `intermediate` on inputs of width `width`. */
export function mlpParameters(width: number, intermediate: number, gated: boolean): number {
  return (gated ? 3 : 2) * width * intermediate;
}

export function expertParameters(mlp: Mlp, hidden: number): number {
  return mlp.kind === 'moe' ? mlpParameters(mlp.latent ?? hidden, mlp.intermediate, mlp.gated) : 0;
}

/** The always-on part of a mixture: shared experts, and the projections around a latent width. */
export function sharedParameters(mlp: Mlp, hidden: number): number {
  if (mlp.kind !== 'moe') return 0;
  return mlpParameters(hidden, mlp.shared_intermediate, mlp.gated) + 2 * hidden * (mlp.latent ?? 0);
}

export function routerParameters(mlp: Mlp, hidden: number): number {
  return mlp.kind === 'moe' ? hidden * mlp.experts : 0;
}

/** The weights of one layer of a group. */
export function layerParameters(group: LayerGroup, hidden: number): LayerParameters {
  const { mlp } = group;
  return {
    attention: attentionParameters(group.attention, hidden),
    dense: mlp.kind === 'dense' ? mlpParameters(hidden, mlp.intermediate, mlp.gated) : 0,
    expert: expertParameters(mlp, hidden),
    experts: mlp.kind === 'moe' ? mlp.experts : 0,
    top_k: mlp.kind === 'moe' ? mlp.top_k : 0,
    shared: sharedParameters(mlp, hidden),
    router: routerParameters(mlp, hidden),
    other: group.other_parameters ?? 0,
  };
}

/** Weights of the tables that are looked up: vocabulary, positions, inputs of every layer. A head of its own is not among them. */
export function embeddingParameters(model: Model): number {
  return (model.vocab + (model.position_rows ?? 0)) * model.hidden + (model.table_parameters ?? 0);
}

/** Weights of the LM head that one sampling sequence multiplies with; 0 for an encoder, which has none. */
export function headParameters(model: Model): number {
  return model.kind === 'llm' ? model.vocab * model.hidden : 0;
}

/**
 * All weights, of towers too; the weights one decoded token multiplies with (the head is one of them, the lookup tables are not); and the
 * lookup tables. Multi-token-prediction layers are not counted, as in the published counts.
 */
export function countParameters(model: Model): { total: number; active: number; embedding: number } {
  const embedding = embeddingParameters(model);
  let total = model.other_parameters ?? 0;
  let active = total;
  for (const group of model.groups) {
    const layer = layerParameters(group, model.hidden);
    const always = layer.attention + layer.dense + layer.shared + layer.router + layer.other;
    total += group.count * (always + layer.experts * layer.expert);
    active += group.count * (always + layer.top_k * layer.expert);
  }
  const head = headParameters(model);
  total += embedding + (model.tied_embeddings ? 0 : head) + (model.tower_parameters ?? 0);
  return { total, active: active + head, embedding };
}

/** Bytes of all weights. Embeddings, head, norms and routers are 16-bit in every format (data/cases/SCHEMA.md section 2). */
export function weightBytes(model: Model, format: WeightFormat, attentionFormat: WeightFormat = format): number {
  let sixteenBit = (model.other_parameters ?? 0) + embeddingParameters(model) + (model.tower_parameters ?? 0);
  if (!model.tied_embeddings) sixteenBit += headParameters(model);
  let bytes = 0;
  for (const group of model.groups) {
    const layer = layerParameters(group, model.hidden);
    const mlp = layer.dense + layer.shared + layer.experts * layer.expert;
    bytes += group.count * (layer.attention * BYTES_PER_WEIGHT[attentionFormat] + mlp * BYTES_PER_WEIGHT[format]);
    sixteenBit += group.count * (layer.router + layer.other);
  }
  return bytes + 2 * sixteenBit;
}

/** The checkpoint's own formats: what `quantization: auto` means. */
export function nativeFormats(model: Model): { weights: WeightFormat; attention: WeightFormat } {
  return { weights: model.native_format, attention: model.native_attention_format ?? model.native_format };
}

/** Elements that one cached entry of one layer holds; 0 where nothing grows with the context. */
export function kvElements(attention: Attention): number {
  if (attention.kind === 'mla') return attention.kv_lora_rank + attention.qk_rope_dim;
  if (attention.kind !== 'full' && attention.kind !== 'sliding') return 0;
  return attention.kv_elements ?? 2 * attention.kv_heads * attention.head_dim;
}

/**
 * Bytes of one cached entry beside an indexer's key. Sparse MLA in 8 bits (vLLM's fp8_ds_mla): the latent with a 4-byte scale per 128
 * elements, the rotary part in 16 bits: 656 bytes of DeepSeek-V3.2.
 */
export function entryBytes(attention: Attention, format: KvFormat): number {
  if (attention.kind === 'mla' && attention.sparse_top_k !== undefined && BYTES_PER_KV_ELEMENT[format] === 1)
    return attention.kv_lora_rank + 4 * Math.ceil(attention.kv_lora_rank / 128) + 2 * attention.qk_rope_dim;
  return kvElements(attention) * BYTES_PER_KV_ELEMENT[format];
}

/** Bytes that one token leaves in the cache of one layer. An indexer's key is kept in 8 bits with a 4-byte scale. */
export function layerKvBytes(attention: Attention, format: KvFormat): number {
  if (attention.kind !== 'mla' && attention.kind !== 'full' && attention.kind !== 'sliding') return 0;
  if (attention.kind !== 'mla' && attention.shares_kv) return 0;
  const perEntry = entryBytes(attention, format) + (attention.indexer ? attention.indexer.head_dim + 4 : 0);
  return perEntry / (attention.kind === 'mla' ? 1 : (attention.compression ?? 1));
}

export interface KvBytes {
  /** Bytes per token over all layers whose cache grows with the context. */
  readonly growing: number;
  /** Layers that keep the last `tokens` tokens only, one entry per window length. */
  readonly window: readonly { readonly tokens: number; readonly bytesPerToken: number }[];
  /** Fixed state of linear attention and state-space layers. */
  readonly stateBytesPerSequence: number;
}

/** What one sequence holds in memory, over the whole model (before any tensor-parallel split). */
export function kvBytesPerToken(model: Model, format: KvFormat): KvBytes {
  let growing = 0;
  let stateBytesPerSequence = 0;
  const windows = new Map<number, number>();
  for (const { count, attention } of model.groups) {
    const bytes = count * layerKvBytes(attention, format);
    if (attention.kind === 'linear') stateBytesPerSequence += count * attention.state_elements * attention.state_bytes;
    else if (attention.kind === 'sliding' && attention.window !== undefined)
      windows.set(attention.window, (windows.get(attention.window) ?? 0) + bytes);
    else growing += bytes;
  }
  const window = [...windows].sort((a, b) => a[0] - b[0]).map(([tokens, bytesPerToken]) => ({ tokens, bytesPerToken }));
  return { growing, window, stateBytesPerSequence };
}

/** Bytes that a sequence of `context` tokens holds. */
export function sequenceKvBytes(kv: KvBytes, context: number): number {
  let bytes = kv.growing * context + kv.stateBytesPerSequence;
  for (const { tokens, bytesPerToken } of kv.window) bytes += bytesPerToken * Math.min(context, tokens);
  return bytes;
}
