// A pipeline spec to the numbers that the engine runs: clients, groups, links, and the visits of every request.
import { pricesOf } from '../../catalog/price-sheets.ts';
import type { EngineProfile } from '../../catalog/types.ts';
import { type Issue, UserError } from '../../check/issue.ts';
import { servesTenants } from '../../check/scheduler-lists.ts';
import { type FleetSpec, ranksIn } from '../../spec/fleet/types.ts';
import { type MakeOptions, readRows } from '../../workload/make.ts';
import type { RequestRows } from '../../workload/rows.ts';
import { isServeGen } from '../../workload/servegen.ts';
import type { Requests } from '../../workload/types.ts';
import { makeWalks, type Walks } from '../../workload/walks.ts';
import type { PlanSource } from '../deployment.ts';
import { type EnergyFigures, perRank } from '../energy.ts';
import type { DrawnTiers, FleetClient, FleetProgram } from '../fleet.ts';
import type { Lowering } from '../lower.ts';
import { adapterSetup } from './adapters.ts';
import { type BoundPool, bindPools } from './bind-pools.ts';
import { type Blame, openBlame } from './blame.ts';
import { localGroupOf, openGroups } from './groups.ts';
import { impatienceOf } from './impatience.ts';
import { clientsByPool, jointClient, type LaidRequests, layRequests, requestsOf } from './lay-requests.ts';
import { outagesOf } from './outages.ts';
import { type Placement, placeInstances, type Standing } from './place.ts';
import { scalersOf } from './scalers.ts';
import { type FleetShare, fleetName, laidName, openShare, walksName } from './share.ts';
import { fillTiers, hashBlockOf, storeBytes, tiersOf, usesHashes } from './stores.ts';
import { timeTurns } from './turn-delays.ts';

/** The catalog that models, hardware and shapes are looked up in. */
export type FleetCatalog = PlanSource['catalog'] & { shape: MakeOptions['catalogShape'] };

/**
 * Which stages make the tokens that a user reads or waits for: indices into the program's `stages`. A stage may have one role;
 * llm stages without one (embed, rerank, reward, safety) make no tokens of the answer.
 */
export interface StageRoles {
  /** Prefill, alone (disaggregated: output 1, the first token) or with the decode that follows it in the same visit. */
  readonly prefill: readonly number[];
  /** Decodes of the answer. */
  readonly decode: readonly number[];
  /** Decodes of thoughts: they count as output tokens, but the answer begins after them. */
  readonly think: readonly number[];
}

/** What one client is, for people and for bills: of a rank, its part of the instance. */
export interface ClientFacts {
  /** Its pool; '' for the client that joins branches. */
  readonly pool: string;
  readonly devices: number;
  readonly usdPerDeviceHour: number;
  readonly energy: EnergyFigures | null;
  readonly basis: string;
  readonly memory: string;
  /** The regression that prices its steps, in words; absent where there is none. */
  readonly steps?: string;
  /** What its engine profile says requests spend on their way. */
  readonly way?: EngineProfile['client'];
}

export interface LoweredFleet {
  readonly program: FleetProgram;
  readonly roles: StageRoles;
  readonly clients: readonly ClientFacts[];
  readonly pipelines: { readonly names: readonly string[]; readonly of: Int32Array };
  readonly walks: Walks;
  /** What fetches by hit rates were drawn to find; absent where there are none. */
  readonly drawn?: DrawnTiers;
  /** The same for fleets that differ in nothing but the limits of their engines; absent where that cannot be told. */
  readonly likeness?: object;
}

/** Throws UserError with everything about the spec that the catalog does not allow: models that do not fit, splits, stores. */
export function checkFleet(spec: FleetSpec, catalog: FleetCatalog): void {
  const { blame, settle } = openBlame(spec);
  const pools = bindPools(spec, sourceOf(spec, catalog), null, blame);
  storeBytes(spec, pools, blame);
  settle();
}

/** The same of single pools, as a list: whatever else is wrong with the spec. */
export function meetPools(spec: FleetSpec, catalog: FleetCatalog): readonly Issue[] {
  const { blame, settle } = openBlame(spec);
  try {
    bindPools(spec, sourceOf(spec, catalog), null, blame);
    settle();
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.issues;
  }
}

export function sourceOf(spec: FleetSpec, catalog: FleetCatalog): PlanSource {
  return { catalog, prices: pricesOf(spec, catalog), watts: spec.watts, seed: spec.workload.seed };
}

/**
 * The program of a spec, and what people want to know of its clients, stages and requests. Throws UserError like checkFleet.
 * `session`: whoever can lower surfaces. `share`: what earlier rows of the same question have made. `requests`: given ones, in place
 * of those of the workload, which no other row has.
 */
export function prepareFleet(
  spec: FleetSpec,
  catalog: FleetCatalog,
  session: { readonly lowering: Lowering },
  share: FleetShare = openShare(),
  requests?: Requests,
): LoweredFleet {
  const blaming = openBlame(spec);
  const pools = bindPools(spec, sourceOf(spec, catalog), session.lowering, blaming.blame, share);
  const make = () => lowerPools(spec, catalog, share, pools, blaming, requests);
  const name = requests ? null : fleetName(share, spec, pools);
  if (name === null) return make();
  const first = share.fleets.get(name, () => ({ ...make(), likeness: {} }));
  blaming.settle();
  return limitedAs(first, pools);
}

/** A fleet with the limits of other engines that are alike. */
function limitedAs(first: LoweredFleet, pools: ReadonlyMap<string, BoundPool>): LoweredFleet {
  const facts = new Map<string, ClientFacts>();
  for (const [name, bound] of pools) facts.set(name, factsOf(bound));
  const own = (c: number): BoundPool['client'] | undefined => pools.get(first.clients[c]!.pool)?.client;
  const clients = first.program.clients.map((client, c) => {
    const { maxNumSeqs, maxNumBatchedTokens, numGpuBlocks } = own(c) ?? client;
    return { ...client, maxNumSeqs, maxNumBatchedTokens, numGpuBlocks };
  });
  return {
    ...first,
    program: { ...first.program, clients },
    clients: first.clients.map((known) => facts.get(known.pool) ?? known),
  };
}

function lowerPools(
  spec: FleetSpec,
  catalog: FleetCatalog,
  share: FleetShare,
  pools: ReadonlyMap<string, BoundPool>,
  { blame, settle }: ReturnType<typeof openBlame>,
  requests?: Requests,
): LoweredFleet {
  const bytes = storeBytes(spec, pools, blame);
  settle();
  const walks = share.walks.get(walksName(share, spec), () => {
    const rows = requests ? undefined : rowsOf(spec, share);
    return makeWalks(spec, (id) => catalog.shape(id), { given: requests, rows });
  });
  const hashBlock = usesHashes(spec, pools, walks) ? hashBlockOf(spec, pools, walks, blame) : 0;
  settle();
  const standing = standInstances(spec);
  const placement = placeInstances(spec, standing);
  const own = standing.flatMap((_, at) => makeClients(spec, pools, standing, at, placement, hashBlock, bytes, blame));
  settle();
  const known = share.laid.get(laidName(share, spec, pools, walks, placement.apart, hashBlock), () => {
    const made = layRequests(spec, pools, walks, placement.apart, hashBlock);
    settle(); // what is blamed is made again for the next row
    return made;
  });
  const laid = arriveAs(known, walks);
  const byPool = clientsByPool(spec.pools);
  const groups = openGroups(spec, byPool, blame, laid.groups).done(laid.visits);
  const last = lastArrival(laid.requests);
  const changes = { ...scalersOf(spec, pools, byPool, last, blame), ...outagesOf(spec, pools, byPool, last, blame) };
  settle();
  const stored = fillTiers(spec, own, laid.texts, { groups, visits: laid.visits });
  const clients = laid.joins ? [...stored, jointClient(0)] : stored;
  const ofPool = standing.flatMap(({ pool, ranks }) => Array.from({ length: ranks }, () => pools.get(pool)));
  const facts = clients.map((_, c) => factsOf(ofPool[c]));
  const program: FleetProgram = {
    clients,
    groups,
    ...changes,
    links: placement.links,
    locations: placement.locations,
    paths: placement.paths,
    channels: channelsOf(spec).count,
    stages: laid.stages,
    visits: laid.visits,
    requests: { ...timeTurns(spec, laid, groups, facts), ...impatienceOf(spec, walks.pipeline) },
    hashBlock,
    hashCount: laid.hashCount,
    storeBytesPerToken: bytes,
  };
  const names = spec.pipelines.map(({ name }) => name);
  return {
    program,
    roles: laid.roles,
    clients: facts,
    pipelines: { names, of: walks.pipeline },
    walks: tellUnused(walks, hashBlock),
    ...(laid.drawn.asked > 0 ? { drawn: laid.drawn } : {}),
  };
}

/** The rows of the file of the workload, read once for a question; streams of clients are drawn for every row, and are none. */
function rowsOf({ workload }: FleetSpec, share: FleetShare): RequestRows | undefined {
  const { requests } = workload;
  if (requests === null || isServeGen(requests.file)) return undefined;
  return share.files.get(`${requests.start ?? 0} ${requests.file}`, () => readRows(workload));
}

/** s, when the last request is sent; NaN where only the run tells. */
function lastArrival({ arrival, count, concurrency, turns }: LaidRequests['requests']): number {
  return concurrency > 0 || turns || count === 0 ? Number.NaN : arrival[count - 1]!;
}

/** Visits that were laid out before, for requests that come at other times. */
function arriveAs(laid: LaidRequests, walks: Walks): LaidRequests {
  if (laid.requests.arrival === walks.arrival) return laid;
  return { ...laid, requests: requestsOf(walks, laid.requests.first, laid.requests.last) };
}

/** Says of a trace with hash ids that nothing looks at them. */
function tellUnused(walks: Walks, hashBlock: number): Walks {
  if (!walks.blocks || hashBlock > 0) return walks;
  return { ...walks, description: `${walks.description}; hash ids ignored: no pool caches prefixes` };
}

const JOINT_FACTS: ClientFacts = { pool: '', devices: 0, usdPerDeviceHour: 0, energy: null, basis: '', memory: '' };

export function factsOf(bound: BoundPool | undefined): ClientFacts {
  if (!bound) return JOINT_FACTS;
  const { pool, usdPerDeviceHour, basis, memory, steps, way } = bound;
  const ranks = ranksIn(pool);
  const devices = bound.devices / ranks;
  const energy = bound.energy && perRank(bound.energy, ranks);
  const known = { ...(steps ? { steps } : {}), ...(way ? { way } : {}) };
  return { pool: pool.name, devices, usdPerDeviceHour, energy, basis, memory, ...known };
}

interface StandingInstance extends Standing {
  readonly pool: string;
  readonly ranks: number;
}

function standInstances({ pools }: FleetSpec): StandingInstance[] {
  return pools.flatMap((pool) => {
    const { name, count, location } = pool;
    return Array.from({ length: count }, (_, index) => ({
      pool: name,
      name: count === 1 ? name : `${name}-${index + 1}`,
      location,
      index,
      count,
      ranks: ranksIn(pool),
    }));
  });
}

/** Instances of every channel: as many as the largest pool that shares it has clients. */
function channelsOf({ pools }: FleetSpec): { readonly count: number; readonly first: ReadonlyMap<string, number> } {
  const sizes = new Map<string, number>();
  for (const { shares, count } of pools) {
    if (shares) sizes.set(shares.channel, Math.max(count, sizes.get(shares.channel) ?? 0));
  }
  const first = new Map<string, number>();
  let count = 0;
  for (const [channel, size] of sizes) {
    first.set(channel, count);
    count += size;
  }
  return { count, first };
}

/** What the instances of a pool do with the adapters that requests ask for. */
function adaptersOf({ adapters }: FleetSpec, bound: BoundPool, blame: Blame): Pick<FleetClient, 'adapters'> {
  const { pool } = bound;
  if (pool.kind !== 'llm' || !pool.lora || !bound.adapters || !adapters) return {};
  const { bytes, hardware } = bound.adapters;
  if (pool.lora.host === null && !hardware?.host_link_bandwidth) {
    const path = ['fleet', pool.name, 'lora', 'host_bandwidth'];
    blame(path, 'one: the hardware has no link to a host', 'none');
    return {};
  }
  return { adapters: adapterSetup(pool.lora, adapters, bytes, hardware) };
}

/** The clients of an instance: one, or its ranks (called as vLLM does, from 0). */
function makeClients(
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  standing: readonly StandingInstance[],
  at: number,
  placement: Placement,
  hashBlock: number,
  bytes: number,
  blame: Blame,
): FleetClient[] {
  const { pool: poolName, name, index, ranks } = standing[at]!;
  const bound = pools.get(poolName);
  if (!bound) throw new Error(`no pool ${poolName}`); // blamed before
  const { pool, client, demand, dealing } = bound;
  const location = placement.locations === 1 ? 0 : at;
  const channel = pool.shares ? (channelsOf(spec).first.get(pool.shares.channel) ?? 0) + index : -1;
  // Where no prompt has anything in common a cache that nobody asked for is not kept: it would cost time and find next to nothing.
  const keeps = client.prefixCaching && (hashBlock > 0 || (pool.kind === 'llm' && pool.prefixCaching === true));
  const one: FleetClient = {
    name,
    ...client,
    ...(client.prefixCaching ? { prefixCaching: keeps } : {}),
    ...adaptersOf(spec, bound, blame),
    ...(pool.kind === 'llm' && servesTenants(pool.packing)
      ? { tenants: spec.pipelines.map(({ fairWeight }) => fairWeight) }
      : {}),
    localGroup: localGroupOf(spec, pool, index),
    location,
    channel,
    demand,
    tiers: pool.kind === 'kv-store' ? tiersOf(spec, pool, location, placement, hashBlock * bytes, blame) : [],
  };
  if (ranks === 1) return [one];
  return Array.from({ length: ranks }, (_, rank) => ({
    ...one,
    name: `${name}/dp${rank}`,
    rank: { at: rank, of: ranks, dealing },
  }));
}
