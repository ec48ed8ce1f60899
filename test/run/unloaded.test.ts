// What a lone request takes: what the same requests take in an open loop in which none meets another, in plain specs and in fleets.
import { describe, expect, it, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openSpec } from '../../src/run/open-spec.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';

const catalog = openCatalog();
const simulator = openSimulator(catalog, openSession(catalog));
const found = (text: string) => {
  const { spec } = openSpec(text, 'spec.yaml', catalog).at(0);
  return { spec, result: simulateRow(simulator, spec, false).result };
};

const APART = [
  'fleet:',
  '  pre: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: l40s, count: 2}',
  '  dec: {kind: llm, role: decode, model: llama-3.1-8b, hardware: l40s}',
  'pipelines: {chat: {stages: [prefill, decode]}}',
];
const PLAIN = ['model: llama-3.1-8b', 'deployment: {hardware: h100-sxm-80gb, replicas: 3}'];
/** All alike, since a run that is too short to tell is run again with more requests. */
const LENGTHS = '{input_len: 900, output_len: 70}';

describe.each([
  ['a plain spec', PLAIN],
  ['prefill and decode apart', APART],
])('%s', (_, head) => {
  const spec = (slo: string, rate: number) =>
    [
      ...head,
      `workload: {lengths: ${LENGTHS}, arrivals: uniform, request_rate: ${rate}, num_requests: 120, warmup: 0%, cooldown: 0%}`,
      `slo: {${slo}}`,
    ].join('\n');

  test.each(['p99_ttft', 'p50_e2el', 'mean_tpot'])(
    '%s of requests that never meet is once that of a lone one',
    (key) => {
      // one every hour
      expect(found(spec(`${key}: 1.000001x unloaded`, 1 / 3600)).result.slo_met).toBe(true);
      expect(found(spec(`${key}: 0.99x unloaded`, 1 / 3600)).result.slo_met).toBe(false);
    },
  );

  it('does not depend on the load, which then breaks it', () => {
    const [slow, fast] = [found(spec('p99_ttft: 2x unloaded', 0.1)), found(spec('p99_ttft: 2x unloaded', 500))];
    expect(fast.spec.slo).toEqual(slow.spec.slo);
    expect(slow.spec.slo[0]).toMatchObject({ times: 2, limit: expect.any(Number) });
    expect([slow.result.slo_met, fast.result.slo_met]).toEqual([true, false]);
  });
});

it('is no limit where there is nothing to measure, or the row cannot be', () => {
  const one = PLAIN.concat(
    'workload: {lengths: {input_len: 10, output_len: 1}, request_rate: 1}',
    'slo: {p99_tpot: 2x unloaded}',
  );
  expect(found(one.join('\n')).spec.slo[0]!.limit).toBe(Number.POSITIVE_INFINITY);
  const huge = [
    'model: llama-3.1-405b',
    'deployment: {hardware: l4}',
    'workload: {lengths: {input_len: 10, output_len: 9}, request_rate: 1}',
    'slo: {p99_ttft: 2x unloaded}',
  ];
  expect(openSpec(huge.join('\n'), 'spec.yaml', catalog).first.slo[0]!.limit).toBe(Number.POSITIVE_INFINITY);
});
