// mist launch: commands of servers and load, manifests, and a trace that is the very load that was simulated.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { say } from './in-process.ts';
import { openScratch } from './spawn.ts';

const scratch = openScratch();
const write = (name: string, text: string) => {
  const file = join(scratch, name);
  writeFileSync(file, text);
  return file;
};
const HEAD = 'name: a\nmodel: llama-3.1-8b\ndeployment: {hardware: h100-sxm-80gb}\n';
const one = (text: string) => text.replaceAll(' \\\n ', '');

describe('the load', () => {
  test('of one length is drawn by the generators themselves', async () => {
    const lengths = 'lengths: {input_len: 1000, output_len: 200}';
    const poisson = write(
      'p.yaml',
      `${HEAD}workload: {${lengths}, request_rate: 5, num_requests: 300, seed: 3}\nslo: {p99_ttft: 1s}\n`,
    );
    const { code, out } = await say('launch', poisson);
    expect(code).toBe(0);
    expect(one(out)).toContain(
      '--dataset-name random --random-input-len 1000 --random-output-len 200 --random-range-ratio 0 --request-rate 5 --burstiness 1 --num-prompts 300 --seed 3',
    );
    expect(one(out)).toContain('--goodput ttft:1000 --save-result');
    expect(one(out)).toContain(
      '--output-tokens-mean 200 --output-tokens-stddev 0 --request-rate 5 --arrival-pattern poisson',
    );
    expect(out).not.toContain('load.jsonl');
    const closed = write(
      'c.yaml',
      `${HEAD}workload: {${lengths}, arrivals: {process: closed-loop, max_concurrency: 7}, num_requests: 90}\n`,
    );
    const loop = one((await say('launch', closed)).out);
    expect(loop).toContain('--request-rate inf --max-concurrency 7');
    expect(loop).toContain('--concurrency 7');
  });

  test('of anything else is a trace, which is the load that was simulated', async () => {
    const text = `${HEAD}workload: {lengths: azure-conv-2023, request_rate: 9, num_requests: 400}\n`;
    const file = write('t.yaml', text);
    const folder = join(scratch, 'out');
    const { out } = await say('launch', file, '--out', folder);
    expect(one(out)).toContain('--dataset-name timed_trace --dataset-path load.jsonl');
    expect(one(out)).toContain('--input-file load.jsonl --custom-dataset-type mooncake_trace --fixed-schedule');
    expect(readdirSync(folder).sort()).toEqual([
      'dynamo.yaml',
      'kubernetes.yaml',
      'llm-d.yaml',
      'load.jsonl',
      'load.sh',
      'servers.sh',
    ]);
    const replay = write('r.yaml', `${HEAD}workload: {requests: ${join(folder, 'load.jsonl')}}\n`);
    const [drawn, replayed] = await Promise.all([file, replay].map((one) => say('run', one, '--json')));
    const [a, b] = [drawn!, replayed!].map(({ out: json }) => JSON.parse(json) as Record<string, number>);
    for (const key of [
      'duration',
      'total_input_tokens',
      'total_output_tokens',
      'mean_ttft_ms',
      'p99_ttft_ms',
      'p99_tpot_ms',
      'p99_itl_ms',
    ]) {
      expect(Number.isFinite(a![key]), key).toBe(true);
      expect(Math.abs(b![key]! / a![key]! - 1), key).toBeLessThan(1e-9);
    }
  });

  test('with shared texts says which blocks are shared', async () => {
    const shared = 'shared_prefix: {count: 2, tokens: 1100}';
    const file = write(
      's.yaml',
      `${HEAD}workload: {lengths: {input_len: 100, output_len: 10}, ${shared}, request_rate: 9, num_requests: 50}\n`,
    );
    await say('launch', file, '--out', join(scratch, 'shared'));
    const lines = readFileSync(join(scratch, 'shared/load.jsonl'), 'utf8').trim().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { input_length: number; hash_ids: number[] });
    expect(rows.every(({ input_length, hash_ids }) => input_length === 1200 && hash_ids.length === 3)).toBe(true);
    expect(new Set(rows.map(({ hash_ids }) => hash_ids.slice(0, 2).join())).size).toBe(2);
    expect(new Set(rows.map(({ hash_ids }) => hash_ids[2])).size).toBe(50);
  });
});

test('a row of a sweep, a manifest, JSON', async () => {
  const file = 'examples/disaggregate-or-not.yaml';
  expect((await say('launch', file)).err).toMatch(
    /a spec of one deployment or fleet, received 1152 .*--row N takes one/,
  );
  const { out } = await say('launch', file, '--row', '1151');
  expect(out).toMatch(/^# prefillers\n/m);
  const manifest = await say('launch', file, '--row', '1151', '--as', 'dynamo');
  expect(manifest.out).toContain('PrefillersWorker:');
  const json = JSON.parse((await say('launch', 'examples/single-run.yaml', '--json')).out) as Record<string, object>;
  expect(Object.keys(json)).toEqual(['launch', 'load', 'manifests']);
});

test.each([
  [['examples/single-run.yaml', '--as', 'helm'], /--as: expected one of shell, kubernetes, dynamo, llm-d/],
  [['examples/single-run.yaml', '--row', '9'], /--row: expected a row below 1/],
  [['examples/step-time.yaml'], /mist launch: expected an engine that a command starts, received .*step_time/],
  [[], /one spec file/],
])('mistakes: %j', async (argv, expected) => {
  const { code, err } = await say('launch', ...argv);
  expect(code).toBe(2);
  expect(err).toMatch(expected);
});
