// LoRA adapters of a client in kernel memory: an empty queue, nothing loaded, and what loading takes.
import * as C from '../../assembly/layout/client.ts';
import { PRICE_LINEAR, PRICE_SURFACE } from '../../assembly/layout/enums.ts';
import * as L from '../../assembly/layout/lanes.ts';
import { PACKING, queuesByKey } from '../check/scheduler-lists.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetClient } from '../plan/fleet.ts';
import type { AdapterSetup } from '../plan/setup.ts';
import { wordsOf } from './cells.ts';

/** Bytes of what placeAdapters places for all clients, padding included. */
export function adapterBytes(clients: readonly FleetClient[]): number {
  const bytes = ({ load }: AdapterSetup) => L.LANES_CELLS * 8 + (load.length + 2) * (L.LANE_BYTES + 2 * 4) + 4 * 256;
  return clients.reduce((sum, { adapters }) => sum + (adapters ? bytes(adapters) : 0), 0);
}

/** Gives a client that serves adapters its lanes, into cells that its packing and its price are in. */
export function fillAdapters(
  arena: Arena,
  { adapters, packing, price }: FleetClient,
  put: (cell: number, value: number) => void,
): void {
  if (!adapters) return;
  put(C.CLIENT_LANES, placeAdapters(arena, adapters).byteOffset);
  put(C.CLIENT_PACKING, PACKING.id[packing] + L.IN_LANES);
  put(C.CLIENT_PRICE, (price instanceof Float64Array ? PRICE_SURFACE : PRICE_LINEAR) + L.BY_ADAPTERS);
}

/** A record; lane 0 is that of the base model. */
function placeAdapters(arena: Arena, adapters: AdapterSetup): Float64Array {
  const cells = arena.f64(L.LANES_CELLS).fill(0);
  const words = wordsOf(cells);
  const count = adapters.load.length + 1;
  const put = (cell: number, value: number) => {
    words[cell * 2] = value;
  };
  put(L.LANES_COUNT, count);
  put(L.LANES_LIST, placeLanes(arena, adapters, count));
  for (const heap of [L.LANES_OPEN, L.LANES_SHUT]) put(heap, arena.i32(count + 1).byteOffset);
  put(L.LANES_SLOTS, adapters.slots);
  put(L.LANES_HOST, adapters.hostSlots);
  cells[L.LANES_OVERHEAD] = adapters.overhead;
  cells[L.LANES_SHARE] = adapters.share;
  cells[L.LANES_SECONDS] = adapters.seconds;
  return cells;
}

/** The address of the lanes, all empty. */
function placeLanes(arena: Arena, { load, fetch }: AdapterSetup, count: number): number {
  const lanes = arena.f64((count * L.LANE_BYTES) / 8).fill(0);
  const words = wordsOf(lanes);
  for (let lane = 0; lane < count; lane++) {
    const at = (lane * L.LANE_BYTES) / 8;
    words[at * 2 + L.LANE_HEAD / 4] = -1;
    lanes[at + L.LANE_LOAD / 8] = load[lane - 1] ?? 0;
    lanes[at + L.LANE_FETCH / 8] = fetch[lane - 1] ?? 0;
  }
  return lanes.byteOffset;
}

/** Whether a queue is a heap, or one for each adapter, and not a list. */
export function isHeap({ packing, adapters }: Pick<FleetClient, 'packing' | 'adapters'>): boolean {
  return adapters !== undefined || queuesByKey(packing);
}
