// A page in a browser has no file that threads could be started from: an answer of one thread must not ask for one.
import { expect, test, vi } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openSpec } from '../../src/run/open-spec.ts';
import { sweep } from '../../src/run/sweep.ts';

vi.mock('../../src/run/threads.ts', () => {
  const none = () => {
    throw new Error('a page in a browser has none');
  };
  return { threadFile: none, startThread: none, giveOrder: none };
});

const TEXT = `
model: llama-3.1-8b
workload: {lengths: {input_len: 200, output_len: 20}, request_rate: 2, num_requests: 50}
deployment: {hardware: h100-sxm-80gb, replicas: [1, 2], tensor_parallel_size: [1, 2]}
engine: {profile: vllm-0.11}
slo: {p99_ttft: 1s}
`;

test('one thread answers without any other', async () => {
  const catalog = openCatalog();
  const { kept, simulated } = await sweep(openSpec(TEXT, 'one.yaml', catalog), catalog, { workers: 1 });
  expect(kept.some(({ result }) => result?.slo_met)).toBe(true);
  expect(simulated).toBeGreaterThan(0);
});
