// Which engines do cascade attention: the profile's word or the spec's, where its backend, the model, the split and the prices allow it.
import { describe, expect, it } from 'vitest';
import { runFleet } from '../../src/run/fleet.ts';
import { lower, readText } from './world.ts';

const text = (changes: Readonly<Record<string, unknown>>, tokens = 2000) => {
  const pool = { kind: 'llm', model: 'llama-3.1-70b', hardware: 'h100-sxm-80gb', tensor_parallel_size: 4 };
  const fleet = JSON.stringify({ m: { ...pool, profile: 'vllm-0.11', ...changes } });
  const lengths = '{input_len: 100, output_len: 60}';
  return `
fleet: ${fleet}
pipelines: {a: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: ${lengths}, shared_prefix: {tokens: ${tokens}}, hash_block: 16, request_rate: 12, num_requests: 200}
`;
};

const cascadeOf = (changes: Readonly<Record<string, unknown>>) =>
  lower(readText(text(changes))).program.clients[0]!.cascade;

describe('cascade attention', () => {
  it('weighs the heads of one device on its multiprocessors', () => {
    expect(cascadeOf({})).toEqual({ queryHeads: 16, kvHeads: 2, multiprocessors: 132, tokens: 256, sequences: 8 });
    expect(cascadeOf({ hardware: 'a100-sxm-80gb', tensor_parallel_size: 8 })).toMatchObject({
      ...{ queryHeads: 8, kvHeads: 1, multiprocessors: 108 },
    });
  });

  it("is the profile's, unless the spec says so", () => {
    for (const profile of ['vllm-0.6', 'vllm-0.18', 'vllm-0.19', 'sglang-0.5.9', 'trtllm-1.0', 'generic']) {
      expect(cascadeOf({ profile })).toBeUndefined();
    }
    expect(cascadeOf({ profile: 'vllm-0.19', disable_cascade_attn: false })).toBeDefined();
    expect(cascadeOf({ disable_cascade_attn: true })).toBeUndefined();
  });

  it('is not where FlashAttention is not, nor for models, splits and drafts that it is not for', () => {
    const other = [
      ...['b200-sxm-180gb', 'mi300x'].map((hardware) => ({ hardware })),
      { kv_cache_dtype: 'fp8', hardware: 'a100-sxm-80gb' },
      { model: 'gemma-3-27b' },
      { model: 'deepseek-v3', hardware: 'h200-sxm-141gb', tensor_parallel_size: 8 },
      { tensor_parallel_size: 2, pipeline_parallel_size: 2 },
      { model: 'qwen3-30b-a3b', tensor_parallel_size: 1, data_parallel_size: 2 },
      { speculative_config: { method: 'ngram', num_speculative_tokens: 2, acceptance: 0.5 } },
      { step_time: { fixed_s: 0.01 }, num_gpu_blocks: 20_000 },
    ];
    for (const changes of other) expect(cascadeOf(changes), JSON.stringify(changes)).toBeUndefined();
    expect(cascadeOf({ kv_cache_dtype: 'fp8' })).toBeDefined();
  });

  it('makes decodes behind one text faster, and changes no bit where prompts have none or too little in common', () => {
    const run = (changes: Readonly<Record<string, unknown>>, tokens?: number) =>
      runFleet(lower(readText(text(changes, tokens))).program, { leap: 'exact' });
    const end = (fleet: ReturnType<typeof run>) => Math.max(...fleet.results.finish);
    const off = { disable_cascade_attn: true };
    expect(end(run({}))).toBeLessThan(end(run(off)));
    for (const [changes, tokens] of [[{}, 240] as const, [{ enable_prefix_caching: false }, 2000] as const]) {
      expect(run(changes, tokens).results).toEqual(run({ ...changes, ...off }, tokens).results);
    }
  });
});
