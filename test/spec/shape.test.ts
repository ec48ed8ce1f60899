// Which questions are one pool that the screen knows: every axis that it has a field for, and everything that makes it another fleet.
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { onePool } from '../../src/spec/shape.ts';

const catalog = openCatalog();

interface Parts {
  readonly deployment?: string;
  readonly engine?: string;
  readonly workload?: string;
  readonly more?: string;
}

function shapeOf({ deployment = '', engine = '', workload = 'request_rate: 1', more = '' }: Parts) {
  const text = `
model: llama-3.1-8b
workload: {lengths: {input_len: 100, output_len: 10}, num_requests: 10, ${workload}}
deployment: {hardware: h100-sxm-80gb${deployment && `, ${deployment}`}}
engine: {profile: vllm-0.11${engine && `, ${engine}`}}
${more}`;
  return onePool(openQuestion(text, 'shape.yaml', catalog));
}

describe('one pool', () => {
  test('without an axis', () => expect(shapeOf({})?.axes).toEqual([]));

  test.each<[string, Parts, number]>([
    ['request_rate', { workload: 'request_rate: [1, 2, 3]' }, 3],
    ['replicas', { deployment: 'replicas: [1, 2]' }, 2],
    ['tensor_parallel_size', { deployment: 'tensor_parallel_size: [1, 2]' }, 2],
    ['pipeline_parallel_size', { deployment: 'pipeline_parallel_size: [1, 2]' }, 2],
    ['routing', { deployment: 'routing: [round-robin, least-loaded]' }, 2],
    ['quantization', { engine: 'quantization: [bf16, fp8]' }, 2],
    ['kv_cache_dtype', { engine: 'kv_cache_dtype: [auto, fp8]' }, 2],
    ['batching', { engine: 'batching: [chunked, mixed]' }, 2],
    ['max_num_seqs', { engine: 'max_num_seqs: [8, 16, 32]' }, 3],
    ['max_num_batched_tokens', { engine: 'max_num_batched_tokens: [1024, 2048]' }, 2],
    ['gpu_memory_utilization', { engine: 'gpu_memory_utilization: [0.8, 0.9]' }, 2],
    [
      'num_speculative_tokens',
      { engine: 'speculative_config: {method: eagle3, num_speculative_tokens: [0, 1, 2], acceptance: [0.7, 0.6]}' },
      3,
    ],
  ])('with the axis %s', (field, parts, size) => {
    expect(shapeOf(parts)?.axes).toEqual([{ field, size }]);
  });

  test('with several, in the order of the document', () => {
    const parts = { deployment: 'replicas: [1, 2]', engine: 'max_num_seqs: [8, 16]', workload: 'request_rate: [1, 2]' };
    expect(
      shapeOf(parts)
        ?.axes.map(({ field }) => field)
        .sort(),
    ).toEqual(['max_num_seqs', 'replicas', 'request_rate']);
  });
});

describe('no such pool', () => {
  test.each<[string, Parts]>([
    ['an axis of the requests', { workload: 'request_rate: 1, seed: [1, 2]' }],
    ['an axis of the limits', { more: 'slo: {p99_ttft: [1s, 2s]}' }],
    ['a routing that needs more than counts', { deployment: 'replicas: 2, routing: load-left' }],
    ['such a routing among others', { deployment: 'replicas: 2, routing: [round-robin, load-left]' }],
    ['replicas that follow from devices', { deployment: 'devices: 4' }],
    ['an order of its own', { engine: 'packing: least-work-left' }],
    ['prompts that share a prefix', { workload: 'request_rate: 1, shared_prefix: {tokens: 50}' }],
    [
      'instances that start and stop',
      { deployment: 'autoscale: {policy: requests, target: 4, min_replicas: 1, max_replicas: 2, cold_start: 1s}' },
    ],
    ['instances that fail', { deployment: 'replicas: 2, failures: {at: 1s, restart: 1s}' }],
    ['step times of its own', { engine: 'num_gpu_blocks: 100, step_time: {fixed_s: 1ms}' }],
  ])('%s', (_, parts) => expect(shapeOf(parts)).toBeNull());
});
