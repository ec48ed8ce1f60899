// Lays a fleet program out in kernel memory: the columns of its visits and edges, and room for what is under way.

import * as E from '../../assembly/layout/enums.ts';
import * as F from '../../assembly/layout/fleet.ts';
import { queuesByWork } from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetProgram, VisitTable } from '../plan/fleet.ts';
import { countRooms, type Rooms } from './fleet-rooms.ts';
import { type Put, placeTables, tableBytes, wordsOf } from './fleet-tables.ts';

/** What a run writes, and the records that it reads. */
export interface FleetColumns {
  readonly record: Float64Array;
  readonly clients: Float64Array;
  /** LOADS_* records. */
  readonly loads: Float64Array;
  /** VISIT_* records as words. */
  readonly visits: Int32Array;
  readonly ready: Float64Array;
  readonly start: Float64Array;
  /** null where nothing can be cached. */
  readonly cached: Int32Array | null;
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
  const made = (cell: number, type: Column['type'], entries: number, working = true) =>
    columns.push({ cell, type, length: n, entries, working });
  const has = usesOf(visits);
  const stores = clients.some(({ kind }) => kind === 'store');
  const hashes = stores || clients.some(({ prefixBlocks }) => prefixBlocks > 0);
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
  if (has.sameAs) given(F.FLEET_SAME_AS, visits.sameAs);
  if (has.shared) given(F.FLEET_SHARED, visits.shared);
  if (has.lets) given(F.FLEET_LETS, visits.lets);
  if (has.writes) given(F.FLEET_WRITES, visits.writes);
  if (stores) given(F.FLEET_FETCHES, visits.fetches);
  if (hashes) {
    given(F.FLEET_HASH_AT, visits.hashAt);
    given(F.FLEET_HASH_IDS, visits.hashIds);
  }
  if (fetched) given(F.FLEET_FETCHED, fetched);
  else if (stores) made(F.FLEET_FETCHED, 'i32', 0);
  made(F.FLEET_READY, 'f64', Number.NaN, false);
  made(F.FLEET_START, 'f64', Number.NaN, false);
  if (hashes || fetched) made(F.FLEET_CACHED, 'i32', 0, false);
  if (clients.some(({ kind, packing }) => kind === 'llm' && queuesByWork(packing))) {
    for (const cell of [F.FLEET_WORK, F.FLEET_CHILD, F.FLEET_ORDER]) made(cell, 'i32', 0);
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

/** Bytes of one column without padding. */
function bytesOf({ type, length }: Column): number {
  return length * (type === 'f64' ? 8 : 4);
}

function visitBytes({ visits }: FleetProgram): number {
  return (visits.count + 1) * F.VISIT_BYTES;
}

/** Bytes that grow with the requests, without padding: `all` of them, and of these what only serves requests in flight. */
export function columnBytes(program: FleetProgram): { readonly all: number; readonly working: number } {
  const columns = listColumns(program);
  const rooms = countRooms(program);
  const sum = (some: readonly Column[]) => some.reduce((bytes, column) => bytes + bytesOf(column), 0);
  const room = rooms.shared + rooms.cores * F.EVENT_BYTES;
  return {
    all: visitBytes(program) + sum(columns) + room,
    // the two counters of a visit's record
    working: 4 * program.visits.count + sum(columns.filter(({ working }) => working)) + room,
  };
}

/** Bytes that placeFleet takes, padding included. */
export function fleetBytes(program: FleetProgram): number {
  const padding = PADDING * (listColumns(program).length + 4);
  return F.FLEET_CELLS * 8 + columnBytes(program).all + padding + tableBytes(program);
}

/** Places everything but the columns that single-stage runs have too (engine.ts places those). */
export function placeFleet(arena: Arena, program: FleetProgram): FleetColumns {
  const record = arena.f64(F.FLEET_CELLS);
  record.fill(0);
  const words = wordsOf(record);
  const put: Put = (cell, column) => {
    words[cell * 2] = typeof column === 'number' ? column : column.byteOffset;
  };
  const visits = placeVisits(arena, program);
  put(F.FLEET_VISITS, visits);
  const placed = new Map(listColumns(program).map((column) => [column.cell, placeColumn(arena, column, put)]));
  placeRooms(arena, countRooms(program), put);
  record[F.FLEET_FLOW_NEXT] = Number.POSITIVE_INFINITY;
  record[F.FLEET_STORE_BYTES] = program.storeBytesPerToken;
  return {
    record,
    ...placeTables(arena, program, put),
    visits,
    ready: placed.get(F.FLEET_READY) as Float64Array,
    start: placed.get(F.FLEET_START) as Float64Array,
    cached: (placed.get(F.FLEET_CACHED) as Int32Array | undefined) ?? null,
  };
}

function placeColumn(arena: Arena, { cell, type, length, entries }: Column, put: Put): Int32Array | Float64Array {
  const column = type === 'f64' ? arena.f64(length) : arena.i32(length);
  if (typeof entries === 'number') column.fill(entries);
  else column.set(entries);
  put(cell, column);
  return column;
}

/** One record per visit, and one more for where the edges end. Throws RangeError for what a record cannot hold. */
function placeVisits(arena: Arena, { visits, groups, requests }: FleetProgram): Int32Array {
  const { count: n } = visits;
  if (groups.length >= 2 ** (31 - F.VISIT_FLAG_BITS))
    throw new RangeError(`${groups.length} groups of instances are too many`);
  const words = arena.i32((n + 1) * (F.VISIT_BYTES / 4));
  const known = RECORDS.get(visits);
  if (known) {
    words.set(known);
    return words;
  }
  for (let v = 0, at = 0; v <= n; v++, at += F.VISIT_BYTES / 4) {
    words[at] = v < n ? (visits.group[v] << F.VISIT_FLAG_BITS) | visits.flags[v] : 0;
    words[at + F.VISIT_EDGES / 4] = visits.edgeAt[v];
    if (v === n) words[at + F.VISIT_PENDING / 4] = 0;
    else
      words[at + F.VISIT_PENDING / 4] =
        counted(visits.pending[v], 'waits for') | (counted(visits.holders[v], 'is held for') << 16);
  }
  const flag = (visit: number, flags: number) => {
    words[visit * (F.VISIT_BYTES / 4)] |= flags;
  };
  for (let r = 0; r < requests.count; r++) {
    flag(requests.first[r], E.FLAG_FIRST);
    flag(requests.last[r], E.FLAG_LAST);
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

/** The room of flows and events, and above it that of visits on cores. */
function placeRooms(arena: Arena, { shared, cores }: Rooms, put: Put): void {
  const room = arena.take(shared + cores * F.EVENT_BYTES);
  put(F.FLEET_FLOWS, room);
  put(F.FLEET_EVENTS, room + shared - F.EVENT_BYTES);
  put(F.FLEET_CORES, room + shared + (cores - 1) * F.EVENT_BYTES);
}

/** STATE_* of every request: that of its last visit, or of the visit that was rejected before that ended. */
export function requestStates({ requests }: FleetProgram, { visits }: FleetColumns, state: Int32Array): Int32Array {
  if (state.length === requests.count) return state; // one visit a request
  const states = new Int32Array(requests.count);
  for (let r = 0; r < requests.count; r++) {
    states[r] = state[requests.last[r]];
    if ((visits[requests.last[r] * (F.VISIT_BYTES / 4)] & E.FLAG_REJECTED) === 0) continue;
    for (let v = requests.first[r]; v < requests.first[r + 1]; v++) {
      if (state[v] === E.STATE_REJECTED_KV || state[v] === E.STATE_REJECTED_LENGTH) states[r] = state[v];
    }
  }
  return states;
}
