// The keys `lora` and `workload.adapters`: what they mean, what they may be left with, and what is refused, each in the spec's words.
import { describe, expect, it } from 'vitest';
import { formatIssue } from '../../src/check/issue.ts';
import { explainFleetSpec } from '../../src/spec/fleet/explain.ts';
import { explainPools } from '../../src/spec/fleet/explain-pools.ts';
import { onePool } from '../../src/spec/shape.ts';
import { axesOf, issuesOf, open, poolOf, read } from './world.ts';

const LEAST = 'max_loras: 4, step_overhead: 10%, storage_bandwidth: 2GB/s';
const spec = (lora: string, adapters = '{count: 20}', engine = '') =>
  `model: llama-3.1-8b
workload: {lengths: azure-conv-2023, request_rate: 2, adapters: ${adapters}}
deployment: {hardware: l4}
engine: {lora: ${lora}${engine}}
`;
const told = (...parts: [string, string?, string?]) => issuesOf(spec(...parts)).map(formatIssue);

describe('lora', () => {
  it("has vLLM's defaults", () => {
    const { lora } = poolOf(read(spec(`{${LEAST}}`)));
    expect(lora).toEqual({
      ...{ max_loras: 4, max_cpu_loras: 4, max_lora_rank: 16, overhead: 0.1, perAdapter: null },
      ...{ bytesPerRank: null, latency: 0, host: null, storage: 2e9 },
    });
    expect(read(spec(`{${LEAST}}`)).adapters).toEqual({ count: 20, zipf: 0, base: 0, rank: null });
  });

  it('takes every key', () => {
    const more = 'max_cpu_loras: 9, max_lora_rank: 64, step_per_adapter: 2%, bytes_per_rank: 5e6, load_latency: 2ms';
    const read_ = read(
      spec(`{${LEAST}, ${more}, host_bandwidth: 20GB/s}`, '{count: 5, zipf: 1.1, base_share: 25%, rank: 32}'),
    );
    expect(poolOf(read_).lora).toEqual({
      ...{ max_loras: 4, max_cpu_loras: 9, max_lora_rank: 64, overhead: 0.1, perAdapter: 0.02 },
      ...{ bytesPerRank: 5e6, latency: 0.002, host: 20e9, storage: 2e9 },
    });
    expect(read_.adapters).toEqual({ count: 5, zipf: 1.1, base: 0.25, rank: 32 });
  });

  it('is told by `mist spec`, is an axis part by part, and is no shape that the screen knows', () => {
    const text = spec(`{${LEAST.replace('4', '[4, 8]')}, step_per_adapter: 2%}`, '{count: [5, 20], zipf: 1}');
    expect(axesOf(text).map(([name, labels]) => [name, labels.length])).toEqual([
      ['workload.adapters.count', 2],
      ['engine.lora.max_loras', 2],
    ]);
    expect(explainFleetSpec(read(text))).toContain('for one of 5 adapters, zipf 1');
    expect(explainPools(open(text)).replace(/\s+/g, ' ')).toContain(
      'lora 4 in slots, 4 in host memory, up to rank 16, steps +10 % and 2 % each',
    );
    expect(onePool(open(text))).toBeNull();
  });

  it('is refused with everything that is missing or wrong', () => {
    expect(told('{}')).toEqual([
      expect.stringContaining('engine.lora.max_loras: expected'),
      expect.stringContaining('engine.lora.step_overhead: expected'),
      expect.stringContaining('engine.lora.storage_bandwidth: expected'),
    ]);
    expect(told(`{${LEAST}, max_cpu_loras: 3}`).join()).toContain(
      'engine.lora.max_cpu_loras: expected at least the max_loras 4: what lies in a slot lies in host memory too, received 3',
    );
    expect(told(`{${LEAST}}`, '{count: 9, rank: 32}').join()).toContain(
      'workload.adapters.rank: expected at most the max_lora_rank 16 of pool engine, received 32',
    );
    expect(told(`{${LEAST}}`, undefined, ', preemption_mode: swap').join()).toContain('recompute beside lora');
    expect(told(`{${LEAST}}`, undefined, ', recv_interval: 3').join()).toContain('no recv_interval beside lora');
    expect(told(`{${LEAST}}`, undefined, ', batch_wait: {iters: 3, max_tokens_ratio: 50%}').join()).toContain(
      'no batch_wait beside lora',
    );
    const nobody = spec(`{${LEAST}}`).replace(/engine: .*/, 'engine: {}');
    expect(issuesOf(nobody).map(formatIssue).join()).toContain('none without a pool that has lora');
  });

  it('needs sizes and links where no model tells them', () => {
    const own = `fleet: {m: {kind: llm, step_time: {fixed_s: 1ms}, num_gpu_blocks: 100, lora: {${LEAST}}}}
pipelines: {p: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: {input_len: 1, output_len: 1}, request_rate: 1, adapters: {count: 3}}
`;
    const missing = issuesOf(own).map(formatIssue);
    expect(missing.join()).toContain('fleet.m.lora.bytes_per_rank');
    expect(missing.join()).toContain('fleet.m.lora.host_bandwidth');
    expect(issuesOf(own.replace(LEAST, `${LEAST}, bytes_per_rank: 5e6, host_bandwidth: 20GB/s`))).toEqual([]);
  });
});
