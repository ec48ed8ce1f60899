// Binds a case to the catalog: model, hardware, engine profile, split and formats, the price of steps and the KV blocks.
import type { Catalog } from '../../catalog/open.ts';
import type { EngineProfile, Hardware, Model } from '../../catalog/types.ts';
import { legalSplit } from '../../plan/legal.ts';
import { type LoweredSurface, lowerSurface } from '../../plan/lower.ts';
import { type KvCapacity, kvCapacity } from '../../plan/memory.ts';
import { padContexts } from '../../plan/read-surface.ts';
import type { EngineSetup } from '../../plan/setup.ts';
import { type SurfaceKey, splitOf } from '../../plan/surface-key.ts';
import type { Session } from '../../run/session.ts';
import { type Formats, resolveFormats } from '../../stages/formats.ts';
import type { Sampling } from '../../stages/llm-ops.ts';
import type { Split } from '../../stages/split.ts';
import type { CaseInput, Trouble } from './case.ts';
import { chooseProfile } from './choose-profile.ts';

/** The parallelism of one instance or worker. */
export interface Degrees {
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly ep: number;
  readonly shards: number;
}

/** One instance of a model on devices: what prices its steps and holds its KV cache. */
export interface Instance {
  readonly profile: EngineProfile;
  readonly model: Model;
  readonly hardware: Hardware;
  readonly split: Split;
  readonly formats: Formats;
  readonly surface: LoweredSurface;
}

/** What binding shares over all cases: the catalog, and surfaces by what decides them. */
export interface Binder {
  readonly catalog: Catalog;
  readonly session: Session;
  readonly surfaces: Map<string, Instance | Trouble>;
  readonly hardware: Map<string, Hardware>;
}

export function openBinder(catalog: Catalog, session: Session): Binder {
  return { catalog, session, surfaces: new Map(), hardware: new Map() };
}

/** Binds one instance with these degrees; the same one is priced once. */
export function bindInstance(binder: Binder, input: CaseInput, degrees: Degrees): Instance | Trouble {
  const name = [
    ...[input.model, input.hardware, chooseProfile(input), ...Object.values(degrees)],
    ...[input.weight_dtype, input.attn_weight_dtype, input.kv_dtype, samplingOf(input)],
  ].join('/');
  let instance = binder.surfaces.get(name);
  if (!instance) {
    instance = makeInstance(binder, input, degrees);
    binder.surfaces.set(name, instance);
  }
  return instance;
}

/**
 * What a sweep would not propose but a measured run has shown to work: heads padded or spread over servers, formats that kernels
 * unpack, attention groups of a dense model.
 */
const DONE_ANYWAY = new Set([
  'tp-beyond-scale-up',
  'tp-exceeds-heads',
  'tp-does-not-divide-heads',
  'dp-without-experts',
  'no-scale-out',
  'format-not-supported',
]);

function makeInstance(binder: Binder, input: CaseInput, degrees: Degrees): Instance | Trouble {
  const { catalog, session } = binder;
  const unknown = [
    ...(catalog.find('models', input.model) === null ? [`model ${input.model} is not in the catalog`] : []),
    ...(catalog.find('hardware', input.hardware) === null ? [`hardware ${input.hardware} is not in the catalog`] : []),
  ];
  if (unknown.length > 0) return { status: 'unsupported', words: unknown.join('; ') };
  const model = catalog.model(input.model);
  const hardware = withShards(binder, input.hardware, degrees.shards);
  const profile = catalog.engine(chooseProfile(input));
  const { tp, pp, dp } = degrees;
  // expert parallelism means nothing to a dense model (data/cases/SCHEMA.md section 2)
  const ep = model.groups.some(({ mlp }) => mlp.kind === 'moe') ? degrees.ep : 1;
  const key: SurfaceKey = {
    model,
    hardware,
    profile,
    quantization: input.weight_dtype,
    attentionQuantization: input.attn_weight_dtype ?? input.weight_dtype,
    kv: input.kv_dtype,
    sampling: samplingOf(input),
    ...{ tp, pp, dp, ep },
  };
  const split = splitOf(key);
  const formats = resolveFormats(model, key);
  const illegal = legalSplit(model, hardware, split, formats);
  if (illegal && !DONE_ANYWAY.has(illegal.reason)) return { status: 'unsupported', words: illegal.words };
  return { profile, model, hardware, split, formats, surface: lowerSurface(key, session.lowering) };
}

/** Loops over lists of lengths replay chats, whose clients sample as services do; other loads are benchmarks, which are greedy. */
function samplingOf({ mode, lengths_file }: CaseInput): Sampling {
  return mode === 'closed-loop' && lengths_file !== null ? 'top-p' : 'greedy';
}

/**
 * The hardware as an engine saw it that made `shards` of each device. Each shard is 1/shards_per_device of the device: one that
 * makes fewer leaves the rest idle.
 */
function withShards(binder: Binder, id: string, shards: number): Hardware {
  const listed = binder.catalog.hardware(id);
  if (shards === listed.shards_per_device) return listed;
  const name = `${id}/${shards}`;
  const known = binder.hardware.get(name);
  if (known) return known;
  const used = Math.min(1, shards / listed.shards_per_device);
  const { bf16, fp8, int8, fp4 } = listed.peak;
  const scaled: Hardware = {
    ...listed,
    shards_per_device: shards,
    peak: {
      bf16: bf16 * used,
      ...(fp8 === undefined ? {} : { fp8: fp8 * used }),
      ...(int8 === undefined ? {} : { int8: int8 * used }),
      ...(fp4 === undefined ? {} : { fp4: fp4 * used }),
    },
    memory_bytes: listed.memory_bytes * used,
    memory_bandwidth: listed.memory_bandwidth * used,
  };
  binder.hardware.set(name, scaled);
  return scaled;
}

/** Limits of one scheduler, blanks filled in by the rules of data/cases/SCHEMA.md section 2. */
export interface Limits {
  readonly maxNumSeqs: number;
  readonly budget: number;
}

const LARGE_DEVICE_BYTES = 70e9;
/** Tokens of a step of a static batch, which has no limit: larger steps gain next to nothing. */
const STATIC_BUDGET = 32768;
const DEFAULT_BUDGET = 8192;

export function limitsOf(input: CaseInput, { profile, hardware }: Instance): Limits {
  if (input.mode === 'static-batch') {
    return { maxNumSeqs: input.max_num_seqs ?? input.load_value!, budget: input.max_batched_tokens ?? STATIC_BUDGET };
  }
  const small = input.engine === 'vllm' && hardware.memory_bytes < LARGE_DEVICE_BYTES;
  const most = small ? Math.min(256, profile.max_num_seqs) : profile.max_num_seqs;
  return { maxNumSeqs: input.max_num_seqs ?? most, budget: input.max_batched_tokens ?? DEFAULT_BUDGET };
}

/** KV blocks of one instance: as measured where the case says so, else what memory leaves. */
export function blocksOfCase(
  input: CaseInput,
  instance: Instance,
  limits: Limits,
): { blocks: number; note: string } | Trouble {
  const { profile, model, hardware, split, formats } = instance;
  const ask = {
    gpuMemoryUtilization: profile.gpu_memory_utilization,
    maxNumSeqs: limits.maxNumSeqs,
    maxNumBatchedTokens: input.mode === 'static-batch' ? profile.max_num_batched_tokens : limits.budget,
    blockSize: profile.block_size,
  };
  if (input.kv_capacity_tokens !== null)
    return { blocks: Math.max(1, Math.floor(input.kv_capacity_tokens / profile.block_size)), note: '' };
  const capacity = kvCapacity(model, hardware, split, formats, profile, ask);
  if (!capacity.reason) return { blocks: Math.min(capacity.blocks, MOST_BLOCKS), note: '' };
  return squeeze(capacity, instance);
}

const MOST_BLOCKS = 2 ** 30;
/** What an engine that was tuned to fit may take of a device's memory. */
const TUNED_SHARE = 0.97;

/** The run was measured, so its operators made it fit: by a larger share of memory and smaller workspaces than the defaults. */
function squeeze(capacity: KvCapacity, { hardware, split }: Instance): { blocks: number; note: string } | Trouble {
  if (capacity.weightsBytes > hardware.memory_bytes) return { status: 'oom', words: capacity.words };
  const room = hardware.memory_bytes * TUNED_SHARE - capacity.weightsBytes;
  const blocks = Math.floor(room / capacity.blockBytes) * split.dp;
  if (!(blocks >= 1)) return { status: 'oom', words: capacity.words };
  return { blocks, note: `default memory rules leave no room; ${TUNED_SHARE} of memory assumed` };
}

/** Chips whose programs are compiled for fixed shapes read a whole cache of the final length at every step of a static batch. */
function padsContexts(input: CaseInput, { hardware }: Instance): boolean {
  return input.mode === 'static-batch' && hardware.kind === 'asic';
}

/** The engine's limits and price; every replica is one instance. Limits are per scheduler, of which an instance has dp. */
export function setupCase(input: CaseInput, instance: Instance, limits: Limits, blocks: number): EngineSetup {
  const { profile, split, surface } = instance;
  const policy = input.prefill_policy ?? (profile.batching === 'continuous' ? 'exclusive' : 'mixed');
  const exclusive = policy === 'exclusive' || input.mode === 'static-batch';
  return {
    batching: exclusive ? 'continuous' : 'chunked',
    admission: profile.admission,
    routing: input.mode === 'mlperf-offline' || input.mode === 'offline' ? 'round-robin' : 'least-loaded',
    replicas: input.replicas,
    maxNumSeqs: limits.maxNumSeqs * split.dp,
    maxNumBatchedTokens: limits.budget * split.dp * split.pp,
    numGpuBlocks: blocks,
    blockSize: profile.block_size,
    maxModelLen: 0,
    price: padsContexts(input, instance)
      ? padContexts(surface.table, input.input_len + input.output_len)
      : surface.table,
    receiveEvery: input.recv_interval ?? 1,
    ...(input.batch_wait_iters === null ? {} : { batchWait: waitOf(input, limits.budget * split.dp * split.pp) }),
  };
}

function waitOf(input: CaseInput, budget: number): { steps: number; tokens: number } {
  return { steps: input.batch_wait_iters!, tokens: Math.ceil((input.batch_wait_ratio ?? 0) * budget) };
}
