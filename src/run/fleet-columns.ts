// Lays a fleet program out in kernel memory: the columns of its visits and edges, and room for what is under way.

import * as E from '../../assembly/layout/enums.ts';
import * as F from '../../assembly/layout/fleet.ts';
import type { Arena } from '../columns/arena.ts';
import { isRejected } from '../metrics/fleet/walk.ts';
import type { FleetProgram, VisitTable } from '../plan/fleet.ts';
import type { Turns } from '../workload/types.ts';
import { isHeap } from './adapter-tables.ts';
import { type Put, wordsOf } from './cells.ts';
import { countRooms, type Rooms } from './fleet-rooms.ts';
import { placeTables, tableBytes } from './fleet-tables.ts';
import { hashRunsOf } from './hash-runs.ts';
import type { PlacedRequests } from './run-record.ts';
import { firstLook } from './scaler-tables.ts';

/** What a run writes, and the records that it reads. */
export interface FleetColumns {
  readonly record: Float64Array;
  readonly clients: Float64Array;
  /** Columns of loads, by client. */
  readonly loads: Float64Array;
  /** VISIT_* records as words. */
  readonly visits: Int32Array;
  /** null where nothing can be cached. */
  readonly cached: Int32Array | null;
  /** s, by visit that ends a request, when that failed; null where nothing fails. */
  readonly failedAt: Float64Array | null;
}

/** One column: its cell in the fleet record, its type and length, and its entries (or one for all). */
interface Column {
  readonly cell: number;
  readonly type: 'i32' | 'f64';
  readonly length: number;
  readonly entries: number | Int32Array | Float64Array;
  /** Only needed while a request is in flight: neither what a run is given nor what it leaves. */
  readonly working: boolean;
}

/** Bytes between two columns that the arena may leave free. */
const PADDING = 256;

const CELL = {
  sameAs: F.FLEET_SAME_AS,
  shared: F.FLEET_SHARED,
  lets: F.FLEET_LETS,
  writes: F.FLEET_WRITES,
} as const;

/** The columns that a program has a use for. */
function listColumns(program: FleetProgram): Column[] {
  const { visits, clients } = program;
  const { count: n } = visits;
  const columns: Column[] = [];
  const given = (cell: number, entries: Int32Array | Float64Array) =>
    columns.push({
      cell,
      type: entries instanceof Float64Array ? 'f64' : 'i32',
      length: entries.length,
      entries,
      working: false,
    });
  const made = (cell: number, entries: number, working = true) =>
    columns.push({ cell, type: 'i32', length: n, entries, working });
  const has = usesOf(visits);
  const stores = clients.some(({ kind }) => kind === 'store');
  const caches = clients.some(({ prefixCaching }) => prefixCaching);
  const hashes = stores || (caches && program.hashCount > 0);
  const fetched = has.fetched && visits.fetched ? visits.fetched : null;
  given(F.FLEET_EDGE_TO, visits.edgeTo);
  if (has.edgeBytes) given(F.FLEET_EDGE_BYTES, visits.edgeBytes);
  if (has.edgeLayers) {
    given(F.FLEET_EDGE_LAYERS, visits.edgeLayers);
    columns.push({
      cell: F.FLEET_EDGE_PACE,
      type: 'f64',
      length: visits.edgeTo.length,
      entries: 0,
      working: true,
    });
  }
  if (clients.some(({ kind }) => kind === 'cores')) given(F.FLEET_SECONDS, visits.seconds);
  if (visits.asked) given(F.FLEET_ASKED, visits.asked);
  for (const name of ['sameAs', 'shared', 'lets', 'writes'] as const) if (has[name]) given(CELL[name], visits[name]);
  if (stores) given(F.FLEET_FETCHES, visits.fetches);
  if (hashes) {
    const runs = hashRunsOf(visits, program.hashCount);
    given(F.FLEET_RUN_AT, runs.at);
    given(F.FLEET_RUNS, runs.records);
  }
  if (fetched) given(F.FLEET_FETCHED, fetched);
  else if (stores) made(F.FLEET_FETCHED, 0);
  if (caches) made(F.FLEET_READS, 0);
  if (hashes || fetched) made(F.FLEET_CACHED, 0, false);
  if (visits.adapter && clients.some(({ adapters }) => adapters)) given(F.FLEET_ADAPTER, visits.adapter);
  if (visits.tenant && clients.some(({ tenants }) => tenants)) given(F.FLEET_TENANT, visits.tenant);
  if (program.outages)
    columns.push({ cell: F.FLEET_FAILED_AT, type: 'f64', length: n, entries: Number.NaN, working: false });
  if (clients.some((client) => client.kind === 'llm' && isHeap(client))) {
    for (const cell of [F.FLEET_WORK, F.FLEET_CHILD, F.FLEET_ORDER]) made(cell, 0);
    if (visits.priority) given(F.FLEET_PRIORITY, visits.priority);
  }
  return columns;
}

type VisitUse = 'edgeBytes' | 'edgeLayers' | 'sameAs' | 'shared' | 'lets' | 'writes' | 'fetched';
const USES = new WeakMap<VisitTable, Readonly<Record<VisitUse, boolean>>>();

/** Columns in which any visit says something: looked for once in a table, which the rows of a sweep share. */
function usesOf(visits: VisitTable): Readonly<Record<VisitUse, boolean>> {
  const known = USES.get(visits);
  if (known) return known;
  const any = (column: Int32Array | Float64Array, least: number) => column.some((entry: number) => entry >= least);
  const uses = {
    edgeBytes: any(visits.edgeBytes, Number.MIN_VALUE),
    edgeLayers: any(visits.edgeLayers, 1),
    sameAs: any(visits.sameAs, 0),
    shared: any(visits.shared, 1),
    lets: any(visits.lets, 0),
    writes: any(visits.writes, 0),
    fetched: visits.fetched !== undefined && any(visits.fetched, 1),
  };
  USES.set(visits, uses);
  return uses;
}

/** Whether every request is one visit to an engine that waits for nothing, shares nothing, has no ids, comes with nothing and follows none. */
export function isPlain(program: FleetProgram): boolean {
  const { visits, clients, requests } = program;
  if (
    requests.turns ||
    !isUniform(program) ||
    visits.flags[0] !== 0 ||
    program.hashCount > 0 ||
    clients.some(({ kind }) => kind !== 'llm')
  )
    return false;
  return Object.values(usesOf(visits)).every((used) => !used);
}

/** Bytes of one column without padding. */
function bytesOf({ type, length }: Column): number {
  return length * (type === 'f64' ? 8 : 4);
}

function visitBytes(program: FleetProgram): number {
  return recordCount(program) * F.VISIT_BYTES;
}

/** Records of visits, and one more for where the edges end; where all are alike one is enough. */
function recordCount(program: FleetProgram): number {
  return isUniform(program) ? 1 : program.visits.count + 1;
}

const UNIFORM = new WeakMap<VisitTable, boolean>();

/** Whether every request is one visit, all to the same group and with nothing of its own: looked for once in a table. */
function isUniform({ visits, requests, outages }: FleetProgram): boolean {
  if (visits.count === 0 || visits.count > requests.count || visits.edgeTo.length > 0) return false;
  if (requests.patience || outages) return false;
  let uniform = UNIFORM.get(visits);
  if (uniform === undefined) {
    const same = (column: Int32Array, entry: number) => column.every((one) => one === entry);
    const { group, flags, pending, holders } = visits;
    uniform = same(group, group[0]!) && same(flags, flags[0]!) && same(pending, 0) && same(holders, 0);
    UNIFORM.set(visits, uniform);
  }
  return uniform;
}

function turnBytes({ visits, requests: { count, turns } }: FleetProgram): number {
  if (!turns) return 0;
  return visits.count * (turns.again ? 8 : 4) + (count - turns.roots) * F.TURN_BYTES;
}

/** Bytes that grow with the requests, without padding: `all` of them, and of these what only serves requests in flight. */
export function columnBytes(program: FleetProgram): { readonly all: number; readonly working: number } {
  const columns = listColumns(program);
  const rooms = countRooms(program);
  const sum = (some: readonly Column[]) => some.reduce((bytes, column) => bytes + bytesOf(column), 0);
  const room = rooms.shared + rooms.cores * F.EVENT_BYTES;
  return {
    all: visitBytes(program) + turnBytes(program) + sum(columns) + room,
    // the two counters of a visit's record
    working: (isUniform(program) ? 0 : 4 * program.visits.count) + sum(columns.filter(({ working }) => working)) + room,
  };
}

/** Bytes that placeFleet takes, padding included. */
export function fleetBytes(program: FleetProgram): number {
  const padding = PADDING * (listColumns(program).length + 6);
  return F.FLEET_CELLS * 8 + columnBytes(program).all + padding + tableBytes(program);
}

/** Places everything but the columns that every run has (`requests`). */
export function placeFleet(arena: Arena, program: FleetProgram, requests: PlacedRequests): FleetColumns {
  const record = arena.f64(F.FLEET_CELLS);
  record.fill(0);
  const words = wordsOf(record);
  const put: Put = (cell, column) => {
    words[cell * 2] = typeof column === 'number' ? column : column.byteOffset;
  };
  const visits = placeVisits(arena, program);
  put(F.FLEET_VISITS, visits);
  if (program.requests.turns) placeTurns(arena, program.requests, program.requests.turns, put);
  put(F.FLEET_VISIT_STRIDE, isUniform(program) ? 0 : F.VISIT_BYTES);
  put(F.FLEET_READY, requests.ready);
  put(F.FLEET_START, requests.start);
  const placed = new Map(listColumns(program).map((column) => [column.cell, placeColumn(arena, column, put)]));
  placeRooms(arena, countRooms(program), put);
  record[F.FLEET_FLOW_NEXT] = Number.POSITIVE_INFINITY;
  record[F.FLEET_LOOK_NEXT] = firstLook(program);
  record[F.FLEET_STORE_BYTES] = program.storeBytesPerToken;
  return {
    record,
    ...placeTables(arena, program, put),
    visits,
    cached: (placed.get(F.FLEET_CACHED) as Int32Array | undefined) ?? null,
    failedAt: (placed.get(F.FLEET_FAILED_AT) as Float64Array | undefined) ?? null,
  };
}

function placeColumn(arena: Arena, { cell, type, length, entries }: Column, put: Put): Int32Array | Float64Array {
  const column = type === 'f64' ? arena.f64(length) : arena.i32(length);
  if (typeof entries === 'number') column.fill(entries);
  else column.set(entries);
  put(cell, column);
  return column;
}

/** The records of the visits. Throws RangeError for what a record cannot hold. */
function placeVisits(arena: Arena, program: FleetProgram): Int32Array {
  const { visits, groups, requests } = program;
  const { count: n } = visits;
  if (groups.length >= 2 ** (31 - F.VISIT_FLAG_BITS))
    throw new RangeError(`${groups.length} groups of instances are too many`);
  const words = arena.i32(recordCount(program) * (F.VISIT_BYTES / 4));
  if (isUniform(program)) {
    words.fill(0);
    words[0] = (visits.group[0]! << F.VISIT_FLAG_BITS) | visits.flags[0]! | E.FLAG_FIRST | E.FLAG_LAST;
    return words;
  }
  const known = RECORDS.get(visits);
  if (known) {
    words.set(known);
    return words;
  }
  for (let v = 0, at = 0; v <= n; v++, at += F.VISIT_BYTES / 4) {
    words[at] = v < n ? (visits.group[v]! << F.VISIT_FLAG_BITS) | visits.flags[v]! : 0;
    words[at + F.VISIT_EDGES / 4] = visits.edgeAt[v]!;
    if (v === n) words[at + F.VISIT_PENDING / 4] = 0;
    else
      words[at + F.VISIT_PENDING / 4] =
        counted(visits.pending[v]!, 'waits for') | (counted(visits.holders[v]!, 'is held for') << 16);
  }
  const flag = (visit: number, flags: number) => {
    words[visit * (F.VISIT_BYTES / 4)]! |= flags;
  };
  for (let r = 0; r < requests.count; r++) {
    flag(requests.first[r]!, E.FLAG_FIRST);
    flag(requests.last[r]!, E.FLAG_LAST);
  }
  RECORDS.set(visits, words.slice());
  return words;
}

/** Records of tables that were placed before. */
const RECORDS = new WeakMap<VisitTable, Int32Array>();

function counted(count: number, words: string): number {
  if (count <= F.VISIT_MOST) return count;
  throw new RangeError(`a visit ${words} at most ${F.VISIT_MOST} others, received ${count}`);
}

/** Of every visit that ends a request: what its end sends. Throws RangeError where a closed loop would grow by it. */
function placeTurns(
  arena: Arena,
  { count, first, last, concurrency }: FleetProgram['requests'],
  { roots, after, delay, again }: Turns,
  put: Put,
): void {
  const then = arena.i32(first[count]!).fill(-1);
  const tries = again && arena.i32(first[count]!).fill(-1);
  const records = arena.f64(((count - roots) * F.TURN_BYTES) / 8);
  const words = wordsOf(records);
  for (let r = roots; r < count; r++) {
    const turn = r - roots;
    const end = last[after[r]!]!;
    const sent = tries && again[r] === 1 ? tries : then;
    if (concurrency > 0 && sent[end]! >= 0)
      throw new RangeError('in a closed loop a request is followed by one at most');
    const at = turn * (F.TURN_BYTES / 4);
    words[at + F.TURN_VISIT / 4] = first[r]!;
    words[at + F.TURN_REQUEST / 4] = r;
    words[at + F.TURN_NEXT / 4] = sent[end]!;
    records[(turn * F.TURN_BYTES + F.TURN_DELAY) / 8] = delay[r]!;
    sent[end] = turn;
  }
  if (tries) {
    // whichever try is answered, the same turns follow
    for (let r = roots; r < count; r++) if (again[r] === 1) then[last[r]!] = then[last[after[r]!]!]!;
    put(F.FLEET_AGAIN, tries);
  }
  put(F.FLEET_THEN, then);
  put(F.FLEET_TURNS, records);
}

/** The room of flows and events, and above it that of visits on cores. */
function placeRooms(arena: Arena, { shared, cores }: Rooms, put: Put): void {
  const room = arena.take(shared + cores * F.EVENT_BYTES);
  put(F.FLEET_FLOWS, room);
  put(F.FLEET_EVENTS, room + shared - F.EVENT_BYTES);
  put(F.FLEET_CORES, room + shared + (cores - 1) * F.EVENT_BYTES);
}

/** STATE_* of every request: that of its last visit, of the visit that was rejected before that ended, or that its client left or it failed. */
export function requestStates(
  { requests, outages }: FleetProgram,
  { visits }: FleetColumns,
  state: Int32Array,
): Int32Array {
  if (state.length === requests.count && !requests.patience && !outages) return state; // one visit a request
  const states = new Int32Array(requests.count);
  for (let r = 0; r < requests.count; r++) {
    const last = requests.last[r]!;
    states[r] = state[last]!;
    const flags = visits[last * (F.VISIT_BYTES / 4)]!;
    if ((flags & (E.FLAG_REJECTED | E.FLAG_LEAVES)) === 0) continue;
    states[r] = (flags & E.FLAG_FAILED) !== 0 ? E.STATE_FAILED : E.STATE_TIMED_OUT;
    for (const own of state.subarray(requests.first[r], requests.first[r + 1])) if (isRejected(own)) states[r] = own;
  }
  return states;
}
