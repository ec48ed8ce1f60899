// Pools to clients: engines priced and sized, retrieval lowered to surfaces, stores to tiers; and everything that cannot be.
import type { KvBytes } from '../../catalog/parameters.ts';
import { kvBytesPerToken } from '../../catalog/parameters.ts';
import { priceOf } from '../../catalog/price-sheets.ts';
import type { Basis, EngineProfile, Hardware, KvFormat, Model } from '../../catalog/types.ts';
import type { DealingName } from '../../check/scheduler-lists.ts';
import {
  type FleetSpec,
  type LlmPool,
  type PoolSpec,
  poolsOfKind,
  type RetrievalPool,
} from '../../spec/fleet/types.ts';
import { HNSW_RATE } from '../../stages/retrieve-hnsw.ts';
import { SCANN_SCAN_RATE } from '../../stages/retrieve-ivf-pq.ts';
import { layersOf } from '../../stages/split.ts';
import { blocksOf, type Deployment, givenWords, type PlanSource, setupEngine } from '../deployment.ts';
import { type EnergyFigures, partFigures } from '../energy.ts';
import type { FleetClient } from '../fleet.ts';
import { type LoweredSurface, type Lowering, lowerSurface } from '../lower.ts';
import { lowerParts } from '../lower-parts.ts';
import type { KvCapacity } from '../memory.ts';
import type { PoolLayout } from '../pages.ts';
import { schedulerRefusal } from '../scheduler.ts';
import type { EngineSetup } from '../setup.ts';
import { describeSteps } from '../step-regression.ts';
import { type AdaptersOn, adaptersOn, slotBytes } from './adapters.ts';
import { bindModel } from './bind-model.ts';
import type { Blame } from './blame.ts';
import { checkHandover } from './check-handover.ts';
import { energyFigures, heldWatts } from './energy-figures.ts';
import { demandOf, lowerRetrieval, processorsOf, scanParts } from './retrieval-surface.ts';
import { type FleetShare, type PricedSurface, poolName, type Shelf, surfaceName } from './share.ts';

/** What is expected of a model that is too large. */
export const MODEL_FITS = 'a model that fits on its hardware';

/** What one instance of a pool is, and its clients; they are alike but for place, channel and store contents. */
export interface BoundPool {
  readonly pool: PoolSpec;
  readonly client: Omit<FleetClient, 'name' | 'rank' | 'localGroup' | 'location' | 'channel' | 'demand' | 'tiers'>;
  /** How an instance deals visits to its ranks. */
  readonly dealing: DealingName;
  /** Most of its channel that its steps want. */
  readonly demand: number;
  readonly model: Model | null;
  /** KV of a context in bytes. */
  readonly kv: KvBytes;
  /** Format of the KV cache; null where no model says. */
  readonly kvFormat: KvFormat | null;
  readonly layers: number;
  readonly devices: number;
  /** Of the weights that its devices hold together; 0 where no model says. */
  readonly weightsBytes: number;
  readonly usdPerDeviceHour: number; // NaN where unknown
  readonly energy: EnergyFigures | null;
  /** How trustworthy the price of a step is, and the KV capacity in words; '' where they do not apply. */
  readonly basis: string;
  readonly memory: string;
  /** The regression on step traces that prices steps, in words; absent where there is none. */
  readonly steps?: string;
  /** What the engine profile says requests spend on their way. */
  readonly way?: EngineProfile['client'];
  /** How large the LoRA adapters that it serves are, and on what it stands; absent where it serves none. */
  readonly adapters?: AdaptersOn;
}

const NO_KV: KvBytes = { growing: 0, window: [], stateBytesPerSequence: 0 };
const FREE_PRICE: EngineSetup['price'] = {
  fixed_s: 0,
  per_new_token_s: 0,
  per_prefill_pair_s: 0,
  per_sequence_s: 0,
  per_context_token_s: 0,
};

/** What engines do of which nothing else is known. */
const IN_TURN: DealingName = 'in-turn';

/** A client without an engine: cores and stores. */
const NO_ENGINE = {
  batching: 'continuous',
  admission: 'prompt',
  packing: 'fcfs',
  maxNumBatchedTokens: 1,
  numGpuBlocks: 1,
  blockSize: 16,
  maxModelLen: 0,
  price: FREE_PRICE,
} as const;

/** What earlier rows have made: surfaces, and where the catalog and who lowers are the same, pools. */
export type KnownPools = Pick<FleetShare, 'surfaces'> & Partial<Pick<FleetShare, 'pools' | 'idOf'>>;

/** Binds every pool; pools that cannot be are left out and blamed. `lowering` null: only checks. */
export function bindPools(
  spec: FleetSpec,
  source: PlanSource,
  lowering: Lowering | null,
  blame: Blame,
  known: KnownPools | null = null,
): ReadonlyMap<string, BoundPool> {
  const bound = new Map<string, BoundPool>();
  const price = lowering && openPrices(lowering, known?.surfaces ?? null);
  const { pools, idOf } = known ?? {};
  for (const pool of spec.pools) {
    const bind = () => bindPool(pool, source, price, blame);
    const found = pools && idOf ? pools.get(poolName({ idOf }, spec, pool), bind) : bind();
    if (found) bound.set(pool.name, found.pool === pool ? found : { ...found, pool });
  }
  checkEncoders(spec, bound, blame);
  checkHandover(spec, bound, blame);
  return bound;
}

/** The price of a step of a deployment: made, or the one that an earlier row had. */
type Price = (deployment: Deployment, shared: boolean) => PricedSurface;

function openPrices(lowering: Lowering, surfaces: Shelf<PricedSurface> | null): Price {
  const make = (deployment: Deployment, shared: boolean): PricedSurface => {
    const lowered = lowerSurface(deployment.key, lowering);
    const parts = shared ? { parts: lowerParts(deployment.key, lowering) } : {};
    return { lowered, energy: engineEnergy(lowered, deployment), ...parts };
  };
  return (deployment, shared) => {
    const name = `${surfaceName(deployment.key)}${shared ? '|shared' : ''}`;
    return surfaces ? surfaces.get(name, () => make(deployment, shared)) : make(deployment, shared);
  };
}

function bindPool(pool: PoolSpec, source: PlanSource, price: Price | null, blame: Blame): BoundPool | null {
  if (pool.kind === 'llm') return bindEngine(pool, source, price, blame);
  if (pool.kind === 'retrieval') return bindRetrieval(pool, source);
  const rest = {
    pool,
    dealing: IN_TURN,
    demand: 1,
    model: null,
    kv: NO_KV,
    kvFormat: null,
    layers: 0,
    weightsBytes: 0,
    basis: '',
    memory: '',
  };
  if (pool.kind === 'cores') {
    const hardware = pool.hardware === null ? null : source.catalog.hardware(pool.hardware);
    const client = { ...NO_ENGINE, kind: 'cores', maxNumSeqs: pool.cores } as const;
    return { ...rest, client, ...ownFigures(hardware, 1, source) };
  }
  const client = { ...NO_ENGINE, kind: 'store', maxNumSeqs: 1 } as const;
  return { ...rest, client, devices: 0, usdPerDeviceHour: 0, energy: null };
}

function ownFigures(hardware: Hardware | null, devices: number, source: PlanSource) {
  if (!hardware) return { devices: 0, usdPerDeviceHour: 0, energy: null };
  const watts = source.watts[hardware.id] ?? hardware.tdp_w;
  return {
    devices,
    usdPerDeviceHour: priceOf(source.prices, hardware.id),
    energy: energyFigures(watts === null ? null : watts * devices),
  };
}

function bindEngine(pool: LlmPool, source: PlanSource, priceOf: Price | null, blame: Blame): BoundPool | null {
  const { configuration } = pool;
  const deployment = bindModel(pool, source, blame);
  if (deployment === undefined) return null;
  const adapters = adaptersOn(pool.lora, deployment);
  const capacity = deployment && capacityOf(pool, deployment, slotBytes(pool.lora, adapters));
  if (pool.prefixCaching && capacity?.pages) {
    blame(['fleet', pool.name, 'enable_prefix_caching'], NO_STATES, String(configuration.model));
    return null;
  }
  if (capacity?.reason && !(configuration.step_time && configuration.num_gpu_blocks > 0)) {
    const received = `${configuration.model} on ${configuration.hardware}: ${capacity.words}`;
    blame(['fleet', pool.name, 'model'], MODEL_FITS, received);
    return null;
  }
  const blocks = capacity?.reason ? configuration.num_gpu_blocks : (capacity?.blocks ?? configuration.num_gpu_blocks);
  const layout = capacity ?? ownLayout(pool);
  const refused = schedulerRefusal(configuration, deployment, layout.blockBytes);
  if (refused) {
    blame(['fleet', pool.name, 'preemption_mode'], 'recompute, or a swap that can be', refused.words);
    return null;
  }
  const surface = deployment && !configuration.step_time && priceOf ? priceOf(deployment, pool.shares !== null) : null;
  const price = configuration.step_time ?? surface?.lowered.table ?? FREE_PRICE;
  const {
    replicas: _,
    routing: __,
    ...setup
  } = setupEngine(configuration, deployment, blocks, price, layout, source.seed);
  const profile = source.catalog.engine(configuration.profile);
  const model = deployment?.model ?? null;
  const caches = !capacity?.pages && cachesPrefixes(profile, model);
  const prefixCaching = pool.prefixCaching ?? caches;
  return {
    pool,
    client: {
      kind: 'llm',
      packing: pool.packing,
      ...setup,
      maxModelLen: model?.kind === 'encoder' ? 0 : setup.maxModelLen,
      prefixCaching,
      ...(surface?.parts ? { parts: surface.parts } : {}),
    },
    dealing: profile.deals_to_ranks ?? IN_TURN,
    demand: pool.shares?.demand ?? 1,
    model,
    kv:
      model && deployment ? kvBytesPerToken(model, deployment.formats.kv) : { ...NO_KV, growing: pool.kvBytesPerToken },
    kvFormat: deployment?.formats.kv ?? null,
    layers: model ? layersOf(model) : 1,
    ...sizeOf(deployment, capacity),
    usdPerDeviceHour: deployment?.usdPerDeviceHour ?? Number.NaN,
    energy: surface?.energy ?? null,
    basis: configuration.step_time ? 'measured' : (surface?.lowered.basis ?? ''),
    memory: capacity?.words ?? givenWords(configuration),
    ...wayOf(pool, deployment),
    ...(deployment?.key.steps && surface ? { steps: describeSteps(deployment.key.steps) } : {}),
    ...(adapters ? { adapters } : {}),
  };
}

/** KV blocks beside `slots` bytes for adapters. */
function capacityOf({ prefixCaching, configuration }: LlmPool, deployment: Deployment, slots: number): KvCapacity {
  return blocksOf(prefixCaching ? keepsAll(deployment) : deployment, configuration, slots);
}

/** A step time of the spec's own stands for an engine that no profile knows. */
function wayOf({ configuration }: LlmPool, deployment: Deployment | null): Pick<BoundPool, 'way'> {
  const way = deployment?.profile.client;
  return way && !configuration.step_time ? { way } : {};
}

/** Devices of an instance, and the weights on all of them. */
function sizeOf(deployment: Deployment | null, capacity: { readonly weightsBytes: number } | null) {
  const devices = deployment?.devices ?? 0;
  return { devices, weightsBytes: (capacity?.weightsBytes ?? 0) * devices };
}

/** Whether an engine shares and keeps KV blocks if nobody says: encoders have none. */
function cachesPrefixes({ prefix_caching: which }: EngineProfile, model: Model | null): boolean {
  if (which === undefined || model?.kind === 'encoder') return false;
  return which === 'all' || !model?.groups.some(({ attention }) => attention.kind === 'linear');
}

const NO_STATES = 'false: the model keeps states, of which no block can be found again';

/** What is shared is found by blocks that hold all layers: windows are kept whole (vLLM's --disable-hybrid-kv-cache-manager). */
function keepsAll(deployment: Deployment): Deployment {
  return { ...deployment, profile: { ...deployment.profile, window_kv: 'all' } };
}

/** Blocks of a pool without a model. */
function ownLayout({ configuration, kvBytesPerToken }: LlmPool): PoolLayout {
  const { block_size: blockTokens } = configuration;
  return { blockTokens, blockBytes: kvBytesPerToken * blockTokens };
}

function engineEnergy({ table, shape }: LoweredSurface, { key, devices }: Deployment): EnergyFigures | null {
  const figures = energyFigures(null, table);
  if (!figures) return null;
  return { ...figures, mostW: heldWatts(table, key.hardware, devices), parts: partFigures(shape, key.hardware) };
}

/** Rates that the spec leaves out are those of one implementation on other processors; its own are taken as measured. */
function retrievalBasis({ index }: RetrievalPool): Basis {
  const own = index.kind === 'hnsw' ? index.of.rate !== HNSW_RATE : index.of.scanRate !== SCANN_SCAN_RATE;
  return own ? 'measured' : 'extrapolated';
}

/** Queries in batches: a visit is one token of a step whose price is that of so many queries. */
function bindRetrieval(pool: RetrievalPool, source: PlanSource): BoundPool {
  const hardware = source.catalog.hardware(pool.hardware);
  const processors = processorsOf(pool, hardware);
  const shards = pool.index.of.shards;
  const figures = ownFigures(hardware, shards, source);
  const table = lowerRetrieval(pool, processors, shards, figures.energy);
  return {
    pool,
    client: {
      kind: 'llm',
      batching: 'continuous',
      admission: 'prompt',
      packing: 'fcfs',
      maxNumSeqs: pool.maxBatch,
      maxNumBatchedTokens: pool.maxBatch,
      numGpuBlocks: pool.maxBatch,
      blockSize: 16,
      maxModelLen: 0,
      price: table,
      ...(pool.shares ? { parts: scanParts(table, demandOf(pool, processors)) } : {}),
    },
    dealing: IN_TURN,
    demand: pool.shares?.demand ?? 1,
    model: null,
    kv: NO_KV,
    kvFormat: null,
    layers: 0,
    weightsBytes: 0,
    ...figures,
    energy: energyFigures(null, table),
    basis: retrievalBasis(pool),
    memory: '',
  };
}

/** Encoders have no tokens to give: they embed and score. */
function checkEncoders(spec: FleetSpec, bound: ReadonlyMap<string, BoundPool>, blame: Blame): void {
  for (const { name, role } of poolsOfKind(spec, 'llm')) {
    if (bound.get(name)?.model?.kind !== 'encoder' || role === 'both') continue;
    blame(['fleet', name, 'role'], 'no role for an encoder: it neither prefills nor decodes', role);
  }
}
