// What the figures of a fleet hang on: turns are what a spec with that value would be, and shares of time add up.
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openSpec } from '../../src/run/open-spec.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { listTurns } from '../../src/run/why/changes.ts';
import { figuresOf, findEffects } from '../../src/run/why/effects.ts';
import { PARTS } from '../../src/run/why/phases.ts';
import { findWhy } from '../../src/run/why/why.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';

const catalog = openCatalog({});
const ENGINE = 'engine: {max_num_seqs: 8, max_num_batched_tokens: 512}';
const text = (hardware: string, more = ENGINE, replicas = 2) => `
model: llama-3.1-8b
workload: {lengths: {input_len: 300, output_len: 40}, request_rate: 12, num_requests: 120, seed: 5}
deployment: {hardware: ${hardware}, replicas: ${replicas}}
${more}
slo: {p99_ttft: 2s}
`;
const specOf = (hardware = 'l40s', more?: string, replicas?: number): FleetSpec =>
  openSpec(text(hardware, more, replicas), 'a.yaml', catalog).at(0).spec;
const runOf = (spec: FleetSpec) => simulateRow(openSimulator(catalog, openSession(catalog)), spec, false).result;
const turn = (spec: FleetSpec, name: string): FleetSpec =>
  listTurns(spec, catalog, 0.25)
    .find((one) => one.name === name)!
    .set(spec);

describe('a turn gives the run of the spec that says so', () => {
  const own = specOf();
  test.each([
    ['hardware.l40s.memory_bandwidth', specOf('{base: l40s, memory_bandwidth: x1.25}')],
    ['hardware.l40s.peak', specOf('{base: l40s, peak: x1.25}')],
    ['engine: instances', specOf('l40s', ENGINE, 3)],
    ['engine: max_num_seqs', specOf('l40s', ENGINE.replace('seqs: 8', 'seqs: 16'))],
    ['engine: max_num_batched_tokens', specOf('l40s', ENGINE.replace('512', '1024'))],
    ['load (requests/s)', openSpec(text('l40s').replace('rate: 12', 'rate: 15'), 'a.yaml', catalog).at(0).spec],
  ])('%s', (name, written) => {
    expect(runOf(turn(own, name))).toEqual(runOf(written));
    expect(runOf(written)).not.toEqual(runOf(own));
  });

  test('of a device that is derived itself factors multiply', () => {
    const derived = specOf('{base: l40s, memory_bandwidth: x2}');
    const [pool] = turn(derived, 'hardware.l40s(memory_bandwidth=x2).memory_bandwidth').pools;
    expect(pool).toMatchObject({ configuration: { hardware: 'l40s(memory_bandwidth=x2.5)' } });
  });

  test('what the spec itself pays for a device it pays for the turned one', () => {
    const priced = specOf('l40s', `${ENGINE}\nprices: {l40s: 3}`);
    const { usd_per_hour } = runOf(turn(priced, 'hardware.l40s.peak'));
    expect(usd_per_hour).toBe(6);
  });

  test('where the spec prices steps itself there is no device to turn', () => {
    const steps = 'step_time: {fixed_s: 5ms, per_new_token_s: 20us, per_sequence_s: 0.1ms}';
    const priced = openSpec(
      `engine: {${steps}, num_gpu_blocks: 500}\nworkload: {lengths: {input_len: 30, output_len: 10}, request_rate: 5, num_requests: 50}\n`,
      'a.yaml',
      catalog,
    );
    const names = listTurns(priced.at(0).spec, catalog, 0.1).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('hardware'))).toEqual([]);
    expect(names).toContain('load (requests/s)');
  });
});

test('effects are means of paired shares; what changes nothing is told apart, and what cannot be has a reason', async () => {
  const specs = [5, 6, 7].map((seed) => openSpec(text('l40s'), 'a.yaml', catalog, seed).at(0).spec);
  const simulator = openSimulator(catalog, openSession(catalog));
  const found = await findEffects(specs, catalog, simulator, { share: -0.75, objective: 'usd_per_hour' });
  expect(found.seeds).toEqual([5, 6, 7]);
  const bandwidth = found.effects.find(({ name }) => name === 'hardware.l40s.memory_bandwidth')!;
  const shares = specs.map((spec) => {
    const slower = listTurns(spec, catalog, -0.75).find(({ name }) => name.endsWith('.memory_bandwidth'))!;
    return runOf(slower.set(spec)).ttft.p99 / runOf(spec).ttft.p99 - 1;
  });
  expect(bandwidth.changes[0]!.mean).toBeCloseTo(shares.reduce((sum, one) => sum + one, 0) / 3, 12);
  expect(bandwidth.changes[0]!.mean).toBeGreaterThan(1);
  expect(found.none.map(({ name }) => name)).toContain('hardware.l40s.scale_out_bandwidth');
  // a quarter of the memory holds no weights
  expect(found.refused.map(({ name }) => name)).toEqual(['hardware.l40s.memory_bytes']);
});

test('shares of time add up, and limits that were reached are told from those that were not', async () => {
  const why = await findWhy([specOf('l40s', 'engine: {max_num_seqs: 2, max_num_batched_tokens: 2048}')], catalog, {
    ...{ share: 0.1, objective: 'watts' as const },
  });
  expect(why.phases.map(({ phase }) => phase)).toEqual(['prompts', 'decodes']);
  for (const { parts } of why.phases) {
    expect(PARTS.reduce((sum, part) => sum + parts![part], 0)).toBeCloseTo(1, 12);
    expect(parts!.memory).toBeGreaterThan(0);
  }
  const busy = why.phases.reduce((sum, { share }) => sum + share, 0);
  expect(busy).toBeGreaterThan(0.1);
  expect(why.idle.get('engine')).toBeCloseTo(1 - busy, 12);
  const binding = Object.fromEntries(why.limits.map(({ limit, binding: own }) => [limit, own]));
  expect(binding).toMatchObject({ max_num_seqs: true, 'KV blocks': false });
  expect(figuresOf([], 'watts').map(({ name }) => name)).toEqual(['p99 TTFT', 'p99 TPOT', 'output', 'cost', 'power']);
});
