// The laws of DESIGN.md section 9 that a run of requests must keep, on the reference: L1, L2, L3, L4.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../../assembly/layout/enums.ts';
import { ADMISSION, BATCHING, isBatchOfOne, ROUND_BATCHINGS, reservesFinal } from '../../src/check/scheduler-lists.ts';
import { decodeTokens, roundOf } from '../reference/fleet/blocks.ts';
import type { StartedStep } from '../reference/fleet/simulate.ts';
import type { Client } from '../reference/fleet/state.ts';
import { type ReferenceRun, referenceRun } from '../reference/plain.ts';
import { drawScenario, hasNearTies, pagesHeld, type Scenario } from './random.ts';

const RUNS = { seed: 20, numRuns: 150 };

interface Observed {
  readonly run: ReferenceRun;
  /** What of L4 did not hold after some step, and how replicas ended. */
  readonly blocks: readonly string[];
  readonly ends: readonly (readonly number[])[];
}

function observe({ requests, setup }: Scenario): Observed {
  const replicas = new Map<number, Client>();
  const blocks: string[] = [];
  const run = referenceRun(requests, setup, (replica) => {
    replicas.set(replica.index, replica);
    const used = new Set(replica.running.flatMap((visit) => visit.kv)).size;
    const fits = replica.running.every((visit) => pagesHeld(setup, visit.past, 0) <= visit.kv.length);
    const { room } = replica.pool;
    if (!fits || used + room !== setup.numGpuBlocks)
      blocks.push(`replica ${replica.index}: ${used} blocks used, ${room} free of ${setup.numGpuBlocks}`);
  });
  const ends = [...replicas.values()].map(({ pool, running, waiting }) => [pool.room, running.length, waiting.length]);
  return { run, blocks, ends };
}

/** Every law looks at the same runs, which are made once. */
let drawn: (readonly [Scenario, Observed])[] = [];
beforeAll(() => {
  drawn = fc.sample(drawScenario(true), RUNS).map((scenario) => [scenario, observe(scenario)]);
});

function demand(law: (scenario: Scenario, run: ReferenceRun, observed: Observed) => void): void {
  const holds = (scenario: Scenario, observed: Observed) => law(scenario, observed.run, observed);
  try {
    for (const [scenario, observed] of drawn) holds(scenario, observed);
  } catch (error) {
    // once more, for the smallest scenario in which it does not hold
    fc.assert(
      fc.property(drawScenario(true), (scenario) => holds(scenario, observe(scenario))),
      RUNS,
    );
    throw error;
  }
}

function countState(run: ReferenceRun, state: number): number {
  return run.results.state.filter((one) => one === state).length;
}

describe('the reference keeps', () => {
  test('L1: every request ends in exactly one terminal state, for the reason the setup gives', () => {
    demand(({ requests, setup }, run) => {
      const states = [STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH];
      expect(states.reduce((sum, state) => sum + countState(run, state), 0)).toBe(requests.count);
      for (let i = 0; i < requests.count; i++) {
        const tokens = requests.prompt[i]! + requests.output[i]!;
        const most = setup.maxPrompt || Infinity;
        const tooLong = (setup.maxModelLen > 0 && tokens > setup.maxModelLen) || requests.prompt[i]! > most;
        const chunk = setup.batching === 'chunked' ? setup.maxNumBatchedTokens : tokens;
        const tooBig = pagesHeld(setup, tokens - 1, Math.min(chunk, tokens - 1)) > setup.numGpuBlocks;
        const expected = tooLong ? STATE_REJECTED_LENGTH : tooBig ? STATE_REJECTED_KV : STATE_FINISHED;
        expect(run.results.state[i]).toBe(expected);
      }
    });
  });

  test('L1: tokens add up', () => {
    demand(({ requests, setup }, run) => {
      const done = run.results.state.map((state) => (state === STATE_FINISHED ? 1 : 0));
      const gaps = requests.output.reduce((sum, output, i) => sum + done[i]! * (output - 1), 0);
      // every token has a gap of its own, unless drafts or the rest of a round came with it
      const single = decodeTokens({ setup }) === 1;
      if (single) expect(run.gaps.length).toBe(gaps);
      else expect(run.gaps.length).toBeLessThanOrEqual(gaps);
      const prompts = requests.prompt.reduce((sum, prompt, i) => sum + done[i]! * prompt, 0);
      // every prompt token and every output token but the last enters the cache once; a recompute does it again, a swap does not
      const verified = run.counters.accepted?.reduce((sum, count) => sum + count, 0);
      const decoded = verified === undefined ? gaps : verified * decodeTokens({ setup });
      const { preemptions, swapsOut } = run.counters;
      // tokens of a round beyond the output count as computed
      if (roundOf({ setup }) > 1) expect(run.counters.newTokens).toBeGreaterThanOrEqual(prompts + gaps);
      else if (preemptions === swapsOut) expect(run.counters.newTokens).toBe(prompts + decoded);
      else {
        // what nobody used meanwhile is not computed again
        const again = setup.prefixCaching ? 0 : 1;
        const least = prompts + (verified === undefined ? gaps : 0) + again;
        expect(run.counters.newTokens).toBeGreaterThanOrEqual(least);
      }
    });
  });

  test('L2: arrive <= first <= finish', () => {
    demand(({ requests }, { results }) => {
      for (let i = 0; i < requests.count; i++) {
        if (results.state[i] === STATE_FINISHED) {
          expect(results.arrival[i]! <= results.first[i]! && results.first[i]! <= results.finish[i]!).toBe(true);
        } else expect([results.first[i], results.finish[i]]).toEqual([Number.NaN, Number.NaN]);
      }
    });
  });

  test('L3: the clock never goes back, and steps of a replica do not overlap', () => {
    demand(({ requests, setup }, { steps, results, gaps }) => {
      const ends = new Float64Array(setup.replicas);
      let clock = 0;
      for (const step of steps) {
        if (step.start < Math.max(clock, ends[step.replica]!)) throw new Error(`a step starts early, at ${step.start}`);
        clock = step.start;
        ends[step.replica] = step.start + step.duration;
      }
      for (let i = 1; i < requests.count; i++) expect(results.arrival[i]! >= results.arrival[i - 1]!).toBe(true);
      expect(gaps.every((gap) => gap >= 0)).toBe(true);
    });
  });

  test('L4: blocks in use + free = capacity at every step, and all are free at the end', () => {
    demand(({ setup }, run, { blocks, ends }) => {
      expect(blocks).toEqual([]);
      expect(run.steps.filter((step) => step.blocks > setup.numGpuBlocks)).toEqual([]);
      for (const end of ends) expect(end).toEqual([setup.numGpuBlocks, 0, 0]);
    });
  });

  test('its limits: max_num_seqs always, the budget of a chunked step', () => {
    demand(({ setup }, { steps }) => {
      const budget = setup.batching === 'chunked' ? setup.maxNumBatchedTokens : Number.POSITIVE_INFINITY;
      const over = steps.filter((step) => step.sequences > setup.maxNumSeqs || step.prefillTokens > budget);
      expect(over).toEqual([]);
    });
  });
});

/** Of a hybrid model: sequences that decode on with full windows, and chunks that hold more than what stays. */
function whatWindowsDo(setup: Scenario['setup'], { formed }: StartedStep): string[] {
  const beyond = ({ past }: { past: number }) => pagesHeld(setup, past, past) > pagesHeld(setup, past, 0);
  const passes = formed.chunks.some(({ visit, tokens }) => visit.kv.length > pagesHeld(setup, visit.past + tokens, 0));
  const fills = setup.pages !== undefined && formed.decodes.some(beyond);
  return [...(fills ? ['fills windows'] : []), ...(passes ? ['holds what passes'] : [])];
}

test('the random scenarios reach what they are for', () => {
  const seen = new Set<string>();
  const note = (what: string, happened: boolean) => happened && seen.add(what);
  for (const { requests, setup } of fc.sample(drawScenario(true), { ...RUNS, numRuns: 2 * RUNS.numRuns })) {
    const run = referenceRun(requests, setup, (_, step) => {
      const { batching, admission } = setup;
      for (const what of whatWindowsDo(setup, step))
        if (!reservesFinal({ batching, admission })) note(`${batching} ${what}`, true);
    });
    note(`${setup.batching} preempts`, run.counters.preemptions > 1);
    note('rejects by KV', countState(run, STATE_REJECTED_KV) > 0);
    note('rejects by length', countState(run, STATE_REJECTED_LENGTH) > 0);
    note('closed loop over replicas', requests.concurrency > 0 && setup.replicas > 1);
    note('ties', requests.concurrency === 0 && hasNearTies(run, requests));
    /** Whether a rule decides something: the run without it is another one. It is not looked for where it is off, or known to. */
    const noteRule = (what: string, off: boolean, without: Partial<typeof setup>): void => {
      if (off || seen.has(what)) return;
      const other = referenceRun(requests, { ...setup, ...without });
      note(
        what,
        run.steps.some((step, i) => step.start !== other.steps[i]?.start),
      );
    };
    noteRule(`${setup.batching} looks at arrivals now and then`, setup.receiveEvery === 1, { receiveEvery: 1 });
    noteRule(`${setup.batching} holds prompts back`, setup.batchWait === undefined, { batchWait: undefined });
    note(`${setup.batching} speculates`, (run.counters.accepted?.filter((count) => count > 0).length ?? 0) > 1);
    note(`${setup.batching} goes in rounds`, roundOf({ setup }) > 1 && run.gaps.length > 0);
    if (setup.speculation) note(`${setup.batching} preempts with drafts`, run.counters.preemptions > 1);
    note('surface', setup.price instanceof Float64Array);
    note('budget below max_num_seqs', setup.maxNumBatchedTokens < setup.maxNumSeqs);
    noteRule(`${setup.batching} minds the watermark`, setup.watermark === 0, { watermark: 0 });
    note(`${setup.batching} with ${setup.admission}`, true);
  }
  expect([...seen].sort()).toEqual(
    [
      'budget below max_num_seqs',
      'closed loop over replicas',
      'rejects by KV',
      'rejects by length',
      'surface',
      'ties',
      ...ROUND_BATCHINGS.map((name) => `${name} goes in rounds`),
      ...BATCHING.names.flatMap((name) => [
        ...ADMISSION.names.map((admission) => `${name} with ${admission}`),
        `${name} speculates`,
        `${name} minds the watermark`,
      ]),
      ...BATCHING.names
        .filter((name) => !isBatchOfOne(name))
        .flatMap((name) => [
          `${name} preempts`,
          `${name} preempts with drafts`,
          `${name} looks at arrivals now and then`,
          `${name} holds prompts back`,
          `${name} fills windows`,
          `${name} holds what passes`,
        ]),
    ].sort(),
  );
});
