// The run record: one engine run's parameters, addresses and progress. Cells of 8 bytes; `i32` cells use the low half.
// TypeScript fills the cells up to RUN_PARAMETERS, calls engineBytes and engineReset, then engineRun until it says STOP_DONE.

// Limits and choices (i32)
export const RUN_REQUESTS = 0; // arrivals that follow no other request
export const RUN_REPLICAS = 1; // clients
export const RUN_VISITS = 2; // rows of the visit columns
export const RUN_FLEET = 3; // address of the fleet record (layout/fleet.ts)
export const RUN_CLIENTS = 5; // address of one parameter record per client (CLIENT_PARAMETERS cells)
export const RUN_PLAIN = 4; // i32, 1 where a request is one visit that waits for nothing, shares nothing and comes with nothing: its flags and optional columns need no look
export const RUN_LEAP = 6; // LEAP_*
export const RUN_CONCURRENCY = 12; // requests in flight of a closed loop; 0 = open
export const RUN_MAX_OUTPUT = 13; // largest output length of the visits

// Addresses of columns, one entry per request unless said (i32)
export const RUN_ARRIVAL = 14; // f64, s; written in a closed loop, and of requests that follow others (until then: the earliest)
export const RUN_PROMPT = 15; // i32
export const RUN_OUTPUT = 16; // i32
export const RUN_FIRST = 17; // f64, s, out
export const RUN_FINISH = 18; // f64, s, out; while preempted: time of the last token
export const RUN_STATE = 19; // i32, STATE_*, out
export const RUN_PREEMPTIONS = 20; // i32, out
export const RUN_REPLICA_OF = 21; // i32, out
export const RUN_NEXT = 22; // i32, links of the waiting queues
export const RUN_SWAPPED = 24; // i32, working: while a sequence lies in host memory, 1 + tokens that were cached at its admission; else 0. 0 = no client swaps
export const RUN_GENERATED = 23; // i32, tokens generated before the last preemption
export const RUN_HISTOGRAM = 25; // f64[HISTOGRAM_BINS] weights of inter-token gaps; 0 = not kept
export const RUN_LOG = 26; // f64[RUN_LOG_CAPACITY][LOG_FIELDS]; 0 = no log (needs LEAP_NONE)
export const RUN_LOG_CAPACITY = 27; // steps

/** engineRun returns STOP_UNTIL before the first instant after it: of requests that are still to come nothing is known then (f64 s; Infinity = never). */
export const RUN_UNTIL = 28;

// When to give up: more than the allowed number of requests over a limit (f64 s; i32 counts)
export const RUN_TTFT_LIMIT = 33;
export const RUN_TPOT_LIMIT = 34;
export const RUN_TTFT_ALLOWED = 35;
export const RUN_TPOT_ALLOWED = 36;
/** Steps after which engineRun returns STOP_EVENTS, so that a long run can show progress and be stopped (f64). */
export const RUN_STEP_QUOTA = 37;
/** engineRun returns STOP_MARK once so many sequences run or requests are over; the caller clears the cell it has seen (i32, 0 = none). */
export const RUN_MARK_RUNNING = 41;
export const RUN_MARK_FINISHED = 42;
/** engineRun returns STOP_MARK before the first instant after so many requests have arrived (i32, none = NO_MARK); the caller sets the next. */
export const RUN_MARK_ARRIVED = 38;
export const NO_MARK = 0x7fffffff;
/** Requests (from, to) whose missed limits count against what a percentile may miss (i32). */
export const RUN_COUNT_FROM = 39;
export const RUN_COUNT_TO = 40;
export const RUN_PARAMETERS = 43;

// Progress and counters, written by the kernel
export const RUN_NEXT_ARRIVAL = 43; // i32, first request not routed yet
export const RUN_RELEASED = 44; // i32, requests whose arrival time is known
export const RUN_TURNED = 45; // i32, requests that follow others and have arrived
export const RUN_TTFT_MISSES = 46; // i32
export const RUN_TPOT_MISSES = 47; // i32
export const RUN_LOGGED = 48; // i32, steps in the log
export const RUN_STEPS = 49; // f64
export const RUN_FINISHED = 58; // i32
export const RUN_CLOCK = 59; // f64, s, time of the last event

// Working set, placed by engineReset
export const RUN_TREE = 60; // i32, address of the tournament tree over replicas
export const RUN_TREE_LEAVES = 61; // i32, a power of two
export const RUN_READY = 62; // i32, address of the list of replicas that must form a step
export const RUN_READY_COUNT = 63; // i32
export const RUN_TABLE = 64; // i32, address of the addresses of the client records
export const RUN_PIECE_A = 73; // f64, scratch of price: duration = A + B * context ...
export const RUN_PIECE_B = 74;
export const RUN_PIECE_END = 75; // ... while context < END
export const RUN_CELLS = 80;

// Step log: one record per iteration
export const LOG_REPLICA = 0;
export const LOG_START = 1;
export const LOG_DURATION = 2;
export const LOG_PREFILL_TOKENS = 3;
export const LOG_SEQUENCES = 4;
export const LOG_CONTEXT = 5;
export const LOG_BLOCKS = 6;
export const LOG_FIELDS = 8;

// Histogram of inter-token gaps: 128 bins per octave of seconds from 2^-20 s (0.95 us) to 2^12 s (68 min), by the top
// bits of the f64. Bin i covers [2^-20 * 2^(i>>7) * (1 + (i&127)/128), next): 0.8 % wide. Shorter gaps go to bin 0.
export const HISTOGRAM_BINS = 4096;
export const HISTOGRAM_OCTAVES = 32;
export const HISTOGRAM_PER_OCTAVE = 128;
export const HISTOGRAM_MIN_EXPONENT = -20;
