// What rows of a sweep have in common: traffic, the visits laid out for it, step surfaces. Each is made once, under a text of
// everything that it is made from.
import { clientsIn, type FleetSpec } from '../../spec/fleet/types.ts';
import type { Walks } from '../../workload/walks.ts';
import type { EnergyFigures } from '../energy.ts';
import type { ChannelParts } from '../fleet.ts';
import type { LoweredSurface } from '../lower.ts';
import { machineName, machineOf } from '../machine.ts';
import { type SurfaceKey, shapeName } from '../surface-key.ts';
import type { BoundPool } from './bind-pools.ts';
import type { LaidRequests } from './lay-requests.ts';

export interface PricedSurface {
  readonly lowered: LoweredSurface;
  readonly energy: EnergyFigures | null;
  /** What steps take of the device, where pools share it. */
  readonly parts?: ChannelParts;
}

export interface FleetShare {
  readonly walks: Shelf<Walks>;
  readonly laid: Shelf<LaidRequests>;
  readonly surfaces: Shelf<PricedSurface>;
  /** A number for a part of a spec: equal exactly for parts that say the same. */
  idOf(part: unknown): number;
}

/** Keeps the latest few of what is asked for by name. */
export interface Shelf<T> {
  get(name: string, make: () => T): T;
}

/** Different workloads (rates, seeds) and their visits are large; surfaces are small, and rows come in the order of the axes. */
const MOST_WALKS = 8;
const MOST_SURFACES = 128;

export function openShare(): FleetShare {
  return {
    walks: openShelf(MOST_WALKS),
    laid: openShelf(MOST_WALKS),
    surfaces: openShelf(MOST_SURFACES),
    idOf: openIds(),
  };
}

function openShelf<T>(most: number): Shelf<T> {
  const held = new Map<string, T>();
  return {
    get(name, make) {
      const known = held.get(name);
      if (known !== undefined) return known;
      const made = make();
      for (const oldest of held.keys()) {
        if (held.size < most) break;
        held.delete(oldest);
      }
      held.set(name, made);
      return made;
    },
  };
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
  return `${[spec.workload, spec.sessions, spec.prefixes, spec.pipelines].map(idOf).join('/')}/${spec.hashBlock}`;
}

/** Equal for fleets that lay the same visits out for the same requests: whatever their groups of clients hold. */
export function laidName(
  share: FleetShare,
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  apart: boolean,
  hashBlock: number,
): string {
  const { idOf } = share;
  // stores and local groups are chosen by number, of as many as there are
  const counted = spec.localGroups > 1 || spec.pools.some(({ kind }) => kind === 'kv-store');
  const parts = [...pools.values()].map(({ pool, client, model, kv, layers }) => {
    if (pool.kind !== 'llm') return idOf(counted ? pool : { ...pool, count: 0 });
    const { name, role, transfer, writeBack } = pool;
    const own = `${name} ${role} ${transfer} ${client.prefixCaching} ${writeBack} ${counted ? clientsIn(pool) : 0}`;
    return `${own} ${model?.id} ${model?.kind} ${model?.max_positions} ${layers} ${idOf(kv)}`;
  });
  const around = [spec.tiers, spec.links, spec.domains].map(idOf).join('/');
  return `${walksName(share, spec)}|${parts.join('|')}|${around}|${spec.localGroups} ${apart} ${hashBlock}`;
}

/** Equal for keys with the same surface. */
export function surfaceName(key: SurfaceKey): string {
  const { model, hardware, profile, steps } = key;
  const machine = machineName(machineOf(hardware));
  return `${model.id}|${hardware.id}|${hardware.tdp_w}|${machine}|${profile.id}|${shapeName(key)}|${steps !== undefined}`;
}
