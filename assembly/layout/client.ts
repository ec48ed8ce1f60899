// The parameters and counters of a client, cells 32.. of its record (layout/replica.ts has the state before them).
// engineReset copies CLIENT_PARAMETERS cells from CLIENT_FIRST on: from the run record's own cells where all clients are alike
// (RUN_CLIENTS = 0), or from one parameter record per client.

export const CLIENT_FIRST = 32;
export const CLIENT_KIND = 32; // i32, KIND_*
export const CLIENT_BATCHING = 33; // i32, BATCHING_*
export const CLIENT_ADMISSION = 34; // i32, ADMISSION_*
export const CLIENT_PACKING = 35; // i32, PACKING_*
export const CLIENT_MAX_SEQS = 36; // i32; cores of a KIND_CORES client
export const CLIENT_BUDGET = 37; // i32, tokens per step
export const CLIENT_BLOCKS = 38; // i32, KV blocks
export const CLIENT_BLOCK_SIZE = 39; // i32, tokens
export const CLIENT_MAX_LEN = 40; // i32, longest prompt + output; 0 = no limit
export const CLIENT_PRICE = 41; // i32, PRICE_*
export const CLIENT_SURFACE = 42; // i32, address f64[SURFACE_SIZE]
export const CLIENT_PER_STEP = 43; // f64, linear price: s per step,
export const CLIENT_PER_TOKEN = 44; // per new token,
export const CLIENT_PER_PAIR = 45; // per prefill pair,
export const CLIENT_PER_SEQUENCE = 46; // per sequence,
export const CLIENT_PER_CONTEXT = 47; // per context token
export const CLIENT_LOCATION = 48; // i32
export const CLIENT_CHANNEL = 49; // i32, -1 = none
export const CLIENT_DEMAND = 50; // f64, most of the channel that its steps want; what they want of both its resources where PARTS is 0
export const CLIENT_WATERMARK = 51; // i32, KV blocks that admission leaves free while anything runs
export const CLIENT_TIERS = 52; // i32, address of TIER_BYTES records of a store
export const CLIENT_TIER_COUNT = 53; // i32
export const CLIENT_PREFIX = 54; // i32, address of the CACHE_CELLS record of its KV blocks, 0 = it caches nothing
export const CLIENT_LEAPS = 55; // i32, 1 when constant batches may be leapt over (routing looks at nothing that changes inside)
export const CLIENT_LOCAL = 56; // i32, its local group, from 1; 0 = none
export const CLIENT_SWAP_BLOCKS = 57; // i32, KV blocks that host memory holds for preempted sequences; 0 = they are computed again
export const CLIENT_ROUND = 59; // i32, decode iterations between two looks of the scheduler (multi-step scheduling); 0 = one
export const CLIENT_PER_SWAP = 58; // f64, s per block copied to host memory or back; with LoRA adapters s that the step being formed loads some
export const CLIENT_MAX_PROMPT = 63; // i32, longest prompt that is computed whole; 0 = no limit
export const CLIENT_DRAFTS = 64; // i32, tokens that are drafted for a decode and verified with it (speculative decoding); 0 = none
export const CLIENT_ACCEPTANCE = 65; // i32, address f64[DRAFTS]: 2^32 times the probability that at least 1, 2, ... drafts are accepted
export const CLIENT_DRAFT_SEED = 66; // i32
export const CLIENT_PER_DRAFT_STEP = 67; // f64, linear price: s per step that verifies drafts,
export const CLIENT_PER_DRAFT = 68; // per sequence whose drafts it verifies
export const CLIENT_PREFIX_LOSS = 69; // i32, tokens found in the prefix cache that the draft's head needs computed again
// Small rules of some engines: how often a busy scheduler looks at arrivals (SGLang), and batch waiting (TensorRT-LLM)
export const CLIENT_RECEIVE_EVERY = 60; // i32, decode steps between two looks; 0 or 1 = every step
export const CLIENT_WAIT_STEPS = 61; // i32, most steps that a prompt is held back; 0 = never
export const CLIENT_WAIT_TOKENS = 62; // i32, tokens of a step that are worth not waiting for
export const CLIENT_PROMISES = 70; // i32, 1 where routing asks for KV: blocks that visits will take count before they are admitted
export const CLIENT_PARTS = 71; // i32, address f64[2][SURFACE_SIZE]: seconds of the channel's compute, and of its bandwidth, that a step takes
// Hybrid models: what a sequence takes of the pool where that is not one block for every BLOCK_SIZE tokens
export const CLIENT_PAGES = 72; // i32, address of a PAGES_BYTES record, 0 = one block for every BLOCK_SIZE tokens
export const CLIENT_RANKS = 73; // i32, attention data parallel: how many clients in a row step together, + RANKS_PLACE times its place; 0 = it is alone
export const CLIENT_DEALING = 74; // i32, DEALING_*: how visits of its instance are dealt to the ranks
export const CLIENT_EVEN_STEPS = 75; // i32, most steps that prompts are held back until every rank has one; 0 = never
export const CLIENT_EVEN_BATCH = 76; // i32, steps that they are held back from then on, while every rank decodes
export const CLIENT_NEW_TOKEN_RATIO = 77; // f64, share of what was asked for that admission new-token-ratio expects at first
export const CLIENT_LANES = 78; // i32, address of a LANES_CELLS record (layout/lanes.ts), 0 = it serves no LoRA adapters; where PACKING is PACKING_FAIR a TENANTS_CELLS record (layout/tenants.ts)
export const CLIENT_PARAMETERS = 47; // cells copied
export const RANKS_PLACE = 65536;

// Pages of a sequence (i32): FULL of them for every BLOCK_SIZE tokens, NEAR for those that a window of WINDOW tokens may touch, FIXED for its states
export const PAGES_FULL = 0;
export const PAGES_NEAR = 4;
export const PAGES_WINDOW = 8;
export const PAGES_FIXED = 12;
export const PAGES_BYTES = 16;

// Where its arrays lie, offsets from the record (i32)
export const CLIENT_AT_RESIDUE = 102;
export const CLIENT_AT_WHEEL = 103;
export const CLIENT_AT_BITS = 104;
export const CLIENT_AT_CHUNKS = 105;
export const CLIENT_AT_GROUPS = 106;
export const CLIENT_AT_SLOTS = 107;
export const CLIENT_WHEEL_MASK = 108;

// Counters
export const CLIENT_STEPS = 80; // f64
export const CLIENT_BUSY = 81; // f64, s
export const CLIENT_RUNNING = 82; // f64, sequence-seconds in steps
export const CLIENT_TOKENS = 83; // f64, new tokens
export const CLIENT_PAIRS = 84; // f64
export const CLIENT_CONTEXT = 85; // f64
export const CLIENT_PEAK_BLOCKS = 86; // i32
export const CLIENT_PEAK_SEQS = 87; // i32
export const CLIENT_PREEMPTED = 88; // i32
// The least of each limit under which the run would have gone the same way; more than the limit itself where it had a say
export const CLIENT_NEED_SEQS = 131; // i32
export const CLIENT_NEED_BUDGET = 132; // i32, tokens of a step
export const CLIENT_NEED_BLOCKS = 130; // i32

// Work under way on a shared channel
export const CLIENT_LEFT = 89; // f64, s at full speed
export const CLIENT_RATE = 90; // f64, share of full speed
export const CLIENT_UPDATED = 91; // f64, s
export const CLIENT_COMPUTE = 92; // f64, share of the channel's compute that the step wants at full speed,
export const CLIENT_BANDWIDTH = 93; // and of its bandwidth
export const CLIENT_SHARED = 95; // i32, scratch: 1 once its rate has been found

// Load that routing sees, over outstanding visits (the rest of it: LOADS_* of layout/fleet.ts)
export const CLIENT_UNDONE = 94; // f64, tokens left to process

// Speculative decoding
export const CLIENT_AT_ACCEPTED = 123; // i32, offset of f64[DRAFTS + 1]: how often so many drafts were accepted
export const CLIENT_DRAFT_STEPS = 124; // f64, steps that verified drafts

// Swaps between device and host memory
export const CLIENT_SWAPS_OUT = 112; // i32, sequences
export const CLIENT_SWAPS_IN = 113; // i32, sequences
export const CLIENT_SWAP_SECONDS = 114; // f64, s that steps lasted longer
export const CLIENT_CELLS = 144;
