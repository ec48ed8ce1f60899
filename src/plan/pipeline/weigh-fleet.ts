// What a fleet costs before anything runs: its devices and their price per hour. A sweep orders rows by it and proves them out.
import { type FleetSpec, poolsOfKind } from '../../spec/fleet/types.ts';
import type { Lowering } from '../lower.ts';
import { type BoundPool, bindPools, type KnownPools } from './bind-pools.ts';
import { openBlame } from './blame.ts';
import { type FleetCatalog, sourceOf } from './lower-fleet.ts';
import { storeBytes } from './stores.ts';

export interface FleetWeight {
  readonly devices: number;
  /** USD of all devices that are on all the time with a known price; electricity, where it is paid apart, comes on top. */
  readonly usdPerHour: number;
  /** W of the same devices while they do nothing, where their watts are known; before PUE. */
  readonly idleWatts: number;
  /** Hardware of engines whose price nobody knows: they would win every comparison of costs. */
  readonly unpriced: readonly string[];
  /** Hardware of engines whose watts nobody knows: where electricity is paid apart, so would they. */
  readonly unmetered: readonly string[];
  /** Its pools, bound; with the surfaces that price their steps where those were asked for. */
  readonly pools: ReadonlyMap<string, BoundPool>;
}

/** Whoever can lower surfaces, and what rows share. */
export interface Prices {
  readonly lowering: Lowering;
  readonly share: KnownPools;
}

/** Throws UserError with everything about the spec that the catalog does not allow (checkFleet). */
export function weighFleet(spec: FleetSpec, catalog: FleetCatalog, prices: Prices | null = null): FleetWeight {
  const { blame, settle } = openBlame(spec);
  const pools = bindPools(spec, sourceOf(spec, catalog), prices?.lowering ?? null, blame, prices?.share);
  storeBytes(spec, pools, blame);
  settle();
  const hosts = new Map<string, Host>();
  for (const bound of pools.values()) addPool(hosts, bound);
  const all = [...hosts.values()];
  return {
    devices: all.reduce((sum, { devices, places }) => sum + devices * places, 0),
    usdPerHour: all.reduce((sum, { usd, paid }) => sum + usd * paid, 0),
    idleWatts: all.reduce((sum, { idleW, paid }) => sum + idleW * paid, 0),
    unpriced: unpricedEngines(spec, pools),
    unmetered: unmeteredEngines(spec, catalog),
    pools,
  };
}

/** Devices that one client stands on, alone or with those of other pools on the same channel and hardware: paid once. */
interface Host {
  devices: number;
  usd: number;
  idleW: number;
  places: number;
  /** Of them those that are on all the time. */
  paid: number;
}

function addPool(hosts: Map<string, Host>, { pool, devices, usdPerDeviceHour, energy }: BoundPool): void {
  const hardware = hardwareOf(pool);
  const name = pool.shares && hardware !== '' ? `${hardware}/${pool.shares.channel}` : `pool ${pool.name}`;
  const host = hosts.get(name) ?? { devices: 0, usd: 0, idleW: 0, places: 0, paid: 0 };
  const usd = devices === 0 || Number.isNaN(usdPerDeviceHour) ? 0 : devices * usdPerDeviceHour;
  hosts.set(name, {
    devices: Math.max(host.devices, devices),
    usd: Math.max(host.usd, usd),
    idleW: Math.max(host.idleW, devices === 0 ? 0 : (energy?.idleW ?? 0)),
    places: Math.max(host.places, pool.count),
    paid: Math.max(host.paid, alwaysOn(pool)),
  });
}

/** Instances of a pool that no rule stops. */
function alwaysOn(pool: BoundPool['pool']): number {
  return (pool.kind === 'llm' && pool.autoscale?.min) || pool.count;
}

function hardwareOf(pool: BoundPool['pool']): string {
  if (pool.kind === 'kv-store') return '';
  return pool.kind === 'llm' ? pool.configuration.hardware : (pool.hardware ?? '');
}

function unpricedEngines(spec: FleetSpec, pools: ReadonlyMap<string, BoundPool>): string[] {
  const engines = poolsOfKind(spec, 'llm').filter(({ name }) => Number.isNaN(pools.get(name)?.usdPerDeviceHour));
  return [...new Set(engines.map(({ configuration }) => configuration.hardware))].filter((id) => id !== '');
}

function unmeteredEngines(spec: FleetSpec, catalog: FleetCatalog): string[] {
  const names = poolsOfKind(spec, 'llm').map(({ configuration }) => configuration.hardware);
  const known = (id: string): boolean => (spec.watts[id] ?? catalog.hardware(id).tdp_w) !== null;
  return [...new Set(names)].filter((id) => id !== '' && !known(id));
}
