// The Chrome trace: every event has what the format asks for, threads never overlap, arrows are matched, windows hold.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STATE_REJECTED_KV } from '../../assembly/layout/enums.ts';
import { assignLanes, printMicros } from '../../src/report/timeline/lanes.ts';
import { writeTrace } from '../../src/report/timeline/trace.ts';
import { CLIENTS, makeClient, makeRun, type VisitLine } from './builder.ts';
import { checkTrace, parseTrace, type Trace } from './check-trace.ts';
import { makeFleetRun } from './fixture.ts';

const run = makeFleetRun(150);
const { program, results } = run;

test('a whole run: valid, every visit once, an arrow for every edge', () => {
  const trace = parseTrace(writeTrace(program, results));
  expect(checkTrace(trace)).toEqual([]);
  const services = trace.traceEvents.filter((event) => event.ph === 'X' && event.cat === 'service');
  expect(services).toHaveLength(program.visits.count);
  expect(trace.traceEvents.filter((event) => event.ph === 's')).toHaveLength(program.visits.edgeTo.length);
  for (const { args, ts, dur, name, pid } of services) {
    const v = Number(args.visit);
    expect(name).toBe(program.stages[program.visits.stage[v]]);
    expect(pid).toBe(results.client[v] + 1);
    expect(ts / 1e6).toBeCloseTo(results.start[v], 8);
    expect((ts + dur) / 1e6).toBeCloseTo(results.finish[v], 8);
  }
  const queues = trace.traceEvents.filter((event) => event.ph === 'X' && event.cat === 'queue');
  const waited = [...results.start].filter((start, v) => Math.round(start * 1e9) > Math.round(results.ready[v] * 1e9));
  expect(queues).toHaveLength(waited.length);
});

test('a slice of an engine says what it was of, and of caches and preemptions only where there were some', () => {
  const visit: VisitLine = { stage: 'prefill', client: 1, ready: 0, start: 0, finish: 2, prompt: 50, output: 7 };
  const made = makeRun(CLIENTS, [
    { arrival: 0, visits: [{ ...visit, cached: 30 }] },
    { arrival: 0, visits: [visit] },
    { arrival: 0, visits: [{ ...visit, stage: 'check', client: 0 }] },
  ]);
  made.results.preemptions[1] = 2;
  const { traceEvents } = parseTrace(writeTrace(made.program, made.results));
  const args = traceEvents.filter((event) => event.cat === 'service').map((event) => event.args);
  const of = { instance: 'p', prompt: 50, output: 7 };
  expect(args.sort((a, b) => Number(a.visit) - Number(b.visit))).toEqual([
    { request: 0, visit: 0, ...of, cached: 30 },
    { request: 1, visit: 1, ...of, preemptions: 2 },
    { request: 2, visit: 2, instance: 'cores' },
  ]);
});

test('slots of a client are as many as visits ran at once; counters rise and fall back to nothing', () => {
  const { traceEvents } = parseTrace(writeTrace(program, results));
  for (const [c, client] of program.clients.entries()) {
    const mine = traceEvents.filter((event) => event.pid === c + 1);
    const slots = new Set(mine.filter((event) => event.cat === 'service').map((event) => event.tid));
    const running = mine
      .filter((event) => event.ph === 'C' && event.name === 'running')
      .map((event) => Number(event.args.running));
    expect(slots.size).toBeLessThanOrEqual(client.maxNumSeqs);
    expect(Math.max(...running)).toBe(slots.size);
    expect(running[running.length - 1]).toBe(0);
    expect(Math.min(...running)).toBeGreaterThanOrEqual(0);
  }
});

test('a window and chosen clients: nothing outside, what reaches in is cut at the edge', () => {
  const [from, to] = [4, 9];
  const trace = parseTrace(writeTrace(program, results, { from, to, clients: [6, 8] }));
  expect(checkTrace(trace)).toEqual([]);
  expect(new Set(trace.traceEvents.map((event) => event.pid))).toEqual(new Set([7, 9]));
  const timed = trace.traceEvents.filter((event) => event.ph !== 'M');
  for (const event of timed) {
    expect(event.ts).toBeGreaterThanOrEqual(from * 1e6);
    expect(event.ts + (event.dur ?? 0)).toBeLessThanOrEqual(to * 1e6);
  }
  const inside = results.start.filter(
    (start, v) => results.client[v] === 6 && start <= to && results.finish[v] >= from,
  );
  expect(timed.filter((event) => event.pid === 7 && event.cat === 'service')).toHaveLength(inside.length);
  // what ran at the window's beginning counts from there on
  const open = results.start.filter(
    (start, v) => results.client[v] === 6 && start <= from && results.finish[v] > from,
  ).length;
  const first = timed.find((event) => event.pid === 7 && event.ph === 'C' && event.name === 'running')!;
  expect([first.ts, first.args.running]).toEqual([from * 1e6, open]);
});

test('a trace stays small: whole requests are left out, and the trace says so', () => {
  const all = parseTrace(writeTrace(program, results));
  const few = parseTrace(writeTrace(program, results, { mostEvents: 600 }));
  expect(checkTrace(few)).toEqual([]);
  expect(all.otherData.requests_drawn).toBe('all');
  expect(few.otherData.requests_drawn).toMatch(/^one in \d+/);
  const slices = few.traceEvents.filter((event) => event.ph === 'X');
  expect(slices.length).toBeLessThan(700);
  for (const request of new Set(slices.map((event) => Number(event.args.request)))) {
    const events = slices.filter((event) => event.args.request === request);
    const { first } = program.requests;
    const services = events.filter((event) => event.cat === 'service').length;
    expect(services).toBe(first[request + 1] - first[request]);
  }
  const counters = (trace: Trace) => trace.traceEvents.filter((event) => event.ph === 'C' && event.pid === 7);
  expect(counters(few)).toEqual(counters(all));
});

test('one process per request: transfer, queue and service fill its time', () => {
  const trace = parseTrace(writeTrace(program, results, { perRequest: [3, 40] }));
  expect(checkTrace(trace)).toEqual([]);
  expect(new Set(trace.traceEvents.map((event) => event.pid))).toEqual(new Set([4, 41]));
  const mine = trace.traceEvents.filter((event) => event.pid === 4 && event.ph === 'X');
  const from = Math.min(...mine.map((event) => event.ts));
  const to = Math.max(...mine.map((event) => event.ts + event.dur));
  expect(from / 1e6).toBeCloseTo(program.requests.arrival[3], 8);
  expect(to / 1e6).toBeCloseTo(results.finish[program.requests.last[3]], 8);
  // every moment is covered by some slice: nothing of a request's time is unexplained
  const sorted = mine.map((event) => [event.ts, event.ts + event.dur]).sort((a, b) => a[0] - b[0]);
  let until = from;
  for (const [begin, end] of sorted) {
    expect(begin).toBeLessThanOrEqual(until + 0.002);
    until = Math.max(until, end);
  }
  expect(mine.some((event) => event.name.endsWith('(transfer)'))).toBe(true);
  const many = parseTrace(writeTrace(program, results, { perRequest: true }));
  expect(checkTrace(many)).toEqual([]);
  expect(new Set(many.traceEvents.map((event) => event.pid)).size).toBe(150);
  const large = makeFleetRun(450);
  const thinned = parseTrace(writeTrace(large.program, large.results, { perRequest: true }));
  expect(new Set(thinned.traceEvents.map((event) => event.pid)).size).toBe(150);
});

test('visits that never ended last to the end of the run; rejected ones are not drawn as waiting', () => {
  const never = Number.NaN;
  const visit = (more: Partial<VisitLine>): VisitLine => ({
    stage: 's',
    client: 0,
    ready: 1,
    start: 2,
    finish: 10,
    ...more,
  });
  const visits = [
    visit({}),
    visit({ finish: never }),
    visit({ start: never, finish: never }),
    visit({ start: never, finish: never, state: STATE_REJECTED_KV }),
    visit({ ready: never, start: never, finish: never, client: -1 }),
  ];
  const small = makeRun(
    [makeClient('c')],
    visits.map((v) => ({ arrival: 1, visits: [v] })),
  );
  const trace = parseTrace(writeTrace(small.program, small.results));
  expect(checkTrace(trace)).toEqual([]);
  const drawn = trace.traceEvents
    .filter((event) => event.ph === 'X')
    .map(({ cat, args, ts, dur }) => [args.visit, cat, ts / 1e6, (ts + dur) / 1e6]);
  expect(drawn.sort()).toEqual([
    [0, 'queue', 1, 2],
    [0, 'service', 2, 10],
    [1, 'queue', 1, 2],
    [1, 'service', 2, 10],
    [2, 'queue', 1, 10],
  ]);
  const waiting = trace.traceEvents.filter((event) => event.name === 'waiting').map((event) => event.args.waiting);
  expect(waiting).toEqual([3, 1]);
});

test('stage and client names are data', () => {
  const name = '"},{"evil":1}\\\n</script>';
  const small = makeRun(
    [makeClient(name)],
    [{ arrival: 0, visits: [{ stage: name, client: 0, ready: 0, start: 1, finish: 2 }] }],
  );
  const trace = parseTrace(writeTrace(small.program, small.results));
  expect(trace.traceEvents.filter((event) => event.ph === 'X').map((event) => event.name)).toEqual([
    `${name} (queue)`,
    name,
  ]);
});

test('lanes: no overlap, and no more than are needed', () => {
  const drawSlices = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 12 })), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(drawSlices, (drawn) => {
      const slices = drawn
        .map(([from, length], visit) => ({ from, to: from + length, visit, kind: 'service' as const }))
        .sort((a, b) => a.from - b.from || a.to - b.to);
      const lanes = assignLanes(slices);
      const until = new Map<number, number>();
      slices.forEach(({ from, to }, i) => {
        expect(from).toBeGreaterThanOrEqual(until.get(lanes[i]) ?? 0);
        until.set(lanes[i], to);
      });
      const open = (at: number): number =>
        slices.filter(({ from, to }) => from <= at && (at < to || (from === to && at === from))).length;
      const most = slices.reduce((peak, { from }) => Math.max(peak, open(from)), 0);
      expect(lanes.reduce((peak, lane) => Math.max(peak, lane + 1), 0)).toBeLessThanOrEqual(most);
    }),
    { seed: 21 },
  );
});

test('microseconds keep every nanosecond', () => {
  expect([0, 1, 999, 1000, 1500, 123_456_789, 86_400_000_000_001].map(printMicros)).toEqual([
    '0',
    '0.001',
    '0.999',
    '1',
    '1.5',
    '123456.789',
    '86400000000.001',
  ]);
});
