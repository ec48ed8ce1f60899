// Windows: what lies in them is counted exactly, one stable fleet reads the same however long it runs, and what cannot be is told.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { truncate } from '../../src/metrics/fleet/window.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun, summariseRun } from '../../src/run/measure-fleet.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { issuesIn, lower, readText } from '../pipeline/world.ts';
import { drawFleet } from './fleets.ts';

const text = (workload: string, more = '') => `
fleet: {m: {kind: llm, max_num_seqs: 16, num_gpu_blocks: 20000, step_time: {fixed_s: 10ms, per_new_token_s: 10us, per_context_token_s: 10ns}}}
pipelines: {a: {stages: [{prefill: m}, {decode: m}]}}
workload: {lengths: {input_len: {uniform: [50, 150]}, output_len: {uniform: [10, 60]}}, ${workload}}
${more}`;

function measure(spec: FleetSpec, fixed = true) {
  const lowered = lower(spec);
  const run = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, fixed) });
  return { ...measureRun(spec, lowered, run), run, lowered };
}

describe('what is counted between two instants', () => {
  it('is what the steps of the run say, the one under way evenly over its time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 5, max: 40 }), (n, share) => {
        const { spec } = drawFleet(n);
        const workload = { ...spec.workload, request_rate: 20, num_requests: 60 };
        const edges = { warmup: { of: 'share', share: share / 100 }, cooldown: { of: 'share', share: 0.3 } } as const;
        const one = { ...spec, workload: { ...workload, ...edges } };
        const lowered = lower(one);
        const asked = planMeasuring(one, lowered, true);
        const run = runFleet(lowered.program, { leap: 'none', steps: true, ...asked });
        const leaping = runFleet(lowered.program, { leap: 'exact', ...asked });
        const [from, to] = run.window!.checkpoints;
        expect(leaping.window!.checkpoints.map(({ clock }) => clock)).toEqual([from!.clock, to!.clock]);
        for (const [c, { kind }] of lowered.program.clients.entries()) {
          if (kind !== 'llm') continue;
          const sums = { busySeconds: 0, runningSeconds: 0, steps: 0 };
          for (const { replica, start, duration, sequences } of run.steps) {
            const inside = Math.min(start + duration, to!.clock) - Math.max(start, from!.clock);
            if (replica !== c || !(inside > 0)) continue;
            sums.busySeconds += inside;
            sums.runningSeconds += inside * sequences;
            sums.steps += inside / duration;
          }
          for (const field of ['busySeconds', 'runningSeconds', 'steps'] as const) {
            const counted = to!.counters[c]![field] - from!.counters[c]![field];
            expect(counted).toBeCloseTo(sums[field], 6);
            const leapt = leaping.window!.checkpoints.map(({ counters }) => counters[c]![field]);
            // a leap is spread as one: its steps are nearly alike
            if (field === 'busySeconds') expect(leapt[1]! - leapt[0]!).toBeCloseTo(sums[field], 6);
          }
        }
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  it('adds up: two windows side by side are one', () => {
    const spec = readText(text('request_rate: 8, num_requests: 400'));
    const of = (warmup: number, cooldown: number) =>
      measure({
        ...spec,
        workload: {
          ...spec.workload,
          warmup: { of: 'requests', count: warmup },
          cooldown: { of: 'requests', count: cooldown },
        },
      }).result;
    const [left, right, both] = [of(100, 199), of(200, 99), of(100, 99)];
    expect(left.completed + right.completed).toBe(both.completed);
    expect(left.duration + right.duration).toBeCloseTo(both.duration, 9);
    expect(left.window!.requests + right.window!.requests).toBe(both.window!.requests);
    expect(Math.abs(left.total_output_tokens + right.total_output_tokens - both.total_output_tokens)).toBeLessThan(2);
    expect(left.balance.in_flight_end).toBe(right.balance.in_flight_start);
  });
});

describe('edges', () => {
  const windowOf = (more: string) =>
    measure(readText(text(`request_rate: 10, num_requests: 500, ${more}`))).result.window!;
  const { arrival } = measure(readText(text('request_rate: 10, num_requests: 500')));

  it('are times, requests, shares, or left to the run', () => {
    expect(windowOf('warmup: 200').from).toBe(arrival[200]);
    expect(windowOf('warmup: 10%, cooldown: 0').from).toBe(arrival[50]);
    expect(windowOf('warmup: 10%, cooldown: 0').to).toBe(arrival[499]);
    expect(windowOf('cooldown: 100').to).toBe(arrival[399]);
    const { from, to } = windowOf('warmup: 10s, cooldown: 5s');
    expect(from).toBe(arrival.find((time) => time >= arrival[0]! + 10));
    expect(to).toBe(arrival.findLast((time) => time <= arrival[499]! - 5));
    expect(windowOf('warmup: auto')).toEqual(windowOf('seed: 0'));
  });

  it('a closed loop has them too, at its checkpoints', () => {
    const loop = (more: string) =>
      measure(readText(text(`arrivals: {process: closed-loop, max_concurrency: 8}, num_requests: 640, ${more}`)))
        .result;
    expect(loop('warmup: 64').window!.requests).toBeLessThan(640 - 64);
    const { from, to, run_from, run_to } = loop('warmup: 5s, cooldown: 5s').window!;
    expect(from - run_from).toBeGreaterThanOrEqual(5);
    expect(from - run_from).toBeLessThan(7);
    expect(run_to - to).toBeGreaterThan(5);
  });

  it('duration: as many as arrive until then, or so many, whichever is first', () => {
    const count = (more: string) => lower(readText(text(`request_rate: 10, ${more}`))).program.requests.count;
    const within = arrival.filter((time) => time < 20).length;
    expect(count('duration: 20s')).toBe(within);
    expect(count('duration: 20s, num_requests: 50')).toBe(50);
    expect(count('duration: 20s, num_requests: 5000')).toBe(within);
    expect(count('duration: 2min')).toBeGreaterThan(1000);
  });
});

test('one stable fleet reads the same tokens per second, whatever the length of its run', () => {
  const rates = [300, 1000, 3000, 10_000].map((count) => {
    const { result } = measure(readText(text(`request_rate: 10, num_requests: ${count}`)));
    return result.output_throughput / (10 * 35);
  });
  for (const [i, rate] of rates.entries()) expect(Math.abs(rate - 1)).toBeLessThan([0.2, 0.1, 0.06, 0.04][i]!);
  const whole = measure(readText(text('request_rate: 10, num_requests: 60', 'client: {window: all}'))).result;
  const part = measure(readText(text('request_rate: 10, num_requests: 60'))).result;
  // the drain is as long as an answer
  expect(part.output_throughput).toBeGreaterThan(whole.output_throughput);
});

test('a closed loop is measured without the burst that starts it; all of it has that', () => {
  const loop = (window: string) =>
    measure(
      readText(
        text(
          'arrivals: {process: closed-loop, max_concurrency: 64}, num_requests: 1000',
          `client: {window: ${window}}`,
        ),
      ),
      false,
    ).result;
  const [measured, all] = [loop('measured'), loop('all')];
  expect(all.ttft.p99).toBeGreaterThan(measured.ttft.p99);
  expect(measured.verdict).toBe('stable');
});

test('tokens of a window are those of the steps that end in it, also while a loop fills up', () => {
  const fleet = text(
    'arrivals: {process: closed-loop, max_concurrency: 40}, num_requests: 300, warmup: 45, cooldown: 100',
  ).replace('max_num_seqs: 16', 'max_num_seqs: 64, max_num_batched_tokens: 16384'); // no prompt in parts: a token a sequence and step
  const spec = readText(fleet);
  const lowered = lower(spec);
  const asked = planMeasuring(spec, lowered, true);
  const run = runFleet(lowered.program, { leap: 'none', steps: true, ...asked });
  const [from, to] = run.window!.checkpoints.map(({ clock }) => clock);
  let made = 0;
  for (const { start, duration, sequences } of run.steps)
    if (start + duration > from! && start + duration <= to!) made += sequences;
  expect(measureRun(spec, lowered, run).result.total_output_tokens).toBe(made);
  const leaping = runFleet(lowered.program, { leap: 'exact', ...asked });
  expect(summariseRun(spec, lowered, leaping).output_throughput * (to! - from!)).toBeCloseTo(made, 6);
});

test('MSER-5 cuts what a start adds, and says where a series never settles', () => {
  const burst = Float64Array.from({ length: 400 }, (_, i) => (i < 60 ? 60 - i : 0) + (i % 7) / 7);
  const cut = truncate(burst)!;
  expect(cut).toBeGreaterThanOrEqual(50);
  expect(cut).toBeLessThanOrEqual(65);
  expect(truncate(Float64Array.from({ length: 400 }, (_, i) => i))).toBe(null);
  expect(truncate(new Float64Array(400).fill(3))).toBe(0);
});

describe('what cannot be', () => {
  const told = (workload: string) =>
    issuesIn(() => readText(text(workload))).map(
      ({ path, expected, received, line }) => `${line} ${path}: ${expected} | ${received}`,
    );

  it('is told at once, with its line', () => {
    expect(told('request_rate: 1, duration: 5, warmup: -3, cooldown: 120%')).toEqual([
      '4 workload.duration: a time with its unit: 5ms or 5s? | 5',
      '4 workload.warmup: a time with its unit such as 30s, a whole number of requests, a share such as 10%, or auto | -3',
      '4 workload.cooldown: a time with its unit such as 30s, a whole number of requests, a share such as 10%, or auto | "120%"',
    ]);
    expect(told('request_rate: 1, warmup: 0.5').length).toBe(1);
    expect(told('request_rate: 1, num_requests: 100, warmup: 60, cooldown: 40')).toEqual([
      '4 workload.cooldown: less than the 40 requests that the run has left | 40 requests',
    ]);
    expect(told('request_rate: 1, duration: 10min, warmup: 600s')).toEqual([
      '4 workload.warmup: less than the 600 s that the run has left | 600 s',
    ]);
    expect(told('request_rate: 1, warmup: 60%, cooldown: 40%')).toEqual([
      '4 workload.cooldown: less than the 40 % that the run has left | 40 %',
    ]);
    expect(told('arrivals: all-at-once, duration: 10s, warmup: 3').length).toBe(2);
    expect(told('arrivals: {process: closed-loop, max_concurrency: 4}, duration: 10s')).toEqual([
      '4 workload.duration: num_requests instead: how many a closed loop sends until then shows only in the run | 10 s',
    ]);
  });

  it('a warm-up longer than the run that comes of it', () => {
    const spec = readText(text('request_rate: 10, num_requests: 100, warmup: 1h'));
    const [issue] = issuesIn(() => planMeasuring(spec, lower(spec), true));
    expect(issue).toMatchObject({ path: 'workload.warmup', received: '3600 s', line: 4 });
    expect(issue!.expected).toMatch(/^edges that leave a window with arrivals: 100 requests come within/);
  });

  it('a duration before the first request', () => {
    const [issue] = issuesIn(() => lower(readText(text('request_rate: 0.001, duration: 1s'))));
    expect(issue).toMatchObject({ path: 'workload.duration', received: '1 s' });
  });
});

test('the summary of a sweep is the part of a run that stands for the fleet, window and all', () => {
  const spec = readText(text('request_rate: 10, num_requests: 800'));
  const { run, lowered, result } = measure(spec);
  expect(result).toMatchObject(summariseRun(spec, lowered, run));
});
