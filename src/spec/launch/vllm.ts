// How vLLM counts: limits and blocks are those of one attention group, experts lie on all devices, V1 mixes what V0 kept apart.

import { isAtLeast, readVersion, type Version } from '../../catalog/engine-versions.ts';
import { isRecord } from '../../check/python-json.ts';
import { draftsFromVllm, draftsToVllm } from './drafts.ts';
import { idleLora, loraFromFlags, tellLora } from './lora.ts';
import {
  type Deployed,
  type Lost,
  noteForeign,
  numberOf,
  type Setting,
  type Settled,
  settleFormat,
  type Telling,
  type Told,
  tellCommon,
  tellFormat,
} from './settle.ts';
import { CASCADING, GATED, LORA, V1 } from './vllm-flags.ts';

const FIRST_V1 = readVersion(V1)!;
const FIRST_GATED = readVersion(GATED)!;
const FIRST_LORA = readVersion(LORA)!;
const isV1 = (version: Version): boolean => isAtLeast(version, FIRST_V1);

export function settleVllm(told: Told, setting: Setting): Settled {
  const { tensor_parallel_size: tp, data_parallel_size: dp = 1, preemption_mode } = told;
  const experts = setting.model?.experts ?? true;
  // copies of a model without experts have nothing in common but the port they listen at
  const groups = experts ? numberOf(dp, 1) : 1;
  const copies = experts ? {} : copiesOf(numberOf(dp, 1), 'least-loaded');
  const apart = told.enable_expert_parallel === true && experts ? numberOf(tp, 1) * groups : 1;
  const drafts = draftsFromVllm(told);
  const role = roleOf(told.kv_transfer_config);
  const keys = {
    ...{ tensor_parallel_size: tp, pipeline_parallel_size: told.pipeline_parallel_size },
    ...(groups > 1 ? { data_parallel_size: groups } : {}),
    ...(apart > 1 ? { expert_parallel_size: apart } : {}),
    ...copies,
    ...settleFormat(told, setting),
    kv_cache_dtype: told.kv_cache_dtype,
    ...batchingOf(told, setting.version),
    ...{ max_num_seqs: told.max_num_seqs, max_num_batched_tokens: told.max_num_batched_tokens },
    ...{ max_model_len: told.max_model_len, gpu_memory_utilization: told.gpu_memory_utilization },
    ...(told.reserves_prompt === undefined
      ? {}
      : { admission: told.reserves_prompt === true ? 'full-prompt' : 'prompt' }),
    ...{ block_size: told.block_size, watermark: told.watermark },
    num_gpu_blocks: told.num_gpu_blocks,
    enable_prefix_caching: told.enable_prefix_caching,
    ...(preemption_mode === 'swap' ? { preemption_mode, swap_space: told.swap_space } : {}),
    num_scheduler_steps: told.num_scheduler_steps,
    disable_cascade_attn: told.disable_cascade_attn ?? (cascades(setting.version) ? false : undefined),
    ...(told.packing === undefined ? {} : { packing: told.packing }),
    ...(drafts.section ? { speculative_config: drafts.section } : {}),
    ...role.keys,
  };
  const idle = preemption_mode !== 'swap' && told.swap_space !== undefined ? ['--swap-space'] : [];
  return {
    keys,
    lost: [...drafts.lost, ...role.lost, ...loraFromFlags(told)],
    faults: drafts.faults,
    idle: [...idle, ...idleLora(told, LORA_FLAGS)],
  };
}

const LORA_FLAGS = { max_loras: '--max-loras', max_cpu_loras: '--max-cpu-loras', max_lora_rank: '--max-lora-rank' };
/** Ranks that it has kernels for. */
const RANKS = [8, 16, 32, 64, 128, 256, 320, 512];

/** Adapters are named at the start; their rank is one of a few. */
function noteLora({ lora: rule }: Deployed, version: Version, notes: string[]): void {
  if (!rule || !isAtLeast(version, FIRST_LORA)) return;
  notes.push('name every adapter: --lora-modules NAME=PATH ...');
  const next = RANKS.find((rank) => rank >= rule.max_lora_rank);
  if (next !== rule.max_lora_rank)
    notes.push(
      `--max-lora-rank ${rule.max_lora_rank} is none that vLLM takes: ${next ? `the next is ${next}` : `at most ${RANKS.at(-1)}`}`,
    );
}

/** What the profile of these versions does not do of itself, and they did. */
function cascades(version: Version): boolean {
  const [first, asked] = CASCADING.map((words) => readVersion(words)!) as [Version, Version];
  return isAtLeast(version, first) && !isAtLeast(version, asked);
}

export function copiesOf(count: number, routing: string): Told {
  return count > 1 ? { count, routing } : {};
}

/** V1 without chunks still puts whole prompts beside decodes; V0 without them has steps of prompts alone. */
function batchingOf({ enable_chunked_prefill: chunked }: Told, version: Version): Told {
  if (chunked === undefined) return {};
  if (chunked === true) return { batching: 'chunked' };
  return { batching: isV1(version) ? 'mixed' : 'continuous' };
}

function roleOf(config: unknown): { readonly keys: Told; readonly lost: readonly Lost[] } {
  if (!isRecord(config)) return { keys: {}, lost: [] };
  const flag = '--kv-transfer-config';
  if (config.kv_role === 'kv_producer') return { keys: { role: 'prefill' }, lost: [] };
  if (config.kv_role === 'kv_consumer') return { keys: { role: 'decode' }, lost: [] };
  const why = 'kv_both does not say which side of a disaggregated service this is: taken as both';
  return { keys: {}, lost: [{ flag, why }] };
}

/** Blocks, sequences and budgets are those of one rank, as in a spec. */
export function tellVllm(pool: Deployed, version: Version): Telling {
  const { configuration: c } = pool;
  const notes: string[] = [];
  const { tensor_parallel_size: tp, data_parallel_size: dp, expert_parallel_size: ep } = c;
  if (ep > 1 && ep !== tp * dp) notes.push(`vLLM spreads experts over all ${tp * dp} devices, not over ${ep}`);
  if (c.kv_cache_dtype === 'int8') notes.push('vLLM has no int8 KV cache');
  if (c.admission === 'new-token-ratio' || c.admission === 'full-length')
    notes.push(`the engine has no flag for ${c.admission} admission`);
  const swaps = !isV1(version) && isAtLeast(version, [0, 4, 0]) && c.preemption_mode === 'swap';
  const rounds = !isV1(version) && isAtLeast(version, [0, 6, 0]);
  const marks = isAtLeast(version, [0, 23, 0]);
  const gates = isAtLeast(version, FIRST_GATED);
  if (!gates && c.admission === 'full-prompt') notes.push('the engine has no flag for full-prompt admission');
  const ranks = pool.packing === 'priority' && isAtLeast(version, [0, 6, 3]);
  noteForeign(
    pool,
    [
      ...(swaps ? ['preemption_mode'] : []),
      ...(rounds ? ['num_scheduler_steps'] : []),
      ...(marks ? ['watermark'] : []),
      ...(ranks ? ['packing'] : []),
      ...(isV1(version) ? ['disable_cascade_attn'] : []),
    ],
    notes,
  );
  if (swaps && c.num_cpu_blocks > 0) notes.push(`choose --swap-space so that it holds ${c.num_cpu_blocks} blocks`);
  noteLora(pool, version, notes);
  const told = {
    tensor_parallel_size: tp,
    ...(dp > 1 ? { data_parallel_size: dp } : {}),
    ...(ep > 1 ? { enable_expert_parallel: true } : {}),
    ...tellFormat(pool, ['fp8'], notes),
    ...tellCommon(pool),
    ...(gates && c.admission === 'prompt' ? { reserves_prompt: false } : {}),
    ...(c.num_gpu_blocks > 0 ? { num_gpu_blocks: c.num_gpu_blocks } : {}),
    ...tellBatching(pool, version, notes),
    // V0 has no word for what it does anyway
    ...(pool.prefixCaching === null || (!pool.prefixCaching && !isV1(version))
      ? {}
      : { enable_prefix_caching: pool.prefixCaching }),
    ...(c.watermark > 0 && marks ? { watermark: c.watermark } : {}),
    ...(ranks ? { packing: pool.packing } : {}),
    ...(swaps ? { preemption_mode: 'swap' } : {}),
    ...(swaps && c.num_cpu_blocks === 0 ? { swap_space: c.swap_space } : {}),
    ...(rounds && c.num_scheduler_steps > 1 ? { num_scheduler_steps: c.num_scheduler_steps } : {}),
    ...(isV1(version) && c.rules?.disable_cascade_attn !== undefined
      ? { disable_cascade_attn: c.rules.disable_cascade_attn }
      : {}),
    ...tellLora(pool.lora),
    ...draftsToVllm(c, !isV1(version), notes),
    ...(pool.role === 'both' ? {} : { kv_transfer_config: TRANSFER }),
  };
  return { told, notes };
}

/** NIXL does not ask which side it is on: the router decides. */
const TRANSFER = { kv_connector: 'NixlConnector', kv_role: 'kv_both' } as const;

function tellBatching({ configuration: { batching } }: Deployed, version: Version, notes: string[]): Told {
  if (batching === 'chunked') return { enable_chunked_prefill: true };
  if (batching === (isV1(version) ? 'mixed' : 'continuous'))
    return isV1(version) ? { enable_chunked_prefill: false } : {};
  notes.push(`the engine has no flag for ${batching} batching`);
  return {};
}
