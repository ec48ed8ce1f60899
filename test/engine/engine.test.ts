// L9: the engine gives the same result as the reference, which runs every iteration one by one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import type { LeapName } from '../../src/run/run-record.ts';
import { runs } from '../depth.ts';
import { type Row, requestsOf, setupOf } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';
import { describeScenario, findStepDifference, listDifferences } from './compare.ts';
import { drawScenario, drawSurface, hasNearTies, LARGE, type Scenario, type Sizes, SMALL } from './random.ts';

function report(scenario: Scenario, leap: LeapName, differences: readonly string[]): void {
  if (differences.length === 0) return;
  const words = describeScenario(scenario.requests, scenario.setup);
  throw new Error(`leap ${leap}: ${differences.slice(0, 8).join('; ')}\n${words}`);
}

/** Runs random scenarios through the reference and the engine; `leaps` must each give the very same bits. */
function demandSameBits(leaps: readonly LeapName[], sizes: Sizes, drawn: { seed: number; numRuns: number }): void {
  fc.assert(
    fc.property(drawScenario(true, sizes), (scenario) => {
      const reference = referenceRun(scenario.requests, scenario.setup);
      for (const leap of leaps) {
        const engine = runOnePool(scenario.requests, scenario.setup, { leap });
        report(scenario, leap, listDifferences(engine, reference, true));
      }
    }),
    drawn,
  );
}

function demandSteps(scenario: Scenario): void {
  const engine = runOnePool(scenario.requests, scenario.setup, { leap: 'none', steps: true });
  const reference = referenceRun(scenario.requests, scenario.setup);
  report(scenario, 'none', findStepDifference(engine.steps, reference.steps));
  report(scenario, 'none', listDifferences(engine, reference, true));
}

/** Leaps in closed form, equal within 1e-9, wherever rounding cannot decide what comes first. */
function demandCloseTimes(sizes: Sizes, drawn: { seed: number; numRuns: number }): void {
  let compared = 0;
  fc.assert(
    fc.property(drawScenario(false, sizes), (scenario) => {
      const reference = referenceRun(scenario.requests, scenario.setup);
      if (hasNearTies(reference, scenario.requests)) return;
      compared++;
      const engine = runOnePool(scenario.requests, scenario.setup, { leap: 'closed' });
      report(scenario, 'closed', listDifferences(engine, reference, false));
    }),
    drawn,
  );
  expect(compared).toBeGreaterThan(0.7 * drawn.numRuns);
}

describe('the engine equals the reference', () => {
  test('bit for bit, without leaps and with exact ones', () => {
    demandSameBits(['none', 'exact'], SMALL, { seed: 7, numRuns: runs(200) });
    demandSameBits(['exact'], LARGE, { seed: 7, numRuns: runs(20) });
  });

  test('step by step', () => {
    fc.assert(fc.property(drawScenario(true), demandSteps), { seed: 8, numRuns: runs(60) });
  });

  test('within 1e-9 with leaps in closed form', () => {
    demandCloseTimes(SMALL, { seed: 9, numRuns: runs(200) });
    demandCloseTimes(LARGE, { seed: 9, numRuns: runs(20) });
  });

  test('step by step, past the end of a full step log', () => {
    const rows = [0, 1, 2].map((at): Row => [at, 5, 9000 + at]);
    demandSteps({ requests: requestsOf(rows), setup: setupOf({ replicas: 2, numGpuBlocks: 20_000, blockSize: 3 }) });
  });

  test('step by step, past the ends of the token and sequence grids', () => {
    const [price] = fc.sample(drawSurface(), { seed: 10, numRuns: 1 });
    const setup = setupOf({ batching: 'static', maxNumSeqs: 9000, numGpuBlocks: 1e6, blockSize: 16, price: price! });
    const rows = Array.from({ length: 8500 }, (_, i): Row => [0, i === 0 ? 300_000 : 1 + (i % 7), 3]);
    demandSteps({ requests: requestsOf(rows), setup });
  });
});
