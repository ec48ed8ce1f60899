// The screen record: closed-form steady states of a block of configurations that share one step surface and one workload.
// Cells of 8 bytes, like the run record. Rows differ in replicas, rate, limits and batching. With attention data parallel a replica is
// one of the RANKS ranks of an instance, all of which have as much to do, and the surface that of the instance.

export const SCREEN_ROWS = 0; // i32
export const SCREEN_SURFACE = 1; // i32, address f64[SURFACE_SIZE]
export const SCREEN_CURVES = 2; // i32, address f64[curves][CURVE_SIZE], filled by screenCurve

// Columns in, one entry per row (addresses)
export const SCREEN_RATE = 3; // f64, requests/s of the whole deployment; 0 = closed loop or all at once
export const SCREEN_REPLICAS = 4; // f64
export const SCREEN_IN_FLIGHT = 5; // f64, requests in flight of the whole deployment where the rate is 0
export const SCREEN_MAX_SEQS = 6; // f64
export const SCREEN_CLASS = 7; // i32, which entry of ROOM holds for the row
export const SCREEN_CURVE = 8; // i32, which curve: batching and token budget
export const SCREEN_ROOM = 9; // address of f64[classes]: sequences whose mean KV use fills the blocks

// Columns out (addresses), one entry per row
export const SCREEN_STATUS = 10; // i32, SCREENED_*
export const SCREEN_BATCH = 11; // f64, mean running sequences of a replica
export const SCREEN_TTFT = 12; // f64, s, mean
export const SCREEN_TPOT = 13; // f64, s, mean
export const SCREEN_TTFT_TAIL = 14; // f64, s, estimate at the tail quantile
export const SCREEN_TPOT_TAIL = 15; // f64, s
export const SCREEN_LOAD = 16; // f64, busy share of a replica (above 1: overloaded)
export const SCREEN_SERVED = 17; // f64, requests/s of the whole deployment
export const SCREEN_WATTS = 18; // f64, W of the whole deployment

// Workload (f64)
export const SCREEN_PROMPT = 20; // mean tokens
export const SCREEN_OUTPUT = 21; // mean tokens
export const SCREEN_CONTEXT = 22; // mean context of a decode step, tokens
export const SCREEN_PAIRS = 23; // mean prefill pairs of a request
export const SCREEN_PROMPT_TAIL = 24; // prompt length at the tail quantile over the mean
export const SCREEN_PROMPT_SQUARE = 25; // E[prompt^2] / E[prompt]^2
export const SCREEN_OUTPUT_MAX = 26; // output length at p99, for static batches
export const SCREEN_TAIL = 27; // ln(1 / (1 - q)) of the tail quantile q
export const SCREEN_TAIL_SIGMA = 28; // standard normal quantile of q
// Limits (f64 s, +inf = none) on mean and tail, with the margin already applied
export const SCREEN_TTFT_LIMIT = 29;
export const SCREEN_TPOT_LIMIT = 30;
export const SCREEN_TTFT_TAIL_LIMIT = 31;
export const SCREEN_TPOT_TAIL_LIMIT = 32;
// Speculative decoding
export const SCREEN_ADVANCE = 33; // f64, tokens that a decode gains on average; 1 without
export const SCREEN_DRAFTS = 34; // i32, tokens drafted for each decode
export const SCREEN_RANKS = 35; // i32, ranks of an instance; 1 without attention data parallel

/** Scratch chunk record of screenCurve at this cell; cells 73..75 are the scratch of the surface lookup. */
export const SCREEN_CHUNK = 40;
export const SCREEN_CELLS = 80;

// A curve: what a request costs a replica, by batch size, on the sequence grid (layout/grid.ts)
export const CURVE_POINTS = 161; // = GRID_SEQUENCES
export const CURVE_COST = 0; // f64[CURVE_POINTS], s of a replica per request, least over all batches up to this one
export const CURVE_DECODE = 161; // s of a decode-only step
export const CURVE_PREFILL = 322; // s of a step that carries a prompt (static: the prefill of the whole batch)
export const CURVE_PREFILLS = 483; // such steps per prompt
export const CURVE_STEPS = 644; // decode-only steps per request and batch member
export const CURVE_SIZE = 808;

// What becomes of a row
export const SCREENED_FEASIBLE = 0;
export const SCREENED_DOUBTFUL = 1; // by the estimate the load is too much, or a latency over its limit
