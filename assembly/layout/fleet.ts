// The fleet record: columns and tables of a run over many kinds of clients (src/plan/fleet.ts has their meaning).
// Cells of 8 bytes like the run record. Addresses unless said otherwise; columns have one entry per visit (RUN_VISITS) unless said
// otherwise. Columns "where ..." are left out of a program that has no use for them: address 0.

// Visits and edges, in
export const FLEET_VISITS = 0; // VISIT_BYTES records[visits + 1], or one for all
export const FLEET_EDGE_TO = 1; // i32 per edge
export const FLEET_EDGE_BYTES = 2; // f64 per edge, where an edge has bytes
export const FLEET_EDGE_LAYERS = 3; // i32 per edge, where transfers go layer by layer
export const FLEET_SECONDS = 4; // f64, where clients are cores
export const FLEET_SAME_AS = 5; // i32, where visits follow others
export const FLEET_SHARED = 6; // i32, tokens, where visits share KV
export const FLEET_LETS = 7; // i32, where visits share KV
export const FLEET_FETCHES = 8; // i32, where there are stores
export const FLEET_WRITES = 9; // i32, where blocks are written back
export const FLEET_RUN_AT = 10; // i32[visits + 1], where the runs of hash blocks of each visit begin; where there are stores or prefix caches
export const FLEET_RUNS = 11; // HASH_RUN_BYTES records
export const FLEET_ASKED = 62; // i32, output tokens that the client asked for at most, where they are not the answer's
// Visits, out
export const FLEET_VISIT_STRIDE = 23; // i32, VISIT_BYTES, or 0 where every request is one visit and all have the same record
export const FLEET_READY = 12; // f64; the column of arrivals where every request is one visit
export const FLEET_START = 13; // f64
export const FLEET_CACHED = 14; // i32, where tokens can come from a cache or a store
// Visits, working
export const FLEET_FETCHED = 15; // i32, prompt tokens that a store has sent, where they can come from one
export const FLEET_READS = 22; // i32, hash blocks that it hit, while it runs or its blocks are kept; while it waits the node of the blocks that it left behind, 0 = none. Where clients cache prefixes
export const FLEET_WORK = 16; // i32, key in a queue that is a heap, where a client has one
export const FLEET_CHILD = 17; // i32, pairing heap of that queue
export const FLEET_ORDER = 18; // i32, when it joined the queue
export const FLEET_LOADS = 20; // f64[LOADS_COLUMNS][clients]
export const FLEET_PRIORITY = 25; // i32, given: who is served first where a client ranks requests, the smallest first; where they differ
export const FLEET_COMPARED = 24; // i32, bit LOAD_* set where routing compares that load: only these are counted in FLEET_LOADS
export const FLEET_EDGE_PACE = 21; // f64 per edge, B/s that come up while layers are computed; where transfers go layer by layer
export const FLEET_NEXT_ROOT = 19; // i32, first visit of the request that arrives next
// Requests that follow others, where some do, in
export const FLEET_THEN = 29; // i32, of the visit that ends a request: the first turn that its end sends, -1 = none
export const FLEET_TURNS = 30; // TURN_BYTES records

// Groups, links, channels
export const FLEET_GROUPS = 32; // GROUP_CELLS records
export const FLEET_LINK_COUNT = 33; // i32
export const FLEET_LINK_BANDWIDTH = 34; // f64 per link
export const FLEET_LINK_LATENCY = 35; // f64 per link
export const FLEET_LINK_LEFT = 36; // f64 per link, scratch
export const FLEET_LINK_FLOWS = 37; // i32 per link, flows that cross it
export const FLEET_LOCATIONS = 38; // i32
export const FLEET_PATH_AT = 39; // i32[locations^2], where each path begins in PATH_LINKS
export const FLEET_PATH_LINKS = 40; // i32, paths: how many links, then the links
export const FLEET_CHANNEL_COUNT = 41; // i32
export const FLEET_CHANNEL_DIRTY = 42; // i32 per channel, 1 when its shares must be found again
export const FLEET_HASH_BLOCK = 43; // i32, tokens
export const FLEET_STORE_BYTES = 44; // f64, bytes per token
export const FLEET_LINK_USERS = 45; // i32 per link, scratch: flows that want a share
export const FLEET_CHANNEL_AT = 46; // i32[channels + 1], where the members of each channel begin
export const FLEET_CHANNEL_MEMBERS = 47; // i32, clients in order
export const FLEET_DIRTY_CHANNELS = 31; // i32, how many channels are dirty

// Events and flows. Flows grow upwards from FLEET_FLOWS, events downwards from FLEET_EVENTS, in one room: an edge or a tier is
// either a flow or an event, or still at its client.
export const FLEET_EVENTS = 48; // EVENT_BYTES records, a heap by (time, kind, key); the first one has the highest address
export const FLEET_EVENT_COUNT = 49; // i32
export const FLEET_CORES = 50; // the same, a heap of visits on cores, down to above FLEET_EVENTS
export const FLEET_CORE_COUNT = 51; // i32
export const FLEET_FLOWS = 52; // FLOW_BYTES records in order of key
export const FLEET_FLOW_COUNT = 53; // i32
export const FLEET_FLOW_DIRTY = 54; // i32, 1 when rates must be found again
export const FLEET_FLOW_UPDATED = 55; // f64, s, time of the remaining bytes
export const FLEET_FLOW_NEXT = 56; // f64, s, when the first flow ends
export const FLEET_JOINED = 57; // i32, order of joining queues
export const FLEET_FOUND = 58; // i32[TIERS_MOST] in four cells: blocks found per tier by the look-up under way
// Pools whose instances start and stop while it runs (layout/scaler.ts)
export const FLEET_SCALERS = 26; // i32, how many; 0 = every instance is on all the time
export const FLEET_SCALER_AT = 27; // SCALER_CELLS records
export const FLEET_STATES = 28; // i32 per client, INSTANCE_*, alike for the ranks of an instance; where some start and stop, or fail
export const FLEET_READY_AT = 67; // f64 per client, s, when an instance that starts is on
export const FLEET_LOOK_NEXT = 68; // f64, s, when the next instance is on or fails, or the next scaler looks
export const FLEET_CHANGES = 69; // CHANGE_BYTES records
export const FLEET_CHANGED = 63; // i32, how many; the caller takes them out
export const FLEET_CHANGE_ROOM = 64; // i32, how many there may be
export const FLEET_DRAINING = 65; // i32, instances that drain or have failed
export const FLEET_GROUP_COUNT = 66; // i32
export const FLEET_LAST_MOVE = 70; // f64, s, the last instant in which more happened than looks that changed nothing
// Clients that are turned away or leave (engine/patience.ts)
export const FLEET_QUEUE_MOST = 71; // i32 per client, given: visits that wait there at most; where any has a limit
export const FLEET_PATIENCE = 72; // f64 per visit, given: s that the client of the request that it begins waits for the answer; where any leaves
export const FLEET_AGAIN = 73; // i32, of the visit that ends a request: the turn that is sent where that was turned away or left, -1 = none; where some is
export const FLEET_LEAVERS = 74; // i32 per client, visits that go with the step under way; where any leaves or fails
export const FLEET_WASTED = 75; // f64, output tokens of visits whose client left
// LoRA adapters (table/lanes.ts)
export const FLEET_ADAPTER = 76; // i32, given: the adapter that a visit asks for, from 1, 0 = none; where some client serves any
// Fair queues (table/tenants.ts)
export const FLEET_TENANT = 77; // i32, given: whose request a visit is of, from 0; where some client serves tenants
// Instances that fail (engine/outage.ts)
export const FLEET_OUTAGES = 78; // OUTAGE_BYTES records in order of time, where any fails
export const FLEET_OUTAGE_COUNT = 79; // i32
export const FLEET_OUTAGE_NEXT = 80; // i32, of these the next
export const FLEET_HELD = 81; // i32: who waits for an instance that is on, an edge's event key, or ~visit of a request; where any fails
export const FLEET_HELD_COUNT = 82; // i32
export const FLEET_FAILED_AT = 83; // f64 per visit, s: of the visit that ends a request, when that failed; where any fails
export const FLEET_CELLS = 84;

// A visit: what the end of it, or of others, needs at once (12 bytes)
export const VISIT_FLAG_BITS = 9;
export const VISIT_GROUP = 0; // i32, group << VISIT_FLAG_BITS | FLAG_*
export const VISIT_EDGES = 4; // i32, its first edge; the next visit's is one past its last
export const VISIT_PENDING = 8; // u16, predecessors that have not been delivered, counted down
export const VISIT_HOLDERS = 10; // u16, who must let go of its blocks, counted down
export const VISIT_BYTES = 12;
// Hash blocks of a visit whose ids are in a row (12 bytes). Ids are cut into segments at every id that begins such a run anywhere: what a
// visit names of a segment is the front of it, whoever else names it.
export const HASH_RUN_ID = 0; // i32, the first
export const HASH_RUN_END = 4; // i32, hash blocks of the visit up to the end of this run
export const HASH_RUN_SEGMENT = 8; // i32
export const HASH_RUN_BYTES = 12;

/** Most that PENDING and HOLDERS count. */
export const VISIT_MOST = 65535;

/**
 * Loads that routing compares, over visits that are routed and not over: the columns LOAD_REQUESTS, LOAD_INPUT, LOAD_OUTPUT and, at
 * LOAD_KV, the KV blocks of visits that are not admitted, where routing asks for them.
 */
export const LOADS_COLUMNS = 4;

// A request that follows another: sent a delay after the end of that (24 bytes)
export const TURN_VISIT = 0; // i32, its first visit
export const TURN_REQUEST = 4; // i32
export const TURN_NEXT = 8; // i32, another turn that the same end sends, -1 = none
export const TURN_DELAY = 16; // f64, s
export const TURN_BYTES = 24;

export const EVENT_TIME = 0; // f64
export const EVENT_KEY = 8; // i32
export const EVENT_KIND = 12; // i32
export const EVENT_BYTES = 16;
export const EVENT_EDGE = 0; // key: edge * 2, + 1 when it arrives
export const EVENT_TIER = 1; // key: visit * TIERS_MOST + tier
export const EVENT_WRITE = 2; // key: visit whose blocks go into a store
export const EVENT_CORE = 3; // key: visit
export const EVENT_TURN = 4; // key: first visit of a request that arrives because another one is over
export const EVENT_AGAIN = 5; // the same, which is another try of that
export const EVENT_LEAVE = 6; // key: first visit of a request whose client leaves if it has no answer
export const EVENT_HELD = 7; // key: first visit of a request that waited for an instance that is on
export const TIERS_MOST = 8;

export const FLOW_LEFT = 0; // f64, bytes; below 0 the first of them are still being computed
export const FLOW_RATE = 8; // f64, B/s
export const FLOW_DONE = 16; // f64, s; of one that grows: when its first bytes are there, or all that are there are sent
export const FLOW_KEY = 24; // i32: edge, or FLOW_TIER | visit * TIERS_MOST + tier
export const FLOW_PATH = 28; // u32, address of its path: i32 how many links, then the links
export const FLOW_BYTES = 32;
export const FLOW_TIER = 0x40000000;

// A group of clients (cells)
export const POOL_MEMBERS = 0; // address i32
export const POOL_COUNT = 1; // i32
export const POOL_ROUTING = 2; // i32, ROUTING_*
export const POOL_METRIC = 3; // i32, LOAD_*
export const POOL_THRESHOLD = 4; // f64
export const POOL_LIGHT = 5; // i32
export const POOL_LAST = 6; // i32, position of the last chosen (of the light half)
export const POOL_LAST_HEAVY = 7; // i32
export const POOL_ROW = 8; // i32, 1 when its members are clients in a row
export const POOL_INSTANCES = 9; // i32, 1 where a member with ranks is the first of an instance, whose load is that of them all and which deals to one of them
export const POOL_ALL = 10; // address i32, where some of its members start and stop: all of them, of which POOL_MEMBERS are those that are on; else 0
export const POOL_ALL_COUNT = 11; // i32
export const POOL_TERMS = 12; // address TERM_CELLS records, where the choice is scored
export const POOL_TERM_COUNT = 13; // i32
export const POOL_COSTS = 14; // address f64 per client, scratch: the sum of its weighted terms
export const POOL_CHOSEN = 15; // address f64 per client, s, when it was last chosen; where a term asks for it, else 0
export const POOL_REFRESH = 16; // f64, s, how old what is read of members' metrics may be
export const POOL_READ = 17; // f64, s, when it was last read
export const POOL_CELLS = 18;

// A term of a scored choice (cells)
export const TERM_ID = 0; // i32, LOAD_*, or SCORES_FROM + SCORE_*
export const TERM_NORM = 1; // i32, NORM_*
export const TERM_WEIGHT = 2; // f64
export const TERM_IS_READ = 3; // i32, 1 where it stands in metrics that are read every POOL_REFRESH
export const TERM_VALUES = 4; // address f64 per client
export const TERM_CELLS = 5;

// A list of hash blocks kept by least recent use: a tier of a store (cells). Blocks with ids in a row that were used one after the other are
// an extent, the first id the least recent; none passes a multiple of 64
export const TIER_CAPACITY = 0; // i32, blocks
export const TIER_COUNT = 1; // i32
export const TIER_NEWEST = 2; // i32, first id of the most recent extent, -1 = empty
export const TIER_OLDEST = 3; // i32
export const TIER_LINKS = 4; // address LINK_BYTES per place, TIER_STRIDE bytes apart: those of all tiers of a store lie side by side, for one visit touches them all
export const TIER_STRIDE = 5; // i32
export const TIER_LATENCY = 6; // f64, s
export const TIER_PATH = 7; // i32, how many links it sends over (0 or 1), and in the other half of the cell which
export const TIER_POLICY = 8; // i32, WRITE_*: when a block comes into this tier
export const TIER_HELD = 9; // address u64 per 64 hash ids: bit set = the block is here
export const TIER_STARTS = 10; // address u64 per 64 hash ids: bit set = an extent begins here
export const TIER_PLACES = 11; // address i32: how many places are given; then per hash id its place among the links, from 1 on, 0 = no extent has begun with it
export const TIER_FOUND = 12; // f64, blocks that look-ups found here
export const TIER_CELLS = 13;
export const LINK_NEWER = 0; // i32, of the first id of an extent: that of the next more recent one, -1 = none
export const LINK_OLDER = 4; // i32
export const LINK_BYTES = 8;
export const WRITE_THROUGH = 0; // with every visit that is written
export const WRITE_SELECTIVE = 1; // when a nearer tier held it already: on its second use
export const WRITE_BACK = 2; // when the tier before it lets it go
