// How SGLang counts: tensor parallel counts all devices of an attention group's group, limits are those of the whole server.
import { draftsFromWords, draftsToWords } from './drafts.ts';
import { idleLora, loraFromFlags, tellLora } from './lora.ts';
import {
  type Deployed,
  type Fault,
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
import { copiesOf } from './vllm.ts';

/** Tokens of prompts in a step where chunks are off and nobody says. */
const MAX_PREFILL_TOKENS = 16384;

export function settleSglang(told: Told, setting: Setting): Settled {
  const [tp, dp] = [numberOf(told.tp_size, 1), numberOf(told.dp_size, 1)];
  // attention alone is repeated; without that word there are dp copies of everything behind one controller
  const groups = told.enable_dp_attention === true ? dp : 1;
  const faults: Fault[] = [];
  if (tp % groups !== 0)
    faults.push({
      path: '--tp-size',
      expected: `a multiple of --dp-size ${dp}, whose groups share it`,
      received: String(tp),
    });
  const apart = told.all_experts_apart === true || !['none', undefined].includes(told.moe_a2a_backend as string);
  const drafts = draftsFromWords(told, { method: '--speculative-algorithm', length: '--speculative-num-steps' });
  const size = numberOf(told.block_size, setting.blockSize);
  const keys = {
    tensor_parallel_size: told.tp_size === undefined ? undefined : Math.max(1, Math.floor(tp / groups)),
    pipeline_parallel_size: told.pipeline_parallel_size,
    ...(groups > 1 ? { data_parallel_size: groups } : copiesOf(dp, 'round-robin')),
    expert_parallel_size: apart ? tp : told.expert_parallel_size,
    ...settleFormat(told, setting),
    kv_cache_dtype: told.kv_cache_dtype,
    ...(told.enable_mixed_chunk === true ? { batching: 'chunked' } : {}),
    ...(told.max_num_seqs === undefined ? {} : { max_num_seqs: share(told.max_num_seqs, groups) }),
    max_num_batched_tokens: budgetOf(told, setting.resolved ? 1 : groups),
    ...{ max_model_len: told.max_model_len, gpu_memory_utilization: told.gpu_memory_utilization },
    block_size: told.block_size,
    ...(told.max_total_tokens === undefined
      ? {}
      : { num_gpu_blocks: Math.max(1, Math.floor(Number(told.max_total_tokens) / size)) }),
    ...(told.disable_radix_cache === true ? { enable_prefix_caching: false } : {}),
    recv_interval: told.recv_interval,
    max_queued_requests: told.max_queued_requests,
    ...(drafts.section ? { speculative_config: drafts.section } : {}),
    role: told.role,
  };
  return {
    keys,
    lost: [...drafts.lost, ...loraFromFlags(told)],
    faults: [...faults, ...drafts.faults],
    idle: idleLora(told, LORA_FLAGS),
  };
}

const LORA_FLAGS = {
  max_loras: '--max-loras-per-batch',
  max_cpu_loras: '--max-loaded-loras',
  max_lora_rank: '--max-lora-rank',
};

const share = (value: unknown, groups: number): number => Math.max(1, Math.floor(Number(value) / groups));

/** A chunk, which the groups share, or as many prompts as a step takes. */
function budgetOf({ chunked_prefill_size: chunk, max_prefill_tokens: most }: Told, groups: number): number | undefined {
  if (typeof chunk === 'number' && chunk > 0)
    return Math.min(share(chunk, groups), numberOf(most, Number.POSITIVE_INFINITY));
  if (chunk !== undefined) return numberOf(most, MAX_PREFILL_TOKENS);
  return undefined;
}

export function tellSglang(pool: Deployed): Telling {
  const { configuration: c } = pool;
  const notes: string[] = [];
  const { tensor_parallel_size: tp, data_parallel_size: dp, expert_parallel_size: ep } = c;
  if (c.kv_cache_dtype === 'int8' || c.kv_cache_dtype === 'fp16')
    notes.push(`SGLang has no ${c.kv_cache_dtype} KV cache`);
  if (c.admission !== 'new-token-ratio') notes.push(`the engine has no flag for ${c.admission} admission`);
  if (c.batching !== 'chunked' && c.batching !== 'continuous')
    notes.push(`the engine has no flag for ${c.batching} batching`);
  noteForeign(pool, ['recv_interval', 'max_queued_requests'], notes);
  if (pool.lora) notes.push('name every adapter: --lora-paths NAME=PATH ...');
  const { max_num_seqs, max_num_batched_tokens, ...common } = tellCommon(pool);
  const budget = Number(max_num_batched_tokens);
  const told = {
    tp_size: tp * dp,
    ...(dp > 1 ? { dp_size: dp, enable_dp_attention: true } : {}),
    ...(ep > 1 ? { expert_parallel_size: ep } : {}),
    ...tellFormat(pool, ['fp8'], notes),
    ...common,
    max_num_seqs: Number(max_num_seqs) * dp,
    chunked_prefill_size: budget * dp,
    // a second limit of its own would bind first
    ...(budget > MAX_PREFILL_TOKENS ? { max_prefill_tokens: budget } : {}),
    ...(c.num_gpu_blocks > 0 ? { max_total_tokens: c.num_gpu_blocks * c.block_size } : {}),
    ...(c.batching === 'chunked' ? { enable_mixed_chunk: true } : {}),
    ...(pool.prefixCaching === false ? { disable_radix_cache: true } : {}),
    ...(c.rules?.recv_interval ? { recv_interval: c.rules.recv_interval } : {}),
    ...(c.rules?.max_queued_requests ? { max_queued_requests: c.rules.max_queued_requests } : {}),
    ...tellLora(pool.lora),
    ...draftsToWords(c, 'sglang', notes),
    ...(pool.role === 'both' ? {} : { role: pool.role }),
  };
  return { told, notes };
}
