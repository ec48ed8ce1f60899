// Who arrives, when, how long: the request columns every simulation starts from.

/** Requests in order of arrival, those that follow others behind the rest; all columns have the same length. */
export interface Requests {
  readonly count: number;
  /**
   * s, non-decreasing. In a closed loop: 0 (the engine sends request i+C when a request completes). Of one that follows another:
   * the earliest, in any order.
   */
  readonly arrival: Float64Array;
  readonly prompt: Int32Array; // tokens, >= 1
  readonly output: Int32Array; // tokens, >= 1
  /** Requests in flight of a closed loop; 0 = open loop. */
  readonly concurrency: number;
  /** Mean offered rate in requests/s: 0 for a closed loop or all at once. */
  readonly rate: number;
  /** Row of the file that each is, where linked turns put them in another order. */
  readonly rows?: Int32Array;
  /** Which requests follow others; absent where none does. */
  readonly turns?: Turns;
  /** Shared prompt prefixes, where the trace carries them (Mooncake). */
  readonly prefix?: PrefixBlocks;
  /** What it was made from, in words, for reports: "azure-conv-2023 lengths, Poisson 20 req/s, seed 0". */
  readonly description: string;
}

/** Requests that arrive so long after the end of another, and not before their own time: what the engine is given (src/plan/fleet.ts). */
export interface Turns {
  /** Requests before this one follow none. */
  readonly roots: number;
  /** Index of the request that each follows, -1 = none. */
  readonly after: Int32Array;
  readonly delay: Float64Array; // s
  /** 1 = another try of the request that it follows: sent where that was turned away or left, not where it was answered. Absent = none is. */
  readonly again?: Uint8Array;
}

/** Which leading blocks of a prompt equal those of other prompts: equal ids, equal tokens up to and including the block. */
export interface PrefixBlocks {
  readonly block_tokens: number;
  /** Request i has the ids from offset[i] to offset[i + 1] (count + 1 entries). */
  readonly offset: Int32Array;
  readonly ids: Int32Array;
}
