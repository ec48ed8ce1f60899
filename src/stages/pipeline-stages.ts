// What pools of a fleet are, for the stages that they serve.

export type PoolKind = 'llm' | 'retrieval' | 'kv-store' | 'cores';
export const POOL_KINDS = ['llm', 'retrieval', 'kv-store', 'cores'] as const satisfies readonly PoolKind[];
