// What a file of catalog/models must look like: a model's architecture, normalised.
import { z } from 'zod';
import { count, flag, named, oneOf, positive, size, text, weightFormat } from './schema-words.ts';

/** Sparse attention's light indexer: `heads` small queries score every past token against one cached key of `head_dim`. */
export const indexer = z.strictObject(
  {
    heads: size,
    head_dim: size,
    /** Weights of its projections, elements. */
    parameters: count,
  },
  { error: 'an indexer' },
);

const grouped = {
  heads: size,
  kv_heads: size,
  head_dim: size,
  /** Tokens kept by a sliding layer; absent for full attention. */
  window: size.optional(),
  qk_norm: flag.optional(),
  /**
   * The norms of q and k span all their heads (OLMo 2, MiniMax-M2), not each head: the devices of a tensor-parallel group first sum
   * the squares of their own heads.
   */
  qk_norm_spans_heads: flag.optional(),
  /** An output gate beside q (Qwen3-Next/3.5): doubles the q projection. */
  gated: flag.optional(),
  /** Weights of the projections, elements, where they are not q, k, v and o of the sizes above (low rank, shared K/V). */
  projections: size.optional(),
  /** Cached elements per entry where they are not 2 kv_heads head_dim (narrow V, or K and V in one vector). */
  kv_elements: size.optional(),
  /** Reads what an earlier layer cached and stores nothing (the last layers of Gemma 3n and 4). */
  shares_kv: flag.optional(),
  /** Tokens per cached entry (DeepSeek-V4's compressed attention); absent = 1. */
  compression: size.optional(),
  /** Sparse attention: decode reads at most this many entries, beside the indexer. */
  sparse_top_k: size.optional(),
  indexer: indexer.optional(),
};

const latent = z.strictObject({
  kind: z.literal('mla'),
  heads: size,
  /** Rank of the q down-projection; null = q is projected directly. */
  q_lora_rank: size.nullable(),
  kv_lora_rank: size,
  qk_rope_dim: count,
  qk_nope_dim: size,
  v_head_dim: size,
  /** Sparse attention (DSA): decode reads at most this many tokens, beside a light indexer. */
  sparse_top_k: size.optional(),
  /** Absent where the layer shares the indexer's choice of an earlier one (GLM-5.2). */
  indexer: indexer.optional(),
});

/** Linear attention or state space: a fixed state per sequence, no growth with context. */
const linear = z.strictObject({
  kind: z.literal('linear'),
  /** Weights of the layer's mixer (projections), elements. */
  parameters: count,
  /** State per sequence: `state_elements` elements of `state_bytes` bytes each (2 or 4). */
  state_elements: count,
  state_bytes: size,
  /** FLOPs per token beside the projections. */
  flops_per_token: count,
});

/** The attention of one layer. `none` is a layer without a mixer (Nemotron-H MLP layers). */
export const attention = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('full'), ...grouped }),
    z.strictObject({ kind: z.literal('sliding'), ...grouped, window: size }),
    latent,
    linear,
    z.strictObject({ kind: z.literal('none') }),
  ],
  { error: 'an attention whose kind is full, sliding, mla, linear or none' },
);

/** The MLP of one layer: dense, routed experts, or none (a layer that is only a mixer). */
export const mlp = z.discriminatedUnion(
  'kind',
  [
    /** `gated`: gate and up, 3 matrices; else 2. */
    z.strictObject({ kind: z.literal('dense'), intermediate: size, gated: flag }),
    z.strictObject({
      kind: z.literal('moe'),
      experts: size,
      top_k: size,
      intermediate: size,
      /** Total intermediate width of the always-on shared experts; 0 = none. */
      shared_intermediate: count,
      gated: flag,
      /** Width the routed experts work in, where it is not the hidden size: one projection down and one up (Nemotron 3). */
      latent: size.optional(),
    }),
    z.strictObject({ kind: z.literal('none') }),
  ],
  { error: 'an MLP whose kind is dense, moe or none' },
);

/** `count` consecutive-or-not layers that are alike (order does not matter to cost). */
export const layerGroup = z.strictObject({
  count: size.max(10_000, { error: 'at most 10000 layers' }),
  attention,
  mlp,
  /** Weights of one layer beside the matrices above: norms, biases, sinks; always 16-bit. Absent = 0. */
  other_parameters: count.optional(),
});

type LayerGroup = z.infer<typeof layerGroup>;
const rule = (test: (group: LayerGroup) => boolean, path: string[], error: string) => [test, { path, error }] as const;
/** Query heads share KV heads evenly, and no token goes to more experts than there are. */
const heads = ({ attention: one }: LayerGroup) => !('kv_heads' in one) || one.heads % one.kv_heads === 0;
const experts = ({ mlp: one }: LayerGroup) => one.kind !== 'moe' || one.top_k <= one.experts;
const checkedGroup = layerGroup
  .refine(...rule(heads, ['attention', 'kv_heads'], 'a number that divides the query heads'))
  .refine(...rule(experts, ['mlp', 'top_k'], 'at most as many as there are experts'));

export const modelSchema = z.strictObject({
  id: named,
  name: named,
  /** Names of other checkpoints that have these layers; what is tuned, dated or quantised of them is found by rule (names.ts). */
  also: z.array(named, { error: 'a list of names' }).optional(),
  kind: oneOf(['llm', 'encoder']),
  groups: z.array(checkedGroup, { error: 'a list of layer groups' }).min(1, { error: 'at least one layer group' }),
  hidden: size,
  vocab: size,
  tied_embeddings: flag,
  max_positions: size,
  mtp_layers: count,
  /** Weight format of the published checkpoint. */
  native_format: weightFormat,
  /** Format of the attention projections in it, where it differs (gpt-oss). */
  native_attention_format: weightFormat.optional(),
  /** Why `quantization: auto` has no meaning: the checkpoint mixes formats, or in one that is not known. Absent where it has one. */
  format_unclear: text.optional(),
  /** Rows of learned position and token-type tables (BERT, GPT-2): looked up, never multiplied. */
  position_rows: count.optional(),
  /** Weights of other tables that are looked up (Gemma's embeddings per layer), elements. Absent = 0. */
  table_parameters: count.optional(),
  /** Weights of vision and audio towers and what joins them to the model: loaded, not used by a token of text. Absent = 0. */
  tower_parameters: count.optional(),
  /** Weights outside layers and embeddings: final norm, pooler. Absent = 0. */
  other_parameters: count.optional(),
  /** Published parameter counts in units of one parameter, where known; computed ones are checked against them. */
  parameters: z.strictObject({ total: positive, active: positive }, { error: '{total, active}' }),
  /** What the reader of config.json could not model, in words; empty when everything is modelled. */
  unmodelled: z.array(text, { error: 'a list of texts' }),
  source: named,
});
