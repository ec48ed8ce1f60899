// Groups of clients that can serve the same visits: the pools of a stage, in the part that a local group has of them.
import { choosesRanks, type LoadMetric, splitsMembers } from '../../check/scheduler-lists.ts';
import { splits } from '../../spec/fleet/check-together.ts';
import type { FleetSpec, PoolSpec, RoutingSpec } from '../../spec/fleet/types.ts';
import type { VisitGroups } from '../../stages/laying.ts';
import type { FleetGroup, VisitTable } from '../fleet.ts';
import type { Blame } from './blame.ts';

/** Indices of a pool's clients among all clients of the fleet: the ranks of an instance side by side. */
export interface PoolClients {
  readonly first: number;
  /** Instances, and clients of each. */
  readonly count: number;
  readonly ranks: number;
}

export interface Groups extends VisitGroups {
  /**
   * For a visit that takes the KV of another one over. `local`: the first of a row of groups, all clients and then those of each
   * local group; which of them it is, the client of the other visit says when this one is routed (VISIT_LOCAL).
   */
  after(pools: readonly string[], cell: number): { readonly group: number; readonly local: boolean };
  /** All groups; thresholds that the spec leaves open are medians over the visits. */
  done(visits: VisitTable): FleetGroup[];
  /** What the groups are of, in their order: whoever makes them again for other clients has the same numbers. */
  recipes(): readonly GroupRecipe[];
}

/**
 * Pools in the part of a local group (-1 = whole), or one client (-1 = the one that joins branches, behind all others). `family`: the
 * group whose visits' median is its threshold where the spec leaves that open.
 */
export type GroupRecipe =
  | { readonly pools: readonly string[]; readonly cell: number; readonly family: number }
  | { readonly client: number; readonly family: number };

type Draft = Omit<FleetGroup, 'threshold'> & { readonly threshold: number | null; readonly recipe: GroupRecipe };

/** `recipes`: groups to begin with, those of visits that were laid out before. */
export function openGroups(
  spec: FleetSpec,
  clients: ReadonlyMap<string, PoolClients>,
  blame: Blame,
  recipes: readonly GroupRecipe[] = [],
): Groups {
  const drafting = openDrafting(spec, clients, blame);
  const { partOf, isSplit } = drafting;
  const drafts: Draft[] = recipes.map(drafting.again);
  const known = new Map<string, number>();
  const homed = hasHomes(spec);
  const remember = (key: string, make: () => Draft) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, drafts.push(make()) - 1);
    return drafts.length - 1;
  };
  const make = (pools: readonly string[], cell: number) => {
    const members = pools.flatMap((name) => partOf(name, cell));
    return remember(members.join(), () => drafting.draft(pools, cell, drafts.length));
  };
  const makeRow = (pools: readonly string[]) => {
    const key = `row ${pools.flatMap((name) => partOf(name, -1)).join()}`;
    const first = known.get(key) ?? drafts.length;
    if (first < drafts.length) return first;
    for (let cell = -1; cell < spec.localGroups; cell++) drafts.push(drafting.draft(pools, cell, first));
    known.set(key, first);
    return first;
  };
  // asked for once a visit, with the list of pools that the stage holds
  const made = new Map<readonly string[], number[]>();
  const rows = new Map<readonly string[], number>();
  const of = (pools: readonly string[], own: number) => {
    const cell = homed ? own : -1;
    const byCell = made.get(pools) ?? [];
    if (byCell.length === 0) made.set(pools, byCell);
    const group = byCell[cell + 1] ?? make(pools, cell);
    byCell[cell + 1] = group;
    return group;
  };
  return {
    of,
    after(pools, cell) {
      if (homed || spec.localGroups === 1 || !pools.some(isSplit)) return { group: of(pools, cell), local: false };
      const group = rows.get(pools) ?? makeRow(pools);
      rows.set(pools, group);
      return { group, local: true };
    },
    storeOf: (pool, cell, key) => pickOf(partOf(pool, cell), key),
    ofClient: (client) => remember(String(client), () => drafting.single(client, drafts.length)),
    done: (visits) =>
      drafts.map(({ threshold, recipe, ...rest }) => ({
        ...rest,
        threshold: threshold ?? medianOf(visits, recipe.family, rest.metric),
      })),
    recipes: () => drafts.map(({ recipe }) => recipe),
  };
}

const pickOf = (part: readonly number[], key: number): number => part[key % part.length]!;

/** Groups before their thresholds are known: of pools, or of one client. */
function openDrafting(spec: FleetSpec, clients: ReadonlyMap<string, PoolClients>, blame: Blame) {
  const blamed = new Set<string>();
  const poolOf = new Map(spec.pools.map((pool) => [pool.name, pool]));
  const own = [...clients.values()].reduce((sum, { count, ranks }) => sum + count * ranks, 0);
  const isSplit = (name: string) => {
    const pool = poolOf.get(name);
    return pool !== undefined && splits(pool, spec.pools);
  };
  const ranksOf = (name: string) => clients.get(name)?.ranks ?? 1;
  /** The first client of every instance. */
  const partOf = (name: string, cell: number): number[] => {
    const found = clients.get(name);
    if (!poolOf.has(name) || !found) return [];
    const parts = cell >= 0 && isSplit(name) ? spec.localGroups : 1;
    const size = found.count / parts;
    const before = parts === 1 ? 0 : cell * size;
    return Array.from({ length: size }, (_, i) => found.first + (before + i) * found.ranks);
  };
  const checkSplit = (pool: PoolSpec, light: number, members: number) => {
    if (blamed.has(pool.name) || (light >= 1 && light < members)) return;
    blamed.add(pool.name);
    const expected = 'heavy-light routing over at least one light and one heavy instance';
    blame(['fleet', pool.name, 'routing'], expected, `${light} light of ${members}`);
  };
  /** Blocks are those of a rank: who chooses by them chooses ranks. Anything else chooses instances, which deal to their ranks. */
  const membersOf = (name: string, cell: number, byBlocks: boolean): number[] => {
    const instances = partOf(name, cell);
    if (!byBlocks) return instances;
    return instances.flatMap((first) => Array.from({ length: ranksOf(name) }, (_, rank) => first + rank));
  };
  const draft = (pools: readonly string[], cell: number, family: number): Draft => {
    const first = poolOf.get(pools[0]!);
    if (!first) throw new Error(`no pool ${pools[0]}`);
    const { policy } = first.routing;
    const byBlocks = choosesRanks(policy);
    const members = pools.flatMap((name) => membersOf(name, cell, byBlocks));
    const instances = !byBlocks && pools.some((name) => ranksOf(name) > 1);
    const splitting = splitsMembers(policy);
    const light = splitting ? (first.routing.light ?? Math.floor(members.length / 2)) : 0;
    if (splitting) checkSplit(first, light, members.length);
    const alone = pools.length === 1 && partOf(pools[0]!, cell).length === (clients.get(pools[0]!)?.count ?? 0);
    const group = cell >= 0 && spec.localGroups > 1 ? ` of group ${cell + 1}` : '';
    const name = alone ? pools[0]! : `${pools.join('+')}${group}`;
    const recipe = { pools, cell, family };
    return { name, members, ...(instances ? { instances } : {}), ...comparedBy(first.routing), light, recipe };
  };
  const single = (client: number, family: number): Draft => {
    const name =
      [...clients].find(([, { first, count, ranks }]) => client >= first && client < first + count * ranks)?.[0] ??
      'join';
    const recipe = { client: client < own ? client : -1, family };
    return { name, members: [client], routing: 'round-robin', metric: 'requests', threshold: 0, light: 0, recipe };
  };
  const again = (recipe: GroupRecipe): Draft =>
    'pools' in recipe
      ? draft(recipe.pools, recipe.cell, recipe.family)
      : single(recipe.client < 0 ? own : recipe.client, recipe.family);
  return { partOf, isSplit, draft, single, again };
}

/** What a group compares. */
function comparedBy({ policy, metric, threshold, terms, refresh }: RoutingSpec) {
  const scored = terms.length > 0 ? { terms, refresh } : {};
  return { routing: policy, metric, threshold: splitsMembers(policy) ? threshold : 0, ...scored };
}

/** Local group of a pool's client, from 1; 0 = none. */
export function localGroupOf({ localGroups, pools }: FleetSpec, pool: PoolSpec, index: number): number {
  return localGroups > 1 && splits(pool, pools) ? 1 + Math.floor((index * localGroups) / pool.count) : 0;
}

/**
 * Whether requests belong to a local group from the start: where stores of scope group keep what earlier turns left, a session
 * goes where its store is. Otherwise the group is that of the client that prefills.
 */
function hasHomes(spec: FleetSpec): boolean {
  return spec.pools.some((pool) => pool.kind === 'kv-store' && pool.scope === 'group');
}

/** Median of the visits' own metric, by which heavy-light routing tells them apart. */
function medianOf(visits: VisitTable, group: number, metric: LoadMetric): number {
  const own: number[] = [];
  for (let v = 0; v < visits.count; v++) {
    if (visits.group[v] !== group) continue;
    const [prompt, output] = [visits.prompt[v]!, visits.output[v]!];
    own.push({ requests: 0, input: prompt, output, kv: prompt, left: prompt + output }[metric]);
  }
  own.sort((a, b) => a - b);
  return own.length === 0 ? 0 : own[(own.length - 1) >> 1]!;
}
