// Energy at the meter: PUE on every joule, electricity on every cost, and what the energy went into.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { electricityOf, electricityPerHour, sharesOf } from '../../src/metrics/site.ts';
import { type EnergyFigures, partFigures, workFigures } from '../../src/plan/energy.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { resolveFormats } from '../../src/stages/formats.ts';
import { listOps } from '../../src/stages/llm-ops.ts';
import { fromRows } from './columns.ts';
import { makeRunResult, type RunInput } from './lone-pool.ts';

const two = fromRows([
  [1, 1.5, 3.5, 11],
  [2, 3, 5, 5],
]);

const PART = { perStep: 0.5, perToken: 0.25, perPair: 0.0005, perContext: 0.005 };
const ENERGY: EnergyFigures = {
  perStep: 1,
  perToken: 0.5,
  perPair: 0.001,
  perContext: 0.01,
  idleW: 100,
  parts: { compute: PART, memory: PART, network: { perStep: 0, perToken: 0, perPair: 0, perContext: 0 } },
};

function resultOf(more: Partial<RunInput> = {}) {
  return makeRunResult({
    requests: two.requests,
    results: two.results,
    counters: {
      ...{ steps: 10, busySeconds: 3, runningSeconds: 6, peakBlocks: 25, preemptions: 0 },
      ...{ newTokens: 1000, pairs: 5000, contextTokens: 2000 },
      itlHistogram: { edges: Float64Array.of(0, 1), weights: Float64Array.of(1) },
    },
    energy: ENERGY,
    ...{ usdPerDeviceHour: 3.6, devices: 4, replicas: 2, numGpuBlocks: 100, slo: [] },
    ...more,
  });
}

describe('a run by hand: 4 s, two replicas that idle at 100 W, 535 J of work', () => {
  const work = 10 + 500 + 5 + 20;

  test('without a site: devices alone, electricity contained in their price', () => {
    const result = resultOf();
    expect(result.energy_j).toBe(800 + work);
    expect(result.joules_per_request).toBe((800 + work) / 2);
    expect(result.usd_per_hour).toBe(14.4);
    expect(result.electricity_usd_per_hour).toBe(0);
    expect(result.usd_per_request).toBeCloseTo(((14.4 / 3600) * 4) / 2, 15);
  });

  test('PUE raises every joule, electricity every cost', () => {
    const result = resultOf({ power: { pue: 1.5, usd_per_kwh: 0.2 } });
    const joules = (800 + work) * 1.5;
    expect(result.energy_j).toBeCloseTo(joules, 9);
    expect(result.power_w).toBeCloseTo(joules / 4, 9);
    expect(result.joules_per_token).toBeCloseTo(joules / 16, 9);
    const electricity = (joules / 3.6e6) * 0.2; // USD over the run
    expect(result.electricity_usd_per_hour).toBeCloseTo(electricity * 900, 12);
    expect(result.usd_per_request).toBeCloseTo((14.4 / 900 + electricity) / 2, 12);
    expect(result.usd_per_million_tokens).toBeCloseTo(((14.4 / 900 + electricity) / 16) * 1e6, 6);
  });

  test('shares: idle, compute, memory, network of the same energy, whatever the PUE', () => {
    const total = 800 + work;
    for (const power of [undefined, { pue: 2, usd_per_kwh: null }]) {
      const { energy_shares } = resultOf(power ? { power } : {});
      expect(energy_shares.idle).toBeCloseTo(800 / total, 12);
      expect(energy_shares.compute).toBeCloseTo(work / 2 / total, 12);
      expect(energy_shares.memory).toBeCloseTo(work / 2 / total, 12);
      expect(energy_shares.network).toBe(0);
    }
  });

  test('unknown watts: no energy, and no electricity in the cost', () => {
    const result = resultOf({ energy: null, power: { pue: 1.2, usd_per_kwh: 0.1 } });
    expect([result.energy_j, result.energy_shares.idle]).toEqual([Number.NaN, Number.NaN]);
    // devices are paid for all the same; a sweep that ranks by cost refuses such rows
    expect(result.usd_per_hour).toBe(14.4);
    expect(result.unmetered).toHaveLength(2);
    expect(resultOf({ energy: null, power: { pue: 1.2, usd_per_kwh: null } }).usd_per_hour).toBe(14.4);
  });
});

test('electricity by the hour and by the joule agree, and shares add up to one (properties)', () => {
  const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(amount, amount, amount, fc.double({ min: 1, max: 3, noNaN: true }), (a, b, c, pue) => {
      const power = { pue, usd_per_kwh: 0.1 };
      expect(electricityPerHour(a, power)).toBeCloseTo(electricityOf(a * pue * 3600, 0.1), 6);
      const shares = sharesOf({ idle: a, compute: b, memory: c, network: 1 });
      expect(shares.idle + shares.compute + shares.memory + shares.network).toBeCloseTo(1, 9);
    }),
  );
});

test('the parts of a model’s energy line add up to it', () => {
  const catalog = openCatalog();
  for (const [model, hardware, tp] of [
    ['llama-3.1-70b', 'h100-sxm-80gb', 4],
    ['mixtral-8x7b', 'mi300x', 2],
  ] as const) {
    const split = { tp, pp: 1, dp: 1, ep: 1, shards: 1 };
    const of = catalog.model(model);
    const formats = resolveFormats(of, { quantization: 'auto', kv: 'auto' });
    const ops = listOps(of, split, formats);
    const work = { ops, split, perDecode: 1, draft: null };
    const whole = workFigures(work, catalog.hardware(hardware));
    const { compute, memory, network } = partFigures(work, catalog.hardware(hardware));
    for (const driver of ['perStep', 'perToken', 'perPair', 'perContext'] as const) {
      expect((compute[driver] + memory[driver] + network[driver]) / whole[driver]).toBeCloseTo(1, 12);
    }
    expect(network.perToken).toBeGreaterThan(0);
  }
});

const QUESTION = `
model: llama-3.1-8b
workload: {lengths: {input_len: 500, output_len: 100}, request_rate: 2, num_requests: 100}
deployment: {hardware: [l4, l40s, tpu-v6e]}
engine: {max_num_seqs: 64}
prices: {l4: 1.00, l40s: 1.01, tpu-v6e: 0.5}
`;
const catalog = openCatalog();
const read = (text: string) => openQuestion(text, 'q.yaml', catalog);

const rank = (text: string) => sweep(read(text), catalog, { workers: 1 });

test('a sweep ranks by what electricity makes of the cost, and names hardware whose power is unknown', async () => {
  const plain = await rank(QUESTION);
  const paid = await rank(`${QUESTION}power: {pue: 1.4, usd_per_kwh: 2}\nwatts: {l4: 3kW}\n`);
  const names = (result: typeof plain) => result.kept.map((row) => row.choices.get('deployment.hardware'));
  expect(names(plain)[0]).toBe('tpu-v6e');
  expect(names(plain).filter((name) => name !== 'tpu-v6e')[0]).toBe('l4');
  expect(names(paid)[0]).toBe('l40s');
  expect(paid.rejected.find(({ words }) => words.includes('the power of the hardware is unknown'))?.count).toBe(1);
  const [best] = paid.kept;
  expect(best.usd_per_hour).toBe(best.result!.usd_per_hour);
  expect(best.result!.usd_per_hour).toBeCloseTo(1.01 + (best.result!.power_w / 1000) * 2, 9);
});

test('the section of a spec: defaults, and mistakes in its own words', () => {
  expect(read(QUESTION).first.power).toEqual({ pue: 1, usd_per_kwh: null });
  expect(read(`${QUESTION}power: {usd_per_kwh: 0.1}\n`).first.power).toEqual({ pue: 1, usd_per_kwh: 0.1 });
  expect(() => read(`${QUESTION}power: {pue: 0.9}\n`)).toThrow(/7: power.pue: expected a factor of at least 1/);
});
