// A catalog entry in words: labels and values a person can check against a datasheet or a model card.

import { BYTES_PER_WEIGHT, countParameters, kvBytesPerToken, layerParameters, weightBytes } from './parameters.ts';
import { tellPrice, tellUnpriced, usdPerHour } from './price-sheets.ts';
import type {
  Attention,
  EngineProfile,
  Hardware,
  KvFormat,
  LayerGroup,
  LengthShape,
  Link,
  Mlp,
  Model,
  PriceSheet,
  WeightFormat,
} from './types.ts';

export type Fact = readonly [label: string, value: string];

/** Three significant digits without an exponent: 0.0035, 1.4, 312, 14,142. */
export function short(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 9) });
}

const giga = (value: number) => short(value / 1e9);
const billions = (count: number) => `${short(count / 1e9)} B`;

/** Bytes in decimal units, as the rest of the program states them. */
function bytes(value: number): string {
  if (value >= 1e9) return `${giga(value)} GB`;
  return value >= 1e6 ? `${short(value / 1e6)} MB` : `${value.toLocaleString('en-US', { maximumFractionDigits: 1 })} B`;
}

export function describeHardware(entry: Hardware): Fact[] {
  const peaks = Object.entries(entry.peak).map(([format, rate]) => `${format} ${short(rate / 1e12)}`);
  const shards = entry.shards_per_device > 1 ? `, ${entry.shards_per_device} shards each` : '';
  const alone = entry.scale_up.domain === 1;
  return [
    ['name', `${entry.name} (${entry.vendor})`],
    ['kind', `${entry.kind}, ${entry.generation}${shards}`],
    ['dense peaks', `${peaks.join(' · ')} TFLOP/s`],
    ['memory', `${giga(entry.memory_bytes)} GB ${entry.memory_type}, ${giga(entry.memory_bandwidth)} GB/s`],
    [
      'scale-up',
      alone ? 'none' : `${giga(entry.scale_up.bandwidth)} GB/s one way among ${short(entry.scale_up.domain)}`,
    ],
    ['to the host', `${giga(entry.host_link_bandwidth)} GB/s one way`],
    ['scale-out', entry.scale_out_bandwidth === 0 ? 'none' : `${giga(entry.scale_out_bandwidth)} GB/s one way`],
    ['board power', entry.tdp_w === null ? 'unknown' : `${entry.tdp_w} W`],
    ['confidence', entry.confidence],
    ['source', entry.source],
  ];
}

export function describeLink(entry: Link): Fact[] {
  const shares = `${short(entry.exchange_share * 100)} % of it in exchanges, ${short(entry.copy_share * 100)} % in copies`;
  return [
    ['name', entry.name],
    ['bandwidth', `${giga(entry.bandwidth)} GB/s one way per device; ${shares}`],
    ['hop', `${short(entry.latency_s * 1e6)} us`],
    ['joins', entry.domain === undefined ? 'any number' : String(entry.domain)],
    ['confidence', entry.confidence],
    ['source', entry.source],
  ];
}

/** What a device costs under every sheet that has it, at the sheets' own terms; or why none does. */
export function describePrices(entry: Hardware, sheets: readonly PriceSheet[]): Fact[] {
  const facts = sheets.flatMap((sheet): Fact[] =>
    sheet.prices
      .filter(({ hardware }) => hardware === entry.id)
      .map((price) => [`price, ${sheet.id}`, tellPrice(price, usdPerHour(price, sheet, PAID_ALONE))]),
  );
  return facts.length > 0 ? facts : [['price', `none: ${tellUnpriced(entry)}`]];
}

export function describeSheet(sheet: PriceSheet): Fact[] {
  const { years, utilisation, usd_per_kwh, pue } = sheet.ownership ?? {};
  const terms = `${years} years, ${short((utilisation ?? 0) * 100)} % of their hours, power at ${usd_per_kwh} USD per kWh x PUE ${pue}`;
  return [
    ['kind', sheet.name],
    ...(sheet.ownership ? [['terms', terms] as Fact] : []),
    ...sheet.prices.map((price): Fact => [price.hardware, tellPrice(price, usdPerHour(price, sheet, PAID_ALONE))]),
    ['source', `${sheet.source} (${sheet.licence})`],
  ];
}

/** No electricity but what a price holds. */
const PAID_ALONE = { power: { usd_per_kwh: null } };

function smallLimits({ small_devices: small }: EngineProfile): Fact[] {
  if (!small) return [];
  const where = [`below ${bytes(small.below_bytes)}`, ...small.or_named].join(' or ');
  const limits = `${small.max_num_seqs} sequences, ${short(small.max_num_batched_tokens)} tokens`;
  return [['on small devices', `${limits} (${where})`]];
}

function hostTime(what: string, host: EngineProfile['host']): Fact {
  const joined = host.norm === 1 ? 'added to device time' : 'overlapping device time (root of squares)';
  const layer = `${short(host.layer_s * 1e6)} us/layer`;
  return [
    what,
    `${short(host.step_s * 1e3)} ms/step + ${short(host.sequence_s * 1e6)} us/sequence + ${layer}, ${joined}`,
  ];
}

export function describeEngine(entry: EngineProfile): Fact[] {
  const { host, state_host: states, prefill_floor: floor } = entry;
  return [
    ['name', entry.name],
    ['batching', entry.batching],
    ['admission', entry.admission],
    ['max_num_seqs', short(entry.max_num_seqs)],
    ['max_num_batched_tokens', short(entry.max_num_batched_tokens)],
    ...smallLimits(entry),
    ['block_size', `${entry.block_size} tokens`],
    ['gpu_memory_utilization', String(entry.gpu_memory_utilization)],
    ['reserve', bytes(entry.reserve_bytes)],
    ...(entry.kernel_scale === undefined ? [] : ([['kernels', `${entry.kernel_scale} times as long`]] as Fact[])),
    hostTime('host time', host),
    ...(states === undefined ? [] : [hostTime('of models with states', states)]),
    [
      'prefill floor',
      floor.layer_s === 0 ? 'none' : `${short(floor.layer_s * 1e3)} ms/layer above ${floor.tokens} new tokens`,
    ],
    ['source', entry.source],
  ];
}

export function describeShape(entry: LengthShape): Fact[] {
  return [
    ['name', entry.name],
    ['requests', short(entry.rows)],
    ['prompt', `${short(entry.prompt_mean)} tokens in the mean`],
    ['output', `${short(entry.output_mean)} tokens in the mean`],
    ['strata', `${entry.strata.length} by prompt length`],
    ['source', entry.source],
    ['licence', entry.licence],
  ];
}

export function describeModel(entry: Model): Fact[] {
  const { total, active, embedding } = countParameters(entry);
  const published = entry.parameters;
  const formats = entry.native_attention_format
    ? `${entry.native_format}, attention ${entry.native_attention_format}`
    : entry.native_format;
  return [
    ['name', entry.name],
    ['kind', entry.kind === 'llm' ? 'language model' : 'encoder'],
    ['parameters', `${billions(total)}, active ${billions(active)}, embedding table ${billions(embedding)}`],
    ['published', `${billions(published.total)}, active ${billions(published.active)}`],
    ['hidden, vocabulary', `${short(entry.hidden)}, ${short(entry.vocab)}${entry.tied_embeddings ? ' (tied)' : ''}`],
    ['longest context', `${entry.max_positions.toLocaleString('en-US')} tokens`],
    ['checkpoint', entry.format_unclear ? `say quantization: ${entry.format_unclear}` : formats],
    ['weights', describeWeights(entry)],
    ['KV cache, bf16', describeKv(entry, 'bf16')],
    ['KV cache, fp8', describeKv(entry, 'fp8')],
    ...entry.groups.map((group): Fact => [`${group.count} layers`, describeGroup(group, entry.hidden)]),
    ...(entry.mtp_layers > 0 ? [['MTP layers', `${entry.mtp_layers} (not counted above)`] as Fact] : []),
    ...entry.unmodelled.map((words): Fact => ['not modelled', words]),
    ['source', entry.source],
  ];
}

function describeWeights(model: Model): string {
  const formats: readonly WeightFormat[] = ['bf16', 'fp8', 'int4', 'nvfp4'];
  const native = weightBytes(model, model.native_format, model.native_attention_format);
  const others = formats.filter((format) => format !== model.native_format || model.native_attention_format);
  const all = others.map((format) => `${format} ${giga(weightBytes(model, format))}`);
  return `${giga(native)} GB as published · ${all.join(' · ')} GB`;
}

/** What one sequence leaves in memory, in one format. */
function describeKv(model: Model, format: KvFormat): string {
  const kv = kvBytesPerToken(model, format);
  const parts: string[] = [];
  if (kv.growing > 0) parts.push(`${bytes(kv.growing)}/token`);
  for (const { tokens, bytesPerToken } of kv.window) {
    parts.push(`${bytes(bytesPerToken)}/token for the last ${tokens.toLocaleString('en-US')}`);
  }
  if (kv.stateBytesPerSequence > 0) parts.push(`${bytes(kv.stateBytesPerSequence)}/sequence of state`);
  return parts.join(' + ') || 'none';
}

function describeGroup(group: LayerGroup, hidden: number): string {
  const layer = layerParameters(group, hidden);
  const mlp = layer.dense + layer.shared + layer.router + layer.experts * layer.expert;
  const words = [`${describeAttention(group.attention)} (${short(layer.attention / 1e6)} M)`];
  if (group.attention.kind === 'none') words.pop();
  if (group.mlp.kind !== 'none') words.push(`${describeMlp(group.mlp)} (${short(mlp / 1e6)} M)`);
  return words.join(' + ');
}

export function describeAttention(attention: Attention): string {
  if (attention.kind === 'none') return 'no mixer';
  if (attention.kind === 'linear') return 'linear attention with a fixed state';
  const sparse = attention.sparse_top_k ? `, sparse top ${attention.sparse_top_k}` : '';
  if (attention.kind === 'mla') {
    return `MLA ${attention.heads} heads, latent ${attention.kv_lora_rank}+${attention.qk_rope_dim}${sparse}`;
  }
  const reach = attention.kind === 'sliding' ? `window ${attention.window}` : 'full';
  const packed = attention.compression ? `, one entry per ${attention.compression} tokens` : '';
  return `${reach} attention ${attention.heads}/${attention.kv_heads} heads of ${attention.head_dim}${packed}${sparse}`;
}

function describeMlp(mlp: Mlp): string {
  if (mlp.kind === 'none') return 'no MLP';
  const gate = mlp.gated ? 'gated ' : '';
  if (mlp.kind === 'dense') return `${gate}MLP ${mlp.intermediate}`;
  const shared = mlp.shared_intermediate > 0 ? `, ${mlp.shared_intermediate} shared` : '';
  const latent = mlp.latent ? ` on a latent of ${mlp.latent}` : '';
  return `${mlp.experts} ${gate}experts of ${mlp.intermediate}${latent}, ${mlp.top_k} per token${shared}`;
}

/** The derived figures of a model, for programs. */
export function deriveModel(model: Model) {
  const weights = Object.keys(BYTES_PER_WEIGHT) as WeightFormat[];
  return {
    parameters: countParameters(model),
    weight_bytes: Object.fromEntries(weights.map((format) => [format, weightBytes(model, format)])),
    native_weight_bytes: weightBytes(model, model.native_format, model.native_attention_format),
    kv_bytes_per_token: { bf16: kvBytesPerToken(model, 'bf16'), fp8: kvBytesPerToken(model, 'fp8') },
  };
}
