// Commands of every engine and era as people paste them: what they come to in a spec, and what of them is named as left out.
import { describe, expect, it } from 'vitest';
import { ENGINES, flagIndex } from '../../src/spec/launch/engines.ts';
import { plainName } from '../../src/spec/launch/flag.ts';
import { lostOf, readOne } from './world.ts';

describe('vllm', () => {
  it('is read in its short forms, with = and without, with dots and underscores', () => {
    const read = readOne(
      `VLLM_USE_DEEP_GEMM=1 vllm serve moe/m -tp 2 -dp=4 -pp 2 --enable_expert_parallel --max-num-seqs=128 \\
        --max_num_batched_tokens 4k --max-model-len 32K --gpu-memory-utilization 0.85 --block-size 32 -q fp8 \\
        --kv-cache-dtype fp8_e5m2 --no-enable-prefix-caching --num-gpu-blocks-override 100 \\
        --speculative-config.method mtp --speculative-config.num_speculative_tokens=3 --port 8000 --trust-remote-code`,
    );
    expect(read.faults).toEqual([]);
    expect(read).toMatchObject({ engine: 'vllm', version: null, profile: 'vllm-0.21', model: 'moe/m' });
    expect(read.keys).toEqual({
      ...{ tensor_parallel_size: 2, pipeline_parallel_size: 2, data_parallel_size: 4, expert_parallel_size: 8 },
      ...{ max_num_seqs: 128, max_num_batched_tokens: 4000, max_model_len: 32768, gpu_memory_utilization: 0.85 },
      ...{ block_size: 32, quantization: 'fp8', kv_cache_dtype: 'fp8', enable_prefix_caching: false },
      num_gpu_blocks: 100, // of each rank
      speculative_config: { method: 'mtp', num_speculative_tokens: 3 },
    });
    expect(read.silent).toEqual(['--port', '--trust-remote-code']);
    expect(lostOf(read)).toEqual(['VLLM_USE_DEEP_GEMM=1']);
  });

  it('is in an image, whose tag is its version, or called by its module', () => {
    const docker =
      'docker run --runtime nvidia --gpus all -v ~/.cache:/root/.cache --env "HF_TOKEN=x" -p 8000:8000 --ipc=host';
    const image = readOne(`${docker} vllm/vllm-openai:v0.9.1 --model a/b --max-num-seqs 7 --swap-space 16`);
    expect(image).toMatchObject({ version: [0, 9, 1], profile: 'vllm-0.11', model: 'a/b', keys: { max_num_seqs: 7 } });
    const shell = readOne(`${docker} rocm/vllm:latest bash -c "A=b vllm serve a/b --max-num-seqs 7"`);
    expect(shell).toMatchObject({ version: null, model: 'a/b', keys: { max_num_seqs: 7 } });
    const module = readOne(
      'nohup python3 -m vllm.entrypoints.openai.api_server --model a/b --max-num-seqs 7 > log 2>&1 &',
    );
    expect(module).toMatchObject({ model: 'a/b', keys: { max_num_seqs: 7 } });
  });

  it('of a flag that versions lost is of the newest version that had it', () => {
    const read = readOne('vllm serve a/b --num-scheduler-steps 8 --preemption-mode swap --swap-space 6');
    expect(read).toMatchObject({
      profile: 'vllm-0.6',
      keys: { num_scheduler_steps: 8, preemption_mode: 'swap', swap_space: 6 * 2 ** 30 },
    });
    // often left in a command of V1, which does nothing with it
    const inert = readOne('vllm serve a/b --swap-space 16');
    expect(inert).toMatchObject({ profile: 'vllm-0.21', keys: {}, silent: ['--swap-space'] });
    const old = readOne(
      'vllm serve a/b --speculative-model [ngram] --num-speculative-tokens 4 --enable-chunked-prefill False',
    );
    expect(old).toMatchObject({
      profile: 'vllm-0.6',
      keys: { batching: 'continuous', speculative_config: { method: 'ngram', num_speculative_tokens: 4 } },
    });
    // on by itself up to 0.16, which the profile of 0.18 stands for, too
    const cascading = (version: string, flag = '') =>
      readOne(`docker run vllm/vllm-openai:${version} --model a/b ${flag}`).keys.disable_cascade_attn;
    expect(['v0.11.0', 'v0.16.1', 'v0.17.0', 'v0.20.0'].map((v) => cascading(v))).toEqual([
      undefined,
      false,
      undefined,
      undefined,
    ]);
    expect(cascading('v0.16.1', '--disable-cascade-attn')).toBe(true);
    expect(cascading('v0.20.0', '--no-disable-cascade-attn')).toBe(false);
    const late = readOne('docker run vllm/vllm-openai:v0.11.0 --model a/b --watermark 0.01');
    expect(late.keys).toEqual({});
    expect(late.lost).toEqual([{ flag: '--watermark', why: 'a flag of vLLM from 0.23 on' }]);
    expect(readOne('docker run vllm/vllm-openai:v0.24.0 --model a/b --watermark 0.01').keys).toEqual({
      watermark: 0.01,
    });
  });

  it('without chunks keeps prompts whole: apart from decodes in V0, beside them in V1', () => {
    const command = 'vllm serve a/b --no-enable-chunked-prefill';
    expect(readOne(command, {}, 'vllm-0.6').keys).toEqual({ batching: 'continuous' });
    expect(readOne(command, {}, 'vllm-0.11').keys).toEqual({ batching: 'mixed' });
    expect(readOne('vllm serve a/b --enable-chunked-prefill').keys).toEqual({ batching: 'chunked' });
  });

  it('copies a model without experts, and has groups of one with', () => {
    expect(readOne('vllm serve a/b -dp 4 -tp 2 --enable-expert-parallel').keys).toEqual({
      ...{ tensor_parallel_size: 2, count: 4, routing: 'least-loaded' },
    });
    expect(readOne('vllm serve moe/b -dp 4').keys).toEqual({ data_parallel_size: 4 });
  });

  it('leaves a checkpoint the format it has', () => {
    expect(readOne('vllm serve deepseek/r1 --quantization fp8 --dtype bfloat16').keys).toEqual({});
    expect(readOne('vllm serve a/b --dtype half').keys).toEqual({ quantization: 'fp16' });
    expect(readOne('vllm serve a/b --dtype bfloat16').keys).toEqual({}); // what it is
    expect(readOne('vllm serve a/b -q compressed-tensors').keys).toEqual({});
  });

  it('takes flags from a file, its own first', () => {
    const files = { 'c.yaml': 'model: a/b\nmax-num-seqs: 9\nblock-size: 32\n' };
    expect(readOne('vllm serve --config c.yaml --max-num-seqs 7', files)).toMatchObject({
      model: 'a/b',
      keys: { max_num_seqs: 7, block_size: 32 },
    });
    expect(readOne('vllm serve a/b --config gone.yaml').faults[0]).toMatchObject({
      path: '--config',
      received: /gone/,
    });
  });

  it('has a role where its connector says so', () => {
    const role = (kind: string) =>
      readOne(`vllm serve a/b --kv-transfer-config '{"kv_connector":"NixlConnector","kv_role":"${kind}"}'`);
    expect(role('kv_producer').keys).toEqual({ role: 'prefill' });
    expect(role('kv_consumer').keys).toEqual({ role: 'decode' });
    expect(lostOf(role('kv_both'))).toEqual(['--kv-transfer-config']);
  });

  it('tells every mistake at once', () => {
    const { faults } = readOne(
      `vllm serve a/b c/d --max-num-sequences 3 --block-size big --kv-cache-dtype fp9 --gpu-memory-utilization 1.5 --max-num-seqs --speculative-config '{"method":"medusa"}'`,
    );
    expect(faults.map(({ path, received }) => `${path}: ${received}`)).toEqual([
      '--max-num-sequences: one that it does not have',
      '--max-num-seqs: nothing',
      '--block-size: "big"',
      '--kv-cache-dtype: "fp9"',
      '--gpu-memory-utilization: "1.5"',
      'c/d: a word that belongs to nothing',
      '--speculative-config.method: medusa',
      '--speculative-config.num_speculative_tokens: nothing',
    ]);
    expect(faults[0]!.hint).toContain('--max-num-seqs');
  });
});

describe('sglang', () => {
  it('counts limits of the server and devices of all groups', () => {
    const read = readOne(
      `python -m sglang.launch_server --model-path moe/m --tp 16 --dp 8 --enable-dp-attention --ep-size 16 --page-size 64
        `.trim() +
        ' --max-running-requests 1024 --chunked-prefill-size 32768 --max-total-tokens 6400 --mem-fraction-static 0.8 --disable-radix-cache',
    );
    expect(read.keys).toEqual({
      ...{ tensor_parallel_size: 2, data_parallel_size: 8, expert_parallel_size: 16, max_num_seqs: 128 },
      ...{ max_num_batched_tokens: 4096, gpu_memory_utilization: 0.8, block_size: 64, num_gpu_blocks: 100 },
      enable_prefix_caching: false,
    });
  });

  it('has copies where attention alone is not repeated', () => {
    expect(readOne('sglang serve --model-path a/b --tp-size 2 --dp-size 4 --enable-mixed-chunk').keys).toEqual({
      ...{ tensor_parallel_size: 2, count: 4, routing: 'round-robin', batching: 'chunked' },
    });
    const odd = readOne('sglang serve --model-path moe/b --tp-size 3 --dp-size 2 --enable-dp-attention');
    expect(odd.faults[0]).toMatchObject({ path: '--tp-size', received: '3' });
  });

  it('without chunks takes as many tokens of prompts as a step may', () => {
    const start = 'sglang serve --model-path a/b --chunked-prefill-size';
    expect(readOne(`${start} -1`).keys).toEqual({ max_num_batched_tokens: 16384 });
    expect(readOne(`${start} -1 --max-prefill-tokens 5000`).keys).toEqual({ max_num_batched_tokens: 5000 });
    expect(readOne(`${start} 8192 --max-prefill-tokens 5000`).keys).toEqual({ max_num_batched_tokens: 5000 });
  });

  it('drafts one token less than it counts', () => {
    const start = 'sglang serve --model-path a/b --speculative-algorithm';
    const drafts = (rest: string) => readOne(`${start} ${rest}`).keys.speculative_config;
    expect(drafts('NGRAM --speculative-num-draft-tokens 5')).toEqual({ method: 'ngram', num_speculative_tokens: 4 });
    expect(drafts('EAGLE --speculative-num-steps 3 --speculative-eagle-topk 1')).toEqual({
      method: 'mtp',
      num_speculative_tokens: 3,
    });
    expect(drafts('EAGLE3 --speculative-draft-model-path h/e --speculative-num-steps 3')).toEqual({
      ...{ method: 'eagle3', num_speculative_tokens: 3, model: 'h/e' },
    });
    expect(readOne(`${start} EAGLE3`).faults[0]).toMatchObject({ path: '--speculative-num-steps' });
    const tree = readOne(`${start} EAGLE --speculative-num-steps 3 --speculative-eagle-topk 4`);
    expect(lostOf(tree)).toEqual(['--speculative-eagle-topk']);
  });
});

describe('trtllm', () => {
  const OPTIONS = `enable_attention_dp: true
kv_cache_config: {dtype: fp8, enable_block_reuse: false, tokens_per_block: 64, max_tokens: 6400}
scheduler_config: {capacity_scheduler_policy: MAX_UTILIZATION}
speculative_config: {decoding_type: MTP, num_nextn_predict_layers: 3}
batch_wait_timeout_iters: 20
batch_wait_max_tokens_ratio: 0.5
cuda_graph_config: null
print_iter_log: true
`;
  const WAIT = { batch_wait: { iters: 20, max_tokens_ratio: 0.5 } };
  const KEYS = {
    ...{ kv_cache_dtype: 'fp8', admission: 'prompt', block_size: 64, enable_prefix_caching: false },
    speculative_config: { method: 'mtp', num_speculative_tokens: 3 },
  };

  it('has its options in a file, which decides', () => {
    const command = 'trtllm-serve moe/m --tp_size 8 --ep_size 8 --max_batch_size 64 --extra_llm_api_options';
    const read = readOne(`${command} o.yaml`, { 'o.yaml': `${OPTIONS}max_batch_size: 32\n` });
    expect(read.faults).toEqual([]);
    expect(read.keys).toEqual({
      ...{ tensor_parallel_size: 1, data_parallel_size: 8, expert_parallel_size: 8, max_num_seqs: 32 },
      ...{ num_gpu_blocks: 100, ...KEYS },
    });
    expect(lostOf(read).sort()).toEqual(['batch_wait_timeout_iters', 'cuda_graph_config']);
    const even = `${OPTIONS}attention_dp_config: {enable_balance: true, timeout_iters: 60, batching_wait_iters: 0}\n`;
    expect(readOne(`${command} o.yaml`, { 'o.yaml': even }).keys.attention_dp_config).toEqual({
      ...{ timeout_iters: 60, batching_wait_iters: 0 },
    });
    const wrong = readOne(`${command} o.yaml`, { 'o.yaml': 'kv_cache_config: {dtpye: fp8}' });
    expect(wrong.faults).toMatchObject([{ path: 'o.yaml: kv_cache_config.dtpye', hint: /kv_cache_config\.dtype/ }]);
  });

  it('is a file of options alone, or a script that writes one', () => {
    expect(readOne(OPTIONS)).toMatchObject({ engine: 'trtllm', model: null, keys: { ...KEYS, ...WAIT } });
    const script = `cat > o.yaml <<EOF\n${OPTIONS}EOF\nmpirun -n 8 trtllm-llmapi-launch trtllm-serve serve moe/m --config o.yaml`;
    expect(readOne(script)).toMatchObject({ model: 'moe/m', keys: KEYS });
  });
});

describe('a table of flags', () => {
  it.each(Object.entries(ENGINES))('of %s has every spelling once', (engine, { flags }) => {
    const names = flags.flatMap((row) => [...new Set(row.names.map(plainName))]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
    expect(flagIndex(engine as keyof typeof ENGINES).size).toBe(names.length);
  });
});
