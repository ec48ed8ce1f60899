// How a step is formed: the closed list, with its kernel ids and its words. Each name is its constant in lower case: BATCHING_CHUNKED is
// `chunked`. Types, schemas, the tests' random programs and the reference's functions are derived from this file (src/check/scheduler-lists.ts).
export const BATCHING_STATIC = 0;
export const BATCHING_CONTINUOUS = 1;
export const BATCHING_CHUNKED = 2;
export const BATCHING_MIXED = 3;

/** What it does, for whoever asks what may be written; no kernel does. */
export function batchingWords(id: number): string {
  if (id === BATCHING_STATIC) return 'fill a batch when idle, prefill it together, decode until its last sequence ends';
  if (id === BATCHING_CONTINUOUS) return 'steps of whole prompts while they fit, otherwise everything running decodes';
  if (id === BATCHING_CHUNKED) return 'everything running decodes, chunks of prompts fill the rest of the token budget';
  if (id === BATCHING_MIXED)
    return 'everything running decodes, whole prompts share the step while they fit in the budget';
  return '';
}

/** Whether a batch leaves as one: its blocks are held until its last sequence ends, so that it reserves final lengths. */
export function leavesAsOne(id: number): boolean {
  return id === BATCHING_STATIC;
}

/** Whether a prompt may be cut into chunks, so that no step need hold the whole of it. */
export function cutsPrompts(id: number): boolean {
  return id === BATCHING_CHUNKED;
}

/** Whether decodes never share a step with prompts: they may then go in rounds (num_scheduler_steps; vLLM refuses the others, too). */
export function decodesApart(id: number): boolean {
  return id === BATCHING_CONTINUOUS || id === BATCHING_STATIC;
}
