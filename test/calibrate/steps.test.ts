// Regressions on whole steps: coefficients that made a trace are found again, bad traces are refused with lines, surfaces agree.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { solveNonNegative } from '../../src/calibrate/steps/nnls.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import type { StepFit } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';
import { fitWhat } from '../../src/commands/calibrate.ts';
import { run } from '../../src/commands/run.ts';
import { step } from '../../src/commands/step.ts';
import { lowerSurface } from '../../src/plan/lower.ts';
import { readSurface } from '../../src/plan/read-surface.ts';
import { findSteps, regressionSeconds, tokensByPiece } from '../../src/plan/step-regression.ts';
import { columnsOf } from '../../src/report/flat.ts';
import { openSession } from '../../src/run/session.ts';
import { makePlan, measure, sweep } from '../../src/run/sweep.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import { readSpec } from '../../src/spec/read.ts';

const WHAT = ['--model', 'llama-3.1-8b', '--hardware', 'h100-sxm-80gb', '--tp', '1'];
const HEADER = 'duration_s,prefill_tokens,sequences,context_tokens,chunks,past_tokens';

interface Made {
  readonly prompt: number;
  readonly chunks: number;
  readonly decodes: number;
  readonly context: number;
}

/** 8 ms, 10 us per new token and 40 beyond 256, 20 us per sequence, 50 ns per context token, 3 ms with a prompt, 1 ns per pair. */
function secondsOf({ prompt, chunks, decodes, context }: Made): number {
  const tokens = prompt + decodes;
  const each = chunks > 0 ? prompt / chunks : 0;
  const pairs = (chunks * each * (each + 1)) / 2;
  const work = 1e-5 * Math.min(tokens, 256) + 4e-5 * Math.max(0, tokens - 256) + 2e-5 * (decodes + chunks);
  return 8e-3 + work + 5e-8 * context + (chunks > 0 ? 3e-3 : 0) + 1e-9 * pairs;
}

const made: Made[] = [];
for (const decodes of [0, 1, 2, 4, 8, 16, 32, 64, 128, 200]) {
  for (const mean of [100, 700, 3000]) {
    for (const prompt of [0, 64, 200, 512, 1024, 4096]) {
      for (const chunks of prompt > 0 ? [1, 4] : [0]) {
        if (decodes + chunks === 0 || (decodes === 0 && mean !== 100)) continue;
        made.push({ prompt, chunks, decodes, context: decodes * mean });
      }
    }
  }
}

const lineOf = (one: Made, seconds: number | string = secondsOf(one)) =>
  [seconds, one.prompt, one.decodes + one.chunks, one.context, one.chunks, 0].join(',');

function trace(lines: readonly string[], header = HEADER): { file: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'mist-steps-'));
  const file = join(folder, 'trace.csv');
  writeFileSync(file, `${[header, ...lines].join('\n')}\n`);
  return { file, folder };
}

async function calibrated(lines: readonly string[], flags: readonly string[] = WHAT, header = HEADER) {
  const { file, folder } = trace(lines, header);
  const out = join(folder, 'catalog');
  const said: string[] = [];
  const notes: string[] = [];
  await fitWhat([file, ...flags, '--out', out], {
    stdout: (text) => said.push(text),
    stderr: (text) => notes.push(text),
  });
  const fits = readdirSync(join(out, 'steps')).map(
    (name) => JSON.parse(readFileSync(join(out, 'steps', name), 'utf8')) as StepFit,
  );
  return { fits, out, said: said.join(''), notes: notes.join('') };
}

async function issuesOf(
  lines: readonly string[],
  flags: readonly string[] = WHAT,
  header = HEADER,
): Promise<readonly Issue[]> {
  const { file, folder } = trace(lines, header);
  const out = join(folder, 'catalog');
  try {
    await fitWhat([file, ...flags, '--out', out], { stdout: () => undefined, stderr: () => undefined });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(existsSync(out)).toBe(false);
    return error.issues;
  }
  return [];
}

const good = made.map((one) => lineOf(one));

describe('non-negative least squares', () => {
  it('finds what made the data, and never goes below 0', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 3 }), (truth) => {
        const rows = Array.from({ length: 30 }, (_, i) => Float64Array.of(1, i, (i * 7) % 11));
        const target = Float64Array.from(rows, (row) => row.reduce((sum, x, j) => sum + x * truth[j], 0));
        const x = solveNonNegative(rows, target, new Float64Array(30).fill(1));
        for (let j = 0; j < 3; j++) expect(x[j]).toBeCloseTo(truth[j], 6);
      }),
    );
    const falling = [0, 1, 2, 3].map((i) => Float64Array.of(1, i));
    expect([...solveNonNegative(falling, Float64Array.of(9, 6, 3, 0), new Float64Array(4).fill(1))]).toEqual([4.5, 0]);
  });
});

describe('a step trace', () => {
  it('gives back the coefficients that made it', async () => {
    const { fits, said } = await calibrated(good);
    expect(fits).toHaveLength(1);
    const [fit] = fits;
    expect(fit.id).toBe('llama-3.1-8b.h100-sxm-80gb.tp1');
    for (const one of made) {
      const each = one.chunks > 0 ? one.prompt / one.chunks : 0;
      const found = regressionSeconds(fit, {
        newTokens: one.prompt + one.decodes,
        sequences: one.decodes + one.chunks,
        contextTokens: one.context,
        promptTokens: one.prompt,
        pairs: (one.chunks * each * (each + 1)) / 2,
      });
      expect(Math.abs(found / secondsOf(one) - 1)).toBeLessThan(0.02);
    }
    expect(fit.error_out_p90).toBeLessThan(0.02);
    expect(said).toMatch(/llama-3\.1-8b\.h100-sxm-80gb\.tp1/);
  });

  it('may say what ran itself, in any unit, and fits each deployment alone', async () => {
    const columns =
      'duration_ms,prefill_tokens,sequences,context_tokens,chunks,past_tokens,model,hardware,tp,precision,engine';
    const rows = [1, 2].flatMap((tp) =>
      made.map((one) => `${lineOf(one, (1e3 * secondsOf(one)) / tp)},llama-3.1-8b,h100-sxm-80gb,${tp},bf16,vllm-0.11`),
    );
    const { fits } = await calibrated(rows, ['--source', 'ours', '--licence', 'CC0'], columns);
    expect(fits.map(({ id }) => id)).toEqual([1, 2].map((tp) => `llama-3.1-8b.h100-sxm-80gb.tp${tp}.bf16.vllm-0.11`));
    expect(fits[0]).toMatchObject({ source: 'ours', licence: 'CC0' });
    expect(fits[0].fixed_s / fits[1].fixed_s).toBeCloseTo(2, 1);
  });

  it('of our own steps.csv needs no other columns', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mist-steps-'));
    const spec = join(folder, 'spec.yaml');
    writeFileSync(
      spec,
      'model: llama-3.1-8b\nworkload: {lengths: azure-conv-2023, request_rate: 4, num_requests: 300}\ndeployment: {hardware: h100-sxm-80gb}\n',
    );
    const file = join(folder, 'steps.csv');
    const quiet = { stdout: () => undefined, stderr: () => undefined };
    expect(await run([spec, '--steps', file], quiet)).toBe(0);
    const out = join(folder, 'catalog');
    await fitWhat([file, ...WHAT, '--out', out], quiet);
    const [fit] = openCatalog({ folder: out })
      .stepFits()
      .filter(({ model }) => model === 'llama-3.1-8b');
    expect(fit.error_out).toBeLessThan(0.02);
    const said: string[] = [];
    const asked = ['--model', 'llama-3.1-8b', '--hardware', 'h100-sxm-80gb', '--decode', '16x900', '--catalog', out];
    await step([...asked, '--step-source', 'regression', '--json'], {
      stdout: (text) => said.push(text),
      stderr: () => undefined,
    });
    const answer = JSON.parse(said.join('')) as Record<string, number | string>;
    expect(answer.step_regression).toBe(fit.id);
    expect(Math.abs(Number(answer.difference))).toBeLessThan(0.05);
  });

  it('as a spreadsheet saves it, with a byte order mark and Windows line ends, is read the same', async () => {
    const [plain] = (await calibrated(good)).fits;
    const [saved] = (
      await calibrated(
        good.map((line) => `${line}\r`),
        WHAT,
        `\ufeff${HEADER}\r`,
      )
    ).fits;
    expect(saved).toEqual(plain);
  });

  it('of equal steps takes the median; a broken one among many is set aside with its line', async () => {
    const broken = [...good, ...good.slice(0, 3), ...good.slice(0, 3)];
    broken[0] = lineOf(made[0], 0.5);
    const huge = made.findIndex(({ prompt, decodes }) => prompt === 4096 && decodes === 200);
    broken[huge] = lineOf(made[huge], 0.009);
    const { notes } = await calibrated(broken);
    expect(notes).toMatch(/line 2 500 ms, not/);
    expect(notes).toMatch(new RegExp(`1 steps set aside: line ${huge + 2} holds no less of anything than line`));
  });

  const cases: [string, string[], RegExp, number | undefined][] = [
    ['too few steps', good.slice(0, 20), /20/, undefined],
    ['no prompts', [1, 2].flatMap(() => good.filter((_, i) => made[i].prompt === 0)), /^0$/, undefined],
    ['a negative time', [...good, lineOf(made[0], -1)], /-1/, good.length + 2],
    ['no time', [...good, lineOf(made[0], 'NaN')], /NaN/, good.length + 2],
    ['a missing cell', [...good, '0.01,1,2'], /3/, good.length + 2],
    ['half a token', [...good, '0.01,1.5,1,0,1,0'], /1.5/, good.length + 2],
    ['fewer sequences than chunks', [...good, '0.01,10,1,0,2,0'], /^1$/, good.length + 2],
    ['context without decodes', [...good, '0.01,10,1,50,1,0'], /^50$/, good.length + 2],
    ['milliseconds that claim to be seconds', made.map((one) => lineOf(one, 1e3 * secondsOf(one))), /times those/, 2],
    [
      'equal steps that differ',
      [...good, ...made.map((one, i) => lineOf(one, secondsOf(one) * (i % 2 ? 9 : 1)))],
      /line \d+/,
      undefined,
    ],
    [
      'time that falls with work',
      made.map((one) => lineOf(one, 0.1 / Math.sqrt(1 + (one.prompt + one.decodes) / 64))),
      /line \d+ holds/,
      undefined,
    ],
    [
      'one context length',
      good.map((_, i) => lineOf({ ...made[i], context: made[i].decodes * 500 })),
      /context tokens/,
      undefined,
    ],
  ];
  it.each(cases)('with %s is refused, and nothing is written', async (_, lines, received, line) => {
    const issues = await issuesOf(lines);
    expect(issues.length).toBeGreaterThan(0);
    expect(issues[0].received).toMatch(received);
    expect(issues[0].file).toMatch(/trace\.csv$/);
    if (line !== undefined) expect(issues[0].line).toBe(line);
  });

  it('without a unit, columns or a deployment says all of it at once', async () => {
    const unnamed = await issuesOf(good, WHAT, HEADER.replace('duration_s', 'duration'));
    expect(unnamed.map(({ path }) => path)).toContain('duration');
    const lacking = await issuesOf(good, [], HEADER.replace('sequences', 'seqs'));
    expect(lacking.map(({ path }) => path)).toEqual(['sequences', 'model', 'hardware', 'tp']);
    const wrong = await issuesOf(good, ['--model', 'llama-3.1-8', '--hardware', 'h100-sxm', '--tp', '0']);
    expect(wrong.map(({ path }) => path).sort()).toEqual(['--hardware', '--model', '--tp']);
  });

  it('leaves an old catalog file as it was where the new trace is refused', async () => {
    const { out } = await calibrated(good);
    const file = join(out, 'steps', 'llama-3.1-8b.h100-sxm-80gb.tp1.json');
    const before = readFileSync(file, 'utf8');
    const { file: bad } = trace(good.slice(0, 30));
    const quiet = { stdout: () => undefined, stderr: () => undefined };
    await expect(fitWhat([bad, ...WHAT, '--out', out], quiet)).rejects.toThrow(UserError);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(join(out, 'steps'))).toHaveLength(1);
  });
});

const FIT: StepFit = {
  id: 'm',
  model: 'llama-3.1-8b',
  hardware: 'h100-sxm-80gb',
  tensor_parallel_size: 1,
  pipeline_parallel_size: 1,
  quantization: null,
  profile: null,
  knots: [0, 128, 1024],
  new_token_s: [1e-6, 2e-5, 3e-5],
  fixed_s: 5e-3,
  sequence_s: 1e-5,
  context_token_s: 4e-8,
  prompt_step_s: 1e-3,
  prefill_pair_s: 2e-9,
  range: { new_tokens: [1, 8192], sequences: [1, 64], context_tokens: [0, 1e5] },
  rows: 100,
  error_in: 0,
  error_out: 0,
  error_out_p90: 0,
  source: 's',
  licence: 'l',
};

describe('a regression on steps', () => {
  const catalog = openCatalog();
  const key = {
    model: catalog.model('llama-3.1-8b'),
    hardware: catalog.hardware('h100-sxm-80gb'),
    profile: catalog.engine('vllm-0.11'),
    ...({ quantization: 'auto', kv: 'auto', tp: 1, pp: 1, dp: 1, ep: 1 } as const),
  };
  const { table, basis } = lowerSurface({ ...key, steps: FIT }, openSession(catalog).lowering);

  it('is lowered to the surface that gives its own prices at the points of the grid, and is measured', () => {
    expect(basis).toBe('measured');
    for (const decodes of [0, 1, 7, 32, 128, 1024]) {
      for (const context of [0, 300, 5000]) {
        for (const tokens of [0, 16, 96, 896]) {
          if (decodes + tokens === 0) continue;
          const chunk = { tokens, past: 100, completes: true };
          const read = readSurface(table, {
            prefill: tokens > 0 ? [chunk, chunk] : [],
            decode: decodes > 0 ? [{ count: decodes, context }] : [],
          });
          const exact = regressionSeconds(FIT, {
            newTokens: 2 * tokens + decodes,
            sequences: (tokens > 0 ? 2 : 0) + decodes,
            contextTokens: decodes * context,
            promptTokens: 2 * tokens,
            pairs: 2 * (tokens * 100 + (tokens * (tokens + 1)) / 2),
          });
          expect(Math.abs(read / exact - 1)).toBeLessThan(1e-3);
        }
      }
    }
  });

  it('has its own host, whatever the profile says of overlap, floors and windows', () => {
    const overlapping = { ...key.profile, host: { step_s: 1, sequence_s: 1, layer_s: 1, norm: 2 as const } };
    const windowed = catalog.model('gemma-2-9b');
    for (const one of [
      { ...key, profile: overlapping },
      { ...key, model: windowed },
    ]) {
      const { table: other } = lowerSurface({ ...one, steps: FIT }, openSession(catalog).lowering);
      const work = { prefill: [{ tokens: 896, past: 6000, completes: true }], decode: [{ count: 32, context: 5000 }] };
      expect(readSurface(other, work)).toBeCloseTo(readSurface(table, work), 9);
      expect(readSurface(other, { ...work, prefill: [] })).toBeCloseTo(readSurface(table, { ...work, prefill: [] }), 9);
    }
  });

  it('splits tokens among its pieces without losing any', () => {
    fc.assert(
      fc.property(fc.nat(5000), (tokens) => {
        expect(tokensByPiece(FIT.knots, tokens).reduce((a, b) => a + b, 0)).toBe(tokens);
      }),
    );
  });

  it('stands for its own deployment only; the one that says more comes first', () => {
    const split = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };
    const at = { model: FIT.model, hardware: FIT.hardware, split, weights: 'bf16', profile: 'vllm-0.11' } as const;
    const exact: StepFit = { ...FIT, id: 'n', quantization: 'fp16', profile: 'vllm-0.11' };
    expect(findSteps([FIT, exact], at)?.id).toBe('n');
    expect(findSteps([FIT, exact], { ...at, profile: 'trtllm-1.0' })?.id).toBe('m');
    expect(findSteps([exact], { ...at, weights: 'fp8' })).toBeNull();
    expect(findSteps([FIT], { ...at, split: { ...split, tp: 2 } })).toBeNull();
    expect(findSteps([FIT], { ...at, split: { ...split, dp: 2 } })).toBeNull();
    expect(findSteps([FIT], { ...at, hardware: 'l4' })).toBeNull();
  });

  it('prices the rows of a sweep that ask for it, as it prices single runs', async () => {
    const text =
      'model: llama-2-70b\nworkload: {lengths: {input_len: 512, output_len: 64}, request_rate: 1, num_requests: 40}\n' +
      'deployment: {hardware: [a100-sxm-80gb, l40s], tensor_parallel_size: 8}\n' +
      'engine: {profile: vllm-2023, quantization: fp16, step_source: [cost-model, regression, auto]}\n';
    const spec = readSpec(text, readOptionsOf('spec.yaml', catalog));
    const plan = makePlan(spec, catalog);
    const { kept, rejected } = measure(await sweep(plan, { workers: 1 }));
    const simulated = kept.filter(({ run }) => run !== null);
    const ttft = new Map(
      simulated.map(({ configuration: c, run }) => [`${c.hardware} ${c.step_source}`, run!.ttft.mean]),
    );
    expect(ttft.get('a100-sxm-80gb regression')).toBe(ttft.get('a100-sxm-80gb auto'));
    expect(ttft.get('a100-sxm-80gb regression')).not.toBe(ttft.get('a100-sxm-80gb cost-model'));
    expect(ttft.get('l40s auto')).toBe(ttft.get('l40s cost-model'));
    expect(ttft.has('l40s regression')).toBe(false);
    expect(JSON.stringify(rejected)).toContain('no-step-regression');
    // what prices a row is a column where rows differ in it, and nowhere else
    const names = (rows: typeof kept) => columnsOf(rows).map(({ name }) => name);
    expect(names(kept)).toContain('step_source');
    const plainRows = kept.filter(({ configuration: c }) => c.step_source === 'cost-model');
    expect(names(plainRows)).not.toContain('step_source');
  });

  it('is named by mist run, for deployments and for pools', async () => {
    const where = mkdtempSync(join(tmpdir(), 'mist-steps-'));
    const deployed = 'model: llama-2-70b, hardware: a100-sxm-80gb, tensor_parallel_size: 8, profile: vllm-2023';
    const plain = join(where, 'plain.yaml');
    writeFileSync(
      plain,
      'model: llama-2-70b\nworkload: {lengths: {input_len: 512, output_len: 16}, request_rate: 1, num_requests: 5}\n' +
        'deployment: {hardware: a100-sxm-80gb, tensor_parallel_size: 8}\n' +
        'engine: {profile: vllm-2023, step_source: regression}\n',
    );
    const fleet = join(where, 'fleet.yaml');
    writeFileSync(
      fleet,
      `fleet: {pool: {kind: llm, ${deployed}, step_source: auto}}\n` +
        'pipelines: {ask: {stages: [{prefill: pool}, {decode: pool}]}}\n' +
        'workload: {lengths: {input_len: 512, output_len: 16}, request_rate: 1, num_requests: 5}\n',
    );
    for (const file of [plain, fleet]) {
      const said: string[] = [];
      expect(await run([file], { stdout: (text) => said.push(text), stderr: () => undefined })).toBe(0);
      expect(said.join('')).toMatch(
        /regression on step traces llama-2-70b\.a100-sxm-80gb\.tp8\.fp16\.vllm-2023 \(210 steps of 1 to 32768 new tokens/,
      );
    }
  });

  it('does not go beside a price of the spec', () => {
    const text =
      'workload: {lengths: {input_len: 5, output_len: 6}, request_rate: 1}\n' +
      'engine: {step_time: {fixed_s: 1ms}, num_gpu_blocks: 9, step_source: regression}\n';
    expect(() => readSpec(text, readOptionsOf('spec.yaml', catalog))).toThrow(/no step_source beside step_time/);
  });
});
