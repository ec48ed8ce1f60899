// Speculative decoding: what follows from its rules at the edges, and that acceptance depends on nothing but its place.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import { runs } from '../depth.ts';
import { countBelow } from '../reference/accept.ts';
import { type Row, requestsOf, setupOf, tabulate } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';
import { drawScenario, SMALL } from './random.ts';

const chances = (rate: number, drafts: number): number[] => Array.from({ length: drafts }, (_, i) => rate ** (i + 1));

describe('a step with drafts', () => {
  test('by hand: budget, blocks and tokens of decodes that gain unequally', () => {
    const speculation = { drafts: 3, acceptance: [1, 1, 0], seed: 1 };
    const rows: Row[] = [
      [0, 5, 8],
      [0, 2, 3],
    ];
    const run = referenceRun(requestsOf(rows), setupOf({ maxNumBatchedTokens: 7, speculation }));
    expect(tabulate(run)).toEqual([
      [0, 7, 2, 0, 7], // both prompts
      [1, 0, 1, 5, 11], // A decodes with 3 drafts: past 5 + 4; B does not find its 4 tokens in the 3 that are left
      [2, 0, 1, 8, 14], // A gained 3 (two drafts and its own): past 8 + 4 capped by its final length 12
      [3, 0, 1, 11, 14], // A has one token to go; its blocks are those of its final length
      [4, 0, 1, 2, 4], // B at last: 2 + 4 capped by its final length 4, and it needs just the 2 it gets of 3
    ]);
    expect([...run.results.finish]).toEqual([4, 5]);
    expect(run.gaps).toEqual([1, 1, 1, 4]);
    expect(run.counters).toMatchObject({ steps: 5, newTokens: 7 + 4 * 4, contextTokens: 26, draftSteps: 4 });
    expect(run.counters.accepted).toEqual([0, 0, 4, 0]);
  });

  test('with everything accepted a request takes ceil((output - 1)/(drafts + 1)) decodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }), (output, drafts) => {
        const speculation = { drafts, acceptance: chances(1, drafts), seed: 0 };
        const run = runOnePool(requestsOf([[0, 3, output]]), setupOf({ speculation }), { leap: 'exact' });
        expect(run.results.finish[0]).toBe(1 + Math.ceil((output - 1) / (drafts + 1)));
      }),
      { seed: 41 },
    );
  });

  test('with nothing accepted it is a plain run whose decodes weigh as much as their drafts', () => {
    fc.assert(
      fc.property(drawScenario(true, SMALL), ({ requests, setup: drawn }) => {
        const drafts = drawn.speculation?.drafts ?? 2;
        // room for everything: drafts take tokens of the budget and blocks too
        const { speculation: _, batchWait: __, schedulerSteps: ___, ...setup } = drawn;
        const roomy = { ...setup, maxNumBatchedTokens: 1e6, numGpuBlocks: 1e5, watermark: 0 };
        if (setup.price instanceof Float64Array || setup.batching === 'chunked') return;
        const { per_draft_pass_s: _a, per_draft_token_s: _b, ...price } = setup.price;
        const perDecode = drafts * price.per_new_token_s;
        const speculation = { drafts, acceptance: chances(0, drafts), seed: 3 };
        const plain = { ...price, per_sequence_s: price.per_sequence_s, per_new_token_s: price.per_new_token_s };
        const withDrafts = runOnePool(requests, { ...roomy, price: plain, speculation }, { leap: 'none', steps: true });
        const reference = referenceRun(requests, { ...roomy, price: plain });
        if (perDecode > 0) return;
        expect([...withDrafts.results.finish]).toEqual([...reference.results.finish]);
        expect(withDrafts.counters.steps).toBe(reference.counters.steps);
      }),
      { seed: 42, numRuns: runs(100) },
    );
  });
});

describe('acceptance', () => {
  test('is what was asked for, position by position', () => {
    const speculation = { drafts: 4, acceptance: [0.8, 0.5, 0.3, 0.1], seed: 7 };
    const trials = 40_000;
    const atLeast = [0, 0, 0, 0];
    for (let i = 0; i < trials; i++) {
      const accepted = countBelow(speculation, i % 200, Math.floor(i / 200));
      for (let k = 0; k < accepted; k++) atLeast[k]! += 1;
    }
    speculation.acceptance.forEach((chance, k) => {
      const deviations = Math.abs(atLeast[k]! / trials - chance) / Math.sqrt((chance * (1 - chance)) / trials);
      expect(deviations).toBeLessThan(4);
    });
  });

  test('of a run adds up to its expected advance', () => {
    const speculation = { drafts: 3, acceptance: [0.7, 0.5, 0.2], seed: 11 };
    const rows = Array.from({ length: 60 }, (_, i): Row => [i, 10, 400]);
    const { counters } = runOnePool(requestsOf(rows), setupOf({ maxNumSeqs: 60, numGpuBlocks: 1e5, speculation }), {
      leap: 'exact',
    });
    const drafts = counters.accepted!.reduce((sum, count) => sum + count, 0);
    const accepted = counters.accepted!.reduce((sum, count, i) => sum + count * i, 0);
    expect(Math.abs(accepted / drafts - 1.4)).toBeLessThan(0.03);
  });

  test('does not depend on the schedule: common random numbers', () => {
    const rows = Array.from({ length: 20 }, (_, i): Row => [i / 3, 4 + i, 30]);
    const speculation = { drafts: 2, acceptance: [0.6, 0.3], seed: 5 };
    const roomy = { blockSize: 4, speculation };
    const alone = runOnePool(requestsOf(rows), setupOf({ ...roomy, maxNumSeqs: 1 }), { leap: 'exact' });
    const together = runOnePool(requestsOf(rows), setupOf({ ...roomy, maxNumSeqs: 20 }), { leap: 'exact' });
    expect(together.counters.accepted).toEqual(alone.counters.accepted);
  });
});
