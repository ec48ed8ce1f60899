// Architectures that are not a llama with other numbers, by the facts of published checkpoints: weights and cache against figures worked
// out here, and a line for what the reader does not understand. Sizes: configurations of Hugging Face transformers (Apache-2.0, facts).
import { describe, expect, it } from 'vitest';
import { readModelConfig } from '../../src/catalog/config-json.ts';
import { countParameters, kvBytesPerToken } from '../../src/catalog/parameters.ts';
import { UserError } from '../../src/check/issue.ts';

const read = (config: object) => readModelConfig(config, { id: 'one', file: 'config.json' });
const billions = (config: object) => countParameters(read(config)).total / 1e9;
const list = (length: number, of: (i: number) => unknown) => Array.from({ length }, (_, i) => of(i));
function refusal(config: object): string {
  try {
    read(config);
  } catch (error) {
    if (error instanceof UserError) return error.issues.map(({ path, received }) => `${path}: ${received}`).join('\n');
    throw error;
  }
  return '';
}

const MLA = { kv_lora_rank: 512, qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128 };

describe('several mixers or MLPs a layer', () => {
  it('LongCat-Flash: two attentions, two dense MLPs and experts, a third of which compute nothing', () => {
    const config = {
      ...{
        model_type: 'longcat_flash',
        num_layers: 28,
        hidden_size: 6144,
        ffn_hidden_size: 12288,
        num_attention_heads: 64,
      },
      ...{ expert_ffn_hidden_size: 2048, n_routed_experts: 512, zero_expert_num: 256, moe_topk: 12 },
      ...{ ...MLA, q_lora_rank: 1536, vocab_size: 131072, max_position_embeddings: 131072, torch_dtype: 'bfloat16' },
    };
    const counted = countParameters(read(config));
    expect(counted.total / 1e9).toBeCloseTo(560.7, 1); // published: 560 B
    expect(counted.active / 1e9).toBeCloseTo(27.15, 2); // published: 27 B in the mean
    expect(kvBytesPerToken(read(config), 'bf16').growing).toBe(2 * 28 * (512 + 64) * 2);
  });

  it('Falcon-H1: attention and Mamba-2 in every layer', () => {
    const config = {
      ...{ model_type: 'falcon_h1', hidden_size: 3072, num_hidden_layers: 44, num_attention_heads: 12, head_dim: 128 },
      ...{ num_key_value_heads: 2, intermediate_size: 12288, vocab_size: 130049, max_position_embeddings: 262144 },
      ...{
        mamba_n_heads: 24,
        mamba_d_head: 128,
        mamba_d_state: 256,
        mamba_n_groups: 1,
        mamba_d_conv: 4,
        mamba_d_ssm: 3072,
      },
    };
    expect(billions(config)).toBeCloseTo(7.59, 2); // published: 7.59 B
    const kv = kvBytesPerToken(read(config), 'bf16');
    expect(kv.growing).toBe(2 * 44 * 2 * 128 * 2);
    expect(kv.stateBytesPerSequence).toBe(44 * (24 * 128 * 256 + (3072 + 2 * 256) * 3) * 2);
  });

  it('Granite 4 hybrids: Mamba-2 and experts, with and without', () => {
    const layer_types = list(40, (i) => ([5, 15, 25, 35].includes(i) ? 'attention' : 'mamba'));
    const config = {
      ...{
        model_type: 'granitemoehybrid',
        hidden_size: 4096,
        num_hidden_layers: 40,
        num_attention_heads: 32,
        layer_types,
      },
      ...{ num_key_value_heads: 8, intermediate_size: 768, shared_intermediate_size: 1536, num_local_experts: 72 },
      ...{ num_experts_per_tok: 10, vocab_size: 100352, tie_word_embeddings: true, max_position_embeddings: 131072 },
      ...{
        mamba_n_heads: 128,
        mamba_d_head: 64,
        mamba_d_state: 128,
        mamba_n_groups: 1,
        mamba_d_conv: 4,
        mamba_expand: 2,
      },
    };
    expect(billions(config)).toBeCloseTo(32.2, 1); // published: 32.2 B
    expect(kvBytesPerToken(read(config), 'bf16').growing).toBe(2 * 4 * 8 * 128 * 2);
    const dense = read({ ...config, num_local_experts: 0, num_experts_per_tok: 0 });
    expect(dense.groups[0].mlp).toEqual({ kind: 'dense', intermediate: 1536, gated: true });
  });

  it('Nemotron-NAS: every layer of its own', () => {
    const attention = (n: number | null) => ({ n_heads_in_group: n, no_op: n === null });
    const config = {
      ...{
        model_type: 'nemotron-nas',
        hidden_size: 8192,
        num_hidden_layers: 3,
        num_attention_heads: 64,
        vocab_size: 128256,
      },
      max_position_embeddings: 131072,
      block_configs: [
        { attention: attention(8), ffn: { ffn_mult: 5.25, no_op: false } },
        { attention: attention(null), ffn: { ffn_mult: 1.3125, no_op: false } },
        { attention: attention(16), ffn: { ffn_mult: null, no_op: true } },
      ],
    };
    const [first, second, third] = read(config).groups;
    expect(first).toMatchObject({ attention: { kv_heads: 8 }, mlp: { intermediate: 28672 } });
    expect(second).toMatchObject({ attention: { kind: 'none' }, mlp: { intermediate: 7168 } });
    expect(third).toMatchObject({ attention: { kv_heads: 4 }, mlp: { kind: 'none' } });
    const linear = { attention: { ...attention(8), replace_with_linear: true }, ffn: { ffn_mult: 1, no_op: false } };
    expect(refusal({ ...config, num_hidden_layers: 1, block_configs: [linear] })).toMatch(/^block_configs/);
  });
});

describe('caches that are not one entry a layer and token', () => {
  const GEMMA_4 = {
    ...{ model_type: 'gemma4_text', head_dim: 256, global_head_dim: 512, num_attention_heads: 8, sliding_window: 512 },
    ...{ hidden_size_per_layer_input: 256, vocab_size_per_layer_input: 262144, vocab_size: 262144, dtype: 'bfloat16' },
    ...{ max_position_embeddings: 131072, tie_word_embeddings: true, enable_moe_block: false },
  };
  const types = (layers: number, every: number) =>
    list(layers, (i) => ((i + 1) % every === 0 ? 'full_attention' : 'sliding_attention'));

  it('Gemma 4 E4B: the last layers read what earlier ones cached, and every layer has inputs of its own', () => {
    const config = {
      ...{ ...GEMMA_4, hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 42, num_key_value_heads: 2 },
      ...{ layer_types: types(42, 6), num_kv_shared_layers: 18, use_double_wide_mlp: false },
    };
    expect(billions(config)).toBeCloseTo(7.46, 2); // published: 8.0 B with towers for images and sound
    expect(countParameters(read(config)).active / 1e9).toBeCloseTo(4.64, 2); // published: 4.5 B effective
    const kv = kvBytesPerToken(read(config), 'bf16'); // 24 layers of their own, 4 of them full
    expect(kv.growing).toBe(2 * 4 * 2 * 512 * 2);
    expect(kv.window).toContainEqual({ tokens: 512, bytesPerToken: 2 * 20 * 2 * 256 * 2 });
  });

  it('Gemma 4 E2B: twice the width where the cache is shared', () => {
    const config = {
      ...{ ...GEMMA_4, hidden_size: 1536, intermediate_size: 6144, num_hidden_layers: 35, num_key_value_heads: 1 },
      ...{ layer_types: types(35, 5), num_kv_shared_layers: 20, use_double_wide_mlp: true },
    };
    expect(billions(config)).toBeCloseTo(4.63, 2); // published: 5.1 B with towers
    const widths = read(config).groups.map(({ mlp }) => (mlp.kind === 'dense' ? mlp.intermediate : 0));
    expect([...new Set(widths)].sort((a, b) => a - b)).toEqual([6144, 12288]);
  });

  it('Llama 3.2 Vision: layers that attend to images do not grow with the text', () => {
    const config = {
      ...{ model_type: 'mllama_text_model', hidden_size: 4096, num_hidden_layers: 40, num_attention_heads: 32 },
      ...{ num_key_value_heads: 8, intermediate_size: 14336, vocab_size: 128256, max_position_embeddings: 131072 },
      cross_attention_layers: [3, 8, 13, 18, 23, 28, 33, 38],
    };
    expect(kvBytesPerToken(read(config), 'bf16').growing).toBe(2 * 32 * 8 * 128 * 2);
    expect(read(config).unmodelled.join()).toMatch(/cross-attention/);
  });

  it('Kimi Linear: delta attention with latent attention in every fourth layer', () => {
    const config = {
      ...{ model_type: 'kimi_linear', hidden_size: 2304, num_hidden_layers: 27, num_attention_heads: 32, ...MLA },
      ...{ intermediate_size: 9216, moe_intermediate_size: 1024, num_experts: 256, num_experts_per_token: 8 },
      ...{ num_shared_experts: 1, first_k_dense_replace: 1, vocab_size: 163840, model_max_length: 1048576 },
      linear_attn_config: {
        full_attn_layers: [4, 8, 12, 16, 20, 24, 27],
        head_dim: 128,
        num_heads: 32,
        short_conv_kernel_size: 4,
      },
    };
    expect(billions(config)).toBeCloseTo(49.1, 1); // published: 48 B, 3 B active
    expect(countParameters(read(config)).active / 1e9).toBeCloseTo(3.1, 1);
    const kv = kvBytesPerToken(read(config), 'bf16');
    expect(kv.growing).toBe(7 * (512 + 64) * 2);
    expect(kv.stateBytesPerSequence).toBe(20 * (32 * 128 * 128 * 4 + 3 * 4096 * 3 * 2));
  });

  it('DeepSeek-V3.2 in 8 bits: the latent with scales, the rotary part in 16 bits', () => {
    const sparse = { ...MLA, q_lora_rank: 1536, index_topk: 2048, index_n_heads: 64, index_head_dim: 128 };
    const config = {
      ...{ model_type: 'deepseek_v32', hidden_size: 7168, num_hidden_layers: 61, num_attention_heads: 128, ...sparse },
      ...{ intermediate_size: 18432, vocab_size: 129280, max_position_embeddings: 163840 },
    };
    expect(kvBytesPerToken(read(config), 'fp8').growing).toBe(61 * (512 + 4 * 4 + 2 * 64 + 132)); // 48,068
    expect(kvBytesPerToken(read(config), 'bf16').growing).toBe(61 * (2 * (512 + 64) + 132));
    const named = { ...config, layer_types: list(61, () => 'deepseek_sparse_attention') };
    expect(read(named).groups).toEqual(read(config).groups);
  });
});

const LLAMA = {
  ...{ model_type: 'llama', hidden_size: 64, num_hidden_layers: 6, num_attention_heads: 8, num_key_value_heads: 2 },
  ...{ intermediate_size: 160, vocab_size: 1000, max_position_embeddings: 4096, torch_dtype: 'bfloat16' },
};

describe('what a name of a class says', () => {
  it('chat models and GLM are decoders, bodies of models are not', () => {
    const kind = (name: string) => read({ ...LLAMA, architectures: [name] }).kind;
    expect(kind('InternVLChatModel')).toBe('llm');
    expect(kind('ChatGLMModel')).toBe('llm');
    expect(kind('GPT2LMHeadModel')).toBe('llm');
    expect(kind('MistralModel')).toBe('encoder');
    const wrapped = {
      architectures: ['AnyVisionModel'],
      llm_config: { ...LLAMA, architectures: ['LlamaForCausalLM'] },
    };
    expect(read(wrapped).kind).toBe('llm');
  });

  it('MPNet and ModernBERT are encoders, without and with a gate', () => {
    const mpnet = {
      ...{ model_type: 'mpnet', hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, vocab_size: 30527 },
      ...{ intermediate_size: 3072, max_position_embeddings: 514 },
    };
    expect(read(mpnet)).toMatchObject({ kind: 'encoder', groups: [{ mlp: { gated: false } }] });
    expect(billions(mpnet)).toBeCloseTo(0.109, 3); // published: 109 M
    const modern = {
      ...{
        model_type: 'modernbert',
        hidden_size: 1024,
        num_hidden_layers: 28,
        num_attention_heads: 16,
        vocab_size: 50368,
      },
      ...{
        intermediate_size: 2624,
        max_position_embeddings: 8192,
        global_attn_every_n_layers: 3,
        local_attention: 128,
      },
    };
    expect(billions(modern)).toBeCloseTo(0.395, 3); // published: 395 M
    expect(read(modern).groups.map(({ count }) => count)).toEqual([10, 18]);
  });

  it('Apertus has no gate', () => {
    const { gated } = read({ ...LLAMA, model_type: 'apertus', hidden_act: 'xielu' }).groups[0].mlp as {
      gated: boolean;
    };
    expect(gated).toBe(false);
  });
});

describe('what is not understood', () => {
  it('names the sizes of an unknown architecture in one line', () => {
    expect(refusal({ ...LLAMA, model_type: 'llama_next' })).toBe('');
    expect(read({ ...LLAMA, model_type: 'llama_next', rope_theta: 5e5, bos_token_id: 3 }).hidden).toBe(64);
    const odd = { ...LLAMA, model_type: 'llama_next', num_memory_slots: 4096, conv_blocks: [1, 2], bos_token_id: 3 };
    expect(refusal(odd)).toBe('model_type: llama_next, whose num_memory_slots, conv_blocks is not');
  });

  it('refuses experts that it cannot count in an architecture that it knows', () => {
    expect(refusal({ ...LLAMA, model_type: 'deepseek_v3', num_of_experts: 256 })).toMatch(/num_of_experts is not/);
    const renamed = { num_routed_experts: 16, num_experts_per_tok: 2, moe_intermediate_size: 32 };
    expect(read({ ...LLAMA, ...renamed, model_type: 'deepseek_v3' }).groups[0].mlp).toMatchObject({ experts: 16 });
  });

  it('takes a list of one number for the number, and names a list of several once', () => {
    expect(read({ ...LLAMA, intermediate_size: list(6, () => 96) }).groups[0].mlp).toMatchObject({ intermediate: 96 });
    expect(refusal({ ...LLAMA, intermediate_size: [96, 128, 96, 96, 96, 96] }).split('\n')).toHaveLength(1);
    expect(refusal({ ...LLAMA, layer_types: list(6, (i) => (i % 2 ? 'wavelet' : 'attention')) })).toBe(
      'layer_types: wavelet',
    );
  });
});

describe('towers', () => {
  it('count their weights where the file gives their sizes (Qwen2.5-VL 7B: 8.29 B with 0.68 B of vision)', () => {
    const vision_config = {
      ...{ depth: 32, hidden_size: 1280, intermediate_size: 3420, patch_size: 14, temporal_patch_size: 2 },
      ...{ spatial_merge_size: 2, out_hidden_size: 3584 },
    };
    const text = { ...LLAMA, model_type: 'qwen2_5_vl', vision_config };
    expect(read(text).tower_parameters! / 1e9).toBeCloseTo(0.676, 3);
    expect(billions(text)).toBeCloseTo(billions({ ...LLAMA, model_type: 'qwen2_5_vl' }) + 0.676, 3);
    expect(read({ ...text, vision_config: { depth: 32 } }).unmodelled.join()).toMatch(/neither its weights/);
  });
});
