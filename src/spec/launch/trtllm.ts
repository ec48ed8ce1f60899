// How TensorRT-LLM counts: attention data parallel is over the whole tensor group, limits are those of a rank.
import { isAtLeast, LINES, readVersion, type Version } from '../../catalog/engine-versions.ts';
import { draftsFromWords, draftsToWords } from './drafts.ts';
import {
  type Deployed,
  noteForeign,
  numberOf,
  type Setting,
  type Settled,
  type Telling,
  type Told,
  tellCommon,
  tellFormat,
} from './settle.ts';
import { SERVES } from './trtllm-flags.ts';

const FIRST_SERVER = readVersion(SERVES)!;

export function settleTrtllm(told: Told, setting: Setting): Settled {
  const tp = numberOf(told.tp_size, 1);
  const groups = told.enable_attention_dp === true ? tp : 1;
  const drafts = draftsFromWords(told, {
    method: 'speculative_config.decoding_type',
    length: 'speculative_config.max_draft_len',
  });
  const [iters, ratio] = [numberOf(told.batch_wait_iters, 0), numberOf(told.batch_wait_ratio, 0)];
  const waits = iters > 0 && ratio > 0;
  const idle = { flag: 'batch_wait_timeout_iters', why: 'batches do not wait under attention data parallel' };
  const size = numberOf(told.block_size, setting.blockSize);
  const keys = {
    tensor_parallel_size: told.tp_size === undefined ? undefined : tp / groups,
    pipeline_parallel_size: told.pipeline_parallel_size,
    ...(groups > 1 ? { data_parallel_size: groups } : {}),
    expert_parallel_size: told.expert_parallel_size,
    kv_cache_dtype: told.kv_cache_dtype,
    ...(told.enable_chunked_prefill === true ? { batching: 'chunked' } : {}),
    admission: told.admission,
    ...{ max_num_seqs: told.max_num_seqs, max_num_batched_tokens: told.max_num_batched_tokens },
    ...{ max_model_len: told.max_model_len, gpu_memory_utilization: told.gpu_memory_utilization },
    block_size: told.block_size,
    ...(told.max_total_tokens === undefined
      ? {}
      : { num_gpu_blocks: Math.max(1, Math.floor(Number(told.max_total_tokens) / size)) }),
    enable_prefix_caching: told.enable_prefix_caching,
    ...(waits && groups === 1 ? { batch_wait: { iters, max_tokens_ratio: ratio } } : {}),
    ...(told.balances === true && groups > 1 ? { attention_dp_config: evenOf(told) } : {}),
    ...(drafts.section ? { speculative_config: drafts.section } : {}),
    role: told.role,
  };
  // a context server has to have it off
  const off = told.overlap_off === true && told.role !== 'prefill';
  const why = 'host time is that of the profile, which overlaps';
  const lost = [...(waits && groups > 1 ? [idle] : []), ...(off ? [{ flag: 'disable_overlap_scheduler', why }] : [])];
  return { keys, lost: [...drafts.lost, ...lost], faults: drafts.faults };
}

function evenOf({ timeout_iters, batching_wait_iters }: Told): Told {
  return {
    ...(timeout_iters === undefined ? {} : { timeout_iters }),
    ...(batching_wait_iters === undefined ? {} : { batching_wait_iters }),
  };
}

/** Said where it is not what the engine does by default, and for profiles of no version, which may have another default. */
function tellAdmission({ admission, profile }: Deployed['configuration']): Told {
  const usual = admission === 'full-length' && LINES.trtllm.some((line) => line.profile === profile);
  return !usual && (admission === 'prompt' || admission === 'full-length') ? { admission } : {};
}

export function tellTrtllm(pool: Deployed, version: Version): Telling {
  const { configuration: c } = pool;
  const notes: string[] = [];
  const { tensor_parallel_size: tp, data_parallel_size: dp, expert_parallel_size: ep } = c;
  const built = !isAtLeast(version, FIRST_SERVER);
  if (dp > 1 && tp > 1)
    notes.push(`TensorRT-LLM repeats attention over all ${tp * dp} devices, not over ${dp} groups of ${tp}`);
  if (c.kv_cache_dtype === 'int8') notes.push('TensorRT-LLM has no flag for an int8 KV cache');
  if (c.batching !== 'chunked' && c.batching !== 'mixed')
    notes.push(`the engine has no flag for ${c.batching} batching`);
  if (c.admission === 'new-token-ratio' || c.admission === 'full-prompt')
    notes.push(`the engine has no flag for ${c.admission} admission`);
  noteForeign(pool, ['batch_wait', 'attention_dp_config'], notes);
  const { dtype } = tellFormat(pool, [], notes);
  if (dtype !== undefined) notes.push(`serve a checkpoint whose weights are ${String(dtype)}`);
  if (built && tp * dp > 1) notes.push(`convert the checkpoint with --tp_size ${tp * dp}`);
  if (c.rules?.batch_wait && dp > 1) notes.push('under attention data parallel there is no batch waiting');
  if (pool.lora) {
    const { max_loras, max_cpu_loras, max_lora_rank } = pool.lora;
    notes.push(
      `LoRA adapters: {max_loras: ${max_loras}, max_cpu_loras: ${max_cpu_loras}, max_lora_rank: ${max_lora_rank}} is for your own lora_config`,
    );
  }
  const wait = c.rules?.batch_wait;
  const even = c.rules?.attention_dp_config;
  const told = {
    ...(built ? {} : { tp_size: tp * dp }),
    ...(dp > 1 ? { enable_attention_dp: true } : {}),
    ...(ep > 1 ? { expert_parallel_size: ep } : {}),
    ...tellCommon(pool),
    ...(c.num_gpu_blocks > 0 ? { max_total_tokens: c.num_gpu_blocks * c.block_size } : {}),
    ...(c.batching === 'chunked' ? { enable_chunked_prefill: true } : {}),
    ...tellAdmission(c),
    ...(pool.prefixCaching === null ? {} : { enable_prefix_caching: pool.prefixCaching }),
    ...(wait ? { batch_wait_iters: wait.iters, batch_wait_ratio: wait.max_tokens_ratio } : {}),
    ...(even ? { balances: true, ...even } : {}),
    ...draftsToWords(c, 'trtllm', notes),
    ...(pool.role === 'both' ? {} : { role: pool.role, transceiver: 'DEFAULT' }),
    ...(pool.role === 'prefill' ? { overlap_off: true } : {}),
  };
  return { told, notes };
}
