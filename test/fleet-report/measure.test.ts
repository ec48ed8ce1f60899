// The figures of a fleet run, worked out by hand on runs of a few visits, and laws on a plausible one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
  STATE_UNSENT,
} from '../../assembly/layout/enums.ts';
import { meanOpen, peakOverlap, sumLengths, uniteIntervals } from '../../src/metrics/fleet/curves.ts';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import type { FleetRun } from '../../src/metrics/fleet/types.ts';
import { VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { CLIENTS, DISAGGREGATED, makeCounters, makeRun, type RequestLine, type VisitLine } from './builder.ts';
import { makeFleetRun } from './fixture.ts';

const never = Number.NaN;
test('a disaggregated request: TTFT at the prefill, TPOT through the transfer, E2EL with what follows', () => {
  const { result } = measureFleet(makeRun(CLIENTS, [DISAGGREGATED]));
  expect(result.ttft.mean).toBe(5);
  expect(result.e2el.mean).toBe(18);
  expect(result.tpot.mean).toBe((27 - 15) / 4);
  expect(result.itl.mean).toBe(3);
  expect(result.itl.p99).toBeNaN();
  expect(result.first_answer.mean).toBe(5);
  expect([result.total_input_tokens, result.cached_input_tokens]).toEqual([100, 30]);
  expect([result.total_output_tokens, result.thinking_tokens]).toEqual([5, 0]);
  expect(result.duration).toBe(18);
  const [, prefill, decode, check] = result.stages;
  expect([prefill.queue.mean, prefill.service.mean, prefill.transfer.mean]).toEqual([1, 3, 0]);
  expect([decode.queue.mean, decode.service.mean, decode.transfer.mean]).toEqual([1, 10, 1]);
  expect(check.transfer.mean).toBe(0);
  expect(result.breakdown[0].parts).toEqual([
    { queue: 0, service: 1, transfer: 0 },
    { queue: 1, service: 3, transfer: 0 },
    { queue: 1, service: 10, transfer: 1 },
    { queue: 0, service: 1, transfer: 0 },
  ]);
});

test('an aggregated visit is a plain request: TPOT is (last - first)/(output - 1)', () => {
  const visit: VisitLine = {
    stage: 'prefill',
    client: 1,
    ready: 0,
    start: 1,
    first: 3,
    finish: 13,
    prompt: 7,
    output: 6,
  };
  const { result } = measureFleet(makeRun(CLIENTS, [{ arrival: 0, visits: [visit] }]));
  expect([result.ttft.mean, result.tpot.mean, result.e2el.mean]).toEqual([3, 2, 13]);
  const single = { ...visit, output: 1, finish: 3 };
  expect(measureFleet(makeRun(CLIENTS, [{ arrival: 0, visits: [single] }])).result.tpot.mean).toBeNaN();
});

const THINKING: RequestLine = {
  arrival: 0,
  visits: [
    { stage: 'prefill', client: 1, ready: 0, start: 0, first: 2, finish: 2, prompt: 50, to: [1, 2] },
    { stage: 'reason', client: 2, ready: 2, start: 2, finish: 12, output: 10, flags: VISIT_RESIDENT, to: [2] },
    { stage: 'reason', client: 2, ready: 2, start: 3, finish: 42, output: 20, flags: VISIT_RESIDENT, to: [1] },
    { stage: 'reward', client: 1, ready: 42, start: 42, first: 44, finish: 44, prompt: 30, to: [1] },
    { stage: 'decode', client: 2, ready: 44, start: 45, finish: 53, output: 4, flags: VISIT_RESIDENT },
  ],
};

test('the answer begins after the last thought; branches share the gaps; a reward model is no gap', () => {
  const { result } = measureFleet(makeRun(CLIENTS, [THINKING]));
  expect(result.ttft.mean).toBe(2);
  expect(result.first_answer.mean).toBe(45 + 8 / 4); // one mean gap after the start: no steps were recorded
  // branch 1: 10 s over 10 gaps; branch 2: 40 s over 20 gaps; the answer follows a stage that generates nothing: 3 gaps in 6 s
  expect(result.tpot.mean).toBeCloseTo((10 + 40 + 6) / (10 + 20 + 3), 12);
  expect([result.total_output_tokens, result.thinking_tokens]).toEqual([35, 30]);
  const reward = result.stages[2];
  expect([reward.visits.finished, reward.transfer.mean]).toEqual([1, 0]); // it waited for the slower branch, for no data
});

test('prompt tokens that another visit holds are not counted again', () => {
  const branch = { stage: 'prefill', client: 1, ready: 0, start: 0, first: 1, finish: 1, prompt: 80, shared: 60 };
  const { result } = measureFleet(
    makeRun(CLIENTS, [{ arrival: 0, visits: [{ ...branch, shared: 0, to: [1] }, branch] }]),
  );
  expect(result.total_input_tokens).toBe(80 + 20);
});

test('with recorded steps the first token of a resident visit is the end of its first step', () => {
  const steps = [
    { replica: 1, start: 45, duration: 9, prefillTokens: 0, sequences: 1, context: 1, blocks: 1 },
    { replica: 2, start: 45, duration: 1.5, prefillTokens: 0, sequences: 1, context: 1, blocks: 250 },
  ];
  const { result, timeline } = measureFleet(makeRun(CLIENTS, [THINKING], { steps }));
  expect(result.first_answer.mean).toBe(46.5);
  const kv = timeline.clients[2].kv!;
  expect(Math.max(...kv)).toBe(0.25);
  expect(kv.findIndex((share) => share > 0)).toBe(Math.floor((45 / 53) * timeline.parts));
  expect(timeline.clients[0].kv).toBeNull();
});

test('each request ends in one state, and they add up', () => {
  const visit = (more: Partial<VisitLine>): VisitLine => ({
    stage: 'prefill',
    client: 1,
    ready: 0,
    start: 0,
    finish: 1,
    first: 1,
    ...more,
  });
  const stuck = { start: never, finish: never, first: never };
  const requests: RequestLine[] = [
    { arrival: 0, visits: [visit({})] },
    { arrival: 0, visits: [visit({ ...stuck, state: STATE_REJECTED_KV })] },
    {
      arrival: 0,
      visits: [
        visit({ to: [1] }),
        visit({ ...stuck, state: STATE_REJECTED_LENGTH, ready: 1, to: [1] }),
        visit({ ...stuck, ready: never, client: -1, state: STATE_PENDING }),
      ],
    },
    { arrival: 0, visits: [visit({ ...stuck })] },
    // a side branch that is rejected after the last visit has ended takes nothing back
    { arrival: 0, visits: [visit({}), visit({ ...stuck, ready: 5, state: STATE_REJECTED_KV })], last: 0 },
  ];
  const { result, state } = measureFleet(makeRun(CLIENTS, requests, { clock: 9, stopped: 'deadlock' }));
  expect([...state.slice(0, 3)]).toEqual([STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH]);
  expect([result.completed, result.rejected_kv, result.rejected_length, result.unfinished]).toEqual([2, 1, 1, 1]);
  expect(result.visits).toEqual({
    total: 8,
    finished: 3,
    rejected_kv: 2,
    rejected_length: 1,
    cancelled: 0,
    unfinished: 2,
  });
  expect(result.duration).toBe(9);
  expect(result.clients[1].peak_queue).toBe(1); // rejected visits do not wait; the stuck one does, to the end
  expect(result.clients[1].mean_queue).toBe(1);
  expect(result.stopped).toBe('deadlock');
  expect(result.slo_met).toBe(false);
  // whoever stopped it knows the clock; a run that came to a standstill by itself keeps up with nothing
  expect(result.verdict).toBe('stable');
  expect(measureFleet(makeRun(CLIENTS, requests, { deadlock: true })).result.verdict).toBe('overloaded');
  expect(result.e2el.max).toBe(1);
});

test('in a closed loop a request was sent when its first visit became ready', () => {
  const run = makeRun(CLIENTS, [{ ...DISAGGREGATED, arrival: 0 }]);
  const closed = { ...run, program: { ...run.program, requests: { ...run.program.requests, concurrency: 4 } } };
  expect(measureFleet(closed).result.ttft.mean).toBe(5);
  expect(measureFleet(run).result.ttft.mean).toBe(15);
});

test('goodput counts requests that keep every limit', () => {
  const later = {
    ...DISAGGREGATED,
    visits: DISAGGREGATED.visits.map((visit, i) => (i === 3 ? { ...visit, finish: 46 } : visit)),
  };
  const run = makeRun(CLIENTS, [DISAGGREGATED, later], {
    slo: [
      { metric: 'ttft', percentile: 'p99', limit: 5 },
      { metric: 'e2el', percentile: 'mean', limit: 20 },
    ],
  });
  const { result } = measureFleet(run);
  expect(result.good_fraction).toBe(0.5);
  expect(result.request_goodput).toBe(1 / 36);
  expect(result.slo_met).toBe(false);
  expect(measureFleet({ ...run, slo: [{ metric: 'ttft', percentile: 'p99', limit: 5 }] }).result.slo_met).toBe(true);
});

// a share of the answered alone was all of them where nine of ten were turned away
test.each([STATE_REJECTED_QUEUE, STATE_REJECTED_KV, STATE_TIMED_OUT])(
  'a request that ends as %i keeps no limit',
  (state) => {
    const slo = [{ metric: 'ttft', percentile: 'p99', limit: 5 }] as const;
    const run = makeRun(CLIENTS, [DISAGGREGATED, DISAGGREGATED, DISAGGREGATED], { slo });
    const some = { ...run, requestState: Int32Array.of(state, STATE_FINISHED, STATE_UNSENT) };
    const { result } = measureFleet(some);
    expect([result.good_fraction, result.request_goodput, result.slo_met]).toEqual([0.5, 1 / 18, false]);
    const none = { ...run, requestState: new Int32Array(3).fill(state) };
    expect(measureFleet(none).result.good_fraction).toBe(0);
  },
);

test('clients: busy, batch, queue', () => {
  const counters = [
    makeCounters(),
    makeCounters({ busySeconds: 9, runningSeconds: 18, peakBlocks: 500, peakSequences: 3, preemptions: 2 }),
    makeCounters(),
  ];
  const { result } = measureFleet(makeRun(CLIENTS, [DISAGGREGATED, { ...DISAGGREGATED, arrival: 10 }], { counters }));
  const [cores, prefill] = result.clients;
  expect(cores.utilisation).toBeCloseTo((2 + 2) / 2 / 18, 12);
  expect([cores.peak_batch, cores.peak_queue, cores.visits]).toEqual([2, 0, 4]);
  expect(prefill.utilisation).toBe(0.5);
  expect([prefill.mean_batch, prefill.peak_batch, prefill.peak_kv_use, prefill.preemptions]).toEqual([2, 3, 0.5, 2]);
  expect(prefill.mean_queue).toBeCloseTo(2 / 18, 12);
  expect([prefill.peak_queue, prefill.cached_share]).toEqual([2, 0.3]);
  expect(result.preemptions).toBe(2);
});

test('the parts of a breakdown add up to the latency, whatever the walk', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
      const { result } = measureFleet(makeFleetRun(40, seed));
      for (const { e2el, parts } of result.breakdown) {
        const sum = parts.reduce((total, part) => total + part.queue + part.service + part.transfer, 0);
        expect(sum).toBeCloseTo(e2el, 9);
      }
      expect(result.breakdown[0].e2el).toBeCloseTo(result.e2el.mean, 9);
    }),
    { numRuns: 10, seed: 3 },
  );
});

const drawIntervals = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 8 })), {
  maxLength: 25,
});

test('occupancy: means, peaks and unions against counting every second', () => {
  fc.assert(
    fc.property(drawIntervals, fc.constantFrom(1, 4, 10, 40), (drawn, parts) => {
      const begins = Float64Array.from(drawn, ([from]) => from);
      const ends = Float64Array.from(drawn, ([from, length]) => from + length);
      const open = Array.from(
        { length: 40 },
        (_, second) => drawn.filter(([from, length]) => from <= second && second < from + length).length,
      );
      expect(peakOverlap(begins, ends)).toBe(Math.max(...open));
      const mean = meanOpen(begins, ends, 0, 40, parts);
      const width = 40 / parts;
      for (let part = 0; part < parts; part++) {
        const wanted = open.slice(part * width, (part + 1) * width).reduce((a, b) => a + b, 0) / width;
        expect(mean[part]).toBeCloseTo(wanted, 9);
      }
      const united = uniteIntervals(begins, ends);
      expect(sumLengths(united.start, united.finish)).toBe(open.filter((n) => n > 0).length);
      for (let i = 1; i < united.start.length; i++) expect(united.start[i]).toBeGreaterThan(united.finish[i - 1]);
    }),
    { seed: 11 },
  );
});

test('pipelines are measured apart, and the examples are their median and p99', () => {
  const run = makeFleetRun(200);
  const measured = measureFleet(run);
  const [support, math] = measured.result.pipelines;
  expect(support.requests.total + math.requests.total).toBe(200);
  expect(support.first_answer.p99).toBe(support.ttft.p99);
  expect(math.first_answer.p50).toBeGreaterThan(math.ttft.max);
  expect(measured.examples.map(({ label }) => label)).toEqual([
    'support, median',
    'support, p99',
    'math, median',
    'math, p99',
  ]);
  for (const { label, request } of measured.examples) {
    const pipeline = label.startsWith('support') ? 0 : 1;
    expect(run.pipelines!.of[request]).toBe(pipeline);
    const mates = measured.latencies.e2el.filter((_, r) => run.pipelines!.of[r] === pipeline);
    const quicker = mates.filter((e2el) => e2el < measured.latencies.e2el[request]).length;
    expect(quicker).toBe(Math.round((label.endsWith('p99') ? 0.99 : 0.5) * (mates.length - 1)));
  }
  const only = { ...run, pipelines: undefined } as unknown as FleetRun;
  expect(measureFleet(only).examples.map(({ label }) => label)).toEqual(['median', 'p99']);
});

test('a run in which nothing happened has figures that are unknown, not wrong', () => {
  const { result, examples } = measureFleet(makeRun(CLIENTS, []));
  expect(result.completed).toBe(0);
  expect(result.e2el.mean).toBeNaN();
  expect(result.request_throughput).toBeNaN();
  expect(examples).toEqual([]);
});
