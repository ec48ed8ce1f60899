// Lays the tables of a fleet out in kernel memory: client parameters, surfaces, groups, links and paths, tiers and prefix caches.
import * as K from '../../assembly/layout/cache.ts';
import * as C from '../../assembly/layout/client.ts';
import * as E from '../../assembly/layout/enums.ts';
import * as F from '../../assembly/layout/fleet.ts';
import { SURFACE_SIZE } from '../../assembly/layout/surface.ts';
import {
  DEALING,
  LOAD,
  loadsCompared,
  looksAtBlocks,
  measuresSteps,
  needsSteps,
  PACKING,
  ROUTING,
  reservesFinal,
} from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import {
  type ChannelParts,
  type FleetClient,
  type FleetGroup,
  type FleetProgram,
  instanceFrom,
} from '../plan/fleet.ts';
import { type CascadeSetup, roundOf, type SequencePages } from '../plan/setup.ts';
import { adapterBytes, fillAdapters, isHeap } from './adapter-tables.ts';
import { type Put, wordsOf } from './cells.ts';
import { hashRunsOf } from './hash-runs.ts';
import { patienceBytes, placePatience } from './patience-tables.ts';
import { fillClient, fillPrice, fillSpeculation } from './run-record.ts';
import { changing, membersOn, offAtFirst, placeScalers, scaledBy, scalerBytes } from './scaler-tables.ts';
import { fillTenants, tenantBytes } from './tenant-tables.ts';
import { comparedBits, placeTerms, termBytes } from './term-tables.ts';
import { bitBytes, placeLists } from './tier-tables.ts';

const KIND = { llm: E.KIND_LLM, cores: E.KIND_CORES, store: E.KIND_STORE } as const;

/** Bytes of all tables, padding included; nothing here grows with the requests but lists of hash ids. */
export function tableBytes(program: FleetProgram): number {
  const { clients, groups, links, paths, hashCount, channels } = program;
  const parts = new Set(clients.map((client) => client.parts)).size * 2;
  const surfaces = (new Set(clients.map((client) => client.price)).size + parts) * SURFACE_SIZE * 8;
  const lists = clients.reduce((sum, client) => sum + client.tiers.length, 0);
  const cached = clients.reduce((sum, client) => sum + cacheBytes(program, client), 0);
  const members = groups.reduce((sum, group) => sum + group.members.length, 0);
  const pathLinks = paths.reduce((sum, path) => sum + 1 + path.length, 0);
  const cells =
    clients.length * C.CLIENT_PARAMETERS + groups.length * F.POOL_CELLS + (lists + clients.length) * F.TIER_CELLS;
  const loads = clients.length * F.LOADS_COLUMNS * 8;
  const terms = groups.reduce((sum, group) => sum + termBytes(group, clients.length), 0);
  const blocks = lists * ((hashCount + 1) * (F.LINK_BYTES + 4) + 2 * bitBytes(hashCount));
  const small = (members + links.length * 8 + paths.length + pathLinks + 2 * channels + 1 + clients.length) * 4;
  const drafts = clients.reduce((sum, { speculation }) => sum + (speculation ? speculation.drafts : 0), 0);
  const scaled = scalerBytes(program) + patienceBytes(program) + adapterBytes(clients) + tenantBytes(clients);
  const padding = 256 * (16 + groups.length + 4 * clients.length + 3 * lists);
  return cached + scaled + terms + surfaces + (cells + drafts) * 8 + loads + blocks + small + padding;
}

/** Places links, paths, channels and groups; returns one parameter record per client, and what counts as its load. */
export function placeTables(arena: Arena, program: FleetProgram, put: Put) {
  placeLinks(arena, program, put);
  placeGroups(arena, program, put);
  placeScalers(arena, program, put);
  placePatience(arena, program, put);
  put(F.FLEET_HASH_BLOCK, program.hashBlock);
  const loads = arena.f64(program.clients.length * F.LOADS_COLUMNS).fill(0);
  put(F.FLEET_LOADS, loads);
  return { clients: placeClients(arena, program), loads };
}

function placeLinks(arena: Arena, program: FleetProgram, put: Put): void {
  const { links, paths } = program;
  const bandwidth = arena.f64(links.length);
  const latency = arena.f64(links.length);
  links.forEach((link, i) => {
    bandwidth[i] = link.bandwidth;
    latency[i] = link.latency;
  });
  const pathAt = arena.i32(paths.length);
  const pathLinks = arena.i32(paths.reduce((sum, path) => sum + 1 + path.length, 0));
  let at = 0;
  paths.forEach((path, i) => {
    pathAt[i] = at;
    pathLinks.set([path.length, ...path], at);
    at += 1 + path.length;
  });
  put(F.FLEET_LINK_COUNT, links.length);
  put(F.FLEET_LINK_BANDWIDTH, bandwidth);
  put(F.FLEET_LINK_LATENCY, latency);
  put(F.FLEET_LINK_LEFT, arena.f64(links.length));
  put(F.FLEET_LINK_FLOWS, arena.i32(links.length).fill(0));
  put(F.FLEET_LINK_USERS, arena.i32(links.length));
  put(F.FLEET_LOCATIONS, program.locations);
  put(F.FLEET_PATH_AT, pathAt);
  put(F.FLEET_PATH_LINKS, pathLinks);
  put(F.FLEET_CHANNEL_COUNT, program.channels);
  put(F.FLEET_CHANNEL_DIRTY, arena.i32(program.channels).fill(0));
  const members = Array.from({ length: program.channels }, (_, channel) => membersOf(program.clients, channel));
  const memberAt = arena.i32(program.channels + 1).fill(0);
  members.forEach((list, channel) => {
    memberAt[channel + 1] = memberAt[channel]! + list.length;
  });
  const flat = arena.i32(memberAt[program.channels]!);
  flat.set(members.flat());
  put(F.FLEET_CHANNEL_AT, memberAt);
  put(F.FLEET_CHANNEL_MEMBERS, flat);
}

/** Clients that contend for a channel; one that wants nothing of it contends with nobody. */
function membersOf(clients: readonly FleetClient[], channel: number): number[] {
  return clients.flatMap((client, index) => (channelOf(client) === channel ? [index] : []));
}

function channelOf({ channel, demand }: FleetClient): number {
  return demand > 0 ? channel : -1;
}

function placeGroups(arena: Arena, program: FleetProgram, put: Put): void {
  const { groups, clients } = program;
  const cells = arena.f64(groups.length * F.POOL_CELLS);
  const words = wordsOf(cells);
  const off = offAtFirst(program);
  const changes = changing(program);
  groups.forEach((group, g) => {
    const base = g * F.POOL_CELLS;
    const members = arena.i32(group.members.length);
    members.set(group.members);
    const on = membersOn(group, off, changes);
    const list = on ? arena.i32(group.members.length) : members;
    if (on) list.set(on);
    const count = on?.length ?? group.members.length;
    words[(base + F.POOL_ALL) * 2] = on ? members.byteOffset : 0;
    words[(base + F.POOL_ALL_COUNT) * 2] = group.members.length;
    words[(base + F.POOL_MEMBERS) * 2] = list.byteOffset;
    words[(base + F.POOL_COUNT) * 2] = count;
    words[(base + F.POOL_ROUTING) * 2] = ROUTING.id[group.routing];
    words[(base + F.POOL_ROW) * 2] = list.subarray(0, count).every((member, i) => member === list[0]! + i) ? 1 : 0;
    words[(base + F.POOL_INSTANCES) * 2] = group.instances ? 1 : 0;
    words[(base + F.POOL_METRIC) * 2] = LOAD.id[group.metric];
    cells[base + F.POOL_THRESHOLD] = group.threshold;
    words[(base + F.POOL_LIGHT) * 2] = group.light;
    // The first choice is the first member of each half.
    words[(base + F.POOL_LAST) * 2] = -1;
    words[(base + F.POOL_LAST_HEAVY) * 2] = -1;
    placeTerms(arena, group, clients.length, { cells, words, base });
  });
  put(F.FLEET_GROUPS, cells);
  put(F.FLEET_GROUP_COUNT, groups.length);
  put(F.FLEET_COMPARED, comparedBits(program));
}

/** What a sequence of a hybrid model takes, in kernel memory. */
function placePages(arena: Arena, { full, near, window, fixed }: SequencePages): number {
  const cells = arena.i32(C.PAGES_BYTES / 4);
  cells[C.PAGES_FULL / 4] = full;
  cells[C.PAGES_NEAR / 4] = near;
  cells[C.PAGES_WINDOW / 4] = window;
  cells[C.PAGES_FIXED / 4] = fixed;
  return cells.byteOffset;
}

/** One parameter record per client, with its surface, tiers and prefix cache. */
function placeClients(arena: Arena, program: FleetProgram): Float64Array {
  const cells = arena.f64(program.clients.length * C.CLIENT_PARAMETERS);
  cells.fill(0);
  const record = { cells, words: wordsOf(cells) };
  const surfaces = new Map<Float64Array, Float64Array>();
  const parts = new Map<ChannelParts, Float64Array>();
  const exact = membersWhere(program, (group) => needsSteps(group) || (looksAtBlocks(group) && program.hashCount > 0));
  for (const client of scaledBy(program, ({ policy }) => measuresSteps(policy))) exact.add(client);
  const promising = membersWhere(program, (group) => needsSteps(group) && loadsCompared(group).includes('kv'));
  program.clients.forEach((client, i) => {
    const base = i * C.CLIENT_PARAMETERS - C.CLIENT_FIRST;
    const put = (cell: number, value: number) => {
      record.words[(base + cell) * 2] = value;
    };
    fillClient(record, base, client);
    fillPrice(record, base, placeSurface(arena, client.price, surfaces), EMPTY);
    put(C.CLIENT_KIND, KIND[client.kind]);
    put(C.CLIENT_PACKING, PACKING.id[client.packing]);
    fillAdapters(arena, client, put);
    fillTenants(arena, client, put);
    put(C.CLIENT_LOCATION, client.location);
    put(C.CLIENT_LOCAL, client.localGroup);
    const channel = channelOf(client);
    put(C.CLIENT_CHANNEL, channel);
    cells[base + C.CLIENT_DEMAND] = client.demand;
    if (client.parts && channel >= 0) put(C.CLIENT_PARTS, placeParts(arena, client.parts, parts).byteOffset);
    put(C.CLIENT_PROMISES, promising.has(i) ? 1 : 0);
    put(
      C.CLIENT_LEAPS,
      exact.has(i) || channel >= 0 || client.rank || client.speculation || roundOf(client) > 1 ? 0 : 1,
    );
    if (client.rank) {
      put(C.CLIENT_RANKS, client.rank.of + C.RANKS_PLACE * client.rank.at);
      put(C.CLIENT_DEALING, DEALING.id[client.rank.dealing]);
    }
    if (client.pages) put(C.CLIENT_PAGES, placePages(arena, client.pages));
    if (client.speculation) {
      fillSpeculation(record, base, client.speculation, client.price, arena.f64(client.speculation.drafts));
    }
    put(C.CLIENT_PREFIX, caches(program, client) ? placeCache(arena, program, client).byteOffset : 0);
    const tiers = placeLists(arena, client.tiers, program.hashCount);
    put(C.CLIENT_TIERS, tiers.byteOffset);
    put(C.CLIENT_TIER_COUNT, client.tiers.length);
  });
  return cells;
}

/** Both surfaces, one behind the other; shared by the clients that have the same. */
function placeParts(arena: Arena, parts: ChannelParts, placed: Map<ChannelParts, Float64Array>): Float64Array {
  let copy = placed.get(parts);
  if (!copy) {
    copy = arena.f64(2 * SURFACE_SIZE);
    copy.set(parts.compute);
    copy.set(parts.bandwidth, SURFACE_SIZE);
    placed.set(parts, copy);
  }
  return copy;
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

/** Members of some groups: where routing looks at KV use, blocks or remaining work, what changes inside a leap must be seen step by step. */
function membersWhere({ groups, clients }: FleetProgram, wanted: (group: FleetGroup) => boolean): Set<number> {
  return new Set(
    groups
      .filter(wanted)
      .flatMap(({ members, instances }) =>
        instances ? members.flatMap((first) => instanceFrom(clients, first)) : members,
      ),
  );
}

/** Without ids only preempted visits find anything: what they left behind. */
function caches({ hashCount }: FleetProgram, client: FleetClient): boolean {
  return client.prefixCaching === true && (hashCount > 0 || !reservesFinal(client));
}

/**
 * Nodes of a cache and its buckets: every node stands for at least one KV block, and for a hash block, what a visit left behind, or
 * what lies between two such. Who was preempted is not overtaken first come, first served: so many were running together.
 */
function cacheRooms({ hashCount, visits }: FleetProgram, client: FleetClient) {
  const { numGpuBlocks, maxNumSeqs } = client;
  const owners = isHeap(client) ? visits.count : Math.min(maxNumSeqs, visits.count);
  const nodes = Math.min(numGpuBlocks, 2 * (hashCount + owners) + 2) + 2;
  const segments = hashCount > 0 ? hashRunsOf(visits, hashCount).segments : 0;
  return { nodes, buckets: 2 ** Math.ceil(Math.log2(Math.max(1, Math.min(nodes, segments)))) };
}

function cacheBytes(program: FleetProgram, client: FleetClient): number {
  if (!caches(program, client)) return 0;
  const { nodes, buckets } = cacheRooms(program, client);
  return K.CACHE_CELLS * 8 + nodes * K.NODE_BYTES + buckets * 4 + 3 * 256;
}

/** An empty cache. Throws RangeError where hash blocks are no whole KV blocks. */
function placeCache(arena: Arena, program: FleetProgram, client: FleetClient): Float64Array {
  const { nodes, buckets } = cacheRooms(program, client);
  const { hashBlock, hashCount } = program;
  if (hashCount > 0 && hashBlock % client.blockSize !== 0)
    throw new RangeError(
      `${client.name}: hash blocks of ${hashBlock} tokens are no whole blocks of ${client.blockSize}`,
    );
  const cells = arena.f64(K.CACHE_CELLS).fill(0);
  const words = wordsOf(cells);
  words[K.CACHE_NODES * 2] = arena.i32((nodes * K.NODE_BYTES) / 4).byteOffset;
  words[K.CACHE_BUCKETS * 2] = arena.i32(buckets).fill(0).byteOffset;
  words[K.CACHE_MASK * 2] = buckets - 1;
  words[K.CACHE_UNIT * 2] = hashCount > 0 ? hashBlock / client.blockSize : 0;
  words[K.CACHE_ROOM * 2] = nodes;
  if (client.cascade && client.price instanceof Float64Array) placeCascade(words, client.cascade);
  return cells;
}

function placeCascade(words: Int32Array, cascade: CascadeSetup): void {
  words[K.CACHE_QUERY_HEADS * 2] = cascade.queryHeads;
  words[K.CACHE_KV_HEADS * 2] = cascade.kvHeads;
  words[K.CACHE_MULTIPROCESSORS * 2] = cascade.multiprocessors;
  words[K.CACHE_LEAST_TOKENS * 2] = cascade.tokens;
  words[K.CACHE_LEAST_SEQUENCES * 2] = cascade.sequences;
}
