// The client record: the state of one client between events. Cells of 8 bytes, like the run record; its parameters and
// counters follow in layout/client.ts.
export const REP_END = 0; // f64, s, end of the step (or leap) under way; +inf when idle
export const REP_START = 1; // f64, s, its start
export const REP_DECODES = 2; // i32, R: running sequences that decode
export const REP_CONTEXT = 3; // f64, X: sum of past over them
export const REP_TICK = 4; // i32, decode iterations so far
export const REP_PHASE = 5; // i32, (-tick) mod block size: the residue class that needs a block next
export const REP_USED = 6; // i32, KV blocks in use
export const REP_WAIT_HEAD = 7; // i32, request id, -1 = empty
export const REP_WAIT_TAIL = 8; // i32
export const REP_WAITING = 9; // i32
export const REP_RUN_TAIL = 10; // i32, slot address of the most recently admitted, 0 = none
export const REP_PARTIAL = 11; // i32, slot address of the partial prompt, 0 = none
export const REP_PARTIAL_PAST = 12; // i32, tokens of it in the cache
export const REP_FREE_SLOT = 13; // i32, head of the free slots
export const REP_SLOTS_USED = 14; // i32, slots ever handed out (the rest is virgin)
export const REP_RUNNING = 15; // i32, admitted sequences (decodes + those in prefill; static: ended ones too)
// The step under way
export const REP_STEPS = 17; // i32, iterations in the leap (1 for a plain step)
export const REP_DECODING = 18; // i32, 1 when the running sequences decode in this step
export const REP_CHUNKS = 19; // i32, prompt chunks in the step
export const REP_CHUNK_TOKENS = 20; // i32
export const REP_PAIRS = 21; // f64
export const REP_COMPLETING = 22; // i32, chunks that complete their prompt (the first entries' slots are in the chunk list)
export const REP_LAST_DECODE = 23; // f64, s, end of the last decode step
export const REP_GROUPS = 24; // i32, groups of sequences by time of their last token (continuous and static batching)
export const REP_READY = 25; // i32, 1 while on the ready list
export const REP_PREEMPTED = 26; // i32, 1 when forming this step preempted a sequence
export const REP_INDEX = 27; // i32
export const REP_BLOCKED = 28; // i32, 1 when nothing waits or what waits cannot be admitted until a sequence ends
export const REP_PIECE_A = 29; // f64, s, of the leap under way: step j lasts A + B * (CONTEXT + j * DECODES)
export const REP_PIECE_B = 30; // f64, s per context token
export const REP_HIDDEN = 31; // i32, the newest of the waiting, which the scheduler has not looked at yet
// More state, after the cells of layout/client.ts
// Of the queue's head where prefixes are cached, as it was last looked up in forming this step
export const REP_HEAD_UNITS = 118; // i32, hash blocks that it hits
export const REP_HEAD_OWN = 119; // i32, KV blocks that it left behind and takes back
export const REP_HEAD_IDLE = 125; // i32, KV blocks of its hits that nobody reads
export const REP_RETIRING = 100; // i32, 1 while a step is retired
export const REP_LEAVING = 101; // i32, 1 + the first visit, in order of visit, that gives its blocks up at the end of that
export const REP_HEAD_SKIP = 96; // i32, prompt tokens of the queue's head that need no computing
export const REP_KEPT = 97; // i32, static batching: blocks of ended sequences that others still need after the batch
export const REP_PROMISED = 99; // i32, blocks that resident sequences will take in their first decode step
export const REP_SINCE_LOOK = 109; // i32, decode steps since the scheduler last looked at arrivals
export const REP_WAITED = 110; // i32, steps that the waiting prompts have been held back
export const REP_HELD = 111; // i32, 1 when this step holds prompts back that it could admit
export const REP_HOST_USED = 115; // i32, host blocks in use
export const REP_SWAPPED = 116; // i32, blocks copied out or in by the step being formed, or 1 where it loads adapters
export const REP_PASSING = 117; // i32, of the blocks in use those that only this step's chunks need: what has left a window is let go when it ends
export const REP_HOLDS = 16; // i32, 1 when ranks that step together hold back the prompts that wait
export const REP_UNEVEN = 127; // i32, of the first rank: steps that prompts have been held back for ranks without one,
export const REP_EVEN = 128; // and since every rank has one
export const REP_NEXT_RANK = 126; // i32, of the first rank of an instance: the rank that ties go to
export const REP_COMMON = 129; // i32, tokens of every context that the step under way reads once for all its queries
// Admission new-token-ratio (batching/expect.ts)
export const REP_RATIO = 133; // f64, share of what was asked for that is expected, when it was last set,
export const REP_DECAYED = 134; // i32, and decode steps since
export const REP_FULL = 135; // i32, 1 from a refusal until a sequence ends or is preempted
export const REP_SPOKEN = 136; // f64, tokens that those that run, and were admitted in this step, are expected to need
export const REP_BATCH = 98; // i32, static batching: batches so far

export const REP_RUN_HEAD = 120; // i32, slot address of the first admitted, 0 = none
export const REP_VERIFY = 121; // i32, with drafts: sequences that decode in the step under way, the first ones in order of admission
export const REP_VERIFY_CONTEXT = 122; // f64, sum of past over them

// A slot: one admitted sequence (64 bytes; cells of 4 bytes but for ENTERED)
export const SLOT_REQUEST = 0; // i32
export const SLOT_RUN_PREV = 4; // i32, slot address in order of admission
export const SLOT_RUN_NEXT = 8;
export const SLOT_WHEEL_PREV = 12; // i32, slot address in its finish bucket, 0 = first
export const SLOT_WHEEL_NEXT = 16;
export const SLOT_BASE = 20; // i32, past - tick while it decodes
export const SLOT_FINISH_TICK = 24; // i32, tick at which it ends, or before that the one at which its windows are full
export const SLOT_NEED = 28; // i32, tokens to prefill: prompt, after a preemption prompt + generated
export const SLOT_OWED = 28; // i32, blocks that are promised to it: those of the first decode of a sequence that came with its KV (in place of NEED)
export const SLOT_CLASS = 32; // i32, residue class
export const SLOT_RESERVED = 36; // i32, blocks reserved at admission (full length), 0 = paged as it grows; with drafts: blocks it holds
export const SLOT_ENTERED = 40; // f64, s, time of its last token when it began to decode; with drafts: of its last token
export const SLOT_FOREIGN = 48; // i32, blocks of its context that another visit holds
export const SLOT_SKIP = 52; // i32, tokens that were in the cache at admission
export const SLOT_LISTED = 60; // i32, leading hash blocks that others can find, or could, since it runs
export const SLOT_TICK = 56; // i32, decode tick when it began to decode
export const SLOT_TAKES = 60; // i32, blocks that it takes when its past fills a block (0: its blocks are reserved)
// With drafts sequences advance unequally, and no class or finish tick is known
export const SLOT_PAST = 20; // i32, tokens in the cache (in place of BASE)
export const SLOT_LEFT = 24; // i32, tokens to generate; 0 while it is prefilled and when it has ended (in place of FINISH_TICK)
export const SLOT_BYTES = 64;

// A chunk of the step under way (16 bytes)
export const CHUNK_SLOT = 0; // i32, 0 when it stays partial
export const CHUNK_TOKENS = 4; // i32
export const CHUNK_PAIRS = 8; // f64
export const CHUNK_BYTES = 16;

// A group of running sequences whose last token came at the same time (16 bytes)
export const GROUP_TIME = 0; // f64, s
export const GROUP_COUNT = 8; // i32
export const GROUP_BYTES = 16;
