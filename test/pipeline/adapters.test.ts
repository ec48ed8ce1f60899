// LoRA adapters from a spec to a program: how large they are, what they take and cost, who asks for which, and the effects that were measured.
import { expect, it } from 'vitest';
import { adapterBytes } from '../../src/plan/pipeline/adapters.ts';
import { runFleet } from '../../src/run/fleet.ts';
import type { Split } from '../../src/stages/split.ts';
import { catalog, issuesIn, lower, readText } from './world.ts';

const SPLIT: Split = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };

// effects.md, section 5: all-linear adapters of Llama-2-7B quoted as 160 MB and 640 MB
it('are as large as those that are there', () => {
  const { whole } = adapterBytes(catalog.model('llama-2-7b'), SPLIT, null);
  expect((32 * whole) / 1e6).toBeCloseTo(160, 0);
  expect((128 * whole) / 1e6).toBeCloseTo(640, -1);
});

it('are split as vLLM does: of each matrix one side stays whole', () => {
  const model = catalog.model('llama-2-7b');
  const half = adapterBytes(model, { ...SPLIT, tp: 2 }, null);
  // per layer: q, k, v, o 4096 + 2048; gate, up, down 4096 + 5504
  expect(half.device).toBe(2 * 32 * (4 * (4096 + 2048) + 3 * (4096 + 5504)));
  expect(adapterBytes(model, { ...SPLIT, pp: 2 }, null).stage).toBe(half.whole / 2);
  expect(adapterBytes(model, { ...SPLIT, tp: 2 }, 1e6).device / 1e6).toBeCloseTo(half.device / half.whole, 12);
});

const spec = (lora: string, workload: string, routing = '') => `
fleet: {m: {kind: llm, model: llama-2-7b, hardware: a100-sxm-80gb, profile: vllm-0.6${routing}${lora}}}
pipelines: {p: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: sharegpt, ${workload}}
`;
const LORA = 'step_overhead: 50%, storage_bandwidth: 2GB/s';

it('take their slots from the KV cache, wait on links, and cost a read each', () => {
  const of = (text: string) => lower(readText(text)).program.clients[0]!;
  const open = 'request_rate: 1, num_requests: 50';
  const [none, some] = [
    of(spec('', open)),
    of(
      spec(
        `, lora: {max_loras: 8, max_lora_rank: 64, load_latency: 1ms, ${LORA}}`,
        `${open}, adapters: {count: 3, rank: 8}`,
      ),
    ),
  ];
  const bytes = adapterBytes(catalog.model('llama-2-7b'), SPLIT, null).whole;
  const block = 16 * 2 * 32 * 4096 * 2;
  expect(none.numGpuBlocks - some.numGpuBlocks).toBeCloseTo((8 * 64 * bytes) / block, -1);
  const { host_link_bandwidth: link, memory_bandwidth: memory } = catalog.hardware('a100-sxm-80gb');
  expect(some.adapters).toEqual({
    ...{ slots: 8, hostSlots: 8, overhead: 0.5, share: 0, seconds: (64 * bytes) / memory },
    load: new Array(3).fill(0.001 + (8 * bytes) / link!),
    fetch: new Array(3).fill((8 * bytes) / 2e9),
  });
  expect(none.adapters).toBeUndefined();
});

// effects.md, section 5, test 1 (vLLM PR 11267): a third less with one adapter, and with four no less than that
it('cost a third of the throughput with kernels of 2024, whether one runs or four', () => {
  const throughput = (lora: string, workload = '') => {
    const { program } = lower(readText(spec(lora, `arrivals: {process: all-at-once}, num_requests: 400${workload}`)));
    return 400 / runFleet(program, { leap: 'exact' }).clock;
  };
  const rule = `, lora: {max_loras: 4, max_lora_rank: 8, ${LORA}}`;
  const base = throughput('');
  const [one, four] = [throughput(rule, ', adapters: {count: 1}'), throughput(rule, ', adapters: {count: 4}')];
  expect(one / base).toBeGreaterThan(0.62);
  expect(one / base).toBeLessThan(0.7);
  expect(Math.abs(four / one - 1)).toBeLessThan(0.03);
});

it('are asked for by popularity, by conversation, and not by who asks for the base model', () => {
  const asks = (adapters: string, more = '') => {
    const text = spec(
      `, lora: {max_loras: 4, ${LORA}}`,
      `request_rate: 1, num_requests: 4000, adapters: ${adapters}${more}`,
    );
    return lower(readText(text));
  };
  const shares = (adapters: string, count: number) => {
    const { adapter } = asks(adapters).program.visits;
    return Array.from({ length: count + 1 }, (_, a) => adapter!.filter((one) => one === a).length / adapter!.length);
  };
  const [none, first, second, third] = shares('{count: 3, zipf: 1, base_share: 45%}', 3);
  expect(none).toBeCloseTo(0.45, 1);
  expect(first! / second!).toBeCloseTo(2, 0);
  expect(first! / third!).toBeGreaterThan(2.4);
  const { program, walks } = asks('{count: 9}', ', sessions: {turns: 4, think_time: 1s}');
  const own = new Map<number, number>();
  program.visits.request.forEach((r, v) => {
    const session = walks.session[r]!;
    expect(own.get(session) ?? program.visits.adapter![v]).toBe(program.visits.adapter![v]);
    own.set(session, program.visits.adapter![v]!);
  });
  expect(new Set(own.values()).size).toBe(9);
});

it('share no block of a text that all begin with', () => {
  const ids = (adapters: string) => {
    const more = `shared_prefix: {tokens: 160}${adapters}`;
    const rule = `, enable_prefix_caching: true, lora: {max_loras: 4, ${LORA}}`;
    const { program } = lower(readText(spec(rule, `request_rate: 1, num_requests: 60, ${more}`)));
    const { visits } = program;
    return Array.from({ length: visits.count }, (_, v) => visits.hashIds[visits.hashAt[v]!]);
  };
  expect(new Set(ids('')).size).toBe(1);
  expect(new Set(ids(', adapters: {count: 3}')).size).toBe(3);
});

it('cannot come to a device that has no link to a host', () => {
  const lora = `, lora: {max_loras: 4, ${LORA}}`;
  const alone = spec(lora, 'request_rate: 1, num_requests: 9, adapters: {count: 2}').replace(
    'a100-sxm-80gb',
    'm4-max-128gb',
  );
  const told = issuesIn(() => lower(readText(alone))).map(({ path }) => path);
  const linked = catalog.hardware('m4-max-128gb').host_link_bandwidth !== null;
  expect(told).toEqual(linked ? [] : ['fleet.m.lora.host_bandwidth']);
});
