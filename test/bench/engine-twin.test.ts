// The engine's plain TypeScript twin gives the kernel's very bits: else a bench would compare different work.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import { runTwin } from '../../bench/twins/engine.ts';
import { openTwin } from '../../bench/twins/engine-state.ts';
import type { LeapName } from '../../src/run/run-record.ts';
import { drawScenario, drawSurface, LARGE, type Scenario, type Sizes, SMALL } from '../engine/random.ts';

/** The part of the drawn scenarios that the twin knows. */
function restrict({ requests, setup }: Scenario): Scenario {
  const { batchWait: _, speculation: __, swap: ___, schedulerSteps: ____, ...rest } = setup;
  return {
    requests: { ...requests, concurrency: 0 },
    setup: {
      ...rest,
      maxPrompt: 0,
      batching: 'chunked',
      admission: 'prompt',
      receiveEvery: 1,
      watermark: 0,
    },
  };
}

function demandEqual(leap: LeapName, sizes: Sizes, numRuns: number): number {
  let preemptions = 0;
  fc.assert(
    fc.property(drawScenario(true, sizes), drawSurface(), (scenario, surface) => {
      const { requests, setup: drawn } = restrict(scenario);
      // only steps that take time leap in closed form: a linear price may be of none
      const setup = leap === 'closed' ? { ...drawn, price: surface } : drawn;
      const twin = openTwin(requests, setup, leap);
      runTwin(twin);
      runTwin(twin); // from the start again
      const engine = runOnePool(requests, setup, { leap });
      expect(twin.results).toEqual(engine.results);
      expect(twin.counters).toEqual(engine.counters);
      expect(twin.histogram).toEqual(engine.itl.weights);
      preemptions += twin.counters.preemptions;
    }),
    { seed: 5, numRuns },
  );
  return preemptions;
}

test.each(['none', 'exact', 'closed'] as const)('same results, counters and gaps with leap %s', (leap) => {
  expect(demandEqual(leap, SMALL, 60) + demandEqual(leap, LARGE, 15)).toBeGreaterThan(50);
});

test('what the twin does not know is refused', () => {
  const scenario = restrict(fc.sample(drawScenario(true, SMALL), { seed: 5, numRuns: 1 })[0]);
  const changes = [
    { batching: 'static' as const },
    { admission: 'full-length' as const },
    { receiveEvery: 4 },
    { batchWait: { steps: 2, tokens: 9 } },
    { speculation: { drafts: 2, acceptance: [0.5, 0.2], seed: 0 } },
  ];
  for (const change of changes) {
    const setup = { ...scenario.setup, ...change };
    expect(() => openTwin(scenario.requests, setup, 'exact')).toThrow('the engine twin knows');
  }
  const closed = { ...scenario.requests, concurrency: 2 };
  expect(() => openTwin(closed, scenario.setup, 'exact')).toThrow('the engine twin knows');
});
