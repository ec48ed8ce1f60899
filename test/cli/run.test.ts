// mist run from outside: the lines of --requests and --steps are those of the reference simulator, in CSV and in JSON.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_KV } from '../../assembly/layout/enums.ts';
import { seeded } from '../metrics/columns.ts';
import { type Row, requestsOf, setupOf } from '../reference/cases.ts';
import { type ReferenceRun, referenceRun } from '../reference/plain.ts';
import { example, mist, openScratch, parseCsv } from './spawn.ts';

const scratch = openScratch();
const at = (name: string): string => join(scratch, name);
const price = {
  fixed_s: 0.004,
  per_new_token_s: 0.000025,
  per_prefill_pair_s: 2e-9,
  per_sequence_s: 0.000015,
  per_context_token_s: 2e-8,
};

/** Bursts on two replicas with little room: queues, chunks, preemptions, and one prompt that never fits. */
function makeRows(): Row[] {
  const random = seeded(11);
  return Array.from({ length: 120 }, (_, i) => {
    const prompt = i === 40 ? 9000 : 1 + Math.floor(600 * random());
    return [Math.floor(i / 6) * 0.25, prompt, 1 + Math.floor(90 * random())];
  });
}

const rows = makeRows();
const spec = (batching: string): string => `
workload: {requests: requests.csv}
deployment: {replicas: 2, routing: least-loaded}
engine:
  profile: vllm-0.11
  batching: ${batching}
  max_num_seqs: 12
  max_num_batched_tokens: 512
  block_size: 16
  num_gpu_blocks: 60
  step_time: ${JSON.stringify(price)}
`;

function referenceOf(batching: 'chunked' | 'continuous'): ReferenceRun {
  const limits = { maxNumSeqs: 12, maxNumBatchedTokens: 512, blockSize: 16, numGpuBlocks: 60 };
  return referenceRun(requestsOf(rows), setupOf({ ...limits, batching, price, replicas: 2, routing: 'least-loaded' }));
}

beforeAll(() => {
  const lines = rows.map(([arrival, prompt, output]) => `${arrival},${prompt},${output}\n`);
  writeFileSync(at('requests.csv'), `arrival_s,prompt_tokens,output_tokens\n${lines.join('')}`);
  for (const batching of ['chunked', 'continuous']) writeFileSync(at(`${batching}.yaml`), spec(batching));
});

const STATES: Record<number, string> = { [STATE_FINISHED]: 'finished', [STATE_REJECTED_KV]: 'rejected-kv' };
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

function requestLines({ results }: ReferenceRun) {
  return rows.map(([arrival, prompt, output], i) => ({
    request: i,
    instance: `engine-${results.replica[i]! + 1}`,
    state: STATES[results.state[i]!],
    arrival_s: arrival,
    first_token_s: orNull(results.first[i]!),
    finish_s: orNull(results.finish[i]!),
    prompt_tokens: prompt,
    output_tokens: output,
    preemptions: results.preemptions[i],
  }));
}

const COLUMNS = [
  ...['request', 'instance', 'state', 'arrival_s', 'first_token_s', 'finish_s'],
  ...['prompt_tokens', 'output_tokens', 'preemptions'],
];
const pick = (row: Record<string, unknown>) => Object.fromEntries(COLUMNS.map((name) => [name, row[name]]));

interface JsonLine extends Record<string, unknown> {
  readonly visits: readonly Record<string, unknown>[];
}

/** A request of one visit as one row. */
function flatten({ visits: [visit], ...line }: JsonLine) {
  const { instance, first_token_s, prompt_tokens, output_tokens, preemptions = 0 } = visit!;
  return pick({ ...line, instance, first_token_s, prompt_tokens, output_tokens, preemptions });
}

function stepLines({ steps }: ReferenceRun) {
  return steps.map((step) => ({
    instance: step.replica,
    start_s: step.start,
    duration_s: step.duration,
    prefill_tokens: step.prefillTokens,
    sequences: step.sequences,
    context_tokens: step.context,
    blocks_in_use: step.blocks,
  }));
}

const parseJsonLines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each(['chunked', 'continuous'] as const)('mist run, %s', (batching) => {
  test('writes the requests and steps of the reference, digit for digit, as CSV', async () => {
    const reference = referenceOf(batching);
    expect(reference.counters.preemptions).toBeGreaterThan(0);
    const files = ['--requests', at('requests-out.csv'), '--steps', at('steps.csv')];
    expect((await mist(['run', at(`${batching}.yaml`), ...files])).code).toBe(0);
    const read = parseCsv(readFileSync(at('requests-out.csv'), 'utf8'));
    expect(read.map(pick)).toEqual(requestLines(reference));
    expect(parseCsv(readFileSync(at('steps.csv'), 'utf8'))).toEqual(stepLines(reference));
  });

  test('writes the same as JSON lines, and the same requests when no steps are asked for', async () => {
    const reference = referenceOf(batching);
    const files = ['--requests', at('requests-out.jsonl'), '--steps', at('steps.jsonl')];
    expect((await mist(['run', at(`${batching}.yaml`), ...files])).code).toBe(0);
    const read = parseJsonLines(readFileSync(at('requests-out.jsonl'), 'utf8')) as JsonLine[];
    expect(read.map(flatten)).toEqual(requestLines(reference));
    expect(parseJsonLines(readFileSync(at('steps.jsonl'), 'utf8'))).toEqual(stepLines(reference));
    await mist(['run', at(`${batching}.yaml`), '--requests', at('leaping.jsonl')]);
    expect(readFileSync(at('leaping.jsonl'), 'utf8')).toBe(readFileSync(at('requests-out.jsonl'), 'utf8'));
  });

  test('shows what was rejected', async () => {
    const run = JSON.parse((await mist(['run', at(`${batching}.yaml`), '--window', 'all', '--json'])).stdout);
    expect([run.completed, run.failed, run.mist.rejected_kv]).toEqual([119, 1, 1]);
  });
});

describe('mist run', () => {
  test('takes one row of a spec with axes by its number', async () => {
    const run = async (row: number) =>
      JSON.parse((await mist(['run', example('sweep-small.yaml'), '--row', String(row), '--json'])).stdout);
    const [first, last] = await Promise.all([run(0), run(95)]);
    expect(first.mist.configuration ?? first.mist).not.toEqual(last.mist.configuration ?? last.mist);
    expect(first.num_prompts).toBe(2000);
  });

  test('depends on the seed, and on nothing else', async () => {
    const run = async (seed: string) =>
      (await mist(['run', example('single-run.yaml'), '--json', '--seed', seed])).stdout;
    const [one, again, other] = await Promise.all([run('4'), run('4'), run('5')]);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
  });
});
