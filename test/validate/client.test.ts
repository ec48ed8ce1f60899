// What a client adds to first tokens, the decode speed of loops whose requests are all alike, and how a chat samples.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { predictCases } from '../../src/calibrate/validate/predict.ts';
import { readCases } from '../../src/calibrate/validate/read-cases.ts';
import { type Catalog, openCatalog } from '../../src/catalog/open.ts';
import { type Cells, caseText, writeFolder } from './case-files.ts';

const shipped = openCatalog();

function predict(rows: readonly Cells[], catalog: Catalog, files: Readonly<Record<string, string>> = {}): number[] {
  const folder = writeFolder({ ...files, 'cases.csv': caseText(rows) });
  return predictCases(readCases(join(folder, 'cases.csv')), catalog).map(({ predicted, note }) => {
    if (predicted === null) throw new Error(note);
    return predicted;
  });
}

const withClient = (request_s: number, prompt_token_s: number): Catalog => ({
  ...shipped,
  engine: (id) => ({ ...shipped.engine(id), client: { request_s, prompt_token_s } }),
});

test('first tokens and ends come later by the time of a request on its way; gaps and batches do not', () => {
  const run: Cells = { length_spread: '1', input_len: '500', load_value: '1', num_requests: '4' };
  const rows = ['ttft_ms', 'e2e_ms', 'tpot_ms', 'output_tokens_per_s'].map((metric) => ({ ...run, metric }));
  const none = predict(rows, withClient(0, 0));
  const some = predict(rows, withClient(0.01, 2e-5));
  expect(some[0] - none[0]).toBeCloseTo(10 + 10, 6);
  expect(some[1] - none[1]).toBeCloseTo(10 + 10, 6);
  expect(some[2]).toBe(none[2]);
  // a closed loop turns as much slower as its requests take longer
  expect(some[3] / none[3]).toBeCloseTo(none[1] / some[1], 9);
  const batch: Cells = {
    mode: 'static-batch',
    load_kind: 'batch',
    load_value: '4',
    num_requests: '4',
    length_spread: '1',
  };
  const first = [{ ...batch, prefill_policy: 'exclusive', metric: 'ttft_ms' }];
  expect(predict(first, withClient(0.01, 0))).toEqual(predict(first, withClient(0, 0)));
});

test('equal requests drift apart: they decode slower than in lockstep, prompts of others come between', () => {
  const loop: Cells = {
    length_spread: '1',
    input_len: '4000',
    output_len: '100',
    load_value: '16',
    num_requests: '160',
  };
  const [phased] = predict([{ ...loop, metric: 'tpot_ms' }], shipped);
  // a run with too few requests to drop the first round is left in lockstep
  const [locked] = predict([{ ...loop, metric: 'tpot_ms', num_requests: '16' }], shipped);
  expect(phased).toBeGreaterThan(1.2 * locked);
  const [spread] = predict(
    [{ ...loop, metric: 'tpot_ms', length_spread: '0.9', input_len: '4200', output_len: '105' }],
    shipped,
  );
  expect(Math.abs(phased / spread - 1)).toBeLessThan(0.15);
});

test('a chat from a list of lengths samples from sorted logits, which takes time; a benchmark is greedy', () => {
  const files = { 'chat.csv': 'input_len,output_len\n512,64\n512,64\n' };
  const loop: Cells = { length_spread: '', load_value: '256', num_requests: '512', metric: 'itl_ms', statistic: 'p50' };
  const [chat] = predict([{ ...loop, lengths_file: 'chat.csv' }], shipped, files);
  const [benchmark] = predict([{ ...loop, length_spread: '1' }], shipped);
  expect(chat).toBeGreaterThan(1.1 * benchmark);
});
