// The fleet record: columns and tables of a run over many kinds of clients (src/plan/fleet.ts has their meaning).
// Cells of 8 bytes like the run record. Addresses unless said otherwise; per-visit columns have RUN_VISITS entries.

// Visits, in
export const FLEET_GROUP_OF = 0; // i32
export const FLEET_SECONDS = 1; // f64
export const FLEET_FLAGS = 2; // i32, VISIT_*
export const FLEET_SAME_AS = 3; // i32
export const FLEET_SHARED = 4; // i32, tokens
export const FLEET_LETS = 5; // i32
export const FLEET_HOLDERS = 6; // i32, counted down
export const FLEET_PENDING = 7; // i32, counted down
export const FLEET_EDGE_AT = 8; // i32[visits + 1]
export const FLEET_EDGE_TO = 9; // i32 per edge
export const FLEET_EDGE_BYTES = 10; // f64 per edge
export const FLEET_EDGE_LAYERS = 11; // i32 per edge
export const FLEET_FETCHES = 12; // i32
export const FLEET_WRITES = 13; // i32
export const FLEET_HASH_AT = 14; // i32[visits + 1]
export const FLEET_HASH_IDS = 15; // i32
export const FLEET_REQUEST_OF = 16; // i32
// Requests, in and out
export const FLEET_FIRST_VISIT = 17; // i32 per request
export const FLEET_LAST_VISIT = 18; // i32 per request
export const FLEET_REQUEST_STATE = 19; // i32 per request, STATE_*
// Visits, out
export const FLEET_READY = 20; // f64
export const FLEET_START = 21; // f64
export const FLEET_CACHED = 22; // i32
// Visits, working
export const FLEET_HELD = 23; // i32, blocks kept after the end
export const FLEET_FETCHED = 24; // i32, prompt tokens that a store has sent
export const FLEET_TIERS_LEFT = 25; // i32, tiers still sending
export const FLEET_EDGE_SENT = 26; // i32 per edge, 1 once it has departed
export const FLEET_WORK = 27; // i32, key of the least-work-left queue
export const FLEET_CHILD = 28; // i32, pairing heap of that queue
export const FLEET_ORDER = 29; // i32, when it joined the queue
export const FLEET_SOURCE = 30; // i32, visit whose edge made it ready or chose its client
export const FLEET_EDGE_FROM = 31; // i32 per edge

// Groups, links, channels
export const FLEET_GROUPS = 32; // GROUP_CELLS records
export const FLEET_LINK_COUNT = 33; // i32
export const FLEET_LINK_BANDWIDTH = 34; // f64 per link
export const FLEET_LINK_LATENCY = 35; // f64 per link
export const FLEET_LINK_LEFT = 36; // f64 per link, scratch
export const FLEET_LINK_FLOWS = 37; // i32 per link, scratch
export const FLEET_LOCATIONS = 38; // i32
export const FLEET_PATH_AT = 39; // i32[locations^2 + 1]
export const FLEET_PATH_LINKS = 40; // i32
export const FLEET_CHANNEL_COUNT = 41; // i32
export const FLEET_CHANNEL_DIRTY = 42; // i32 per channel
export const FLEET_HASH_BLOCK = 43; // i32, tokens
export const FLEET_STORE_BYTES = 44; // f64, bytes per token

// Events and flows
export const FLEET_EVENTS = 48; // EVENT_BYTES records, a heap by (time, kind, key)
export const FLEET_EVENT_COUNT = 49; // i32
export const FLEET_CORES = 50; // EVENT_BYTES records, a heap of visits on cores
export const FLEET_CORE_COUNT = 51; // i32
export const FLEET_FLOWS = 52; // FLOW_BYTES records in order of (kind, key)
export const FLEET_FLOW_COUNT = 53; // i32
export const FLEET_FLOW_DIRTY = 54; // i32, 1 when rates must be found again
export const FLEET_FLOW_UPDATED = 55; // f64, s, time of the remaining bytes
export const FLEET_FLOW_NEXT = 56; // f64, s, when the first flow ends
export const FLEET_JOINED = 57; // i32, order of joining queues
export const FLEET_FOUND = 58; // i32[TIERS_MOST] in four cells: blocks found per tier by the look-up under way
export const FLEET_CELLS = 64;

export const EVENT_TIME = 0; // f64
export const EVENT_KIND = 8; // i32
export const EVENT_KEY = 12; // i32
export const EVENT_BYTES = 16;
export const EVENT_EDGE = 0; // key: edge
export const EVENT_TIER = 1; // key: visit * TIERS_MOST + tier
export const EVENT_WRITE = 2; // key: visit whose blocks go into a store
export const EVENT_CORE = 3; // key: visit
export const TIERS_MOST = 8;

export const FLOW_LEFT = 0; // f64, bytes
export const FLOW_RATE = 8; // f64, B/s
export const FLOW_DONE = 16; // f64, s
export const FLOW_KIND = 24; // i32, EVENT_EDGE or EVENT_TIER
export const FLOW_KEY = 28; // i32
export const FLOW_PATH = 32; // i32, first of its links in a list of links (address)
export const FLOW_LINKS = 36; // i32, how many
export const FLOW_LATENCY = 40; // f64, s after the last byte
export const FLOW_BYTES = 48;

// A group of clients (cells)
export const POOL_MEMBERS = 0; // address i32
export const POOL_COUNT = 1; // i32
export const POOL_ROUTING = 2; // i32, POOL_*
export const POOL_METRIC = 3; // i32, LOAD_*
export const POOL_THRESHOLD = 4; // f64
export const POOL_LIGHT = 5; // i32
export const POOL_LAST = 6; // i32, position of the last chosen (of the light half)
export const POOL_LAST_HEAVY = 7; // i32
export const POOL_CELLS = 8;

// A list of hash blocks kept by least recent use: a tier of a store, or a prefix cache (cells)
export const TIER_CAPACITY = 0; // i32, blocks
export const TIER_COUNT = 1; // i32
export const TIER_NEWEST = 2; // i32, -1 = empty
export const TIER_OLDEST = 3; // i32
export const TIER_NEWER = 4; // address i32 per hash id: the next more recent, -1 = none; ABSENT = not here
export const TIER_OLDER = 5; // address i32 per hash id
export const TIER_LATENCY = 6; // f64, s
export const TIER_LINK = 7; // i32, -1 = none
export const TIER_CELLS = 8;
export const TIER_ABSENT = -2;
