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
import { calibrate } from '../../src/commands/calibrate.ts';
import { run } from '../../src/commands/run.ts';
import { step } from '../../src/commands/step.ts';
import { regressionSeconds } from '../../src/plan/step-regression.ts';

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
  await calibrate([file, ...flags, '--out', out], {
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
    await calibrate([file, ...flags, '--out', out], { stdout: () => undefined, stderr: () => undefined });
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
    await calibrate([file, ...WHAT, '--out', out], quiet);
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
    await expect(calibrate([bad, ...WHAT, '--out', out], quiet)).rejects.toThrow(UserError);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(join(out, 'steps'))).toHaveLength(1);
  });
});
