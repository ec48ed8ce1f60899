// Who arrives, when, how long: the request columns every simulation starts from.

/** Requests in order of arrival; all columns have the same length. */
export interface Requests {
  readonly count: number;
  /** s, non-decreasing. In a closed loop: 0 (the engine sends request i+C when a request completes). */
  readonly arrival: Float64Array;
  readonly prompt: Int32Array; // tokens, >= 1
  readonly output: Int32Array; // tokens, >= 1
  /** Requests in flight of a closed loop; 0 = open loop. */
  readonly concurrency: number;
  /** Mean offered rate in requests/s: 0 for a closed loop or all at once. */
  readonly rate: number;
  /** Shared prompt prefixes, where the trace carries them (Mooncake). */
  readonly prefix?: PrefixBlocks;
  /** What it was made from, in words, for reports: "azure-conv-2023 lengths, Poisson 20 req/s, seed 0". */
  readonly description: string;
}

/** Which leading blocks of a prompt equal those of other prompts: equal ids, equal tokens up to and including the block. */
export interface PrefixBlocks {
  readonly block_tokens: number;
  /** Request i has the ids from offset[i] to offset[i + 1] (count + 1 entries). */
  readonly offset: Int32Array;
  readonly ids: Int32Array;
}
