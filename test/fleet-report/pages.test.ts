// What a pipeline run prints and writes: the block people know, JSON, one line per request, a page that loads nothing.
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { measureFleet } from '../../src/metrics/fleet/measure.ts';
import { formatTidy, formatTime, linearTicks, logTicks } from '../../src/report/fleet/axis.ts';
import { fleetHtml } from '../../src/report/fleet/html.ts';
import { fleetJson } from '../../src/report/fleet/json.ts';
import { fleetRequestLines } from '../../src/report/fleet/requests.ts';
import { fleetTable } from '../../src/report/fleet/terminal.ts';
import { makeClient, makeCounters, makeRun } from './builder.ts';
import { CONTEXT, makeFleetRun } from './fixture.ts';

const measured = measureFleet(makeFleetRun(120));
const { result } = measured;
const plain = measureFleet(
  makeRun(
    [makeClient('one')],
    [
      {
        arrival: 0,
        visits: [{ stage: 'prefill', client: 0, ready: 0, start: 0, first: 1, finish: 4, prompt: 5, output: 4 }],
      },
    ],
    {
      counters: [makeCounters({ busySeconds: 4, runningSeconds: 4, steps: 4, peakSequences: 1 })],
    },
  ),
);
const PLAIN = { ...CONTEXT, slo: [], requestRate: 0, maxConcurrency: 3 };

/** The part of the text that starts with a heading, up to the next empty line. */
function tableAfter(text: string, heading: string): string[][] {
  const lines = text
    .slice(text.search(new RegExp(`^${heading} `, 'm')))
    .split('\n\n')[0]
    .split('\n');
  return lines.slice(2).map((line) => line.split(/ {2,}/));
}

test("the block has vLLM's rows in vLLM's order", () => {
  const text = fleetTable(result, CONTEXT);
  const labels = [
    'Serving Benchmark Result',
    'Successful requests:',
    'Failed requests:',
    'Request rate configured (RPS):',
    'Benchmark duration (s):',
    'Total input tokens:',
    'Total generated tokens:',
    'Request throughput (req/s):',
    'Request goodput (req/s):',
    'Output token throughput (tok/s):',
    'Peak output token throughput (tok/s):',
    'Peak concurrent requests:',
    'Total token throughput (tok/s):',
    'Time to First Token',
    'Mean TTFT (ms):',
    'Median TTFT (ms):',
    'P99 TTFT (ms):',
    'Time to First Answer Token',
    'P99 TTFAT (ms):',
    'Time per Output Token (excl. 1st token)',
    'P99 TPOT (ms):',
    'Inter-token Latency',
    'P99 ITL (ms):',
    'End-to-end Latency',
    'P99 E2EL (ms):',
  ];
  const places = labels.map((label) => text.indexOf(label));
  expect(places.every((place) => place >= 0)).toBe(true);
  expect([...places].sort((a, b) => a - b)).toEqual(places);
  expect(text).toContain(`P99 E2EL (ms):                           ${(result.e2el.p99 * 1000).toFixed(2)}`);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(130);
});

test('the tables have every stage and instance once, and shares that add up', () => {
  const text = fleetTable(result, CONTEXT);
  const stages = tableAfter(text, 'stage');
  expect(stages.map((cells) => cells[0]).filter((cell) => measured.run.program.stages.includes(cell))).toEqual([
    ...measured.run.program.stages,
  ]);
  const shares = stages.flatMap((cells) => cells.filter((cell) => / %$/.test(cell)).map(Number.parseFloat));
  const sum = shares.reduce((a, b) => a + b, 0);
  expect(sum).toBeGreaterThan(95);
  expect(sum).toBeLessThan(105);
  expect(tableAfter(text, 'instance').map(([name]) => name)).toHaveLength(measured.run.program.clients.length);
  expect(tableAfter(text, 'pipeline').map(([name]) => name)).toEqual([
    'support',
    'math',
    expect.stringContaining('Latencies'),
  ]);
});

test('what is unknown or does not apply is left out, not printed as nothing', () => {
  const text = fleetTable(plain.result, PLAIN);
  for (const words of [
    'TTFAT',
    'goodput',
    'RPS',
    'J/request',
    '$/h',
    'pipeline',
    'Mean power',
    'NaN',
    'undefined',
    'KV peak share',
  ]) {
    expect(text).not.toContain(words);
  }
  expect(text).toContain('Maximum request concurrency:             3');
  expect(fleetTable(measureFleet(makeRun([], [])).result, PLAIN)).not.toMatch(/NaN|undefined/);
});

test('joins of branches are no rows, unknown prices are named, and what is known is added up', () => {
  const visit = { ready: 0, start: 0, finish: 4 };
  const visits = [
    { ...visit, stage: 'prefill', client: 0, first: 1, to: [1] },
    { stage: 'join', client: 1, ready: 4, start: 4, finish: 4, to: [1] },
    { stage: 'tool', client: 2, ready: 4, start: 4, finish: 5 },
  ];
  const clients = [
    makeClient('engine'),
    makeClient('joint', { kind: 'cores' }),
    makeClient('tools', { kind: 'cores' }),
  ];
  const energy = { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: 360 };
  const prices = {
    clients: [
      { energy, devices: 1, usdPerDeviceHour: 3.6 },
      { energy: null, devices: 0, usdPerDeviceHour: Number.NaN },
      { energy: null, devices: 1, usdPerDeviceHour: Number.NaN },
    ],
  };
  const run = measureFleet(makeRun(clients, [{ arrival: 0, visits }], { prices }));
  const text = fleetTable(run.result, PLAIN);
  const page = fleetHtml(run, PLAIN);
  expect(tableAfter(text, 'instance').map(([name]) => name)).toEqual([
    'engine',
    'tools',
    expect.stringMatching(/^Energy/),
    expect.stringMatching(/^Costs/),
  ]);
  expect(text).toContain('Took no time: join.');
  expect(text).toContain('Costs are without those of tools, whose price is unknown.');
  expect(text).toMatch(/Cost \(\$\/h\): +3\.60/);
  expect(text).toMatch(/Energy per request \(J\): +1800\.00/);
  expect(page).not.toContain('joint');
  expect(page).toContain('without tools');
  expect(fleetJson(run.result, PLAIN).mist).toMatchObject({
    unpriced_instances: ['tools'],
    unmetered_instances: ['tools'],
  });
  expect(run.result.stages.map((stage) => stage.usd_per_request)).toEqual([expect.closeTo(0.005, 12), 0, Number.NaN]);
});

test("JSON has vLLM's names, and no value that JSON does not know", () => {
  const json = JSON.parse(JSON.stringify(fleetJson(result, CONTEXT)));
  expect(json).toMatchObject({
    backend: 'mist',
    completed: 120,
    failed: 0,
    request_rate: 9,
    max_concurrency: null,
    burstiness: 1,
    num_prompts: 120,
  });
  expect(json.p99_ttft_ms).toBe(result.ttft.p99 * 1000);
  expect(json['p99.9_e2el_ms']).toBe(result.e2el.p999 * 1000);
  expect(json.median_ttfat_ms).toBe(result.first_answer.p50 * 1000);
  expect(json.p99_itl_ms).toBeNull();
  expect(json.mist.stages.map((stage: { name: string }) => stage.name)).toEqual(measured.run.program.stages);
  expect(json.mist.instances).toHaveLength(9);
  expect(json.mist.instances[0]).toMatchObject({ name: 'front cores', kind: 'cores', peak_kv_use: null });
  const p99 = json.mist.breakdown.find((one: { name: string }) => one.name === 'p99');
  const parts = Object.values(p99.stages as Record<string, Record<string, number>>).flatMap((part) =>
    Object.values(part),
  );
  expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(p99.e2el_ms, 6);
});

test('one JSON line per request, with all its visits', () => {
  const lines = [...fleetRequestLines(measured)].join('').trimEnd().split('\n');
  expect(lines).toHaveLength(120);
  const requests = lines.map((line) => JSON.parse(line));
  expect(requests.flatMap((request) => request.visits)).toHaveLength(measured.run.program.visits.count);
  const sum = requests.reduce((total, request) => total + request.usd, 0);
  expect(sum).toBeCloseTo((result.usd_per_hour / 3600) * result.duration, 9);
  const { request, visits, e2el_s, arrival_s, finish_s, pipeline } = requests[17];
  expect([request, pipeline]).toEqual([17, ['support', 'math'][measured.run.pipelines!.of[17]]]);
  expect(finish_s - arrival_s).toBe(e2el_s);
  expect(visits[0]).toMatchObject({
    stage: 'tokenize',
    instance: 'front cores',
    state: 'finished',
    first_token_s: null,
  });
  expect(visits[0].ready_s).toBe(arrival_s);
});

test('the page shows every part, loads nothing and runs nothing', () => {
  const page = fleetHtml(measured, CONTEXT);
  const { document } = parseHTML(page);
  expect(document.querySelector('h1')?.textContent).toBe('120 requests served');
  const headings = [...document.querySelectorAll('h2')].map((heading) => heading.textContent);
  expect(headings).toEqual([
    'Where the time goes',
    'Stages',
    'Requests, visit by visit',
    'Instances over time',
    'Instances',
    'Distributions',
    'Pipelines',
    'How it is counted',
  ]);
  expect(document.querySelectorAll('.waterfall')).toHaveLength(4);
  const rows = [...document.querySelectorAll('.waterfall')].map(
    (waterfall) => waterfall.querySelectorAll('.visit').length,
  );
  expect(rows).toEqual([8, 8, 9, 9]);
  for (const stack of document.querySelectorAll('.stack')) {
    const widths = [...stack.querySelectorAll('i')].map((bar) =>
      Number.parseFloat(bar.getAttribute('style')!.slice(6)),
    );
    expect(widths.reduce((a, b) => a + b, 0)).toBeLessThan(100.1);
  }
  expect(page).not.toMatch(/NaN|undefined|<script|<link|<img|https?:|url\(/);
  expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).not.toContain('script-src');
});

test('what users write is shown, not run', () => {
  const attack = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;
  const run = makeRun(
    [makeClient(attack)],
    [{ arrival: 0, visits: [{ stage: attack, client: 0, ready: 0, start: 0, first: 1, finish: 4 }] }],
    {
      pipelines: { names: [attack, 'b'], of: Int32Array.of(0) },
      stopped: attack,
    },
  );
  const page = fleetHtml(measureFleet(run), {
    ...CONTEXT,
    name: attack,
    text: attack,
    file: attack,
    workload: attack,
    models: [attack],
    version: attack,
  });
  expect(page).not.toMatch(/<script|<img/);
});

test('pages of runs with little to show', () => {
  for (const one of [plain, measureFleet(makeRun([], [])), measureFleet(makeRun([makeClient('idle')], []))]) {
    expect(fleetHtml(one, PLAIN)).not.toMatch(/NaN|undefined|Infinity/);
  }
});

test('ticks are round and inside; times have the unit that fits', () => {
  expect(linearTicks(0, 23, 5)).toEqual([0, 5, 10, 15, 20]);
  expect(linearTicks(0.1, 0.32, 2)).toEqual([0.2]);
  expect(logTicks(0.03, 1.2)).toEqual([0.05, 0.1, 0.2, 0.5, 1]);
  expect(logTicks(0.001, 1000, 7)).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
  expect([0, 2.5e-4, 9.9999e-4, 0.04, 1.5, 599.99, 700, Number.NaN].map(formatTime)).toEqual([
    '0',
    '250 µs',
    '1 ms',
    '40 ms',
    '1.5 s',
    '10 min',
    '11.7 min',
    '-',
  ]);
  expect([0, 0.001, 0.9999, 12.345].map(formatTidy)).toEqual(['0', '<0.01', '1.00', '12.3']);
});

test('every figure of the block is the one of the JSON, in its unit', () => {
  const json = JSON.parse(JSON.stringify(fleetJson(result, CONTEXT))) as Record<string, number | null>;
  const printed = fleetTable(result, CONTEXT)
    .split('\n')
    .flatMap((line) => /^(.*):\s+([\d.]+|-)$/.exec(line)?.slice(1) ?? []);
  const said = new Map(Array.from({ length: printed.length / 2 }, (_, i) => [printed[2 * i]!, printed[2 * i + 1]!]));
  const fixed = (value: number | null | undefined) => (value === null || value === undefined ? '-' : value.toFixed(2));
  for (const metric of ['ttft', 'ttfat', 'tpot', 'itl', 'e2el'])
    for (const statistic of ['Mean', 'Median', 'P99'])
      expect([metric, statistic, said.get(`${statistic} ${metric.toUpperCase()} (ms)`)]).toEqual([
        ...[metric, statistic, fixed(json[`${statistic.toLowerCase()}_${metric}_ms`])],
      ]);
  const counts = {
    'Successful requests': 'completed',
    'Failed requests': 'failed',
    'Total input tokens': 'total_input_tokens',
    'Total generated tokens': 'total_output_tokens',
  };
  for (const [label, key] of Object.entries(counts)) expect(said.get(label)).toBe(String(json[key]));
  const rates = {
    'Benchmark duration (s)': 'duration',
    'Request throughput (req/s)': 'request_throughput',
    'Request goodput (req/s)': 'request_goodput',
    'Output token throughput (tok/s)': 'output_throughput',
    'Peak output token throughput (tok/s)': 'max_output_tokens_per_s',
    'Peak concurrent requests': 'max_concurrent_requests',
    'Total token throughput (tok/s)': 'total_token_throughput',
  };
  for (const [label, key] of Object.entries(rates)) expect([label, said.get(label)]).toEqual([label, fixed(json[key])]);
});
