// Lays a fleet program out in kernel memory: client parameters, groups, links, stores, and the visit columns of one run.
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as F from '../../assembly/layout/fleet.ts';
import { SURFACE_SIZE } from '../../assembly/layout/surface.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetClient, FleetGroup, FleetProgram } from '../plan/fleet.ts';
import { fillClient, fillPrice } from './run-record.ts';

const KIND = { llm: E.KIND_LLM, cores: E.KIND_CORES, store: E.KIND_STORE } as const;
const ROUTING = {
  'round-robin': E.POOL_ROUND_ROBIN,
  load: E.POOL_LOAD,
  'heavy-light': E.POOL_HEAVY_LIGHT,
  'prefix-affinity': E.POOL_PREFIX_AFFINITY,
  nearest: E.POOL_NEAREST,
} as const;
const METRIC = {
  requests: E.LOAD_REQUESTS,
  input: E.LOAD_INPUT,
  output: E.LOAD_OUTPUT,
  kv: E.LOAD_KV,
  left: E.LOAD_LEFT,
} as const;

/** Columns that a run writes or counts down. */
export interface FleetColumns {
  readonly record: Float64Array;
  readonly clients: Float64Array;
  readonly requestState: Int32Array;
  readonly ready: Float64Array;
  readonly start: Float64Array;
  readonly cached: Int32Array;
}

/** Most events or transfers under way at once: every edge, every visit that writes, every tier that sends to every visit. */
function countRoom({ visits, clients }: FleetProgram): number {
  const tiers = Math.max(0, ...clients.map((client) => client.tiers.length));
  return visits.edgeTo.length + visits.count * (1 + tiers) + 64;
}

/** Bytes that placeFleet takes, padding included. */
export function fleetBytes(program: FleetProgram): number {
  const { visits, requests, clients, links, paths } = program;
  const n = visits.count;
  const edges = visits.edgeTo.length;
  const surfaces = new Set(clients.map((client) => client.price)).size * SURFACE_SIZE * 8;
  const lists = clients.reduce((sum, client) => sum + client.tiers.length + 1, 0);
  const blocks = lists * program.hashCount * 8;
  const pathLinks = paths.reduce((sum, path) => sum + path.length, 0);
  const perVisit = n * (4 * 18 + 8 * 3);
  const perEdge = edges * (4 * 4 + 8);
  const events = countRoom(program) * (F.EVENT_BYTES * 2 + F.FLOW_BYTES);
  const tables =
    clients.length * 64 * 8 + links.length * 32 + (paths.length + pathLinks) * 4 + visits.hashIds.length * 4;
  return (
    perVisit +
    perEdge +
    events +
    tables +
    surfaces +
    blocks +
    requests.count * 12 +
    65536 +
    400 * (64 + 4 * lists + clients.length)
  );
}

/** Places everything but the columns that single-stage runs have too (engine.ts places those). */
export function placeFleet(arena: Arena, program: FleetProgram): FleetColumns {
  const record = arena.f64(F.FLEET_CELLS);
  record.fill(0);
  const words = wordsOf(record);
  const put = (cell: number, column: { byteOffset: number } | number) => {
    words[cell * 2] = typeof column === 'number' ? column : column.byteOffset;
  };
  const columns = placeVisits(arena, program, put);
  placeLinks(arena, program, put);
  placeGroups(arena, program.groups, put);
  const room = countRoom(program);
  put(F.FLEET_EVENTS, arena.take(room * F.EVENT_BYTES));
  put(F.FLEET_CORES, arena.take(room * F.EVENT_BYTES));
  put(F.FLEET_FLOWS, arena.take(room * F.FLOW_BYTES));
  record[F.FLEET_FLOW_NEXT] = Number.POSITIVE_INFINITY;
  put(F.FLEET_HASH_BLOCK, program.hashBlock);
  record[F.FLEET_STORE_BYTES] = program.storeBytesPerToken;
  const clients = placeClients(arena, program);
  return { record, clients, ...columns };
}

function wordsOf(cells: Float64Array): Int32Array {
  return new Int32Array(cells.buffer, cells.byteOffset, cells.length * 2);
}

type Put = (cell: number, column: { byteOffset: number } | number) => void;

function placeVisits(arena: Arena, program: FleetProgram, put: Put) {
  const { visits, requests } = program;
  const n = visits.count;
  const ints = (cell: number, values: Int32Array) => {
    const column = arena.i32(values.length);
    column.set(values);
    put(cell, column);
    return column;
  };
  const zeros = (cell: number, length: number, value = 0) => {
    const column = arena.i32(length);
    column.fill(value);
    put(cell, column);
    return column;
  };
  const times = (cell: number) => {
    const column = arena.f64(n);
    column.fill(Number.NaN);
    put(cell, column);
    return column;
  };
  const reals = (cell: number, values: Float64Array) => {
    const column = arena.f64(values.length);
    column.set(values);
    put(cell, column);
  };
  ints(F.FLEET_GROUP_OF, visits.group);
  reals(F.FLEET_SECONDS, visits.seconds);
  ints(F.FLEET_FLAGS, visits.flags);
  ints(F.FLEET_SAME_AS, visits.sameAs);
  ints(F.FLEET_SHARED, visits.shared);
  ints(F.FLEET_LETS, visits.lets);
  ints(F.FLEET_HOLDERS, visits.holders);
  ints(F.FLEET_PENDING, visits.pending);
  ints(F.FLEET_EDGE_AT, visits.edgeAt);
  ints(F.FLEET_EDGE_TO, visits.edgeTo);
  reals(F.FLEET_EDGE_BYTES, visits.edgeBytes);
  ints(F.FLEET_EDGE_LAYERS, visits.edgeLayers);
  ints(F.FLEET_EDGE_FROM, sourcesOf(visits.edgeAt, visits.edgeTo.length));
  ints(F.FLEET_FETCHES, visits.fetches);
  ints(F.FLEET_WRITES, visits.writes);
  ints(F.FLEET_HASH_AT, visits.hashAt);
  ints(F.FLEET_HASH_IDS, visits.hashIds);
  ints(F.FLEET_REQUEST_OF, visits.request);
  ints(F.FLEET_FIRST_VISIT, requests.first.slice(0, requests.count));
  ints(F.FLEET_LAST_VISIT, requests.last);
  zeros(F.FLEET_HELD, n);
  if (visits.fetched) ints(F.FLEET_FETCHED, visits.fetched);
  else zeros(F.FLEET_FETCHED, n);
  zeros(F.FLEET_TIERS_LEFT, n);
  zeros(F.FLEET_EDGE_SENT, visits.edgeTo.length);
  zeros(F.FLEET_WORK, n);
  zeros(F.FLEET_CHILD, n, -1);
  zeros(F.FLEET_ORDER, n);
  zeros(F.FLEET_SOURCE, n, -1);
  return {
    requestState: zeros(F.FLEET_REQUEST_STATE, requests.count),
    ready: times(F.FLEET_READY),
    start: times(F.FLEET_START),
    cached: zeros(F.FLEET_CACHED, n),
  };
}

/** Which visit each edge comes from. */
function sourcesOf(edgeAt: Int32Array, edges: number): Int32Array {
  const from = new Int32Array(edges);
  for (let v = 0; v + 1 < edgeAt.length; v++) from.fill(v, edgeAt[v], edgeAt[v + 1]);
  return from;
}

function placeLinks(arena: Arena, program: FleetProgram, put: Put): void {
  const { links, paths } = program;
  const bandwidth = arena.f64(links.length);
  const latency = arena.f64(links.length);
  links.forEach((link, i) => {
    bandwidth[i] = link.bandwidth;
    latency[i] = link.latency;
  });
  const pathAt = arena.i32(paths.length + 1);
  const flat = paths.flat();
  const pathLinks = arena.i32(flat.length);
  pathLinks.set(flat);
  let at = 0;
  paths.forEach((path, i) => {
    pathAt[i] = at;
    at += path.length;
  });
  pathAt[paths.length] = at;
  put(F.FLEET_LINK_COUNT, links.length);
  put(F.FLEET_LINK_BANDWIDTH, bandwidth);
  put(F.FLEET_LINK_LATENCY, latency);
  put(F.FLEET_LINK_LEFT, arena.f64(links.length));
  put(F.FLEET_LINK_FLOWS, arena.i32(links.length));
  put(F.FLEET_LOCATIONS, program.locations);
  put(F.FLEET_PATH_AT, pathAt);
  put(F.FLEET_PATH_LINKS, pathLinks);
  put(F.FLEET_CHANNEL_COUNT, program.channels);
  const dirty = arena.i32(program.channels);
  dirty.fill(0);
  put(F.FLEET_CHANNEL_DIRTY, dirty);
}

function placeGroups(arena: Arena, groups: readonly FleetGroup[], put: Put): void {
  const cells = arena.f64(groups.length * F.POOL_CELLS);
  const words = wordsOf(cells);
  groups.forEach((group, g) => {
    const base = g * F.POOL_CELLS;
    const members = arena.i32(group.members.length);
    members.set(group.members);
    words[(base + F.POOL_MEMBERS) * 2] = members.byteOffset;
    words[(base + F.POOL_COUNT) * 2] = group.members.length;
    words[(base + F.POOL_ROUTING) * 2] = ROUTING[group.routing];
    words[(base + F.POOL_METRIC) * 2] = METRIC[group.metric];
    cells[base + F.POOL_THRESHOLD] = group.threshold;
    words[(base + F.POOL_LIGHT) * 2] = group.light;
    // The first choice is the first member of each half.
    words[(base + F.POOL_LAST) * 2] = -1;
    words[(base + F.POOL_LAST_HEAVY) * 2] = -1;
  });
  put(F.FLEET_GROUPS, cells);
}

/** One parameter record per client, with its surface, tiers and prefix cache. */
function placeClients(arena: Arena, program: FleetProgram): Float64Array {
  const cells = arena.f64(program.clients.length * C.CLIENT_PARAMETERS);
  cells.fill(0);
  const record = { cells, words: wordsOf(cells) };
  const surfaces = new Map<Float64Array, Float64Array>();
  const exact = clientsWithoutLeaps(program.groups);
  program.clients.forEach((client, i) => {
    const base = i * C.CLIENT_PARAMETERS - C.CLIENT_FIRST;
    const put = (cell: number, value: number) => {
      record.words[(base + cell) * 2] = value;
    };
    fillClient(record, base, client);
    fillPrice(record, base, placeSurface(arena, client.price, surfaces), EMPTY);
    put(C.CLIENT_KIND, KIND[client.kind]);
    put(C.CLIENT_PACKING, client.packing === 'least-work-left' ? E.PACKING_LEAST_WORK : E.PACKING_FCFS);
    put(C.CLIENT_LOCATION, client.location);
    put(C.CLIENT_LOCAL, client.localGroup);
    // A client that wants nothing of its channel contends with nobody.
    const channel = client.demand > 0 ? client.channel : -1;
    put(C.CLIENT_CHANNEL, channel);
    cells[base + C.CLIENT_DEMAND] = client.demand;
    put(C.CLIENT_LEAPS, exact.has(i) || channel >= 0 ? 0 : 1);
    const prefix =
      client.prefixBlocks > 0
        ? placeLists(arena, [{ blocks: client.prefixBlocks, latency: 0, link: -1 }], program.hashCount)
        : null;
    put(C.CLIENT_PREFIX, prefix ? prefix.byteOffset : 0);
    const tiers = placeLists(arena, client.tiers, program.hashCount);
    put(C.CLIENT_TIERS, tiers.byteOffset);
    put(C.CLIENT_TIER_COUNT, client.tiers.length);
  });
  return cells;
}

const EMPTY = new Float64Array(SURFACE_SIZE);

/** Surfaces are shared by the clients that have the same. */
function placeSurface(
  arena: Arena,
  price: FleetClient['price'],
  placed: Map<Float64Array, Float64Array>,
): FleetClient['price'] {
  if (!(price instanceof Float64Array)) return price;
  let copy = placed.get(price);
  if (!copy) {
    copy = arena.f64(SURFACE_SIZE);
    copy.set(price);
    placed.set(price, copy);
  }
  return copy;
}

/** Clients whose KV use or remaining work routing looks at: what changes inside a leap must be seen step by step. */
function clientsWithoutLeaps(groups: readonly FleetGroup[]): Set<number> {
  const found = new Set<number>();
  for (const { members, routing, metric } of groups) {
    if (routing === 'round-robin' || (metric !== 'kv' && metric !== 'left')) continue;
    for (const client of members) found.add(client);
  }
  return found;
}

/** Empty lists of hash blocks. The kernel counts finds in TIERS_MOST places: more tiers are a mistake of the caller's. */
function placeLists(
  arena: Arena,
  tiers: readonly { blocks: number; latency: number; link: number }[],
  hashCount: number,
): Float64Array {
  if (tiers.length > F.TIERS_MOST)
    throw new RangeError(`a store has at most ${F.TIERS_MOST} tiers, received ${tiers.length}`);
  const cells = arena.f64(Math.max(1, tiers.length) * F.TIER_CELLS);
  cells.fill(0);
  const words = wordsOf(cells);
  tiers.forEach((tier, k) => {
    const base = k * F.TIER_CELLS;
    const newer = arena.i32(hashCount);
    const older = arena.i32(hashCount);
    newer.fill(F.TIER_ABSENT);
    words[(base + F.TIER_CAPACITY) * 2] = Math.min(tier.blocks, 0x7fffffff);
    words[(base + F.TIER_NEWEST) * 2] = -1;
    words[(base + F.TIER_OLDEST) * 2] = -1;
    words[(base + F.TIER_NEWER) * 2] = newer.byteOffset;
    words[(base + F.TIER_OLDER) * 2] = older.byteOffset;
    cells[base + F.TIER_LATENCY] = tier.latency;
    words[(base + F.TIER_LINK) * 2] = tier.link;
  });
  return cells;
}
