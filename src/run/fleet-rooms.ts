// How much can be under way at once in a fleet: transfers, departures and arrivals, visits on cores.
import * as F from '../../assembly/layout/fleet.ts';
import { type FleetClient, type FleetProgram, VISIT_LOCAL } from '../plan/fleet.ts';

export interface Rooms {
  /** Bytes that flows and events share. */
  readonly shared: number;
  /** Visits that run on cores at once. */
  readonly cores: number;
}

/**
 * Every edge is at most one thing at a time: an event when it departs, a flow if it has bytes and there are links, an event until
 * it arrives. So is what each tier of a store sends for a visit, and the write of a visit that writes back is one event, and a
 * request that follows another from the end of that to its own arrival; and of every request whose client may leave the time at which it
 * does. A request that waits for an instance comes back as one event. On cores are no more visits than there are cores.
 */
export function countRooms(program: FleetProgram): Rooms {
  const { visits, clients, paths, requests } = program;
  let shared = requests.turns ? (requests.count - requests.turns.roots) * F.EVENT_BYTES : 0;
  if (requests.patience) shared += requests.count * F.EVENT_BYTES;
  if (program.outages) shared += requests.count * F.EVENT_BYTES;
  if (visits.edgeTo.length === 0 && clients.every(({ kind }) => kind === 'llm')) return { shared, cores: 0 };
  const linked = paths.some((path) => path.length > 0);
  for (let e = 0; e < visits.edgeTo.length; e++) {
    shared += linked && visits.edgeBytes[e]! > 0 ? F.FLOW_BYTES : F.EVENT_BYTES;
  }
  const places = placesOf(program);
  const most = places.map((members) => Math.max(0, ...members.map(tierBytes)));
  const onCores = places.map((members) => members.some(({ kind }) => kind === 'cores'));
  let served = 0;
  for (let v = 0; v < visits.count; v++) {
    if (visits.writes[v]! >= 0) shared += F.EVENT_BYTES;
    const place = placeOf(program, v);
    shared += most[place]!;
    if (onCores[place]) served++;
  }
  const cores = clients.reduce((sum, { kind, maxNumSeqs }) => sum + (kind === 'cores' ? maxNumSeqs : 0), 0);
  return { shared, cores: Math.min(served, cores) };
}

function tierBytes({ tiers }: FleetClient): number {
  return tiers.reduce((sum, { link }) => sum + (link < 0 ? F.EVENT_BYTES : F.FLOW_BYTES), 0);
}

/** Clients that visits of a group may go to; behind those of all groups the same for visits that stay in a local group. */
function placesOf({ groups, clients }: FleetProgram): FleetClient[][] {
  const members = groups.map((group) => group.members.map((index) => clients[index]!));
  const row = 1 + Math.max(0, ...clients.map(({ localGroup }) => localGroup));
  return [...members, ...groups.map((_, g) => members.slice(g, g + row).flat())];
}

/** Index into placesOf: a visit that must use the client of another one is where that is. */
function placeOf({ visits, groups }: FleetProgram, visit: number): number {
  let at = visit;
  while (visits.sameAs[at]! >= 0 && (visits.flags[at]! & VISIT_LOCAL) === 0) at = visits.sameAs[at]!;
  return visits.group[at]! + (visits.sameAs[at]! >= 0 ? groups.length : 0);
}
