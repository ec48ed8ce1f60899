// Server runs are judged by what their deployment does with all requests at once; latencies only well below it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { run } from '../../src/commands/run.ts';
import { validate } from '../../src/commands/validate.ts';
import { predictCases } from '../../src/validate/predict.ts';
import { readCases } from '../../src/validate/read-cases.ts';
import { scoreAll } from '../../src/validate/report.ts';
import { scoredOf } from '../../src/validate/score.ts';
import { type Cells, caseText, writeFolder } from './case-files.ts';

const catalog = openCatalog();
const SERVER = { mode: 'mlperf-server', load_kind: 'rate', length_spread: '1', replicas: '2', devices: '2' } as const;
const predict = (rows: readonly Cells[]) => {
  const file = join(writeFolder({ 'cases.csv': caseText(rows) }), 'cases.csv');
  return { file, predictions: predictCases(readCases(file), catalog) };
};

async function said(act: (out: { stdout(text: string): void; stderr(text: string): void }) => Promise<number>) {
  const parts: string[] = [];
  expect(await act({ stdout: (text) => void parts.push(text), stderr: () => undefined })).toBe(0);
  return parts.join('');
}

test('a quiet server has latencies, one that is offered more than it bears has none, both have a capacity', () => {
  const { predictions } = predict([
    { ...SERVER, load_value: '2' },
    { ...SERVER, load_value: '9000', group_id: 'loud' },
    { ...SERVER, load_value: '9000', group_id: 'loud', metric: 'ttft_ms' },
    {},
  ]);
  const [quiet, loud, again, loop] = predictions;
  expect([quiet!.status, loud!.status, loop!.status]).toEqual(['ok', 'undetermined', 'ok']);
  expect([quiet!.predicted! > 0, loud!.predicted, loud!.errorPct]).toEqual([true, null, null]);
  expect([loop!.capacityPct, again!.capacityPct]).toEqual([null, loud!.capacityPct]);
  // capacity does not depend on what is offered: (1 + error) rate is the same
  expect((1 + quiet!.capacityPct! / 100) * 2).toBeCloseTo((1 + loud!.capacityPct! / 100) * 9000, 6);
  expect(loud!.note).toMatch(/^offered \d+ % of the predicted capacity/);
  // counted neither way, one capacity a run
  expect(scoredOf(predictions)).toEqual([quiet, loop]);
  const { capacity, missing } = scoreAll(predictions, []);
  expect([capacity!.n, capacity!.rows, capacity!.undetermined, missing.length]).toEqual([2, 3, 2, 0]);
  expect(scoreAll([loop!], []).capacity).toBeNull();
});

test('what its capacity is judged by is printed, and runs', async () => {
  const { file, predictions } = predict([{ ...SERVER, load_value: '40' }]);
  const spec = join(writeFolder({}), 'printed.yaml');
  writeFileSync(spec, await said((out) => validate([file, '--print-spec', 'c0.capacity'], out)));
  const { output_throughput } = JSON.parse(await said((out) => run([spec, '--json'], out)));
  expect(predictions[0]!.capacityPct).toBeCloseTo(100 * ((0.93 * output_throughput) / (40 * 64) - 1), 9);
  const { file: other } = predict([{}]);
  await expect(validate([other, '--print-spec', 'c0.capacity'], { stdout() {}, stderr() {} })).rejects.toThrow(
    'expected the case of a server run before .capacity',
  );
});

test('of a long run that begins with everything one replica stands for all, and its steady part for what it leaves out', () => {
  const long = { mode: 'offline', load_kind: 'all-at-once', load_value: '', metric: 'output_tokens_per_s' } as const;
  const limits = { max_num_seqs: '1024', length_spread: '0.1', input_len: '64', output_len: '64' } as const;
  const { predictions } = predict([
    { ...long, ...limits, num_requests: '60000', replicas: '3', devices: '3' },
    { ...long, ...limits, num_requests: '20000' },
  ]);
  const [three, single] = predictions;
  expect([three!.status, single!.status]).toEqual(['truncated', 'ok']);
  const note = 'the first 24576 of 60000 requests; one of 3 replicas; the others at the rate of its steady part';
  expect(three!.note).toBe(note);
  expect(Math.abs(three!.predicted! / single!.predicted! / 3 - 1)).toBeLessThan(0.005);
});
