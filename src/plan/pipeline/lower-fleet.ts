// A pipeline spec to the numbers that the engine runs: clients, groups, links, and the visits of every request.
import type { EngineProfile } from '../../catalog/types.ts';
import { type Issue, UserError } from '../../check/issue.ts';
import type { FleetSpec, PoolSpec } from '../../spec/fleet/types.ts';
import { openHashChains } from '../../workload/hash-chains.ts';
import type { MakeOptions } from '../../workload/make.ts';
import type { Requests } from '../../workload/types.ts';
import { makeWalks, type Walks } from '../../workload/walks.ts';
import type { PlanSource } from '../deployment.ts';
import type { EnergyFigures } from '../energy.ts';
import type { FleetClient, FleetProgram } from '../fleet.ts';
import type { Lowering } from '../lower.ts';
import { type BoundPool, bindPools } from './bind-pools.ts';
import { type Blame, openBlame } from './blame.ts';
import { VisitWriter } from './columns.ts';
import { localGroupOf, openGroups, type PoolClients } from './groups.ts';
import { compileList } from './lay-list.ts';
import { type Placement, placeClients, type Standing } from './place.ts';
import { type Build, join, openState, type Walker } from './state.ts';
import { hashBlockOf, storeBytes, tiersOf, usesHashes } from './stores.ts';

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

/** What one client is, for people and for bills. */
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
  return { catalog, prices: spec.prices, watts: spec.watts, seed: spec.workload.seed };
}

/**
 * The program of a spec, and what people want to know of its clients, stages and requests. Throws UserError like checkFleet.
 * `session`: whoever can lower surfaces. `requests`: given ones, in place of those of the workload.
 */
export function prepareFleet(
  spec: FleetSpec,
  catalog: FleetCatalog,
  session: { readonly lowering: Lowering },
  requests?: Requests,
): LoweredFleet {
  const { blame, settle } = openBlame(spec);
  const pools = bindPools(spec, sourceOf(spec, catalog), session.lowering, blame);
  const bytes = storeBytes(spec, pools, blame);
  settle();
  const walks = makeWalks(spec, (id) => catalog.shape(id), requests);
  const hashBlock = usesHashes(spec) ? hashBlockOf(spec, walks, blame) : 0;
  settle();
  const standing = standClients(spec);
  const placement = placeClients(spec, standing);
  const clients = makeClients(spec, pools, standing, placement, hashBlock, bytes, blame);
  settle();
  const laid = layRequests(spec, pools, walks, placement, clients, hashBlock, blame);
  settle();
  const program: FleetProgram = {
    clients: laid.clients,
    groups: laid.groups,
    links: placement.links,
    locations: placement.locations,
    paths: placement.paths,
    channels: channelsOf(spec).count,
    stages: laid.stages,
    visits: laid.visits,
    requests: laid.requests,
    hashBlock,
    hashCount: laid.hashCount,
    storeBytesPerToken: bytes,
  };
  const facts = laid.clients.map((_, c) => factsOf(pools.get(standing[c]?.pool ?? '')));
  const names = spec.pipelines.map(({ name }) => name);
  return { program, roles: laid.roles, clients: facts, pipelines: { names, of: walks.pipeline }, walks };
}

const JOINT_FACTS: ClientFacts = { pool: '', devices: 0, usdPerDeviceHour: 0, energy: null, basis: '', memory: '' };

export function factsOf(bound: BoundPool | undefined): ClientFacts {
  if (!bound) return JOINT_FACTS;
  const { pool, steps, way, ...facts } = bound;
  const { devices, usdPerDeviceHour, energy, basis, memory } = facts;
  const known = { ...(steps ? { steps } : {}), ...(way ? { way } : {}) };
  return { pool: pool.name, devices, usdPerDeviceHour, energy, basis, memory, ...known };
}

interface StandingClient extends Standing {
  readonly pool: string;
}

function standClients({ pools }: FleetSpec): StandingClient[] {
  return pools.flatMap(({ name, count, location }) =>
    Array.from({ length: count }, (_, index) => ({
      pool: name,
      name: count === 1 ? name : `${name}-${index + 1}`,
      location,
      index,
      count,
    })),
  );
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

function makeClients(
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  standing: readonly StandingClient[],
  placement: Placement,
  hashBlock: number,
  bytes: number,
  blame: Blame,
): FleetClient[] {
  const channels = channelsOf(spec);
  return standing.map(({ pool: poolName, name, index }, c): FleetClient => {
    const bound = pools.get(poolName);
    if (!bound) throw new Error(`no pool ${poolName}`); // blamed before
    const { pool, client, demand } = bound;
    const location = placement.locations === 1 ? 0 : c;
    const channel = pool.shares ? (channels.first.get(pool.shares.channel) ?? 0) + index : -1;
    return {
      name,
      ...client,
      localGroup: localGroupOf(spec, pool, index),
      location,
      channel,
      demand,
      prefixBlocks: pool.kind === 'llm' && pool.prefixCaching ? prefixBlocks(client, hashBlock) : 0,
      tiers: pool.kind === 'kv-store' ? tiersOf(spec, pool, location, placement, hashBlock * bytes, blame) : [],
    };
  });
}

/** A prefix cache lives in the blocks that no running sequence needs: at most all of them. */
function prefixBlocks({ numGpuBlocks, blockSize }: BoundPool['client'], hashBlock: number): number {
  return Math.floor((numGpuBlocks * blockSize) / hashBlock);
}

/** Branches meet at once, however many there are at one instant. */
const JOINT_CORES = 65536;

function jointClient(location: number): FleetClient {
  return {
    name: 'join',
    kind: 'cores',
    batching: 'continuous',
    admission: 'prompt',
    packing: 'fcfs',
    maxNumSeqs: JOINT_CORES,
    maxNumBatchedTokens: 1,
    numGpuBlocks: 1,
    blockSize: 16,
    maxModelLen: 0,
    price: { fixed_s: 0, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0, per_context_token_s: 0 },
    localGroup: 0,
    location,
    channel: -1,
    demand: 0,
    prefixBlocks: 0,
    tiers: [],
  };
}

function layRequests(
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  walks: Walks,
  placement: Placement,
  own: readonly FleetClient[],
  hashBlock: number,
  blame: Blame,
) {
  const clients = [...own];
  const writer = new VisitWriter();
  const groups = openGroups(spec, clientsByPool(spec.pools), blame);
  const chains = hashBlock > 0 ? openHashChains(walks, hashBlock) : null;
  const stages: string[] = [];
  let joint: { readonly group: number; readonly stage: number } | null = null;
  const roles = { prefill: [] as number[], decode: [] as number[], think: [] as number[] };
  const build: Build = {
    spec,
    pools,
    writer,
    groups,
    chains,
    apart: placement.apart,
    blame,
    stage(name, role) {
      // stages of nested lists may be called alike: each is counted by itself
      let own = name;
      for (let i = 2; stages.includes(own); i++) own = `${name}-${i}`;
      stages.push(own);
      if (role) roles[role].push(stages.length - 1);
      return stages.length - 1;
    },
    joint() {
      if (joint === null) {
        clients.push(jointClient(0));
        joint = { group: groups.ofClient(own.length), stage: build.stage('join') };
      }
      return joint;
    },
  };
  const several = spec.pipelines.length > 1;
  const pipelines = spec.pipelines.map(({ name, stages: list }) => compileList(build, list, several ? `${name}/` : ''));
  const first = new Int32Array(walks.count + 1);
  const last = new Int32Array(walks.count);
  for (let r = 0; r < walks.count; r++) {
    writer.openRequest(r);
    first[r] = writer.count;
    const walker = walkerOf(spec, walks, r);
    const { ends } = pipelines[walks.pipeline[r]](walker, [], openState(walker));
    // a request ends with one visit: branches at its end, or no stage at all, make one of no time
    last[r] = ends.length === 1 ? ends[0] : join(build, ends);
  }
  first[walks.count] = writer.count;
  const visits = writer.done();
  return {
    clients,
    stages,
    roles,
    visits,
    groups: groups.done(visits),
    hashCount: chains?.count ?? 0,
    requests: { count: walks.count, arrival: walks.arrival, first, last, concurrency: walks.concurrency },
  };
}

function clientsByPool(pools: readonly PoolSpec[]): Map<string, PoolClients> {
  const clients = new Map<string, PoolClients>();
  let first = 0;
  for (const { name, count } of pools) {
    clients.set(name, { first, count });
    first += count;
  }
  return clients;
}

function walkerOf(spec: FleetSpec, walks: Walks, r: number): Walker {
  const owner = walks.session[r] >= 0 ? walks.session[r] : r;
  return {
    index: r,
    cell: owner % spec.localGroups,
    key: walks.prefix[r] >= 0 ? walks.prefix[r] : owner,
    question: walks.question[r],
    answer: walks.answer[r],
    before: walks.prefixTokens[r] + walks.history[r],
  };
}
