// KV stores as numbers: the size of their blocks, what a token weighs, and tiers with their links.
import { TIERS_MOST } from '../../../assembly/layout/fleet.ts';
import { HASH_BLOCK } from '../../spec/defaults.ts';
import { type FleetSpec, poolsOfKind, type StorePool } from '../../spec/fleet/types.ts';
import { allStages, nestedLists, opensGeneration, poolsServing, stageOf } from '../../stages/list.ts';
import type { Listed, Nested } from '../../stages/stage.ts';
import { canRegroup } from '../../workload/hash-blocks.ts';
import type { Walks } from '../../workload/walks.ts';
import type { FleetClient, FleetProgram, FleetTier } from '../fleet.ts';
import type { BoundPool } from './bind-pools.ts';
import type { Blame } from './blame.ts';
import type { Placement } from './place.ts';

type Pools = ReadonlyMap<string, BoundPool>;

/** Whether anything looks at hash blocks: a store, or an engine that keeps blocks where prompts have something in common. */
export function usesHashes(spec: FleetSpec, pools: Pools, walks: Pick<Walks, 'blocks'>): boolean {
  if (hasStores(spec)) return true;
  const common = spec.sessions !== null || spec.prefixes !== null || walks.blocks !== null;
  return (common || spec.pipelines.some(({ stages }) => promptsAgain(stages))) && cachingBlocks(pools).length > 0;
}

function hasStores({ pools }: FleetSpec): boolean {
  return pools.some(({ kind }) => kind === 'kv-store');
}

/** Block sizes of engines that keep blocks. */
function cachingBlocks(pools: Pools): number[] {
  return [...pools.values()].flatMap(({ client }) => (client.prefixCaching ? [client.blockSize] : []));
}

/** Whether a request may bring the same prompt to an engine more than once: side by side, in rounds, or one after the other. */
function promptsAgain(stages: Nested): boolean {
  const nested = stages.flatMap(nestedLists).flatMap(allStages);
  return nested.some(opensGeneration) || stages.filter(opensGeneration).length > 1;
}

/**
 * Tokens of a hash block: as the spec says, else without stores a block of the engines that keep theirs, with them a trace's own or what
 * a larger block of an engine makes of it; as large as it must be for blocks of engines to tile it. A trace's ids are those of its parts
 * or its multiples.
 */
export function hashBlockOf(spec: FleetSpec, pools: Pools, { blocks }: Pick<Walks, 'blocks'>, blame: Blame): number {
  const traced = blocks?.block_tokens ?? 0;
  let size = spec.hashBlock || (hasStores(spec) ? traced || HASH_BLOCK : 1);
  const asked = poolsOfKind(spec, 'llm').filter(
    ({ prefixCaching, writeBack }) => size > 1 && (prefixCaching === true || writeBack !== null),
  );
  for (const { configuration } of spec.hashBlock > 0 ? [] : asked) {
    if (configuration.block_size % size === 0) size = configuration.block_size;
  }
  for (const { name, configuration } of asked) {
    const { block_size: own } = configuration;
    if (size % own === 0) continue;
    blame(['fleet', name, 'block_size'], `a divisor of the ${size} tokens of a hash block`, String(own));
  }
  size = cachingBlocks(pools).reduce(leastCommonMultiple, size);
  if (traced === 0 || canRegroup(traced, size)) return size;
  if (spec.hashBlock === 0) return leastCommonMultiple(size, traced);
  const expected = `a part or a multiple of the trace's blocks of ${traced} tokens, or nothing`;
  blame(['workload', 'hash_block'], expected, String(spec.hashBlock));
  return size;
}

function leastCommonMultiple(a: number, b: number): number {
  let [high, low] = [a, b];
  while (low > 0) [high, low] = [low, high % low];
  return (a / high) * b;
}

/** Bytes of KV per token that stores hold and send; 0 without stores. One model fills a fleet's stores. */
export function storeBytes(spec: FleetSpec, pools: ReadonlyMap<string, BoundPool>, blame: Blame): number {
  const writers = poolsOfKind(spec, 'llm').filter(({ writeBack }) => writeBack !== null);
  const readers = spec.pipelines.flatMap(({ stages }) => prefillsBehindFetches(stages).flatMap(poolsServing));
  const found = new Map<number, string>();
  for (const name of new Set([...writers.map((pool) => pool.name), ...readers])) {
    const kv = pools.get(name)?.kv;
    if (!kv) continue;
    const bytes = kv.growing + kv.window.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, 0);
    if (bytes === 0) {
      blame(['fleet', name, 'kv_bytes_per_token'], 'bytes of KV per token: a store must know what it sends', '0');
    }
    found.set(bytes, name);
  }
  if (found.size > 1) {
    const received = [...found].map(([bytes, name]) => `${name} ${bytes} bytes a token`).join(', ');
    const [, second] = [...found.values()];
    blame(['fleet', second!, 'model'], 'one model (and KV format) whose KV the stores hold', received);
  }
  return found.size === 0 ? 0 : [...found.keys()][0]!;
}

/** The prefill that each simulated fetch is for: the next one of its list, or of the list around it. */
function prefillsBehindFetches(stages: Nested, behind: Nested = []): Listed[] {
  return stages.flatMap((stage, i) => {
    const rest = [...stages.slice(i + 1), ...behind];
    const inner = nestedLists(stage).flatMap((list) => prefillsBehindFetches(list, rest));
    if (!stageOf(stage.type).looksUp?.(stage)) return inner;
    const next = rest.find(opensGeneration);
    return next ? [next] : inner;
  });
}

/** The tiers of one store. A tier of scope fleet has one link for all stores of the pool. */
export function tiersOf(
  spec: FleetSpec,
  pool: StorePool,
  location: number,
  placement: Placement,
  blockBytes: number,
  blame: Blame,
): FleetTier[] {
  if (pool.tiers.length > TIERS_MOST) {
    blame(['fleet', pool.name, 'tiers'], `at most ${TIERS_MOST} tiers in one store`, `${pool.tiers.length}`);
  }
  return pool.tiers.map((name, i) => {
    const tier = spec.tiers[name]!;
    const blocks = Math.min(2 ** 30, Math.floor(tier.capacity / blockBytes));
    if (blocks < 1) {
      const expected = `room for a block of ${Math.round(blockBytes)} bytes`;
      blame(['tiers', name, 'capacity'], expected, `${tier.capacity} bytes`);
    }
    if (i === 0 && tier.policy !== 'write_through') {
      const expected = 'write_through in the nearest tier of a store: no tier before it passes blocks on';
      blame(['tiers', name, 'write_policy'], expected, tier.policy);
    }
    const link = linkOf(spec, pool, i, location, placement);
    return { name, blocks, latency: tier.latency, link, policy: tier.policy };
  });
}

function linkOf(spec: FleetSpec, pool: StorePool, index: number, location: number, placement: Placement): number {
  const name = pool.tiers[index];
  const tier = spec.tiers[name!]!;
  if (tier.link !== null) return placement.linkAt(location, tier.link);
  const link = { name: `${pool.name} ${name}`, bandwidth: tier.bandwidth ?? 1, latency: 0 };
  if (tier.scope === 'store') return placement.addLink(link);
  const known = placement.links.findIndex((other) => other.name === link.name);
  return known >= 0 ? known : placement.addLink(link);
}

type Asked = Pick<FleetProgram, 'groups' | 'visits'>;

/** Fills the warm tiers of stores with the shared texts that are looked up or written there, as if these had been written one after the other, the most asked for last. */
export function fillTiers(
  { tiers }: FleetSpec,
  clients: readonly FleetClient[],
  texts: readonly (readonly number[])[],
  program: Asked,
): readonly FleetClient[] {
  const isWarm = ({ name }: FleetTier) => tiers[name]!.warm > 0;
  if (!clients.some((client) => client.tiers.some(isWarm))) return clients;
  const firsts = firstsByStore(program);
  return clients.map((client, c) => {
    const own = texts.filter(([first]) => firsts.get(c)?.has(first!));
    const fill = (tier: FleetTier): FleetTier => {
      const held = own
        .slice(0, Math.round(tiers[tier.name]!.warm * own.length))
        .reverse()
        .flat();
      return held.length > 0 ? { ...tier, held: held.slice(-tier.blocks) } : tier;
    };
    return client.kind === 'store' ? { ...client, tiers: client.tiers.map(fill) } : client;
  });
}

/** The first hash blocks of what stores are asked for or given, by client. */
function firstsByStore({ groups, visits }: Asked): ReadonlyMap<number, ReadonlySet<number>> {
  const firsts = new Map<number, Set<number>>();
  for (let v = 0; v < visits.count; v++) {
    if (visits.hashAt[v] === visits.hashAt[v + 1]) continue;
    const first = visits.hashIds[visits.hashAt[v]!]!;
    for (const client of [...groups[visits.group[v]!]!.members, visits.writes[v]!]) {
      const known = firsts.get(client) ?? new Set();
      firsts.set(client, known.add(first));
    }
  }
  return firsts;
}
