// The attention of each layer of a config.json: grouped-query, latent (MLA), sliding, sparse and linear.
import type { Family } from './config-families.ts';
import type { Fields } from './config-fields.ts';
import { type LayerKind, readLayerKinds } from './config-layers.ts';
import { readDeltaNet, readKimiDelta, readLightning, readMamba2 } from './config-recurrent.ts';
import type { Attention, Indexer } from './types.ts';

/** What every layer of one file shares. */
export interface Frame {
  readonly fields: Fields;
  readonly family: Family;
  readonly hidden: number;
  readonly layers: number;
  readonly positions: number;
}

/** One layer's part, and its weights outside the matrices (biases, norms on q and k, sinks). */
export interface AttentionPart {
  readonly attention: Attention;
  readonly other: number;
}

export function readAttentions(frame: Frame): AttentionPart[] {
  const { fields, layers } = frame;
  if (fields.has('compress_ratios')) return readCompressed(frame);
  const kinds = readLayerKinds(fields, frame.family, layers, frame.positions);
  const indexed = fields.perLayer('indexer_types', layers);
  const crossing = fields.value('cross_attention_layers');
  const shared = sharesFrom(frame);
  return kinds.map((kind, layer) => {
    if (kind.kind === 'mamba') return readMamba2(frame);
    if (kind.kind === 'linear') return readLinear(frame);
    if (fields.has('kv_lora_rank')) return readMla(frame, indexed === null || indexed[layer] === 'full');
    if (Array.isArray(crossing) && crossing.includes(layer)) return readCross(frame);
    return readGrouped(frame, kind, layer >= shared);
  });
}

/** The first of the last layers that attend to what earlier ones cached (Gemma 3n and 4). */
export function sharesFrom({ fields, layers }: Frame): number {
  return layers - fields.countOr(0, 'num_kv_shared_layers');
}

function readLinear(frame: Frame): AttentionPart {
  const { fields } = frame;
  if (fields.has('linear_attn_config', 'linear_num_heads')) return readKimiDelta(frame);
  return fields.has('attn_type_list') ? readLightning(frame) : readDeltaNet(frame);
}

/** Llama 3.2 Vision: attends to what an image left, a fixed number of tokens; without an image there is nothing to read. */
function readCross(frame: Frame): AttentionPart {
  const { heads, kv_heads, head_dim } = readShape(frame, false);
  const parameters = 2 * frame.hidden * (heads + kv_heads) * head_dim;
  const attention = { kind: 'linear', parameters, state_elements: 0, state_bytes: 2, flops_per_token: 0 } as const;
  return { attention, other: 2 * head_dim };
}

/** Query heads, KV heads and widths of one layer: MiMo-V2 has others where it slides, Gemma 4 where it does not. */
function readShape({ fields, hidden }: Frame, sliding: boolean) {
  const heads = fields.size('num_attention_heads', 'n_head', 'n_heads', 'num_heads');
  const head_dim = fields.sizeOr(Math.floor(hidden / heads), 'head_dim', 'attention_head_dim', 'kv_channels');
  const shape = { heads, kv_heads: readKvHeads(fields, heads), head_dim, v_dim: fields.sizeOr(head_dim, 'v_head_dim') };
  if (sliding && fields.has('swa_num_attention_heads')) {
    const width = fields.sizeOr(head_dim, 'swa_head_dim');
    return {
      heads: fields.size('swa_num_attention_heads'),
      kv_heads: fields.sizeOr(shape.kv_heads, 'swa_num_key_value_heads'),
      head_dim: width,
      v_dim: fields.sizeOr(width, 'swa_v_head_dim'),
    };
  }
  if (!sliding && fields.has('global_head_dim')) {
    const width = fields.size('global_head_dim');
    const kv_heads = fields.sizeOr(shape.kv_heads, 'num_global_key_value_heads');
    return { heads, kv_heads, head_dim: width, v_dim: width };
  }
  return shape;
}

function readKvHeads(fields: Fields, heads: number): number {
  const config = fields.value('attn_config'); // MPT and DBRX nest it
  if (typeof config === 'object' && config !== null && 'kv_n_heads' in config)
    return Number(config.kv_n_heads) || heads;
  const grouped = fields.sizeOr(heads, 'num_key_value_heads', 'num_kv_heads', 'n_head_kv', 'multi_query_group_num');
  // Falcon and StarCoder: one head for all queries, unless the new decoder says how many.
  const single = fields.flag('multi_query') && !fields.flag('new_decoder_architecture');
  return single ? 1 : grouped;
}

/** `shares`: the layer has no keys and values of its own. */
export function readGrouped(frame: Frame, { kind, window }: LayerKind, shares = false): AttentionPart {
  const { fields, family, hidden } = frame;
  const sliding = kind === 'sliding';
  const { heads, kv_heads, head_dim, v_dim } = readShape(frame, sliding);
  if (heads % kv_heads !== 0) {
    const expected = `a number that divides the ${heads} query heads, each of which reads one KV head`;
    fields.blame('num_key_value_heads', expected, String(kv_heads));
  }
  const gated = fields.flag('attn_output_gate', fields.text('model_type') === 'qwen3_next');
  const qkNorm = family.qkNorm !== 'none' || fields.flag('use_qk_norm');
  // Gemma 4 takes V from K's projection in its full layers; both are still cached.
  const oneProjection = !sliding && fields.flag('attention_k_eq_v');
  const q = hidden * heads * head_dim * (gated ? 2 : 1);
  const kv = shares ? 0 : hidden * kv_heads * (oneProjection ? head_dim : head_dim + v_dim);
  const sizes = { heads, kv_heads, head_dim };
  const extras = {
    ...(qkNorm ? { qk_norm: true } : {}),
    ...(family.qkNorm === 'projection' ? { qk_norm_spans_heads: true } : {}),
    ...(gated ? { gated: true } : {}),
    ...(shares ? { shares_kv: true } : {}),
    ...(shares || oneProjection || v_dim !== head_dim ? { projections: q + kv + heads * v_dim * hidden } : {}),
    ...(v_dim !== head_dim ? { kv_elements: kv_heads * (head_dim + v_dim) } : {}),
  };
  const attention: Attention = sliding
    ? { kind: 'sliding', ...sizes, window, ...extras }
    : { kind: 'full', ...sizes, ...extras };
  return { attention, other: countSmall(frame, heads, kv_heads, head_dim) };
}

/** Biases, q/k norms and sinks of one layer. */
function countSmall({ fields, family, hidden }: Frame, heads: number, kvHeads: number, headDim: number): number {
  const qkv = (heads + 2 * kvHeads) * headDim;
  const stated = fields.flag('attention_bias') || fields.flag('qkv_bias') || fields.flag('add_qkv_bias');
  const bias = family.attentionBias === 'none' && stated ? 'qkv' : family.attentionBias;
  let small = bias === 'none' ? 0 : qkv + (bias === 'all' ? hidden : 0);
  if (family.qkNorm === 'head') small += 2 * headDim;
  if (family.qkNorm === 'projection') small += (heads + kvHeads) * headDim;
  return fields.text('model_type') === 'gpt_oss' ? small + heads : small;
}

function readMla({ fields, hidden }: Frame, indexed: boolean): AttentionPart {
  const rank = fields.countOr(0, 'q_lora_rank');
  const kvRank = fields.size('kv_lora_rank');
  const topK = fields.countOr(0, 'index_topk');
  const indexer = topK > 0 && indexed ? readIndexer(fields, hidden, rank, 1) : null;
  const attention: Attention = {
    kind: 'mla',
    heads: fields.size('num_attention_heads'),
    q_lora_rank: rank > 0 ? rank : null,
    kv_lora_rank: kvRank,
    qk_rope_dim: fields.size('qk_rope_head_dim'),
    qk_nope_dim: fields.size('qk_nope_head_dim'),
    v_head_dim: fields.size('v_head_dim'),
    ...(topK > 0 ? { sparse_top_k: topK } : {}),
    ...(indexer ? { indexer } : {}),
  };
  return { attention, other: rank + kvRank + (indexer ? 2 * indexer.head_dim : 0) };
}

/** DeepSeek-V3.2's lightning indexer: queries from the q latent, one key and one weight per head from the hidden state. */
function readIndexer(fields: Fields, hidden: number, rank: number, keys: number): Indexer {
  const heads = fields.size('index_n_heads');
  const head_dim = fields.size('index_head_dim');
  return { heads, head_dim, parameters: rank * heads * head_dim + keys * hidden * head_dim + hidden * heads };
}

/** DeepSeek-V4: one vector is K and V of all heads; layers keep a window (ratio 0) or one entry per 4 or 128 tokens. */
function readCompressed(frame: Frame): AttentionPart[] {
  const { fields, hidden, layers } = frame;
  const ratios = fields.perLayer('compress_ratios', layers) ?? [];
  const heads = fields.size('num_attention_heads');
  const head_dim = fields.size('head_dim');
  const rank = fields.size('q_lora_rank');
  const outRank = fields.size('o_lora_rank');
  const window = fields.size('sliding_window');
  const query = hidden * rank + rank * heads * head_dim;
  const output = heads * head_dim * outRank + fields.size('o_groups') * outRank * hidden;
  const shape = { heads, kv_heads: 1, head_dim, kv_elements: head_dim };
  const streams = fields.countOr(0, 'hc_mult'); // hyper-connections mix this many residual streams
  const other = rank + head_dim + heads + 2 * (2 + streams) * streams * streams * hidden;
  return ratios.slice(0, layers).map((ratio) => {
    const projections = query + hidden * head_dim + output;
    if (ratio === 0) return { attention: { kind: 'sliding', ...shape, window, projections }, other };
    // The compressor: K/V and its gate, twice where neighbouring blocks overlap (ratio 4), which is also where it is sparse.
    const overlapped = ratio === 4;
    const compressor = 2 * hidden * head_dim * (overlapped ? 2 : 1);
    const full = { kind: 'full', ...shape, projections: projections + compressor, compression: Number(ratio) } as const;
    if (!overlapped) return { attention: full, other };
    const indexer = readIndexer(fields, hidden, rank, 4);
    return { attention: { ...full, sparse_top_k: fields.size('index_topk'), indexer }, other };
  });
}
