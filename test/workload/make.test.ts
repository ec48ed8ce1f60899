// From a workload of the spec to requests: the same bytes for a seed, common random numbers, every mistake at once.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { WorkloadSpec } from '../../src/spec/types.ts';
import { type MakeOptions, makeRequests } from '../../src/workload/make.ts';
import type { Requests } from '../../src/workload/types.ts';

const WORKLOAD: WorkloadSpec = {
  lengths: 'azure-conv-2023',
  arrivals: { process: 'poisson' },
  request_rate: 20,
  num_requests: 500,
  seed: 0,
  requests: null,
};
const LENGTHS = { input_len: { kind: 'fixed', value: 100 }, output_len: { kind: 'uniform', min: 5, max: 9 } } as const;
const catalogShape: MakeOptions['catalogShape'] = (id) =>
  JSON.parse(readFileSync(`src/catalog/workloads/${id}.json`, 'utf8'));
const make = (changes: Partial<WorkloadSpec> = {}, options: Partial<MakeOptions> = {}) =>
  makeRequests({ ...WORKLOAD, ...changes }, { catalogShape, ...options });

const folder = mkdtempSync(join(tmpdir(), 'mist-'));
afterAll(() => rmSync(folder, { recursive: true }));

function replay(text: string, rate_scale = 1): WorkloadSpec['requests'] {
  const file = join(folder, `${createHash('sha1').update(text).digest('hex')}.csv`);
  writeFileSync(file, text);
  return { file, rate_scale };
}

function digest({ arrival, prompt, output }: Requests): string {
  const hash = createHash('sha256');
  for (const column of [arrival, prompt, output]) hash.update(Buffer.from(column.buffer));
  return hash.digest('hex').slice(0, 16);
}

test('the same seed gives the same bytes, on every host', () => {
  const lengths = {
    input_len: { kind: 'lognormal', mean: 900, std: 700, min: 1, max: 8000 },
    output_len: { kind: 'normal', mean: 200, std: 80, min: 1, max: 1000 },
  } as const;
  expect(digest(make({ lengths, num_requests: 5000 }))).toBe('35c3f3b5e9b4bef4');
  expect(digest(make({ lengths, num_requests: 5000, arrivals: { process: 'gamma', burstiness: 0.5 } }))).toBe(
    'cba5221358152e1d',
  );
});

test('another seed gives other requests', () => {
  expect(digest(make({ seed: 1 }))).not.toBe(digest(make()));
  expect(digest(make({}, { seed: 1 }))).toBe(digest(make({ seed: 1 })));
});

test('lengths stay when the process, the rate or the number of requests changes', () => {
  const { prompt, output } = make();
  const changes: Partial<WorkloadSpec>[] = [
    { arrivals: { process: 'gamma', burstiness: 0.3 } },
    { arrivals: { process: 'closed-loop', max_concurrency: 4 } },
    { request_rate: 77 },
    { num_requests: 800 },
  ];
  for (const change of changes) {
    const other = make(change);
    expect(other.prompt.slice(0, 500)).toEqual(prompt);
    expect(other.output.slice(0, 500)).toEqual(output);
  }
});

test('options replace the figures of the workload', () => {
  const requests = make({}, { requestRate: 40, numRequests: 10 });
  expect([requests.count, requests.rate]).toEqual([10, 40]);
  expect(requests.arrival[9]).toBe(make({}, { requestRate: 20, numRequests: 10 }).arrival[9] / 2);
});

test('descriptions say what was made', () => {
  expect(make().description).toBe('azure-conv-2023 lengths, Poisson 20 req/s, seed 0');
  expect(make({ lengths: LENGTHS, arrivals: { process: 'closed-loop', max_concurrency: 8 } }).description).toBe(
    '100 in, uniform 5..9 out, closed loop of 8, seed 0',
  );
});

const TRACE = 'timestamp,input,output\n0,1,5\n1,2,6\n2,3,7\n4,4,8\n';
const REPLAY = { lengths: null, request_rate: 0, num_requests: 0 } as const;

test('a trace is replayed at its own times, in part or faster', () => {
  const whole = make({ ...REPLAY, requests: replay(TRACE, 2) });
  expect([...whole.arrival]).toEqual([0, 0.5, 1, 2]);
  const part = make({ ...REPLAY, requests: replay(TRACE), num_requests: 2 });
  expect([[...part.arrival], [...part.prompt], part.count]).toEqual([[0, 1], [1, 2], 2]);
  expect(part.description).toContain('first 2 of 4');
});

test('a rate asked for replaces the rate of the trace', () => {
  const stretched = make({ ...REPLAY, requests: replay(TRACE) }, { requestRate: 3 });
  expect(stretched.rate).toBeCloseTo(3, 12);
  expect([...stretched.arrival]).toEqual([0, 0.25, 0.5, 1]);
});

test('a closed loop takes the lengths of a trace, and a list without times takes the arrivals of the workload', () => {
  const closed = make({ ...REPLAY, requests: replay(TRACE), arrivals: { process: 'closed-loop', max_concurrency: 2 } });
  expect([closed.concurrency, [...closed.prompt].sort(), [...closed.arrival]]).toEqual([2, [1, 2, 3, 4], [0, 0, 0, 0]]);
  const list = replay('input_len,output_len\n1,5\n2,6\n');
  const sampled = make({ ...REPLAY, requests: list, request_rate: 5, num_requests: 6 });
  expect([sampled.count, sampled.rate]).toEqual([6, 5]);
  expect(sampled.output).toEqual(sampled.prompt.map((p) => p + 4));
  expect(() => make({ ...REPLAY, requests: list })).toThrow('expected a file with arrival times');
});

test('all mistakes of a workload at once', () => {
  const wrong: Partial<WorkloadSpec> = {
    seed: -1,
    num_requests: 0,
    request_rate: 0,
    arrivals: { process: 'gamma', burstiness: 0 },
    lengths: {
      input_len: { kind: 'normal', mean: 10, std: -1, min: 5, max: 2 },
      output_len: { kind: 'fixed', value: 0 },
    },
  };
  let message = '';
  try {
    make(wrong);
  } catch (error) {
    message = String(error);
  }
  for (const path of [
    'seed',
    'num_requests',
    'request_rate',
    'burstiness',
    'input_len.std',
    'input_len.max',
    'output_len.value',
  ]) {
    expect(message).toContain(`workload.${path}: expected`);
  }
});
