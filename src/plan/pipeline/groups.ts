// Groups of clients that can serve the same visits: the pools of a stage, in the part that a local group has of them.
import { splits } from '../../spec/fleet/check-together.ts';
import type { FleetSpec, PoolSpec } from '../../spec/fleet/types.ts';
import type { FleetGroup, LoadMetric, VisitTable } from '../fleet.ts';
import type { Blame } from './blame.ts';

/** Indices of a pool's clients among all clients of the fleet. */
export interface PoolClients {
  readonly first: number;
  readonly count: number;
}

export interface Groups {
  /** Group of these pools for requests of a local group. */
  of(pools: readonly string[], cell: number): number;
  /** The client of a kv-store that holds what belongs to `key`. */
  storeOf(pool: string, cell: number, key: number): number;
  /** A group of one client. */
  ofClient(client: number): number;
  /** All groups; thresholds that the spec leaves open are medians over the visits. */
  done(visits: VisitTable): FleetGroup[];
}

type Draft = Omit<FleetGroup, 'threshold'> & { readonly threshold: number | null };

export function openGroups(spec: FleetSpec, clients: ReadonlyMap<string, PoolClients>, blame: Blame): Groups {
  const drafts: Draft[] = [];
  const known = new Map<string, number>();
  const blamed = new Set<string>();
  const poolOf = new Map(spec.pools.map((pool) => [pool.name, pool]));
  const partOf = (name: string, cell: number): number[] => {
    const pool = poolOf.get(name);
    const own = clients.get(name);
    if (!pool || !own) return [];
    const parts = splits(pool, spec.pools) ? spec.localGroups : 1;
    const size = own.count / parts;
    return Array.from({ length: size }, (_, i) => own.first + (parts === 1 ? 0 : cell * size) + i);
  };
  const remember = (key: string, make: () => Draft) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, drafts.push(make()) - 1);
    return drafts.length - 1;
  };
  const checkSplit = (pool: PoolSpec, light: number, members: number) => {
    if (blamed.has(pool.name) || (light >= 1 && light < members)) return;
    blamed.add(pool.name);
    const expected = 'heavy-light routing over at least one light and one heavy client';
    blame(['fleet', pool.name, 'routing'], expected, `${light} light of ${members}`);
  };
  return {
    of(pools, cell) {
      const members = pools.flatMap((name) => partOf(name, cell));
      return remember(members.join(), () => {
        const first = poolOf.get(pools[0]);
        if (!first) throw new Error(`no pool ${pools[0]}`);
        const { policy, metric, threshold } = first.routing;
        const light = policy === 'heavy-light' ? (first.routing.light ?? Math.floor(members.length / 2)) : 0;
        if (policy === 'heavy-light') checkSplit(first, light, members.length);
        const alone = pools.length === 1 && members.length === (clients.get(pools[0])?.count ?? 0);
        const name = alone ? pools[0] : `${pools.join('+')}${spec.localGroups > 1 ? ` of group ${cell + 1}` : ''}`;
        return { name, members, routing: policy, metric, threshold: policy === 'heavy-light' ? threshold : 0, light };
      });
    },
    storeOf(pool, cell, key) {
      const part = partOf(pool, cell);
      return part[key % part.length];
    },
    ofClient(client) {
      return remember(String(client), () => {
        const name =
          [...clients].find(([, { first, count }]) => client >= first && client < first + count)?.[0] ?? 'join';
        return { name, members: [client], routing: 'round-robin', metric: 'requests', threshold: 0, light: 0 };
      });
    },
    done: (visits) =>
      drafts.map((draft, g) => ({ ...draft, threshold: draft.threshold ?? medianOf(visits, g, draft.metric) })),
  };
}

/** Median of the visits' own metric, by which heavy-light routing tells them apart. */
function medianOf(visits: VisitTable, group: number, metric: LoadMetric): number {
  const own: number[] = [];
  for (let v = 0; v < visits.count; v++) {
    if (visits.group[v] !== group) continue;
    const { [v]: prompt } = visits.prompt;
    const { [v]: output } = visits.output;
    own.push({ requests: 0, input: prompt, output, kv: prompt, left: prompt + output }[metric]);
  }
  own.sort((a, b) => a - b);
  return own.length === 0 ? 0 : own[(own.length - 1) >> 1];
}
