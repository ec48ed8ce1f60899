// Host memory: how many blocks it holds, what copying one costs over the catalog's link, and rows that cannot swap.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { bindDeployment, blocksOf, type Deployment } from '../../src/plan/deployment.ts';
import { swapRefusal, swapSetup } from '../../src/plan/swap.ts';
import type { Configuration } from '../../src/spec/types.ts';
import { CONFIGURATION } from '../report/fixture.ts';

const source = { catalog: openCatalog(), prices: {}, watts: {} };
const BASE: Configuration = {
  ...CONFIGURATION,
  model: 'llama-3.1-8b',
  hardware: 'h100-sxm-80gb',
  tensor_parallel_size: 1,
  preemption_mode: 'swap',
};

function bound(changes: Partial<Configuration>) {
  const configuration = { ...BASE, ...changes };
  const deployment = bindDeployment(configuration, source) as Deployment;
  const { blockBytes } = blocksOf(deployment, configuration);
  return { configuration, deployment, blockBytes };
}

const swapOf = (changes: Partial<Configuration>) => {
  const { configuration, deployment, blockBytes } = bound(changes);
  return swapSetup(configuration, deployment, blockBytes);
};

test('a block of Llama 3.1 8B in bf16 is 16 tokens x 32 layers x 2 x 8 heads x 128 x 2 bytes, over 64 GB/s', () => {
  expect(bound({}).blockBytes).toBe(2 ** 21);
  expect(swapOf({})).toEqual({ hostBlocks: 2048, secondsPerBlock: 2 ** 21 / 64e9 });
  expect(swapOf({ swap_space: 3 * 2 ** 20 })!.hostBlocks).toBe(1);
});

test('two devices hold half a block each: twice the blocks in the same space of each, copied in half the time', () => {
  expect(swapOf({ tensor_parallel_size: 2 })).toEqual({ hostBlocks: 4096, secondsPerBlock: 2 ** 20 / 64e9 });
});

test('num_cpu_blocks comes before swap_space, and a step_time says what a block costs', () => {
  const step = { fixed_s: 1, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0, per_context_token_s: 0 };
  expect(swapOf({ num_cpu_blocks: 7 })!.hostBlocks).toBe(7);
  expect(swapOf({ step_time: step })!.secondsPerBlock).toBe(0);
  expect(swapOf({ step_time: { ...step, per_swapped_block_s: 0.25 } })!.secondsPerBlock).toBe(0.25);
  expect(swapOf({ preemption_mode: 'recompute' })).toBeUndefined();
});

test('rows that cannot swap say why', () => {
  const refusal = (changes: Partial<Configuration>) => {
    const { configuration, deployment, blockBytes } = bound(changes);
    return swapRefusal(configuration, deployment, blockBytes)?.reason;
  };
  expect(refusal({})).toBeUndefined();
  expect(refusal({ batching: 'static' })).toBe('swap-without-preemption');
  expect(refusal({ admission: 'full-length' })).toBe('swap-without-preemption');
  expect(refusal({ batching: 'static', preemption_mode: 'recompute' })).toBeUndefined();
  expect(refusal({ swap_space: 2 ** 20 })).toBe('no-host-memory');
  const { configuration, deployment, blockBytes } = bound({});
  const alone = { ...deployment, hardware: { ...deployment.hardware, host_link_bandwidth: 0 } };
  expect(swapRefusal(configuration, alone, blockBytes)?.words).toContain('no link to a host');
});
