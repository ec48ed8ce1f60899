// Every format comes back: what is written for another tool is read again, by our own readers where there is one, to the same figures.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readResults } from '../../src/calibrate/results/read-results.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import type { Issue } from '../../src/check/issue.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { EXPORT_NAMES, EXPORTS, type ExportName } from '../../src/report/export/formats.ts';
import { recordsOf } from '../../src/report/export/records.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { measureRun } from '../../src/run/measure-fleet.ts';
import { openSession } from '../../src/run/session.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { readRequestRows } from '../../src/workload/traces.ts';
import { say } from '../cli/in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-export-'));
afterAll(() => rmSync(folder, { recursive: true }));

const catalog = openCatalog({});
const session = openSession(catalog);
/** One of the requests is too long and fails. */
const SPEC = `
name: exported
model: llama-3.1-8b
workload:
  lengths: {input_len: {uniform: [100, 2000]}, output_len: {uniform: [2, 200]}}
  request_rate: 6
  num_requests: 200
deployment: {hardware: h100-sxm-80gb, replicas: 2}
engine: {max_model_len: 1950}
slo: {p99_ttft: 1s}
`;

function runOf(text: string) {
  const { spec } = openQuestion(text, 'exported.yaml', catalog).at(0);
  const lowered = prepareFleet(spec, catalog, session);
  const measured = measureRun(spec, lowered, runFleet(lowered.program, { leap: 'exact' }));
  const context = {
    ...{ name: spec.name, version: '1', workload: '', requestRate: spec.workload.request_rate, burstiness: 1 },
    ...{ maxConcurrency: lowered.walks.concurrency, slo: spec.slo, seed: 0, models: ['Llama "8B"'] },
  };
  return { measured, context };
}

const run = runOf(SPEC);
const records = [...recordsOf(run)];
const done = records.filter(({ finished }) => finished);
const text = (name: ExportName): string => [...EXPORTS[name].write(run)].join('');
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const written = (name: ExportName): string => {
  const file = join(folder, `${name}${name.endsWith('jsonl') ? '.jsonl' : '.json'}`);
  writeFileSync(file, text(name));
  return file;
};

test('records are the requests of the window, those that failed among them', () => {
  expect(done.length).toBeGreaterThan(100);
  expect(records.length).toBeGreaterThan(done.length);
  expect(new Set(records.map(({ error }) => error))).toEqual(new Set(['', 'rejected-length']));
  const { result } = run.measured;
  expect(mean(done.map(({ ttft }) => ttft))).toBeCloseTo(result.ttft.mean, 12);
  expect(mean(done.map(({ e2el }) => e2el))).toBeCloseTo(result.e2el.mean, 12);
});

describe.each(['vllm', 'aiperf', 'guidellm'] as const)('%s as a measured result', (name) => {
  test('is read to the figures, the lengths and the load that were run', () => {
    const issues: Issue[] = [];
    const [read, ...more] = readResults(written(name), issues);
    expect([issues, more]).toEqual([[], []]);
    const { result } = run.measured;
    const { figures } = read!;
    expect(figures.ttft_mean).toBeCloseTo(result.ttft.mean, 9);
    expect(figures.ttft_p50).toBeCloseTo(result.ttft.p50, 9);
    expect(figures.tpot_mean).toBeCloseTo(result.tpot.mean, 9);
    expect(figures.e2el_mean).toBeCloseTo(result.e2el.mean, 9);
    expect(figures.output_throughput).toBeCloseTo(result.output_throughput, 9);
    if (name !== 'vllm') {
      expect(read!.input.mean).toBeCloseTo(mean(done.map(({ prompt }) => prompt)), 9);
      expect(read!.output.mean).toBeCloseTo(mean(done.map(({ output }) => output)), 9);
      expect(read!.load).toEqual({ kind: 'rate', rate: 6, burstiness: 1 });
    } else expect(read!.load).toMatchObject({ kind: 'replay' });
    expect(read!.model).toBe('Llama "8B"');
  });

  test('of a closed loop says how many were in flight', () => {
    const closed = runOf(SPEC.replace('request_rate: 6', 'arrivals: {process: closed-loop, max_concurrency: 8}'));
    const file = join(folder, `closed-${name}.json`);
    writeFileSync(file, [...EXPORTS[name].write(closed)].join(''));
    const issues: Issue[] = [];
    const [read] = readResults(file, issues);
    expect(issues).toEqual([]);
    expect(read!.load).toEqual({ kind: 'closed-loop', concurrency: 8 });
  });
});

test.each(['vllm', 'aiperf-jsonl', 'guidellm'] as const)('%s is read as a trace of the same requests', (name) => {
  const rows = readRequestRows(written(name));
  const listed = name === 'guidellm' ? done : records;
  expect([...rows.prompt]).toEqual(listed.map(({ prompt }) => prompt));
  expect([...rows.output]).toEqual(listed.map(({ output, finished }) => (finished ? output : 1)));
  for (const [i, { arrival }] of listed.entries())
    expect(rows.arrival![i]).toBeCloseTo(arrival - listed[0]!.arrival, 8);
});

test('aiperf-csv has the rows and columns of the table', () => {
  const lines = text('aiperf-csv').trimEnd().split('\n');
  expect(lines[0]).toBe('Metric,avg,min,max,sum,p1,p5,p10,p25,p50,p75,p90,p95,p99,std');
  const [, average] = lines.find((line) => line.startsWith('Time to First Token (ms),'))!.split(',');
  expect(Number(average)).toBeCloseTo(run.measured.result.ttft.mean * 1e3, 2);
  expect(lines).toContain('Metric,Value');
  expect(lines).toContain(`Request Count (requests),${done.length.toFixed(2)}`);
});

test('inference-perf says loads, successes and failures', () => {
  const { load_summary: load, successes, failures } = JSON.parse(text('inference-perf'));
  expect([load.count, successes.count, failures.count]).toEqual([
    records.length,
    done.length,
    records.length - done.length,
  ]);
  expect(successes.latency.time_to_first_token.mean).toBeCloseTo(run.measured.result.ttft.mean, 12);
  expect(successes.latency.request_latency.p99).toBeCloseTo(run.measured.result.e2el.p99, 12);
});

describe('prometheus', () => {
  const samples = text('prometheus')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels, value] = /^([a-z_:0-9]+)\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\} (\S+)$/.exec(line)!;
      return { name: name!, labels: labels!, value: Number(value) };
    });
  const sumOf = (name: string) => samples.find((one) => one.name === name)!.value;

  test("has vLLM's names, and every family its kind", () => {
    for (const name of ['time_to_first_token_seconds', 'inter_token_latency_seconds', 'e2e_request_latency_seconds'])
      expect(text('prometheus')).toContain(
        `# TYPE vllm:${name} histogram\nvllm:${name}_bucket{engine="0",model_name="Llama \\"8B\\"",le="0.`,
      );
    expect(sumOf('vllm:generation_tokens_total')).toBe(done.reduce((sum, { output }) => sum + output, 0));
    expect(sumOf('vllm:request_success_total')).toBe(done.length);
  });

  test('counts every request once, below each end', () => {
    const buckets = samples.filter(({ name }) => name === 'vllm:time_to_first_token_seconds_bucket');
    for (const { labels, value } of buckets) {
      const end = Number(/le="([^"]+)"/.exec(labels)![1]!.replace('+Inf', 'Infinity'));
      expect(value).toBe(done.filter(({ ttft }) => ttft <= end).length);
    }
    expect(sumOf('vllm:time_to_first_token_seconds_sum')).toBeCloseTo(
      done.reduce((sum, { ttft }) => sum + ttft, 0),
      9,
    );
    const gaps = samples.filter(({ name }) => name === 'vllm:inter_token_latency_seconds_bucket');
    expect(gaps.every(({ value }, i) => i === 0 || value >= gaps[i - 1]!.value)).toBe(true);
    expect(sumOf('vllm:inter_token_latency_seconds_count')).toBeGreaterThan(1000);
  });
});

test('otlp has a trace per request, whose spans lie within it and add up to its visits', () => {
  const { resourceSpans } = JSON.parse(text('otlp'));
  const { spans } = resourceSpans[0].scopeSpans[0];
  type Span = Record<'traceId' | 'spanId' | 'parentSpanId' | 'name' | 'startTimeUnixNano' | 'endTimeUnixNano', string>;
  const roots = (spans as Span[]).filter(({ parentSpanId }) => parentSpanId === undefined);
  expect(roots.length).toBe(records.length);
  expect(new Set((spans as Span[]).map(({ spanId }) => spanId)).size).toBe(spans.length);
  for (const { traceId, spanId } of spans) expect([traceId.length, spanId.length]).toEqual([32, 16]);
  for (const [i, { startTimeUnixNano: start, endTimeUnixNano: end }] of roots.entries()) {
    expect(Number(start) / 1e9).toBeCloseTo(records[i]!.arrival, 8);
    if (records[i]!.finished) expect((Number(end) - Number(start)) / 1e9).toBeCloseTo(records[i]!.e2el, 8);
  }
});

describe('mist run --export', () => {
  const spec = join(folder, 'spec.yaml');
  writeFileSync(spec, SPEC);

  test('writes every format, and the same bytes twice', async () => {
    const flags = (at: string) =>
      EXPORT_NAMES.flatMap((name) => ['--export', `${name}=${join(folder, `${at}-${name}`)}`]);
    for (const at of ['a', 'b']) expect((await say('run', spec, ...flags(at))).code).toBe(0);
    const { readFileSync } = await import('node:fs');
    for (const name of EXPORT_NAMES) {
      const bytes = readFileSync(join(folder, `a-${name}`), 'utf8');
      expect(bytes.length).toBeGreaterThan(500);
      expect(bytes).toBe(readFileSync(join(folder, `b-${name}`), 'utf8'));
      expect(bytes).not.toMatch(/\bundefined\b/);
    }
  });

  test.each([
    ['vlm=x', /--export: expected FORMAT=FILE, of vllm, .* received vlm=x .*vllm/],
    ['vllm=', /--export: expected a file after vllm=/],
    ['vllm', /--export: expected a file after vllm=/],
  ])('%s is told', async (word, words) => {
    const { code, err } = await say('run', spec, '--export', word);
    expect(code).toBe(2);
    expect(err).toMatch(words);
  });

  test('refuses one file for two, one format twice, and its input', async () => {
    const file = join(folder, 'twice');
    expect((await say('run', spec, '--export', `vllm=${file}`, '--export', `otlp=${file}`)).err).toMatch(
      /expected a file of its own/,
    );
    expect((await say('run', spec, '--export', `vllm=${file}`, '--export', `vllm=${file}2`)).err).toMatch(
      /expected vllm once/,
    );
    expect((await say('run', spec, '--export', `vllm=${spec}`)).err).toMatch(/a file that is no input/);
  });
});
