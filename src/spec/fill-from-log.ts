// `engine: {log: FILE}`: what an engine's start-up log says of it stands for every key that the spec does not state.
import { engineOfProfile, NEWEST, profileOf, type Version, type VersionedEngine } from '../catalog/engine-versions.ts';
import { show } from '../check/issue.ts';
import { NO_PROFILE } from './defaults.ts';
import type { Path } from './document.ts';
import { type EngineLog, isNoLog, parseEngineLog } from './engine-log.ts';
import type { Ledger } from './fleet/ledger.ts';
import { readLogText } from './kv-log.ts';
import { findLogged } from './launch/find-start.ts';
import { type ReadStart, readStart, type StartWorld } from './launch/read-start.ts';
import type { Part, World } from './world.ts';

/** What of a pool its log says. */
export interface FromLog {
  readonly file: string;
  /** Keys of the pool that the log stands for. */
  readonly keys: readonly string[];
  /** Flags of the log that a spec cannot say, each with the reason. */
  readonly leftOut: readonly string[];
}

/** Keys that decide what KV memory the engine found: beside the log nobody may say something else of them. */
const DECIDED = [
  ...['quantization', 'kv_cache_dtype', 'block_size', 'gpu_memory_utilization', 'tensor_parallel_size'],
  ...['pipeline_parallel_size', 'data_parallel_size', 'expert_parallel_size'],
];

/** The keys of a pool, those of its log among them. Mistakes of the log, and of the two together, go to the ledger. */
export function fillFromLog(input: Part, path: Path, ledger: Ledger, world: World): { filled: Part; from?: FromLog } {
  const name = input.log;
  if (typeof name !== 'string') return { filled: input };
  const at = [...path, 'log'];
  const text = readLogText(name, world);
  if (typeof text !== 'string') {
    ledger.add({ path: at, ...text });
    return { filled: input };
  }
  const capacity = parseEngineLog(text, name);
  const read = readLogged(text, isNoLog(capacity) ? null : capacity, input.profile, startWorldOf(world));
  if (read === null) {
    const expected = 'a start-up log of vLLM, SGLang or TensorRT-LLM';
    ledger.add({ path: at, expected, received: `${name}: nothing that one of them says` });
    return { filled: input };
  }
  for (const fault of read.faults)
    ledger.add({ path: at, expected: `${fault.path}: ${fault.expected}`, received: `${name}: ${fault.received}` });
  const stated = statedBy(read, input, isNoLog(capacity) ? null : name);
  refuseOthers(stated, input, path, name, ledger);
  const keys = Object.keys(stated).filter((key) => input[key] === undefined);
  const filled = { ...input, ...Object.fromEntries(keys.map((key) => [key, stated[key]])) };
  const drafts = stated.speculative_config as Part | undefined;
  // how much is accepted no log of a start says: the spec does
  const both =
    drafts && input.speculative_config
      ? { speculative_config: { ...drafts, ...(input.speculative_config as Part) } }
      : {};
  const leftOut = read.lost.map(({ flag, why }) => `${flag} (${why})`);
  return { filled: { ...filled, ...both }, from: { file: name, keys, leftOut } };
}

/** The start that a log is of; where it says no more than what fits, that engine. */
function readLogged(text: string, capacity: EngineLog | null, profile: unknown, world: StartWorld): ReadStart | null {
  const start = findLogged(text);
  const chosen = typeof profile === 'string' ? profile : undefined;
  if (start)
    return readStart(start, world, engineOfProfile(chosen ?? '')?.engine === start.engine ? chosen : undefined);
  if (capacity === null) return null;
  const engine = ENGINES[capacity.engine];
  // only vLLM before 0.8 counts blocks
  const version: Version = /blocks/.test(capacity.quote) ? [0, 7, 0] : NEWEST;
  return {
    ...{ engine, version: null, profile: profileOf(engine, version), model: null, keys: {} },
    ...{ lost: [], silent: [], faults: [] },
  };
}

const ENGINES: Readonly<Record<EngineLog['engine'], VersionedEngine>> = {
  vLLM: 'vllm',
  SGLang: 'sglang',
  'TensorRT-LLM': 'trtllm',
};

/** By the names of a pool's keys. */
function statedBy({ keys, model, profile }: ReadStart, input: Part, capacity: string | null): Part {
  const { role: _, ...own } = keys;
  return {
    ...(model === null ? {} : { model }),
    profile,
    ...own,
    ...(capacity === null || input.num_gpu_blocks !== undefined ? {} : { num_gpu_blocks: { log: capacity } }),
  };
}

/** A log of another engine, or of another deployment. */
function refuseOthers(stated: Part, input: Part, path: Path, name: string, ledger: Ledger): void {
  const refuse = (key: string, expected: string) =>
    ledger.isBroken([...path, key]) || ledger.add({ path: [...path, key], expected, received: show(input[key]) });
  const own = engineOfProfile(String(stated.profile))?.engine;
  if (typeof input.profile === 'string' && engineOfProfile(input.profile)?.engine !== own)
    refuse('profile', `a profile of the engine of ${name}, such as ${String(stated.profile)}`);
  for (const key of DECIDED) {
    if (input[key] === undefined) continue;
    const value = stated[key] ?? (key.endsWith('parallel_size') ? 1 : undefined);
    if (value !== undefined && String(value) !== String(input[key])) refuse(key, `${show(value)}, as ${name} says`);
  }
}

/** What reading a start needs, of what reading a spec knows. */
export function startWorldOf({ known }: World): StartWorld {
  return {
    readFile(name) {
      throw new Error(`${name} is not looked for beside a log`);
    },
    blockSize: (profile) => known.profile(profile)?.block_size ?? NO_PROFILE.block_size,
    model(name) {
      const model = known.model?.(name);
      if (!model?.groups || !model.native_format) return null;
      return { experts: model.groups.some(({ mlp }) => mlp.kind === 'moe'), native: model.native_format };
    },
  };
}
