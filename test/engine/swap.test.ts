// Preemption by swapping in tight memory: the same bits as the reference, host blocks that add up, and times worked by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import type { EngineSetup } from '../../src/plan/setup.ts';
import type { LeapName } from '../../src/run/run-record.ts';
import { runs } from '../depth.ts';
import { requestsOf, setupOf, tabulate } from '../reference/cases.ts';
import { countBlocks } from '../reference/fleet/blocks.ts';
import { referenceRun } from '../reference/plain.ts';
import { describeScenario, findStepDifference, listDifferences } from './compare.ts';
import { drawScenario, hasNearTies, type Scenario } from './random.ts';

/** Scenarios whose blocks hold little more than the longest request, and a host that holds some of the preempted, or all. */
function drawTight(ties: boolean): fc.Arbitrary<Scenario> {
  const host = fc.record({
    share: fc.constantFrom(0.05, 0.3, 0.6, 1, 10),
    secondsPerBlock: ties ? fc.constantFrom(0, 2 ** -6, 0.25, 0.123) : fc.double({ min: 1e-4, max: 0.1, noNaN: true }),
  });
  return fc
    .tuple(drawScenario(ties), host, fc.constantFrom(1, 1.05, 1.2, 1.5))
    .map(([{ requests, setup }, { share, secondsPerBlock }, slack]) => {
      const { batchWait: _, ...rest } = setup;
      const longest = Math.max(...Array.from(requests.prompt, (prompt, i) => prompt + requests.output[i]! - 1));
      const numGpuBlocks = Math.ceil(Math.ceil(longest / rest.blockSize) * slack);
      const swap = { hostBlocks: Math.max(1, Math.floor(numGpuBlocks * share)), secondsPerBlock };
      return { requests, setup: { ...rest, admission: 'prompt', maxModelLen: 0, numGpuBlocks, swap } };
    });
}

function report({ requests, setup }: Scenario, leap: LeapName, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw new Error(`leap ${leap}: ${differences.slice(0, 8).join('; ')}\n${describeScenario(requests, setup)}`);
}

test('the engine swaps as the reference does: bit for bit, step by step, with exact leaps', () => {
  const seen = new Map<string, number>();
  const note = (what: string, happened: boolean) => happened && seen.set(what, (seen.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(drawTight(true), (scenario) => {
      const { requests, setup } = scenario;
      const reference = referenceRun(requests, setup);
      const single = runOnePool(requests, setup, { leap: 'none', steps: true });
      report(scenario, 'none', findStepDifference(single.steps, reference.steps));
      report(scenario, 'none', listDifferences(single, reference, true));
      report(scenario, 'exact', listDifferences(runOnePool(requests, setup, { leap: 'exact' }), reference, true));
      const { swapsOut, swapsIn, preemptions } = reference.counters;
      expect(swapsIn).toBe(swapsOut);
      note(`${setup.batching} swaps`, swapsOut > 0);
      note(`${setup.batching} swaps and recomputes`, swapsOut > 0 && swapsOut < preemptions);
    }),
    { seed: 3, numRuns: runs(200) },
  );
  for (const batching of ['continuous', 'chunked', 'mixed']) {
    expect(seen.get(`${batching} swaps`)).toBeGreaterThan(8);
    expect(seen.get(`${batching} swaps and recomputes`)).toBeGreaterThan(1);
  }
});

test('within 1e-9 with leaps in closed form', () => {
  let swaps = 0;
  fc.assert(
    fc.property(drawTight(false), (scenario) => {
      const { requests, setup } = scenario;
      const reference = referenceRun(requests, setup);
      if (hasNearTies(reference, requests)) return;
      swaps += reference.counters.swapsOut;
      report(scenario, 'closed', listDifferences(runOnePool(requests, setup, { leap: 'closed' }), reference, false));
    }),
    { seed: 4, numRuns: runs(100) },
  );
  expect(swaps).toBeGreaterThan(80);
});

test('L4: host blocks in use + free = capacity, and all are free at the end', () => {
  fc.assert(
    fc.property(drawTight(true), ({ requests, setup }) => {
      const free = new Map<number, number>();
      referenceRun(requests, setup, (client) => {
        const { index, waiting, running, hostFree } = client;
        const held = waiting
          .filter((one) => one.swapped)
          .reduce((sum, one) => sum + countBlocks(one, one.past, client), 0);
        if (hostFree < 0 || held + hostFree !== setup.swap!.hostBlocks) throw new Error(`${held} + ${hostFree}`);
        if (running.some((one) => one.swapped)) throw new Error('a running sequence lies in host memory');
        free.set(index, hostFree);
      });
      for (const blocks of free.values()) expect(blocks).toBe(setup.swap!.hostBlocks);
    }),
    { seed: 5, numRuns: runs(60) },
  );
});

/** Steps of 1 s and 0.25 s per block, worked by hand in the tests below. */
const TIGHT: Partial<EngineSetup> = { numGpuBlocks: 9, swap: { hostBlocks: 4, secondsPerBlock: 0.25 } };
const TWO = requestsOf([
  [0, 4, 6],
  [0, 3, 4],
]);

test('a preempted decode goes to the host, waits at the front and comes back with its past', () => {
  const run = referenceRun(TWO, setupOf(TIGHT));
  expect(tabulate(run)).toEqual([
    [0, 7, 2, 0, 7], // A's prompt and B's
    [1, 0, 2, 7, 9], // both decode
    [2, 0, 1, 5, 6], // A needs a block: B's 4 go out, 4 x 0.25 s
    [4, 0, 1, 6, 7],
    [5, 0, 1, 7, 8],
    [6, 0, 1, 8, 9], // A's last
    [7, 0, 1, 4, 5], // B's 4 blocks come in, 1 s more; it decodes at once
    [9, 0, 1, 5, 6],
  ]);
  expect([...run.results.finish]).toEqual([7, 10]);
  expect([...run.gaps].sort()).toEqual([1, 1, 1, 1, 1, 1, 2, 7]);
  const counted = { preemptions: 1, swapsOut: 1, swapsIn: 1, swapSeconds: 2, newTokens: 7 + 5 + 3 };
  expect(run.counters).toMatchObject(counted);
});

test('without room in host memory it is computed again', () => {
  const run = referenceRun(TWO, setupOf({ ...TIGHT, swap: { hostBlocks: 3, secondsPerBlock: 0.25 } }));
  const plain = referenceRun(TWO, setupOf({ numGpuBlocks: 9 }));
  expect(run.steps).toEqual(plain.steps);
  expect(run.counters).toEqual(plain.counters);
  expect(plain.counters).toMatchObject({ preemptions: 1, swapsOut: 0 });
});

test('the watermark holds back what was swapped out, too', () => {
  let met = 0;
  fc.assert(
    fc.property(drawTight(true), ({ requests, setup }) => {
      fc.pre(setup.batching !== 'continuous');
      const stays = Math.floor((setup.watermark ?? 0) * setup.numGpuBlocks);
      referenceRun(requests, setup, ({ pool, running }, { formed: step }) => {
        if (step.swappedIn.length === 0 || running[0] === step.swappedIn[0]) return;
        if (pool.room < stays) throw new Error(`${pool.room} of ${stays} blocks are free`);
        if (stays > 0) met++;
      });
    }),
    { seed: 8, numRuns: runs(200) },
  );
  expect(met).toBeGreaterThan(1);
});
