// How the caches of a model lie in one pool of blocks: of layers that keep all tokens, of windows, of states (vLLM's groups of layers).
import { BYTES_PER_KV_ELEMENT, kvElements, layerKvBytes } from '../catalog/parameters.ts';
import type { Attention, EngineProfile, LayerGroup, Model } from '../catalog/types.ts';
import type { EngineLog } from '../spec/engine-log.ts';
import type { Formats } from '../stages/formats.ts';
import { localKvElements, type Split } from '../stages/split.ts';
import type { SequencePages } from './setup.ts';

/** The pool of one device, whatever its size. */
export interface PoolLayout {
  /** Tokens of a block of the layers that keep all: what was asked for, or more where a page must hold a layer's state. */
  readonly blockTokens: number;
  /** Bytes of a block; 0 where nothing is cached. */
  readonly blockBytes: number;
  /** What a sequence takes; absent = a block for every `blockTokens` tokens. */
  readonly pages?: SequencePages;
}

/** Layers that cache alike, on one device. */
interface Kind {
  /** Tokens that they keep; Infinity = all, 0 = a state. */
  readonly window: number;
  /** Per token and layer, of a state per layer. */
  readonly bytes: number;
  readonly layers: number;
}

export function isSlidingOnly(attention: Attention, profile: EngineProfile): boolean {
  return attention.kind === 'sliding' && attention.window !== undefined && profile.window_kv !== 'all';
}

/** Bytes of one cached token in one layer of one device; replicated KV heads included, an indexer's keys never split. */
function tokenBytes(attention: Attention, split: Split, formats: Formats): number {
  if (attention.kind === 'none' || attention.kind === 'linear') return 0;
  if (attention.kind !== 'mla' && attention.shares_kv) return 0;
  const compression = attention.kind === 'mla' ? 1 : (attention.compression ?? 1);
  const elements = localKvElements(attention, split) - kvElements(attention);
  return layerKvBytes(attention, formats.kv) + (elements * BYTES_PER_KV_ELEMENT[formats.kv]) / compression;
}

/** Bytes that a token adds to the layers of one device that keep all tokens. */
export function growingBytes(model: Model, split: Split, formats: Formats, profile: EngineProfile): number {
  return model.groups.reduce((sum, { count, attention }) => {
    return sum + count * (isSlidingOnly(attention, profile) ? 0 : tokenBytes(attention, split, formats));
  }, 0);
}

function kindsOf(model: Model, split: Split, formats: Formats, profile: EngineProfile): Kind[] {
  const kinds: Kind[] = [];
  for (const { count, attention } of model.groups) {
    const one = kindOf(attention, split, formats, profile);
    if (one === null || one.bytes === 0) continue;
    const same = kinds.findIndex(({ window, bytes }) => window === one.window && bytes === one.bytes);
    if (same < 0) kinds.push({ ...one, layers: count });
    else kinds[same] = { ...one, layers: kinds[same]!.layers + count };
  }
  return kinds;
}

function kindOf(attention: LayerGroup['attention'], split: Split, formats: Formats, profile: EngineProfile) {
  if (attention.kind === 'none') return null;
  if (attention.kind === 'linear')
    return { window: 0, bytes: (attention.state_elements * attention.state_bytes) / split.tp };
  const window = isSlidingOnly(attention, profile) && attention.kind === 'sliding' ? attention.window : Infinity;
  return { window, bytes: tokenBytes(attention, split, formats) };
}

const countBytes = (kinds: readonly Kind[]) => kinds.reduce((sum, { layers, bytes }) => sum + layers * bytes, 0);
const widest = (kinds: readonly Kind[]) => Math.max(0, ...kinds.map(({ bytes }) => bytes));

/** What is asked of a pool: tokens of a block, share of all layers on the fullest stage, and the draft's own bytes per token. */
export interface PoolAsk {
  readonly blockSize: number;
  readonly stage: number;
  readonly draftBytes: number;
  /** Tokens that a decode verifies beside its own: a state is kept of each. */
  readonly drafts: number;
}

/**
 * The pool of one device of the fullest stage. Where some layers keep windows or states, groups of layers draw blocks from it: of pages of
 * one size, so that layers of smaller pages have more tokens in theirs. Source: vLLM, v1/core/kv_cache_utils.py.
 */
export function poolLayout(
  model: Model,
  split: Split,
  formats: Formats,
  profile: EngineProfile,
  ask: PoolAsk,
): PoolLayout {
  const { blockSize, stage, draftBytes, drafts } = ask;
  const kinds = kindsOf(model, split, formats, profile);
  const all = kinds.filter(({ window }) => window === Infinity);
  const near = kinds.filter(({ window }) => window > 0 && window < Infinity);
  const states = kinds.filter(({ window }) => window === 0);
  if (near.length + states.length === 0) {
    const own = growingBytes(model, split, formats, profile) * stage;
    return { blockTokens: blockSize, blockBytes: (own + draftBytes) * blockSize };
  }
  const unit = unitOf(kinds, raisedBlock(widest(states), widest([...all, ...near]), blockSize, profile));
  const window = Math.max(1, ...near.map((kind) => kind.window));
  const pages = { full: unit.blocks(all), near: unit.blocks(near), window, fixed: unit.blocks(states) * (1 + drafts) };
  return { blockTokens: unit.tokens, blockBytes: unit.bytes * stage + draftBytes * unit.tokens, pages };
}

/** Tokens of a block where a page of `page` bytes per token is to hold a state (vLLM: "Setting attention block size to ... tokens"). */
function raisedBlock(state: number, page: number, blockSize: number, profile: EngineProfile): number {
  if (!profile.raises_block_size || state === 0 || page === 0) return blockSize;
  return blockSize * Math.ceil(state / (page * blockSize));
}

/** A block of the pool: its bytes, the tokens for which layers take them, and how many layers of some kinds take for those. */
interface Unit {
  readonly tokens: number;
  readonly bytes: number;
  blocks(kinds: readonly Kind[]): number;
}

function unitOf(kinds: readonly Kind[], blockTokens: number): Unit {
  const paged = kinds.filter(({ window }) => window > 0);
  const page = widest(paged);
  const shares = paged.map(({ bytes }) => page / bytes);
  const each = (kind: Kind, tokens: number) => (kind.window === 0 ? kind.bytes : kind.bytes * tokens);
  if (shares.every(Number.isInteger)) {
    const size = groupSize(kinds.map(({ layers }) => layers));
    const tokens = blockTokens * Math.max(1, ...shares);
    const pageBytes = page > 0 ? page * blockTokens : widest(kinds);
    const pages = (kind: Kind) => Math.ceil(kind.layers / size) * Math.ceil(each(kind, tokens) / pageBytes);
    return { tokens, bytes: size * pageBytes, blocks: (some) => some.reduce((sum, kind) => sum + pages(kind), 0) };
  }
  // pages of no common size: a block holds one of every layer that keeps all, and the others take as many as they fill
  const whole = paged.filter(({ window }) => window === Infinity);
  const bytes = countBytes(whole.length > 0 ? whole : paged) * blockTokens;
  const filled = (some: readonly Kind[]) =>
    some.reduce((sum, kind) => sum + kind.layers * each(kind, blockTokens), 0) / bytes;
  return { tokens: blockTokens, bytes, blocks: (some) => Math.ceil(filled(some)) };
}

/** Layers of a group: as many as the rarest kind has, or as the commonest where that is less than 1.5 times as many. */
function groupSize(layers: readonly number[]): number {
  const [least, most] = [Math.min(...layers), Math.max(...layers)];
  return most < 1.5 * least ? most : least;
}

/** Blocks that a sequence of `tokens` tokens holds in a step that computes its last `step` (the kernel's rule: batching/paging.ts). */
export function pagesHeld({ blockTokens, pages }: PoolLayout, tokens: number, step: number): number {
  const blocks = Math.ceil(tokens / blockTokens);
  if (!pages) return blocks;
  const near = Math.ceil((pages.window - 1 + step) / blockTokens) + 1;
  return pages.full * blocks + pages.near * Math.min(blocks, near) + pages.fixed;
}

/** Requests of `length` tokens that fit into `blocks` blocks, as vLLM counts them: prefilled in steps of `budget` tokens. */
export function mostRequests(layout: PoolLayout, blocks: number, length: number, budget: number): number {
  return blocks / pagesHeld(layout, length, Math.min(budget, length));
}

/** Rounded to hundredths in a log. */
const HUNDREDTH = 0.01;

/**
 * Blocks of a hybrid model's pool by a start-up log. Its requests of so many tokens say it, rounded; its tokens say it exactly, but
 * count three things by version: the blocks' tokens (vLLM 0.8), a group's (0.9.2), the requests' (0.20.1).
 */
export function blocksOfLog(log: EngineLog, layout: PoolLayout, budget: number): number {
  const { blockTokens, pages } = layout;
  if (log.blocks !== undefined) return log.blocks;
  const tokens = log.tokens ?? 0;
  const groups = pages ? pages.full + pages.near + pages.fixed : 1;
  const byGroup = Math.floor(tokens / blockTokens) * groups;
  if (!log.fits) return byGroup;
  const { length, requests } = log.fits;
  const need = pagesHeld(layout, length, Math.min(budget, length));
  const counted = log.rounded ? [] : [Math.floor(tokens / blockTokens), byGroup, Math.ceil((tokens / length) * need)];
  const close = counted.find((blocks) => Math.abs(blocks / need - requests) <= HUNDREDTH);
  return close ?? Math.floor(requests * need);
}
