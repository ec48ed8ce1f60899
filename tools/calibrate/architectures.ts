// Shapes of the models that published layer traces name: facts of their architectures, from their config.json files.

export interface Architecture {
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocab: number;
  /** Experts of a mixture model; absent for dense ones. */
  readonly experts?: { readonly count: number; readonly topK: number; readonly intermediate: number };
}

const shape = (hidden: number, intermediate: number, heads: number, kvHeads: number, vocab: number): Architecture => ({
  hidden,
  intermediate,
  heads,
  kvHeads,
  headDim: 128,
  vocab,
});

export const ARCHITECTURES: Record<string, Architecture> = {
  'Llama-2-7b-hf': shape(4096, 11008, 32, 32, 32000),
  'Llama-2-70b-hf': shape(8192, 28672, 64, 8, 32000),
  'CodeLlama-34b-Instruct-hf': shape(8192, 22016, 64, 8, 32000),
  'Meta-Llama-3-8B': shape(4096, 14336, 32, 8, 128256),
  'Meta-Llama-3-70B': shape(8192, 28672, 64, 8, 128256),
  'Llama-3.1-8B': shape(4096, 14336, 32, 8, 128256),
  'Llama-3.1-70B': shape(8192, 28672, 64, 8, 128256),
  'Mixtral-8x7B-v0.1': shape(4096, 14336, 32, 8, 32000),
  'Qwen3-32B': shape(5120, 25600, 64, 8, 151936),
  'Qwen3-30B-A3B-Instruct-2507': {
    ...shape(2048, 6144, 32, 4, 151936),
    experts: { count: 128, topK: 8, intermediate: 768 },
  },
};
