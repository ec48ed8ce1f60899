// engine: {log: FILE}: a start-up log stands for every key of its engine; what the spec states beside it stays, where it may.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { UserError } from '../../src/check/issue.ts';
import { fleetCaveats } from '../../src/spec/fleet/caveats.ts';
import { explainPools } from '../../src/spec/fleet/explain-pools.ts';
import type { LlmPool } from '../../src/spec/fleet/types.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import { readQuestion } from '../../src/spec/question.ts';

const CATALOG = openCatalog();
const FILES: Readonly<Record<string, string>> = {
  'v1.log': `INFO vLLM API server version 0.11.0
INFO non-default args: {'model': 'Qwen/Qwen3-30B-A3B', 'tensor_parallel_size': 2, 'data_parallel_size': 2, 'enable_expert_parallel': True, 'max_num_seqs': 128, 'kv_cache_dtype': 'fp8', 'enable_prefix_caching': False, 'gpu_memory_utilization': 0.85, 'enforce_eager': True}
INFO Initializing a V1 LLM engine (v0.11.0) with config: model='Qwen/Qwen3-30B-A3B', dtype=torch.bfloat16, max_seq_len=32768, tensor_parallel_size=2, data_parallel_size=2, quantization=None, kv_cache_dtype=fp8, enable_prefix_caching=False, chunked_prefill_enabled=True
INFO Chunked prefill is enabled with max_num_batched_tokens=4096.
INFO GPU KV cache size: 449,456 tokens`,
  'sglang.log': `server_args=ServerArgs(model_path='Qwen/Qwen3-30B-A3B', tp_size=8, dp_size=4, enable_dp_attention=True, ep_size=8, page_size=64, mem_fraction_static=0.82, chunked_prefill_size=2048, max_prefill_tokens=16384, max_running_requests=None)
max_total_num_tokens=640000, chunked_prefill_size=2048, max_prefill_tokens=16384, max_running_requests=300, context_len=40960`,
  'drafts.log': `vLLM API server version 0.11.0
non-default args: {'model': 'Qwen/Qwen3-32B', 'speculative_config': {'method': 'ngram', 'num_speculative_tokens': 2}}`,
  'old.log': 'INFO # GPU blocks: 9000, # CPU blocks: 2048',
  'wrong.log': "non-default args: {'model': 'Qwen/Qwen3-32B', 'max_num_seqs': 'many'}",
  'none.log': 'hello',
};

const open = (engine: string, deployment = 'hardware: h100-sxm-80gb', head = '') => {
  const text = `${head}workload: {lengths: azure-conv-2023, request_rate: 1}\ndeployment: {${deployment}}\nengine: {${engine}}\n`;
  const readText = (path: string) => {
    const found = FILES[path.slice(path.lastIndexOf('/') + 1)];
    if (found === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return found;
  };
  return readQuestion(text, { ...readOptionsOf('spec.yaml', CATALOG), readText });
};
const poolOf = (...of: Parameters<typeof open>): LlmPool => open(...of).first.pools[0] as LlmPool;

/** What is wrong, one mistake a line. */
function issuesIn(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return '';
}

describe('engine: {log}', () => {
  it('is model, profile, split, limits, formats and blocks of the engine', () => {
    const question = open('log: v1.log');
    const pool = question.first.pools[0] as LlmPool;
    expect(pool.configuration).toMatchObject({
      ...{ model: 'qwen3-30b-a3b', profile: 'vllm-0.11', tensor_parallel_size: 2, data_parallel_size: 2 },
      ...{ expert_parallel_size: 4, max_num_seqs: 128, max_num_batched_tokens: 4096, max_model_len: 32768 },
      ...{ kv_cache_dtype: 'fp8', gpu_memory_utilization: 0.85, batching: 'chunked', quantization: 'auto' },
      num_gpu_blocks: Math.floor(449_456 / 16), // of a rank
    });
    expect(pool.prefixCaching).toBe(false);
    expect(fleetCaveats(question.first, CATALOG).join()).toContain('of v1.log is left out: enforce_eager');
    expect(explainPools(question)).toMatch(/by v1\.log .*max_num_seqs 128/s);
  });

  it('counts as the engine counts', () => {
    expect(poolOf('log: sglang.log').configuration).toMatchObject({
      ...{ profile: 'sglang-0.5.10', tensor_parallel_size: 2, data_parallel_size: 4, expert_parallel_size: 8 },
      ...{ max_num_seqs: 300, max_num_batched_tokens: 2048, block_size: 64, num_gpu_blocks: 10_000 },
    });
    // the split of `num_gpu_blocks: {log}` is the same: eight devices are four groups of two
    const split = 'hardware: h100-sxm-80gb, tensor_parallel_size: 2, data_parallel_size: 4, expert_parallel_size: 8';
    const blocks = poolOf(
      'profile: sglang-0.5.10, block_size: 64, num_gpu_blocks: {log: sglang.log}',
      split,
      'model: qwen3-30b-a3b\n',
    );
    expect(blocks.configuration.num_gpu_blocks).toBe(10_000);
  });

  it('leaves what the spec states beside it', () => {
    const pool = poolOf(
      'log: v1.log, max_num_seqs: 7, enable_prefix_caching: true, profile: vllm-0.19, num_gpu_blocks: 50',
    );
    expect(pool.configuration).toMatchObject({ max_num_seqs: 7, profile: 'vllm-0.19', num_gpu_blocks: 50 });
    expect([pool.prefixCaching, pool.configuration.kv_log]).toEqual([true, undefined]);
  });

  it('says what is drafted, the spec how much of it is accepted', () => {
    const pool = poolOf('log: drafts.log, speculative_config: {acceptance: 0.5}');
    expect(pool.configuration).toMatchObject({
      ...{ num_speculative_tokens: 2, speculative_config: { method: 'ngram', acceptance: [0.5, 0.25] } },
    });
    expect(issuesIn(() => open('log: drafts.log'))).toMatch(/speculative_config\.acceptance/);
  });

  it('of an old engine that only counts blocks is of its profile', () => {
    const pool = poolOf('log: old.log', 'hardware: h100-sxm-80gb', 'model: llama-3.1-8b\n');
    expect(pool.configuration).toMatchObject({ profile: 'vllm-0.6', num_gpu_blocks: 9000 });
  });

  it.each([
    [
      'of another engine',
      'log: v1.log, profile: sglang-0.5.9',
      undefined,
      /engine\.profile: .*a profile of the engine of v1\.log/,
    ],
    [
      'of another split',
      'log: v1.log',
      'hardware: l4, tensor_parallel_size: 4',
      /deployment\.tensor_parallel_size: expected 2, as v1\.log says, received 4/,
    ],
    [
      'of another format',
      'log: v1.log, kv_cache_dtype: bf16',
      undefined,
      /engine\.kv_cache_dtype: expected "fp8", as v1\.log/,
    ],
    [
      'beside devices to choose from',
      'log: v1.log',
      'hardware: [l4, mi300x]',
      /one hardware: a start-up log is that of one/,
    ],
    [
      'with values that are none',
      'log: wrong.log',
      undefined,
      /engine\.log: expected max_num_seqs: a whole number .*"many"/,
    ],
    ['that is none', 'log: none.log', undefined, /engine\.log: expected a start-up log of vLLM/],
    ['that is not there', 'log: gone.log', undefined, /engine\.log: .*no such file/],
  ])('refuses a log %s', (_, engine, deployment, expected) => {
    expect(issuesIn(() => open(engine, deployment))).toMatch(expected);
  });

  it('beside limits to choose from is read with each of them', () => {
    const question = open('log: v1.log, max_num_seqs: [7, 9]');
    const seqs = [0, 1].map((row) => (question.at(row).spec.pools[0] as LlmPool).configuration);
    expect(seqs.map((one) => [one.max_num_seqs, one.max_num_batched_tokens])).toEqual([
      [7, 4096],
      [9, 4096],
    ]);
  });
});
