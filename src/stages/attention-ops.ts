// The mixer of one layer group: projections, attention over the cache for prefill and decode, or a fixed state.
import { BYTES_PER_KV_ELEMENT, entryBytes } from '../catalog/parameters.ts';
import type { Attention, Indexer, KvFormat } from '../catalog/types.ts';
import type { Formats } from './formats.ts';
import { gemm } from './gemm-ops.ts';
import { type ComputeOp, computeOp } from './op.ts';
import { localHeads, localKvElements, localKvHeads, type Split } from './split.ts';

type Softmax = Extract<Attention, { kind: 'full' | 'sliding' }>;
type Mla = Extract<Attention, { kind: 'mla' }>;
type Linear = Extract<Attention, { kind: 'linear' }>;

/** Ops of `count` layers with this attention, on one device. */
export function listAttentionOps(
  attention: Attention,
  hidden: number,
  count: number,
  split: Split,
  formats: Formats,
): ComputeOp[] {
  if (attention.kind === 'none') return [];
  if (attention.kind === 'linear') return listLinear(attention, hidden, count, split, formats);
  if (attention.kind === 'mla') return listMla(attention, hidden, count, split, formats);
  return listSoftmax(attention, hidden, count, split, formats);
}

/** Elements of q and of k plus v that one device makes per token: what rotary, cache writes and the attention itself touch. */
export function localAttentionWidth(attention: Attention, split: Split): { query: number; keyValue: number } {
  if (attention.kind === 'none') return { query: 0, keyValue: 0 };
  if (attention.kind === 'linear') return { query: 0, keyValue: 0 };
  const heads = localHeads(attention.heads, split);
  if (attention.kind === 'mla') {
    const query = heads * (attention.qk_nope_dim + attention.qk_rope_dim);
    return { query, keyValue: attention.kv_lora_rank + attention.qk_rope_dim };
  }
  const keyValue = 2 * localKvHeads(attention.kv_heads, split) * attention.head_dim;
  return { query: heads * attention.head_dim, keyValue };
}

function listSoftmax(at: Softmax, hidden: number, count: number, split: Split, formats: Formats): ComputeOp[] {
  const { query, keyValue } = localAttentionWidth(at, split);
  const ops = listProjections(at, hidden, query, keyValue, count, split, formats);
  if (at.indexer)
    ops.push(gemm('indexer projections', hidden, at.indexer.parameters / hidden, formats.attention, count));
  const compression = at.compression ?? 1;
  const cap = Math.min(at.window ?? Infinity, (at.sparse_top_k ?? Infinity) * compression);
  const name = at.kind === 'sliding' ? 'attention, window' : 'attention';
  const bytes = localKvElements(at, split) / compression;
  // QK and PV, two FLOPs each per head, dimension and pair
  const flops = (4 * query) / compression;
  // nothing like compressed caches was timed
  const shape = compression === 1 ? [query / at.head_dim, localKvHeads(at.kv_heads, split), at.head_dim] : [];
  const cache = { bytes: bytes * BYTES_PER_KV_ELEMENT[formats.kv], cap, format: formats.kv };
  ops.push(...attend({ name, flops, ...cache, own: 4 * query, count, shape }));
  if (at.indexer) ops.push(...scoreIndex(at.indexer, compression, count));
  return ops;
}

function listProjections(
  at: Softmax,
  hidden: number,
  query: number,
  keyValue: number,
  count: number,
  split: Split,
  formats: Formats,
): ComputeOp[] {
  if (at.projections !== undefined) {
    const width = at.projections / hidden / split.tp / 2;
    return [
      gemm('qkv', hidden, width, formats.attention, count),
      gemm('attention out', width, hidden, formats.attention, count),
    ];
  }
  return [
    gemm('qkv', hidden, query * (at.gated ? 2 : 1) + keyValue, formats.attention, count),
    gemm('attention out', query, hidden, formats.attention, count),
  ];
}

interface Attended {
  readonly name: string;
  /** FLOPs per pair. */
  readonly flops: number;
  /** Bytes per cached token. */
  readonly bytes: number;
  /** Bytes of query and result per new token: 16-bit elements, each moved once. */
  readonly own: number;
  readonly cap: number;
  readonly format: KvFormat;
  /** Kernels over latent vectors are a family of their own. */
  readonly mixer?: 'attention' | 'mla';
  readonly count: number;
  readonly shape: readonly number[];
}

/** Prefill and decode over a cache. */
function attend({ name, flops, bytes, own, mixer = 'attention', ...both }: Attended): [ComputeOp, ComputeOp] {
  const work = { ...both, flopsX: flops };
  const [prefill, decode] = [`${name}, prefill`, `${name}, decode`];
  return [
    computeOp({
      ...work,
      name: prefill,
      family: `${mixer}-prefill`,
      over: 'prefill',
      bytesX: 0,
      bytesY: bytes,
      bytesZ: own,
    }),
    computeOp({ ...work, name: decode, family: `${mixer}-decode`, over: 'decode', bytesX: bytes, bytesY: own }),
  ];
}

/**
 * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1). Down projections are replicated over tp; decode runs
 * absorbed, against the latent vector itself; prefill in full heads.
 */
function listMla(at: Mla, hidden: number, count: number, split: Split, formats: Formats): ComputeOp[] {
  const heads = localHeads(at.heads, split);
  const format = formats.attention;
  const query = heads * (at.qk_nope_dim + at.qk_rope_dim);
  const latent = at.kv_lora_rank + at.qk_rope_dim;
  const ops = [gemm('qkv down', hidden, latent + (at.q_lora_rank ?? query), format, count)];
  if (at.q_lora_rank !== null) ops.push(gemm('q up', at.q_lora_rank, query, format, count));
  ops.push(gemm('kv up', at.kv_lora_rank, heads * (at.qk_nope_dim + at.v_head_dim), format, count));
  ops.push(gemm('attention out', heads * at.v_head_dim, hidden, format, count));
  if (at.indexer) ops.push(gemm('indexer projections', hidden, at.indexer.parameters / hidden, format, count));
  const cap = at.sparse_top_k ?? Infinity;
  const bytes = entryBytes(at, formats.kv);
  const prefill = heads * (at.qk_nope_dim + at.qk_rope_dim + at.v_head_dim);
  const decode = heads * (latent + at.kv_lora_rank);
  // every head reads the one latent vector; nothing like a sparse choice of entries was timed
  const shape = cap === Infinity ? [heads, 1, latent] : [];
  const both = { name: 'attention', bytes, cap, format: formats.kv, mixer: 'mla', count, shape } as const;
  const [prefillOp] = attend({ ...both, flops: 2 * prefill, own: 2 * prefill });
  const [, decodeOp] = attend({ ...both, flops: 2 * decode, own: 2 * decode });
  ops.push(prefillOp, decodeOp);
  if (at.indexer) ops.push(...scoreIndex(at.indexer, 1, count));
  return ops;
}

/** Sparse attention's indexer scores every cached key: one 8-bit key with a 4-byte scale per entry, replicated over tp. */
function scoreIndex(indexer: Indexer, compression: number, count: number): ComputeOp[] {
  const query = indexer.heads * indexer.head_dim;
  const cache = { bytes: (indexer.head_dim + 4) / compression, cap: Infinity, format: 'fp8' } as const;
  return attend({
    name: 'indexer',
    flops: (2 * query) / compression,
    ...cache,
    own: query,
    count,
    shape: [],
  });
}

/** Linear attention or state space: projections, the scan of new tokens, and the state read and written by each decode. */
function listLinear(at: Linear, hidden: number, count: number, split: Split, formats: Formats): ComputeOp[] {
  const width = at.parameters / hidden / split.tp / 2;
  const scan = { family: 'elementwise', format: 'bf16', count } as const;
  const state = (2 * at.state_elements * at.state_bytes) / split.tp;
  return [
    gemm('mixer in', hidden, width, formats.attention, count),
    gemm('mixer out', width, hidden, formats.attention, count),
    computeOp({ ...scan, name: 'scan', over: 'tokens', flopsX: at.flops_per_token / split.tp, bytesX: 4 * width }),
    computeOp({ ...scan, name: 'state', over: 'decode', flopsX: 0, bytesX: 0, bytesY: state }),
  ];
}
