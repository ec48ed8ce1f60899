// Models and hardware that no catalog has: small fixed ones for exact numbers, random ones for laws.
import fc from 'fast-check';
import type {
  Attention,
  Efficiency,
  EngineProfile,
  Hardware,
  LayerGroup,
  Mlp,
  Model,
  OpFamily,
  OpTable,
} from '../../src/catalog/types.ts';
import type { FitSource } from '../../src/plan/efficiency.ts';

export const DEVICE: Hardware = {
  id: 'device',
  name: 'Device',
  vendor: 'Vendor',
  kind: 'gpu',
  generation: 'first',
  shards_per_device: 1,
  peak: { bf16: 1e15, fp8: 2e15 },
  memory_bytes: 80e9,
  memory_bandwidth: 3e12,
  memory_type: 'HBM',
  scale_up: { bandwidth: 450e9, domain: 8 },
  host_link_bandwidth: 64e9,
  scale_out_bandwidth: 50e9,
  tdp_w: 700,
  source: 'test',
  confidence: 'low',
};

export const PROFILE: EngineProfile = {
  id: 'engine',
  name: 'Engine',
  batching: 'chunked',
  admission: 'prompt',
  max_num_seqs: 256,
  max_num_batched_tokens: 8192,
  block_size: 16,
  gpu_memory_utilization: 0.9,
  reserve_bytes: 1e9,
  host: { step_s: 3e-4, sequence_s: 2e-6, layer_s: 1e-6, norm: 1 },
  prefill_floor: { layer_s: 7e-4, tokens: 512 },
  source: 'test',
};

export function modelOf(groups: readonly LayerGroup[], more: Partial<Model> = {}): Model {
  return {
    id: 'model',
    name: 'Model',
    kind: 'llm',
    groups,
    hidden: 1024,
    vocab: 32000,
    tied_embeddings: false,
    max_positions: 32768,
    mtp_layers: 0,
    native_format: 'bf16',
    parameters: { total: 0, active: 0 },
    unmodelled: [],
    source: 'test',
    ...more,
  };
}

export const GQA: Attention = { kind: 'full', heads: 16, kv_heads: 4, head_dim: 64 };
export const DENSE: Mlp = { kind: 'dense', intermediate: 4096, gated: true };
export const SMALL = modelOf([{ count: 10, attention: GQA, mlp: DENSE }]);

export const NO_FITS: FitSource = { hardware: [DEVICE], efficiency: () => null };

const FAMILIES: readonly OpFamily[] = [
  ...(['gemm', 'attention-prefill', 'attention-decode', 'mla-prefill', 'mla-decode', 'moe', 'elementwise'] as const),
];
const eta = fc.double({ min: 0.2, max: 1, noNaN: true });
const norm = fc.constantFrom<1 | 2 | 4 | 8 | 'inf'>(1, 2, 4, 8, 'inf');
const launch = fc.double({ min: 1e-6, max: 5e-5, noNaN: true });

const AXES: readonly [OpFamily, readonly (readonly number[])[], number[][]?][] = [
  [
    'gemm',
    [
      [1, 64, 4096],
      [256, 8192],
      [256, 8192],
    ],
  ],
  ['attention-prefill', [[1, 256, 8192], [8, 32], [64]]],
  ['attention-decode', [[1, 64, 2048], [64, 1024, 16384], [1, 8], [64]]],
  [
    'moe',
    [[1, 100, 8192]],
    [
      [8, 2, 1024, 2048, 1],
      [64, 4, 1024, 512, 4],
    ],
  ],
];

/** A table of every family, full of one pseudo-random sequence of factors from 0.5 to 2. */
export function anyTables(seed: number): OpTable[] {
  let state = seed;
  const factor = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 500 + Math.floor((1500 * state) / 2 ** 32);
  };
  return AXES.map(([family, axes, layers]) => {
    const cells = axes.reduce((product, axis) => product * axis.length, layers?.length ?? 1);
    const permille = Array.from({ length: cells }, factor);
    const grid = { family, axes, permille, error_out: 0.1, error_out_p90: 0.3 };
    return { ...grid, formats: ['bf16', 'fp8'] as const, ...(layers ? { layers } : {}) };
  });
}

/** Random fits of one hardware: every family in 16 bits and fp8, an all-reduce, and tables beside them or not. */
export const anyEfficiency: fc.Arbitrary<Efficiency> = fc
  .tuple(
    fc.array(fc.tuple(launch, eta, eta, norm), { minLength: 10, maxLength: 10 }),
    launch,
    norm,
    fc.option(fc.integer({ min: 0, max: 1e6 })),
  )
  .map(([rows, t0_s, p, seed]) => ({
    hardware: DEVICE.id,
    ops: rows.map(([t0, eta_compute, eta_memory, q], i) => ({
      family: FAMILIES[i % 5],
      format: i < 5 ? ('bf16' as const) : ('fp8' as const),
      t0_s: t0,
      eta_compute,
      eta_memory,
      p: q,
      basis: 'calibrated' as const,
    })),
    collectives: [
      {
        ...{ op: 'all-reduce' as const, devices: 4, t0_s, rate: 2e11, p, basis: 'calibrated' as const },
        ...(seed === null ? {} : { table: { bytes: [4096, 1e6, 1e8], permille: [700, 1900, 900] } }),
      },
    ],
    ...(seed === null ? {} : { tables: anyTables(seed) }),
    source: 'test',
    licence: 'test',
  }));

const anyAttention: fc.Arbitrary<Attention> = fc.oneof(
  fc.record({
    kind: fc.constant('full' as const),
    heads: fc.constantFrom(8, 16, 32),
    kv_heads: fc.constantFrom(1, 2, 8),
    head_dim: fc.constantFrom(64, 128),
  }),
  fc.record({
    kind: fc.constant('sliding' as const),
    heads: fc.constantFrom(8, 16),
    kv_heads: fc.constantFrom(2, 4),
    head_dim: fc.constant(64),
    window: fc.constantFrom(128, 1024, 4096),
  }),
  fc.record({
    kind: fc.constant('mla' as const),
    heads: fc.constantFrom(16, 64),
    q_lora_rank: fc.constantFrom(null, 512),
    kv_lora_rank: fc.constant(256),
    qk_rope_dim: fc.constant(64),
    qk_nope_dim: fc.constant(128),
    v_head_dim: fc.constant(128),
  }),
  fc.record({
    kind: fc.constant('linear' as const),
    parameters: fc.constant(4 * 1024 * 1024),
    state_elements: fc.constant(1 << 18),
    state_bytes: fc.constantFrom(2, 4),
    flops_per_token: fc.constant(1e6),
  }),
);

const anyMlp: fc.Arbitrary<Mlp> = fc.oneof(
  fc.record({ kind: fc.constant('dense' as const), intermediate: fc.constantFrom(2048, 8192), gated: fc.boolean() }),
  fc.record({
    kind: fc.constant('moe' as const),
    experts: fc.constantFrom(8, 64),
    top_k: fc.constantFrom(1, 4),
    intermediate: fc.constantFrom(512, 2048),
    shared_intermediate: fc.constantFrom(0, 512),
    gated: fc.constant(true),
  }),
  fc.constant<Mlp>({ kind: 'none' }),
);

export const anyModel: fc.Arbitrary<Model> = fc
  .array(fc.record({ count: fc.integer({ min: 1, max: 40 }), attention: anyAttention, mlp: anyMlp }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((groups) => modelOf(groups));

export const anySplit = fc.constantFrom(
  { tp: 1, pp: 1, dp: 1, ep: 1 },
  { tp: 4, pp: 1, dp: 1, ep: 1 },
  { tp: 8, pp: 1, dp: 1, ep: 4 },
  { tp: 2, pp: 2, dp: 1, ep: 1 },
  { tp: 1, pp: 1, dp: 4, ep: 4 },
  { tp: 2, pp: 1, dp: 2, ep: 1 },
);

export const anyHardware: fc.Arbitrary<Hardware> = fc
  .record({
    bf16: fc.double({ min: 1e13, max: 3e15, noNaN: true }),
    memory_bandwidth: fc.double({ min: 1e11, max: 1e13, noNaN: true }),
    link: fc.double({ min: 1e9, max: 1e12, noNaN: true }),
    hasFp8: fc.boolean(),
  })
  .map(({ bf16, memory_bandwidth, link, hasFp8 }) => ({
    ...DEVICE,
    peak: hasFp8 ? { bf16, fp8: 2 * bf16 } : { bf16 },
    memory_bandwidth,
    scale_up: { bandwidth: link, domain: 8 },
  }));
