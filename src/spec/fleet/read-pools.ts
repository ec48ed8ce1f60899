// The fleet section: every pool with its defaults filled in, names looked up, and fields that do not go together refused.
import { limitsOn } from '../../catalog/engine-limits.ts';
import type { EngineProfile } from '../../catalog/types.ts';
import { show } from '../../check/issue.ts';
import { measured } from '../../check/units.ts';
import { HNSW_FRESH, HNSW_RATE } from '../../stages/retrieve-hnsw.ts';
import { FAISS_HOP_SECONDS, SCANN_RESCORE_RATE, SCANN_SCAN_RATE } from '../../stages/retrieve-ivf-pq.ts';
import { findRoundMistake } from '../check-rounds.ts';
import { findSwapMistakes, SWAP_KEYS, SWAP_SPACE } from '../check-swap.ts';
import { DEFAULT_PROFILE, NO_PROFILE } from '../defaults.ts';
import type { Path } from '../document.ts';
import { checkRules, readRules } from '../engine-rules.ts';
import { fillFromLog, startWorldOf } from '../fill-from-log.ts';
import { readHardware } from '../hardware.ts';
import { applyLog, isLogFault, readLog } from '../kv-log.ts';
import { checkLimit, readMachine } from '../machine.ts';
import { readSpeculative, type SpeculativeInput } from '../speculative.ts';
import { readStepTime } from '../step-time.ts';
import type { Configuration, StepTime } from '../types.ts';
import { number, type Part, readCatalogName, type World } from '../world.ts';
import { readAutoscale } from './autoscale.ts';
import { countOf } from './count.ts';
import { readFailures } from './failures.ts';
import { readShare } from './leaf.ts';
import type { Ledger } from './ledger.ts';
import { readLora } from './lora.ts';
import { readRouting } from './read-routing.ts';
import type { LlmPool, PoolSpec, RetrievalPool } from './types.ts';

/** Limits of which some engines take less on a small device. */
const DEVICE_LIMITS = ['max_num_seqs', 'max_num_batched_tokens'] as const;

export function readPools(fleet: Part, ledger: Ledger, world: World): PoolSpec[] {
  return Object.entries(fleet).flatMap(([name, input]) => {
    const pool = input === undefined ? null : readPool(name, input as Part, ledger, world);
    return pool ? [pool] : [];
  });
}

function readPool(name: string, written: Part, ledger: Ledger, world: World): PoolSpec | null {
  const path = ['fleet', name];
  const { filled: input, from } = fillFromLog(written, path, ledger, world);
  const scaled = readAutoscale(input, path, ledger);
  const failures = input.kind === 'llm' ? readFailures(input, path, ledger) : null;
  const lora = input.kind === 'llm' ? readLora(input, path, ledger) : null;
  const common = {
    name,
    count: scaled?.max ?? countOf(input, path, ledger),
    location: (input.location as string | undefined) ?? null,
    routing: readRouting(input.routing, [...path, 'routing'], ledger),
    shares: readShares(input.shares),
    ...(scaled ? { autoscale: scaled } : {}),
  };
  if (input.kind === 'llm')
    return {
      kind: 'llm',
      ...common,
      ...readEngine(input, path, ledger, world),
      ...(lora ? { lora } : {}),
      ...(failures ? { failures } : {}),
      ...(from ? { fromLog: from } : {}),
    };
  if (input.kind === 'retrieval') {
    const read = readRetrieval(input, path, ledger, world);
    return read && { kind: 'retrieval', ...common, ...read };
  }
  if (input.kind === 'kv-store') {
    const scope = input.scope === 'group' ? 'group' : 'fleet';
    return { kind: 'kv-store', ...common, tiers: (input.tiers as string[] | undefined) ?? [], scope };
  }
  if (input.kind !== 'cores') return null;
  const hardware = readHardware(input.hardware, [...path, 'hardware'], ledger, world);
  return { kind: 'cores', ...common, cores: number(input.cores, 1), hardware };
}

function readShares(input: unknown): PoolSpec['shares'] {
  if (input === undefined) return null;
  if (typeof input === 'string') return { channel: input, demand: null };
  const { channel, demand } = input as { channel?: string; demand?: string | number };
  return channel === undefined ? null : { channel, demand: demand === undefined ? null : readShare(demand) };
}

type EngineFields = Omit<LlmPool, 'kind' | 'name' | 'count' | 'location' | 'routing' | 'shares'>;

function readEngine(input: Part, path: Path, ledger: Ledger, world: World): EngineFields {
  const at = (key: string) => [...path, key];
  const profileId =
    input.profile === undefined
      ? DEFAULT_PROFILE
      : readCatalogName(input.profile, at('profile'), 'engines', ledger, world);
  const profile = profileId === null ? undefined : world.known.profile(profileId);
  if (!profile && input.profile === undefined) ledger.addMissing(at('profile'), 'an engine profile');
  const stepTime = readOwnPrice(input.step_time as Part | undefined, at('step_time'), ledger);
  const configuration = withLog(
    readConfiguration(input, path, profile, stepTime, ledger, world),
    input.num_gpu_blocks,
    at('num_gpu_blocks'),
    ledger,
    world,
  );
  // a name that nobody knows was told already
  const named = input.model !== undefined && input.hardware !== undefined;
  if (stepTime === null) {
    for (const key of ['model', 'hardware'] as const) {
      if (input[key] === undefined)
        ledger.addMissing(at(key), `${key === 'model' ? 'a model' : key} (only step_time does without)`);
    }
  } else if (!named && configuration.num_gpu_blocks === 0 && typeof input.num_gpu_blocks !== 'object') {
    ledger.addMissing(at('num_gpu_blocks'), 'KV blocks: without model and hardware they cannot be computed');
  }
  if (stepTime !== null && input.step_source !== undefined) {
    const expected = 'no step_source beside step_time, which prices every step';
    ledger.add({ path: at('step_source'), expected, received: show(input.step_source) });
  }
  checkSwap(input, path, configuration, ledger);
  checkRounds(path, configuration, ledger);
  checkRanks(input, path, configuration, ledger);
  checkRules(input, path, (mistake) => ledger.isBroken(mistake.path) || ledger.add(mistake));
  if (input.kv_bytes_per_token !== undefined && input.model !== undefined) {
    const expected = 'no kv_bytes_per_token beside a model: the model tells';
    ledger.add({ path: at('kv_bytes_per_token'), expected, received: show(input.kv_bytes_per_token) });
  }
  const role = (input.role as LlmPool['role'] | undefined) ?? 'both';
  if (role !== 'prefill' && input.transfer !== undefined) {
    const expected = 'no transfer: only a pool of role prefill hands its KV on';
    ledger.add({ path: at('transfer'), expected, received: show(input.transfer) });
  }
  return {
    role,
    configuration,
    followed: DEVICE_LIMITS.filter((key) => input[key] === undefined),
    packing: (input.packing as LlmPool['packing'] | undefined) ?? 'fcfs',
    transfer: (input.transfer as LlmPool['transfer'] | undefined) ?? 'whole',
    prefixCaching: (input.enable_prefix_caching as boolean | undefined) ?? null,
    writeBack: (input.write_back as string | undefined) ?? null,
    kvBytesPerToken: number(input.kv_bytes_per_token, 0),
  };
}

/** `num_gpu_blocks: {log: FILE}`: the blocks that the engine's start-up log states. */
function withLog(
  configuration: Configuration,
  given: unknown,
  path: Path,
  ledger: Ledger,
  world: World,
): Configuration {
  const name = (given as { log?: unknown } | undefined)?.log;
  if (typeof name !== 'string') return configuration;
  const log = readLog(name, world, startWorldOf(world));
  const applied = isLogFault(log) ? log : applyLog(configuration, log);
  if (!isLogFault(applied)) return applied;
  ledger.add({ path: [...path, 'log'], ...applied });
  return configuration;
}

function checkRounds(path: Path, configuration: Configuration, ledger: Ledger): void {
  const {
    num_scheduler_steps: steps,
    batching,
    num_speculative_tokens: drafts,
    data_parallel_size: ranks,
  } = configuration;
  if (['num_scheduler_steps', 'batching'].some((key) => ledger.isBroken([...path, key]))) return;
  const expected = findRoundMistake([steps], [batching], [drafts], [ranks]);
  if (expected) ledger.add({ path: [...path, 'num_scheduler_steps'], expected, received: String(steps) });
}

/** What the ranks of an instance, which step together, do not go with. */
const NOT_BESIDE_RANKS = {
  shares:
    'no shares beside data_parallel_size: ranks that step together cannot each be slowed by what shares their devices',
  batch_wait: 'no batch_wait beside data_parallel_size: the engine holds no prompts back under attention data parallel',
} as const;

function checkRanks(input: Part, path: Path, configuration: Configuration, ledger: Ledger): void {
  if (configuration.data_parallel_size === 1) return;
  for (const [key, expected] of Object.entries(NOT_BESIDE_RANKS)) {
    const place = [...path, key];
    if (input[key] !== undefined && !ledger.isBroken(place))
      ledger.add({ path: place, expected, received: show(input[key]) });
  }
}

function checkSwap(input: Part, path: Path, configuration: Configuration, ledger: Ledger): void {
  // written out it may be one row of a sweep, whose other rows swap and share these keys
  if (input.preemption_mode === 'recompute') return;
  const fields = ['preemption_mode', 'batching', 'admission', ...SWAP_KEYS];
  if (fields.some((key) => ledger.isBroken([...path, key]))) return;
  const { preemption_mode, batching, admission, num_cpu_blocks, step_time, model, hardware } = configuration;
  const mistakes = findSwapMistakes({
    modes: [preemption_mode],
    batchings: [batching],
    admissions: [admission],
    given: input,
    perBlock: (input.step_time as Part | undefined)?.per_swapped_block_s,
    sized: step_time === null || (model !== '' && hardware !== '') || input.kv_bytes_per_token !== undefined,
    counted: num_cpu_blocks > 0,
  });
  for (const { key, expected, received } of mistakes) {
    if (received === undefined) ledger.addMissing([...path, ...key], expected);
    else ledger.add({ path: [...path, ...key], expected, received });
  }
}

function readConfiguration(
  input: Part,
  path: Path,
  profile: EngineProfile | undefined,
  stepTime: StepTime | null,
  ledger: Ledger,
  world: World,
): Configuration {
  const rules = readRules(input);
  const unknownLink = (word: string, at: Path) =>
    ledger.checkKnown(word, at, 'a link of the catalog', world.known.links ?? []);
  const machine = readMachine(input, path, world, unknownLink);
  const size = (key: keyof Configuration, otherwise: number) => number(input[key], otherwise);
  const word = <K extends keyof Configuration>(key: K, otherwise: Configuration[K]) =>
    (input[key] as Configuration[K] | undefined) ?? otherwise;
  const hardware = readHardware(input.hardware, [...path, 'hardware'], ledger, world) ?? '';
  const device = world.known.device?.(hardware);
  if (device) checkLimit(machine, device, path, ledger);
  const own = profile ?? NO_PROFILE;
  const ranks = size('data_parallel_size', 1);
  const limits = profile ? limitsOn(profile, device, ranks) : own;
  return {
    model: readCatalogName(input.model, [...path, 'model'], 'models', ledger, world) ?? '',
    hardware,
    replicas: 1,
    tensor_parallel_size: size('tensor_parallel_size', 1),
    pipeline_parallel_size: size('pipeline_parallel_size', 1),
    data_parallel_size: ranks,
    expert_parallel_size: size('expert_parallel_size', 1),
    routing: 'round-robin',
    profile: profile?.id ?? DEFAULT_PROFILE,
    quantization: word('quantization', 'auto'),
    kv_cache_dtype: word('kv_cache_dtype', 'auto'),
    batching: word('batching', own.batching),
    admission: word('admission', own.admission),
    max_num_seqs: size('max_num_seqs', limits.max_num_seqs),
    max_num_batched_tokens: size('max_num_batched_tokens', limits.max_num_batched_tokens),
    max_model_len: size('max_model_len', 0),
    gpu_memory_utilization: size('gpu_memory_utilization', own.gpu_memory_utilization),
    block_size: size('block_size', own.block_size),
    watermark: size('watermark', 0),
    preemption_mode: word('preemption_mode', 'recompute'),
    swap_space: input.swap_space === undefined ? SWAP_SPACE : measured(input.swap_space, 'bytes'),
    num_cpu_blocks: size('num_cpu_blocks', 0),
    num_scheduler_steps: size('num_scheduler_steps', 1),
    num_gpu_blocks: typeof input.num_gpu_blocks === 'object' ? 0 : size('num_gpu_blocks', 0),
    ...readDrafts(input, path, stepTime !== null, ledger, world),
    step_time: stepTime,
    step_source: word('step_source', 'cost-model'),
    ...(rules ? { rules } : {}),
    ...(machine ? { machine } : {}),
    request_rate: 0,
  };
}

/** The section on speculative decoding of a pool. */
function readDrafts(
  input: Part,
  path: Path,
  ownPrice: boolean,
  ledger: Ledger,
  world: World,
): Pick<Configuration, 'num_speculative_tokens' | 'speculative_config'> {
  const section = [...path, 'speculative_config'];
  const given = input.speculative_config as SpeculativeInput | undefined;
  if (given === undefined || ledger.isBroken(section)) return { num_speculative_tokens: 0 };
  if (input.role === 'prefill') {
    const expected = 'no speculative_config: a pool of role prefill decodes nothing';
    ledger.add({ path: section, expected, received: show(given.method ?? 'one') });
  }
  const drafts = number(given.num_speculative_tokens, 0);
  const read = readSpeculative(given, {
    path: section,
    longest: drafts,
    budget: number(input.max_num_batched_tokens, Number.POSITIVE_INFINITY),
    ownPrice,
    readModel: (text, at) => readCatalogName(text, at, 'models', ledger, world) ?? text,
    add: (fault) => ledger.add(fault),
  });
  return { num_speculative_tokens: drafts, ...(read ? { speculative_config: read } : {}) };
}

function readOwnPrice(input: Part | undefined, path: Path, ledger: Ledger): StepTime | null {
  if (input === undefined) return null;
  return readStepTime(input, (expected, received) => {
    if (!ledger.isBroken(path)) ledger.add({ path, expected, received });
  });
}

function readRetrieval(input: Part, path: Path, ledger: Ledger, world: World) {
  const hardware = readHardware(input.hardware, [...path, 'hardware'], ledger, world);
  const index = input.index as Part | undefined;
  if (!index || ledger.isBroken([...path, 'index'])) return null;
  const bandwidth = (key: string, otherwise: number) =>
    index[key] === undefined ? otherwise : measured(index[key], 'bandwidth');
  const dram = input.dram_bandwidth === undefined ? 0 : measured(input.dram_bandwidth, 'bandwidth');
  const rest = {
    hardware: hardware ?? '',
    cores: number(input.cores, 1),
    dramBandwidth: dram,
    maxBatch: number(input.max_num_seqs, 64),
  };
  const dimensions = number(index.dimensions, 768);
  if (index.kind === 'hnsw') {
    const of = {
      vectors: number(index.vectors, 1),
      dimensions,
      bytesPerDimension: number(index.bytes_per_dimension, 4),
      degree: number(index.degree, 64),
      efSearch: number(index.ef_search, 100),
      fresh: HNSW_FRESH,
      rate: bandwidth('rate', HNSW_RATE),
      shards: number(index.shards, 1),
      fixed: 0,
    };
    return { ...rest, index: { kind: 'hnsw', of } } satisfies Partial<RetrievalPool>;
  }
  const coarse = (index.coarse as 'flat' | 'tree' | 'hnsw' | undefined) ?? 'tree';
  if (index.coarse_ef !== undefined && coarse !== 'hnsw') {
    const expected = 'no coarse_ef: only coarse: hnsw has one';
    ledger.add({ path: [...path, 'index', 'coarse_ef'], expected, received: show(index.coarse_ef) });
  }
  const of = {
    centroids: number(index.centroids, 1),
    probes: number(index.probes, 1),
    pointsPerProbe: number(index.points_per_probe, 1),
    pqBytes: number(index.pq_bytes, Math.max(1, Math.round(dimensions / 8))),
    dimensions,
    coarse,
    coarseEf: number(index.coarse_ef, 64),
    rescored: number(index.rescored, 0),
    scanRate: bandwidth('scan_rate', SCANN_SCAN_RATE),
    rescoreRate: bandwidth('rescore_rate', SCANN_RESCORE_RATE),
    hopSeconds: FAISS_HOP_SECONDS,
    shards: number(index.shards, 1),
    parallel: (index.parallel as 'auto' | 'inter' | 'intra' | undefined) ?? 'auto',
    fixed: 0,
  };
  return { ...rest, index: { kind: 'ivf-pq', of } } satisfies Partial<RetrievalPool>;
}
