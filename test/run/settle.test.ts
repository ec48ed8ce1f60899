// What a sweep says of a row is what `mist run` gives for it: one engine, one definition of every metric.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { summarise } from '../../src/metrics/summary.ts';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import { prepareFleet } from '../../src/plan/pipeline/lower-fleet.ts';
import { planMeasuring } from '../../src/run/client-view.ts';
import { lengthen } from '../../src/run/extend.ts';
import { isUncoupled, runFleet } from '../../src/run/fleet.ts';
import { measureRun } from '../../src/run/measure-fleet.ts';
import { pickBytes, pickInKernel } from '../../src/run/pick.ts';
import { openSession } from '../../src/run/session.ts';
import { openSimulator, simulateRow } from '../../src/run/simulate-row.ts';
import { sweep } from '../../src/run/sweep.ts';
import type { FleetSpec } from '../../src/spec/fleet/types.ts';
import { seeded } from '../metrics/columns.ts';
import { openSmall } from '../sweep/small-spec.ts';

const catalog = openCatalog({});
const question = openSmall(catalog);

/** What `mist run` measures of a row, from nothing that another row had a part in. */
function measureAlone(spec: FleetSpec, leap: 'closed' | 'exact'): FleetSummary {
  const lowered = prepareFleet(spec, catalog, openSession(catalog));
  const run = runFleet(lowered.program, { leap, ...planMeasuring(spec, lowered, true) });
  const { result } = measureRun(spec, lowered, run);
  const { breakdown: _, stages: __, clients: ___, pipelines: ____, visits: _____, ...summary } = result;
  return summary;
}

test('a settled row is, to the bit, the run of its configuration over the same requests', async () => {
  const { kept } = await sweep(question, catalog, { workers: 1 });
  // Those that miss a limit were given up as soon as that was certain, so only these have all their latencies.
  const met = kept.filter(({ result }) => result?.slo_met);
  expect(met.length).toBeGreaterThan(2);
  for (const { row, result, times } of met) {
    const { spec } = question.at(row);
    expect(measureAlone(times > 1 ? lengthen(spec, times)! : spec, 'closed')).toEqual(result);
  }
});

test('rows that share traffic, visits and surfaces have the bits of rows that share nothing, in whatever order they come', () => {
  const shared = openSimulator(catalog, openSession(catalog));
  for (const row of [3, 73, 74, 200, 3, 9, 201, 73]) {
    const { spec } = question.at(row);
    const alone = openSimulator(catalog, openSession(catalog));
    expect(simulateRow(shared, spec, true).result).toEqual(simulateRow(alone, spec, true).result);
  }
});

test('closed and exact leaps say the same of a deployment, within 1e-9', () => {
  const { spec } = question.at(199);
  expect(isUncoupled(prepareFleet(spec, catalog, openSession(catalog)).program)).toBe(true);
  const [exact, closed] = [measureAlone(spec, 'exact'), measureAlone(spec, 'closed')];
  for (const metric of ['ttft', 'tpot', 'e2el'] as const) {
    expect(closed[metric].p99 / exact[metric].p99).toBeCloseTo(1, 9);
  }
  expect(closed.energy_j / exact.energy_j).toBeCloseTo(1, 9);
});

test('a run is given up only where it would miss a limit', () => {
  const simulator = openSimulator(catalog, openSession(catalog));
  let given = 0;
  for (let row = 0; row < question.rows; row += 7) {
    const { spec } = question.at(row);
    const [pool] = spec.pools;
    if (pool?.kind !== 'llm' || pool.configuration.tensor_parallel_size === 3) continue;
    const hasty = simulateRow(simulator, spec, true).result;
    if (!Number.isNaN(hasty.ttft.p99)) continue;
    given++;
    expect(simulateRow(simulator, spec, false).result.slo_met).toBe(false);
  }
  expect(given).toBeGreaterThan(1);
});

test('a summary by the selecting kernel has the bits of one by sorting, whatever the size', () => {
  const arena = openArena(pickBytes(5000));
  const pick = pickInKernel(loadKernels(arena.memory), arena, 5000);
  const random = seeded(3);
  for (const size of [1, 2, 3, 10, 11, 12, 13, 100, 101, 999, 5000]) {
    const values = Float64Array.from({ length: size }, (_, i) =>
      i % 7 === 3 ? Number.NaN : Math.round(1e4 * random() ** 3) / 1e3,
    );
    expect(summarise(values, pick)).toEqual(summarise(values));
  }
  expect(summarise(Float64Array.of(Number.NaN), pick).p50).toBeNaN();
});
