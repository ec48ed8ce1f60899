// What each client of a lowered pipeline spec draws and costs.

import { HOST_IDLE_SHARE } from '../../plan/energy.ts';
import type { LoweredFleet } from '../../plan/pipeline/lower-fleet.ts';
import type { FleetSpec, PoolSpec } from '../../spec/fleet/types.ts';
import { NO_SITE, type PowerSpec } from '../../spec/power.ts';
import type { ClientPrice, FleetPrices } from './types.ts';

/**
 * Prices of the clients in the program's order. Pools on one channel that name the same hardware stand on the same devices.
 * Cores have no step whose work is priced: all busy, they draw their processor's whole power.
 */
export function priceClients(
  spec: Pick<FleetSpec, 'pools'>,
  lowered: Pick<LoweredFleet, 'program' | 'clients'>,
  power: PowerSpec = NO_SITE,
): FleetPrices {
  const pools = new Map(spec.pools.map((pool) => [pool.name, pool]));
  const clients = lowered.clients.map(({ pool, devices, usdPerDeviceHour, energy }, c): ClientPrice => {
    const { kind, channel } = lowered.program.clients[c]!;
    const hardware = hardwareOf(pools.get(pool));
    return {
      energy,
      devices,
      usdPerDeviceHour,
      ...(kind === 'cores' && energy ? { busyW: (energy.idleW * (1 - HOST_IDLE_SHARE)) / HOST_IDLE_SHARE } : {}),
      ...(channel >= 0 && hardware !== '' ? { host: `${hardware}/${channel}` } : {}),
    };
  });
  return { clients, power };
}

function hardwareOf(pool: PoolSpec | undefined): string {
  if (pool === undefined || pool.kind === 'kv-store') return '';
  return pool.kind === 'llm' ? pool.configuration.hardware : (pool.hardware ?? '');
}
