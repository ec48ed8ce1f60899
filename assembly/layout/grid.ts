// The token grid: the shared x-axis of every table over "how many tokens" or "how many sequences".
//
// Exact below GRID_EXACT, then GRID_PER_OCTAVE points per octave, linear between points:
//   index(N) = N                                            for N <  GRID_EXACT
//   index(N) = GRID_EXACT + (e-5)*16 + (N >> (e-4)) - 16     for N >= 32, e = floor(log2 N)
// so that a lookup is one clz, two shifts and one multiply-add.
export const GRID_EXACT = 32;
export const GRID_EXACT_LOG2 = 5;
export const GRID_PER_OCTAVE = 16;
export const GRID_PER_OCTAVE_LOG2 = 4;
/** Token tables reach 2^18 = 262,144 tokens a step: 32 + 13*16 points and the end point. */
export const GRID_TOKENS = 241;
/** Sequence tables reach 2^13 = 8,192 sequences a step: 32 + 8*16 points and the end point. */
export const GRID_SEQUENCES = 161;
export const GRID_MAX_TOKENS = 262144;
export const GRID_MAX_SEQUENCES = 8192;
