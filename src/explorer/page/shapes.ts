// What a request goes through before its answer is there: a pipeline is a line of this table, the pools it needs and the stages it walks.
import type { Asked, ShapeName } from './asked.ts';

interface Shape {
  readonly words: string;
  /** null: one pool, the short notation. */
  readonly pools: ((engine: object, asked: Asked) => Parts) | null;
}

interface Parts {
  readonly fleet: object;
  readonly pipeline: readonly object[];
  readonly topology?: object;
}

/** Most instances of each side that are tried where there are two. */
const MOST_A_SIDE = 6;
const upTo = (most: number) => ({ from: 1, to: most });

const APART: Shape = {
  words: 'prefill and decode on different machines',
  pools: (engine, { replicas }) => {
    const count = upTo(Math.min(replicas, MOST_A_SIDE));
    const side = { kind: 'llm', location: 'server' };
    return {
      fleet: {
        prefillers: { ...side, role: 'prefill', ...engine, count, routing: 'load-input', transfer: 'layer-wise' },
        decoders: { ...side, role: 'decode', ...engine, count, routing: 'load-left' },
      },
      topology: { rack: { kind: 'rack' }, server: { kind: 'nvlink', within: 'rack', count: 2 } },
      pipeline: [{ prefill: 'prefillers' }, { decode: 'decoders' }],
    };
  },
};

const RETRIEVAL: Shape = {
  words: 'retrieval first: embed, search 20 M passages, rerank, answer',
  pools: (engine, { replicas }) => ({
    fleet: {
      embedder: { kind: 'llm', model: 'bge-large-en-v1.5', hardware: 'l4', count: [1, 2, 4] },
      index: {
        ...{ kind: 'retrieval', hardware: 'epyc-9654', cores: 96, count: [1, 2] },
        index: { kind: 'hnsw', vectors: 20_000_000, dimensions: 1024, ef_search: 128 },
      },
      reranker: { kind: 'llm', model: 'bge-reranker-v2-m3', hardware: 'l40s', count: [2, 4, 8, 16] },
      writers: { kind: 'llm', ...engine, count: upTo(replicas), routing: 'least-loaded' },
    },
    pipeline: [
      { embed: 'embedder' },
      { retrieve: { on: 'index', passages: 20, passage_tokens: 250 } },
      { rerank: { on: 'reranker', keep: 6 } },
      { prefill: 'writers' },
      { decode: 'writers' },
    ],
  }),
};

export const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  together: { words: 'the answer alone, one pool of engines', pools: null },
  apart: APART,
  retrieval: RETRIEVAL,
};
