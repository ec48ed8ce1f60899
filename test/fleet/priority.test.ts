// Requests that are ranked (packing: priority): who is served first, who is preempted, and the waits that two classes have by theory.
import { describe, expect, it } from 'vitest';
import type { FleetClient } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { seeded } from '../metrics/columns.ts';
import { lower, readText } from '../pipeline/world.ts';
import { programOf, type RequestRow } from './cases.ts';

function play(client: Partial<FleetClient>, requests: readonly RequestRow[]) {
  return runFleet(programOf({ clients: [{ packing: 'priority', ...client }], requests }), { leap: 'exact' }).results;
}

const request = (at: number, priority: number, prompt: number, output: number): RequestRow => ({
  at,
  priority,
  visits: [{ group: 0, prompt, output }],
});

describe('packing by priority', () => {
  it('orders those who wait by priority, then by joining, and takes no place from one that runs', () => {
    const rows = [request(0, 5, 1, 3), request(0.5, 2, 1, 1), request(0.5, 1, 1, 1), request(1.5, 1, 1, 1)];
    const { start, preemptions } = play({ maxNumSeqs: 1 }, rows);
    expect([...start]).toEqual([0, 5, 3, 4]);
    expect([...preemptions]).toEqual([0, 0, 0, 0]);
  });

  it('is first come, first served where all are equal', () => {
    const rows = [0, 0.5, 0.7, 1.5].map((at) => request(at, 7, 2, 3));
    const of = (packing: FleetClient['packing']) => play({ maxNumSeqs: 2, packing }, rows).finish;
    expect([...of('priority')]).toEqual([...of('fcfs')]);
  });

  it('preempts the last by priority, then by joining, whenever that was admitted', () => {
    // 3 + 3 tokens at 1, 4 + 4 at 2, 5 + 5 at 3: an 11th block is missing; first come, first served the second would go
    const rows = [request(0, 1, 3, 6), request(0, 0, 3, 6)];
    expect([...play({ numGpuBlocks: 10 }, rows).preemptions]).toEqual([1, 0]);
    expect([...play({ numGpuBlocks: 10, packing: 'fcfs' }, rows).preemptions]).toEqual([0, 1]);
  });

  it('lets whoever was preempted keep its place among its equals', () => {
    // the second is preempted at 3 and waits beside the third, which joined later
    const rows = [request(0, 0, 3, 6), request(0, 1, 3, 6), request(2, 1, 9, 1)];
    const { start, finish, preemptions } = play({ numGpuBlocks: 10, maxNumSeqs: 2 }, rows);
    expect([...preemptions]).toEqual([0, 1, 0]);
    expect(start[2]).toBeGreaterThanOrEqual(finish[1]!);
  });
});

// M/M/1 with mean service 1, rates 0.3 and 0.5, no preemption: W0 / (1 - r1) and W0 / ((1 - r1)(1 - r1 - r2)), W0 = 0.8 (Cobham)
it('two classes wait as the theory of priority queues says', () => {
  const spec = readText(`
fleet: {m: {kind: llm, step_time: {fixed_s: 1ms}, num_gpu_blocks: 1000000, max_num_seqs: 1, packing: priority}}
pipelines:
  paid: {weight: 3, priority: 0, stages: [{prefill: m}, {decode: m}]}
  free: {weight: 5, priority: 1, stages: [{prefill: m}, {decode: m}]}
workload: {lengths: {input_len: 1, output_len: 1}, request_rate: 0.8, num_requests: 100000, seed: 5}
`);
  const { program } = lower(spec);
  const { visits } = program;
  const random = seeded(7);
  for (let v = 0; v < visits.count; v++) visits.output[v] = Math.ceil(-1000 * Math.log(1 - random()));
  const { start, ready } = runFleet(program, { leap: 'exact' }).results;
  const waited = [0, 1].map((priority) => {
    const own = Array.from(start, (_, v) => v).filter((v) => visits.priority![v] === priority);
    return own.reduce((sum, v) => sum + start[v]! - ready[v]!, 0) / own.length;
  });
  expect(Math.abs(waited[0]! / 1.143 - 1)).toBeLessThan(0.05);
  expect(Math.abs(waited[1]! / 5.714 - 1)).toBeLessThan(0.1);
});

describe('a spec', () => {
  const told = (pool: string) => {
    try {
      readText(`
fleet: {m: {kind: llm, model: llama-3.1-8b, hardware: l40s, packing: priority, ${pool}}}
pipelines: {a: {priority: 1, stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: {input_len: 10, output_len: 10}, request_rate: 1}
`);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  it('ranks no requests where sequences advance by several tokens at once, or where arrivals are hidden', () => {
    expect(told('max_num_seqs: 8')).toBe('');
    expect(told('num_scheduler_steps: 4')).toMatch(/num_scheduler_steps/);
    expect(told('recv_interval: 4')).toMatch(/recv_interval/);
    expect(told('batch_wait: {iters: 3, max_tokens_ratio: 0.5}')).toMatch(/batch_wait/);
  });
});
