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

/** The fields of models/*.json that a published checkpoint has and the table of facts leaves out. */
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
};
