// The reader of config.json: each architecture rule on a small config, and precise words for what is not one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readModelConfig } from '../../src/catalog/config-json.ts';
import { countParameters } from '../../src/catalog/parameters.ts';
import type { LayerGroup, Model } from '../../src/catalog/types.ts';
import { UserError } from '../../src/check/issue.ts';
import { resolveFormats } from '../../src/stages/formats.ts';

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 64,
  num_hidden_layers: 6,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  intermediate_size: 160,
  vocab_size: 1000,
  max_position_embeddings: 4096,
  torch_dtype: 'bfloat16',
};
const MOE = { ...LLAMA, num_experts: 16, num_experts_per_tok: 2, moe_intermediate_size: 32 };
const MLA = {
  ...{ kv_lora_rank: 16, q_lora_rank: 24, qk_rope_head_dim: 4, qk_nope_head_dim: 8, v_head_dim: 8 },
  ...{ n_routed_experts: 16, num_experts_per_tok: 2, moe_intermediate_size: 32, n_shared_experts: 2 },
};

const read = (config: unknown): Model => readModelConfig(config, { id: 'small', file: 'config.json' });
const kinds = (model: Model) =>
  model.groups.map(({ count, attention, mlp }) => `${count} ${attention.kind} ${mlp.kind}`);
const only = (model: Model): LayerGroup => {
  expect(model.groups).toHaveLength(1);
  return model.groups[0];
};
function issuesOf(config: unknown) {
  try {
    read(config);
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
  return [];
}

describe('attention', () => {
  it('reads grouped-query heads, the head width and its default', () => {
    expect(only(read(LLAMA)).attention).toEqual({ kind: 'full', heads: 8, kv_heads: 2, head_dim: 8 });
    expect(only(read({ ...LLAMA, head_dim: 32 })).attention).toMatchObject({ head_dim: 32 });
    expect(only(read({ ...LLAMA, num_key_value_heads: null })).attention).toMatchObject({ kv_heads: 8 });
  });

  it('reads one KV head for all queries (Falcon, StarCoder)', () => {
    const { num_key_value_heads: _, ...bare } = LLAMA;
    const falcon = { ...bare, model_type: 'falcon', multi_query: true };
    expect(only(read(falcon)).attention).toMatchObject({ kv_heads: 1 });
    expect(only(read({ ...falcon, new_decoder_architecture: true, num_kv_heads: 4 })).attention).toMatchObject({
      kv_heads: 4,
    });
  });

  it('reads latent attention, with and without a q rank, and the sparse indexer', () => {
    const v3 = read({ ...LLAMA, ...MLA, model_type: 'deepseek_v3', first_k_dense_replace: 1 });
    expect(kinds(v3)).toEqual(['1 mla dense', '5 mla moe']);
    expect(v3.groups[1].mlp).toMatchObject({ experts: 16, top_k: 2, intermediate: 32, shared_intermediate: 64 });
    const lite = read({ ...LLAMA, ...MLA, q_lora_rank: null, model_type: 'deepseek_v2' });
    expect(only(lite).attention).toMatchObject({ q_lora_rank: null });
    const sparse = {
      ...LLAMA,
      ...MLA,
      model_type: 'deepseek_v32',
      index_topk: 32,
      index_n_heads: 4,
      index_head_dim: 8,
    };
    const indexer = { heads: 4, head_dim: 8, parameters: 24 * 4 * 8 + 64 * 8 + 64 * 4 };
    expect(only(read(sparse)).attention).toMatchObject({ sparse_top_k: 32, indexer });
  });

  it('knows which layers slide, by each rule', () => {
    const sliding = (config: object) => kinds(read({ ...LLAMA, sliding_window: 128, ...config }));
    expect(sliding({ model_type: 'mistral' })).toEqual(['6 sliding dense']);
    expect(sliding({ model_type: 'mistral', sliding_window: null })).toEqual(['6 full dense']);
    expect(sliding({ model_type: 'mistral', sliding_window: 4096 })).toEqual(['6 full dense']);
    expect(sliding({ model_type: 'qwen2', use_sliding_window: false })).toEqual(['6 full dense']);
    expect(sliding({ model_type: 'qwen2', use_sliding_window: true, max_window_layers: 4 })).toEqual([
      '4 full dense',
      '2 sliding dense',
    ]);
    expect(sliding({ model_type: 'gemma2' })).toEqual(['3 sliding dense', '3 full dense']);
    expect(sliding({ model_type: 'gemma3_text' })).toEqual(['5 sliding dense', '1 full dense']);
    expect(sliding({ model_type: 'cohere2', sliding_window_pattern: 3 })).toEqual(['4 sliding dense', '2 full dense']);
    expect(sliding({ model_type: 'exaone4', sliding_window_pattern: 'LLG' })).toEqual([
      '4 sliding dense',
      '2 full dense',
    ]);
    const layer_types = ['full_attention', ...Array(5).fill('sliding_attention')];
    expect(sliding({ layer_types })).toEqual(['1 full dense', '5 sliding dense']);
  });

  it('takes chunks of Llama 4 for windows and says so', () => {
    const llama4 = { ...LLAMA, model_type: 'llama4_text', attention_chunk_size: 256, num_hidden_layers: 8 };
    const model = read(llama4);
    expect(kinds(model)).toEqual(['6 sliding dense', '2 full dense']);
    expect(model.unmodelled.join()).toMatch(/chunked attention/);
  });

  it('reads delta nets beside full attention with an output gate (Qwen3-Next, Qwen3.5)', () => {
    const next = {
      ...MOE,
      ...{ model_type: 'qwen3_next', num_hidden_layers: 8, full_attention_interval: 4 },
      ...{ linear_num_value_heads: 4, linear_num_key_heads: 2, linear_key_head_dim: 8, linear_value_head_dim: 8 },
      linear_conv_kernel_dim: 4,
    };
    const model = read(next);
    expect(kinds(model)).toEqual(['6 linear moe', '2 full moe']);
    expect(model.groups[1].attention).toMatchObject({ gated: true, qk_norm: true });
    // The state: 4 heads of 8 x 8, and 3 of 64 channels; 16 bits where nothing else is said.
    expect(model.groups[0].attention).toMatchObject({ state_elements: 4 * 64 + 64 * 3, state_bytes: 2 });
  });

  it('reads the letters of Nemotron-H', () => {
    const hybrid = {
      ...LLAMA,
      ...{ model_type: 'nemotron_h', hybrid_override_pattern: 'M-M*-M', mlp_hidden_act: 'relu2' },
      ...{ mamba_num_heads: 4, mamba_head_dim: 16, ssm_state_size: 8, n_groups: 1, conv_kernel: 4 },
    };
    const model = read(hybrid);
    expect(kinds(model)).toEqual(['3 linear none', '2 none dense', '1 full none']);
    expect(model.groups[1].mlp).toEqual({ kind: 'dense', intermediate: 160, gated: false });
    expect(issuesOf({ ...hybrid, hybrid_override_pattern: 'MXM' })[0].received).toBe('"X"');
  });
});

describe('norms of q and k', () => {
  it('span all heads in families that norm the whole projection', () => {
    const norms = (model_type: string) => {
      const { attention } = only(read({ ...LLAMA, model_type }));
      return ['qk_norm', 'qk_norm_spans_heads'].map((key) => key in attention);
    };
    expect([norms('olmo2'), norms('qwen3'), norms('llama')]).toEqual([
      [true, true],
      [true, false],
      [false, false],
    ]);
  });
});

describe('mixtures of experts', () => {
  const which = (config: object) => kinds(read({ ...MOE, ...config }));

  it('knows which layers are sparse, by each rule', () => {
    expect(which({ model_type: 'qwen3_moe' })).toEqual(['6 full moe']);
    expect(which({ model_type: 'qwen3_moe', decoder_sparse_step: 2 })).toEqual(['3 full dense', '3 full moe']);
    expect(which({ model_type: 'qwen3_moe', mlp_only_layers: [0, 5] })).toEqual(['2 full dense', '4 full moe']);
    expect(which({ model_type: 'glm4_moe', first_k_dense_replace: 2 })).toEqual(['2 full dense', '4 full moe']);
    expect(which({ moe_layer_freq: [0, 1, 1, 1, 1, 0] })).toEqual(['2 full dense', '4 full moe']);
    expect(which({ moe_layers_enum: '3,4,5' })).toEqual(['3 full dense', '3 full moe']);
    expect(which({ interleave_moe_layer_step: 2 })).toEqual(['3 full dense', '3 full moe']);
    expect(which({ num_experts: 0 })).toEqual(['6 full dense']);
  });

  it('takes the expert width of Mixtral from intermediate_size', () => {
    const mixtral = { ...LLAMA, model_type: 'mixtral', num_local_experts: 8, num_experts_per_tok: 2 };
    expect(only(read(mixtral)).mlp).toMatchObject({ kind: 'moe', experts: 8, top_k: 2, intermediate: 160 });
  });

  it('refuses more active experts than there are', () => {
    expect(issuesOf({ ...MOE, num_experts_per_tok: 17 })[0]).toMatchObject({ expected: 'at most the 16 experts' });
  });
});

describe('formats', () => {
  const format = (quantization_config: object) => read({ ...LLAMA, quantization_config }).native_format;

  it('names the weights as the engines do', () => {
    expect(read({ ...LLAMA, torch_dtype: 'float16' }).native_format).toBe('fp16');
    expect(format({ quant_method: 'fp8' })).toBe('fp8');
    expect(format({ quant_method: 'fp8', weight_block_size: [128, 128] })).toBe('fp8-block');
    expect(format({ quant_method: 'awq', bits: 4 })).toBe('int4');
    expect(format({ quant_method: 'gptq', bits: 8 })).toBe('int8');
    expect(format({ quant_method: 'mxfp4' })).toBe('mxfp4');
    expect(format({ quant_method: 'modelopt', quant_algo: 'NVFP4' })).toBe('nvfp4');
    const group = (weights: object) => ({
      quant_method: 'compressed-tensors',
      config_groups: { group_0: { weights } },
    });
    expect(format(group({ num_bits: 8, type: 'float', strategy: 'channel' }))).toBe('fp8');
    expect(format(group({ num_bits: 8, type: 'int' }))).toBe('int8');
    expect(format(group({ num_bits: 4, type: 'float', group_size: 16 }))).toBe('nvfp4');
  });

  it('keeps attention in 16 bits where the checkpoint does, and not for single layers', () => {
    const quantized = (modules: string[]) => ({ quant_method: 'mxfp4', modules_to_not_convert: modules });
    const all = read({ ...LLAMA, quantization_config: quantized(['model.layers.*.self_attn', 'lm_head']) });
    expect(all.native_attention_format).toBe('bf16');
    const one = read({ ...LLAMA, quantization_config: quantized(['model.layers.0.self_attn']) });
    expect(one.native_attention_format).toBeUndefined();
  });

  it('says what it had to assume', () => {
    expect(read({ ...LLAMA, torch_dtype: 'float32' }).unmodelled).toEqual([
      'weights published as float32: taken as bf16',
    ]);
    expect(read({ ...LLAMA, quantization_config: { quant_method: 'aqlm' } }).format_unclear).toMatch(/aqlm/);
  });

  it("reads NVIDIA's exports: an algorithm without a method, and which modules have which", () => {
    expect(format({ quant_algo: 'FP8' })).toBe('fp8');
    expect(format({ quant_algo: 'FP8_PB_WO', quant_method: 'modelopt_fp8' })).toBe('fp8-block');
    const all = Array.from({ length: 6 }, (_, i) => `model.layers.${i}.self_attn*`);
    const spared = { quant_algo: 'NVFP4', exclude_modules: ['lm_head', ...all] };
    expect(read({ ...LLAMA, quantization_config: spared }).native_attention_format).toBe('bf16');
    expect(
      read({ ...LLAMA, quantization_config: { ...spared, exclude_modules: all.slice(0, 2) } }).native_attention_format,
    ).toBeUndefined();
    const mixed = (quantized_layers: object) =>
      read({ ...LLAMA, quantization_config: { quant_algo: 'MIXED_PRECISION', quantized_layers } });
    const [nvfp4, fp8] = [{ quant_algo: 'NVFP4' }, { quant_algo: 'FP8' }];
    const split = mixed({ 'model.layers.0.mlp.up_proj': nvfp4, 'model.layers.0.self_attn.q_proj': fp8 });
    expect([split.native_format, split.native_attention_format]).toEqual(['nvfp4', 'fp8']);
    expect(mixed({ 'model.layers.0.mlp.up_proj': nvfp4 }).native_attention_format).toBe('bf16');
    const odd = mixed({ 'model.layers.0.mlp.up_proj': nvfp4, 'model.layers.1.mlp.up_proj': fp8 });
    expect(odd.format_unclear).toMatch(/differ in format \(nvfp4, fp8\)/);
    expect(() => resolveFormats(odd, { quantization: 'auto', kv: 'auto' })).toThrow(/quantization/);
    expect(resolveFormats(odd, { quantization: 'fp8', kv: 'auto' }).weights).toBe('fp8');
  });

  it('asks for a format where groups of a checkpoint differ, and reads AMD Quark', () => {
    const group = (num_bits: number) => ({ weights: { num_bits, type: 'float' } });
    const groups = { quant_method: 'compressed-tensors', config_groups: { a: group(8), b: group(4) } };
    expect(read({ ...LLAMA, quantization_config: groups }).format_unclear).toMatch(/compressed-tensors/);
    const quark = (dtype: string) => ({ quant_method: 'quark', global_quant_config: { weight: { dtype } } });
    expect(['fp4', 'fp8_e4m3', 'int8'].map((dtype) => format(quark(dtype)))).toEqual(['mxfp4', 'fp8', 'int8']);
  });
});

describe('the whole file', () => {
  it('finds the language model in a wrapper, and names the tower it leaves out', () => {
    const { architectures, torch_dtype, ...text_config } = LLAMA;
    const model = read({ model_type: 'llava', architectures, torch_dtype, text_config, vision_config: { depth: 27 } });
    expect(model.hidden).toBe(64);
    expect(model.native_format).toBe('bf16');
    expect(model.unmodelled).toEqual(['vision tower: neither its weights nor its work']);
    const deeper = { thinker_config: { text_config: LLAMA } };
    expect(read(deeper).hidden).toBe(64);
  });

  it('reads an unknown model_type as a llama and says so', () => {
    expect(read({ ...LLAMA, model_type: 'brandnew' }).unmodelled[0]).toMatch(/brandnew is not known/);
  });

  it('knows an encoder: no head, and tables that are only looked up', () => {
    const bert = read({ ...LLAMA, model_type: 'bert', architectures: ['BertModel'], type_vocab_size: 2 });
    expect([bert.kind, bert.position_rows]).toEqual(['encoder', 4098]);
    expect(read({ ...LLAMA, architectures: ['MistralModel'] }).kind).toBe('encoder');
    expect(read({ ...LLAMA, model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] }).kind).toBe('llm');
  });

  it('names everything that is missing or malformed at once', () => {
    const { vocab_size: _, ...config } = { ...LLAMA, num_hidden_layers: '6', hiden: 3, max_position_embeddings: -1 };
    const paths = issuesOf(config).map(({ path, received }) => `${path}: ${received}`);
    expect(paths.sort()).toEqual(['max_position_embeddings: -1', 'num_hidden_layers: "6"', 'vocab_size: nothing']);
    expect(issuesOf(config)[0].file).toBe('config.json');
  });

  it('offers the name that was probably meant, with the wrapper in the path', () => {
    const { intermediate_size: _, ...config } = { ...LLAMA, intermediate_sizes: 160 };
    expect(issuesOf({ text_config: config })[0]).toMatchObject({
      path: 'text_config.intermediate_size',
      hint: 'did you mean intermediate_sizes?',
    });
  });

  it('refuses what is not a model config, and models it has no words for', () => {
    expect(issuesOf({ bos_token: '<s>', chat_template: '' })[0]).toMatchObject({
      path: 'config.json',
      received: 'an object with bos_token, chat_template',
    });
    expect(issuesOf([1, 2])[0].received).toBe('[1,2]');
    expect(issuesOf(null)[0].received).toBe('null');
    expect(issuesOf({ ...LLAMA, model_type: 'jamba' })[0].received).toMatch(/jamba, a hybrid/);
    expect(issuesOf({ ...LLAMA, is_encoder_decoder: true })[0].received).toMatch(/encoder-decoder/);
  });

  it('counts a llama as its formula does, whatever its sizes', () => {
    const sizes = fc.record({
      hidden_size: fc.integer({ min: 1, max: 200 }).map((n) => 8 * n),
      num_hidden_layers: fc.integer({ min: 1, max: 100 }),
      intermediate_size: fc.integer({ min: 1, max: 30000 }),
      vocab_size: fc.integer({ min: 1, max: 300000 }),
      num_attention_heads: fc.constantFrom(1, 2, 4, 8),
      queries_per_head: fc.constantFrom(1, 2, 4, 8),
      tie_word_embeddings: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ queries_per_head, ...rest }) => {
        const kvHeads = Math.max(1, rest.num_attention_heads / queries_per_head);
        const config = { ...rest, num_key_value_heads: kvHeads };
        const { hidden_size: h, num_attention_heads: heads } = config;
        const width = h / heads;
        const layer = 2 * h * h + 2 * h * kvHeads * width + 3 * h * config.intermediate_size + 2 * h;
        const tables = config.vocab_size * h * (config.tie_word_embeddings ? 1 : 2);
        const { total } = countParameters(read({ ...LLAMA, ...config }));
        expect(total).toBe(tables + config.num_hidden_layers * layer + h);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('answers any JSON with a model or with issues, never with a crash', () => {
    const names = [
      ...Object.keys({ ...MOE, ...MLA }),
      'layer_types',
      'text_config',
      'sliding_window',
      'mlp_only_layers',
    ];
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.integer({ min: 1, max: 64 }));
    const config = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 20 });
    fc.assert(
      fc.property(config, (odd) => {
        for (const issue of issuesOf({ ...LLAMA, ...odd })) expect(issue.expected).not.toBe('');
        issuesOf(odd);
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});
