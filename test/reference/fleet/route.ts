// Which client of its group a visit goes to, and which visits no client of that kind could ever serve (R2, R6).
import {
  STATE_PENDING,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_REJECTED_QUEUE,
} from '../../../assembly/layout/enums.ts';
import { INSTANCE_DRAINING, INSTANCE_ON } from '../../../assembly/layout/scaler.ts';
import {
  type DealingName,
  type LoadMetric,
  type RoutingPolicy,
  splitsMembers,
} from '../../../src/check/scheduler-lists.ts';
import type { FleetGroup } from '../../../src/plan/fleet.ts';
import { rankByAdapter } from './adapters.ts';
import { blocksToAdmit } from './admit.ts';
import { mostBlocks } from './blocks.ts';
import { stateOf } from './scale.ts';
import { chosenOf, costsOf } from './score.ts';
import type { Client, Edge, Visit, World } from './state.ts';

/** The client that a visit must use: that of the visit that it follows; null where it follows none, or nothing of that is left. */
function leaderOf(world: World, visit: Visit): Client | null {
  const leader = visit.sameAs >= 0 ? world.visits[visit.sameAs]!.client : null;
  const serves = leader !== null && [INSTANCE_ON, INSTANCE_DRAINING].includes(stateOf(world, leader));
  return serves && !visit.local ? leader : null;
}

/** The group of a visit: that of the local group in which the visit that it follows was served. */
function groupOf(world: World, visit: Visit): number {
  const leader = visit.sameAs >= 0 ? world.visits[visit.sameAs]!.client : null;
  return visit.group + (visit.local ? (leader?.setup.localGroup ?? 0) : 0);
}

/** Whether an instance is on that a visit could go to. */
export function isServed(world: World, visit: Visit): boolean {
  const followed = visit.sameAs >= 0 ? world.visits[visit.sameAs]! : null;
  if (followed?.client === null && world.results.state[followed.index] === STATE_PENDING) return false;
  if (leaderOf(world, visit) !== null) return true;
  const { members } = world.program.groups[groupOf(world, visit)]!;
  return members.some((member) => stateOf(world, world.clients[member]!) === INSTANCE_ON);
}

/** Chooses the client of a visit; `edge` is what triggers it, null for roots. */
export function chooseClient(world: World, visit: Visit, edge: Edge | null): Client {
  const leader = leaderOf(world, visit);
  if (leader !== null) return leader;
  const index = groupOf(world, visit);
  const group = world.program.groups[index]!;
  const last = world.lastChosen[index]!;
  const half = splitsMembers(group.routing) && OWN[group.metric](visit) > group.threshold ? 1 : 0;
  const members = membersOf(world, group, half);
  const inTurn = members
    .map((_, step) => (last[half]! + 1 + step) % members.length)
    .filter((member) => stateOf(world, members[member]!) === INSTANCE_ON);
  const rank = RULES[group.routing];
  const choices = inTurn.map((member) => ({ world, group, client: members[member]!, visit, edge }));
  const costs = costsOf(choices);
  const at = leastOf(inTurn, (member) =>
    rank({ ...choices[inTurn.indexOf(member)]!, cost: costs.get(members[member]!) }),
  );
  last[half] = at;
  chosenOf(world, group).set(members[at]!, world.now);
  return group.instances ? dealRank(world, members[at]!) : members[at]!;
}

/** The ranks of the instance that a client begins; itself where it has none. */
function ranksFrom({ clients }: World, { index, setup: { rank } }: Client): Client[] {
  return clients.slice(index, index + (rank?.of ?? 1));
}

/** What is compared of a rank, least first; the first in turn wins ties. */
const DEALINGS: Readonly<Record<DealingName, (rank: Client) => number[]>> = {
  'in-turn': () => [],
  fewest: ({ outstanding }) => [outstanding.size],
  'shortest-queue': ({ outstanding, running }) => [4 * (outstanding.size - running.length) + running.length],
};

/** The rank that an instance deals a visit to. */
function dealRank(world: World, first: Client): Client {
  const { rank } = first.setup;
  if (!rank) return first;
  const ranks = ranksFrom(world, first);
  const last = world.lastRank.get(first) ?? -1;
  const inTurn = ranks.map((_, step) => (last + 1 + step) % ranks.length);
  const at = leastOf(inTurn, (place) => DEALINGS[rank.dealing](ranks[place]!));
  world.lastRank.set(first, at);
  return ranks[at]!;
}

function membersOf(world: World, group: FleetGroup, half: 0 | 1): Client[] {
  const clients = group.members.map((index) => world.clients[index]!);
  if (!splitsMembers(group.routing)) return clients;
  return half === 0 ? clients.slice(0, group.light) : clients.slice(group.light);
}

export interface Choice {
  readonly world: World;
  readonly group: FleetGroup;
  readonly client: Client;
  readonly visit: Visit;
  readonly edge: Edge | null;
  /** The weighted terms of a scored choice. */
  readonly cost?: number;
}

/** The load of a member, or of all ranks of the instance that it begins. */
function loadOf({ world, client, group }: Choice): number {
  const all = group.instances ? ranksFrom(world, client) : [client];
  return all.reduce((sum, one) => sum + measureLoad(one, group.metric), 0);
}

/** What is compared of a member, least first; the first in turn wins ties. */
const RULES: Readonly<Record<RoutingPolicy, (choice: Choice) => number[]>> = {
  'round-robin': () => [],
  load: (choice) => [loadOf(choice)],
  'heavy-light': (choice) => [loadOf(choice)],
  'prefix-affinity': (choice) => [-choice.client.pool.countLeading(choice.visit.hashes), loadOf(choice)],
  'adapter-affinity': (choice) => [rankByAdapter(choice.client, choice.visit), loadOf(choice)],
  nearest: (choice) => [countSeconds(choice.world, choice.edge, choice.client), loadOf(choice)],
  scored: (choice) => [choice.cost!, loadOf(choice)],
};

function leastOf(members: readonly number[], rank: (member: number) => number[]): number {
  let best = members[0]!;
  for (const member of members) if (comesBefore(rank(member), rank(best))) best = member;
  return best;
}

function comesBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}

/** Load as of now: decodes' new blocks and a step's tokens count from its end on. */
export function measureLoad(client: Client, metric: LoadMetric): number {
  return LOADS[metric](client);
}

const sumOver = (client: Client, of: (visit: Visit) => number): number =>
  [...client.outstanding].reduce((total, visit) => total + of(visit), 0);

/** KV blocks in use: those of decodes count from the end of their step on. */
export function blocksInUse({ setup, pool, busy }: Client): number {
  return setup.numGpuBlocks - pool.room - (busy?.formed.decodeBlocks ?? 0);
}

const LOADS: Readonly<Record<LoadMetric, (client: Client) => number>> = {
  requests: (client) => client.outstanding.size,
  input: (client) => sumOver(client, (visit) => visit.prompt),
  output: (client) => sumOver(client, (visit) => visit.output),
  kv: (client) => {
    const { setup, outstanding, running } = client;
    const inUse = blocksInUse(client);
    const coming = [...outstanding].filter((visit) => !running.includes(visit));
    const promised = coming.map((visit) => blocksToAdmit(client, visit, visit.prompt + visit.generated));
    return (inUse + promised.reduce((sum, blocks) => sum + blocks, 0)) * setup.blockSize;
  },
  left: (client) => sumOver(client, (visit) => visit.prompt + visit.output - visit.processed),
};

/** A visit's own share of a metric, as far as it is known before it runs. */
const OWN: Readonly<Record<LoadMetric, (visit: Visit) => number>> = {
  requests: () => 0,
  input: (visit) => visit.prompt,
  output: (visit) => visit.output,
  kv: (visit) => visit.prompt,
  left: (visit) => visit.prompt + visit.output,
};

/** Seconds on an empty path from where the predecessor ran. */
export function countSeconds(world: World, edge: Edge | null, client: Client): number {
  if (edge === null) return 0;
  const path = pathBetween(world, edge.from.client!, client);
  return sumLatencies(world, path) + edge.bytes / findNarrowest(world, path);
}

export function pathBetween(world: World, from: Client, to: Client): readonly number[] {
  return world.program.paths[from.setup.location * world.program.locations + to.setup.location]!;
}

export function sumLatencies(world: World, path: readonly number[]): number {
  return path.reduce((sum, link) => sum + world.program.links[link]!.latency, 0);
}

/** The least bandwidth on a path. */
export function findNarrowest(world: World, path: readonly number[]): number {
  return Math.min(...path.map((link) => world.program.links[link]!.bandwidth));
}

/** STATE_PENDING, or why its client can never serve a visit. */
export function findRefusal(visit: Visit, client: Client): number {
  const { kind, maxModelLen, maxPrompt, numGpuBlocks } = client.setup;
  if (kind !== 'llm') return STATE_PENDING;
  if (maxModelLen > 0 && visit.prompt + visit.asked > maxModelLen) return STATE_REJECTED_LENGTH;
  const computed = !visit.resident && visit.shared === 0;
  if (maxPrompt && computed && visit.prompt > maxPrompt) return STATE_REJECTED_LENGTH;
  if (mostBlocks(visit, client) > numGpuBlocks) return STATE_REJECTED_KV;
  return client.waiting.length >= (client.setup.maxQueued ?? Number.POSITIVE_INFINITY)
    ? STATE_REJECTED_QUEUE
    : STATE_PENDING;
}
