// Rows that a bound rules out under their own limits: none of them keeps the promise, and what is said of a row is a matter of the row alone.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { kernelModule } from '../../src/kernels/load.ts';
import type { SettledRow } from '../../src/run/protocol.ts';
import { openRowWork } from '../../src/run/row-work.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';

const catalog = openCatalog({});

/** Requests that are all alike, so that the bound comes near to what a run can do. What few sequences or small steps cannot do, other settings of the same deployment can. */
const TEXT = `
model: llama-3.1-8b
workload: {lengths: {input_len: 700, output_len: 60}, request_rate: 12, num_requests: 1200}
deployment: {hardware: [l4, l40s], replicas: {from: 1, to: 12}, routing: least-loaded}
engine: {profile: vllm-0.11, batching: [chunked, continuous], max_num_seqs: [2, 6, 24, 256], max_num_batched_tokens: [512, 8192]}
slo: {p99_ttft: 5s, p99_tpot: 100ms}
objective: usd_per_hour
top: 2
`;

const start = { text: TEXT, file: 'space.yaml', seed: undefined, catalogFolder: null, prices: null, shape: null };

function settleAll(rows: readonly number[], hasty = true): Map<number, SettledRow> {
  const work = openRowWork({ ...start, objectives: [], module: kernelModule() }, catalog);
  const order = { kind: 'settle', rows: Float64Array.from(rows), cuts: Uint32Array.of(0), hasty } as const;
  const report = work.settle(0, order);
  if (report.kind !== 'settled') throw new Error(report.kind);
  return new Map(report.rows.map((row, i) => [rows[i]!, row]));
}

test('L10: what is ruled out misses the promise; L6: whatever else the thread has run', { timeout: 600_000 }, () => {
  const question = openQuestion(TEXT, 'space.yaml', catalog);
  const rows = Array.from({ length: question.rows }, (_, row) => row);
  const [settled, reversed] = [settleAll(rows), settleAll(rows.toReversed())];
  const simulator = openSimulator(catalog, openSession(catalog));
  const fates = { ruled: 0, run: 0 };
  for (const [row, { ruled, outcome }] of settled) {
    expect(reversed.get(row)).toMatchObject({ ruled, outcome });
    if (!ruled) {
      if (outcome) fates.run++;
      continue;
    }
    fates.ruled++;
    expect(ruled.row).toBe(row);
    expect(ruled.short).toBeGreaterThan(1);
    expect(simulateRow(simulator, question.at(row).spec, false).result.slo_met).toBe(false);
  }
  expect(Math.min(fates.ruled, fates.run)).toBeGreaterThan(50);
  // whoever asks for runs to their end gets them
  const few = rows.filter((row) => settled.get(row)!.ruled).slice(0, 20);
  for (const { ruled, outcome } of settleAll(few, false).values())
    expect([ruled, outcome !== null]).toEqual([null, true]);
});

// settings that are left out lend their limits to what is known of a deployment: of these nothing is ruled out before its own limits are
test('where everything is ruled out the nearest are run, and every row is counted once', {
  timeout: 600_000,
}, async () => {
  const text = TEXT.replace('[2, 6, 24, 256]', '[1, 256]').replace('{from: 1, to: 12}', '[5, 6]');
  const result = await sweep(
    openQuestion(`${text}where: 'engine.max_num_seqs < 256'\n`, 'space.yaml', catalog),
    catalog,
    { workers: 1 },
  );
  const fallen = result.rejected.reduce((sum, { count }) => sum + count, 0);
  expect(result.simulated).toBeGreaterThan(0);
  expect(result.kept[0]?.result?.slo_met).toBe(false);
  expect(fallen + result.dearer + result.simulated).toBe(result.rows);
});
