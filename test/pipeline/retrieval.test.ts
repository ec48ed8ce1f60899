// Retrieval: RAGO's equations by hand, laws of every index, and the surface an engine looks up.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processorsOf, retrievalSeconds } from '../../src/plan/pipeline/retrieval-surface.ts';
import { readSurface } from '../../src/plan/read-surface.ts';
import type { RetrievalPool } from '../../src/spec/fleet/types.ts';
import { expectedFetchSeconds } from '../../src/stages/built-in/kv-fetch.ts';
import { HNSW_FRESH, HNSW_RATE, type Hnsw, hnswDemand, hnswSeconds } from '../../src/stages/retrieve-hnsw.ts';
import { FAISS_HOP_SECONDS, type IvfPq, ivfPqDemand, ivfPqSeconds } from '../../src/stages/retrieve-ivf-pq.ts';
import { catalog, lower, readText } from './world.ts';

const INDEX: IvfPq = {
  centroids: 4e6,
  probes: 50,
  pointsPerProbe: 5000,
  pqBytes: 96,
  dimensions: 768,
  coarse: 'flat',
  coarseEf: 64,
  rescored: 0,
  scanRate: 18e9,
  rescoreRate: 10e9,
  hopSeconds: FAISS_HOP_SECONDS,
  shards: 1,
  parallel: 'inter',
  fixed: 0,
};
const CORES = { cores: 96, bandwidth: 460e9 };

describe('ivf-pq', () => {
  it('one query on one core scans centroids and lists: 21 ms and 1.3 ms, as the paper has it', () => {
    expect(ivfPqSeconds(INDEX, CORES, 1)).toBeCloseTo((4e6 * 96 + 50 * 5000 * 96) / 18e9, 12);
    expect(ivfPqSeconds(INDEX, CORES, 1)).toBeCloseTo(0.0227, 3);
  });

  it('a tree scans two levels of the root of the centroids', () => {
    const tree: IvfPq = { ...INDEX, coarse: 'tree' };
    expect(ivfPqSeconds(tree, CORES, 1)).toBeCloseTo((2000 * 51 * 96 + 24e6) / 18e9, 12);
  });

  it('many queries share the memory, or wait for cores', () => {
    const bytes = 4e6 * 96 + 24e6;
    expect(ivfPqSeconds(INDEX, CORES, 96)).toBeCloseTo((96 * bytes) / 460e9, 9);
    expect(ivfPqSeconds(INDEX, { cores: 4, bandwidth: 1e15 }, 8)).toBeCloseTo((2 * bytes) / 18e9, 9);
  });

  it('all cores on one query pay for meeting; auto takes the sooner', () => {
    const intra: IvfPq = { ...INDEX, parallel: 'intra' };
    const few = { cores: 8, bandwidth: 1e15 };
    expect(ivfPqSeconds(intra, few, 1)).toBeCloseTo(408e6 / (18e9 * 8) + 8e-6, 9);
    const auto: IvfPq = { ...INDEX, parallel: 'auto' };
    for (const n of [1, 8, 100]) {
      expect(ivfPqSeconds(auto, few, n)).toBe(Math.min(ivfPqSeconds(INDEX, few, n), ivfPqSeconds(intra, few, n)));
    }
  });

  it('shards divide the lists', () => {
    const half = ivfPqSeconds({ ...INDEX, coarse: 'hnsw', shards: 2 }, CORES, 1);
    expect(half - 64 * FAISS_HOP_SECONDS).toBeCloseTo(24e6 / 18e9 / 2, 12);
  });
});

const GRAPH: Hnsw = {
  vectors: 1e7,
  dimensions: 200,
  bytesPerDimension: 4,
  degree: 64,
  efSearch: 100,
  fresh: HNSW_FRESH,
  rate: HNSW_RATE,
  shards: 1,
  fixed: 0,
};

it('laws: more queries, probes or hops are never sooner, more cores or bandwidth never later; demand is a share', () => {
  const size = fc.integer({ min: 1, max: 2000 });
  const coarse = fc.constantFrom('flat', 'tree', 'hnsw');
  const parallel = fc.constantFrom('inter', 'auto');
  fc.assert(
    fc.property(size, size, size, coarse, parallel, (a, b, cores, how, spread) => {
      const [few, many] = [Math.min(a, b), Math.max(a, b)];
      const index = { ...INDEX, coarse: how, parallel: spread } as IvfPq;
      const processors = { cores, bandwidth: 4e11 };
      expect(ivfPqSeconds(index, processors, many)).toBeGreaterThanOrEqual(ivfPqSeconds(index, processors, few));
      const wider = { ...index, probes: index.probes + few };
      expect(ivfPqSeconds(wider, processors, few)).toBeGreaterThanOrEqual(ivfPqSeconds(index, processors, few));
      const faster = { cores, bandwidth: 5e11 };
      expect(ivfPqSeconds(index, faster, few)).toBeLessThanOrEqual(ivfPqSeconds(index, processors, few));
      expect(hnswSeconds(GRAPH, processors, many)).toBeGreaterThanOrEqual(hnswSeconds(GRAPH, processors, few));
      for (const demand of [ivfPqDemand(index, processors), hnswDemand(GRAPH, processors)]) {
        expect(demand).toBeGreaterThan(0);
        expect(demand).toBeLessThanOrEqual(1);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});

it('the engine looks up what the equations say: a step of n queries', () => {
  const spec = readText(`
fleet:
  i: {kind: retrieval, hardware: epyc-9654, cores: 96, index: {kind: ivf-pq, centroids: 1000, probes: 8, points_per_probe: 1e5}}
pipelines: {p: {stages: [{retrieve: i}]}}
workload: {lengths: {input_len: 10, output_len: 1}, request_rate: 1, num_requests: 1}
`);
  const pool = spec.pools[0] as RetrievalPool;
  const processors = processorsOf(pool, catalog.hardware('epyc-9654'));
  const price = lower(spec).program.clients[0].price as Float64Array;
  for (const n of [1, 2, 17, 64, 100, 1000]) {
    const prefill = Array.from({ length: n }, () => ({ tokens: 1, past: 0, completes: true }));
    const seconds = readSurface(price, { prefill, decode: [] });
    const exact = retrievalSeconds(pool, processors, n);
    expect(Math.abs(seconds / exact - 1)).toBeLessThan(1e-3);
  }
});

it('a processor that never rests draws what it is rated at', () => {
  const spec = readText(`
fleet:
  i: {kind: retrieval, hardware: epyc-9654, cores: 96, max_num_seqs: 32, index: {kind: hnsw, vectors: 1e7}}
pipelines: {p: {stages: [{retrieve: i}]}}
workload: {lengths: {input_len: 10, output_len: 1}, request_rate: 1, num_requests: 1}
`);
  const lowered = lower(spec);
  const { energy } = lowered.clients[0];
  const pool = spec.pools[0] as RetrievalPool;
  const hardware = catalog.hardware('epyc-9654');
  const rate = 32 / retrievalSeconds(pool, processorsOf(pool, hardware), 32);
  expect((energy?.idleW ?? 0) + (energy?.perToken ?? 0) * rate).toBeCloseTo(hardware.tdp_w ?? 0, 6);
});

it('equation 1: one level that always hits, none that ever does', () => {
  const level = { latency: 1e-3, bandwidth: 1e9 };
  expect(expectedFetchSeconds([{ ...level, hit: 1 }], 1e9, 99)).toBeCloseTo(1.001, 12);
  expect(expectedFetchSeconds([{ ...level, hit: 0 }], 1e9, 99)).toBe(99);
});

// the paper's tiers: a 4K context of Llama 3.1 70B (327,680 bytes a token) takes 10, 42 and 670 ms to read
it.each([
  [128e9, 0.0105],
  [32e9, 0.0419],
  [2e9, 0.671],
])('a tier of %d B/s reads 4K tokens in %d s', (bandwidth, seconds) => {
  expect(expectedFetchSeconds([{ hit: 1, latency: 0, bandwidth }], 4096 * 327680, 0)).toBeCloseTo(seconds, 3);
});

it('rates of a spec count as measured, those it leaves out as extrapolated', () => {
  const basisOf = (index: string) =>
    lower(
      readText(`
fleet:
  i: {kind: retrieval, hardware: epyc-9654, cores: 96, index: {${index}}}
pipelines: {p: {stages: [{retrieve: i}]}}
workload: {lengths: {input_len: 10, output_len: 1}, request_rate: 1, num_requests: 1}
`),
    ).clients[0].basis;
  const ivf = 'kind: ivf-pq, centroids: 1000, probes: 8, points_per_probe: 1e5';
  expect([basisOf(ivf), basisOf(`${ivf}, scan_rate: 1GB/s`)]).toEqual(['extrapolated', 'measured']);
  expect([basisOf('kind: hnsw, vectors: 1e7'), basisOf('kind: hnsw, vectors: 1e7, rate: 2GB/s')]).toEqual([
    'extrapolated',
    'measured',
  ]);
});
