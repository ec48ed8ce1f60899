// What the tables of facts lack or have wrong, for make-catalog.mjs: families, visible memory, corrections with their reasons.

const of = (generation, ids) => Object.fromEntries(ids.split(' ').map((id) => [id, generation]));

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
  ...of(
    'ampere',
    'rtx-3090-24gb rtx-a4000-16gb rtx-a5000-24gb rtx-a6000-48gb a2-16gb a10-24gb a10g-24gb a100-pcie-40gb',
  ),
  ...of('ampere', 'a800-sxm-80gb jetson-agx-orin-64gb'),
  ...of('ada', 'rtx-4080-16gb rtx-5000-ada-32gb rtx-6000-ada-48gb l40-48gb l20-48gb'),
  ...of('turing', 'rtx-2080-ti-22gb t4-16gb'),
  ...of('volta', 'v100-sxm2-16gb v100-sxm2-32gb'),
  ...of('pascal', 'p100-16gb p40-24gb'),
  ...of(
    'blackwell-rtx',
    'rtx-5090-32gb rtx-5080-16gb rtx-5070-ti-16gb rtx-5060-ti-16gb rtx-pro-4000-24gb rtx-pro-4500-32gb',
  ),
  ...of('blackwell-rtx', 'rtx-pro-4500-server-32gb rtx-pro-5000-48gb rtx-pro-5000-72gb rtx-pro-6000-ws-96gb'),
  ...of('blackwell-rtx', 'rtx-pro-6000-maxq-96gb gb10-128gb jetson-thor-128gb'),
  ...of('hopper', 'h20-96gb h20-3e-141gb'),
  ...of('blackwell', 'b100-sxm-192gb'),
  ...of('rubin', 'rubin-288gb rubin-cpx-128gb'),
  ...of('cdna1', 'mi100-32gb'),
  ...of('cdna2', 'mi210-64gb'),
  ...of('cdna3', 'mi300a-128gb mi308x-192gb'),
  ...of('cdna4', 'mi350x'),
  ...of('cdna5', 'mi455x-432gb'),
  ...of('rdna3', 'radeon-pro-w7900-48gb rx-7900-xtx-24gb ryzen-ai-max-395-128gb'),
  ...of('rdna4', 'radeon-ai-pro-r9700-32gb rx-9070-xt-16gb'),
  ...of('xe2', 'arc-pro-b50-16gb arc-pro-b65-32gb arc-pro-b70-32gb'),
  ...of('tpu-v4', 'tpu-v4'),
  ...of('tpu-v8', 'tpu-8t tpu-8i'),
  ...of('trainium2', 'trainium2-ultra'),
  ...of('trainium3', 'trainium3'),
  ...of('wormhole', 'wormhole-n150-12gb wormhole-n300-24gb'),
  ...of('blackhole', 'blackhole-p150a-32gb'),
  ...of('cloud-ai100', 'cloud-ai100-ultra-128gb'),
  ...of('ascend-910', 'ascend-910b-64gb ascend-910c-128gb'),
  ...of('ascend-950', 'ascend-950pr-128gb ascend-950dt-144gb'),
  ...of('apple-m', 'm2-max-96gb m2-ultra-192gb m3-max-128gb m3-ultra-512gb m4-max-128gb m5-max-128gb m5-ultra-256gb'),
  ...of('zen5', 'epyc-9965 epyc-9575f ryzen-9950x'),
  ...of('neoverse-v2', 'graviton4-96c'),
  ...of('vera', 'vera-88c'),
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
  'rtx-3090-24gb': 23.6,
  'rtx-4080-16gb': 15.6,
  'rtx-5090-32gb': 31.3,
  'rtx-5080-16gb': 15.5,
  'rtx-a6000-48gb': 47.4,
  'rtx-6000-ada-48gb': 47.4,
  'a10-24gb': 22.1,
  'a10g-24gb': 22.1,
  't4-16gb': 14.6,
  'v100-sxm2-16gb': 15.8,
  'v100-sxm2-32gb': 31.7,
  'l40-48gb': 44.4,
  'l20-48gb': 44.4,
  'a100-pcie-40gb': 39.5,
  'a800-sxm-80gb': 79.15,
  'h20-96gb': 95.1,
  'h20-3e-141gb': 139.8,
};

/** Corrections to hardware_ids.csv. */
export const HARDWARE_FIXES = {
  'rtx-4090-24gb': {
    peak: { int8: 660.6e12 },
    why: 'int8: 660.6 TOP/s dense (hmc-tech.com), twice the 330 of fp8 with 32-bit sums',
  },
  'h100-pcie-80gb': {
    scale_up: { domain: 8 },
    why: 'scale-up: PCIe among 8 boards of a server; NVLink bridges (300 GB/s one way, pairs) are optional and not assumed',
  },
  'tpu-v5p': { peak: { fp8: undefined }, why: 'no fp8 rate: the matrix unit has none of its own' },
  'tpu-v6e': { peak: { fp8: undefined }, why: 'no fp8 rate: the matrix unit has none of its own' },
  'b300-sxm-288gb': { why: 'fp4: 14 PFLOP/s is the dense figure' },
  'gb300-288gb': { why: 'fp4: 15 PFLOP/s is the dense figure' },
  mi355x: {
    scale_up: { bandwidth: 535.5e9 },
    why: 'scale-up: 7 links of 76.5 GB/s one way (stas00/ml-engineering@744d01e, from 153 GB/s a link both ways of AMD); 576 was of InferenceX',
  },
  'tpu-v7x': { why: '7,380 GB/s, 192 GiB and 100 Gbit/s confirmed by docs.cloud.google.com/tpu/docs/tpu7x' },
};

/** Devices of the newer table that the cost model has no words for: weights that stream from elsewhere, a schedule over hundreds of chips. */
export const LEFT_OUT = new Set(['cerebras-wse-3', 'groq-lpu-v1']);

/** Words of the table of prices for devices without a public rental price, and ours. */
export const AVAILABILITY = {
  'rental exists': 'unlisted',
  'own only': 'owned',
  announced: 'announced',
  'China clouds': 'china',
  'sold per token': 'per-token',
};

/** Sold by their maker alone, so that its price on demand is the price. */
export const OWNERS = /^(tpu|trainium|inferentia)/;

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
