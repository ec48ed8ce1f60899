// The stage types a pipeline is made of: what kind of client each needs, and what it is in one line.

export type PoolKind = 'llm' | 'retrieval' | 'kv-store' | 'cores';
export const POOL_KINDS = ['llm', 'retrieval', 'kv-store', 'cores'] as const satisfies readonly PoolKind[];

/** Which waiting visit an engine looks at first. */

export interface StageKind {
  /** Pools that can serve it; empty for stages that only arrange others. */
  readonly needs: readonly PoolKind[];
  readonly words: string;
}

export const STAGE_KINDS = {
  tokenize: { needs: ['cores'], words: 'Prompt text to tokens, on one core.' },
  embed: { needs: ['llm'], words: 'The question to a vector: one forward pass of an encoder.' },
  retrieve: { needs: ['retrieval'], words: 'Vector search; adds passages to the context.' },
  rerank: { needs: ['llm'], words: 'A cross-encoder scores every passage beside the question; the best stay.' },
  'kv-fetch': {
    needs: ['kv-store', 'cores'],
    words: 'KV cache of the leading context from a store, or its expected time.',
  },
  prefill: { needs: ['llm'], words: 'The whole context through the model, up to the first token.' },
  decode: { needs: ['llm'], words: 'The answer, token by token.' },
  reason: {
    needs: ['llm'],
    words: 'Thinking before the answer: paths that share the prompt, in rounds with a reward model.',
  },
  reward: { needs: ['llm'], words: 'A reward model scores the whole context.' },
  safety: { needs: ['llm'], words: 'A small model checks prompt or answer.' },
  'word-lookup': { needs: ['cores'], words: 'Every generated word in a list of words.' },
  tool: { needs: ['cores'], words: 'A call to the outside with a latency of its own; its result joins the context.' },
  detokenize: { needs: ['cores'], words: 'Generated tokens to text, on one core.' },
  'route-to-model': { needs: [], words: 'One of several lists of stages, by its share; what is left of 100 % skips.' },
  repeat: { needs: [], words: 'A list of stages several times over.' },
  parallel: { needs: [], words: 'Lists of stages side by side; the next stage waits for all of them.' },
} as const satisfies Readonly<Record<string, StageKind>>;

export type StageName = keyof typeof STAGE_KINDS;
export const STAGE_NAMES = Object.keys(STAGE_KINDS) as StageName[];
