// A step surface: everything that decides how long one engine iteration takes, lowered once per
// (model, hardware, precision, tp, pp, dp, ep, engine). One surface is SURFACE_SIZE consecutive f64; all times are seconds.
//
// A decode-only step of B sequences whose contexts sum to X (mean context x = X/B) costs
//   V(B, x)                                  table DECODE: complete, host overhead included
// A step that also carries prompt chunks (N new tokens in all, S sequences that sample, B decodes, chunks (n_i, pairs_i)) costs
//   g    = G(N) + LM(S) + [AP_FIXED + sum pairs_i * APF(n_i) + min(pairs_i, n_i*WINDOW) * APW(n_i)] + DA(B, x)
//   g'   = N > FLOOR_TOKENS ? sqrt(g^2 + FLOOR^2) : g
//   host = HOST_STEP + HOST_SEQUENCE * (B + chunks)
//   step = HOST_NORM == 1 ? g' + host : sqrt(g'^2 + host^2)
// A step of R attention groups with work of their own (ranks: each its N_r tokens, S_r samples, B_r decodes, chunks) lasts as if every
// group had as much as the one that has most: G, LM and the host at R times the most of N_r, S_r and sequences, the largest of the R-fold
// attention; but what they do together, SHARED, is that of all tokens. The floor holds by the most of N_r.
// With k drafts a decode the B decodes are B (1+k) of the N new tokens and of the S samples, DA holds the attention of all their
// queries and the draft's passes, DECODE all of it, and G, APF and APW also the draft's first pass, which sees every new token.
// Tables over tokens use layout/grid.ts; tables over (B, x) hold SURFACE_KNOTS values per grid point of B, one per
// mean context of KNOTS, and are piecewise affine in x (so in X for a fixed B: a leap keeps a closed form).

/** Mean-context knots per sequence count; KNOTS[0] = 0, strictly increasing. Beyond the last, the last slope goes on. */
export const SURFACE_KNOTS = 8;

export const SURFACE_HOST_STEP = 0; // s per step
export const SURFACE_HOST_SEQUENCE = 1; // s per sequence in the step
export const SURFACE_HOST_NORM = 2; // 1: host adds to device time; 2: they overlap, root of the sum of squares
export const SURFACE_FLOOR = 3; // s, floor of steps with prompt tokens that no captured graph serves
export const SURFACE_FLOOR_TOKENS = 4; // the floor applies above this many new tokens
export const SURFACE_AP_FIXED = 5; // s per step with at least one chunk: launch of the prefill attention kernels
export const SURFACE_WINDOW = 6; // tokens, sliding window (0 where no layer has one)
// Energy is linear in work (L11: idle power x time, that of running steps x busy time and the boards' limit come from TypeScript).
export const SURFACE_J_STEP = 7; // J per step: weights read whatever the batch
export const SURFACE_J_TOKEN = 8; // J per new token
export const SURFACE_J_PAIR = 9; // J per prefill pair
export const SURFACE_J_CONTEXT = 10; // J per context token read by a decode
export const SURFACE_IDLE_W = 11; // W, idle power of all devices of one replica
export const SURFACE_DEVICES = 12; // devices of one replica
// With speculative decoding, the passes of the draft after its first (which the figures above contain)
export const SURFACE_J_DRAFT_STEP = 13; // J per step that verifies drafts
export const SURFACE_J_DRAFT = 14; // J per sequence whose drafts it verifies
export const SURFACE_BUSY_W = 15; // W that a running step adds to idle power, whatever its work
export const SURFACE_HEADER = 16;

export const SURFACE_KNOTS_AT = 16; // f64[SURFACE_KNOTS], mean context in tokens
export const SURFACE_G = 24; // f64[GRID_TOKENS] token-wise work of N new tokens
export const SURFACE_LM = 265; // f64[GRID_SEQUENCES] LM head and sampling for S sequences
export const SURFACE_APF = 426; // f64[GRID_TOKENS] s per prefill pair of full-attention layers, by chunk length
export const SURFACE_APW = 667; // f64[GRID_TOKENS] the same for sliding-window layers
export const SURFACE_DA = 908; // f64[GRID_SEQUENCES][SURFACE_KNOTS] decode attention alone
export const SURFACE_DECODE = 2196; // f64[GRID_SEQUENCES][SURFACE_KNOTS] complete decode-only step
export const SURFACE_SHARED = 3484; // f64[GRID_TOKENS] of G what all attention groups do together: experts, and exchanges over all tokens
export const SURFACE_SIZE = 3728; // f64 in all (a multiple of 8)
