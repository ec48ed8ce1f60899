// Retrieval from a navigable small-world graph: seconds for a batch of queries (Malkov and Yashunin, arXiv 1603.09320).
import type { Processors } from './retrieve-ivf-pq.ts';

/** A graph over whole vectors. */
export interface Hnsw {
  readonly vectors: number;
  readonly dimensions: number;
  readonly bytesPerDimension: number;
  /** Links of a node in the lowest layer: 2M of hnswlib, R of DiskANN. */
  readonly degree: number;
  readonly efSearch: number;
  /** Share of a node's neighbours not seen before, whose distance is computed. */
  readonly fresh: number;
  /** B/s at which one core computes distances to vectors that lie anywhere in memory. */
  readonly rate: number;
  readonly shards: number;
  readonly fixed: number; // s per batch
}

/** DiskANN computes 36 to 41 distances a hop at degree 64. Source: big-ann-benchmarks NeurIPS'21 track 2 (MIT), 10^9 vectors. */
export const HNSW_FRESH = 0.6;
/**
 * 5.5 us a hop with 512-byte vectors of degree 64 (FAISS, track 1) and 13.8 us with 800 bytes (DiskANN, NeurIPS'23 track "ood") are
 * 3.6 and 2.2 GB/s: the middle.
 */
export const HNSW_RATE = 2.8e9;

/** The way down to the neighbourhood of the answer: a few hops for every factor of the degree. */
const ENTRY_HOPS_PER_LAYER = 6;

export function hnswHops(index: Hnsw): number {
  const perServer = Math.max(2, index.vectors / index.shards);
  return index.efSearch + (ENTRY_HOPS_PER_LAYER * log2(perServer)) / log2(index.degree);
}

/** Logarithms of whole numbers by exponent and mantissa: the same on every host. */
function log2(x: number): number {
  let whole = 0;
  let rest = x;
  while (rest >= 2) {
    rest /= 2;
    whole++;
  }
  // x = 2^whole * rest, 1 <= rest < 2: a chord is within 0.09 of the logarithm
  return whole + rest - 1;
}

/** Bytes of vectors that one query reads on one server. */
export function hnswBytes(index: Hnsw): number {
  return hnswHops(index) * index.degree * index.fresh * index.dimensions * index.bytesPerDimension;
}

/** Seconds for `queries` at once: a query stays on one core. */
export function hnswSeconds(index: Hnsw, { cores, bandwidth }: Processors, queries: number): number {
  const bytes = hnswBytes(index);
  return index.fixed + Math.max((bytes / index.rate) * Math.max(1, queries / cores), (queries * bytes) / bandwidth);
}

export function hnswDemand(index: Hnsw, processors: Processors): number {
  const seconds = hnswSeconds(index, processors, processors.cores);
  return Math.min(1, (processors.cores * hnswBytes(index)) / processors.bandwidth / seconds);
}
