// What rows of a sweep have in common: traffic, the visits laid out for it, step surfaces. Each is made once, under a text of
// everything that it is made from.
import { clientsIn, type FleetSpec, type PoolSpec } from '../../spec/fleet/types.ts';
import type { RequestRows } from '../../workload/rows.ts';
import type { Walks } from '../../workload/walks.ts';
import type { EnergyFigures } from '../energy.ts';
import type { ChannelParts } from '../fleet.ts';
import type { LoweredSurface } from '../lower.ts';
import { machineName, machineOf } from '../machine.ts';
import { type SurfaceKey, shapeName } from '../surface-key.ts';
import type { BoundPool } from './bind-pools.ts';
import type { LaidRequests } from './lay-requests.ts';
import type { LoweredFleet } from './lower-fleet.ts';

export interface PricedSurface {
  readonly lowered: LoweredSurface;
  readonly energy: EnergyFigures | null;
  /** What steps take of the device, where pools share it. */
  readonly parts?: ChannelParts;
}

export interface FleetShare {
  readonly files: Shelf<RequestRows>;
  readonly walks: Shelf<Walks>;
  readonly laid: Shelf<LaidRequests>;
  readonly surfaces: Shelf<PricedSurface>;
  /** Pools that can be, by all that they are bound from but how many instances they have. */
  readonly pools: Shelf<BoundPool>;
  /** Fleets by everything but the limits of their engines. */
  readonly fleets: Shelf<LoweredFleet>;
  /** A number for a part of a spec: equal exactly for parts that say the same. */
  idOf(part: unknown): number;
  /** A number for an engine of a pool that was bound: equal for those that differ in their limits alone. */
  likenessOf(bound: BoundPool): number;
  /** A number for what visits are laid out from: equal for requests that differ in nothing but when they arrive. */
  shapeOf(walks: Walks): number;
}

/** Keeps the latest few of what is asked for by name; what cannot be made (null) is asked for again. */
export interface Shelf<T> {
  get<R extends T | null>(name: string, make: () => R): R | T;
}

/** Different workloads (rates, seeds) and their visits are large; a surface is 30 kB, and a proof comes back to each with every count. */
const MOST_WALKS = 8;
const MOST_SURFACES = 1024;
const MOST_POOLS = 6144;
/** Settings of one fleet come one after the other. */
const MOST_FLEETS = 64;

export function openShare(): FleetShare {
  const idOf = openIds();
  return {
    files: openShelf(MOST_WALKS),
    walks: openShelf(MOST_WALKS),
    laid: openShelf(MOST_WALKS),
    surfaces: openShelf(MOST_SURFACES),
    pools: openShelf(MOST_POOLS),
    fleets: openShelf(MOST_FLEETS),
    idOf,
    likenessOf: openLikeness(idOf),
    shapeOf: openShapes(),
  };
}

function openShelf<T>(most: number): Shelf<T> {
  const held = new Map<string, T>();
  return {
    get(name, make) {
      const known = held.get(name);
      if (known !== undefined) return known;
      const made = make();
      if (made === null) return made;
      for (const oldest of held.keys()) {
        if (held.size < most) break;
        held.delete(oldest);
      }
      held.set(name, made);
      return made;
    },
  };
}

const COLUMNS = [
  'adapter',
  'pipeline',
  'question',
  'answer',
  'prefixTokens',
  'history',
  'prefix',
  'session',
  'turn',
] as const;

/** The latest few requests are remembered: probes of one load after another ask for the same ones at other times. */
function openShapes(): (walks: Walks) => number {
  const known = new WeakMap<Walks, number>();
  const latest: (readonly [walks: Walks, id: number])[] = [];
  let next = 0;
  return (walks) => {
    const id = known.get(walks) ?? latest.find(([other]) => isLaidAlike(other, walks))?.[1] ?? next++;
    if (known.get(walks) === undefined) {
      known.set(walks, id);
      if (latest.push([walks, id]) > MOST_WALKS) latest.shift();
    }
    return id;
  };
}

function isLaidAlike(a: Walks, b: Walks): boolean {
  if (a.count !== b.count || Boolean(a.turns) !== Boolean(b.turns)) return false;
  const same = (one: Int32Array | null | undefined, other: Int32Array | null | undefined) =>
    one === other || (one?.length === other?.length && one!.every((value, i) => value === other![i]));
  const blocks = [a.blocks, b.blocks] as const;
  return (
    COLUMNS.every((column) => same(a[column], b[column])) &&
    blocks[0]?.block_tokens === blocks[1]?.block_tokens &&
    same(blocks[0]?.offset, blocks[1]?.offset) &&
    same(blocks[0]?.ids, blocks[1]?.ids)
  );
}

/** Rows read from one document share its parts, so that most are known by who they are and never written out again. */
function openIds(): (part: unknown) => number {
  const byText = new Map<string, number>();
  const byPart = new WeakMap<object, number>();
  return (part) => {
    const own = typeof part === 'object' && part !== null ? part : null;
    const known = own && byPart.get(own);
    if (known) return known;
    const text = JSON.stringify(part) ?? '';
    const id = byText.get(text) ?? byText.size + 1;
    byText.set(text, id);
    if (own) byPart.set(own, id);
    return id;
  };
}

/** Equal for specs whose requests are the same. */
export function walksName({ idOf }: FleetShare, spec: FleetSpec): string {
  return `${[spec.workload, spec.sessions, spec.prefixes, spec.adapters, spec.pipelines].map(idOf).join('/')}/${spec.hashBlock}`;
}

/** Equal for fleets that lay the same visits out: whatever their groups of clients hold, and whenever the requests arrive. */
export function laidName(
  share: FleetShare,
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  walks: Walks,
  apart: boolean,
  hashBlock: number,
): string {
  const { idOf, shapeOf } = share;
  // stores and local groups are chosen by number, of as many as there are
  const counted = spec.localGroups > 1 || spec.pools.some(({ kind }) => kind === 'kv-store');
  const parts = [...pools.values()].map(({ pool, client, model, kv, layers }) => {
    if (pool.kind !== 'llm') return idOf(counted ? pool : { ...pool, count: 0 });
    const { name, role, transfer, writeBack } = pool;
    const own = `${name} ${role} ${transfer} ${client.prefixCaching} ${writeBack} ${counted ? clientsIn(pool) : 0}`;
    return `${own} ${model?.id} ${model?.kind} ${model?.max_positions} ${layers} ${idOf(kv)}`;
  });
  const around = [spec.pipelines, spec.tiers, spec.links, spec.domains].map(idOf).join('/');
  return `${shapeOf(walks)} ${spec.hashBlock}|${parts.join('|')}|${around}|${spec.localGroups} ${apart} ${hashBlock}`;
}

/** Equal for pools that are bound alike, whatever their counts. */
export function poolName({ idOf }: Pick<FleetShare, 'idOf'>, spec: FleetSpec, pool: PoolSpec): string {
  const paid = [spec.prices, spec.priceSheet, spec.ownership, spec.power, spec.watts].map(idOf).join('/');
  const own =
    pool.kind === 'llm' ? `${fieldsOf(pool, idOf)} ${fieldsOf(pool.configuration, idOf)}` : fieldsOf(pool, idOf);
  return `${paid} ${spec.workload.seed} ${own}`;
}

/** Values that say nothing of how a pool is bound, or are written out by themselves. */
const COUNTED = new Set(['count', 'replicas', 'request_rate', 'configuration', 'autoscale', 'failures']);

function fieldsOf(part: object, idOf: FleetShare['idOf'], without: ReadonlySet<string> = COUNTED): string {
  let text = '';
  for (const key in part) {
    if (without.has(key)) continue;
    const value = (part as Record<string, unknown>)[key];
    text += typeof value === 'object' && value !== null ? `${key}#${idOf(value)} ` : `${key}=${value} `;
  }
  return text;
}

/** Values of a configuration that become limits of its engines, and those that say how many there are. */
const LIMITS = new Set([
  'max_num_seqs',
  'max_num_batched_tokens',
  'gpu_memory_utilization',
  'replicas',
  'request_rate',
]);
/** Limits of an engine; its table of prices is known by who it is. */
const ENGINE_LIMITS = new Set(['maxNumSeqs', 'maxNumBatchedTokens', 'numGpuBlocks', 'price']);
/** Parts of a spec that stand in the pools, or are never lowered. */
const AROUND = new Set(['pools', 'text', 'file', 'name']);
const POOL = new Set(['configuration']);

/** Equal for fleets that differ in the limits of their engines alone; null where that cannot be told: what else there is may look at them. */
export function fleetName(share: FleetShare, spec: FleetSpec, pools: ReadonlyMap<string, BoundPool>): string | null {
  let name = fieldsOf(spec, share.idOf, AROUND);
  for (const pool of spec.pools) {
    const bound = pools.get(pool.name);
    if (pool.kind !== 'llm' || pool.autoscale || pool.failures || !bound) return null;
    const { replicas, request_rate } = pool.configuration;
    name += `|${share.likenessOf(bound)} ${replicas} ${request_rate} ${fieldsOf(pool, share.idOf, POOL)}`;
  }
  return name;
}

/** Equal for engines that differ in their limits alone. Clients come from one shelf: each is gone through once. */
function openLikeness(idOf: FleetShare['idOf']): FleetShare['likenessOf'] {
  const byClient = new WeakMap<object, number>();
  const byText = new Map<string, number>();
  const tables = new WeakMap<object, number>();
  let latest = 0;
  return ({ client, pool }) => {
    const known = byClient.get(client);
    if (known !== undefined || pool.kind !== 'llm') return known ?? 0;
    const table = tables.get(client.price) ?? ++latest;
    tables.set(client.price, table);
    const text = `${table} ${fieldsOf(client, idOf, ENGINE_LIMITS)} ${fieldsOf(pool.configuration, idOf, LIMITS)}`;
    const id = byText.get(text) ?? byText.size + 1;
    byText.set(text, id);
    byClient.set(client, id);
    return id;
  };
}

/** Equal for keys with the same surface. */
export function surfaceName(key: SurfaceKey): string {
  const { model, hardware, profile, steps } = key;
  const machine = machineName(machineOf(hardware));
  return `${model.id}|${hardware.id}|${hardware.tdp_w}|${machine}|${profile.id}|${shapeName(key)}|${steps !== undefined}`;
}
