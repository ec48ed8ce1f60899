// Retrieval from an inverted file of product-quantised vectors: seconds for a batch of queries (RAGO, arXiv 2503.14649, section 4).

/** An index and the processors that scan it. Bytes and B/s; rates are of one core. */
export interface IvfPq {
  readonly centroids: number;
  readonly probes: number;
  readonly pointsPerProbe: number;
  /** Bytes of one quantised vector: about one per 8 dimensions. */
  readonly pqBytes: number;
  readonly dimensions: number;
  /**
   * How the nearest centroids are found. flat: all of them are scanned. tree: a root of sqrt(centroids) and one branch of as many
   * for every probe, as ScaNN's trees do. hnsw: a graph over the centroids (FAISS), `coarseEf` hops.
   */
  readonly coarse: 'flat' | 'tree' | 'hnsw';
  readonly coarseEf: number;
  /** Candidates that are scored again with whole vectors of 4 bytes a dimension; 0 = none. */
  readonly rescored: number;
  readonly scanRate: number;
  readonly rescoreRate: number;
  /** s of one hop of a coarse graph on one core. */
  readonly hopSeconds: number;
  /** Servers that each hold a part of every list and answer together. */
  readonly shards: number;
  /** inter: one core per query. intra: all cores on one query after the other. auto: whichever is sooner. */
  readonly parallel: 'inter' | 'intra' | 'auto';
  readonly fixed: number; // s per batch
}

export interface Processors {
  readonly cores: number;
  /** B/s that scans of all cores together get. */
  readonly bandwidth: number;
}

/** PQ scan with AVX on an EPYC 7R13 (ScaNN): 18 GB/s a core; rescoring 10 GB/s. Source: RAGO section 4. */
export const SCANN_SCAN_RATE = 18e9;
export const SCANN_RESCORE_RATE = 10e9;
/** The scan reaches about four fifths of the memory's peak. Source: the same. */
export const SCAN_BANDWIDTH_SHARE = 0.8;
/** Handing one query to many cores and back: 1 us a core. Source: RAGO's published simulator. */
export const FORK_SECONDS_PER_CORE = 1e-6;
/**
 * FAISS IVF-PQ (32-byte codes) on 32 virtual cores: time of a query = 26 us + 31 ns per code + 5.5 us per hop of the coarse graph,
 * least squares over 96 runs on 10^9 vectors (median error 7 %). Source: big-ann-benchmarks NeurIPS'21 track 1 (MIT).
 */
export const FAISS_SCAN_RATE = 1.04e9;
export const FAISS_HOP_SECONDS = 5.5e-6;
export const FAISS_FIXED = 26e-6;

/** Bytes of codes that one query scans on one server: coarse search and probed lists. */
export function scannedBytes(index: IvfPq): { coarse: number; lists: number } {
  const root = Math.sqrt(index.centroids);
  const centroids = { flat: index.centroids, tree: root * (1 + index.probes), hnsw: 0 }[index.coarse];
  return {
    coarse: Math.min(centroids, index.centroids) * index.pqBytes,
    lists: (index.probes * index.pointsPerProbe * index.pqBytes) / index.shards,
  };
}

/** Seconds for `queries` at once. */
export function ivfPqSeconds(index: IvfPq, { cores, bandwidth }: Processors, queries: number): number {
  const { coarse, lists } = scannedBytes(index);
  const rescored = (index.rescored * 4 * index.dimensions) / index.shards;
  const hops = index.coarse === 'hnsw' ? index.coarseEf * index.hopSeconds : 0;
  const memory = (queries * (coarse + lists + rescored)) / bandwidth;
  const onOneCore = (coarse + lists) / index.scanRate + rescored / index.rescoreRate + hops;
  const inter = Math.max(onOneCore * Math.max(1, queries / cores), memory);
  // a graph is walked by one core whatever the others do
  const split = queries * ((onOneCore - hops) / cores + hops + FORK_SECONDS_PER_CORE * cores);
  const intra = Math.max(split, memory);
  const chosen = { inter, intra, auto: Math.min(inter, intra) }[index.parallel];
  return index.fixed + chosen;
}

/** Share of the memory bandwidth that a step with every core busy takes. */
export function ivfPqDemand(index: IvfPq, processors: Processors): number {
  const { coarse, lists } = scannedBytes(index);
  const rescored = (index.rescored * 4 * index.dimensions) / index.shards;
  const seconds = ivfPqSeconds(index, processors, processors.cores);
  return Math.min(1, (processors.cores * (coarse + lists + rescored)) / processors.bandwidth / seconds);
}
