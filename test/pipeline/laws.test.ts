// Laws of lowered pipelines, run by the reference simulator: free stages change nothing, contention shows, random specs end.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATE_FINISHED } from '../../assembly/layout/enums.ts';
import { BATCHING, PACKING, splitsMembers, weighsTerms } from '../../src/check/scheduler-lists.ts';
import { type FleetProgram, VISIT_LOCAL } from '../../src/plan/fleet.ts';
import { ROUTING_WORDS } from '../../src/spec/fleet/words.ts';
import { STAGE_TYPES } from '../../src/stages/list.ts';
import { POOL_KINDS } from '../../src/stages/pipeline-stages.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { drawList, listExamples, POOLS, typesIn } from './draw-stages.ts';
import { checkProgram } from './program.ts';
import { lower, readText } from './world.ts';

const STEP =
  'step_time: {fixed_s: 2ms, per_new_token_s: 10us, per_prefill_pair_s: 1ns, per_context_token_s: 100ns}, num_gpu_blocks: 3000, kv_bytes_per_token: 1000';
const TRAFFIC =
  'workload: {lengths: {input_len: {uniform: [5, 300]}, output_len: {uniform: [1, 30]}}, request_rate: 20, num_requests: 60, seed: 3}\n';

function build(fleet: string, stages: string, more = ''): FleetProgram {
  const { program } = lower(
    readText(`fleet:\n${fleet.replace(/^/gm, '  ')}\npipelines: {p: {stages: ${stages}}}\n${TRAFFIC}${more}`),
  );
  checkProgram(program);
  return program;
}

/** When every request ended, s after it arrived. */
function latencies(program: FleetProgram): number[] {
  const { results, requestState } = referenceFleet(program);
  expect(new Set(requestState)).toEqual(new Set([STATE_FINISHED]));
  return [...program.requests.last].map((v, r) => results.finish[v] - program.requests.arrival[r]);
}

const LLM = `llm: {kind: llm, ${STEP}, count: 2}`;

it('stages that cost nothing change nothing', () => {
  const plain = latencies(build(LLM, '[{prefill: llm}, {decode: llm}]'));
  const free = '{fixed: 0, per_token: 0, on: c}';
  const around = `[{tokenize: ${free}}, {parallel: {branches: [[{tool: {on: c, latency: 0}}], [{word-lookup: ${free}}]]}}, {prefill: llm}, {decode: llm}, {repeat: {times: 2, stages: [{detokenize: ${free}}]}}]`;
  expect(latencies(build(`${LLM}\nc: {kind: cores, cores: 1000}`, around))).toEqual(plain);
});

it('a slower link between prefill and decode shows in the tail', () => {
  const fleet = `p: {kind: llm, role: prefill, ${STEP}}\nd: {kind: llm, role: decode, ${STEP}}`;
  const tail = (bandwidth: string) => {
    const more = `topology: {rack: {kind: rack, port: {bandwidth: ${bandwidth}}}}\n`;
    return Math.max(...latencies(build(fleet, '[prefill, decode]', more)));
  };
  expect(tail('4MB/s')).toBeGreaterThan(1.2 * tail('8MB/s'));
});

it('two engines on one accelerator slow each other down', () => {
  const fleet = (shares: string) => `a: {kind: llm, ${STEP}${shares}}\nb: {kind: llm, ${STEP}${shares}}`;
  const stages = '[{prefill: a}, {decode: a}, {safety: {on: b, of: both}}]';
  const apart = latencies(build(fleet(''), stages));
  const together = latencies(build(fleet(', shares: gpu, gpu_memory_utilization: 0.4'), stages));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  expect(sum(together)).toBeGreaterThan(1.01 * sum(apart));
});

it('a store saves what it holds: with it, prompts are computed once', () => {
  const traffic =
    'workload: {lengths: {input_len: 20, output_len: 4}, request_rate: 2, num_requests: 60, hash_block: 64, shared_prefix: {tokens: 2048}}\n';
  const run = (fleet: string, stages: string, more = '') => {
    const { program } = lower(readText(`fleet: {${fleet}}\npipelines: {p: {stages: ${stages}}}\n${traffic}${more}`));
    const { results } = referenceFleet(program);
    const last = program.requests.last[59];
    return { finish: results.finish[last] - program.requests.arrival[59], cached: results.cached[last] };
  };
  const cold = run(`llm: {kind: llm, ${STEP}, enable_prefix_caching: false}`, '[prefill, decode]');
  const tiers = 'tiers: {t: {capacity: 1GB, latency: 1ms, bandwidth: 1GB/s}}\n';
  const warm = run(
    `llm: {kind: llm, ${STEP}, enable_prefix_caching: false, write_back: s}, s: {kind: kv-store, tiers: [t]}`,
    '[kv-fetch, prefill, decode]',
    tiers,
  );
  expect([cold.cached, warm.cached]).toEqual([0, 2048]);
  expect(warm.finish).toBeLessThan(cold.finish - 0.01);
});

const ROUTINGS = Object.keys(ROUTING_WORDS);

/** A choice that is scored says what it weighs. */
function asSpec(name: string): string {
  return weighsTerms(ROUTING_WORDS[name]!.policy)
    ? `{policy: ${name}, terms: {queue: {weight: 2, norm: range}, kv-share: 2, prefix: -3, age: -0.1}, refresh: 100ms}`
    : name;
}

describe('random pipelines', () => {
  const words = (...list: string[]) => fc.constantFrom(...list);
  const fleet = fc.record({
    prefillRouting: words(...ROUTINGS.filter((name) => !splitsMembers(ROUTING_WORDS[name]!.policy))),
    decodeRouting: words(...ROUTINGS),
    batching: words(...BATCHING.names),
    packing: words(...PACKING.names),
    transfer: words('whole'), // layer-wise needs a model: lower.test.ts
    local: fc.integer({ min: 1, max: 2 }),
    apart: fc.boolean(),
  });

  interface Drawn {
    readonly prefillRouting: string;
    readonly decodeRouting: string;
    readonly batching: string;
    readonly packing: string;
    readonly transfer: string;
    readonly local: number;
    readonly apart: boolean;
  }

  /** Pipeline b uses every pool, whatever a has. */
  function write(f: Drawn, stages: readonly unknown[], seed: number): string {
    const engine = `kind: llm, ${STEP}, batching: ${f.batching}, packing: ${f.packing}`;
    return `fleet:
  c: {kind: cores, cores: 2}
  p: {${engine}, role: prefill, count: 2, routing: ${asSpec(f.prefillRouting)}, transfer: ${f.transfer}}
  d: {${engine}, count: 4, role: decode, routing: ${asSpec(f.decodeRouting)}}
  s: {${engine}}
  r: {kind: retrieval, hardware: xeon-8480plus, cores: 4, index: {kind: hnsw, vectors: 1_000_000, dimensions: 96, ef_search: 64}}
  k: {kind: kv-store, tiers: [near, far]}
tiers: {near: {capacity: 1GB, latency: 1ms, bandwidth: 1GB/s}, far: {capacity: 4GB, latency: 5ms, bandwidth: 200MB/s}}
disaggregation: {local: ${f.local}}
${f.apart ? 'topology: {rack: {kind: rack, port: {bandwidth: 100MB/s, latency: 1ms}}}\n' : ''}pipelines:
  a: {stages: ${JSON.stringify(stages)}}
  b: {stages: [{tokenize: c}, {retrieve: r}, {kv-fetch: k}, {prefill: p}, {decode: d}, {safety: s}]}
workload: {lengths: {input_len: {uniform: [5, 300]}, output_len: {uniform: [1, 30]}}, request_rate: 20, num_requests: 25, seed: ${seed}}
`;
  }

  const PLAIN: Drawn = {
    prefillRouting: 'round-robin',
    decodeRouting: 'round-robin',
    batching: 'continuous',
    packing: 'fcfs',
    transfer: 'whole',
    local: 1,
    apart: true,
  };

  it('have every stage of the list, on pools of every kind', () => {
    const drawn = fc.sample(drawList(1), { seed: 5, numRuns: 200 });
    expect(new Set(drawn.flatMap(typesIn))).toEqual(new Set(STAGE_TYPES));
    expect(new Set(Object.values(POOLS).map(({ kind }) => kind))).toEqual(new Set(POOL_KINDS));
  });

  it.each(listExamples())('example $name is read, lowered and run', ({ list }) => {
    const { program } = lower(readText(write(PLAIN, list, 1)));
    checkProgram(program);
    expect(new Set(referenceFleet(program).requestState)).toEqual(new Set([STATE_FINISHED]));
  });

  it('lower to right programs that run to their end, and every stage follows what it waits for', () => {
    fc.assert(
      fc.property(fleet, drawList(1), fc.integer({ min: 0, max: 1000 }), (f, stages, seed) => {
        const text = write(f, stages, seed);
        const { program } = lower(readText(text));
        checkProgram(program);
        const run = referenceFleet(program);
        expect(run.deadlock).toBeNull();
        expect(new Set(run.requestState)).toEqual(new Set([STATE_FINISHED]));
        const { visits } = program;
        for (let v = 0; v < visits.count; v++) {
          const { ready, start, finish } = run.results;
          expect(ready[v] <= start[v] && start[v] <= finish[v]).toBe(true);
          for (let e = visits.edgeAt[v]; e < visits.edgeAt[v + 1]; e++)
            expect(ready[visits.edgeTo[e]]).toBeGreaterThanOrEqual(finish[v]);
          if (visits.sameAs[v] < 0) continue;
          const [own, other] = [run.results.client[v], run.results.client[visits.sameAs[v]]];
          if ((visits.flags[v] & VISIT_LOCAL) === 0) expect(own).toBe(other);
          // an engine of no local group leaves the choice open
          else if (program.clients[other].localGroup > 0)
            expect(program.clients[own].localGroup).toBe(program.clients[other].localGroup);
        }
      }),
      { seed: 5, numRuns: 40 },
    );
  });
});
