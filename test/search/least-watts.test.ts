// No deployment that keeps the promise draws less than its bound (L11 of power): held against runs, and near enough to them to be of use.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { weighFleet } from '../../src/plan/pipeline/weigh-fleet.ts';
import { openFleetBounds } from '../../src/run/bound-fleet.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { openQuestion } from '../../src/spec/question.ts';

const catalog = openCatalog({});

const PLAIN = `
model: llama-3.1-8b
workload: {lengths: {input_len: {uniform: [50, 1500]}, output_len: {uniform: [1, 90]}}, request_rate: 14, num_requests: 300}
deployment: {hardware: [l4, h100-sxm-80gb], replicas: [1, 4], pipeline_parallel_size: [1, 2]}
engine: {max_num_seqs: [4, 64], max_num_batched_tokens: [512, 8192]}
slo: {p99_ttft: 3s, p99_tpot: 300ms}
power: {pue: 1.2}
`;
const pool = (more: string): string => `{kind: llm, model: llama-3.1-8b, location: server, ${more}}`;
const APART = `
fleet:
  prefillers: ${pool('role: prefill, hardware: h100-sxm-80gb, count: {choices: [1, 2]}, power_limit: {choices: [300, 500]}')}
  decoders: ${pool('role: decode, hardware: {choices: [l4, h100-sxm-80gb]}, count: 2, max_num_seqs: {choices: [8, 64]}')}
topology: {rack: {kind: rack}, server: {kind: nvlink, within: rack, count: 4}}
pipelines: {chat: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {lengths: {input_len: 900, output_len: 60}, request_rate: 12, num_requests: 300}
slo: {p99_ttft: 3s, p99_tpot: 300ms}
`;

for (const [name, text, least] of [
  ['engines of one pool', PLAIN, 0.5],
  ['prefill and decode apart', APART, 0.4],
] as const)
  test(`${name}: what keeps the promise draws no less than the bound, and some little more`, () => {
    const question = openQuestion(text, 'watts.yaml', catalog);
    const simulator = openSimulator(catalog, openSession(catalog));
    const { session, share } = simulator;
    const bounds = openFleetBounds(catalog, share);
    const shares = Array.from({ length: question.rows }, (_, row) => {
      const { spec } = question.at(row);
      const { pools, idleWatts } = weighFleet(spec, catalog, { lowering: session.lowering, share });
      const working = bounds.watts(spec, pools);
      const { result } = simulateRow(simulator, spec, false);
      // by what is drawn on top of idling: idling alone is not much of a bound
      const idle = idleWatts * spec.power.pue;
      return result.slo_met ? (working * spec.power.pue) / (result.power_w - idle) : null;
    }).filter((own) => own !== null);
    expect(shares.length).toBeGreaterThan(2);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(Math.max(...shares)).toBeGreaterThan(least);
  });
