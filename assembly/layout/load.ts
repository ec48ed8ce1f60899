// What load is: the closed list, with its kernel ids and its words (LOAD_KV is `kv`).
export const LOAD_REQUESTS = 0;
export const LOAD_INPUT = 1;
export const LOAD_OUTPUT = 2;
export const LOAD_KV = 3;
export const LOAD_LEFT = 4;

export function loadWords(id: number): string {
  if (id === LOAD_REQUESTS) return 'outstanding visits';
  if (id === LOAD_INPUT) return 'prompt tokens of outstanding visits';
  if (id === LOAD_OUTPUT) return 'output tokens of outstanding visits';
  if (id === LOAD_KV) return 'tokens of the KV blocks in use or promised to visits on their way or waiting';
  if (id === LOAD_LEFT) return 'tokens left to process, prompt and output';
  return '';
}

/** Whether it changes inside a leap: then whoever may be chosen by it goes step by step. */
export function changesInLeaps(id: number): boolean {
  return id === LOAD_KV || id === LOAD_LEFT;
}

/** Whether a router reads it in the metrics of an instance; the others it counts itself, as it sends visits there. */
export function loadIsRead(id: number): boolean {
  return changesInLeaps(id);
}
