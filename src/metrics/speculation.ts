// How speculative decoding did, with the names that `vllm bench serve` gives the figures.

export interface SpeculationResult {
  /** Accepted over drafted tokens. */
  readonly acceptance_rate: number;
  /** Tokens that a verified sequence gains on average: its own and the accepted drafts. */
  readonly acceptance_length: number;
  /** Times that a sequence's drafts were verified. */
  readonly num_drafts: number;
  readonly draft_tokens: number;
  readonly accepted_tokens: number;
  /** Share of the drafts whose position 1, 2, ... was accepted. */
  readonly per_position_acceptance_rates: readonly number[];
}

/** `accepted[i]`: how often i of a sequence's drafts were accepted (what lies beyond the output's end included, as in vLLM). */
export function summariseDrafts(accepted: readonly number[]): SpeculationResult {
  const drafts = accepted.length - 1;
  const sum = (of: (count: number, i: number) => number) =>
    accepted.reduce((total, count, i) => total + of(count, i), 0);
  const num_drafts = sum((count) => count);
  const accepted_tokens = sum((count, i) => count * i);
  return {
    acceptance_rate: accepted_tokens / (num_drafts * drafts),
    acceptance_length: 1 + accepted_tokens / num_drafts,
    num_drafts,
    draft_tokens: num_drafts * drafts,
    accepted_tokens,
    per_position_acceptance_rates: Array.from(
      { length: drafts },
      (_, position) => sum((count, i) => (i > position ? count : 0)) / num_drafts,
    ),
  };
}

/** Counts of several clients together; the shorter ones never had the later positions accepted. */
export function addAccepted(all: readonly (readonly number[])[]): number[] {
  const sum: number[] = [];
  for (const accepted of all) for (const [i, count] of accepted.entries()) sum[i] = (sum[i] ?? 0) + count;
  return sum;
}
