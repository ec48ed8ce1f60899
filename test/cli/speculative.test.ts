// Speculative decoding from outside: the command line gives the reference's lines, vLLM's block and fields, and the sweep's answer.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../metrics/columns.ts';
import { type Row, requestsOf, setupOf } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';
import { example, mist, openScratch, parseCsv } from './spawn.ts';

const scratch = openScratch();
const at = (name: string): string => join(scratch, name);
const price = {
  fixed_s: 0.004,
  per_new_token_s: 0.000025,
  per_prefill_pair_s: 2e-9,
  per_sequence_s: 0.000015,
  per_context_token_s: 2e-8,
  per_draft_pass_s: 0.0005,
  per_draft_token_s: 0.00001,
};
const random = seeded(12);
const rows = Array.from({ length: 80 }, (_, i): Row => {
  return [Math.floor(i / 5) * 0.2, 1 + Math.floor(500 * random()), 1 + Math.floor(120 * random())];
});
const LIMITS = {
  maxNumSeqs: 12,
  maxNumBatchedTokens: 512,
  blockSize: 16,
  numGpuBlocks: 70,
  batching: 'chunked' as const,
};
const SPEC = `
workload: {requests: requests.csv, seed: 9}
engine:
  max_num_seqs: 12
  max_num_batched_tokens: 512
  block_size: 16
  num_gpu_blocks: 70
  step_time: ${JSON.stringify(price)}
  speculative_config: {method: ngram, num_speculative_tokens: 3, acceptance: [0.8, 0.5, 0.5]}
`;

beforeAll(() => {
  const lines = rows.map(([arrival, prompt, output]) => `${arrival},${prompt},${output}\n`);
  writeFileSync(at('requests.csv'), `arrival_s,prompt_tokens,output_tokens\n${lines.join('')}`);
  writeFileSync(at('drafts.yaml'), SPEC);
});

describe('mist run', () => {
  test('writes the requests and steps of the reference, and counts what was accepted', async () => {
    const speculation = { drafts: 3, acceptance: [0.8, 0.8 * 0.5, 0.8 * 0.5 * 0.5], seed: 9 };
    const reference = referenceRun(requestsOf(rows), setupOf({ ...LIMITS, price, speculation }));
    expect(reference.counters.preemptions).toBeGreaterThan(0);
    const files = ['--requests', at('requests-out.csv'), '--steps', at('steps.csv'), '--window', 'all', '--json'];
    const run = JSON.parse((await mist(['run', at('drafts.yaml'), ...files])).stdout);
    const lines = parseCsv(readFileSync(at('requests-out.csv'), 'utf8'));
    expect(lines.map((line) => line.finish_s)).toEqual([...reference.results.finish]);
    expect(lines.map((line) => line.first_token_s)).toEqual([...reference.results.first]);
    const steps = parseCsv(readFileSync(at('steps.csv'), 'utf8'));
    expect(steps.map((step) => step.duration_s)).toEqual(reference.steps.map((step) => step.duration));
    expect(steps.map((step) => step.blocks_in_use)).toEqual(reference.steps.map((step) => step.blocks));
    const accepted = reference.counters.accepted!;
    const drafts = accepted.reduce((sum, count) => sum + count, 0);
    const tokens = accepted.reduce((sum, count, i) => sum + i * count, 0);
    expect(run.spec_decode_num_drafts).toBe(drafts);
    expect(run.spec_decode_draft_tokens).toBe(3 * drafts);
    expect(run.spec_decode_accepted_tokens).toBe(tokens);
    expect(run.spec_decode_acceptance_rate).toBeCloseTo((100 * tokens) / (3 * drafts), 10);
    expect(run.spec_decode_acceptance_length).toBeCloseTo(1 + tokens / drafts, 10);
    expect(run.spec_decode_per_position_acceptance_rates[2]).toBeCloseTo(accepted[3]! / drafts, 10);
    // one gap a step and sequence, however many tokens it brings
    const gaps = reference.gaps.reduce((sum, gap) => sum + gap, 0) / reference.gaps.length;
    expect(run.mean_itl_ms).toBeCloseTo(1000 * gaps, 6);
  });

  test("prints vLLM's block, and the command with its flag", async () => {
    const { stdout } = await mist(['run', example('speculative.yaml'), '--row', '2']);
    expect(stdout).toMatch(
      /-Speculative Decoding-+\nAcceptance rate \(%\):\s+4\d\.\d\d\nAcceptance length:\s+2\.\d\d\nDrafts:/,
    );
    expect(stdout).toMatch(/Per-position acceptance \(%\):\n {2}Position 0:\s+(69|70)\.\d\d\n/);
    const { mist: ours } = JSON.parse(
      (await mist(['run', example('speculative.yaml'), '--row', '2', '--json'])).stdout,
    );
    expect(ours.pools[0].launch).toContain(`--speculative-config '{"method":"eagle3","num_speculative_tokens":3}'`);
  });
});

test('mist sweep: drafts pay with few requests, and the longest do not with many', async () => {
  const out = ['--out', at('sweep')];
  await mist(['sweep', example('speculative.yaml'), ...out, '--workers', '1']);
  const lines = parseCsv(readFileSync(at('sweep/results.csv'), 'utf8'));
  // a row that the screen dropped cannot keep up at all
  const tpot = (rate: number, drafts: number) => {
    const found = lines.find((line) => line.request_rate === rate && line.num_speculative_tokens === drafts);
    return Number(found?.tpot_mean_ms ?? Number.POSITIVE_INFINITY);
  };
  expect(tpot(1, 3)).toBeLessThan(0.65 * tpot(1, 0));
  expect(tpot(48, 1)).toBeLessThan(tpot(48, 0));
  expect(tpot(48, 5)).toBeGreaterThan(1.2 * tpot(48, 3));
});
