// What the members of a scored choice cost a visit: weighted terms, some of which are known only as they were when last read.
import {
  isRead,
  LOAD,
  type LoadMetric,
  type NormName,
  type ScoreName,
  type Term,
  type TermName,
} from '../../../src/check/scheduler-lists.ts';
import type { FleetGroup } from '../../../src/plan/fleet.ts';
import { blocksInUse, type Choice, countSeconds, measureLoad } from './route.ts';
import type { Client, World } from './state.ts';

interface Reading {
  at: number;
  readonly values: Map<TermName, Map<Client, number>>;
}
const readings = new WeakMap<World, Map<FleetGroup, Reading>>();
const choices = new WeakMap<World, Map<FleetGroup, Map<Client, number>>>();

function kept<T>(store: WeakMap<World, Map<FleetGroup, T>>, world: World, group: FleetGroup, make: () => T): T {
  const groups = store.get(world) ?? new Map<FleetGroup, T>();
  store.set(world, groups);
  const found = groups.get(group) ?? make();
  groups.set(group, found);
  return found;
}

/** When a group last chose each client. */
export function chosenOf(world: World, group: FleetGroup): Map<Client, number> {
  return kept(choices, world, group, () => new Map());
}

/** What each of several clients costs; nobody is asked where there is nothing to choose. */
export function costsOf(among: readonly Choice[]): Map<Client, number> {
  const costs = new Map<Client, number>(among.map(({ client }) => [client, 0]));
  const [first] = among;
  const terms = first?.group.terms ?? [];
  if (first === undefined || terms.length === 0 || first.group.members.length === 1 || among.length === 1) return costs;
  const read = readAll(first, terms);
  for (const { term, weight, norm } of terms) {
    const values = among.map((choice) => (isRead(term) ? read.get(term)!.get(choice.client)! : figureOf(choice, term)));
    const shares = NORMS[norm](values);
    for (const [i, { client }] of among.entries()) costs.set(client, costs.get(client)! + weight * shares[i]!);
  }
  return costs;
}

/** What was read of the metrics of all instances of the group, read again if it is too old. */
function readAll(choice: Choice, terms: readonly Term[]): Map<TermName, Map<Client, number>> {
  const { world, group } = choice;
  const reading = kept(readings, world, group, (): Reading => ({ at: Number.NEGATIVE_INFINITY, values: new Map() }));
  if (world.now - reading.at < (group.refresh ?? 0)) return reading.values;
  reading.at = world.now;
  for (const { term } of terms.filter((one) => isRead(one.term))) {
    const clients = group.members.map((index) => world.clients[index]!);
    reading.values.set(term, new Map(clients.map((client) => [client, figureOf({ ...choice, client }, term)])));
  }
  return reading.values;
}

function figureOf(choice: Choice, term: TermName): number {
  return term in LOAD.id ? measureLoad(choice.client, term as LoadMetric) : SCORES[term as ScoreName](choice);
}

const SCORES: Readonly<Record<ScoreName, (choice: Choice) => number>> = {
  queue: ({ client }) => client.outstanding.size - client.running.length,
  running: ({ client }) => client.running.length,
  'kv-share': ({ client }) => (client.setup.numGpuBlocks === 0 ? 0 : blocksInUse(client) / client.setup.numGpuBlocks),
  prefix: ({ client, visit }) =>
    visit.hashes.length === 0 ? 0 : client.pool.countLeading(visit.hashes) / visit.hashes.length,
  uncached: ({ world, client, visit }) =>
    Math.max(0, visit.prompt - client.pool.countLeading(visit.hashes) * world.program.hashBlock),
  path: ({ world, client, edge }) => countSeconds(world, edge, client),
  age: ({ world, group, client }) => world.now - (chosenOf(world, group).get(client) ?? 0),
};

const NORMS: Readonly<Record<NormName, (values: readonly number[]) => number[]>> = {
  raw: (values) => [...values],
  most: (values) => values.map((value) => (Math.max(...values) === 0 ? 0 : value / Math.max(...values))),
  range: (values) => {
    const low = Math.min(...values);
    const width = Math.max(...values) - low;
    return values.map((value) => (width === 0 ? 0 : (value - low) / width));
  },
};
