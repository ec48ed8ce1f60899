// KV capacity against figures that engines gave of themselves, each with its source, and what is said of given blocks.
import { describe, expect, it } from 'vitest';
import { limitsOn } from '../../src/catalog/engine-limits.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { bindDeployment, blocksOf, isRefusal } from '../../src/plan/deployment.ts';
import { sweep } from '../../src/run/sweep.ts';
import { type EngineLog, parseEngineLog } from '../../src/spec/engine-log.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { soleConfiguration } from '../../src/spec/shape.ts';
import type { Configuration } from '../../src/spec/types.ts';

const catalog = openCatalog();
const SOURCE = { catalog, prices: {}, watts: {} };

function specOf(model: string, hardware: string, engine: string, tp = 1) {
  const text = `model: ${model}\nworkload: {lengths: azure-conv-2023, request_rate: 1}\ndeployment: {hardware: ${hardware}, tensor_parallel_size: ${tp}}\nengine: {${engine}}\n`;
  return openQuestion(text, 'spec.yaml', catalog);
}

const rowAt = ({ at }: ReturnType<typeof specOf>, row: number): Configuration => soleConfiguration(at(row).spec)!;

function capacityOf(configuration: Configuration) {
  const bound = bindDeployment(configuration, SOURCE);
  if (isRefusal(bound)) throw new Error(bound.words);
  return blocksOf(bound, configuration);
}

describe('KV capacity', () => {
  it.each([
    // the vLLM start-up log of test/plan/memory.test.ts: about 28,000 blocks of 16 tokens
    ['llama-3.1-8b', 'h100-sxm-80gb', 'profile: vllm-0.11', 28_000 * 16, 0.03],
    // 48 requests of (1024 + 8192) 0.9 tokens running, by Little's law on published TTFT and TPOT of TensorRT-LLM, which
    // reserves final lengths (InferenceX via aiconfigurator, Apache-2.0)
    [
      'llama-3.3-70b',
      'h200-sxm-141gb',
      'profile: trtllm-1.0, quantization: fp8, kv_cache_dtype: fp8',
      48 * 0.9 * (1024 + 8192),
      0.03,
    ],
  ])('of %s on %s, %s, is within a few percent of %d tokens', (model, hardware, engine, tokens, margin) => {
    const configuration = rowAt(specOf(model, hardware, engine), 0);
    const own = capacityOf(configuration).blocks * configuration.block_size;
    expect(Math.abs(own / tokens - 1)).toBeLessThan(margin);
  });

  const QWEN = 'profile: vllm-0.11, max_num_seqs: 256, max_num_batched_tokens: 2048';
  it.each([
    // start-up logs of vLLM 0.10.1.1 on A100 80 GB (public logs, facts): what a dummy run leaves, at two shares of memory and on two devices
    ['qwen2-7b', 'a100-sxm-80gb', `${QWEN}, gpu_memory_utilization: 0.25`, 93_872, 0.02],
    ['qwen2-7b', 'a100-sxm-80gb', `${QWEN}, gpu_memory_utilization: 0.5`, 464_848, 0.01],
    ['qwen2-7b', 'a100-sxm-80gb', `${QWEN}, gpu_memory_utilization: 0.25`, 450_192, 0.01, 2],
    ['qwen2-7b', 'a100-sxm-80gb', `${QWEN}, gpu_memory_utilization: 0.5`, 1_192_160, 0.01, 2],
    // vLLM 0.31, its sampler of 1,024 sequences in the peak
    ['llama-3.1-8b', 'a100-sxm-80gb', 'profile: vllm-0.21, max_num_seqs: 1024', 460_496, 0.01],
    // SGLang's pool: (free after loading) - (free before) (1 - f), nothing held for activations (server_args.py of 0.5.9: f = 0.835)
    ['llama-3.1-8b', 'h100-sxm-80gb', 'profile: sglang-0.5.9, gpu_memory_utilization: 0.835', 413_700, 0.02],
    ['llama-3.1-8b', 'h100-sxm-80gb', 'profile: sglang-0.5', 413_700, 0.05],
  ])('of %s on %s, %s, is that of its start-up: %d tokens', (model, hardware, engine, tokens, margin, tp = 1) => {
    const configuration = rowAt(specOf(model, hardware, engine, tp), 0);
    const own = capacityOf(configuration).blocks * configuration.block_size;
    expect(Math.abs(own / tokens - 1)).toBeLessThan(margin);
  });

  it("a model of 32 B runs on four cards of 24 GB with SGLang's share, whatever its steps hold", () => {
    const engine = 'profile: sglang-0.5, gpu_memory_utilization: 0.81';
    expect(capacityOf(rowAt(specOf('qwen2.5-32b', 'l4', engine, 4), 0)).blocks).toBeGreaterThan(0);
  });

  it('that is given says where from, and how far the memory model is from it', () => {
    const base = rowAt(specOf('llama-3.1-8b', 'h100-sxm-80gb', 'num_gpu_blocks: 20000'), 0);
    const own = capacityOf({ ...base, num_gpu_blocks: 0 }).blocks;
    const percent = (100 * (own / 20_000 - 1)).toFixed(1);
    expect(capacityOf(base).words).toBe(`20000 blocks, as given; MIST's memory model gives ${own} (+${percent} %)`);
    const log = parseEngineLog('Model loading took 14.99 GiB and 4 s\nGPU KV cache size: 320,000 tokens', 'a.log');
    const words = capacityOf({ ...base, kv_log: log as EngineLog }).words;
    expect(words).toContain('20000 blocks, from vLLM\'s start-up log, a.log:2 "GPU KV cache size: 320,000 tokens"');
    expect(words).toMatch(/weights 16\.\d\d GB, 16\.10 GB in the log/);
  });

  it('names the log where MIST thinks that weights do not fit', () => {
    const base = rowAt(specOf('llama-3.1-70b', 'l4', 'num_gpu_blocks: 10'), 0);
    const log = parseEngineLog('GPU KV cache size: 160 tokens', 'a.log') as EngineLog;
    expect(capacityOf({ ...base, kv_log: log }).words).toMatch(/do not fit .* though the engine started: .*a\.log:1/);
  });
});

describe('limits that an engine takes by itself', () => {
  it.each([
    ['h100-sxm-80gb', 1024, 8192],
    ['mi300x', 1024, 8192],
    ['l40s', 256, 2048],
    ['l4', 256, 2048],
    ['a100-sxm-80gb', 256, 2048],
    ['a100-pcie-80gb', 256, 2048],
    ['a100-sxm-40gb', 256, 2048],
  ])('vLLM V1 on %s: %d sequences, %d tokens', (id, max_num_seqs, max_num_batched_tokens) => {
    for (const profile of ['vllm-0.11', 'vllm-0.19', 'vllm-0.21']) {
      const limits = limitsOn(catalog.engine(profile), catalog.hardware(id), 1);
      expect(limits).toEqual({ max_num_seqs, max_num_batched_tokens });
    }
    expect(rowAt(specOf('llama-3.2-1b', id, 'profile: vllm-0.11'), 0)).toMatchObject({
      max_num_seqs,
      max_num_batched_tokens,
    });
  });

  it('of one wording on all devices elsewhere', () => {
    const { max_num_seqs, max_num_batched_tokens } = catalog.engine('trtllm-1.0');
    const limits = limitsOn(catalog.engine('trtllm-1.0'), catalog.hardware('l4'), 1);
    expect(limits).toEqual({ max_num_seqs, max_num_batched_tokens });
  });

  it('follow the device of each row, and only where they are left blank', () => {
    const spec = specOf('llama-3.2-1b', '[h100-sxm-80gb, l4]', 'profile: [trtllm-1.0, vllm-0.11], max_num_seqs: 64');
    const rows = [0, 1, 2, 3].map((row) => rowAt(spec, row));
    expect(rows.map(({ max_num_seqs: seqs }) => seqs)).toEqual([64, 64, 64, 64]);
    expect(rows.map(({ hardware, profile, max_num_batched_tokens: budget }) => [hardware, profile, budget])).toEqual([
      ['h100-sxm-80gb', 'trtllm-1.0', 8192],
      ['h100-sxm-80gb', 'vllm-0.11', 8192],
      ['l4', 'trtllm-1.0', 8192],
      ['l4', 'vllm-0.11', 2048],
    ]);
  });

  it('are those of their device in a sweep over devices, too', async () => {
    const estimates = async (hardware: string) => {
      const text =
        `model: llama-3.2-1b\nworkload: {lengths: {input_len: 6000, output_len: 40}, request_rate: 2, num_requests: 50}\n` +
        `deployment: {hardware: ${hardware}}\nengine: {profile: vllm-0.11}\nprices: {l4: 1}\n`;
      const { kept } = await sweep(openQuestion(text, 'spec.yaml', catalog), catalog, { workers: 1 });
      return new Map(kept.map((row) => [row.hosts[0]!.hardware, row.screen!.ttft]));
    };
    const both = await estimates('[h100-sxm-80gb, l4]');
    for (const id of ['h100-sxm-80gb', 'l4']) {
      expect(both.get(id)).toBeGreaterThan(0);
      expect(both.get(id)).toBe((await estimates(id)).get(id));
    }
  });
});
