// No batch is done before the least that its work takes (L11 of time): held against runs, and near enough to them to be of use.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { elapsedOf } from '../../src/metrics/limits.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { openLeastTime } from '../../src/run/least-time.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { openQuestion } from '../../src/spec/question.ts';

const catalog = openCatalog({});
const question = openQuestion(
  `
model: llama-3.1-8b
workload: {lengths: {input_len: {uniform: [50, 1500]}, output_len: {uniform: [1, 90]}}, arrivals: all-at-once, num_requests: 60}
deployment: {hardware: [l4, h100-sxm-80gb], replicas: [1, 2]}
engine: {batching: [chunked, continuous], max_num_seqs: [8, 64], max_num_batched_tokens: [512, 8192]}
`,
  'batch.yaml',
  catalog,
);

test('the least time is never more than the run takes, and often more than two thirds of it', () => {
  const simulator = openSimulator(catalog, openSession(catalog));
  const leastTime = openLeastTime(catalog, simulator.share);
  const shares = Array.from({ length: question.rows }, (_, row) => {
    const { spec } = question.at(row);
    const { program, clients } = prepareFleet(spec, catalog, simulator.session, simulator.share);
    const clientOf = (name: string) => program.clients[clients.findIndex(({ pool }) => pool === name)];
    const { seconds, tokens } = leastTime(spec, clientOf);
    const { result } = simulateRow(simulator, spec, false);
    expect(tokens).toBe(result.total_output_tokens);
    return seconds / elapsedOf(result);
  });
  expect(Math.max(...shares)).toBeLessThanOrEqual(1);
  expect(shares.filter((share) => share > 2 / 3).length).toBeGreaterThan(4);
});
