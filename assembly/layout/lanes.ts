// A client whose queue has lanes, one for the base model (0) and one for every LoRA adapter: which adapters run, wait and lie in memory.

/** Added to CLIENT_PACKING: every lane is a heap by that rule. */
export const IN_LANES = 16;
/** Added to CLIENT_PRICE: a step takes longer by the adapters that run. */
export const BY_ADAPTERS = 16;

// The record of such a client (cells)
export const LANES_COUNT = 0; // i32
export const LANES_LIST = 1; // address of COUNT lanes of LANE_BYTES
// Two binary heaps of the lanes that somebody waits in, by LANE_KEY: an address of i32[COUNT + 1] (the first is not used), then how many
export const LANES_OPEN = 2; // those of the base model and of adapters that run, which may always be served;
export const LANES_SHUT = 4; // the others, which may while a slot is free
export const LANES_SLOTS = 6; // i32, adapters that run at once; so many lie in device memory, those used last
export const LANES_HOST = 7; // i32, adapters that lie in host memory, those used last, the ones on the device among them
export const LANES_ACTIVE = 8; // i32, adapters that run
export const LANES_QUEUED = 9; // i32, adapters that somebody waits for
export const LANES_KNOWN = 10; // i32, adapters that run or have run
// A list of those that have run and do not, the one used last first: its first lane, and the last one that lies on the device, and in
// host memory (0 = none)
export const LANES_NEWEST = 11;
export const LANES_EDGE_DEVICE = 12;
export const LANES_EDGE_HOST = 13;
// With n > 0 adapters running a step takes 1 + OVERHEAD + n * SHARE times as long, and n * SECONDS
export const LANES_OVERHEAD = 14; // f64
export const LANES_SHARE = 15; // f64
export const LANES_SECONDS = 16; // f64, s
// Counters
export const LANES_LOADS = 17; // i32, adapters loaded into a slot,
export const LANES_FETCHES = 18; // i32, and of those the ones that came from storage
export const LANES_LOAD_SECONDS = 19; // f64, s that steps lasted longer
export const LANES_CELLS = 20;

// A lane (bytes)
export const LANE_KEY = 0; // i64, of the visit at its head: WORK, then ORDER
export const LANE_LEFT = 8; // f64, s, when the last of its sequences left
export const LANE_LOAD = 16; // f64, s from host memory into a slot
export const LANE_FETCH = 24; // f64, s from storage into host memory
export const LANE_HEAD = 32; // i32, visit, -1 = empty
export const LANE_WAITING = 36; // i32, visits
export const LANE_RUNNING = 40; // i32, sequences
export const LANE_PLACE = 44; // i32, in the heap that it is in
export const LANE_NEWER = 48; // i32, lanes beside it in the list of those used last, 0 = none
export const LANE_OLDER = 52;
export const LANE_LIES = 56; // i32, LIES_*, or IS_LISTED alone, of one that is in that list; else 0
export const LANE_BYTES = 64;
export const IS_LISTED = 1;
export const LIES_ON_DEVICE = 2;
export const LIES_IN_HOST = 4;
