// Fetching the KV cache of a context from levels of memory, without simulating them: the paper's equation 1 and one draw of it.

/** A level, nearest first. */
export interface KvLevel {
  /** Probability that it holds the context, given that no nearer one does. */
  readonly hit: number;
  readonly latency: number; // s per look-up
  readonly bandwidth: number; // B/s
}

/**
 * Expected seconds: f(C_n) = hit_n (latency_n + bytes / bandwidth_n) + (1 - hit_n) f(C_n+1); behind the last level the context is
 * computed again. Source: MIST, arXiv 2504.09775, equation 1.
 */
export function expectedFetchSeconds(levels: readonly KvLevel[], bytes: number, recompute: number): number {
  return levels.reduceRight(
    (behind, { hit, latency, bandwidth }) => hit * (latency + bytes / bandwidth) + (1 - hit) * behind,
    recompute,
  );
}

/** The level that a draw finds (one uniform number a level until one hits), -1 where none does. */
export function drawLevel(levels: readonly KvLevel[], nextUniform: () => number): number {
  return levels.findIndex(({ hit }) => nextUniform() < hit);
}

export function levelSeconds({ latency, bandwidth }: KvLevel, bytes: number): number {
  return latency + bytes / bandwidth;
}
