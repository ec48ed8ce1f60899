// What the tables of facts lack or have wrong, for make-catalog.mjs: families, visible memory, corrections with their reasons.

/** Architecture families: relatives lend each other efficiencies. */
export const GENERATIONS = {
  'a100-sxm-40gb': 'ampere',
  'a100-sxm-80gb': 'ampere',
  'a100-pcie-80gb': 'ampere',
  a40: 'ampere',
  a30: 'ampere',
  l4: 'ada',
  l40s: 'ada',
  'rtx-4090-24gb': 'ada',
  'rtx-pro-6000-96gb': 'blackwell-rtx',
  'h100-pcie-80gb': 'hopper',
  'h100-sxm-80gb': 'hopper',
  'h100-nvl-94gb': 'hopper',
  'h800-sxm-80gb': 'hopper',
  'h200-sxm-141gb': 'hopper',
  'h200-nvl-141gb': 'hopper',
  'gh200-96gb': 'hopper',
  'gh200-144gb': 'hopper',
  'b200-sxm-180gb': 'blackwell',
  'b300-sxm-288gb': 'blackwell',
  'gb200-186gb': 'blackwell',
  'gb300-288gb': 'blackwell',
  mi250: 'cdna2',
  mi250x: 'cdna2',
  mi300x: 'cdna3',
  mi325x: 'cdna3',
  mi355x: 'cdna4',
  'arc-pro-b60-24gb': 'xe2',
  'max-1550': 'xe-hpc',
  gaudi2: 'gaudi2',
  gaudi3: 'gaudi3',
  'tpu-v5e': 'tpu-v5',
  'tpu-v5p': 'tpu-v5',
  'tpu-v6e': 'tpu-v6',
  'tpu-v7x': 'tpu-v7',
  trainium2: 'trainium2',
  inferentia2: 'trainium',
  trainium1: 'trainium',
  sn40l: 'sn40',
  'grace-72c': 'grace',
  'xeon-8480plus': 'sapphire-rapids',
  'xeon-8592plus': 'sapphire-rapids',
  'xeon-6980p': 'granite-rapids',
  'xeon-6787p': 'granite-rapids',
  'epyc-9654': 'zen4',
  'epyc-9755': 'zen5',
};

/**
 * Memory that the driver offers to a process, in GiB. The nominal "80 GB" of a board is 80 GiB of parts, less what ECC tables
 * and firmware keep: engines size their KV cache from this number. Boards not named here get their nominal size in GiB.
 */
export const VISIBLE_GIB = {
  'a100-sxm-40gb': 39.5,
  'a100-sxm-80gb': 79.15,
  'a100-pcie-80gb': 79.15,
  a40: 44.4,
  a30: 23.6,
  l4: 22.05,
  l40s: 44.4,
  'rtx-4090-24gb': 23.6,
  'rtx-pro-6000-96gb': 95,
  'h100-pcie-80gb': 79.1,
  'h100-sxm-80gb': 79.1,
  'h100-nvl-94gb': 93.1,
  'h800-sxm-80gb': 79.1,
  'h200-sxm-141gb': 139.8,
  'h200-nvl-141gb': 139.8,
  'gh200-96gb': 94.5,
  'b200-sxm-180gb': 178.35,
  'b300-sxm-288gb': 267.7,
  'gb200-186gb': 184,
  'gb300-288gb': 276.6,
};

/** Corrections to hardware_ids.csv. */
export const HARDWARE_FIXES = {
  'rtx-4090-24gb': {
    peak: { int8: 660e12 },
    why: 'int8: 660 TOP/s dense (Ada whitepaper, from memory), twice the 330 of fp8 with 32-bit sums',
  },
  'h100-pcie-80gb': {
    scale_up: { domain: 8 },
    why: 'scale-up: PCIe among 8 boards of a server; NVLink bridges (300 GB/s one way, pairs) are optional and not assumed',
  },
  'tpu-v5p': { peak: { fp8: undefined }, why: 'no fp8 rate: the matrix unit has none of its own' },
  'tpu-v6e': { peak: { fp8: undefined }, why: 'no fp8 rate: the matrix unit has none of its own' },
  'b300-sxm-288gb': { why: 'fp4: 14 PFLOP/s is the dense figure' },
  'gb300-288gb': { why: 'fp4: 15 PFLOP/s is the dense figure' },
};

/** Vision towers that tables of text models leave out: SigLIP so400m of Gemma 3, the tower of Llama 4. */
const SIGLIP = { hidden_size: 1152, num_hidden_layers: 27, intermediate_size: 4304, patch_size: 14, image_size: 896 };
const LLAMA_4 = { hidden_size: 1408, num_hidden_layers: 34, intermediate_size: 5632, patch_size: 14, image_size: 336 };
/** Qwen3-VL's tower without features that go in deeper: transformers' Qwen3_5VisionConfig (Apache-2.0). */
const QWEN_3_5 = (width) => ({
  outer: {
    vision_config: {
      ...{ hidden_size: 1152, depth: 27, intermediate_size: 4304, patch_size: 16, temporal_patch_size: 2 },
      ...{ spatial_merge_size: 2, out_hidden_size: width },
    },
  },
  why: "vision tower: sizes of transformers' Qwen3_5VisionConfig",
});

/** What a published checkpoint has and the table of facts leaves out: fields of the text model or of the whole file, the name. */
export const MODEL_FIXES = {
  'kimi-k2.5': {
    config: {
      quantization_config: {
        quant_method: 'compressed-tensors',
        config_groups: { group_0: { weights: { num_bits: 4, type: 'int', group_size: 32 } } },
        ignore: ['lm_head', 're:.*self_attn.*'],
      },
    },
    why: 'weights: published in int4 with 16-bit attention (model card, from memory)',
  },
  'gemma-4-31b': { name: 'google/gemma-4-31B-it' },
  'gemma-3-27b': { outer: { vision_config: SIGLIP }, why: 'vision tower: that of the smaller Gemma 3' },
  'llama-4-scout-17b-16e': { outer: { vision_config: LLAMA_4 }, why: 'vision tower: that of Llama Guard 4' },
  'llama-4-maverick-17b-128e': { outer: { vision_config: LLAMA_4 }, why: 'vision tower: that of Llama Guard 4' },
  'qwen3.5-9b': QWEN_3_5(4096),
  'qwen3.5-27b': QWEN_3_5(5120),
  'qwen3.5-35b-a3b': QWEN_3_5(2048),
  'qwen3.5-122b-a10b': QWEN_3_5(3072),
  'qwen3.5-397b-a17b': QWEN_3_5(4096),
  'granite-4.0-h-small': {
    config: {
      ...{ mamba_n_heads: 128, mamba_d_head: 64, mamba_d_state: 128, mamba_n_groups: 1, mamba_d_conv: 4 },
    },
    why: 'Mamba-2: sizes of the published config.json (from memory; the count agrees)',
  },
  'falcon-h1-7b': {
    config: {
      ...{ mamba_n_heads: 24, mamba_d_head: 128, mamba_d_state: 256, mamba_n_groups: 1, mamba_d_conv: 4 },
    },
    why: 'Mamba-2: sizes of the published config.json (from memory; the count agrees)',
  },
  'internvl3.5-38b': { towerByDifference: true },
  'gemma-3n-e4b': { towerByDifference: true },
  'devstral-small-2-24b': { towerByDifference: true },
  'llama-3.2-11b-vision': { towerByDifference: true },
};

const TEXT_ONLY = 'the text model of Mistral Small 3.2';
const ofText = ({ tower_parameters: _, unmodelled: __, ...model }) => ({ ...model, unmodelled: [] });

/** Architectures that are another's with a field changed; `models` are those of the tables. */
export const OTHER_MODELS = {
  'mistral-7b-v0.2': (models) => {
    const v3 = models.find(({ id }) => id === 'mistral-7b-v0.3');
    const fewer = 2 * (v3.vocab - 32000) * v3.hidden; // embedding and head
    const { total, active } = v3.parameters;
    return {
      ...v3,
      name: 'mistralai/Mistral-7B-Instruct-v0.2',
      vocab: 32000,
      parameters: { total: total - fewer, active: active - fewer / 2 },
      source: `${v3.source}; v0.2: the vocabulary of v0.1 (32,000), no window (published config.json, from memory)`,
    };
  },
  'mistral-small-24b': (models) => {
    const vision = models.find(({ id }) => id === 'mistral-small-3.2-24b');
    const total = vision.parameters.total - vision.tower_parameters;
    return {
      ...ofText(vision),
      name: 'mistralai/Mistral-Small-24B-Instruct-2501',
      max_positions: 32768,
      parameters: { ...vision.parameters, total },
      source: `${TEXT_ONLY}; ${vision.source}`,
    };
  },
};

/** Names that the table gives to another architecture: v0.2 has no window, and two Small models no vision tower. */
export const NAME_FIXES = {
  'mistralai/Mistral-7B-Instruct-v0.2': 'mistral-7b-v0.2',
  'TheBloke/Mistral-7B-Instruct-v0.2-GPTQ': 'mistral-7b-v0.2',
  'TheBloke/Mistral-7B-Instruct-v0.2-AWQ': 'mistral-7b-v0.2',
  'mistralai/Mistral-Small-24B-Instruct-2501': 'mistral-small-24b',
  'mistralai/Devstral-Small-2507': 'mistral-small-24b',
};

/** The format where the table gives another than the ending of the name says: it has int4 for all of AWQ, bf16 for some. */
export function formatFix(name) {
  if (/8bit$/.test(name)) return 'int8';
  if (name === 'zai-org/GLM-5.1-FP8') return 'fp8-block'; // as GLM-5-FP8
  return /int4$/.test(name) ? 'int4' : undefined;
}
