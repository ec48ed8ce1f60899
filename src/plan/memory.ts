// How many KV blocks fit beside the weights: allocator rules of the engines, not ideal bytes (data/cases/SCHEMA.md section 3).
import {
  BYTES_PER_WEIGHT,
  embeddingParameters,
  expertParameters,
  headParameters,
  kvElements,
  layerParameters,
} from '../catalog/parameters.ts';
import type { Attention, EngineProfile, Hardware, LayerGroup, Model } from '../catalog/types.ts';
import { localAttentionWidth } from '../stages/attention-ops.ts';
import { headBytes } from '../stages/draft-head.ts';
import type { Formats } from '../stages/formats.ts';
import { layersOf, localExpertWidth, localHeads, localKvElements, localWidth, type Split } from '../stages/split.ts';
import type { Draft } from './draft.ts';
import { growingBytes, mostRequests, type PoolLayout, pagesHeld, poolLayout } from './pages.ts';

/** What a deployment asks of one device's memory; the engine's own defaults are in its profile. */
export interface MemoryAsk {
  readonly gpuMemoryUtilization: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly blockSize: number;
  /** Tokens that are drafted for a decode; absent = none. */
  readonly drafts?: number;
  /** Slots for LoRA adapters on one device; absent = none. */
  readonly adapterBytes?: number;
}

export interface KvCapacity extends PoolLayout {
  /** KV blocks of one scheduler, so of each attention group (dp): what its fullest stage holds. */
  readonly blocks: number;
  readonly weightsBytes: number;
  readonly activationBytes: number;
  readonly reserveBytes: number;
  /** What the cache gets on one device. */
  readonly cacheBytes: number;
  readonly reason?: 'weights-do-not-fit' | 'no-room-for-kv';
  readonly words: string;
}

/** What a sampler holds of a logit: 16 bits of the model, 32 of the sampler and 32 of its softmax. */
const LOGIT_BYTES = 10;

/** Block ids are 32-bit. */
const MOST_BLOCKS = 2 ** 31 - 1;

/** Blocks of one scheduler of the model on this hardware. */
export function kvCapacity(
  model: Model,
  hardware: Hardware,
  split: Split,
  formats: Formats,
  profile: EngineProfile,
  ask: MemoryAsk,
  draft: Draft | null = null,
): KvCapacity {
  const weightsBytes = weightsPerDevice(model, split, formats) + (draft ? draftWeights(draft, model) : 0);
  const logit = profile.logit_bytes;
  const drafting = draft ? activationPeak(draft.model, draft.split, ask, logit) : 0;
  const activationBytes = Math.max(activationPeak(model, split, ask, logit), drafting);
  const reserveBytes = profile.reserve_bytes + (split.tp > 1 ? (profile.group_bytes ?? 0) : 0);
  const used = { weights: weightsBytes, activations: activationBytes, reserve: reserveBytes };
  const room = roomForCache(hardware, profile, ask, used);
  const stage = Math.ceil(layersOf(model) / split.pp) / layersOf(model);
  const draftBytes = draft ? draftTokenBytes(draft, profile) : 0;
  const { blockSize, drafts = 0 } = ask;
  const layout = poolLayout(model, split, formats, profile, { blockSize, stage, draftBytes, drafts });
  // a model that caches nothing needs no blocks: as many as a block table can count
  const fitting = layout.blockBytes > 0 ? Math.floor(room / layout.blockBytes) : MOST_BLOCKS;
  const blocks = Math.min(MOST_BLOCKS, fitting);
  const sizes = { ...layout, weightsBytes, activationBytes, reserveBytes, cacheBytes: room };
  if (weightsBytes > hardware.memory_bytes * ask.gpuMemoryUtilization) {
    const words = `weights of ${gigabytes(weightsBytes)} per device do not fit in ${memoryWords(hardware, ask, weightsBytes)}`;
    return { blocks: 0, ...sizes, reason: 'weights-do-not-fit', words };
  }
  if (blocks < pagesHeld(layout, 1, 1)) {
    const words = `weights of ${gigabytes(weightsBytes)} per device leave no room for a KV block in ${gigabytes(hardware.memory_bytes)}`;
    return { blocks: 0, ...sizes, reason: 'no-room-for-kv', words };
  }
  return {
    blocks,
    ...sizes,
    // few of the deployments that a sweep looks at are told of
    get words() {
      return (
        `${blocks} blocks of ${layout.blockTokens} tokens${rankWords(split)}${pageWords(layout, blocks, model, ask)}: ${gigabytes(room)} of ${gigabytes(hardware.memory_bytes)} left after ` +
        `weights ${gigabytes(weightsBytes)}, activations ${gigabytes(activationBytes)}, reserve ${gigabytes(reserveBytes)}${adapterWords(ask)}`
      );
    },
  };
}

function adapterWords({ adapterBytes = 0 }: MemoryAsk): string {
  return adapterBytes > 0 ? `, adapters ${gigabytes(adapterBytes)}` : '';
}

/** A sequence lives on one rank. */
function rankWords({ dp }: Split): string {
  return dp > 1 ? ` on each of ${dp} ranks` : '';
}

/** A draft model is whole on its devices; a head is its layer, its fusion and what it does not share with the model. */
function draftWeights({ method, model, split, formats }: Draft, target: Model): number {
  if (method === 'draft_model') return weightsPerDevice(model, split, formats);
  return (
    sumLayers(model, (group) => layerBytes(group, model.hidden, split, formats)) + headBytes(target, method, split)
  );
}

/** The draft's own cache of one token, on one device: the same tokens as the model's, in blocks beside it. */
function draftTokenBytes({ model, split, formats }: Draft, profile: EngineProfile): number {
  return growingBytes(model, split, formats, profile);
}

/** What of its blocks a sequence of a hybrid model takes, and how many of the longest fit, in words. */
function pageWords(layout: PoolLayout, blocks: number, model: Model, { maxNumBatchedTokens }: MemoryAsk): string {
  const { pages, blockTokens } = layout;
  if (!pages) return '';
  const { full, near, window, fixed } = pages;
  const parts = [
    full > 0 ? `${full} for every ${blockTokens} tokens` : '',
    near > 0 ? `${near} for every ${blockTokens} of its last ${window}` : '',
    fixed > 0 ? `${fixed} for its states` : '',
  ].filter((part) => part !== '');
  const longest = model.max_positions;
  const most = mostRequests(layout, blocks, longest, maxNumBatchedTokens).toFixed(2);
  return ` (a sequence takes ${parts.join(', ')}; ${most} sequences of ${longest} tokens)`;
}

interface Used {
  readonly weights: number;
  readonly activations: number;
  readonly reserve: number;
}

/** The memory of a device, and what of it an engine may take where that is what is too small. */
function memoryWords(
  { memory_bytes: all }: Hardware,
  { gpuMemoryUtilization: share }: MemoryAsk,
  weights: number,
): string {
  return weights > all
    ? gigabytes(all)
    : `${gigabytes(share * all)}, ${Number((100 * share).toPrecision(6))} % of ${gigabytes(all)}`;
}

/**
 * vLLM takes a share of all memory, all it uses included; TensorRT-LLM takes a share of what the rest leaves free; SGLang's share is of
 * what is free before it loads, for weights and cache alone: what a step needs lives in the rest, and nothing measures it.
 */
function roomForCache(
  { memory_bytes: memory }: Hardware,
  { kv_share_of }: EngineProfile,
  { gpuMemoryUtilization: share, adapterBytes = 0 }: MemoryAsk,
  { weights, activations, reserve }: Used,
): number {
  const held = weights + adapterBytes;
  if (kv_share_of === 'weights-and-cache') return Math.max(0, share * (memory - reserve) - held);
  const used = held + activations + reserve;
  if (kv_share_of === 'free') return Math.max(0, share * (memory - used));
  return Math.max(0, memory * share - used);
}

function sumLayers(model: Model, of: (group: LayerGroup) => number): number {
  return model.groups.reduce((sum, group) => sum + group.count * of(group), 0);
}

/**
 * Weights on one device of the fullest pipeline stage: ceil(L/pp) layers of the mean size and the larger of embedding and head
 * (both where there is one stage). Attention and shared MLPs are split by tp and repeated over dp; routed experts by tp*dp.
 */
export function weightsPerDevice(model: Model, split: Split, formats: Formats): number {
  const layers = layersOf(model);
  const stage = layers === 0 ? 0 : Math.ceil(layers / split.pp) / layers;
  const body = sumLayers(model, (group) => layerBytes(group, model.hidden, split, formats));
  const embedding = (2 * embeddingParameters(model)) / split.tp;
  const head = model.tied_embeddings && split.pp === 1 ? 0 : (2 * headParameters(model)) / split.tp;
  const tables = split.pp === 1 ? embedding + head : Math.max(embedding, head);
  const towers = (2 * (model.tower_parameters ?? 0)) / split.tp;
  return body * stage + tables + towers + 2 * (model.other_parameters ?? 0);
}

function layerBytes(group: LayerGroup, hidden: number, split: Split, formats: Formats): number {
  const sizes = layerParameters(group, hidden);
  const attention =
    sizes.attention * attentionShare(group.attention, hidden, split) * BYTES_PER_WEIGHT[formats.attention];
  const perWeight = BYTES_PER_WEIGHT[formats.weights];
  const dense = sizes.dense * widthShare(group.mlp.kind === 'dense' ? group.mlp.intermediate : 0, split);
  const shared = sizes.shared * widthShare(group.mlp.kind === 'moe' ? group.mlp.shared_intermediate : 0, split);
  return (
    attention + (dense + shared + expertsPerDevice(group, hidden, split)) * perWeight + 2 * (sizes.router + sizes.other)
  );
}

/** A tp-th, and a little more where padding to whole shards makes it so. */
function widthShare(width: number, split: Split): number {
  return width === 0 ? 1 / split.tp : localWidth(width, split) / width;
}

function expertsPerDevice(group: LayerGroup, hidden: number, split: Split): number {
  if (group.mlp.kind !== 'moe') return 0;
  const { experts, intermediate } = group.mlp;
  const slice = localExpertWidth(intermediate, split) / intermediate;
  return Math.ceil(experts / split.ep) * expertParameters(group.mlp, hidden) * slice;
}

/** Share of the mixer's weights on one device: heads split and padded, KV heads replicated; MLA's down projections whole. */
function attentionShare(attention: Attention, hidden: number, split: Split): number {
  if (attention.kind === 'none' || attention.kind === 'linear') return 1 / split.tp;
  const heads = localHeads(attention.heads, split) / attention.heads;
  if (attention.kind === 'mla') {
    const down = hidden * (attention.kv_lora_rank + attention.qk_rope_dim + (attention.q_lora_rank ?? 0));
    const all = layerParameters({ count: 1, attention, mlp: { kind: 'none' } }, hidden).attention;
    const whole = (down + (attention.indexer?.parameters ?? 0)) / all;
    return whole + (1 - whole) * heads;
  }
  if (attention.projections !== undefined) return heads;
  const query = (attention.gated ? 3 : 2) * attention.heads;
  const keyValue = 2 * attention.kv_heads;
  const kv = localKvElements(attention, split) / kvElements(attention);
  return (query * heads + keyValue * kv) / (query + keyValue);
}

/**
 * Peak of activations in the dummy run that engines measure: the larger of two moments. `max_num_batched_tokens` tokens pass the widest
 * layer: input, residual and normed input of every token, the wider of (q, k, v, output) and (gate, up, activated; experts hold one row
 * per choice). Then `max_num_seqs` samplers hold `logitBytes` for each of their logits, beside every token's last hidden state. 16-bit
 * activations.
 */
export function activationPeak(model: Model, split: Split, ask: MemoryAsk, logitBytes = LOGIT_BYTES): number {
  let widest = 0;
  for (const group of model.groups) {
    const { query, keyValue } = localAttentionWidth(group.attention, split);
    widest = Math.max(widest, 2 * query + keyValue, mlpActivations(group, model.hidden, split));
  }
  const tokens = ask.maxNumBatchedTokens;
  const layer = 2 * tokens * (3 * model.hidden + widest);
  if (model.kind !== 'llm') return layer;
  return Math.max(layer, 2 * tokens * model.hidden + Math.min(ask.maxNumSeqs, tokens) * model.vocab * logitBytes);
}

/** Elements per token: gate, up and activated; every choice of an expert has a row of its own and a result. */
function mlpActivations({ mlp }: LayerGroup, hidden: number, split: Split): number {
  if (mlp.kind === 'none') return 0;
  if (mlp.kind === 'dense') return 3 * localWidth(mlp.intermediate, split);
  return (mlp.top_k / split.ep) * (3 * localExpertWidth(mlp.intermediate, split) + (mlp.latent ?? hidden));
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
