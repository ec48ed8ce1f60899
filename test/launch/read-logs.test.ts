// Start-up logs as commands: a line of arguments of every era, what the engine made of them, and values as Python prints them.
import { describe, expect, it } from 'vitest';
import { readPythonFields } from '../../src/spec/launch/python-values.ts';
import { lostOf, readOne } from './world.ts';

describe('values of Python', () => {
  it('are read: literals, containers, objects as they print themselves', () => {
    const text = `{'a': 1, 'b': -2.5e-3, 'c': 'it\\'s, {x}', "d": [1, 'two', (3,)], 'e': {'f': None, 'g': True}, 'h': KVTransferConfig(kv_role='kv_both', n=[1]), 'i': <Enum.X: 3>, 'j': torch.bfloat16} tail`;
    expect(readPythonFields(text, 0)).toEqual({
      ...{ a: 1, b: -0.0025, c: "it's, {x}", d: [1, 'two', [3]], e: { f: null, g: true } },
      ...{ h: "KVTransferConfig(kv_role='kv_both', n=[1])", i: '<Enum.X: 3>', j: 'torch.bfloat16' },
    });
    expect(readPythonFields('x=Namespace(a=None, b=[], c=0.9)', 2)).toEqual({ a: null, b: [], c: 0.9 });
  });

  it.each(["{'a': 1", "{'a': 'x}", 'Namespace(a=1', 'Namespace(1, 2)', '{a'])('that break off are none: %s', (text) => {
    expect(readPythonFields(text, 0)).toBeNull();
  });
});

const V1 = `INFO 10-04 12:00:01 [api_server.py:1839] vLLM API server version 0.11.0
INFO 10-04 12:00:01 [utils.py:233] non-default args: {'model_tag': 'moe/m', 'host': '0.0.0.0', 'model': 'moe/m', 'tensor_parallel_size': 2, 'max_num_seqs': 128, 'enable_expert_parallel': True, 'speculative_config': {'method': 'mtp', 'num_speculative_tokens': 2}, 'enforce_eager': True, 'brand_new': 3}
INFO [core.py:77] Initializing a V1 LLM engine (v0.11.0) with config: model='moe/m', speculative_config=SpeculativeConfig(method='mtp'), tokenizer='moe/m', dtype=torch.bfloat16, max_seq_len=32768, download_dir=None, tensor_parallel_size=2, pipeline_parallel_size=1, data_parallel_size=1, quantization=None, enforce_eager=True, kv_cache_dtype=fp8, device_config=cuda, enable_prefix_caching=True, chunked_prefill_enabled=True, pooler_config=None
INFO [scheduler.py:205] Chunked prefill is enabled with max_num_batched_tokens=4096.`;

describe('a start-up log', () => {
  it('of vLLM V1 has what was given, and what became of the rest', () => {
    const read = readOne(V1);
    expect(read).toMatchObject({
      engine: 'vllm',
      version: [0, 11, 0],
      profile: 'vllm-0.11',
      model: 'moe/m',
      faults: [],
    });
    expect(read.keys).toEqual({
      ...{ tensor_parallel_size: 2, pipeline_parallel_size: 1, expert_parallel_size: 2, kv_cache_dtype: 'fp8' },
      ...{ batching: 'chunked', max_num_seqs: 128, max_num_batched_tokens: 4096, max_model_len: 32768 },
      ...{ enable_prefix_caching: true, speculative_config: { method: 'mtp', num_speculative_tokens: 2 } },
    });
    expect(lostOf(read)).toEqual(['enforce_eager', 'brand_new']);
  });

  it('of vLLM 0.6 prints every argument, and those that nobody set say nothing', () => {
    const log = `INFO 01-02 api_server.py:652] vLLM API server version 0.6.6
INFO 01-02 api_server.py:653] args: Namespace(host=None, port=8000, model='a/b', tokenizer=None, max_model_len=8192, block_size=16, enable_prefix_caching=None, swap_space=4, cpu_offload_gb=0, gpu_memory_utilization=0.9, max_num_batched_tokens=None, max_num_seqs=256, quantization=None, num_scheduler_steps=8, kv_cache_dtype='auto', tensor_parallel_size=4, enforce_eager=False, max_seq_len_to_capture=8192, enable_chunked_prefill=None, speculative_model=None, scheduler_delay_factor=0.0, scheduling_policy='fcfs', preemption_mode=None, dispatch_function=<function serve at 0x7f>)
INFO 01-02 llm_engine.py:234] Initializing an LLM engine (v0.6.6) with config: model='a/b', dtype=torch.float16, max_seq_len=8192, tensor_parallel_size=4, kv_cache_dtype=auto, num_scheduler_steps=8, enable_prefix_caching=False, chunked_prefill_enabled=False`;
    const read = readOne(log);
    expect(read).toMatchObject({ version: [0, 6, 6], profile: 'vllm-0.6', faults: [] });
    expect(read.keys).toEqual({
      ...{ tensor_parallel_size: 4, quantization: 'fp16', batching: 'continuous', max_num_seqs: 256, block_size: 16 },
      ...{ max_model_len: 8192, gpu_memory_utilization: 0.9, enable_prefix_caching: false, num_scheduler_steps: 8 },
    });
    expect(lostOf(read)).toEqual(['dispatch_function']);
  });

  it('with several starts is the last', () => {
    const again = V1.replaceAll("'max_num_seqs': 128", "'max_num_seqs': 64").replaceAll('0.11.0', '0.13.0');
    expect(readOne(`${V1}\n${again}`)).toMatchObject({ version: [0, 13, 0], keys: { max_num_seqs: 64 } });
  });

  const SGLANG = `[2025-11-01 10:00:00] server_args=ServerArgs(model_path='moe/m', dtype='auto', quantization=None, kv_cache_dtype='fp8_e5m2', context_length=None, mem_fraction_static=0.82, max_running_requests=256, max_total_tokens=None, chunked_prefill_size=2048, max_prefill_tokens=16384, schedule_policy='lpm', schedule_conservativeness=0.3, page_size=64, tp_size=8, pp_size=1, dp_size=4, enable_dp_attention=True, stream_interval=1, ep_size=8, moe_a2a_backend='none', speculative_algorithm='EAGLE', speculative_draft_model_path=None, speculative_num_steps=3, speculative_eagle_topk=1, speculative_num_draft_tokens=4, disable_radix_cache=False, cuda_graph_bs=[1, 2], enable_lora=None, disaggregation_mode='null')`;

  it('of SGLang has chunks that are shared out already, and limits that are not', () => {
    const read = readOne(SGLANG);
    expect(read).toMatchObject({ engine: 'sglang', profile: 'sglang-0.5.10', model: 'moe/m', faults: [] });
    expect(read.keys).toEqual({
      ...{ tensor_parallel_size: 2, pipeline_parallel_size: 1, data_parallel_size: 4, expert_parallel_size: 8 },
      ...{ kv_cache_dtype: 'fp8', max_num_seqs: 64, max_num_batched_tokens: 2048, gpu_memory_utilization: 0.82 },
      ...{ block_size: 64, speculative_config: { method: 'mtp', num_speculative_tokens: 3 } },
    });
    expect(lostOf(read)).toEqual(['schedule_policy', 'cuda_graph_bs']);
  });

  it('of SGLang says at the end what it came to', () => {
    const limits =
      'max_total_num_tokens=433264, chunked_prefill_size=2048, max_prefill_tokens=16384, max_running_requests=48, context_len=40960, available_gpu_mem=9.5 GB';
    expect(readOne(`${SGLANG}\n[TP0] ${limits}`).keys).toMatchObject({ max_num_seqs: 48, max_model_len: 40960 });
  });

  it('of TensorRT-LLM has its limits and its blocks', () => {
    const log = `[TensorRT-LLM] TensorRT LLM version: 1.0.0
[TRT-LLM] [I] max_seq_len=8192, max_num_requests=512, max_num_tokens=4096, max_batch_size=512
[TensorRT-LLM][INFO] Number of tokens per block: 32.`;
    expect(readOne(log)).toMatchObject({
      ...{ engine: 'trtllm', version: [1, 0, 0], model: null },
      keys: { max_model_len: 8192, max_num_batched_tokens: 4096, max_num_seqs: 512, block_size: 32 },
    });
  });
});
