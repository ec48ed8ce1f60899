// mist run on pipeline specs from outside: tables, JSON, lines, traces and pages of the shipped examples and of a tiny fleet.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkTrace, parseTrace } from '../fleet-report/check-trace.ts';
import { example, mist, openScratch, parseCsv } from './spawn.ts';

const scratch = openScratch();
const at = (name: string): string => join(scratch, name);
const PAPER = ['question-answering', 'news-search', 'code-generation', 'chat-support', 'math-reasoning'];

/** One worker at 10 ms a step, one core that takes 0.5 s before it: every time can be counted on fingers. */
const TINY = `
fleet:
  front: {kind: cores, cores: 1}
  llm: {kind: llm, step_time: {fixed_s: 10ms}, num_gpu_blocks: 4000}
pipelines:
  ask: {stages: [{tool: {on: front, latency: 500ms}}, {prefill: llm}, {decode: llm}]}
workload:
  {lengths: {input_len: 100, output_len: 11}, arrivals: uniform, request_rate: 1, num_requests: 4}
slo: {p99_e2el: 2s}
`;

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

describe.each(PAPER)('examples/%s.yaml', (name) => {
  test('runs to its end and says so in figures', async () => {
    const page = at(`${name}.html`);
    const few = ['run', example(`${name}.yaml`), '--set', 'workload.num_requests=500'];
    const { code, stdout, stderr } = await mist([...few, '--html', page]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Successful requests: +\d{3,}$/m);
    expect(stdout).toMatch(/^stage .*of E2EL/m);
    expect(stdout).toMatch(/^instance .*busy/m);
    for (const text of [stdout, readFileSync(page, 'utf8')])
      expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/);
    // what else is asked for does not change what is printed
    if (name === PAPER[0]) expect((await mist(few)).stdout).toBe(stdout);
  });
});

describe('a tiny fleet', () => {
  test('has the times that one can count', async () => {
    const spec = write('tiny.yaml', TINY);
    const files = ['requests.csv', 'requests.jsonl'].map(at);
    for (const file of files) expect((await mist(['run', spec, '--requests', file])).code).toBe(0);
    const rows = parseCsv(readFileSync(files[0]!, 'utf8'));
    expect(rows.length).toBe(4);
    const lines = readFileSync(files[1]!, 'utf8').trimEnd().split('\n');
    for (const [i, row] of rows.entries()) {
      expect([row.state, row.pipeline, row.visits]).toEqual(['finished', 'ask', 2]);
      expect(row.ttft_s).toBeCloseTo(0.51, 9);
      expect(row.e2el_s).toBeCloseTo(0.61, 9);
      const line = JSON.parse(lines[i]!);
      expect([line.arrival_s, line.finish_s]).toEqual([row.arrival_s, row.finish_s]);
      expect(line.visits.map(({ instance }: { instance: string }) => instance)).toEqual(['front', 'llm']);
    }
  });

  test('prints JSON with the names of vllm bench serve', async () => {
    const { code, stdout } = await mist(['run', write('tiny.yaml', TINY), '--json']);
    const run = JSON.parse(stdout);
    expect([code, run.completed, run.failed, run.request_rate]).toEqual([0, 4, 0, 1]);
    expect(run.mean_ttft_ms).toBeCloseTo(510, 6);
    expect(run.median_e2el_ms).toBeCloseTo(610, 6);
    expect(run.mist).toBeTypeOf('object');
  });

  test('writes every iteration, and a trace that viewers open, of all or of a window', async () => {
    const spec = write('tiny.yaml', TINY);
    const [steps, trace] = [at('steps.csv'), at('trace.json')];
    expect((await mist(['run', spec, '--steps', steps, '--trace', trace])).code).toBe(0);
    expect(parseCsv(readFileSync(steps, 'utf8')).length).toBe(44);
    const whole = parseTrace([readFileSync(trace, 'utf8')]);
    expect(checkTrace(whole)).toEqual([]);
    expect((await mist(['run', spec, '--trace', trace, '--to', '1.2', '--per-request'])).code).toBe(0);
    const part = parseTrace([readFileSync(trace, 'utf8')]);
    expect(checkTrace(part)).toEqual([]);
    expect(part.traceEvents.length).toBeLessThan(whole.traceEvents.length);
  });

  test('draws other requests by another seed only', async () => {
    const spec = write('poisson.yaml', TINY.replace('uniform', 'poisson'));
    const run = async (seed: string) => (await mist(['run', spec, '--json', '--seed', seed])).stdout;
    const [one, again, other] = await Promise.all([run('1'), run('1'), run('2')]);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
  });
});

/** Arguments after a spec's path, and what stderr must hold. */
const MISTAKES: [string, string[], RegExp][] = [
  ['run', ['--row', '1'], /--row: expected a row below 1, received 1/],
  ['run', ['--trace', '/nowhere/t.json'], /--trace: expected a file that can be written/],
  ['run', ['--html', '/nowhere/t.html'], /--html: expected a file that can be written/],
  ['run', ['--from', '3'], /--from: expected --trace FILE beside it/],
  ['run', ['--trace', 'x.json', '--from', '3', '--to', '2'], /--to: expected more than --from 3, received 2/],
  ['run', ['--trace', 'x.json', '--from', '-3'], /--from/],
  ['sweep', ['--row', '0'], /mist sweep: expected flags among /],
];

describe('mistakes', () => {
  test.each(MISTAKES)('mist %s with %j', async (verb, args, words) => {
    const { code, stdout, stderr } = await mist([verb, write('tiny.yaml', TINY), ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
    expect(existsSync('x.json')).toBe(false);
  });

  test('every flag is for every spec: the page and the trace of a plain one', async () => {
    const [page, trace] = [at('plain.html'), at('plain.json')];
    const args = ['run', example('step-time.yaml'), '--html', page, '--trace', trace, '--per-request'];
    expect((await mist(args)).code).toBe(0);
    expect(readFileSync(page, 'utf8')).toMatch(/\d+ requests served/);
    expect(checkTrace(parseTrace([readFileSync(trace, 'utf8')]))).toEqual([]);
  });

  test('a sweep of a spec without axes is of one row, and answers what its run answers', async () => {
    const spec = write('one.yaml', TINY);
    const swept = JSON.parse((await mist(['sweep', spec, '--workers', '1', '--json'])).stdout);
    const run = JSON.parse((await mist(['run', spec, '--row', '0', '--json'])).stdout);
    expect(swept.rows).toBe(1);
    expect(swept.kept[0].e2el_p99_ms).toBe(run.p99_e2el_ms);
    expect(swept.kept[0].output_throughput_per_device).toBe(null); // made-up step times have no devices
  });

  test('of a pipeline spec are told all at once, with lines', async () => {
    const wrong = TINY.replace('prefill: llm', 'prefill: lmm').replace('request_rate: 1', 'request_rate: -1');
    for (const verb of ['run', 'spec']) {
      const { code, stdout, stderr } = await mist([verb, write('wrong.yaml', wrong)]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/wrong.yaml:6: .*did you mean llm/);
      expect(stderr).toMatch(/wrong.yaml:8: workload.request_rate/);
    }
  });

  test('a model that does not fit its hardware is one, before anything runs', async () => {
    const big = TINY.replace('step_time: {fixed_s: 10ms}, num_gpu_blocks: 4000', 'model: llama-3.1-70b, hardware: l4');
    for (const verb of ['run', 'spec']) {
      const { code, stderr } = await mist([verb, write('big.yaml', big)]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/big.yaml:4: fleet.llm/);
    }
  });
});
