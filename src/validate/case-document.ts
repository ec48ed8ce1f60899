// A measured case as a spec document: what was deployed and how it was loaded, in the notation that `mist run` reads.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Catalog } from '../catalog/open.ts';
import type { Hardware } from '../catalog/types.ts';
import type { Trouble } from './case.ts';
import type { CaseInput, Mode } from './case-columns.ts';
import { chooseProfile } from './choose-profile.ts';
import { isDisaggregated } from './read-input.ts';

type Part = Readonly<Record<string, unknown>>;

/** A spec document as data. Blank cells are left out: the engine profile and the reader know what they are. */
export interface CaseDocument {
  readonly name: string;
  readonly fleet: Readonly<Record<string, Part>>;
  readonly topology?: Part;
  readonly pipelines: Part;
  readonly workload: Part;
  readonly client?: Part;
}

/** The document of a case, or why it cannot be written. `folder`: where the case file is, whose lists of lengths it names. */
export function writeCase(id: string, input: CaseInput, catalog: Catalog, folder: string): CaseDocument | Trouble {
  const trouble = findTrouble(input, catalog, folder);
  if (trouble) return trouble;
  const hardware = catalog.hardware(input.hardware);
  const part = { ...input, ...shortened(input) };
  const placed = isDisaggregated(input.mode)
    ? writeApart(part, hardware, catalog)
    : writeTogether(part, hardware, catalog);
  if ('words' in placed) return placed as Trouble;
  const client = writeClient(input);
  return {
    name: id,
    ...(placed as Pick<CaseDocument, 'fleet' | 'topology'>),
    pipelines: { serve: { stages: [{ prefill: {} }, { decode: {} }] } },
    workload: writeWorkload(part, folder),
    ...(client ? { client } : {}),
  };
}

/** The document as YAML. */
export function caseText(document: CaseDocument): string {
  return stringify(document, { lineWidth: 120, flowCollectionPadding: false });
}

function findTrouble(input: CaseInput, catalog: Catalog, folder: string): Trouble | null {
  if (input.spec_decode !== 'none') {
    const words = `spec_decode ${input.spec_decode}: draft length and acceptance are not published`;
    return { status: 'unsupported', words };
  }
  const unknown = [
    ...(catalog.find('models', input.model) === null ? [`model ${input.model} is not in the catalog`] : []),
    ...(catalog.find('hardware', input.hardware) === null ? [`hardware ${input.hardware} is not in the catalog`] : []),
  ];
  if (unknown.length > 0) return { status: 'unsupported', words: unknown.join('; ') };
  const list = input.lengths_file;
  if (list !== null && !existsSync(resolve(folder, list)))
    return { status: 'error', words: `lengths_file ${list}: no such file` };
  if (input.window === 'all') return null;
  if (input.mode !== 'closed-loop')
    return { status: 'unsupported', words: 'window steady is defined for closed loops only' };
  if (input.num_requests >= input.load_value!) return null;
  return { status: 'error', words: 'window steady: fewer requests than are in flight, so it never opens' };
}

interface Degrees {
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly ep: number;
  readonly shards: number;
}

/** What every pool of a case says: the engine, the model, the device and how the one lies on the other. */
function writeEngine(
  input: CaseInput,
  { tp, pp, dp, ep, shards }: Degrees,
  hardware: Hardware,
  catalog: Catalog,
): Part {
  // expert parallelism means nothing to a dense model (data/cases/SCHEMA.md section 2)
  const experts = catalog.model(input.model).groups.some(({ mlp }) => mlp.kind === 'moe');
  const several = (key: string, degree: number) => (degree === 1 ? {} : { [key]: degree });
  return {
    kind: 'llm',
    model: input.model,
    hardware: input.hardware,
    ...several('tensor_parallel_size', tp),
    ...several('pipeline_parallel_size', pp),
    ...several('data_parallel_size', dp),
    ...several('expert_parallel_size', experts ? ep : 1),
    ...(shards === hardware.shards_per_device ? {} : { shards_per_device: shards }),
    profile: chooseProfile(input),
    quantization: input.weight_dtype,
    attention_quantization: input.attn_weight_dtype ?? input.weight_dtype,
    kv_cache_dtype: input.kv_dtype,
    ...(samplesAsServices(input) ? { sampling: 'top-p' } : {}),
    known_to_run: true,
  };
}

/** Loops over lists of lengths replay chats, whose clients sample as services do; other loads are benchmarks, which are greedy. */
const samplesAsServices = ({ mode, lengths_file }: CaseInput): boolean =>
  mode === 'closed-loop' && lengths_file !== null;

function writeLimits(input: CaseInput): Part {
  const isStatic = input.mode === 'static-batch';
  const seqs = input.max_num_seqs ?? (isStatic ? input.load_value : null);
  const budget = input.max_batched_tokens;
  return {
    ...(seqs === null ? {} : { max_num_seqs: seqs }),
    ...(budget === null ? {} : { max_num_batched_tokens: budget }),
  };
}

/** Recipes of TensorRT-LLM with attention data parallel in one place for prompts and decodes (InferenceX: timeout 60, batching 0). */
function writeBalance({ engine }: CaseInput, { dp }: Degrees): Part {
  return engine === 'trtllm' && dp > 1 ? { attention_dp_config: { timeout_iters: 60, batching_wait_iters: 0 } } : {};
}

/** Measured tokens are those of an instance, blocks those of a rank. */
function writeCapacity({ kv_capacity_tokens: tokens }: CaseInput, { dp }: Degrees, blockSize: number): Part {
  return tokens === null ? {} : { num_gpu_blocks: Math.max(1, Math.floor(tokens / dp / blockSize)) };
}

function writeTogether(input: CaseInput, hardware: Hardware, catalog: Catalog): Pick<CaseDocument, 'fleet'> {
  const { tp, pp, dp, ep, mode } = input;
  const degrees = { tp: tp!, pp: pp!, dp: dp!, ep: ep!, shards: (input.tp_shards ?? tp!) / tp! };
  const exclusive = mode === 'static-batch' || input.prefill_policy === 'exclusive';
  const policy = input.prefill_policy === null && !exclusive ? {} : { batching: exclusive ? 'continuous' : 'chunked' };
  const wait = input.batch_wait_iters;
  const routing = mode === 'mlperf-offline' || mode === 'offline' ? 'round-robin' : 'least-loaded';
  const blockSize = catalog.engine(chooseProfile(input)).block_size;
  // chips whose programs are compiled for fixed shapes read a whole cache of the final length at every step of a static batch
  const padded = mode === 'static-batch' && hardware.kind === 'asic';
  return {
    fleet: {
      engine: {
        ...writeEngine(input, degrees, hardware, catalog),
        ...(input.replicas === 1 ? {} : { count: input.replicas, routing }),
        ...policy,
        ...writeLimits(input),
        ...(input.recv_interval === null ? {} : { recv_interval: input.recv_interval }),
        ...(wait === null ? {} : { batch_wait: { iters: wait, max_tokens_ratio: input.batch_wait_ratio ?? 1e-9 } }),
        ...writeBalance(input, degrees),
        ...writeCapacity(input, degrees, blockSize),
        ...(padded ? { padded_len: Math.round(input.input_len + input.output_len) } : {}),
      },
    },
  };
}

/**
 * What a hand-over takes beside its bytes, and the share of a link's nominal rate that it sees: least squares over nine prompts of 128 to
 * 32,768 tokens between two servers over RoCE (kvcache-ai/Mooncake @3b5a594, Apache-2.0), which it meets within 3 % but for one (10 %).
 */
const HAND_OVER = { latency: 0.0017, efficiency: 0.84 } as const;
/** A rate that was measured is the effective one. */
const MEASURED_LINK = { latency: 0, efficiency: 1 } as const;

/** Workers of all replicas stand behind one balancer; each has a port to the network that KV caches move over. */
function writeApart(
  input: CaseInput,
  hardware: Hardware,
  catalog: Catalog,
): Pick<CaseDocument, 'fleet' | 'topology'> | Trouble {
  const side = (which: 'prefill' | 'decode'): Degrees => ({
    tp: input[`${which}_tp`]!,
    pp: 1,
    dp: input[`${which}_dp`]!,
    ep: input[`${which}_ep`]!,
    shards: hardware.shards_per_device,
  });
  const [prefill, decode] = [side('prefill'), side('decode')];
  const devices = ({ tp, dp }: Degrees) => tp * dp;
  const bandwidth =
    input.kv_link_gb_s === null
      ? linkBandwidth(hardware, devices(prefill), devices(decode), input.devices / input.replicas)
      : input.kv_link_gb_s * 1e9;
  if (!(bandwidth > 0))
    return { status: 'unsupported', words: `no network of ${hardware.id} is known that a KV cache could move over` };
  const workers = (count: number) => (count === 1 ? {} : { count });
  const blockSize = catalog.engine(chooseProfile(input)).block_size;
  return {
    fleet: {
      prefill: {
        ...writeEngine(input, prefill, hardware, catalog),
        role: 'prefill',
        ...workers(input.prefill_workers! * input.replicas),
        routing: 'load-input',
        batching: 'continuous',
        ...writeLimits(input),
      },
      decode: {
        ...writeEngine(input, decode, hardware, catalog),
        role: 'decode',
        ...workers(input.decode_workers! * input.replicas),
        routing: 'least-loaded',
        ...writeLimits(input),
        ...writeCapacity(input, decode, blockSize),
      },
    },
    topology: {
      network: { kind: 'server', port: { bandwidth, ...(input.kv_link_gb_s === null ? HAND_OVER : MEASURED_LINK) } },
    },
  };
}

/**
 * B/s one way between workers of `prefill` and `decode` devices: the scale-up links where all devices of the deployment stand in one
 * domain, else the network; each device has its own. 0 where there is no network.
 */
function linkBandwidth(hardware: Hardware, prefill: number, decode: number, all: number): number {
  const { scale_up, scale_out_bandwidth } = hardware;
  const each = all <= scale_up.domain ? scale_up.bandwidth : scale_out_bandwidth;
  return each * Math.min(prefill, decode);
}

function writeWorkload(input: CaseInput, folder: string): Part {
  const { load_kind, load_value, lengths_file, mode } = input;
  // a static batch is its batch, whatever the publisher counted as a request
  const count = mode === 'static-batch' ? load_value! : input.num_requests;
  return {
    ...(lengths_file === null
      ? { lengths: writeLengths(input) }
      : { requests: writeList(input, lengths_file, folder) }),
    ...writeArrivals(load_kind, load_value),
    num_requests: count,
    seed: 0,
  };
}

/** Requests of an open loop that are enough for any figure, of all replicas and of each (data/cases/SCHEMA.md sections 6 and 7). */
const ENOUGH = 20_000;
const ENOUGH_EACH = 1500;
/** Requests of a run that begins with everything, of which only means are asked: so many, and so many times what runs at once. */
const ENOUGH_MEAN = 5000;
const ROUNDS = 8;
/** Sequences that run at once where a case does not say: the most that engines of large devices take by default. */
const USUAL_SEQS = 1024;

/** How much of a run is simulated. */
export type Sample = Pick<CaseInput, 'num_requests' | 'replicas'>;

/** The part of a long run that stands for all of it; null = the whole run is simulated. Of all requests at once one replica has its share. */
export function shortened({ mode, load_kind, num_requests, replicas, max_num_seqs, dp }: CaseInput): Sample | null {
  if (!/^(open-loop|offline|mlperf)/.test(mode)) return null;
  if (load_kind !== 'all-at-once') {
    const enough = Math.max(ENOUGH, ENOUGH_EACH * replicas);
    return num_requests > enough ? { num_requests: enough, replicas } : null;
  }
  if (num_requests <= ENOUGH) return null;
  const enough = Math.max(ENOUGH_MEAN, ROUNDS * (max_num_seqs ?? USUAL_SEQS) * (dp ?? 1));
  return { num_requests: Math.min(enough, Math.ceil(num_requests / replicas)), replicas: 1 };
}

/** Whole numbers from floor(r L) to L, or L itself. */
function writeLengths({ input_len, output_len, length_spread }: CaseInput): Part {
  const spread = length_spread ?? 1;
  const range = (length: number) =>
    spread === 1
      ? Math.max(1, Math.round(length))
      : { uniform: [Math.max(1, Math.floor(spread * length)), Math.max(1, Math.floor(length))] };
  return { input_len: range(input_len), output_len: range(output_len) };
}

function writeList({ input_scale, output_scale }: CaseInput, name: string, folder: string): Part {
  const scales = {
    ...(input_scale === 1 ? {} : { input_scale }),
    ...(output_scale === 1 ? {} : { output_scale }),
  };
  return { file: resolve(folder, name), ...scales };
}

function writeArrivals(kind: string, load: number | null): Part {
  if (kind === 'concurrency') return { arrivals: { process: 'closed-loop', max_concurrency: load! } };
  if (kind === 'rate') return { request_rate: load! };
  return kind === 'trace' ? {} : { arrivals: 'all-at-once' };
}

/** Modes whose requests come one by one from a client over the network. */
const ONLINE: ReadonlySet<Mode> = new Set([
  'closed-loop',
  'open-loop',
  'mlperf-server',
  'mlperf-interactive',
  'disagg-closed-loop',
]);

function writeClient({ mode, window }: CaseInput): Part {
  return {
    time: ONLINE.has(mode) ? 'profile' : 'none',
    ...(isDisaggregated(mode) ? { first_token: 'decode' } : {}),
    window, // all: what publishers count, ramp and drain included
  };
}
