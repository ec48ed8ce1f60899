// Preemption by swapping, and rounds of decodes, from outside: the reference's requests and counts, an axis of a sweep, a pool of a pipeline.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seeded } from '../metrics/columns.ts';
import { type Row, requestsOf, setupOf } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';
import { mist, openScratch, parseCsv } from './spawn.ts';

const scratch = openScratch();
const at = (name: string): string => join(scratch, name);

const price = {
  fixed_s: 0.004,
  per_new_token_s: 25e-6,
  per_prefill_pair_s: 0,
  per_sequence_s: 15e-6,
  per_context_token_s: 2e-8,
};

test('mist run swaps as the reference does, and counts it', async () => {
  const random = seeded(12);
  const rows = Array.from(
    { length: 80 },
    (_, i): Row => [Math.floor(i / 6) * 0.25, 1 + Math.floor(300 * random()), 1 + Math.floor(90 * random())],
  );
  const lines = rows.map((row) => `${row.join(',')}\n`).join('');
  writeFileSync(at('requests.csv'), `arrival_s,prompt_tokens,output_tokens\n${lines}`);
  const engine = 'preemption_mode: swap, num_cpu_blocks: 25, batching: chunked, max_num_seqs: 12, block_size: 16';
  const limits = 'max_num_batched_tokens: 512, num_gpu_blocks: 60';
  const step = JSON.stringify({ ...price, per_swapped_block_s: 0.0005 });
  writeFileSync(
    at('swap.yaml'),
    `workload: {requests: requests.csv}\nengine: {${engine}, ${limits}, step_time: ${step}}\n`,
  );
  const reference = referenceRun(
    requestsOf(rows),
    setupOf({
      maxNumSeqs: 12,
      maxNumBatchedTokens: 512,
      blockSize: 16,
      numGpuBlocks: 60,
      price,
      swap: { hostBlocks: 25, secondsPerBlock: 0.0005 },
    }),
  );
  const { swapsOut, swapsIn, swapSeconds, preemptions } = reference.counters;
  expect(swapsOut).toBeGreaterThan(4);
  expect(preemptions).toBeGreaterThan(swapsOut);
  const json = JSON.parse((await mist(['run', at('swap.yaml'), '--json', '--requests', at('out.csv')])).stdout);
  expect(json.mist).toMatchObject({ preemptions, swapped_out: swapsOut, swapped_in: swapsIn });
  expect(json.mist.swap_s).toBeCloseTo(swapSeconds, 12);
  const finish = parseCsv(readFileSync(at('out.csv'), 'utf8')).map((row) => (row as { finish_s: number }).finish_s);
  expect(finish).toEqual([...reference.results.finish]);
  const { stdout } = await mist(['run', at('swap.yaml')]);
  expect(stdout).toMatch(new RegExp(`Swapped out, and back in: +${swapsOut}, ${swapsIn}\n`));
});

/** Of rows that the reader refuses; mist run on such a row says which. */
const TOGETHER = 'settings that cannot be together';

const SWEEP = `
model: llama-3.1-8b
workload: {lengths: {input_len: 400, output_len: {uniform: [100, 600]}}, arrivals: {process: closed-loop, max_concurrency: 30}, num_requests: 150}
deployment: {hardware: l40s}
engine:
  max_num_seqs: 64
  num_gpu_blocks: 800
  batching: [chunked, static]
  preemption_mode: [recompute, swap]
objective: devices
top: 4
`;

test('a sweep has it as an axis: simulated both ways, and rows that could never swap fall', async () => {
  writeFileSync(at('sweep.yaml'), SWEEP);
  const { code } = await mist(['sweep', at('sweep.yaml'), '--workers', '1', '--out', at('swept')]);
  expect(code).toBe(0);
  const json = JSON.parse(readFileSync(at('swept/results.json'), 'utf8'));
  const chunked = json.kept.filter((row: { batching: string }) => row.batching === 'chunked');
  const rows = Object.fromEntries(chunked.map((row: { preemption_mode: string }) => [row.preemption_mode, row]));
  expect(rows.recompute).toMatchObject({ simulated: true, swapped_out: null });
  expect(rows.recompute.preemptions).toBeGreaterThan(0);
  expect(rows.swap.swapped_out).toBeGreaterThan(0);
  expect(rows.swap.swap_s).toBeGreaterThan(0);
  expect(rows.swap.e2el_mean_ms).not.toBe(rows.recompute.e2el_mean_ms);
  const fallen = json.rejected.find(({ words }: { words: string }) => words === TOGETHER);
  expect(fallen.count).toBe(1);
  const run = JSON.parse((await mist(['run', at('sweep.yaml'), '--row', '1', '--json'])).stdout);
  expect(run.mist.swapped_out).toBe(rows.swap.swapped_out);
  const refused = await mist(['run', at('sweep.yaml'), '--row', '3']);
  expect([refused.code, refused.stderr.includes('in static batching nothing is ever preempted')]).toEqual([2, true]);
});

test('rounds of decodes are an axis too, and rows whose decodes share steps with prompts fall', async () => {
  const rounds = 'batching: [continuous, chunked]\n  num_scheduler_steps: [1, 8]';
  const text = SWEEP.replace('batching: [chunked, static]', rounds).replace(
    '  preemption_mode: [recompute, swap]\n',
    '',
  );
  writeFileSync(at('rounds.yaml'), text.replace('num_gpu_blocks: 800', 'profile: vllm-0.6'));
  expect((await mist(['sweep', at('rounds.yaml'), '--workers', '1', '--out', at('rounds')])).code).toBe(0);
  const json = JSON.parse(readFileSync(at('rounds/results.json'), 'utf8'));
  const fallen = json.rejected.find(({ words }: { words: string }) => words === TOGETHER);
  expect(fallen.count).toBe(1);
  type Row = { batching: string; num_scheduler_steps: number; tpot_mean_ms: number; itl_mean_ms: number };
  const of = (steps: number): Row =>
    json.kept.find((row: Row) => row.batching === 'continuous' && row.num_scheduler_steps === steps);
  expect(of(8).itl_mean_ms).toBeGreaterThan(3 * of(1).itl_mean_ms);
});

test('a pool of a pipeline swaps', async () => {
  const step = 'step_time: {fixed_s: 10ms, per_swapped_block_s: 1ms}, kv_bytes_per_token: 1000';
  const pool = `{kind: llm, ${step}, num_gpu_blocks: 40, max_num_seqs: 32, preemption_mode: swap, swap_space: 1MiB}`;
  const traffic = 'workload: {lengths: {input_len: 60, output_len: 100}, request_rate: 30, num_requests: 60}';
  writeFileSync(
    at('pipe.yaml'),
    `fleet:\n  llm: ${pool}\npipelines: {p: {stages: [{prefill: llm}, {decode: llm}]}}\n${traffic}\n`,
  );
  const { stdout, stderr } = await mist(['run', at('pipe.yaml'), '--json']);
  expect(stderr).not.toContain('expected');
  const { mist: ours } = JSON.parse(stdout);
  expect(ours.swapped_out).toBeGreaterThan(5);
  expect(ours.swapped_in).toBe(ours.swapped_out);
  expect(ours.instances[0]).toMatchObject({ swapped_out: ours.swapped_out, swap_s: ours.swap_s });
  expect((await mist(['run', at('pipe.yaml')])).stdout).toContain('Time lost to swapping (s):');
  // as axes of a fleet's sweep, beside keys that only swapping reads
  const text = readFileSync(at('pipe.yaml'), 'utf8').replace(
    'preemption_mode: swap',
    'preemption_mode: {choices: [recompute, swap]}',
  );
  writeFileSync(at('pipes.yaml'), text);
  const swept = await mist(['sweep', at('pipes.yaml'), '--workers', '1', '--out', at('pipes')]);
  expect([swept.code, swept.stderr.includes('expected')]).toEqual([3, false]); // overloaded: no answer
  const { kept } = JSON.parse(readFileSync(at('pipes/results.json'), 'utf8'));
  const times = kept.map((row: { e2el_mean_ms: number }) => row.e2el_mean_ms);
  expect([times.length, new Set(times).size]).toEqual([2, 2]);
});
