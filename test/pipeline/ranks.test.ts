// Attention data parallel: an instance is as many schedulers as it has ranks, each with requests, limits and KV blocks of its own.
import { describe, expect, it } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_KV } from '../../assembly/layout/enums.ts';
import { priceClients } from '../../src/metrics/fleet/price-list.ts';
import { checkFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { weighFleet } from '../../src/plan/pipeline/weigh-fleet.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { summariseRun } from '../../src/run/measure-fleet.ts';
import { catalog, issuesIn, lower, readText } from './world.ts';

/** An engine whose step takes 1 s and 10 ms a new token, with 100 blocks of one token. */
const STEP = 'step_time: {fixed_s: 1s, per_new_token_s: 10ms}, num_gpu_blocks: 100, block_size: 1';
const MOE = 'model: qwen3-30b-a3b, hardware: h200-sxm-141gb, profile: vllm-0.19';

function specOf(engine: string, workload: string, more = ''): string {
  return `
fleet: {engine: {kind: llm, ${engine}}}
pipelines: {serve: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {${workload}}
client: {time: none, window: all}
${more}`;
}

const atOnce = (count: number, input: number, output: number) =>
  `lengths: {input_len: ${input}, output_len: ${output}}, arrivals: all-at-once, num_requests: ${count}`;

function run(text: string) {
  const spec = readText(text);
  const lowered = lower(spec);
  const ran = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) });
  return { spec, lowered, results: ran.results, figures: summariseRun(spec, lowered, ran) };
}

const near = (...times: number[]) => times.map((at) => expect.closeTo(at, 9));

describe('a rank', () => {
  it('has its own limits and blocks, and an instance as many of them as ranks', () => {
    const { results, lowered } = run(specOf(`${STEP}, data_parallel_size: 4, max_num_seqs: 1`, atOnce(6, 20, 3)));
    const limits = lowered.program.clients.map(({ name, maxNumSeqs, numGpuBlocks }) => [
      name,
      maxNumSeqs,
      numGpuBlocks,
    ]);
    expect(limits).toEqual([0, 1, 2, 3].map((rank) => [`engine/dp${rank}`, 1, 100]));
    // four run at once, a prompt of 1 s and 20 tokens each; then two decodes of 1.01 s
    expect([...results.client]).toEqual([0, 1, 2, 3, 0, 1]);
    expect([...results.first]).toEqual(near(1.2, 1.2, 1.2, 1.2, 4.42, 4.42));
  });

  it('holds a request alone: what none has blocks for is refused, whatever the instance has', () => {
    const stateOf = (tokens: number) =>
      run(specOf(`${STEP}, data_parallel_size: 4`, atOnce(1, tokens, 2))).results.state[0];
    expect(stateOf(99)).toBe(STATE_FINISHED);
    expect(stateOf(100)).toBe(STATE_REJECTED_KV);
  });

  it('has its part of a budget that the ranks of its engine share, where nobody sets one', () => {
    const limitsOf = (engine: string) => {
      const { maxNumSeqs, maxNumBatchedTokens } = lower(readText(specOf(engine, atOnce(1, 20, 2)))).program.clients[0]!;
      return [maxNumSeqs, maxNumBatchedTokens];
    };
    const ranks = `${MOE.replace('vllm-0.19', 'sglang-0.5.9')}, data_parallel_size`;
    expect(limitsOf(`${ranks}: 1`)).toEqual([4096, 8192]);
    expect(limitsOf(`${ranks}: 8`)).toEqual([4096, 1024]);
    expect(limitsOf(`${ranks}: 8, max_num_batched_tokens: 4096`)).toEqual([4096, 4096]);
    const [one, eight] = [1, 8].map((of) => limitsOf(`${MOE}, data_parallel_size: ${of}`));
    expect(eight).toEqual(one);
  });

  it('takes no less time for a long prompt than a lone engine, and refuses one that it has no blocks for', () => {
    const long = (split: string, tokens: number) =>
      run(specOf(`${MOE}, ${split}, max_model_len: 1000000`, atOnce(1, tokens, 2)));
    const [lone, ranks] = ['data_parallel_size: 1', 'data_parallel_size: 8, expert_parallel_size: 8'].map(
      (split) => long(split, 32768).results.first[0]!,
    );
    expect(ranks).toBeGreaterThan(0.95 * lone!);
    const both = 'data_parallel_size: 2, max_num_seqs: 8, num_gpu_blocks: 20000'; // 320 k tokens each
    expect(long(both, 310_000).results.state[0]).toBe(STATE_FINISHED);
    expect(long(both, 500_000).results.state[0]).toBe(STATE_REJECTED_KV);
  });

  it('waits for the one that has most to do', () => {
    const { results } = run(specOf(`${STEP}, data_parallel_size: 2`, atOnce(2, 10, 3)));
    expect([...results.finish]).toEqual(near(3.12, 3.12));
    // the second comes during the first one's prompt; its own is 10 tokens, for which the other's decode waits
    const late = `lengths: {input_len: 10, output_len: 3}, arrivals: uniform, request_rate: 2, num_requests: 2`;
    const apart = run(specOf(`${STEP}, data_parallel_size: 2`, late)).results;
    const [start] = apart.ready;
    expect([...apart.finish].map((at) => at - start)).toEqual(near(1.1 + 1.1 + 1.01, 1.1 + 1.1 + 1.01 + 1.01));
  });

  it('computes a prompt about as fast as an engine of its size, not as fast as the instance', () => {
    const first = (split: string, count: number) =>
      run(specOf(`${MOE}, max_num_batched_tokens: 8192${split}`, atOnce(count, 32_000, 2))).figures.ttft.mean;
    const [alone, rank, all] = [first('', 1), first(', data_parallel_size: 8', 1), first(', data_parallel_size: 8', 8)];
    expect(rank).toBeGreaterThan(alone / 2); // its experts stand on eight devices
    expect(rank).toBeLessThan(1.1 * alone);
    expect(all).toBeGreaterThan(rank); // the experts are there for all of them
    expect(all).toBeLessThan(2 * alone);
  });
});

describe('prompts that are held back', () => {
  // two decode, 1 s and a bit a step, when the third prompt comes, alone
  const late = 'lengths: {input_len: 10, output_len: 40}, arrivals: uniform, request_rate: 0.5, num_requests: 3';
  const firstOf = (more: string) => {
    const { results } = run(specOf(`${STEP}, data_parallel_size: 2${more}`, late));
    return results.first[2] - results.ready[2];
  };

  it('wait for the other ranks to have one, so long as all decode, and no longer than is said', () => {
    const [at, once] = [firstOf(''), firstOf(', attention_dp_config: {timeout_iters: 1, batching_wait_iters: 0}')];
    expect(at).toBeLessThan(2.5);
    expect(once).toBe(at); // the first uneven step is the last that it may be held
    const held = firstOf(', attention_dp_config: {timeout_iters: 20, batching_wait_iters: 0}');
    // uneven steps were counted from the first on, also before there was anything to hold
    expect(held).toBeGreaterThan(12);
    expect(held).toBeLessThan(21);
  });

  it('go at once where a rank has nothing to decode', () => {
    const one = 'lengths: {input_len: 10, output_len: 4}, arrivals: uniform, request_rate: 0.1, num_requests: 3';
    const config = ', attention_dp_config: {timeout_iters: 20}';
    const text = (more: string) => specOf(`${STEP}, data_parallel_size: 2${more}`, one);
    expect([...run(text(config)).results.first]).toEqual([...run(text('')).results.first]);
  });

  it('need ranks', () => {
    expect(issuesIn(() => readText(specOf(`${STEP}, attention_dp_config: {}`, late))).map(({ path }) => path)).toEqual([
      'fleet.engine.attention_dp_config',
    ]);
  });
});

describe('an instance', () => {
  const engine = `${MOE}, data_parallel_size: 4, count: 2`;
  const { spec, lowered, figures } = run(specOf(engine, atOnce(64, 500, 50)));

  it('costs, draws and stands on what its ranks do together', () => {
    expect(lowered.program.clients.length).toBe(8);
    expect(weighFleet(spec, catalog).devices).toBe(8);
    expect(figures.devices).toBe(8);
    const { clients } = priceClients(spec, lowered);
    const one = priceClients(...alone()).clients[0];
    const sum = (of: (price: (typeof clients)[number]) => number) => clients.reduce((total, own) => total + of(own), 0);
    expect(sum(({ devices }) => devices)).toBe(8);
    expect(sum(({ energy }) => energy?.idleW ?? Number.NaN)).toBeCloseTo(8 * (one.energy?.idleW ?? 0), 9);
    expect(figures.usd_per_hour).toBeCloseTo(8 * one.usdPerDeviceHour, 9);
  });

  function alone() {
    const own = readText(specOf(MOE, atOnce(1, 500, 50)));
    return [own, lower(own)] as const;
  }

  it('is chosen by the pool, which asks for blocks alone rank by rank; its engine deals to its ranks', () => {
    const groupOf = (routing: string) =>
      lower(readText(specOf(`${engine}, routing: ${routing}`, atOnce(1, 9, 9)))).program;
    expect(groupOf('least-loaded').groups).toMatchObject([{ members: [0, 4], instances: true }]);
    expect(groupOf('prefix-affinity').groups).toMatchObject([{ members: [0, 1, 2, 3, 4, 5, 6, 7] }]);
    expect(groupOf('prefix-affinity').groups[0].instances).toBeUndefined();
    const ranks = groupOf('least-loaded').clients.map(({ rank }) => [rank?.at, rank?.of, rank?.dealing]);
    const four = [0, 1, 2, 3].map((at) => [at, 4, 'shortest-queue']);
    expect(ranks).toEqual([...four, ...four]);
    expect(
      lower(readText(specOf(engine.replace('vllm-0.19', 'sglang-0.5'), atOnce(1, 9, 9)))).program.clients[0],
    ).toMatchObject({
      rank: { dealing: 'in-turn' },
    });
  });

  it('has one place, whose port its ranks share', () => {
    const topology = 'topology: {network: {kind: server, port: {bandwidth: 10GB/s}}}';
    const { program } = lower(readText(specOf(engine, atOnce(1, 9, 9), topology)));
    expect(program.locations).toBe(2);
    expect(program.clients.map(({ location }) => location)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(program.links.map(({ name }) => name)).toEqual([
      'engine-1 out',
      'engine-1 in',
      'engine-2 out',
      'engine-2 in',
    ]);
  });
});

describe('refused', () => {
  const told = (engine: string, more = '') =>
    issuesIn(() => checkFleet(readText(specOf(engine, atOnce(1, 9, 9), more)), catalog)).map(
      ({ path, expected }) => `${path}: ${expected}`,
    );

  it('is what does not go with ranks that step together', () => {
    const ranks = `${STEP}, data_parallel_size: 2`;
    expect(told(`${ranks}, batching: continuous, num_scheduler_steps: 4`)).toEqual([
      'fleet.engine.num_scheduler_steps: 1, or data_parallel_size 1: ranks step together',
    ]);
    expect(told(`${ranks}, batch_wait: {iters: 3, max_tokens_ratio: 0.5}`)).toEqual([
      'fleet.engine.batch_wait: no batch_wait beside data_parallel_size: the engine holds no prompts back under attention data parallel',
    ]);
    expect(told(`${ranks}, shares: device`)).toEqual([
      'fleet.engine.shares: no shares beside data_parallel_size: ranks that step together cannot each be slowed by what shares their devices',
    ]);
  });

  it('are dense models: their copies are instances', () => {
    expect(told('model: llama-3.1-8b, hardware: h200-sxm-141gb, data_parallel_size: 2').length).toBe(1);
  });
});
