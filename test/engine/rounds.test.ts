// Multi-step scheduling: rounds of decodes worked by hand, their host time, and rounds in tight memory against the reference.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SURFACE_HOST_NORM, SURFACE_HOST_SEQUENCE, SURFACE_HOST_STEP } from '../../assembly/layout/surface.ts';
import { runOnePool } from '../../bench/one-pool.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { bindDeployment, blocksOf, isRefusal, setupEngine } from '../../src/plan/deployment.ts';
import { lowerSurface } from '../../src/plan/lower.ts';
import { openSession } from '../../src/run/session.ts';
import { runs } from '../depth.ts';
import { requestsOf, setupOf, tabulate } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';
import { CONFIGURATION } from '../report/fixture.ts';
import { findStepDifference, listDifferences } from './compare.ts';
import { drawScenario } from './random.ts';

const price = { fixed_s: 1, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0.25, per_context_token_s: 0 };

test('a round pays the step once, gives its tokens at its end and keeps who ends inside until then', () => {
  const rows = requestsOf([
    [0, 4, 6],
    [0, 3, 2],
    [2, 1, 1],
  ]);
  const run = referenceRun(rows, setupOf({ batching: 'continuous', schedulerSteps: 3, price }));
  expect(tabulate(run)).toEqual([
    [0, 7, 2, 0, 7], // prompts are single steps: 1 + 2 x 0.25
    [1.5, 0, 2, 7, 11], // 3 iterations of two: 1 + 3 x 0.5; A takes 3 more blocks, B the one up to its final length
    [4, 1, 1, 0, 8], // who arrived at 2 waited for the end of the round
    [5.25, 0, 1, 7, 9], // A's last two tokens still take a round of 3: 1 + 3 x 0.25
  ]);
  expect([...run.results.first]).toEqual([1.5, 1.5, 5.25]);
  expect([...run.results.finish]).toEqual([7, 4, 5.25]);
  expect(run.gaps).toEqual([2.5, 2.5, 3]); // one gap a round
  // steps 1 + 3 + 1 + 3; tokens 7 + 6 + 1 + 3; contexts 7 + 9 + 11 and 7 + 8 + 9
  expect(run.counters).toMatchObject({ steps: 8, newTokens: 17, contextTokens: 51 });
});

test('in a static batch decodes go in rounds, too; where prompts may share the step nothing changes', () => {
  const rows = requestsOf([[0, 4, 6]]);
  const finish = (changes: object) => referenceRun(rows, setupOf({ price, ...changes })).results.finish[0];
  expect(finish({ batching: 'static', schedulerSteps: 5 })).toBe(1.25 + 1 + 5 * 0.25);
  for (const batching of ['chunked', 'mixed'] as const)
    expect(finish({ batching, schedulerSteps: 5 })).toBe(finish({ batching }));
});

test('in tight memory, with preemption of both kinds, the engine equals the reference', () => {
  let preempted = 0;
  let swapped = 0;
  fc.assert(
    fc.property(
      drawScenario(true),
      fc.integer({ min: 2, max: 12 }),
      fc.constantFrom(1, 1.1, 1.5),
      ({ requests, setup: drawn }, schedulerSteps, slack) => {
        const { speculation: _, ...rest } = drawn;
        const longest = Math.max(...Array.from(requests.prompt, (prompt, i) => prompt + requests.output[i]! - 1));
        const numGpuBlocks = Math.ceil(Math.ceil(longest / rest.blockSize) * slack);
        const setup = { ...rest, batching: 'continuous' as const, admission: 'prompt' as const, maxModelLen: 0 };
        const tight = { ...setup, numGpuBlocks, schedulerSteps };
        const reference = referenceRun(requests, tight);
        const single = runOnePool(requests, tight, { leap: 'none', steps: true });
        const leaping = runOnePool(requests, tight, { leap: 'closed' });
        expect(findStepDifference(single.steps, reference.steps)).toEqual([]);
        expect(listDifferences(single, reference, true)).toEqual([]);
        expect(listDifferences(leaping, reference, true)).toEqual([]); // rounds are never leapt over
        expect(single.counters.accepted).toBeUndefined();
        preempted += reference.counters.preemptions;
        swapped += reference.counters.swapsOut;
      },
    ),
    { seed: 9, numRuns: runs(120) },
  );
  expect(preempted).toBeGreaterThan(120);
  expect(swapped).toBeGreaterThan(20);
});

test('the host is paid once a round: in line with the device, or beside it', () => {
  const catalog = openCatalog();
  const session = openSession(catalog);
  const one = requestsOf([[0, 100, 9]]);
  for (const profile of ['vllm-0.6', 'vllm-0.4']) {
    const decodeTime = (steps: number) => {
      const configuration = { ...CONFIGURATION, model: 'llama-3.1-8b', hardware: 'h100-sxm-80gb', profile };
      const settings = { batching: 'continuous' as const, num_scheduler_steps: steps, tensor_parallel_size: 1 };
      const own = { ...configuration, ...settings };
      const bound = bindDeployment(own, { catalog, prices: {}, watts: {} });
      if (isRefusal(bound)) throw new Error(bound.words);
      const capacity = blocksOf(bound, own);
      const setup = setupEngine(own, bound, capacity.blocks, lowerSurface(bound.key, session.lowering).table, capacity);
      const { results, steps: log } = runOnePool(one, setup, { leap: 'none', steps: true });
      const surface = setup.price as Float64Array;
      return { seconds: results.finish[0]! - results.first[0]!, log, surface };
    };
    const single = decodeTime(1);
    const round = decodeTime(8);
    expect([single.log.length, round.log.length]).toEqual([9, 2]);
    const [perStep, perSequence] = [single.surface[SURFACE_HOST_STEP]!, single.surface[SURFACE_HOST_SEQUENCE]!];
    if (single.surface[SURFACE_HOST_NORM] === 1) {
      expect(round.seconds).toBeCloseTo(single.seconds - 7 * perStep, 12);
    } else {
      const host = perStep + perSequence;
      const device = single.log.slice(1).reduce((sum, step) => sum + Math.sqrt(step.duration ** 2 - host ** 2), 0);
      expect(round.seconds).toBeCloseTo(Math.hypot(device, perStep + 8 * perSequence), 12);
      expect(round.seconds).toBeLessThan(single.seconds);
    }
  }
});
