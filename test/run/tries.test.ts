// Overload, time-outs and tries as figures: what a client sees of all its tries, conservation, goodput.
import { describe, expect, it } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_QUEUE, STATE_TIMED_OUT } from '../../assembly/layout/enums.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { summariseRun } from '../../src/run/measure-fleet.ts';
import { issuesIn, lower, readText } from '../pipeline/world.ts';

/** One engine that serves one request a second, and takes one at a time. */
const ENGINE = 'step_time: {fixed_s: 1s}, num_gpu_blocks: 1000, block_size: 1, max_num_seqs: 1';

function specOf(engine: string, workload: string, client = '', slo = ''): string {
  return `
fleet: {engine: {kind: llm, ${ENGINE}${engine}}}
pipelines: {serve: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {lengths: {input_len: 1, output_len: 1}, ${workload}}
client: {time: none${client}}
${slo}`;
}

function run(text: string) {
  const spec = readText(text);
  const lowered = lower(spec);
  const ran = runFleet(lowered.program, { leap: 'exact', ...planMeasuring(spec, lowered, true) });
  return { ran, figures: summariseRun(spec, lowered, ran) };
}

const EVENLY = 'arrivals: uniform, request_rate: 1.5, num_requests: 600, warmup: 20s, cooldown: 0';
const SLO = 'slo: {p99_e2el: 5s}';

describe('half as much again as a server can take', () => {
  it('keeps no promise where everybody waits, though all the time somebody is served', () => {
    const { figures } = run(specOf('', EVENLY, '', SLO));
    expect(figures.request_throughput).toBeCloseTo(1, 1);
    // effects.md 7.2: whoever comes at t waits half of t
    expect(figures.request_goodput).toBeLessThan(0.02);
  });

  it('nor where clients leave long after that, but does where the queue is short', () => {
    expect(run(specOf('', EVENLY, ', timeout: 60s', SLO)).figures.request_goodput).toBeLessThan(0.02);
    const { figures, ran } = run(specOf(', max_queued_requests: 4', EVENLY, '', SLO));
    expect(figures.request_goodput).toBeCloseTo(1, 1);
    expect([figures.rejected_queue! / 600, figures.verdict]).toEqual([expect.closeTo(1 / 3, 1), 'backlogged']);
    const { in_flight_start, offered, served, lost, in_flight_end } = figures.balance;
    expect(in_flight_start + offered).toBe(served + lost + in_flight_end);
    expect(ran.requestState.filter((state) => state === STATE_REJECTED_QUEUE).length).toBe(figures.rejected_queue);
  });

  it('says what was lost, when, and what was made for nobody', () => {
    const { figures, ran } = run(specOf('', EVENLY, ', timeout: 10.5s'));
    expect(figures.timed_out).toBeGreaterThan(100);
    expect(figures.timed_out! + figures.completed).toBeLessThanOrEqual(600);
    const r = ran.requestState.indexOf(STATE_TIMED_OUT);
    expect(ran.lostAt![r]! - ran.results.ready[r]!).toBeCloseTo(10.5, 9);
    const { in_flight_start, offered, served, lost, in_flight_end } = figures.balance;
    expect(in_flight_start + offered).toBe(served + lost + in_flight_end);
    // first come, first served: whoever is served has waited nearly until its client leaves
    expect(figures.wasted_tokens).toBeGreaterThan(300);
    expect(figures.wasted_tokens! + ran.requestState.filter((state) => state === STATE_FINISHED).length).toBeLessThan(
      450,
    );
  });
});

describe('a request that is sent again', () => {
  const THREE = 'arrivals: all-at-once, num_requests: 3';

  it('is one request: it ends once, and its latency counts from the first time', () => {
    const all = ', window: all';
    const { ran, figures } = run(specOf(', max_queued_requests: 1', THREE, `${all}, retries: 2, backoff: 1.25s`));
    // one of three joins; at 1.25 one of the other two does, and the last one comes back at 3.75
    expect([...ran.requestState]).toEqual([STATE_FINISHED, STATE_FINISHED, STATE_FINISHED]);
    expect([...ran.results.finish]).toEqual([1, 2.25, 4.75].map((time) => expect.closeTo(time, 9)));
    expect([...ran.results.ready]).toEqual([0, 0, 0]);
    expect([figures.completed, figures.retried, figures.e2el.p50]).toEqual([3, 3, expect.closeTo(2.25, 9)]);
  });

  it('is lost with its last try', () => {
    const { ran, figures } = run(
      specOf(', max_queued_requests: 1', THREE, ', window: all, retries: 1, backoff: 100ms'),
    );
    expect([figures.completed, figures.rejected_queue, figures.retried]).toEqual([2, 1, 2]);
    expect([...ran.lostAt!]).toEqual([Number.NaN, Number.NaN, 0.1]);
  });

  it('waits as its own pipeline says', () => {
    const text = `
fleet: {engine: {kind: llm, ${ENGINE}}}
pipelines:
  hasty: {timeout: 1.5s, stages: [{prefill: {}}, {decode: {}}]}
  calm: {stages: [{prefill: {}}, {decode: {}}]}
workload: {lengths: {input_len: 1, output_len: 1}, arrivals: all-at-once, num_requests: 40}
client: {time: none, window: all, timeout: 30.5s}`;
    const { ran } = run(text);
    const { of } = lower(readText(text)).pipelines;
    const latest = (pipeline: number) =>
      Math.max(...[...ran.results.finish].filter((time, r) => of[r] === pipeline && !Number.isNaN(time)));
    expect(latest(0)).toBeLessThanOrEqual(1.5);
    expect(latest(1)).toBeLessThanOrEqual(30.5);
    expect(latest(1)).toBeGreaterThan(20);
  });
});

describe('a wrong rule', () => {
  it.each([
    ['', ', timeout: 0s', 'client.timeout'],
    ['', ', retries: 1.5', 'client.retries'],
    ['', ', backoff: -1s', 'client.backoff'],
    [', max_queued_requests: 0', '', 'fleet.engine.max_queued_requests'],
  ])('%s%s is named', (engine, client, path) => {
    const issues = issuesIn(() => readText(specOf(engine, EVENLY, client)));
    expect(issues.map((issue) => issue.path)).toEqual([path]);
  });
});
