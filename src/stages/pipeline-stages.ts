// What pools of a fleet are, for the stages that they serve.

import type { Model } from '../catalog/types.ts';

export type PoolKind = 'llm' | 'retrieval' | 'kv-store' | 'cores';
export const POOL_KINDS = ['llm', 'retrieval', 'kv-store', 'cores'] as const satisfies readonly PoolKind[];

/** What stages ask of a model, and the kinds of models that can: an encoder has no LM head, and so no token to give. */
export const ABILITIES = {
  generate: ['llm'],
  embed: ['llm', 'encoder'],
  score: ['llm', 'encoder'],
} as const satisfies Readonly<Record<string, readonly Model['kind'][]>>;
export type Ability = keyof typeof ABILITIES;

export function isAble(kind: Model['kind'], ability: Ability): boolean {
  return (ABILITIES[ability] as readonly string[]).includes(kind);
}
