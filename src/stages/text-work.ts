// What one core does to text: tokenise, detokenise, look words up. Figures are orders of magnitude; a spec may give its own.

export interface TextCost {
  readonly fixed: number; // s per request
  readonly perToken: number; // s per token
}

/**
 * Byte-pair encoding runs at a few MB/s and core (tiktoken's README measures about 6 MB/s for itself on one thread and 3 to 6 times
 * less for the Hugging Face tokeniser), which at 4 bytes a token is about a million tokens a second. Turning tokens back is a table
 * look-up and a copy, mostly per-token overhead of the streaming path; a word list is one hash look-up per word.
 */
export const TEXT_COSTS: Readonly<Record<'tokenize' | 'detokenize' | 'word-lookup', TextCost>> = {
  tokenize: { fixed: 50e-6, perToken: 1e-6 },
  detokenize: { fixed: 20e-6, perToken: 1e-6 },
  'word-lookup': { fixed: 10e-6, perToken: 0.2e-6 },
};

/** Text of a token as it travels between clients: 4 bytes of UTF-8, English prose. */
export const TEXT_BYTES_PER_TOKEN = 4;

export function textSeconds(cost: TextCost, tokens: number): number {
  return cost.fixed + cost.perToken * tokens;
}
