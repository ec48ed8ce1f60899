// A regression on whole steps as the price of a step: its surface, which deployment it stands for, and who says so.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { StepFit } from '../../src/catalog/types.ts';
import { run } from '../../src/commands/run.ts';
import { lowerSurface } from '../../src/plan/lower.ts';
import { readSurface } from '../../src/plan/read-surface.ts';
import { findSteps, regressionSeconds, tokensByPiece } from '../../src/plan/step-regression.ts';
import { columnsOf } from '../../src/report/flat.ts';
import { openSession } from '../../src/run/session.ts';
import { sweep } from '../../src/run/sweep.ts';
import { readSpec } from '../../src/spec/fleet/read.ts';
import { readOptionsOf } from '../../src/spec/open.ts';
import { openQuestion } from '../../src/spec/question.ts';

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
    const result = await sweep(openQuestion(text, 'spec.yaml', catalog), catalog, { workers: 1 });
    const { kept, rejected } = result;
    const simulated = kept.filter((row) => row.result !== null);
    const ttft = new Map(
      simulated.map(({ hosts, choices, result: run }) => [
        `${hosts[0]!.hardware} ${choices.get('engine.step_source')}`,
        run!.ttft.mean,
      ]),
    );
    expect(ttft.get('a100-sxm-80gb regression')).toBe(ttft.get('a100-sxm-80gb auto'));
    expect(ttft.get('a100-sxm-80gb regression')).not.toBe(ttft.get('a100-sxm-80gb cost-model'));
    expect(ttft.get('l40s auto')).toBe(ttft.get('l40s cost-model'));
    expect(ttft.has('l40s regression')).toBe(false);
    expect(JSON.stringify(rejected)).toContain('no step traces were fitted');
    expect(columnsOf(result).map(({ name }) => name)).toContain('step_source');
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
      expect(said.join('').replace(/\s+/g, ' ')).toMatch(
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
