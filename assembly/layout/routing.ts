// How a group of clients chooses among its members: the closed list, with its kernel ids and its words (ROUTING_HEAVY_LIGHT is `heavy-light`).
// Ties go to the first member after the last chosen one, cyclically.
export const ROUTING_ROUND_ROBIN = 0;
export const ROUTING_LOAD = 1;
export const ROUTING_HEAVY_LIGHT = 2;
export const ROUTING_PREFIX_AFFINITY = 3;
export const ROUTING_NEAREST = 4;
export const ROUTING_SCORED = 5;
export const ROUTING_ADAPTER_AFFINITY = 6;

export function routingWords(id: number): string {
  if (id === ROUTING_ROUND_ROBIN) return 'one after another';
  if (id === ROUTING_LOAD) return 'the least load';
  if (id === ROUTING_HEAVY_LIGHT)
    return 'the least load among the members for visits as heavy, or as light, as this one';
  if (id === ROUTING_PREFIX_AFFINITY) return 'the most leading hash blocks in its KV blocks, then the least load';
  if (id === ROUTING_NEAREST) return 'the least seconds from where the last stage ran, then the least load';
  if (id === ROUTING_SCORED) return 'the least sum of weighted terms, then the least load';
  if (id === ROUTING_ADAPTER_AFFINITY)
    return 'where its LoRA adapter runs, else where one more may, else where it waits, then the least load';
  return '';
}

/** Whether the load metric is part of its name in a spec: `load-kv`, `heavy-light-output`. */
export function namesItsLoad(id: number): boolean {
  return id === ROUTING_LOAD || id === ROUTING_HEAVY_LIGHT;
}

/** Whether its members are two halves, one for light visits and one for heavy ones (threshold, light). */
export function splitsMembers(id: number): boolean {
  return id === ROUTING_HEAVY_LIGHT;
}

/** Whether it looks at what its members' blocks hold; a scored one does where a term does. */
export function looksAtBlocks(id: number): boolean {
  return id === ROUTING_PREFIX_AFFINITY;
}

/** Whether its members are ranks, which have blocks and queues of their own, and not instances. */
export function choosesRanks(id: number): boolean {
  return looksAtBlocks(id) || weighsTerms(id);
}

/** Whether what it compares is a sum of terms (layout/scores.ts), which must then be given. */
export function weighsTerms(id: number): boolean {
  return id === ROUTING_SCORED;
}

/** Whether it looks at what its members do; one that does not leaves them free to leap. */
export function looksAtLoad(id: number): boolean {
  return id !== ROUTING_ROUND_ROBIN;
}
