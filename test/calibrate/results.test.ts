// Calibrating from end-to-end results: a hidden engine is found again from what its benchmarks say, bad results are refused.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { EngineProfile } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { calibrate } from '../../src/commands/calibrate.ts';
import { run } from '../../src/commands/run.ts';

const QUIET = { stdout: () => undefined, stderr: () => undefined };
const WHAT = ['--model', 'llama-3.1-8b', '--hardware', 'h100-sxm-80gb', '--tp', '1'];
type Result = Record<string, unknown>;

/** An engine that nobody knows: 2 ms per step more than vLLM's profile says, and kernels that take 1.3 times as long. */
const HIDDEN: EngineProfile = {
  ...openCatalog().engine('vllm-0.11'),
  id: 'hidden',
  kernel_scale: 1.3,
  host: { step_s: 2.35e-3, sequence_s: 3.5e-6, layer_s: 0, norm: 1 },
};

let folder = '';
const results: Result[] = [];

/** What a benchmark of the hidden engine would say: closed loops, and prompts and answers that it lists. */
async function bench(arrivals: string, requests: number): Promise<Result> {
  const spec = join(folder, 'spec.yaml');
  writeFileSync(
    spec,
    `model: llama-3.1-8b\nworkload: {lengths: {input_len: {uniform: [300, 900]}, output_len: {uniform: [50, 250]}}, ${arrivals}, num_requests: ${requests}}\n` +
      'deployment: {hardware: h100-sxm-80gb}\nengine: {profile: hidden}\nclient: {time: none, window: all}\n',
  );
  const lines = join(folder, 'requests.csv');
  const said: string[] = [];
  const out = { ...QUIET, stdout: (text: string) => said.push(text) };
  expect(await run([spec, '--catalog', join(folder, 'hidden'), '--json', '--requests', lines], out)).toBe(0);
  const [names, ...rows] = readFileSync(lines, 'utf8')
    .trim()
    .split('\n')
    .map((row) => row.split(','));
  const column = (name: string) => rows.map((row) => Number(row[names.indexOf(name)]));
  const { mist: _, ...result } = JSON.parse(said.join('')) as Result;
  return {
    ...result,
    model_id: 'meta-llama/Llama-3.1-8B-Instruct',
    input_lens: column('prompt_tokens'),
    output_lens: column('output_tokens'),
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mist-results-'));
  mkdirSync(join(folder, 'hidden', 'engines'), { recursive: true });
  writeFileSync(join(folder, 'hidden', 'engines', 'hidden.json'), JSON.stringify(HIDDEN));
  for (const concurrency of [2, 16, 32])
    results.push(await bench(`arrivals: {process: closed-loop, max_concurrency: ${concurrency}}`, 8 * concurrency));
  results.push(await bench('request_rate: 6', 120));
});

let made = 0;
function write(all: readonly unknown[]): string[] {
  return all.map((result) => {
    const file = join(folder, `result-${made++}.json`);
    writeFileSync(file, typeof result === 'string' ? result : JSON.stringify(result));
    return file;
  });
}

async function calibrated(all: readonly unknown[], ...flags: string[]) {
  const out = join(folder, `catalog-${made++}`);
  const said: string[] = [];
  await calibrate([...write(all), ...WHAT, '--out', out, ...flags], { ...QUIET, stdout: (text) => said.push(text) });
  const id = /engines\/(\S+)\.json written/.exec(said.join(''))?.[1] ?? 'none';
  return { profile: openCatalog({ folder: out }).engine(id), said: said.join(''), out };
}

async function issuesOf(all: readonly unknown[], ...flags: string[]): Promise<readonly Issue[]> {
  const out = join(folder, `catalog-${made++}`);
  try {
    await calibrate([...write(all), ...(flags.length > 0 ? flags : WHAT), '--out', out], QUIET);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(existsSync(out)).toBe(false);
    return error.issues;
  }
  return [];
}

/** The same run as AIPerf would put it. */
function aiperf(result: Result, unit: 'ms' | 's' = 'ms'): Result {
  const time = (key: string) => ({
    unit,
    avg: Number(result[`mean_${key}_ms`]) / (unit === 's' ? 1e3 : 1),
    p50: Number(result[`median_${key}_ms`]) / (unit === 's' ? 1e3 : 1),
  });
  const lengths = (key: string) => {
    const list = result[key] as number[];
    const avg = list.reduce((a, b) => a + b, 0) / list.length;
    const std = Math.sqrt(list.reduce((sum, x) => sum + (x - avg) ** 2, 0) / list.length);
    return { unit: 'tokens', avg, std };
  };
  return {
    schema_version: '1.5',
    input_config: { endpoint: { model_names: [result.model_id] }, loadgen: { concurrency: result.max_concurrency } },
    time_to_first_token: time('ttft'),
    inter_token_latency: time('tpot'),
    request_latency: time('e2el'),
    output_token_throughput: { unit: 'tokens/sec', avg: result.output_throughput },
    request_count: { unit: 'requests', avg: result.completed },
    input_sequence_length: lengths('input_lens'),
    output_sequence_length: lengths('output_lens'),
  };
}

describe('results of a benchmark', () => {
  it('give back the engine that made them, and say how far it was off before and after', async () => {
    const { profile, said } = await calibrated(results);
    expect(profile.id).toBe('vllm-0.11.llama-3.1-8b.h100-sxm-80gb.tp1');
    expect(profile.kernel_scale).toBeGreaterThan(1.1);
    expect(profile.host.step_s).toBeGreaterThan(1e-3);
    const [, before, after, held] = /median \|error\|: (\S+) % .* (\S+) % fitted, (\S+) %/.exec(said)!.map(Number);
    expect(before).toBeGreaterThan(20);
    expect(after).toBeLessThan(3);
    expect(held).toBeLessThan(8);
    expect(profile.source).toContain('fitted to 4 runs of llama-3.1-8b on h100-sxm-80gb');
    // the client of the hidden engine adds nothing
    expect(profile.client!.request_s).toBeLessThan(2e-3);
  });

  it('may come from AIPerf, in its own units, and a client that takes time is found', async () => {
    const late = [results[0], results[2]].map((result) => {
      const later = (key: string) => ({ [key]: Number(result[key]) + 30 });
      return { ...result, ...later('mean_ttft_ms'), ...later('mean_e2el_ms') };
    });
    const { profile, said } = await calibrated([aiperf(late[0]), aiperf(late[1], 's')], '--name', 'ours');
    expect(profile.id).toBe('ours');
    expect(profile.client!.request_s).toBeGreaterThan(0.02);
    expect(profile.client!.request_s).toBeLessThan(0.045);
    expect(said).toMatch(/2 in flight, \d+ in, \d+ out/);
  });

  it('may be several to a file, and those of a spec', async () => {
    const spec = join(folder, 'deployed.yaml');
    writeFileSync(
      spec,
      'model: llama-3.1-8b\nworkload: {lengths: azure-conv-2023, request_rate: 1}\ndeployment: {hardware: h100-sxm-80gb}\nengine: {max_num_seqs: 512}\n',
    );
    const [file] = write([
      results
        .slice(0, 3)
        .map((result) => JSON.stringify(result))
        .join('\n'),
    ]);
    const out = join(folder, `catalog-${made++}`);
    const said: string[] = [];
    await calibrate([file, '--spec', spec, '--out', out], { ...QUIET, stdout: (text) => said.push(text) });
    expect(said.join('')).toMatch(/\.json:3 +32 in flight/);
  });

  it('without lengths leave first tokens of a closed loop out', async () => {
    const bare = results.slice(0, 3).map(({ input_lens: _, output_lens: __, ...result }) => result);
    const { said } = await calibrated(bare);
    expect(said).toMatch(/32 in flight.*mean TTFT ms +\S+ +- +- +-/);
  });

  const change = (place: number, changes: Result) =>
    results.map((one, i) => (i === place ? { ...one, ...changes } : one));
  const cases: [string, () => readonly unknown[], RegExp, RegExp][] = [
    ['one load', () => results.slice(0, 1), /2 different loads/, /1 of one load/],
    ['one load twice', () => [results[1], results[1]], /2 different loads/, /2 of one load/],
    ['no TPOT', () => change(1, { mean_tpot_ms: undefined }), /above 0/, /nothing/],
    ['a negative time', () => change(1, { mean_ttft_ms: -3 }), /above 0/, /-3/],
    [
      'NaN',
      () => [
        JSON.stringify(results[0]),
        JSON.stringify(results[1]).replace(/"mean_tpot_ms":[\d.]+/, '"mean_tpot_ms":NaN'),
      ],
      /above 0/,
      /nothing|null/,
    ],
    ['seconds for milliseconds', () => change(1, { mean_tpot_ms: 0.009 }), /between 0.02 ms/, /0.009 ms/],
    ['failures', () => change(1, { completed: 10, num_prompts: 128 }), /nine of ten/, /10 of 128/],
    ['a bad length', () => change(1, { input_lens: [1, -5] }), /list of token counts/, /-5 at place 1/],
    ['both a rate and a limit', () => change(3, { max_concurrency: 9 }), /start_times/, /9/],
    ['another model', () => change(1, { model_id: 'Qwen/Qwen3-32B' }), /llama-3.1-8b/, /qwen3-32b/],
    [
      'the same load at another speed',
      () => [...results, { ...results[1], mean_tpot_ms: 2 * Number(results[1].mean_tpot_ms) }],
      /which has the same load/,
      /ms/,
    ],
    [
      'tokens that are faster under load',
      () => change(0, { mean_tpot_ms: 90 }),
      /the more requests are in flight/,
      /90 ms at 2/,
    ],
    [
      'times of another deployment',
      () => results.map((one) => ({ ...one, mean_tpot_ms: 20 * Number(one.mean_tpot_ms) })),
      /results of this deployment/,
      /times the simulated/,
    ],
    ['what is none', () => ['{"a": 1}', '{}'], /vllm bench serve/, /fields a/],
    ['no JSON', () => ['hello', JSON.stringify(results[0])], /JSON/, /hello/],
    [
      'a unit that nobody knows',
      () => [aiperf(results[0]), { ...aiperf(results[1]), inter_token_latency: { unit: 'weeks', avg: 1 } }],
      /one of s, sec/,
      /weeks/,
    ],
    [
      'no load',
      () => [aiperf(results[0]), { ...aiperf(results[1]), input_config: {} }],
      /concurrency or a request_rate/,
      /neither/,
    ],
  ];
  it.each(cases)('with %s are refused, and nothing is written', async (_, all, expected, received) => {
    const issues = await issuesOf(all());
    expect(issues.length).toBeGreaterThan(0);
    expect(issues[0].expected).toMatch(expected);
    expect(issues[0].received).toMatch(received);
  });

  it('need to know what was measured', async () => {
    expect((await issuesOf(results, '--tp', 'two')).map(({ path }) => path).sort()).toEqual([
      '--hardware',
      '--model',
      '--tp',
    ]);
    const issues = await issuesOf(results, '--model', 'llama-3.1-70b', '--hardware', 'l4');
    expect(issues.map(({ received }) => received).join(' ')).toMatch(/llama-3.1-8b/);
  });
});
