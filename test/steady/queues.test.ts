// Queues and networks whose values are known exactly (Little, Pollaczek-Khinchine, Erlang C, mean value analysis): the simulator must give
// them, and so must the windows that its figures are of. Service times are drawn here, over the lengths that the engine is given.
import { describe, expect, it } from 'vitest';
import { measureFlow } from '../../src/metrics/fleet/flow.ts';
import { findLastPredecessors, readRequests } from '../../src/metrics/fleet/walk.ts';
import { keepsUp } from '../../src/metrics/types.ts';
import type { LoweredFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { summariseRun } from '../../src/run/measure-fleet.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { seeded } from '../metrics/columns.ts';
import { lower, readText } from '../pipeline/world.ts';

type Law = (random: () => number) => number;
const constant: Law = () => 1;
const exponential: Law = (random) => -Math.log(1 - random());
/** Mean 1, squared coefficient of variation 4: balanced two-phase hyperexponential. */
const wild: Law = (random) => {
  const p = (1 + Math.sqrt(3 / 5)) / 2;
  return random() < p ? exponential(random) / (2 * p) : exponential(random) / (2 * (1 - p));
};

const LAWS = [constant, exponential, wild];

/** Runs a spec whose visits to cores take what the laws of their stages draw. */
function run(spec: FleetSpec, lowered: LoweredFleet, laws: readonly Law[]) {
  const random = seeded(11);
  const { visits } = lowered.program;
  for (let v = 0; v < visits.count; v++) visits.seconds[v] = laws[visits.stage[v]!]!(random);
  const done = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) });
  const result = summariseRun(spec, lowered, done);
  const bound = { program: lowered.program, results: done.results, requestState: done.requestState };
  const requests = readRequests(bound);
  const flow = measureFlow(
    { ...bound, counters: [], roles: lowered.roles, slo: [] },
    requests,
    findLastPredecessors(lowered.program, done.results),
  );
  return { result, flow };
}

const ran = new Map<string, ReturnType<typeof runCores>>();
/** A queue that several laws look at runs once. */
function cores(...of: Parameters<typeof runCores>) {
  const name = `${of.slice(0, 3)} ${LAWS.indexOf(of[3])}`;
  const known = ran.get(name) ?? runCores(...of);
  ran.set(name, known);
  return known;
}

function runCores(count: number, rate: number, requests: number, law: Law) {
  const spec = readText(`
fleet: {m: {kind: cores, cores: ${count}}}
pipelines: {a: {stages: [{tool: {on: m, latency: 1s}}]}}
workload: {lengths: {input_len: 1, output_len: 1}, request_rate: ${rate}, num_requests: ${requests}, seed: 3}
`);
  const { result, flow } = run(spec, lower(spec), [law]);
  const waits = flow.waited.reduce((sum, time) => sum + time, 0) / requests;
  const waited = flow.waited.reduce((sum, time) => sum + Number(time > 1e-9), 0) / requests;
  return { result, waits, waited };
}

describe('open queues at rate 0.8, service 1', () => {
  it.each([
    ['M/D/1', constant, 60_000, 2, 0.05],
    ['M/M/1', exponential, 300_000, 4, 0.05],
    ['M/G/1, cs² = 4', wild, 300_000, 10, 0.1],
  ] as const)('%s waits as Pollaczek and Khinchine say', (_, law, requests, wait, off) => {
    const { result, waits } = cores(1, 0.8, requests, law);
    expect(Math.abs(waits / wait - 1)).toBeLessThan(off);
    expect(Math.abs(result.balance.wait / wait - 1)).toBeLessThan(off);
    expect(keepsUp(result.verdict)).toBe(true);
    expect(result.request_throughput / 0.8).toBeCloseTo(1, 1);
  });

  it('M/M/1: the 99th percentile of the sojourn is 5 ln 100', () => {
    const { result } = cores(1, 0.8, 300_000, exponential);
    expect(result.e2el.p99 / 23.03).toBeCloseTo(1, 1);
  });
});

it.each([
  [4, 3.2, 0.5964, 0.7455],
  [8, 7.2, 0.7015, 0.8769],
])('M/M/%i at %d: Erlang C', (servers, rate, share, wait) => {
  const { waits, waited } = cores(servers, rate, 150_000, exponential);
  expect(Math.abs(waited / share - 1)).toBeLessThan(0.05);
  expect(Math.abs(waits / wait - 1)).toBeLessThan(0.1);
});

describe('machine repair: think 10 s, one server of 1 s, both exponential', () => {
  it.each([
    [5, 0.436, 1.467],
    [11, 0.8368, 3.146],
    [20, 0.9981, 10.04],
  ])('%i places: throughput and response by mean value analysis, Little in the window', (places, rate, response) => {
    const spec = readText(`
fleet: {think: {kind: cores, cores: 1000}, server: {kind: cores, cores: 1}}
pipelines: {a: {stages: [{tool: {on: think, latency: 10s}}, {tool: {on: server, latency: 1s}}]}}
workload: {lengths: {input_len: 1, output_len: 1}, arrivals: {process: closed-loop, max_concurrency: ${places}}, num_requests: 60000}
`);
    const think: Law = (random) => 10 * exponential(random);
    const { result } = run(spec, lower(spec), [think, exponential]);
    expect(result.request_throughput / rate).toBeCloseTo(1, 1);
    expect((result.e2el.mean - 10) / response).toBeCloseTo(1, 1);
    expect((result.request_throughput * result.e2el.mean) / places).toBeCloseTo(1, 2);
    expect(result.verdict).toBe('stable');
  });
});

describe('engines', () => {
  it('M/M/1 of prompts: one at a time, exponential lengths', () => {
    const random = seeded(5);
    const count = 100_000;
    const spec = readText(`
fleet: {m: {kind: llm, batching: continuous, max_num_seqs: 1, num_gpu_blocks: 10000, max_num_batched_tokens: 1000000, step_time: {per_new_token_s: 1ms}}}
pipelines: {a: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: {input_len: 1, output_len: 1}, request_rate: 0.8, num_requests: ${count}}
`);
    const lowered = lower(spec);
    for (let v = 0; v < count; v++)
      lowered.program.visits.prompt[v] = Math.max(1, Math.round(1000 * exponential(random)));
    const result = summariseRun(
      spec,
      lowered,
      runFleet(lowered.program, { leap: 'closed', ...planMeasuring(spec, lowered, true) }),
    );
    expect(result.balance.wait / 4).toBeCloseTo(1, 1);
    expect(result.utilisation).toBeCloseTo(0.8, 1);
  });

  it('share a processor: the mean sojourn is S/(1 - rho) whatever the lengths', () => {
    for (const length of ['100', '{uniform: [1, 199]}', '{lognormal: {mean: 100, std: 200, max: 4000}}']) {
      const spec = readText(`
fleet: {m: {kind: llm, batching: mixed, max_num_seqs: 4000, num_gpu_blocks: 1000000, max_num_batched_tokens: 1000000, step_time: {per_sequence_s: 1ms}}}
pipelines: {a: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: {input_len: 1, output_len: ${length}}, request_rate: 8, num_requests: 60000}
`);
      const lowered = lower(spec);
      const result = summariseRun(
        spec,
        lowered,
        runFleet(lowered.program, { leap: 'closed', ...planMeasuring(spec, lowered, true) }),
      );
      const mean = lowered.program.visits.output.reduce((sum, tokens) => sum + tokens, 0) / 60_000;
      expect((result.e2el.mean * (1 - 8 * mean * 1e-3)) / (mean * 1e-3), length).toBeCloseTo(1, 1);
    }
  });
});
