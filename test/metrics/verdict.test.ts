// The verdict on queues whose capacity is known: it must not depend on seeds, scales or long answers, and its counts must balance.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Flow } from '../../src/metrics/fleet/flow.ts';
import { judge } from '../../src/metrics/verdict.ts';
import { poisson, seeded } from './columns.ts';

/** First come first served by `slots` slots; service exponential around `mean`, or always that. */
function serve(arrivals: readonly number[], slots: number, mean: number, seed = 1, law = 'exponential'): Flow {
  const random = seeded(seed);
  const free = new Array<number>(slots).fill(0);
  const spans = arrivals.map((arrival) => {
    const slot = free.indexOf(Math.min(...free));
    const start = Math.max(arrival, free[slot]!);
    free[slot] = start + (law === 'exponential' ? -Math.log(1 - random()) * mean : mean);
    return { arrival, start, end: free[slot]! };
  });
  return flowOf(spans);
}

interface Span {
  readonly arrival: number;
  readonly start: number;
  readonly end: number;
  readonly lost?: boolean;
}

function flowOf(spans: readonly Span[]): Flow {
  const column = (read: (span: Span) => number) => Float64Array.from(spans, read);
  const arrival = column((span) => span.arrival);
  return {
    arrival,
    end: column(({ end }) => end),
    served: Uint8Array.from(spans, ({ lost, end }) => (lost || end === Infinity ? 0 : 1)),
    waited: column((span) => span.start - span.arrival),
    waits: { begin: arrival, end: column(({ start }) => start) },
  };
}

/** From a fifth of the arrivals to nine tenths of them. */
function verdictOf(flow: Flow, concurrency = 0) {
  const { arrival } = flow;
  const at = (share: number) => arrival[Math.floor(share * arrival.length)]!;
  return judge(flow, { from: at(0.2), to: at(0.9) }, concurrency).verdict;
}

describe('bytes on links', () => {
  /** Nine hundred and ninety-five of a thousand requests send nothing; the others a gigabyte over one link, one after another. */
  const carried = (seconds: number): Flow => {
    const flow = serve(poisson(20_000, 10, 3), 40, 2);
    const senders = [...flow.arrival.keys()].filter((r) => r % 200 === 0);
    let free = 0;
    const until = senders.map((r) => {
      free = Math.max(free, flow.arrival[r]!) + seconds;
      return free;
    });
    const begin = Float64Array.from(senders, (r) => flow.arrival[r]!);
    return {
      ...flow,
      sent: { begin, end: Float64Array.from(until), bytes: new Float64Array(senders.length).fill(1e9) },
    };
  };

  it('that pile up are an overload, however few requests wait for them', () => {
    // one every 20 s
    expect(verdictOf(carried(10))).toBe('stable');
    expect(verdictOf(carried(30))).toBe('overloaded');
    expect(verdictOf({ ...carried(30), sent: undefined } as Flow)).toBe('stable');
  });
});

describe('queues of known capacity', () => {
  // 40 slots of 4 s: 10 requests/s
  const slots = (rate: number, count: number, seed: number) => serve(poisson(count, rate, seed), 40, 4, seed + 100);
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

  it.each(seeds)('are stable at 0.7 of it, overloaded at 1.3 (seed %i)', (seed) => {
    expect(verdictOf(slots(7, 4000, seed))).toBe('stable');
    expect(verdictOf(slots(13, 4000, seed))).toBe('overloaded');
  });

  it.each(seeds)('say in short runs that they are too short, never the other word (seed %i)', (seed) => {
    for (const count of [20, 50, 100, 300]) {
      expect(verdictOf(slots(13, count, seed))).not.toBe('stable');
      expect(verdictOf(slots(7, count, seed))).not.toBe('overloaded');
    }
    expect(verdictOf(slots(7, 50, seed))).toBe('too-short');
  });

  it.each([1e-3, 1, 1e3])('do not depend on the unit of time (%d)', (scale) => {
    for (const rate of [7, 13]) {
      const flow = slots(rate, 2000, 3);
      const scaled = (column: Float64Array) => column.map((time) => time * scale);
      const { arrival, end, waited, waits, served } = flow;
      const stretched = {
        ...{ arrival: scaled(arrival), end: scaled(end), waited: scaled(waited), served },
        waits: { begin: scaled(waits.begin), end: scaled(waits.end) },
      };
      expect(verdictOf(stretched)).toBe(verdictOf(flow));
    }
  });
});

test('answers longer than the window are no overload and no proof of none', () => {
  expect(verdictOf(serve(poisson(2000, 100), 10_000, 40, 1, 'constant'))).toBe('too-short');
});

test('what is served ever slower is overloaded although nothing waits', () => {
  const spans = poisson(4000, 10).map((t, i) => ({ arrival: t, start: t, end: t + 1 + 0.02 * i }));
  expect(verdictOf(flowOf(spans))).toBe('overloaded');
  // as it fills up, a fleet is too short to judge
  expect(verdictOf(flowOf(spans.slice(0, 300)))).toBe('too-short');
});

test('a queue that stays as long as it is: backlogged where it is three times the service', () => {
  const waiting = (wait: number) =>
    flowOf(Array.from({ length: 1000 }, (_, i) => ({ arrival: i, start: i + wait, end: i + wait + 2 })));
  expect(verdictOf(waiting(5.9))).toBe('stable');
  expect(verdictOf(waiting(6.1))).toBe('backlogged');
});

test('both halves must grow', () => {
  const grown = (wait: (i: number) => number) =>
    flowOf(Array.from({ length: 4000 }, (_, i) => ({ arrival: i, start: i + wait(i), end: i + wait(i) + 2 })));
  expect(verdictOf(grown((i) => 0.2 * i))).toBe('overloaded');
  expect(verdictOf(grown((i) => 0.2 * Math.min(i, 1500)))).not.toBe('overloaded');
  expect(verdictOf(grown((i) => 0.2 * Math.max(0, i - 2500)))).not.toBe('overloaded');
});

test('nothing but refusals has a word of its own', () => {
  const refused = Array.from({ length: 50 }, (_, i) => ({ arrival: i, start: i, end: i, lost: true }));
  expect(verdictOf(flowOf(refused))).toBe('rejected');
  expect(judge(flowOf(refused), { from: 0, to: Infinity }, 0).verdict).toBe('rejected');
});

test('all at once: stable when everything runs together, backlogged when the rest must wait', () => {
  const together = new Array<number>(100).fill(0);
  const all = { from: 0, to: Number.POSITIVE_INFINITY };
  expect(judge(serve(together, 100, 4), all, 0).verdict).toBe('stable');
  expect(judge(serve(together, 10, 4), all, 0).verdict).toBe('backlogged');
});

test('a closed loop is stable once every place was taken twice', () => {
  const loop = (count: number) => serve(poisson(count, 10), 64, 4);
  expect(verdictOf(loop(1000), 64)).toBe('stable');
  expect(verdictOf(loop(100), 64)).toBe('too-short');
});

test('what never ended is in flight, and waits where it never began', () => {
  const flow = serve(poisson(4000, 13), 40, 4);
  const cut = flow.arrival[3700]!;
  const late = (column: Float64Array) => column.map((time) => (time > cut ? Infinity : time));
  const waits = { begin: flow.waits.begin, end: late(flow.waits.end) };
  const served = flow.served.map((one, r) => (flow.end[r]! > cut ? 0 : one));
  expect(verdictOf({ ...flow, end: late(flow.end), waits, served })).toBe('overloaded');
});

test('L14: in flight at the start + offered = served + lost + in flight at the end, in every window', () => {
  const time = fc.double({ min: 0, max: 10, noNaN: true });
  const tick = fc.integer({ min: 0, max: 10 }).map((t) => t);
  const span = fc.record({
    arrival: fc.oneof(time, tick),
    wait: fc.oneof(time, tick),
    serve: fc.oneof(time, tick),
    lost: fc.boolean(),
    never: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(span, { minLength: 1, maxLength: 40 }),
      fc.oneof(time, tick),
      fc.oneof(time, tick),
      (drawn, a, b) => {
        const spans = drawn
          .map(({ arrival, wait, serve: lasts, lost, never }) => ({
            arrival,
            start: arrival + wait,
            end: never ? Infinity : arrival + wait + lasts,
            lost,
          }))
          .sort((one, other) => one.arrival - other.arrival);
        const { balance } = judge(flowOf(spans), { from: Math.min(a, b), to: Math.max(a, b) + 1e-3 }, 0);
        const { in_flight_start, offered, served, lost, in_flight_end } = balance;
        expect(in_flight_start + offered).toBe(served + lost + in_flight_end);
      },
    ),
  );
});
