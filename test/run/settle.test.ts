// What a sweep says of a row is what `mist run` gives for it: one engine, one definition of every metric.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { summarise } from '../../src/metrics/summary.ts';
import { runEngine } from '../../src/run/engine.ts';
import { pickBytes, pickInKernel } from '../../src/run/pick.ts';
import { openSession } from '../../src/run/session.ts';
import { prepare, resultOf } from '../../src/run/simulate.ts';
import { makePlan, measure, sweep } from '../../src/run/sweep.ts';
import { seeded } from '../metrics/columns.ts';
import { readSmallSpec } from '../sweep/small-spec.ts';

test('a settled row is, to the bit, the run of its configuration over the same requests', async () => {
  const catalog = openCatalog({});
  const plan = makePlan(readSmallSpec(catalog), catalog);
  const { kept } = measure(await sweep(plan, { workers: 2 }));
  const session = openSession(catalog);
  const source = { catalog, prices: {}, watts: {} };
  // Those that miss a limit were given up as soon as that was certain, so only these have all their latencies.
  const met = kept.filter(({ run }) => run?.slo_met);
  expect(met.length).toBeGreaterThan(2);
  for (const { configuration, run } of met) {
    const prepared = prepare(configuration, source, session);
    const engine = runEngine(plan.requests, prepared.setup, { leap: 'closed' });
    const { results, counters, itl } = engine;
    expect(resultOf(prepared, plan.requests, results, counters, itl, plan.spec.slo)).toEqual(run);
  }
});

test('closed and exact leaps say the same of a deployment, within 1e-9', () => {
  const catalog = openCatalog({});
  const plan = makePlan(readSmallSpec(catalog), catalog);
  const configuration = { ...plan.spec.base, hardware: 'h100-sxm-80gb', replicas: 2, tensor_parallel_size: 1 };
  const prepared = prepare(configuration, { catalog, prices: {}, watts: {} }, openSession(catalog));
  const [exact, closed] = (['exact', 'closed'] as const).map((leap) => {
    const { results, counters, itl } = runEngine(plan.requests, prepared.setup, { leap });
    return resultOf(prepared, plan.requests, results, counters, itl, plan.spec.slo);
  });
  for (const metric of ['ttft', 'tpot', 'e2el'] as const) {
    expect(closed![metric].p99 / exact![metric].p99).toBeCloseTo(1, 9);
  }
  expect(closed!.energy_j / exact!.energy_j).toBeCloseTo(1, 9);
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
