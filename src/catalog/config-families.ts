// What a config.json does not say because the code of its model_type implies it: biases, norms, gates, defaults.

export interface Family {
  /** Norm weights per layer in units of the hidden size (a LayerNorm has two, weight and bias). */
  readonly norms: number;
  /** Gate and up beside down: three MLP matrices instead of two. */
  readonly gated: boolean;
  readonly attentionBias: 'none' | 'qkv' | 'all';
  readonly mlpBias: boolean;
  /** Norms on q and k: none, one weight per head dimension, or over the whole projection. */
  readonly qkNorm: 'none' | 'head' | 'projection';
  /** tie_word_embeddings where the file leaves it out. */
  readonly tied: boolean;
  /** MLP width in units of the hidden size where the file leaves it out; null = it must be there. */
  readonly widthFactor: number | null;
  /** Reads once and never decodes; BERT's kin have tables of positions and a pooler. */
  readonly encoder?: 'bert' | 'plain';
  /** Which layers slide, where the file has a window but no list of layers. */
  readonly sliding: 'all' | 'none' | { readonly fullEvery: number } | { readonly slidingFirstOfTwo: true };
}

const LLAMA: Family = {
  norms: 2,
  gated: true,
  attentionBias: 'none',
  mlpBias: false,
  qkNorm: 'none',
  tied: false,
  widthFactor: null,
  sliding: 'all',
};
const QWEN2: Family = { ...LLAMA, attentionBias: 'qkv', sliding: 'none' };
const QWEN3: Family = { ...LLAMA, qkNorm: 'head', sliding: 'none' };
/** Two LayerNorms with biases and a plain MLP of four times the hidden size: the GPT-2 generation. */
const GPT: Family = {
  ...LLAMA,
  norms: 4,
  gated: false,
  attentionBias: 'all',
  mlpBias: true,
  widthFactor: 4,
};
const BERT: Family = { ...GPT, tied: true, encoder: 'bert' };
const ROTARY_ENCODER: Family = { ...LLAMA, tied: true, encoder: 'plain' };
const GEMMA: Family = { ...LLAMA, tied: true, sliding: 'none' };
const GLM_MOE: Family = { ...LLAMA, attentionBias: 'qkv' };
const COHERE: Family = { ...LLAMA, norms: 1, tied: true, sliding: { fullEvery: 4 } };

/** By model_type of the language model. */
const FAMILIES: Readonly<Record<string, Family>> = {
  llama: LLAMA,
  mistral: LLAMA,
  ministral: LLAMA,
  ministral3: LLAMA,
  mistral3: LLAMA,
  mixtral: LLAMA,
  phimoe: { ...LLAMA, norms: 4, attentionBias: 'all' },
  phi3: LLAMA,
  phi: { ...GPT, norms: 2 },
  granite: LLAMA,
  granitemoe: LLAMA,
  smollm3: LLAMA,
  seed_oss: { ...LLAMA, attentionBias: 'qkv' },
  ernie4_5: LLAMA,
  ernie4_5_moe: LLAMA,
  dots1: { ...LLAMA, qkNorm: 'head' },
  qwen2: QWEN2,
  qwen2_moe: QWEN2,
  qwen2_vl_text: QWEN2,
  qwen2_vl: QWEN2,
  qwen2_5_vl: QWEN2,
  qwen2_5_vl_text: QWEN2,
  qwen3: QWEN3,
  qwen3_moe: QWEN3,
  qwen3_vl_text: QWEN3,
  qwen3_vl_moe_text: QWEN3,
  qwen3_omni_moe_text: QWEN3,
  qwen3_next: QWEN3,
  qwen3_5_text: QWEN3,
  qwen3_5_moe_text: QWEN3,
  mimo: QWEN2,
  mimo_v2_flash: LLAMA,
  minimax_m2: { ...LLAMA, qkNorm: 'projection' },
  minimax_m3: { ...LLAMA, qkNorm: 'head' },
  gemma: GEMMA,
  gemma2: { ...GEMMA, norms: 4, sliding: { slidingFirstOfTwo: true } },
  gemma3_text: { ...GEMMA, norms: 4, qkNorm: 'head', sliding: { fullEvery: 6 } },
  gemma3n_text: { ...GEMMA, norms: 4, qkNorm: 'head' },
  gemma4_text: { ...GEMMA, norms: 4, qkNorm: 'head', sliding: { fullEvery: 6 } },
  gpt_oss: { ...LLAMA, attentionBias: 'all', sliding: { slidingFirstOfTwo: true } },
  llama4_text: LLAMA,
  mllama_text_model: LLAMA,
  'nemotron-nas': LLAMA,
  apertus: { ...LLAMA, qkNorm: 'head' },
  hunyuan_v1_moe: { ...LLAMA, qkNorm: 'head' },
  bailing_moe_v2: { ...LLAMA, qkNorm: 'head' },
  longcat_flash: LLAMA,
  kimi_linear: LLAMA,
  granitemoehybrid: LLAMA,
  falcon_h1: LLAMA,
  minicpmv: LLAMA,
  deepseek_v2: LLAMA,
  deepseek_v3: LLAMA,
  deepseek_v32: LLAMA,
  deepseek_v4: LLAMA,
  kimi_k2: LLAMA,
  chatglm: QWEN2,
  glm4: { ...LLAMA, norms: 4, attentionBias: 'qkv' },
  glm4_moe: GLM_MOE,
  glm4v_moe_text: GLM_MOE,
  glm4_moe_lite: LLAMA,
  glm_moe_dsa: LLAMA,
  nemotron_h: { ...LLAMA, norms: 1, gated: false },
  nemotron: { ...LLAMA, norms: 4, gated: false },
  step3p5: LLAMA,
  step3p7: LLAMA,
  cohere: COHERE,
  cohere2: COHERE,
  olmo2: { ...LLAMA, qkNorm: 'projection' },
  olmo3: { ...LLAMA, qkNorm: 'projection', sliding: { fullEvery: 4 } },
  exaone4: { ...LLAMA, qkNorm: 'head', sliding: { fullEvery: 4 } },
  starcoder2: { ...GPT, widthFactor: null, tied: true },
  gpt2: { ...GPT, tied: true },
  gpt_bigcode: { ...GPT, tied: true },
  gpt_neox: GPT,
  gptj: { ...GPT, norms: 2, attentionBias: 'none' },
  opt: { ...GPT, tied: true },
  bloom: { ...GPT, tied: true },
  falcon: { ...GPT, attentionBias: 'none', mlpBias: false, tied: true },
  mpt: { ...GPT, norms: 2, attentionBias: 'none', mlpBias: false, tied: true },
  bert: BERT,
  roberta: BERT,
  'xlm-roberta': BERT,
  mpnet: BERT,
  modernbert: ROTARY_ENCODER,
  nomic_bert: ROTARY_ENCODER,
  new: ROTARY_ENCODER, // GTE
};

/** Types whose layers this reader has no words for: a wrong number would be worse than none. */
export const REFUSED_TYPES: Readonly<Record<string, string>> = {
  mamba: 'a pure state-space model',
  mamba2: 'a pure state-space model',
  rwkv: 'a recurrent model',
  jamba: 'a hybrid with its own layer pattern',
  zamba2: 'a hybrid with shared attention blocks',
  lfm2: 'a hybrid with convolution layers',
  lfm2_moe: 'a hybrid with convolution layers',
  falcon_mamba: 'a pure state-space model',
  xlstm: 'a recurrent model',
  recurrent_gemma: 'a recurrent model',
  zamba: 'a hybrid with shared attention blocks',
  t5: 'an encoder-decoder',
  bart: 'an encoder-decoder',
  whisper: 'an encoder-decoder',
  clip: 'an image-text encoder',
};

/** The family of a model_type, and whether it is known; an unknown one is read as a llama-like decoder. */
export function familyOf(modelType: string): { family: Family; known: boolean } {
  const family = Object.hasOwn(FAMILIES, modelType) ? FAMILIES[modelType] : undefined;
  return { family: family ?? LLAMA, known: family !== undefined };
}
