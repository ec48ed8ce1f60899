// Retrieval and embedding against measured systems: the table of bench/retrieval.md, printed anew. Skips without the data.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { percentile } from '../../src/metrics/summary.ts';
import { readSurface } from '../../src/plan/read-surface.ts';
import { HNSW_FRESH, HNSW_RATE, hnswSeconds } from '../../src/stages/retrieve-hnsw.ts';
import {
  FAISS_FIXED,
  FAISS_HOP_SECONDS,
  FAISS_SCAN_RATE,
  type IvfPq,
  ivfPqSeconds,
} from '../../src/stages/retrieve-ivf-pq.ts';
import { lower, readText } from './world.ts';

const RAG = join(process.env.MIST_DATA ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data'), 'rag');
const missing = !existsSync(RAG);
const rows = (file: string) => readFileSync(join(RAG, file), 'utf8').split('\n');

interface Line {
  readonly what: string;
  readonly rows: number;
  readonly median: number;
  readonly p90: number;
  readonly signed: number;
}

/** Errors of predicted / measured - 1, in %. */
function lineOf(what: string, errors: readonly number[]): Line {
  const sorted = (list: readonly number[]) => Float64Array.from(list).sort();
  const sizes = sorted(errors.map(Math.abs));
  return {
    what,
    rows: errors.length,
    median: 100 * percentile(sizes, 50),
    p90: 100 * percentile(sizes, 90),
    signed: 100 * percentile(sorted(errors), 50),
  };
}

function print(line: Line): void {
  const one = (value: number) => value.toFixed(1);
  console.log(`| ${line.what} | ${line.rows} | ${one(line.median)} / ${one(line.p90)} | ${one(line.signed)} |`);
}

/** FAISS IVF-PQ on 32 virtual cores; codes scanned a query and hops of the coarse graph are the published ones. */
function faissErrors(dataset: string): number[] {
  return rows('bigann_neurips21_T1_F32s_v2_32vcpu.csv').flatMap((row) => {
    const pattern = `^faiss-t1,"FaissIVFPQ\\(nprobe=(\\d+).*?efSearch=(\\d+)\\)",${dataset},\\d+,([\\d.]+),([\\d.]+)`;
    const found = new RegExp(pattern).exec(row);
    if (!found) return [];
    const [probes, coarseEf, qps, codes] = found.slice(1).map(Number);
    const index = {
      ...{ centroids: 2 ** 20, probes, pointsPerProbe: codes / probes, pqBytes: 32, dimensions: 128 },
      ...{ coarse: 'hnsw', coarseEf, rescored: 0, scanRate: FAISS_SCAN_RATE, rescoreRate: 1e10 },
      ...{ hopSeconds: FAISS_HOP_SECONDS, shards: 1, parallel: 'inter', fixed: 0 },
    } as IvfPq;
    const seconds = ivfPqSeconds(index, { cores: 32, bandwidth: 1e12 }, 3200) + 100 * FAISS_FIXED;
    return [3200 / seconds / qps - 1];
  });
}

/** DiskANN's graphs of 10^7 vectors of 200 dimensions on 8 virtual cores. */
function graphErrors(team: string): number[] {
  return rows('bigann_neurips23_ood_AzureD8lds_v5.csv').flatMap((row) => {
    const found = new RegExp(`^${team},"diskann\\(\\('R64_L500', \\{'Ls': (\\d+), .*text2image-10M,10,([\\d.]+)`).exec(
      row,
    );
    if (!found) return [];
    const [efSearch, qps] = found.slice(1).map(Number);
    const index = {
      ...{ vectors: 1e7, dimensions: 200, bytesPerDimension: 4, degree: 64, efSearch },
      ...{ fresh: HNSW_FRESH, rate: HNSW_RATE, shards: 1, fixed: 0 },
    };
    return [8000 / hnswSeconds(index, { cores: 8, bandwidth: 1e12 }, 8000) / qps - 1];
  });
}

/** Tokens per second of an embedder that is never idle. */
function embeddingRate(pool: string, sequences: number, tokens: number): number {
  const spec = readText(`
fleet: {e: {kind: llm, ${pool}}}
pipelines: {p: {stages: [{embed: e}]}}
workload: {lengths: {input_len: ${tokens}, output_len: 1}, request_rate: 1, num_requests: 1}
`);
  const price = lower(spec).program.clients[0].price as Float64Array;
  const prefill = Array.from({ length: sequences }, () => ({ tokens, past: 0, completes: true }));
  return (sequences * tokens) / readSurface(price, { prefill, decode: [] });
}

if (missing) console.log(`measured retrieval systems are not at hand (MIST_DATA, or ${RAG}): skipped`);

describe.skipIf(missing)('measured systems', () => {
  it('FAISS IVF-PQ: what it was fitted to, and two data sets of other vectors', () => {
    const fitted = lineOf('FAISS IVF-PQ, bigann-1B (fitted)', faissErrors('bigann-1B'));
    print(fitted);
    expect([fitted.rows, fitted.median < 10]).toEqual([96, true]);
    const strangers = ['deep-1B', 'msturing-1B'].map((name) =>
      lineOf(`FAISS IVF-PQ, ${name} (held out)`, faissErrors(name)),
    );
    strangers.forEach(print);
    for (const { rows: count, median } of strangers) {
      expect(count).toBeGreaterThan(20);
      expect(median).toBeLessThan(40);
    }
  });

  it('DiskANN graphs: the four runs behind the rate, and the same index on another machine', () => {
    for (const [team, limit] of [
      ['diskann', 20],
      ['cufe', 40],
    ] as const) {
      const line = lineOf(`DiskANN graph, text2image-10M, ${team}`, graphErrors(team));
      print(line);
      expect([line.rows, line.median < limit]).toEqual([4, true]);
    }
  });

  it.each([
    ['BGE-large on L4', 'model: bge-large-en-v1.5, hardware: l4', 16, 449, 1, 1.6],
    ['BGE-large on Inferentia2, half of it', 'model: bge-large-en-v1.5, hardware: inferentia2', 16, 449, 5, 20],
    [
      'Qwen3-Embedding-8B on 4 TPU v7x',
      'model: qwen3-embedding-8b, hardware: tpu-v7x, tensor_parallel_size: 4',
      2,
      16_384,
      8,
      2,
    ],
  ])(
    '%s embeds as many tokens per second as measured, within a factor',
    (what, pool, sequences, tokens, row, factor) => {
      const measured = Number(rows('embedding_throughput.csv')[row].split(',')[3]);
      const predicted = embeddingRate(pool, sequences, tokens);
      console.log(
        `| ${what} | ${Math.round(predicted)} tokens/s | measured ${measured} | ${(100 * (predicted / measured - 1)).toFixed(0)} % |`,
      );
      expect(predicted / measured).toBeLessThan(factor);
      expect(predicted / measured).toBeGreaterThan(1 / factor);
    },
  );
});
