// Choices that cross the boundary, as integers; those that a spec names have a file each (batching.ts, routing.ts, ...). test/house.test.ts checks
// that each id has a case and a name.
export const PRICE_LINEAR = 0; // the spec's own step_time
export const PRICE_SURFACE = 1; // a lowered step surface

export const LEAP_NONE = 0; // every iteration walks all phases (the only mode that can log steps)
export const LEAP_EXACT = 1; // constant batches in a tight loop: same bits as LEAP_NONE
export const LEAP_CLOSED = 2; // constant batches in closed form: equal to 1e-9 relative

// Terminal states of a request (one column, so that they add up: law L1).
export const STATE_PENDING = 0;
export const STATE_FINISHED = 1;
export const STATE_REJECTED_KV = 2; // final length can never fit in the KV blocks
export const STATE_REJECTED_LENGTH = 3; // longer than max_model_len
export const STATE_UNFINISHED = 4; // the run ended early (stop reason says why)
export const STATE_CANCELLED = 5; // a visit that never joined a client, because another one of its request was rejected
export const STATE_UNSENT = 6; // never arrived: what it follows was rejected, which ended the conversation, or was answered and needs no other try
export const STATE_REJECTED_QUEUE = 7; // as many wait where it came as may
export const STATE_TIMED_OUT = 8; // its client left before it had its answer
export const STATE_FAILED = 9; // an instance failed that had a part of it

// Stop reasons of an engine run.
export const STOP_DONE = 0;
export const STOP_HOPELESS = 1; // more requests already miss the limits than the percentile allows
export const STOP_LOG_FULL = 2; // the step log is full: drain it and call again
export const STOP_DEADLOCK = 5; // visits wait, and nothing is left that could let them go on
export const STOP_EVENTS = 3; // the event budget of this call is spent: call again
export const STOP_MARK = 4; // a mark that the caller set was reached: clear it and call again
export const STOP_UNTIL = 6; // nothing happens any more up to RUN_UNTIL: set it later and call again

// p of the roofline's p-norm, as powers of two so that it needs only multiplications and square roots.
export const NORM_1 = 0;
export const NORM_2 = 1;
export const NORM_4 = 2;
export const NORM_8 = 3;
export const NORM_INF = 4;

// Kinds of clients
export const KIND_LLM = 0;
export const KIND_CORES = 1;
export const KIND_STORE = 2;

// Flags of a visit (the same numbers as in src/plan/fleet.ts)
export const FLAG_RESIDENT = 1;
export const FLAG_HOLD = 2;
export const FLAG_PREFIX = 4;
export const FLAG_LOCAL = 8;
export const FLAG_FIRST = 16; // of its request
export const FLAG_LAST = 32; // its end is that of its request
export const FLAG_REJECTED = 64; // on the last visit: the request was rejected, or its client left, before that ended
export const FLAG_LEAVES = 128; // its client left while it ran, or its request failed: it goes when the step under way ends
export const FLAG_FAILED = 256; // on the last visit, beside FLAG_REJECTED: what ended the request is an instance that failed
