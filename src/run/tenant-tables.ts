// Fair queues of a client in kernel memory: nobody waits, and nobody has had anything.
import * as C from '../../assembly/layout/client.ts';
import * as T from '../../assembly/layout/tenants.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetClient } from '../plan/fleet.ts';
import { wordsOf } from './cells.ts';

/** Bytes of what fillTenants places for all clients, padding included. */
export function tenantBytes(clients: readonly FleetClient[]): number {
  const bytes = (count: number) => T.TENANTS_CELLS * 8 + count * T.TENANT_BYTES + 2 * 256;
  return clients.reduce((sum, { tenants }) => sum + (tenants ? bytes(tenants.length) : 0), 0);
}

/** Gives a client that serves tenants a queue for each. */
export function fillTenants(arena: Arena, { tenants }: FleetClient, put: (cell: number, value: number) => void): void {
  if (!tenants) return;
  const cells = arena.f64(T.TENANTS_CELLS).fill(0);
  const words = wordsOf(cells);
  const list = arena.f64((tenants.length * T.TENANT_BYTES) / 8).fill(0);
  const own = wordsOf(list);
  tenants.forEach((weight, tenant) => {
    const at = (tenant * T.TENANT_BYTES) / 8;
    list[at + T.TENANT_WEIGHT / 8] = weight;
    own[at * 2 + T.TENANT_HEAD / 4] = -1;
  });
  words[T.TENANTS_COUNT * 2] = tenants.length;
  words[T.TENANTS_LIST * 2] = list.byteOffset;
  words[T.TENANTS_LAST * 2] = -1;
  put(C.CLIENT_LANES, cells.byteOffset);
}
