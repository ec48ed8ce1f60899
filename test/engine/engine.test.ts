// L9: the engine gives the same result as the reference, which runs every iteration one by one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LeapName, runEngine } from '../../src/run/engine.ts';
import { type ReferenceRun, referenceRun } from '../reference/simulate.ts';
import { describeScenario, listDifferences } from './compare.ts';
import { drawScenario, hasNearTies, type Scenario } from './random.ts';

const ITERATIONS = { seed: 7, numRuns: 250 };

function check(scenario: Scenario, reference: ReferenceRun, leap: LeapName, exactly: boolean): void {
  const engine = runEngine(scenario.requests, scenario.setup, { leap });
  const differences = listDifferences(engine, reference, exactly);
  if (differences.length > 0) {
    const words = describeScenario(scenario.requests, scenario.setup);
    throw new Error(`leap ${leap}: ${differences.slice(0, 8).join('; ')}\n${words}`);
  }
}

describe('the engine equals the reference', () => {
  test('bit for bit, without leaps and with exact ones', () => {
    fc.assert(
      fc.property(drawScenario(true), (scenario) => {
        const reference = referenceRun(scenario.requests, scenario.setup);
        check(scenario, reference, 'none', true);
        check(scenario, reference, 'exact', true);
      }),
      ITERATIONS,
    );
  });

  test('step by step', () => {
    fc.assert(
      fc.property(drawScenario(true), ({ requests, setup }) => {
        const engine = runEngine(requests, setup, { leap: 'none', steps: true });
        expect(engine.steps).toEqual(referenceRun(requests, setup).steps);
      }),
      { seed: 8, numRuns: 80 },
    );
  });

  test('within 1e-9 with leaps in closed form', () => {
    let compared = 0;
    fc.assert(
      fc.property(drawScenario(false), (scenario) => {
        const reference = referenceRun(scenario.requests, scenario.setup);
        if (hasNearTies(reference, scenario.requests)) return;
        compared++;
        check(scenario, reference, 'closed', false);
      }),
      ITERATIONS,
    );
    expect(compared).toBeGreaterThan(ITERATIONS.numRuns / 2);
  });
});
