// Start-up logs of engines: every wording they have had, several workers, restarts, and texts that are no such log.
import { describe, expect, it } from 'vitest';
import { type EngineLog, isNoLog, parseEngineLog } from '../../src/spec/engine-log.ts';
import { readSpec } from '../../src/spec/fleet/read.ts';
import { baseOf, issuesOf, KNOWN } from './world.ts';

const GIB = 2 ** 30;

function parse(...lines: string[]): EngineLog {
  const log = parseEngineLog(lines.join('\n'), 'engine.log');
  if (isNoLog(log)) throw new Error(`${log.expected}: ${log.received}`);
  return log;
}

const V1 = [
  'INFO 10-04 12:00:01 [api_server.py:1839] vLLM API server version 0.11.0',
  "INFO 10-04 12:00:01 [utils.py:233] non-default args: {'model': 'm', 'tensor_parallel_size': 2}",
  '(EngineCore_DP0 pid=12) INFO [gpu_model_runner.py:2653] Model loading took 7.5 GiB and 4.5 seconds',
  '(EngineCore_DP0 pid=12) INFO [gpu_worker.py:298] Available KV cache memory: 54.87 GiB',
  '(EngineCore_DP0 pid=12) INFO [kv_cache_utils.py:1087] GPU KV cache size: 449,456 tokens',
  '(EngineCore_DP0 pid=12) INFO [kv_cache_utils.py:1091] Maximum concurrency for 131,072 tokens per request: 3.43x',
];

describe('a start-up log', () => {
  it('of vLLM V1 counts tokens, and says what weights and cache take', () => {
    expect(parse(...V1)).toMatchObject({
      engine: 'vLLM',
      tokens: 449_456,
      line: 5,
      quote: 'GPU KV cache size: 449,456 tokens',
      weightsBytes: 7.5 * GIB,
      kvBytes: 54.87 * GIB,
      options: { tensor_parallel_size: { value: 2, line: 2 } },
    });
  });

  it.each(['# GPU blocks: 27,999, # CPU blocks: 2048', '# cuda blocks: 27999, # CPU blocks: 2048'])(
    'of older vLLM counts blocks: %s',
    (line) => {
      expect(parse(`INFO 07-01 [gpu_executor.py:83] ${line}`)).toMatchObject({ blocks: 27_999, line: 1 });
      const sized = parse('args: Namespace(model="m", block_size=32)', line);
      expect([sized.tokens, sized.blocks]).toEqual([27_999 * 32, undefined]);
    },
  );

  it('of vLLM 0.6 says what the profiling run found', () => {
    const shares =
      'model weights take 14.99GiB; non_torch_memory takes 0.09GiB; PyTorch activation peak memory takes 1.25GiB; ' +
      'the rest of the memory reserved for KV Cache is 54.75GiB.';
    const log = parse('Loading model weights took 14.9888 GB', shares, '# GPU blocks: 28032, # CPU blocks: 2048');
    expect(log).toMatchObject({
      weightsBytes: 14.99 * GIB,
      activationBytes: 1.25 * GIB,
      kvBytes: 54.75 * GIB,
      blocks: 28_032,
    });
  });

  it('that only counts requests is rounded', () => {
    expect(parse('Maximum concurrency for 4,096 tokens per request: 7.78x')).toMatchObject({
      tokens: Math.floor(4096 * 7.78),
      rounded: true,
    });
  });

  it('of workers that differ has room for the least; terminal colours do not matter', () => {
    const line = (tokens: string) => `\u001b[36m(EngineCore)\u001b[0;0m GPU KV cache size: ${tokens} tokens`;
    expect(parse(line('8,000'), line('7,500'), line('9,000'))).toMatchObject({ tokens: 7500, line: 2 });
  });

  it('with several starts counts the last one', () => {
    const again = V1.map((line) => line.replace('449,456', '500,000').replace("'tensor_parallel_size': 2", "'a': 1"));
    expect(parse(...V1, ...again)).toMatchObject({ tokens: 500_000, line: 11, options: {} });
  });

  it('of SGLang and of TensorRT-LLM are understood', () => {
    const sglang =
      'max_total_num_tokens=433264, chunked_prefill_size=8192, max_running_requests=2048, context_len=131072';
    const args = 'server_args=ServerArgs(model_path="m", tp_size=4, page_size=64)';
    expect(parse(args, `[2025-11-01 10:00:00 TP0] ${sglang}`)).toMatchObject({
      engine: 'SGLang',
      tokens: 433_264,
      options: { tensor_parallel_size: { value: 4 } },
    });
    const trtllm = (gib: string, tokens: number) =>
      `[TensorRT-LLM][INFO] [MemUsageChange] Allocated ${gib} GiB for max tokens in paged KV cache (${tokens}).`;
    // the first, small one is only there to measure with
    expect(parse(trtllm('1.29', 8448), trtllm('61.97', 406_144))).toMatchObject({
      engine: 'TensorRT-LLM',
      tokens: 406_144,
      kvBytes: 61.97 * GIB,
    });
  });

  it.each([
    ['', /empty/],
    ['hello\nworld', /2 lines without/],
    ['# CPU blocks: 2048', /without/],
    ['# GPU blocks: 0, # CPU blocks: 2048', /# GPU blocks: 0/],
    ['GPU KV cache size: 100 tokens\nmax_total_num_tokens=100', /more than one engine/],
  ])('is not %j', (text, received) => {
    const log = parseEngineLog(text, 'f');
    expect(isNoLog(log) && log.received).toMatch(received);
  });
});

describe('num_gpu_blocks: {log}', () => {
  const files: Record<string, string> = { 'v1.log': V1.join('\n'), 'bad.log': 'nothing' };
  const readText = (path: string) => {
    const text = files[path.slice(path.lastIndexOf('/') + 1)];
    if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return text;
  };
  const spec = (engine: string, deployment = 'hardware: h100-sxm-80gb, tensor_parallel_size: 2') =>
    `model: llama-3.1-8b\nworkload: {lengths: azure-conv-2023, request_rate: 1}\ndeployment: {${deployment}}\nengine: {${engine}}\n`;
  const LOG = 'num_gpu_blocks: {log: v1.log}';

  it('is the tokens of the log in blocks of the spec, and of one rank', () => {
    const base = baseOf(spec(LOG), { readText });
    expect(base.num_gpu_blocks).toBe(Math.floor(449_456 / 16));
    expect(base.kv_log?.line).toBe(5);
    expect(baseOf(spec(`${LOG}, block_size: 64`), { readText }).num_gpu_blocks).toBe(Math.floor(449_456 / 64));
    const groups = 'hardware: h100-sxm-80gb, tensor_parallel_size: 2, data_parallel_size: 4';
    expect(baseOf(spec(LOG, groups), { readText }).num_gpu_blocks).toBe(Math.floor(449_456 / 16));
  });

  it('stands for model and hardware beside a step time', () => {
    const text = `workload: {lengths: azure-conv-2023, request_rate: 1}\ndeployment: {tensor_parallel_size: 2}\nengine: {${LOG}, step_time: {fixed_s: 1ms}}`;
    expect(baseOf(text, { readText }).num_gpu_blocks).toBe(28_091);
  });

  it.each([
    ['of another split', spec(LOG, 'hardware: h100-sxm-80gb'), /tensor_parallel_size 2 in v1.log:2/],
    ['for several devices', spec(LOG, 'hardware: [l4, mi300x], tensor_parallel_size: 2'), /2 of them/],
    ['that is none', spec('num_gpu_blocks: {log: bad.log}'), /bad.log: 1 lines without/],
    ['that is not there', spec('num_gpu_blocks: {log: gone.log}'), /no such file/],
    ['by another key', spec('num_gpu_blocks: {logs: v1.log}'), /the key "logs"/],
  ])('refuses a log %s', (_, text, received) => {
    const issues = issuesOf(text, { readText });
    for (const { line } of issues) expect(line).toBe(4);
    expect(issues.map((issue) => issue.received).join('\n')).toMatch(received);
  });

  it('works in a pool as in a deployment, with its own mistakes', () => {
    const fleet = (pool: string) =>
      `fleet:\n  chat: {kind: llm, model: llama-3.1-8b, hardware: h100-sxm-80gb, ${pool}}\n` +
      'pipelines: {ask: {stages: [{prefill: chat}, {decode: chat}]}}\nworkload: {lengths: azure-conv-2023, request_rate: 1}\n';
    const options = { file: 'folder/fleet.yaml', known: KNOWN, readText };
    const [pool] = readSpec(fleet(`tensor_parallel_size: 2, ${LOG}`), options).pools;
    expect(pool.kind === 'llm' && pool.configuration).toMatchObject({ num_gpu_blocks: 28_091, kv_log: { line: 5 } });
    const wrong = () => readSpec(fleet(LOG), options);
    expect(wrong).toThrow(
      /fleet\.yaml:2: fleet\.chat\.num_gpu_blocks\.log: .* received tensor_parallel_size 2 in v1\.log:2/,
    );
    expect(() => readSpec(fleet('num_gpu_blocks: {log: gone.log}'), options)).toThrow(/no such file/);
  });
});
