// The largest numbers a spec may ask for; every one of them keeps a column or a count exact.

/** Tokens of one prompt or one output: 2^24, so that sums over a batch stay exact and lengths fit 32-bit columns. */
export const MAX_LENGTH_TOKENS = 16_777_216;
/** Counts of devices, sequences, tokens and blocks live in signed 32-bit columns. */
export const MAX_COUNT = 2_147_483_647;
/** Requests of one run: their columns must fit the 4 GiB of one WebAssembly memory. */
export const MAX_REQUESTS = 50_000_000;
/** Instances of one pool (replicas, clients, places of a domain): more than stand behind one router anywhere, and results keep curves of each. */
export const MAX_INSTANCES = 10_000;
/** Requests per second: more than all the world's chats, and gaps that stay above a clock's tick. */
export const MAX_RATE = 1e9;
export const MIN_RATE = 1e-9;
/** Seeds are whole numbers that a double holds exactly. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;
/** Values of one axis, which are held in memory. */
export const MAX_AXIS_VALUES = 100_000;
/** Rows of one sweep: beyond it, screening takes hours and the user meant something else. */
export const MAX_ROWS = 1_000_000_000;
