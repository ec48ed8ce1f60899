// Devices derived from others, users in place of a rate, devices in place of instances, limits of MLPerf: what they come to, and what is wrong with them.
import { describe, expect, it, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { formatIssue } from '../../src/check/issue.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import { issuesOf as issuesIn, open as openText, poolOf } from './world.ts';

const options = readOptionsOf('spec.yaml', openCatalog());
const spec = (...lines: string[]) => ['model: llama-3.1-8b', ...lines].join('\n');
const RATE = 'workload: {lengths: azure-conv-2023, request_rate: 4}';
const open = (...lines: string[]) => openText(spec(...lines), { ...options, unloaded: () => 0.1 });
const issuesOf = (...lines: string[]) => issuesIn(spec(...lines), options).map(formatIssue);
const devices = (...lines: string[]) => {
  const question = open(...lines);
  return Array.from({ length: question.rows }, (_, row) => poolOf(question.at(row).spec).configuration.hardware);
};

describe('a device derived from another', () => {
  const of = (words: string) => `deployment: {hardware: ${words}}`;

  it('has an id that says all of it, whatever the spelling', () => {
    expect(devices(RATE, of('{base: h100-sxm-80gb, tdp_w: 900, memory_bandwidth: x2}'))).toEqual([
      'h100-sxm-80gb(memory_bandwidth=x2 tdp_w=900W)',
    ]);
    for (const same of [
      '{base: H100-SXM-80GB, memory_bandwidth: "x 2.0", tdp_w: 0.9kW}',
      '"h100-sxm-80gb(tdp_w=900W memory_bandwidth=x2)"',
      '"H100-SXM-80GB(memory_bandwidth=x2,tdp_w=0.9kW)"',
    ])
      expect(devices(RATE, of(same))).toEqual(['h100-sxm-80gb(memory_bandwidth=x2 tdp_w=900W)']);
  });

  it('is its base where nothing is changed', () => {
    expect(devices(RATE, of('{base: h100-sxm-80gb, memory_bandwidth: x1}'))).toEqual(['h100-sxm-80gb']);
  });

  it('makes an axis of every figure, by list, range, parameter and choice', () => {
    const bandwidths = ['x1.5', '4TB/s', '6TB/s'].map((value) => `l4(memory_bandwidth=${value})`);
    expect(devices(RATE, of('{base: l4, memory_bandwidth: [x1.5, 4TB/s, 6TB/s]}'))).toEqual(bandwidths);
    expect(devices(RATE, of('{base: l4, memory_bandwidth: {from: 4TB/s, to: 6TB/s, step: 2TB/s}}'))).toEqual(
      bandwidths.slice(1),
    );
    const let_ = 'let: {f: [x1.5, x3], w: [100, 200]}';
    expect(devices(let_, RATE, of('{base: l4, memory_bandwidth: $f, tdp_w: 2 * w}'))).toEqual([
      ...['l4(memory_bandwidth=x1.5 tdp_w=200W)', 'l4(memory_bandwidth=x1.5 tdp_w=400W)'],
      ...['l4(memory_bandwidth=x3 tdp_w=200W)', 'l4(memory_bandwidth=x3 tdp_w=400W)'],
    ]);
    const { axes } = open(RATE, of('{choices: [l4, {base: l4, peak: x2}]}'));
    expect(axes.map(({ labels }) => labels)).toEqual([['l4', 'l4(peak=x2)']]);
  });

  it('stands in fleets too, for engines, processors and prices of its own', () => {
    const text = [
      'fleet:',
      '  all: {kind: llm, model: llama-3.1-8b, hardware: {base: l4, peak_fp8: x2}}',
      '  tools: {kind: cores, cores: 4, hardware: {base: epyc-9534, memory_bandwidth: 1TB/s}}',
      'pipelines: {chat: {stages: [{tokenize: {on: tools}}, prefill, decode]}}',
      `${RATE}`,
      'prices: {"l4(peak_fp8=x2)": 3}',
    ].join('\n');
    const cpu = openCatalog()
      .ids('hardware')
      .find((id) => openCatalog().hardware(id).kind === 'cpu')!;
    const { first } = openText(text.replace('epyc-9534', cpu), options);
    expect(first.prices).toEqual({ 'l4(peak_fp8=x2)': 3 });
    expect(
      first.pools.map((pool) =>
        pool.kind === 'llm' ? pool.configuration.hardware : 'hardware' in pool && pool.hardware,
      ),
    ).toEqual(['l4(peak_fp8=x2)', `${cpu}(memory_bandwidth=1TB/s)`]);
  });

  test.each([
    [
      '{base: h100-sxm, memory_bandwidth: x2}',
      'spec.yaml:3: deployment.hardware.base: expected hardware of the catalog, received "h100-sxm" (did you mean h100-sxm-80gb?)',
    ],
    ['{memory_bandwidth: x2}', 'deployment.hardware.base: expected hardware of the catalog'],
    ['{base: l4, memory_bandwith: x2}', 'did you mean memory_bandwidth?'],
    [
      '{base: l4, memory_bandwidth: x0}',
      'deployment.hardware.memory_bandwidth: expected a bandwidth such as 6.7TB/s, or a factor',
    ],
    ['{base: l4, memory_bandwidth: 900W}', 'W is a unit of power'],
    ['{base: l4, peak: 9e14}', "deployment.hardware.peak: expected a factor such as x2 (times the base's)"],
    ['{base: l4, peak_fp4: x2}', 'deployment.hardware.peak_fp4: expected a value: l4 has no peak_fp4 to multiply'],
    ['{base: l4, scale_up_domain: 2.5}', 'expected a whole number above 0'],
    ['"l4(memory=x2)"', 'deployment.hardware: expected'],
  ])('%s is told at its place', (words, told) => {
    const issues = issuesOf(RATE, of(words));
    expect(issues.join('\n')).toContain(told);
    expect(issues).toHaveLength(1);
  });

  it('has all its mistakes told at once', () => {
    expect(issuesOf(RATE, of('{base: l5, memory_bandwidth: fast, tdp_w: -1, speed: x2}'))).toHaveLength(4);
  });
});

describe('users in place of a rate', () => {
  const users = (words: string) => `workload: {lengths: azure-conv-2023, users: ${words}}`;
  const rates = (...lines: string[]) => {
    const question = open('deployment: {hardware: l4}', ...lines);
    return Array.from({ length: question.rows }, (_, row) => question.at(row).spec.workload.request_rate);
  };

  it('are as many requests as those at work send', () => {
    expect(rates(users('{count: 50_000, active: 4%, requests_per_hour: 9}'))).toEqual([5]);
    expect(rates(users('{count: [1200, 2400], requests_per_hour: 30}'))).toEqual([10, 20]);
    expect(rates('let: {n: 600}', users('{count: 2 * n, active: 1 / 4, requests_per_hour: n / 10}'))).toEqual([5]);
  });

  test.each([
    ['{count: 100, active: 0%, requests_per_hour: 9}', 'a share above 0 and at most 100 %'],
    ['{count: 100, active: 20, requests_per_hour: 9}', 'a share above 0 and at most 100 %'],
    ['{count: 100}', 'workload.users.requests_per_hour'],
    ['{counts: 100, requests_per_hour: 9}', 'did you mean count?'],
    ['{count: 100, requests_per_hour: 9}, request_rate: 3', 'users or request_rate, not both'],
    ['{count: 100, requests_per_hour: 9}, arrivals: all-at-once', 'no rate: all-at-once arrivals have none'],
  ])('%s is told', (words, told) => {
    expect(issuesOf('deployment: {hardware: l4}', users(words)).join('\n')).toContain(told);
  });
});

describe('devices in place of instances', () => {
  const counts = (...lines: string[]) => {
    const question = open(RATE, ...lines);
    const readable = Array.from({ length: question.rows }, (_, row) => {
      try {
        return poolOf(question.at(row).spec).count;
      } catch {
        return null;
      }
    });
    return readable;
  };

  it('leave as many instances as the split does, and no row where some are left over', () => {
    const split = 'tensor_parallel_size: [1, 2, 3, 8], pipeline_parallel_size: [1, 2]';
    expect(counts(`deployment: {hardware: l4, devices: 8, ${split}}`)).toEqual([8, 4, 4, 2, null, null, 1, null]);
  });

  it('are an axis, and what where means by devices', () => {
    const text = 'deployment: {hardware: l4, devices: [4, 8], tensor_parallel_size: [2, 4]}';
    expect(counts(text)).toEqual([2, 1, 4, 2]);
    const { keeps } = open(RATE, text, 'where: devices == 8 and count >= 4');
    expect([0, 1, 2, 3].map(keeps)).toEqual([false, false, true, false]);
  });

  test.each([
    ['devices: 8, replicas: 2', 'no count beside devices'],
    ['devices: 6, tensor_parallel_size: 4', 'a multiple of 4, the devices of one instance'],
    ['devices: some', 'deployment.devices: expected a positive integer'],
  ])('%s is told', (words, told) => {
    expect(issuesOf(RATE, `deployment: {hardware: l4, ${words}}`).join('\n')).toContain(told);
  });
});

it('has the limits of MLPerf by name, and the nearest where there is none', () => {
  const slo = (preset: string) => [RATE, 'deployment: {hardware: l4}', `slo: {preset: ${preset}, p99_tpot: 35ms}`];
  expect(open(...slo('mlperf-llama2-70b-interactive')).first.slo).toEqual([
    { metric: 'ttft', percentile: 'p99', limit: 0.45 },
    { metric: 'tpot', percentile: 'p99', limit: 0.035 },
  ]);
  expect(issuesOf(...slo('mlperf-llama2-70b')).join('\n')).toContain('did you mean mlperf-llama2-70b-');
});

describe('limits that are a multiple', () => {
  const limits = (slo: string) => {
    const question = open(RATE, 'deployment: {hardware: l4}', slo);
    return Array.from({ length: question.rows }, (_, row) => question.at(row).spec.slo.map(({ limit }) => limit));
  };

  it('are so many times what a lone request takes, with other limits and as axes', () => {
    const unloaded = 'slo: {p99_ttft: [2x unloaded, 3.5 x unloaded, 1s], p90_e2el: 5s}';
    expect(limits(unloaded)).toEqual([
      [0.2, 5],
      [0.35000000000000003, 5],
      [1, 5],
    ]);
  });

  it('need somebody who can run the row', () => {
    expect(() =>
      openText(spec(RATE, 'deployment: {hardware: l4}', 'slo: {p99_ttft: 2x unloaded}'), {
        ...options,
        unloaded: undefined,
      }),
    ).toThrow('nothing here can be run');
  });

  test.each([
    [
      'p99_ttft: 3y unloaded',
      'slo.p99_ttft: expected a time above 0, such as 250ms, or a multiple such as 3x unloaded',
    ],
    ['p99_ttft: 0x unloaded', 'slo.p99_ttft: expected a time above 0'],
    ['p99_ttft: 3', 'slo.p99_ttft: expected a time with its unit: 3ms or 3s?'],
    ['p99_ttft_ms: 3x unloaded', 'slo.p99_ttft_ms: expected a number of milliseconds above 0'],
    ['p99_ttft: 3x unloaded, p99_ttft_ms: 9', 'one limit on p99_ttft'],
  ])('%s is told', (words, told) => {
    expect(issuesOf(RATE, 'deployment: {hardware: l4}', `slo: {${words}}`).join('\n')).toContain(told);
  });
});
