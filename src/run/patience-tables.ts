// Who is turned away, who leaves and what fails, in kernel memory: limits of queues, and how long clients wait for an answer.
import * as F from '../../assembly/layout/fleet.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetProgram } from '../plan/fleet.ts';
import type { Put } from './cells.ts';

/** Bytes of what placePatience places, padding included. */
export function patienceBytes({ clients, visits, requests, outages }: FleetProgram): number {
  const limited = clients.some(({ maxQueued }) => maxQueued !== undefined);
  const leaves = (requests.patience ? visits.count * 8 : 0) + (requests.patience || outages ? clients.length * 4 : 0);
  return (limited ? clients.length * 4 : 0) + leaves + 3 * 256;
}

export function placePatience(arena: Arena, { clients, visits, requests, outages }: FleetProgram, put: Put): void {
  if (clients.some(({ maxQueued }) => maxQueued !== undefined)) {
    const most = arena.i32(clients.length);
    most.set(clients.map(({ maxQueued = 0x7fffffff }) => maxQueued));
    put(F.FLEET_QUEUE_MOST, most);
  }
  const { patience, first } = requests;
  if (patience || outages) put(F.FLEET_LEAVERS, arena.i32(clients.length).fill(0));
  if (!patience) return;
  const column = arena.f64(visits.count).fill(Number.POSITIVE_INFINITY);
  patience.forEach((seconds, r) => {
    column[first[r]!] = seconds;
  });
  put(F.FLEET_PATIENCE, column);
}
