// Binds one configuration to what the catalog knows: model, hardware, profile, split, formats, price; and says why it cannot be.
import type { Catalog } from '../catalog/open.ts';
import { priceOf } from '../catalog/price-sheets.ts';
import type { EngineProfile, Hardware, Model, StepFit } from '../catalog/types.ts';
import { cutsPrompts } from '../check/scheduler-lists.ts';
import { type EngineLog, logWords } from '../spec/engine-log.ts';
import type { PowerSpec } from '../spec/power.ts';
import type { Configuration } from '../spec/types.ts';
import { type Formats, resolveFormats } from '../stages/formats.ts';
import { devicesOf, type Split } from '../stages/split.ts';
import { cascadeOf } from './cascade.ts';
import { type DraftKey, draftKeyOf, draftOf, losesBlock, refuseDraft } from './draft.ts';
import { ranAnyway, schedulerRules, squeeze, withShards } from './engine-rules.ts';
import { legalSplit } from './legal.ts';
import { withMachine } from './machine.ts';
import { type KvCapacity, kvCapacity } from './memory.ts';
import { blocksOfLog, type PoolLayout } from './pages.ts';
import { padContexts } from './read-surface.ts';
import { type EngineSetup, NEW_TOKEN_RATIO } from './setup.ts';
import { findSteps } from './step-regression.ts';
import { type SurfaceKey, splitOf } from './surface-key.ts';
import { swapSetup } from './swap.ts';

/** The catalog, prices (USD per device-hour, catalog/price-sheets.ts), and the user's own watts (per device) that come before the catalog's. */
export interface PlanSource {
  readonly catalog: Pick<Catalog, 'model' | 'hardware' | 'engine' | 'stepFits' | 'prices'>;
  readonly prices: Readonly<Record<string, number>>;
  readonly watts: Readonly<Record<string, number>>;
  /** What the site adds to energy and cost; absent = nothing. */
  readonly power?: PowerSpec;
  /** Of what is drawn while a run goes on (which drafts are accepted); 0 if absent. */
  readonly seed?: number;
}

/** A deployment that can be built: everything but its limits, which memory and engine decide. */
export interface Deployment {
  readonly model: Model;
  readonly hardware: Hardware;
  readonly profile: EngineProfile;
  readonly key: SurfaceKey;
  readonly split: Split;
  readonly formats: Formats;
  /** Devices of one replica. */
  readonly devices: number;
  /** NaN where no price is known. */
  readonly usdPerDeviceHour: number;
}

/** Why a configuration cannot be: a machine word that sweeps count by, and what to tell a person. */
export interface Refusal {
  readonly reason: string;
  readonly words: string;
}

/** Fields that decide a step surface: rows that agree on them share one. */
export const SURFACE_FIELDS = [
  'model',
  'hardware',
  'profile',
  'quantization',
  'kv_cache_dtype',
  'tensor_parallel_size',
  'pipeline_parallel_size',
  'data_parallel_size',
  'expert_parallel_size',
  'step_source',
  'num_speculative_tokens',
] as const;

/** Binds the fields of SURFACE_FIELDS. Throws UserError for ids that the catalog does not know. */
export function bindDeployment(configuration: Configuration, source: PlanSource): Deployment | Refusal {
  const { catalog, prices, watts } = source;
  const model = catalog.model(configuration.model);
  const { rules } = configuration;
  const listed = withMachine(
    withShards(catalog.hardware(configuration.hardware), rules?.shards_per_device),
    configuration.machine,
  );
  const hardware = watts[listed.id] === undefined ? listed : { ...listed, tdp_w: watts[listed.id]! };
  const profile = catalog.engine(configuration.profile);
  const plain: SurfaceKey = {
    model,
    hardware,
    profile,
    quantization: configuration.quantization,
    kv: configuration.kv_cache_dtype,
    ...(rules?.attention_quantization ? { attentionQuantization: rules.attention_quantization } : {}),
    ...(rules?.sampling ? { sampling: rules.sampling } : {}),
    tp: configuration.tensor_parallel_size,
    pp: configuration.pipeline_parallel_size,
    dp: configuration.data_parallel_size,
    ep: configuration.expert_parallel_size,
  };
  const drafts = speculationOf(configuration, catalog);
  const key = drafts ? { ...plain, speculation: drafts } : plain;
  const split = splitOf(key);
  const formats = resolveFormats(model, key);
  const illegal = legalSplit(model, hardware, split, formats) ?? refuseDraft(key, split);
  if (illegal && !ranAnyway(rules, illegal)) return illegal;
  const steps = stepsFor(configuration, key, split, formats, catalog);
  if (steps === null) return NO_STEPS;
  const usdPerDeviceHour = priceOf(prices, hardware.id);
  return {
    model,
    hardware,
    profile,
    key: steps ? { ...key, steps } : key,
    split,
    formats,
    devices: devicesOf(split),
    usdPerDeviceHour,
  };
}

/** What drafts, with the model of its own where it has one. */
function speculationOf(configuration: Configuration, catalog: PlanSource['catalog']): DraftKey | null {
  const { speculative_config: config, num_speculative_tokens: drafts, tensor_parallel_size: tp } = configuration;
  if (!config || drafts === 0) return null;
  // a spec that prices its own steps need not name what drafts; with a model it then takes no memory
  if (config.method === 'draft_model' && config.model === '')
    return draftKeyOf({ ...config, method: 'ngram' }, drafts, tp, null);
  return draftKeyOf(config, drafts, tp, config.method === 'draft_model' ? catalog.model(config.model) : null);
}

const NO_STEPS: Refusal = {
  reason: 'no-step-regression',
  words: 'step_source regression, and the catalog has no regression on steps of this model, hardware, split and format',
};

/** The regression that the configuration asks for: undefined = the cost model, null = there is none. */
function stepsFor(
  { step_source: source }: Configuration,
  { model, hardware, profile, speculation }: SurfaceKey,
  split: Split,
  formats: Formats,
  catalog: PlanSource['catalog'],
): StepFit | null | undefined {
  if (source === 'cost-model' || (source === 'auto' && speculation)) return undefined;
  if (speculation) return null; // a regression on steps without drafts says nothing of steps with them
  const deployed = { model: model.id, hardware: hardware.id, split, weights: formats.weights, profile: profile.id };
  const found = findSteps(catalog.stepFits(), deployed);
  return found ?? (source === 'auto' ? undefined : null);
}

export function isRefusal(bound: Deployment | Refusal): bound is Refusal {
  return 'reason' in bound;
}

/** KV blocks of one scheduler (of each rank of a replica) under the configuration's limits, beside slots for LoRA adapters; `num_gpu_blocks` overrides what memory would give. */
export function blocksOf(deployment: Deployment, configuration: Configuration, adapterBytes = 0): KvCapacity {
  const capacity = kvCapacity(
    deployment.model,
    deployment.hardware,
    deployment.split,
    deployment.formats,
    deployment.profile,
    {
      gpuMemoryUtilization: configuration.gpu_memory_utilization,
      maxNumSeqs: configuration.max_num_seqs,
      maxNumBatchedTokens: configuration.max_num_batched_tokens,
      blockSize: configuration.block_size,
      drafts: configuration.num_speculative_tokens,
      adapterBytes,
    },
    draftOf(deployment.key, deployment.split),
  );
  const { kv_log: log, rules } = configuration;
  const blocks = givenBlocks(configuration, capacity);
  const tuned = capacity.reason && rules?.known_to_run;
  if (blocks === 0) return tuned ? squeeze(capacity, deployment.hardware) : capacity;
  if (capacity.reason === 'weights-do-not-fit' && !tuned) {
    const words = log ? `${capacity.words}, though the engine started: ${logWords(log)}` : capacity.words;
    return { ...capacity, words };
  }
  const { reason: _, ...rest } = capacity;
  return { ...rest, blocks, words: `${blocks} blocks, ${originOf(capacity, blocks, log)}` };
}

/** Blocks that are given, 0 = none. A log counts tokens, and of how many a block of a hybrid model is only its pool tells. */
function givenBlocks(configuration: Configuration, layout: PoolLayout): number {
  const { num_gpu_blocks: blocks, kv_log: log, max_num_batched_tokens: budget } = configuration;
  return log && layout.pages ? blocksOfLog(log, layout, budget) : blocks;
}

/** Where given blocks come from, and how far the memory model is from them and from what a log says of memory. */
function originOf(capacity: KvCapacity, blocks: number, log: EngineLog | undefined): string {
  const percent = (share: number) => `${share >= 1 ? '+' : ''}${(100 * (share - 1)).toFixed(1)} %`;
  const model = `MIST's memory model gives ${capacity.blocks} (${percent(capacity.blocks / blocks)})`;
  if (!log) return `as given; ${model}`;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  const pairs = [
    ['weights', capacity.weightsBytes, log.weightsBytes],
    ['activations', capacity.activationBytes, log.activationBytes],
    ['KV', capacity.cacheBytes, log.kvBytes],
  ] as const;
  const parts = pairs.flatMap(([name, own, said]) =>
    said === undefined ? [] : [`${name} ${gigabytes(own)}, ${gigabytes(said)} in the log`],
  );
  return `from ${logWords(log)}; ${[model, ...parts].join('; ')}`;
}

/** Given blocks in words, where there is no memory to hold them against. */
export function givenWords({ num_gpu_blocks: blocks, kv_log: log }: Configuration): string {
  return `${blocks} blocks, ${log ? `from ${logWords(log)}` : 'as given'}`;
}

/** Most blocks that the engine's 32-bit counters hold; a model whose cache does not grow reports more. */
const MOST_BLOCKS = 2 ** 30;

/**
 * The limits of one scheduler for a configuration: each attention group (dp) is one, with blocks of its own. An iteration of a pipeline is
 * pp scheduler calls, so one iteration may hold pp budgets. `layout`: of a KV block.
 */
export function setupEngine(
  configuration: Configuration,
  deployment: Deployment | null,
  blocks: number,
  price: EngineSetup['price'],
  layout: PoolLayout,
  seed = 0,
): EngineSetup {
  const pp = deployment?.split.pp ?? 1;
  const budget = configuration.max_num_batched_tokens * pp;
  const { rules } = configuration;
  const positions = rules?.known_to_run ? 0 : (deployment?.model.max_positions ?? 0);
  return {
    batching: configuration.batching,
    admission: configuration.admission,
    routing: configuration.routing,
    replicas: configuration.replicas,
    maxNumSeqs: configuration.max_num_seqs,
    maxNumBatchedTokens: budget,
    numGpuBlocks: Math.min(blocks, MOST_BLOCKS),
    blockSize: layout.blockTokens,
    ...(layout.pages ? { pages: layout.pages } : {}),
    maxModelLen: configuration.max_model_len || positions,
    ...promptLimit(configuration, deployment?.profile),
    ...ratioOf(configuration),
    watermark: configuration.watermark,
    schedulerSteps: configuration.num_scheduler_steps,
    swap: swapSetup(configuration, deployment, layout.blockBytes),
    price: price instanceof Float64Array && rules?.padded_len ? padContexts(price, rules.padded_len) : price,
    ...schedulerRules(rules, budget),
    ...(price instanceof Float64Array ? cascadeOf(configuration, deployment) : {}),
    ...acceptanceOf(configuration, layout.blockTokens, seed),
  };
}

/** SGLang sets its conservativeness to 0.3 where attention is repeated: ranks expect less of answers. */
const RANKS_EXPECT = 0.3;

function ratioOf({ admission, data_parallel_size: ranks }: Configuration): Pick<EngineSetup, 'newTokenRatio'> {
  return admission === 'new-token-ratio' && ranks > 1 ? { newTokenRatio: RANKS_EXPECT * NEW_TOKEN_RATIO } : {};
}

/** Some servers refuse a prompt that no step could hold, where prompts are not cut into chunks. */
function promptLimit(configuration: Configuration, profile: EngineProfile | undefined): Pick<EngineSetup, 'maxPrompt'> {
  const cut = cutsPrompts(configuration.batching) || configuration.rules?.known_to_run;
  if (profile?.refuses_prompts_over !== 'max_num_batched_tokens' || cut) return {};
  return { maxPrompt: configuration.max_num_batched_tokens };
}

/** What a decode drafts and how much of it is accepted, for the engine. */
function acceptanceOf(
  configuration: Configuration,
  blockTokens: number,
  seed: number,
): Pick<EngineSetup, 'speculation'> {
  const { speculative_config: config, num_speculative_tokens: drafts } = configuration;
  if (!config || drafts === 0) return {};
  const prefixLoss = losesBlock(config.method) ? { prefixLoss: blockTokens } : {};
  return { speculation: { drafts, acceptance: config.acceptance.slice(0, drafts), seed, ...prefixLoss } };
}
