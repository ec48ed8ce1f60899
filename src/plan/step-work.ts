// What one engine iteration carries, and how much of each quantity that makes for one device and micro-batch.
import { routedWork } from '../stages/mlp-ops.ts';
import type { Op } from '../stages/op.ts';
import type { Split } from '../stages/split.ts';

export interface Chunk {
  readonly tokens: number;
  /** Tokens already in the KV cache. */
  readonly past: number;
  /** Whether the prompt ends with this chunk, so that the sequence samples. */
  readonly completes: boolean;
}

export interface StepWork {
  readonly prefill: readonly Chunk[];
  /** `count` sequences that each decode one token with `context` tokens in the cache. */
  readonly decode: readonly { readonly count: number; readonly context: number }[];
}

export interface Totals {
  readonly tokens: number;
  readonly samples: number;
  readonly decodes: number;
  readonly chunks: number;
}

export function sumWork(work: StepWork): Totals {
  let decodes = 0;
  let tokens = 0;
  let samples = 0;
  for (const { count } of work.decode) decodes += count;
  for (const chunk of work.prefill) {
    tokens += chunk.tokens;
    if (chunk.completes) samples++;
  }
  return { tokens: tokens + decodes, samples: samples + decodes, decodes, chunks: work.prefill.length };
}

/** Items of the fullest attention group in one micro-batch: an iteration lasts as long as its slowest group. */
export function perGroup(items: number, split: Split): number {
  return Math.ceil(items / (split.dp * split.pp));
}

/** Items of the whole instance in one micro-batch. */
export function perMicroBatch(items: number, split: Split): number {
  return Math.ceil(items / split.pp);
}

/** Pairs of a causal chunk when every new token sees itself and at most cap-1 earlier ones: sum of min(past+j, cap), j = 1..n. */
export function countPairs(tokens: number, past: number, cap: number): number {
  const growing = Math.min(tokens, Math.max(0, cap - past));
  const triangle = growing > 0 ? growing * past + (growing * (growing + 1)) / 2 : 0;
  return triangle + (tokens > growing ? (tokens - growing) * cap : 0);
}

/** The two quantities an op scales with (stages/op.ts, Driver), for one device and micro-batch; prefill ops: over all chunks. */
export function quantitiesOf(op: Op, work: StepWork, totals: Totals, split: Split): { x: number; y: number } {
  const tokens = perGroup(totals.tokens, split);
  const all = perMicroBatch(totals.tokens, split);
  if (op.kind === 'exchange' || op.over === 'tokens' || op.over === 'all' || op.over === 'samples') {
    const x = op.over === 'all' ? all : op.over === 'samples' ? perGroup(totals.samples, split) : tokens;
    return { x, y: 0 };
  }
  if (op.over === 'experts' && op.routing) return routedWork(op.routing, all);
  if (op.over === 'decode') return decodeQuantities(op.cap, work, totals, split);
  const chunks = work.prefill.map((chunk) => chunkQuantities(op.cap, chunk, split));
  return { x: chunks.reduce((sum, { x }) => sum + x, 0), y: chunks.reduce((sum, { y }) => sum + y, 0) };
}

function decodeQuantities(cap: number, work: StepWork, totals: Totals, split: Split): { x: number; y: number } {
  if (totals.decodes === 0) return { x: 0, y: 0 };
  const y = perGroup(totals.decodes, split);
  let read = 0;
  for (const { count, context } of work.decode) read += count * Math.min(context + 1, cap);
  return { x: (read * y) / totals.decodes, y };
}

/**
 * Pairs, tokens read and new tokens of one chunk. Prompts are spread evenly over groups and micro-batches (calibration.md section 2,
 * "attention DP").
 */
export function chunkQuantities(cap: number, chunk: Chunk, split: Split): { x: number; y: number; z: number } {
  const { tokens, past } = chunk;
  const share = 1 / (split.dp * split.pp);
  return { x: countPairs(tokens, past, cap) * share, y: (tokens + Math.min(past, cap)) * share, z: tokens * share };
}
