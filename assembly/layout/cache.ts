// What a client that caches prefixes keeps beside its counts of KV blocks: which of them hold what, and in which order those that
// nobody reads are used again. Cells of 8 bytes (i32 each); 0 stands for no node.
export const CACHE_NODES = 0; // address of NODE_BYTES records, from 1
export const CACHE_BUCKETS = 1; // address of i32[CACHE_MASK + 1]: first extent whose segment has these last bits
export const CACHE_MASK = 2; // a power of two less one
export const CACHE_UNIT = 3; // KV blocks of a hash block; 0 without hash blocks
export const CACHE_MADE = 4; // nodes ever handed out
export const CACHE_SPARE = 5; // first of those that are free again
export const CACHE_FIRST = 6; // front of the free list: used again next, behind blocks that were never used
export const CACHE_LAST = 7;
export const CACHE_GIVEN = 8; // KV blocks on the free list, as far as it is known: trimBlocks brings it up to date
export const CACHE_ROOM = 9; // nodes that there are
// Cascade attention: when a step reads the blocks that all of its sequences read once for all (batching/cascade.ts)
export const CACHE_QUERY_HEADS = 10; // of one device; 0 = never
export const CACHE_KV_HEADS = 11; // of one device
export const CACHE_MULTIPROCESSORS = 12; // of one device
export const CACHE_LEAST_TOKENS = 13; // that all have in common
export const CACHE_LEAST_SEQUENCES = 14; // in the step
export const CACHE_CELLS = 15;

// A node: an extent of hash blocks that can be found, or blocks on the free list without an id. Blocks of an extent have ids in a row, of one
// segment (HASH_RUN_SEGMENT), and everything else in common; on the free list the last id comes first.
export const NODE_ID = 0; // i32, first hash id; NODE_NAMELESS; or NODE_OWNED - visit
export const NODE_LENGTH = 4; // i32, ids of an extent
export const NODE_COUNT = 8; // i32, who reads each hash block of an extent: 0 = it is on the free list; else KV blocks
export const NODE_BY = 12; // i32, the visit that runs and computed it, -1 = none; of owned blocks: hash blocks in front of them
export const NODE_CHAIN = 16; // i32, next node of its bucket, or next free one
export const NODE_PREV = 20; // i32, in the free list
export const NODE_NEXT = 24; // i32
export const NODE_SEGMENT = 28; // i32, of an extent
export const NODE_BYTES = 32;
export const NODE_NAMELESS = -1;
/** Less the visit: blocks without ids of a preempted one, whole ones behind its hash blocks, which it takes back if they are left. */
export const NODE_OWNED = -2;
