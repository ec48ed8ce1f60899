// The structure of the fleet: pools of instances, each of a kind, with the fields of that kind and vLLM's names where it has one.
import { z } from 'zod';
import { tellList } from '../../check/closed-list.ts';
import {
  ADMISSION,
  BATCHING,
  isRead,
  LOAD,
  NORM,
  PACKING,
  ROUTING as ROUTING_LIST,
  TERM,
} from '../../check/scheduler-lists.ts';
import { POOL_KINDS } from '../../stages/pipeline-stages.ts';
import { DEFAULT_PROFILE } from '../defaults.ts';
import { rulesShape } from '../engine-rules.ts';
import { hardware } from '../hardware.ts';
import { PART, word } from '../leaf.ts';
import { MAX_COUNT } from '../limits.ts';
import { machineShape } from '../machine.ts';
import { asNumeric } from '../numeric.ts';
import { BLOCKS, kvLog, STEP_SOURCE_WORDS, schedulerSteps, swapSpace, watermark } from '../schema.ts';
import { DEPLOYMENT_KEYS } from '../shorthand.ts';
import { speculativeSection } from '../speculative.ts';
import { stepTime } from '../step-time.ts';
import { ADMISSIONS, BATCHINGS, KV_FORMATS, PREEMPTIONS, STEP_SOURCES, WEIGHT_FORMATS } from '../words.ts';
import { autoscale } from './autoscale.ts';
import { failures } from './failures.ts';
import { count, instances, name, positive, quantity, section, share, size, time } from './leaf.ts';
import { lora } from './lora.ts';
import { COARSE, PARALLELS, ROLES, ROUTING_WORDS, TRANSFERS } from './words.ts';

/** A weight may be below 0: that much the more of it the better. */
const MAX_WEIGHT = 1e12;
const A_WEIGHT = `a number from -${MAX_WEIGHT} to ${MAX_WEIGHT}`;
const weight = () =>
  asNumeric(
    z.number({ error: A_WEIGHT }).min(-MAX_WEIGHT, { error: A_WEIGHT }).max(MAX_WEIGHT, { error: A_WEIGHT }),
    'number',
  );
const WEIGHT = 'a weight, or {weight, norm}';
const term = z.union(
  [
    weight(),
    section(
      {
        weight: weight().describe('What one of it costs; below 0 it makes a member the better.'),
        norm: word(NORM.names)
          .optional()
          .describe(
            `What its figures are measured by among those that may be chosen: ${tellList(NORM)}; raw if left out.`,
          ),
      },
      WEIGHT,
    ),
  ],
  { error: WEIGHT },
);
const TERMS = `weights of terms, such as {queue: 1, prefix: -2}; terms: ${TERM.names.join(', ')}`;
const terms = section(
  Object.fromEntries(TERM.names.map((name) => [name, term.optional().describe(`${upper(TERM.words[name])}.`)])),
  TERMS,
);

function upper(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}

const POLICIES = Object.keys(ROUTING_WORDS);
const ROUTING = `one of ${POLICIES.join(', ')}, or {policy, ...}`;
const routing = z.union(
  [
    word(POLICIES),
    section(
      {
        policy: word(POLICIES).describe(
          `How an instance is chosen: ${tellList(ROUTING_LIST)}; by what load: ${tellList(LOAD)}.`,
        ),
        metric: word([...LOAD.names.slice(1), LOAD.names[0]!])
          .optional()
          .describe('For prefix-affinity, nearest and scored: load that settles ties; requests if left out.'),
        terms: terms
          .optional()
          .describe(
            'For scored, which needs them: what is weighed of an instance, and by how much. The least sum is chosen.',
          ),
        refresh: time()
          .optional()
          .describe(
            `For scored: how old the terms may be that are read in an instance's metrics (${TERM.names.filter(isRead).join(', ')}); read at every choice if left out.`,
          ),
        threshold: count(0, MAX_COUNT)
          .optional()
          .describe("For heavy-light: tokens up to which a visit is light; the workload's median if left out."),
        light: size().optional().describe('For heavy-light: instances for the light ones; half of them if left out.'),
      },
      ROUTING,
    ),
  ],
  { error: ROUTING },
);

const DEMAND = 'a share above 0 and at most 100 %';
const shares = z.union([
  name('a channel'),
  section(
    {
      channel: name('a channel').describe(
        'An accelerator, or a processor with its memory, that pools share: instance i of each pool is on instance i of it.',
      ),
      demand: share(DEMAND, true)
        .optional()
        .describe(
          'Most of its compute and bandwidth that a step wants; all if left out. With step_time, which says no more: what it wants.',
        ),
    },
    'a channel, or {channel, demand}',
  ),
]);

const LOCATION = 'a domain of the topology';
const shared = {
  count: instances().optional().describe('Instances alike; 1 if left out.'),
  location: name(LOCATION)
    .optional()
    .describe('Domain of the topology over whose places the instances are spread; the outermost one if left out.'),
  routing: routing.optional().describe('How visits are spread over the instances; round-robin if left out.'),
  shares: shares.optional().describe('A channel shared with other pools.'),
};

const one = (words: string) => size().optional().describe(words);
const FROM_PROFILE = "The profile's if left out.";
/** Every key of a pool of engines. */
export const llmShape = {
  kind: z.literal('llm').describe('Engines of one model.'),
  ...shared,
  role: word(ROLES).optional().describe('What its instances do; both if left out.'),
  model: name('a model of the catalog, or the path of a config.json').optional().describe('What they run.'),
  hardware: hardware().optional().describe('On what.'),
  devices: one(
    'Of all its instances together, in place of count: as many instances as the split (tp x pp x dp) leaves. A split that leaves some over is left out.',
  ),
  tensor_parallel_size: one('Devices that share every layer; 1 if left out.'),
  pipeline_parallel_size: one('Stages of consecutive layers; 1 if left out.'),
  data_parallel_size: one(
    'Ranks of one instance (attention data parallel, of models with experts): each has attention, KV blocks, limits and requests of its own, all step together; 1 if left out.',
  ),
  expert_parallel_size: one('Devices that share the experts; 1 if left out.'),
  profile: name('an engine profile of the catalog').optional().describe(`${DEFAULT_PROFILE} if left out.`),
  batching: word(BATCHINGS)
    .optional()
    .describe(`How a step is formed: ${tellList(BATCHING)}. ${FROM_PROFILE}`),
  admission: word(ADMISSIONS)
    .optional()
    .describe(`KV blocks that a visit needs to start: ${tellList(ADMISSION)}. ${FROM_PROFILE}`),
  packing: word(PACKING.names)
    .optional()
    .describe(`Which waiting visit is looked at first: ${tellList(PACKING)}; fcfs if left out.`),
  max_num_seqs: one(`Most sequences that run at once in one instance, or rank of one. ${FROM_PROFILE}`),
  max_num_batched_tokens: one(`Token budget of one step (of each rank). ${FROM_PROFILE}`),
  max_model_len: one("Longest prompt plus output; the model's if left out."),
  gpu_memory_utilization: share(PART, true).optional().describe(FROM_PROFILE),
  block_size: one(`Tokens of one KV block. ${FROM_PROFILE}`),
  watermark: watermark.optional().describe('Share of the KV blocks that admission leaves free; 0 if left out.'),
  num_gpu_blocks: z
    .union([size(), kvLog], { error: BLOCKS })
    .optional()
    .describe(
      "KV blocks of one instance, or of each rank of one; computed from memory if left out; {log: FILE} = what the engine's start-up log says.",
    ),
  log: name('the path of a start-up log')
    .optional()
    .describe(
      'Start-up log of its engine, relative to this spec: stands for profile, split, limits, formats and KV blocks that are left out.',
    ),
  preemption_mode: word(PREEMPTIONS).optional().describe('What becomes of a preempted visit; recompute if left out.'),
  swap_space: swapSpace.optional().describe('Host memory per device for preempted visits; 4GiB if left out.'),
  num_scheduler_steps: schedulerSteps
    .optional()
    .describe('Decode iterations between two looks of the scheduler; 1 if left out.'),
  num_cpu_blocks: one('KV blocks in host memory (of each rank); computed from swap_space if left out.'),
  quantization: word(WEIGHT_FORMATS).optional().describe("Format of the weights; the checkpoint's if left out."),
  kv_cache_dtype: word(KV_FORMATS).optional().describe('Format of the KV cache; auto if left out.'),
  speculative_config: speculativeSection
    .optional()
    .describe('Speculative decoding, as vLLM spells it; none if left out.'),
  step_source: word(STEP_SOURCES).optional().describe(STEP_SOURCE_WORDS),
  step_time: stepTime.optional().describe('Your own price of a step, instead of the cost model.'),
  lora: lora.optional().describe('LoRA adapters that requests may ask for; none are served if left out.'),
  autoscale: autoscale.optional().describe('Instances that start and stop with the load; all are on if left out.'),
  failures: failures.optional().describe('Instances that fail and start again; none does if left out.'),
  ...rulesShape,
  ...machineShape,
  enable_prefix_caching: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe(
      'Whether KV blocks are shared and found by later prompts; as the engine has it (its profile) if left out.',
    ),
  transfer: word(TRANSFERS)
    .optional()
    .describe(
      'How a prefill instance hands its KV on; layer-wise sends layers while the last chunk is computed; whole if left out.',
    ),
  write_back: name('a kv-store of the fleet').optional().describe('Store that the KV of every visit is written to.'),
  kv_bytes_per_token: positive().optional().describe('Bytes of KV per token, where step_time stands for a model.'),
};
const llm = section(llmShape, 'a pool of kind llm');

/** Keys that say how a pool stands beside others: a plain spec has one pool and needs none of them. */
const AMONG_POOLS = ['kind', 'role', 'location', 'shares', 'transfer', 'write_back', 'model'];
const ofShape = (wanted: (key: string) => boolean, rename: (key: string) => string): z.core.$ZodLooseShape =>
  Object.fromEntries(Object.entries(llmShape).flatMap(([key, leaf]) => (wanted(key) ? [[rename(key), leaf]] : [])));

/** The plain notation: the same keys, in sections. */
export const shortShape = {
  model: llmShape.model.describe('Model of the catalog, or path of a Hugging Face config.json.'),
  deployment: section(
    ofShape(
      (key) => key in DEPLOYMENT_KEYS,
      (key) => DEPLOYMENT_KEYS[key]!,
    ),
    'the deployment: hardware, replicas, ...',
  )
    .optional()
    .describe('On what, how many, split how.'),
  engine: section(
    ofShape(
      (key) => !(key in DEPLOYMENT_KEYS) && !AMONG_POOLS.includes(key),
      (key) => key,
    ),
    'the engine: profile, batching, max_num_seqs, ...',
  )
    .optional()
    .describe('How the engine batches; blank = the profile decides.'),
};

const INDEX = 'an index: {kind: ivf-pq, ...} or {kind: hnsw, ...}';
const rate = (words: string) =>
  quantity('bandwidth', 'a rate above 0, such as 18GB/s', { above: 0 }).optional().describe(words);
const index = z.discriminatedUnion(
  'kind',
  [
    section(
      {
        kind: z.literal('ivf-pq').describe('Inverted file of product-quantised vectors.'),
        centroids: size().describe('Lists.'),
        probes: size().describe('Lists that a query scans.'),
        points_per_probe: positive().describe('Vectors in a list.'),
        dimensions: size().optional().describe('Of the vectors; 768 if left out.'),
        pq_bytes: size().optional().describe('Bytes of a quantised vector; one per 8 dimensions if left out.'),
        coarse: word(COARSE).optional().describe('How the nearest centroids are found; tree if left out.'),
        coarse_ef: size().optional().describe('For coarse: hnsw: hops over the centroids; 64 if left out.'),
        rescored: count(0, MAX_COUNT).optional().describe('Candidates scored again with whole vectors; 0 if left out.'),
        scan_rate: rate('Of one core over codes; 18GB/s (ScaNN) if left out, FAISS has measured 1 to 2.'),
        rescore_rate: rate('Of one core over whole vectors; 10GB/s if left out.'),
        shards: one('Servers that each hold a part; 1 if left out.'),
        parallel: word(PARALLELS)
          .optional()
          .describe('One core per query, all on one, or the sooner; auto if left out.'),
      },
      INDEX,
    ),
    section(
      {
        kind: z.literal('hnsw').describe('Graph over whole vectors.'),
        vectors: positive().describe('Vectors in all.'),
        dimensions: size().optional().describe('Of the vectors; 768 if left out.'),
        bytes_per_dimension: positive().optional().describe('4 if left out.'),
        degree: count(2, MAX_COUNT).optional().describe('Links of a node in the lowest layer; 64 if left out.'),
        ef_search: size().optional().describe('Candidates kept, and so hops; 100 if left out.'),
        rate: rate('Of one core over scattered vectors; 2.5GB/s if left out.'),
        shards: one('Servers that each hold a part; 1 if left out.'),
      },
      INDEX,
    ),
  ],
  { error: INDEX },
);

const retrieval = section(
  {
    kind: z.literal('retrieval').describe('Vector search on processors, in batches.'),
    ...shared,
    hardware: hardware().describe('Whose memory bandwidth the scan shares.'),
    cores: size().describe('Cores of one instance and server.'),
    dram_bandwidth: rate("That all cores together get; four fifths of the hardware's if left out."),
    index: index.describe('What is searched.'),
    max_num_seqs: one('Most queries in one batch; 64 if left out.'),
  },
  'a pool of kind retrieval',
);

const store = section(
  {
    kind: z.literal('kv-store').describe('Keeps KV blocks in tiers.'),
    count: shared.count,
    location: shared.location,
    tiers: z
      .array(name('a tier'), { error: 'a list of tiers, nearest first' })
      .min(1, { error: 'at least one tier' })
      .describe('Names under `tiers`, nearest first.'),
    scope: word(['fleet', 'group'])
      .optional()
      .describe('fleet: for all; group: every local group has its own. fleet if left out.'),
  },
  'a pool of kind kv-store',
);

const cores = section(
  {
    kind: z.literal('cores').describe('Independent servers, first come first served.'),
    count: shared.count,
    location: shared.location,
    routing: shared.routing,
    cores: size().describe('Visits that one instance serves at once.'),
    hardware: hardware().optional().describe('For price and power.'),
  },
  'a pool of kind cores',
);

const POOL = `a pool: {kind: ${POOL_KINDS.join(' | ')}, ...}`;
export const fleet = z.record(
  name('a name'),
  z.discriminatedUnion('kind', [llm, retrieval, store, cores], { error: POOL }),
  { error: `pools by name, each ${POOL}` },
);
