// Launch commands: every limit of the configuration arrives at the engine, and what cannot is said.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildLaunch as build, type Labels } from '../../src/report/launch.ts';
import type { RoutingSpec } from '../../src/spec/fleet/types.ts';
import type { Deployed } from '../../src/spec/launch/settle.ts';
import type { Configuration } from '../../src/spec/types.ts';
import { CONFIGURATION } from './fixture.ts';

const buildLaunch = (configuration: Configuration, labels?: Labels, pool: Partial<Deployed> = {}) =>
  build({ configuration, prefixCaching: null, packing: 'fcfs', role: 'both', ...pool }, labels);

const oneLine = (command: string | null) => command?.replaceAll(' \\\n ', '');

test('vllm', () => {
  const { command, notes } = buildLaunch({
    ...CONFIGURATION,
    replicas: 3,
    num_gpu_blocks: 9000,
    kv_cache_dtype: 'fp8',
  });
  expect(oneLine(command)).toBe(
    'vllm serve llama-3.3-70b --tensor-parallel-size 2 --max-num-seqs 256 --max-num-batched-tokens 8192 ' +
      '--max-model-len 16384 --enable-chunked-prefill --gpu-memory-utilization 0.9 --block-size 16 ' +
      '--num-gpu-blocks-override 9000 --kv-cache-dtype fp8 --quantization fp8',
  );
  expect(notes).toEqual(['start 3 of these behind a balancer (least-loaded)']);
});

test("the balancer is the pool's own, whatever a configuration can name", () => {
  const base = { metric: 'requests', threshold: null, light: null, terms: [], refresh: 0 } as const;
  const told = (routing: Partial<RoutingSpec>) =>
    buildLaunch({ ...CONFIGURATION, replicas: 3 }, undefined, {
      routing: { ...base, policy: 'load', ...routing },
    }).notes[0];
  expect(told({})).toContain('(least-loaded)');
  expect(told({ policy: 'prefix-affinity' })).toContain('(prefix-affinity)');
  const terms = [
    { term: 'queue', weight: 2, norm: 'range' },
    { term: 'prefix', weight: -3, norm: 'raw' },
  ] as const;
  expect(told({ policy: 'scored', terms, refresh: 0.2 })).toContain(
    '(scored by 2 queue (range) + -3 prefix, read every 200 ms)',
  );
});

test('vllm with experts, data parallel attention and a format that needs its own checkpoint', () => {
  const configuration = {
    ...CONFIGURATION,
    data_parallel_size: 4,
    expert_parallel_size: 4,
    quantization: 'nvfp4' as const,
  };
  const { command, notes } = buildLaunch(configuration);
  expect(oneLine(command)).toContain('--data-parallel-size 4 --enable-expert-parallel');
  expect(command).not.toContain('--quantization');
  expect(notes.join()).toMatch(/over all 8 devices, not over 4.*weights are nvfp4/);
});

test('sglang counts data parallel devices as tensor parallel', () => {
  const { command } = buildLaunch({ ...CONFIGURATION, profile: 'sglang-0.5', data_parallel_size: 4 });
  expect(oneLine(command)).toMatch(
    /^python -m sglang.launch_server --model-path \S+ --tp-size 8 --dp-size 4 --enable-dp-attention/,
  );
  // limits of the whole server, which it shares out among the groups
  expect(oneLine(command)).toContain('--max-running-requests 1024 --chunked-prefill-size 32768');
  expect(command).toContain('--enable-mixed-chunk');
});

test('trtllm keeps what has no flag in an options file', () => {
  const { command, notes } = buildLaunch({
    ...CONFIGURATION,
    profile: 'trtllm-1.0',
    kv_cache_dtype: 'fp8',
    max_model_len: 0,
  });
  const [, file, start] = command!.split(/'?YAML'?\n/);
  expect(parse(file!)).toEqual({
    enable_chunked_prefill: true,
    scheduler_config: { capacity_scheduler_policy: 'MAX_UTILIZATION' },
    kv_cache_config: { tokens_per_block: 16, dtype: 'fp8' },
  });
  expect(oneLine(start!)).toMatch(
    /^trtllm-serve \S+ --tp_size 2 --max_batch_size 256 --max_num_tokens 8192 --kv_cache_free\S+ 0.9 --extra_llm_api_options options.yaml$/,
  );
  expect(notes.join()).toContain('weights are fp8');
});

test('a watermark has no flag anywhere, and that is said', () => {
  for (const profile of ['vllm-0.6', 'sglang-0.5', 'trtllm-1.0']) {
    const { command, notes } = buildLaunch({ ...CONFIGURATION, profile, watermark: 0.02 });
    expect(command).not.toContain('watermark');
    expect(notes.join()).toContain('no flag for a watermark of 0.02');
    expect(buildLaunch({ ...CONFIGURATION, profile }).notes.join()).not.toContain('watermark');
  }
});

test('swapping is a flag of vLLM before V1, and a note elsewhere', () => {
  const swap = { ...CONFIGURATION, preemption_mode: 'swap' as const, swap_space: 6 * 2 ** 30 };
  const early = buildLaunch({ ...swap, profile: 'vllm-0.6' });
  expect(oneLine(early.command)).toContain('--swap-space 6');
  const counted = buildLaunch({ ...swap, profile: 'vllm-0.4', num_cpu_blocks: 90 });
  expect(counted.command).not.toContain('--swap-space');
  expect(counted.notes.join()).toContain('--swap-space so that it holds 90 blocks');
  for (const profile of ['vllm-0.11', 'vllm-2023', 'sglang-0.5', 'trtllm-1.0']) {
    const { command, notes } = buildLaunch({ ...swap, profile });
    expect(command).not.toContain('--preemption-mode');
    expect(notes.join()).toContain('no flag for preemption by swapping');
  }
});

test('rounds of decodes are a flag of vLLM 0.6 and 0.7', () => {
  const rounds = { ...CONFIGURATION, batching: 'continuous' as const, num_scheduler_steps: 8 };
  expect(oneLine(buildLaunch({ ...rounds, profile: 'vllm-0.6' }).command)).toContain('--num-scheduler-steps 8');
  for (const profile of ['vllm-0.4', 'vllm-0.11', 'sglang-0.5', 'trtllm-1.0']) {
    const { command, notes } = buildLaunch({ ...rounds, profile });
    expect(command).not.toContain('scheduler-steps');
    expect(notes.join()).toContain('no flag for 8 decode iterations');
  }
});

test('what caches prefixes is said where it was chosen, and only there', () => {
  const vllm = (prefixCaching: boolean | null, profile = 'vllm-0.11') =>
    buildLaunch({ ...CONFIGURATION, profile }, undefined, { prefixCaching }).command;
  expect(vllm(true)).toContain(' --enable-prefix-caching');
  expect(vllm(false)).toContain(' --no-enable-prefix-caching');
  expect(vllm(null)).not.toContain('prefix-caching');
  expect(vllm(true, 'vllm-0.6')).toContain(' --enable-prefix-caching');
  expect(vllm(false, 'vllm-0.6')).not.toContain('prefix-caching'); // it has no such word, and does not
  expect(vllm(false, 'sglang-0.5')).toContain(' --disable-radix-cache');
  expect(vllm(true, 'sglang-0.5')).not.toContain('radix');
  expect(vllm(false, 'trtllm-1.0')).toContain('enable_block_reuse: false');
});

test('TensorRT-LLM of before there was a server is built, and the rest is for Triton', () => {
  const { command, notes } = buildLaunch({ ...CONFIGURATION, profile: 'trtllm-0.9', quantization: 'fp16' });
  expect(oneLine(command)).toMatch(/^trtllm-build --checkpoint_dir \S+ --max_batch_size 256 --max_num_tokens 8192/);
  expect(notes.join()).toMatch(/convert the checkpoint with --tp_size 2.*kv_cache_free_gpu_mem_fraction 0.9/);
});

test('no command where there is no engine', () => {
  expect(buildLaunch({ ...CONFIGURATION, profile: 'orca' }).command).toBeNull();
  const price = { fixed_s: 1, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0, per_context_token_s: 0 };
  expect(buildLaunch({ ...CONFIGURATION, step_time: price }).notes).toHaveLength(1);
  expect(buildLaunch({ ...CONFIGURATION, batching: 'static' }).notes.join()).toContain('no flag for static');
});

test('a model that would break the shell line is quoted; a path is served from its folder', () => {
  expect(buildLaunch({ ...CONFIGURATION, model: "/m/it's; rm/config.json" }).command).toContain(
    "serve '/m/it'\\''s; rm' ",
  );
  expect(buildLaunch(CONFIGURATION, { 'llama-3.3-70b': 'meta-llama/Llama-3.3-70B' }).command).toContain(
    'serve meta-llama/Llama-3.3-70B ',
  );
  expect(buildLaunch(CONFIGURATION, { 'llama-3.3-70b': 'Llama 3.3 70B' }).command).toContain('serve llama-3.3-70b ');
});

test('speculative decoding, as each engine spells it', () => {
  const speculative_config = {
    method: 'eagle3' as const,
    model: 'yuhuili/EAGLE3-LLaMA3.1-Instruct-8B',
    quantization: 'auto' as const,
    draft_tensor_parallel_size: 0,
    acceptance: [0.7, 0.5],
  };
  const drafting = { ...CONFIGURATION, num_speculative_tokens: 2, speculative_config };
  expect(oneLine(buildLaunch(drafting).command)).toContain(
    `--speculative-config '{"method":"eagle3","num_speculative_tokens":2,"model":"yuhuili/EAGLE3-LLaMA3.1-Instruct-8B"}'`,
  );
  expect(oneLine(buildLaunch({ ...drafting, profile: 'sglang-0.5' }).command)).toContain(
    '--speculative-algorithm EAGLE3 --speculative-draft-model-path yuhuili/EAGLE3-LLaMA3.1-Instruct-8B ' +
      '--speculative-num-steps 2 --speculative-eagle-topk 1 --speculative-num-draft-tokens 3',
  );
  expect(buildLaunch({ ...drafting, profile: 'trtllm-1.0' }).command).toContain(
    'speculative_config:\n  decoding_type: Eagle3\n  max_draft_len: 2\n',
  );
  const unnamed = buildLaunch({ ...drafting, speculative_config: { ...speculative_config, model: '' } });
  expect(unnamed.notes.join()).toContain('name the eagle3 head');
  expect(buildLaunch({ ...drafting, num_speculative_tokens: 0 }).command).not.toContain('speculative');
  // of the time when drafts were flags of their own: none without a model to draft with
  const old = (more: object) =>
    oneLine(
      buildLaunch({ ...drafting, profile: 'vllm-0.6', speculative_config: { ...speculative_config, ...more } }).command,
    );
  expect(old({ method: 'draft_model', model: 'a/drafter' })).toContain(
    '--speculative-model a/drafter --num-speculative-tokens 2',
  );
  expect(old({ method: 'ngram', model: '' })).toMatch(/--speculative-model '?\[ngram\]'? --num-speculative-tokens 2/);
  expect(old({ model: '' })).not.toContain('speculative');
});
