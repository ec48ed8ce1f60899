// Passages in the context of a request: what retrieval puts there and reranking takes away.
import type { State, Walker } from './laying.ts';

/** The passages of the context are these now. Behind shared text and history, nothing is as in later turns. */
export function withPassages(state: State, walker: Walker, passages: readonly number[]): State {
  const change = sum(passages) - sum(state.passages);
  return { ...state, passages, context: state.context + change, chained: Math.min(state.chained, walker.before) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
