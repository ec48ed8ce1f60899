// How one model instance is spread over devices, and what of a layer one device holds (data/cases/SCHEMA.md section 3).
import { kvElements } from '../catalog/parameters.ts';
import type { Attention, Model } from '../catalog/types.ts';

/** Degrees of parallelism of one instance; `shards` per device is how many cores of it the engine sees. */
export interface Split {
  readonly tp: number;
  readonly pp: number;
  /** Attention data parallel: dp groups of tp devices, each with its own KV cache, share the experts. */
  readonly dp: number;
  /** Expert parallel: routed experts are spread over ep groups of tp*dp/ep devices, which slice them. */
  readonly ep: number;
  readonly shards: number;
}

export function devicesOf(split: Split): number {
  return split.tp * split.pp * split.dp;
}

/** Query heads of one device: padded up to a multiple of the shards. */
export function localHeads(heads: number, split: Split): number {
  return Math.ceil(heads / (split.tp * split.shards)) * split.shards;
}

/** KV heads one device stores: replicated where there are more shards than heads. */
export function localKvHeads(kvHeads: number, split: Split): number {
  return Math.max(1, Math.ceil(kvHeads / (split.tp * split.shards))) * split.shards;
}

/** Cached elements of one entry on one device: split by KV heads; an MLA latent is whole on every device of a tp group. */
export function localKvElements(attention: Attention, split: Split): number {
  if (attention.kind !== 'full' && attention.kind !== 'sliding') return kvElements(attention);
  return (kvElements(attention) * localKvHeads(attention.kv_heads, split)) / attention.kv_heads;
}

/** The slice of an MLP's width that one device holds, padded up to a multiple of the shards. */
export function localWidth(width: number, split: Split): number {
  return Math.ceil(width / (split.tp * split.shards)) * split.shards;
}

/** The slice of a routed expert's width on one device: an expert group is tp*dp/ep devices. */
export function localExpertWidth(width: number, split: Split): number {
  const devices = (split.tp * split.dp) / split.ep;
  return devices <= 1 ? width : Math.ceil(width / (devices * split.shards)) * split.shards;
}

export function layersOf(model: Model): number {
  return model.groups.reduce((sum, group) => sum + group.count, 0);
}

/**
 * How often one layer counts in an iteration. Pipeline rule: an iteration of N tokens runs as pp micro-batches of N/pp in steady
 * state, one leaving the slowest stage every stage time, so it takes pp * ceil(L/pp) layer times at N/pp tokens: all layers once
 * at a pp-th of the tokens, and a little more where pp does not divide L. (The fill of an empty pipeline, pp-1 stage times once
 * per idle period, is not in the price of a step.)
 */
export function layerRepeat(model: Model, split: Split): number {
  const layers = layersOf(model);
  return layers === 0 ? 0 : (split.pp * Math.ceil(layers / split.pp)) / layers;
}
