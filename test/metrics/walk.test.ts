// Requests from their visits: how each ended, what they are counted as, the span of a run, and which ones are looked at.
import { expect, test } from 'vitest';
import {
  STATE_CANCELLED,
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_UNFINISHED,
} from '../../assembly/layout/enums.ts';
import { chooseExamples } from '../../src/metrics/fleet/examples.ts';
import { countStates, findLastPredecessors, findSpan, isRejected, readRequests } from '../../src/metrics/fleet/walk.ts';
import { makeClient, makeRun, type VisitLine } from '../fleet-report/builder.ts';

const never = Number.NaN;
const CLIENT = [makeClient('engine')];
const visit = (more: Partial<VisitLine>): VisitLine => ({
  stage: 'prefill',
  client: 0,
  ready: 1,
  start: 2,
  finish: 4,
  ...more,
});

test('a request is what became of its last visit, or of the first one that was turned away', () => {
  const turnedAway = { start: never, finish: never, state: STATE_REJECTED_KV };
  const run = makeRun(CLIENT, [
    { arrival: 0, visits: [visit({}), visit({ ready: 5, finish: 9 })] },
    {
      arrival: 0,
      visits: [visit({ ...turnedAway, ready: 7 }), visit({ ...turnedAway, ready: 6, state: STATE_REJECTED_LENGTH })],
    },
    { arrival: 0, visits: [visit({ finish: never, state: STATE_PENDING })] },
    // its last visit ended before another one was turned away: it is finished; ended after: it is not
    { arrival: 0, visits: [visit({ ...turnedAway, ready: 5 }), visit({ finish: 4 })] },
    { arrival: 0, visits: [visit({ ...turnedAway, ready: 3 }), visit({ finish: 4 })] },
    { arrival: 0, visits: [visit({ ...turnedAway, ready: 4 }), visit({ finish: 4 })] },
  ]);
  const { state, finish, arrival } = readRequests(run);
  expect([...state]).toEqual([
    STATE_FINISHED,
    STATE_REJECTED_LENGTH,
    STATE_UNFINISHED,
    STATE_FINISHED,
    STATE_REJECTED_KV,
    STATE_REJECTED_KV,
  ]);
  expect([...finish]).toEqual([9, never, never, 4, never, never]);
  expect([...arrival]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('the states of the run itself go first, and in a closed loop a request was sent when its first visit was ready', () => {
  const run = makeRun(CLIENT, [{ arrival: 0, visits: [visit({ ready: 3 }), visit({ ready: 4 })] }]);
  const closed = { ...run, program: { ...run.program, requests: { ...run.program.requests, concurrency: 2 } } };
  expect([...readRequests(closed).arrival]).toEqual([3]);
  const told = readRequests({ ...run, requestState: Int32Array.of(STATE_UNFINISHED) });
  expect([[...told.state], [...told.finish]]).toEqual([[STATE_UNFINISHED], [never]]);
});

test('every state is counted under its own name, and only those that are chosen', () => {
  const state = Int32Array.of(
    ...[STATE_FINISHED, STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH, STATE_CANCELLED, STATE_PENDING],
  );
  const all = { total: 6, finished: 2, rejected_kv: 1, rejected_length: 1, cancelled: 1, unfinished: 1 };
  expect(countStates(state)).toEqual(all);
  expect(countStates(state, (i) => i > 0)).toEqual({ ...all, total: 5, finished: 1 });
  expect([STATE_REJECTED_KV, STATE_REJECTED_LENGTH, STATE_FINISHED, STATE_CANCELLED].map(isRejected)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('a visit waited for the predecessor that ended last, the first of equals; one that never ended hands on nothing', () => {
  const run = makeRun(CLIENT, [
    {
      arrival: 0,
      visits: [
        visit({ finish: 4, to: [3] }),
        visit({ finish: 6, to: [2] }),
        visit({ finish: 6, to: [1] }),
        visit({ finish: 9 }),
      ],
    },
    { arrival: 0, visits: [visit({ finish: never, state: STATE_PENDING, to: [1] }), visit({})] },
  ]);
  expect([...findLastPredecessors(run.program, run.results)]).toEqual([-1, -1, -1, 1, -1, -1]);
});

test('a run spans the first arrival to the last end or first token; one that stopped early, to its clock', () => {
  const run = makeRun(CLIENT, [
    { arrival: 2, visits: [visit({ finish: 8 })] },
    { arrival: 1, visits: [visit({ finish: never, first: 9, state: STATE_PENDING })] },
  ]);
  const requests = readRequests(run);
  expect(findSpan(requests, run.results)).toEqual({ from: 1, to: 9 });
  expect(findSpan(requests, run.results, 12)).toEqual({ from: 1, to: 12 });
  expect(findSpan(requests, run.results, 5)).toEqual({ from: 1, to: 9 });
  const whole = makeRun(CLIENT, [{ arrival: 2, visits: [visit({ finish: 8 })] }]);
  expect(findSpan(readRequests(whole), whole.results, 12)).toEqual({ from: 2, to: 8 });
  const none = makeRun(CLIENT, []);
  expect(findSpan(readRequests(none), none.results)).toEqual({ from: 0, to: 0 });
});

test('examples: the middle and the 99th percentile of finished requests, by pipeline where there are two to five', () => {
  const latency = (list: readonly number[]) => Float64Array.from(list);
  const done = (count: number) => new Int32Array(count).fill(STATE_FINISHED);
  const run = makeRun(CLIENT, []);
  expect(chooseExamples(run, done(5), latency([50, 10, 30, 20, 40]))).toEqual([
    { label: 'median', request: 2 },
    { label: 'p99', request: 0 },
  ]);
  expect(chooseExamples(run, done(2), latency([2, 1]))).toEqual([{ label: 'median', request: 0 }]);
  expect(chooseExamples(run, done(3), latency([3, 1, 2]))).toHaveLength(2);
  expect(chooseExamples(run, new Int32Array(2).fill(STATE_UNFINISHED), latency([1, 2]))).toEqual([]);
  const named = (names: readonly string[], of: readonly number[]) =>
    chooseExamples(
      { ...run, pipelines: { names, of: Int32Array.from(of) } },
      done(of.length),
      latency(of.map((_, i) => i)),
    );
  expect(named(['chat', 'code'], [0, 1]).map(({ label, request }) => `${label} ${request}`)).toEqual([
    'chat, median 0',
    'code, median 1',
  ]);
  expect(named(['chat'], [0, 0, 0]).map(({ label }) => label)).toEqual(['median', 'p99']);
  expect(named(['a', 'b', 'c', 'd', 'e'], [0, 1, 2, 3, 4])).toHaveLength(5);
  expect(named(['a', 'b', 'c', 'd', 'e', 'f'], [0, 1, 2, 3, 4]).map(({ label }) => label)).toEqual(['median', 'p99']);
});
