// Law L11: energy is at least idle power times time, and cost is price times devices times time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { pricesOf } from '../../src/catalog/price-sheets.ts';
import { bindDeployment, isRefusal } from '../../src/plan/deployment.ts';
import { type EnergyFigures, standingWatts } from '../../src/plan/energy.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { runs } from '../depth.ts';
import { drawScenario, type Scenario } from '../engine/random.ts';
import { makeRunResult } from '../metrics/lone-pool.ts';
import { openSmall } from '../sweep/small-spec.ts';

const watts = fc.double({ min: 0, max: 1000, noNaN: true });
const drawEnergy: fc.Arbitrary<EnergyFigures> = fc.record({
  perStep: watts,
  perToken: watts,
  perPair: watts,
  perContext: watts,
  idleW: watts,
});

interface Priced {
  readonly scenario: Scenario;
  readonly energy: EnergyFigures;
  readonly usdPerDeviceHour: number;
  readonly perReplica: number;
}

const drawPriced: fc.Arbitrary<Priced> = fc.record({
  scenario: drawScenario(true),
  energy: drawEnergy,
  usdPerDeviceHour: fc.double({ min: 0.01, max: 20, noNaN: true }),
  perReplica: fc.integer({ min: 1, max: 16 }),
});

function resultOfPriced({ scenario, energy, usdPerDeviceHour, perReplica }: Priced) {
  const { requests, setup } = scenario;
  const { results, counters, itl } = runOnePool(requests, setup, { leap: 'exact' });
  return makeRunResult({
    requests,
    results,
    counters: { ...counters, itlHistogram: itl },
    energy,
    usdPerDeviceHour,
    devices: perReplica * setup.replicas,
    replicas: setup.replicas,
    numGpuBlocks: setup.numGpuBlocks,
    slo: [],
  });
}

describe('L11 on random runs', () => {
  test('energy >= idle power x replicas x time, with equality when work costs nothing', () => {
    fc.assert(
      fc.property(drawPriced, (priced) => {
        const result = resultOfPriced(priced);
        const idle = priced.energy.idleW * priced.scenario.setup.replicas * result.duration;
        expect(result.energy_j).toBeGreaterThanOrEqual(idle * (1 - 1e-12));
        const free = { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: priced.energy.idleW };
        expect(resultOfPriced({ ...priced, energy: free }).energy_j).toBeCloseTo(idle, 6);
        if (result.duration > 0) expect(result.power_w * result.duration).toBeCloseTo(result.energy_j, 5);
      }),
      { seed: 60, numRuns: runs(75) },
    );
  });

  test('a running step adds its watts while it runs, and boards are held at their limit', () => {
    fc.assert(
      fc.property(drawPriced, watts, watts, (priced, busyW, spare) => {
        const { replicas } = priced.scenario.setup;
        const { energy } = priced;
        const plain = resultOfPriced(priced);
        if (!(plain.duration > 0)) return;
        const free = { perStep: 0, perToken: 0, perPair: 0, perContext: 0, idleW: energy.idleW };
        const ready = resultOfPriced({ ...priced, energy: { ...free, busyW } });
        const busy = plain.utilisation * plain.duration * replicas;
        expect(ready.energy_j).toBeCloseTo(energy.idleW * replicas * plain.duration + busyW * busy, 3);
        const mostW = energy.idleW + spare;
        const held = resultOfPriced({ ...priced, energy: { ...energy, busyW, mostW } });
        const asked = resultOfPriced({ ...priced, energy: { ...energy, busyW } });
        expect(held.energy_j).toBeLessThanOrEqual(asked.energy_j * (1 + 1e-12));
        const most = energy.idleW * replicas * plain.duration + spare * busy;
        expect(held.energy_j).toBeLessThanOrEqual(most + 1e-6 * (1 + most));
        if (asked.energy_j <= most * (1 - 1e-9) && replicas === 1) expect(held.energy_j).toBeCloseTo(asked.energy_j, 6);
      }),
      { seed: 62, numRuns: runs(75) },
    );
  });

  test('cost = price x devices x time', () => {
    fc.assert(
      fc.property(drawPriced, (priced) => {
        const result = resultOfPriced(priced);
        const devices = priced.perReplica * priced.scenario.setup.replicas;
        if (!(result.duration > 0)) return;
        expect(result.usd_per_hour).toBeCloseTo(priced.usdPerDeviceHour * devices, 6);
        if (!(result.output_throughput > 0)) return;
        const spent = (result.usd_per_million_tokens * result.total_output_tokens) / 1e6;
        const owed = (priced.usdPerDeviceHour * devices * result.duration) / 3600;
        expect(spent / owed).toBeCloseTo(1, 9);
      }),
      { seed: 61, numRuns: runs(75) },
    );
  });
});

describe('L11 on the hardware of the catalog', () => {
  const catalog = openCatalog({});
  const { first } = openSmall(catalog);
  const simulator = openSimulator(catalog, openSession(catalog));

  /** Idle power runs at no load and at full load: a run can neither cost less than idling nor more than all devices at TDP. */
  test.each(['h200-sxm-141gb', 'a100-sxm-80gb', 'h100-sxm-80gb', 'mi300x', 'tpu-v5e'])(
    '%s draws between idle and TDP',
    (hardware) => {
      const [pool] = first.pools;
      if (pool?.kind !== 'llm') throw new Error('no engines');
      const configuration = { ...pool.configuration, hardware, tensor_parallel_size: 2, quantization: 'bf16' as const };
      const watts = { [hardware]: 400 };
      const bound = bindDeployment(configuration, { catalog, prices: {}, watts });
      if (isRefusal(bound)) throw new Error(bound.words);
      const spec = { ...first, watts, slo: [], pools: [{ ...pool, count: 2, configuration }] };
      const { result } = simulateRow(simulator, spec, false);
      const { idle } = standingWatts(bound.hardware, bound.split);
      expect(idle).toBeGreaterThan(0);
      expect(result.power_w).toBeGreaterThan(idle * 2);
      expect(result.power_w).toBeLessThanOrEqual(400 * result.devices);
      expect(result.usd_per_hour).toBeCloseTo(pricesOf(spec, catalog)[hardware]! * result.devices, 9);
    },
  );
});
