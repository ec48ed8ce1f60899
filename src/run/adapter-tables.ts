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
  const bytes = ({ load }: AdapterSetup) => L.LANES_CELLS * 8 + (load.length + 1) * (3 * 4 + 3 * 8) + 7 * 256;
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
  put(L.LANES_HEADS, arena.i32(count).fill(-1).byteOffset);
  put(L.LANES_WAITING, arena.i32(count).fill(0).byteOffset);
  put(L.LANES_RUNNING, arena.i32(count).fill(0).byteOffset);
  put(L.LANES_LEFT, arena.f64(count).fill(Number.NEGATIVE_INFINITY).byteOffset);
  put(L.LANES_SLOTS, adapters.slots);
  put(L.LANES_HOST, adapters.hostSlots);
  const seconds = (own: readonly number[]) => {
    const column = arena.f64(count);
    column.set([0, ...own]);
    return column.byteOffset;
  };
  put(L.LANES_LOAD, seconds(adapters.load));
  put(L.LANES_FETCH, seconds(adapters.fetch));
  cells[L.LANES_OVERHEAD] = adapters.overhead;
  cells[L.LANES_SHARE] = adapters.share;
  cells[L.LANES_SECONDS] = adapters.seconds;
  return cells;
}

/** Whether a queue is a heap, or one for each adapter, and not a list. */
export function isHeap({ packing, adapters }: Pick<FleetClient, 'packing' | 'adapters'>): boolean {
  return adapters !== undefined || queuesByKey(packing);
}
