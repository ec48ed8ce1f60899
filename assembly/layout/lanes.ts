// A client whose queue has lanes, one for the base model (0) and one for every LoRA adapter: which adapters run, wait and lie in memory.

/** Added to CLIENT_PACKING: every lane is a heap by that rule. */
export const IN_LANES = 16;
/** Added to CLIENT_PRICE: a step takes longer by the adapters that run. */
export const BY_ADAPTERS = 16;

// The record of such a client (cells)
export const LANES_COUNT = 0; // i32
export const LANES_HEADS = 1; // address i32 per lane, -1 = empty
export const LANES_WAITING = 2; // address i32 per lane, visits
export const LANES_RUNNING = 3; // address i32 per lane, sequences
export const LANES_LEFT = 4; // address f64 per lane, s, when the last of them left; -inf = none ever ran
export const LANES_SLOTS = 5; // i32, adapters that run at once; so many lie in device memory, those used last
export const LANES_HOST = 6; // i32, adapters that lie in host memory, those used last, the ones on the device among them
export const LANES_ACTIVE = 7; // i32, adapters that run
export const LANES_QUEUED = 8; // i32, adapters that somebody waits for
export const LANES_LOAD = 9; // address f64 per lane, s from host memory into a slot
export const LANES_FETCH = 10; // address f64 per lane, s from storage into host memory
// With n > 0 adapters running a step takes 1 + OVERHEAD + n * SHARE times as long, and n * SECONDS
export const LANES_OVERHEAD = 11; // f64
export const LANES_SHARE = 12; // f64
export const LANES_SECONDS = 13; // f64, s
// Counters
export const LANES_LOADS = 14; // i32, adapters loaded into a slot,
export const LANES_FETCHES = 15; // i32, and of those the ones that came from storage
export const LANES_LOAD_SECONDS = 16; // f64, s that steps lasted longer
export const LANES_CELLS = 17;
