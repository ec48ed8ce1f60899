// What each kind of catalog file must look like; the leaf's message is the "expected" of an issue.
import { z } from 'zod';
import type { Efficiency, EngineProfile, ErrorBands, Hardware, LengthShape, Model, StepFit } from './types.ts';

const positive = z.number({ error: 'a positive number' }).positive({ error: 'a positive number' });
const fromZero = z.number({ error: 'a number from 0 up' }).min(0, { error: 'a number from 0 up' });
const size = z.int({ error: 'a positive integer' }).min(1, { error: 'a positive integer' });
const count = z.int({ error: 'an integer from 0 up' }).min(0, { error: 'an integer from 0 up' });
const share = z
  .number({ error: 'a number above 0 and at most 1' })
  .gt(0, { error: 'a number above 0 and at most 1' })
  .max(1, { error: 'a number above 0 and at most 1' });
const text = z.string({ error: 'a text' });
const named = text.min(1, { error: 'a text that is not empty' });
const flag = z.boolean({ error: 'true or false' });
const oneOf = <const T extends readonly (string | number)[]>(values: T) =>
  z.literal(values, { error: `one of ${values.join(', ')}` });

const WEIGHTS = ['bf16', 'fp16', 'fp8', 'fp8-block', 'int8', 'int4', 'nvfp4', 'mxfp4'] as const;
const BASES = ['measured', 'calibrated', 'extrapolated', 'datasheet'] as const;
const FAMILIES = ['gemm', 'attention-prefill', 'attention-decode', 'moe', 'elementwise'] as const;
const NORMS = [1, 2, 4, 8, 'inf'] as const;
const weightFormat = oneOf(WEIGHTS);

export const hardwareSchema: z.ZodType<Hardware> = z.strictObject({
  id: named,
  name: named,
  vendor: named,
  kind: oneOf(['gpu', 'gpu+cpu', 'asic', 'tpu', 'cpu']),
  generation: named,
  shards_per_device: size,
  peak: z.strictObject(
    { bf16: positive, fp8: positive.optional(), int8: positive.optional(), fp4: positive.optional() },
    { error: 'dense peaks in FLOP/s: {bf16, fp8, int8, fp4}' },
  ),
  memory_bytes: positive,
  memory_bandwidth: positive,
  memory_type: text,
  scale_up: z.strictObject({ bandwidth: fromZero, domain: size }, { error: '{bandwidth, domain}' }),
  host_link_bandwidth: fromZero,
  scale_out_bandwidth: fromZero,
  tdp_w: positive.nullable(),
  usd_per_hour: fromZero.nullable(),
  price_source: text,
  source: named,
  confidence: oneOf(['high', 'medium', 'low']),
});

const indexer = z.strictObject({ heads: size, head_dim: size, parameters: count }, { error: 'an indexer' });
const grouped = {
  heads: size,
  kv_heads: size,
  head_dim: size,
  window: size.optional(),
  qk_norm: flag.optional(),
  gated: flag.optional(),
  projections: size.optional(),
  kv_elements: size.optional(),
  compression: size.optional(),
  sparse_top_k: size.optional(),
  indexer: indexer.optional(),
};
/** No model has more, and readers walk them one by one. */
const layerCount = size.max(10_000, { error: 'at most 10000 layers' });
const attention = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('full'), ...grouped }),
    z.strictObject({ kind: z.literal('sliding'), ...grouped, window: size }),
    z.strictObject({
      kind: z.literal('mla'),
      heads: size,
      q_lora_rank: size.nullable(),
      kv_lora_rank: size,
      qk_rope_dim: count,
      qk_nope_dim: size,
      v_head_dim: size,
      sparse_top_k: size.optional(),
      indexer: indexer.optional(),
    }),
    z.strictObject({
      kind: z.literal('linear'),
      parameters: count,
      state_elements: count,
      state_bytes: size,
      flops_per_token: count,
    }),
    z.strictObject({ kind: z.literal('none') }),
  ],
  { error: 'an attention whose kind is full, sliding, mla, linear or none' },
);
const mlp = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('dense'), intermediate: size, gated: flag }),
    z.strictObject({
      kind: z.literal('moe'),
      experts: size,
      top_k: size,
      intermediate: size,
      shared_intermediate: count,
      gated: flag,
      latent: size.optional(),
    }),
    z.strictObject({ kind: z.literal('none') }),
  ],
  { error: 'an MLP whose kind is dense, moe or none' },
);

const layerGroup = z.strictObject({ count: layerCount, attention, mlp, other_parameters: count.optional() });
type LayerGroup = z.infer<typeof layerGroup>;
const fits = (test: (group: LayerGroup) => boolean, path: string[], error: string) => [test, { path, error }] as const;
/** Query heads share KV heads evenly, and no token goes to more experts than there are. */
const heads = ({ attention: one }: LayerGroup) => !('kv_heads' in one) || one.heads % one.kv_heads === 0;
const experts = ({ mlp: one }: LayerGroup) => one.kind !== 'moe' || one.top_k <= one.experts;

export const modelSchema: z.ZodType<Model> = z.strictObject({
  id: named,
  name: named,
  kind: oneOf(['llm', 'encoder']),
  groups: z
    .array(
      layerGroup
        .refine(...fits(heads, ['attention', 'kv_heads'], 'a number that divides the query heads'))
        .refine(...fits(experts, ['mlp', 'top_k'], 'at most as many as there are experts')),
      { error: 'a list of layer groups' },
    )
    .min(1, { error: 'at least one layer group' }),
  hidden: size,
  vocab: size,
  tied_embeddings: flag,
  max_positions: size,
  mtp_layers: count,
  native_format: weightFormat,
  native_attention_format: weightFormat.optional(),
  position_rows: count.optional(),
  other_parameters: count.optional(),
  parameters: z.strictObject({ total: positive, active: positive }, { error: '{total, active}' }),
  unmodelled: z.array(text, { error: 'a list of texts' }),
  source: named,
});

/** Factors on time, 1 and more. */
const factor = z.number().min(1);
const untuned = z.strictObject(
  { vendor: named, gemm_compute: factor, attention: factor, moe: factor, hops: factor },
  { error: '{vendor, gemm_compute, attention, moe, hops}' },
);

export const engineSchema: z.ZodType<EngineProfile> = z.strictObject({
  id: named,
  name: named,
  batching: oneOf(['static', 'continuous', 'chunked', 'mixed']),
  admission: oneOf(['prompt', 'full-length']),
  max_num_seqs: size,
  max_num_batched_tokens: size,
  small_devices: z
    .strictObject(
      {
        below_bytes: positive,
        or_named: z.array(named, { error: 'a list of words' }),
        max_num_seqs: size,
        max_num_batched_tokens: size,
      },
      { error: '{below_bytes, or_named, max_num_seqs, max_num_batched_tokens}' },
    )
    .optional(),
  refuses_prompts_over: oneOf(['max_num_batched_tokens']).optional(),
  block_size: size,
  gpu_memory_utilization: share,
  reserve_bytes: fromZero,
  kv_share_of: oneOf(['total', 'free']).optional(),
  window_kv: oneOf(['window', 'all']).optional(),
  static_scales: flag.optional(),
  kernels: oneOf(['trtllm']).optional(),
  untuned: z.array(untuned).optional(),
  gathers_from_bytes: positive.optional(),
  host: z.strictObject(
    {
      step_s: fromZero,
      sequence_s: fromZero,
      layer_s: fromZero,
      layer_device_s: fromZero.optional(),
      prompt_layer_s: fromZero.optional(),
      norm: oneOf([1, 2]),
    },
    { error: 'host times: {step_s, sequence_s, layer_s, layer_device_s, prompt_layer_s, norm}' },
  ),
  kernel_scale: positive.optional(),
  prefill_floor: z.strictObject({ layer_s: fromZero, tokens: count }, { error: '{layer_s, tokens}' }),
  client: z
    .strictObject({ request_s: fromZero, prompt_token_s: fromZero }, { error: '{request_s, prompt_token_s}' })
    .optional(),
  source: named,
});

/** What stands beside a fit, as far as the contract names it: fits may carry more figures about themselves. */
const fitted = { t0_s: fromZero, p: oneOf(NORMS), basis: oneOf(BASES), error_in: fromZero.optional() };
const opFit = z.looseObject({
  ...fitted,
  family: oneOf(FAMILIES),
  format: weightFormat,
  eta_compute: positive,
  eta_memory: positive,
  error_out: fromZero.optional(),
  rows: count.optional(),
});
const rising = z
  .array(positive, { error: 'a list of rising positive numbers' })
  .min(1, { error: 'at least one number' })
  .refine((list) => list.every((value, i) => i === 0 || value > list[i - 1]), { error: 'numbers that rise' });
const permille = z.array(positive, { error: 'a list of positive thousandths' });
const opTable = z
  .looseObject({
    family: oneOf(FAMILIES),
    formats: z.array(weightFormat, { error: 'a list of formats' }),
    axes: z.array(rising, { error: 'a list of axes' }).min(1, { error: 'at least one axis' }),
    layers: z.array(z.array(positive, { error: 'the sizes of a layer' }), { error: 'a list of layers' }).optional(),
    permille,
    error_out: fromZero,
    error_out_p90: fromZero,
  })
  .refine(
    (table) =>
      table.permille.length === table.axes.reduce((cells, axis) => cells * axis.length, table.layers?.length ?? 1),
    { error: 'one number per cell of the grid' },
  );
const collectiveFit = z.looseObject({
  ...fitted,
  library: oneOf(['trtllm']).optional(),
  table: z
    .strictObject({ bytes: rising, permille }, { error: '{bytes, permille}' })
    .refine((table) => table.bytes.length === table.permille.length, { error: 'as many thousandths as sizes' })
    .optional(),
  op: oneOf(['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'send-recv']),
  devices: size,
  rate: positive,
  rows: count.optional(),
});

export const efficiencySchema: z.ZodType<Efficiency> = z.looseObject({
  hardware: named,
  ops: z.array(opFit, { error: 'a list of op fits' }),
  collectives: z.array(collectiveFit, { error: 'a list of collective fits' }),
  tables: z.array(opTable, { error: 'a list of tables' }).optional(),
  source: named,
  licence: named,
});

const quantiles = z
  .array(fromZero, { error: 'a list of quantiles' })
  .min(2, { error: 'at least two quantiles' })
  .refine((list) => list.every((value, i) => i === 0 || value >= list[i - 1]), {
    error: 'quantiles that do not decrease',
  });

export const shapeSchema: z.ZodType<LengthShape> = z.strictObject({
  id: named,
  name: named,
  source: named,
  licence: named,
  rows: size,
  prompt_mean: positive,
  output_mean: positive,
  probabilities: quantiles.optional(),
  strata: z
    .array(z.strictObject({ prompt_quantiles: quantiles, output_quantiles: quantiles }), { error: 'a list of strata' })
    .min(1, { error: 'at least one stratum' }),
  curve: z
    .array(z.tuple([fromZero, fromZero, fromZero], { error: '[s, requests/s, cv]' }), {
      error: 'a list of [s, requests/s, cv]',
    })
    .min(2, { error: 'at least two points' })
    .optional(),
});

const pct = z.number({ error: 'percent above 0' }).gt(0, { error: 'percent above 0' });
const band = z.strictObject(
  { ttft_pct: pct, tpot_pct: pct, throughput_pct: pct, power_pct: pct },
  { error: '{ttft_pct, tpot_pct, throughput_pct, power_pct}' },
);

export const errorBandsSchema: z.ZodType<ErrorBands> = z.strictObject({
  id: named,
  bands: z.strictObject({ measured: band, calibrated: band, extrapolated: band, datasheet: band }),
  disaggregated: z.strictObject({ ttft_pct: pct, tpot_pct: pct }, { error: '{ttft_pct, tpot_pct}' }),
  source: named,
  licence: named,
});

const span = z.tuple([fromZero, fromZero], { error: '[least, most]' });
export const stepFitSchema: z.ZodType<StepFit> = z
  .strictObject({
    id: named,
    model: named,
    hardware: named,
    tensor_parallel_size: size,
    pipeline_parallel_size: size,
    quantization: weightFormat.nullable(),
    profile: named.nullable(),
    knots: z
      .array(count, { error: 'a list of rising token counts from 0' })
      .min(1, { error: 'at least one knot' })
      .refine((list) => list[0] === 0 && list.every((value, i) => i === 0 || value > list[i - 1]), {
        error: 'token counts that rise from 0',
      }),
    new_token_s: z.array(fromZero, { error: 'a list of times, 0 or more' }),
    fixed_s: fromZero,
    sequence_s: fromZero,
    context_token_s: fromZero,
    prompt_step_s: fromZero,
    prefill_pair_s: fromZero,
    range: z.strictObject(
      { new_tokens: span, sequences: span, context_tokens: span },
      { error: '{new_tokens, sequences, context_tokens}' },
    ),
    rows: count,
    error_in: fromZero,
    error_out: fromZero,
    error_out_p90: fromZero,
    source: named,
    licence: named,
  })
  .refine((fit) => fit.knots.length === fit.new_token_s.length, { error: 'one time per knot', path: ['new_token_s'] })
  .refine((fit) => fit.fixed_s + fit.prompt_step_s + fit.sequence_s + fit.new_token_s.reduce((a, b) => a + b, 0) > 0, {
    error: 'a step that takes time',
    path: ['fixed_s'],
  });
