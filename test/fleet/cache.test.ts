// The reference fleet against times worked by hand: held, shared, resident and cached KV, and packing (R3, R7 to R9).
import { describe, expect, test } from 'vitest';
import { type FleetClient, VISIT_HOLD, VISIT_PREFIX, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import type { BatchingName } from '../../src/spec/types.ts';
import { ONE_SECOND } from '../reference/cases.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { type FleetCase, programOf, type RequestRow, type VisitRow } from './cases.ts';

const run = (fleet: FleetCase) => referenceFleet(programOf(fleet));

/** Steps of one second per token computed, so that times count tokens. */
const BY_TOKEN = { ...ONE_SECOND, fixed_s: 0, per_new_token_s: 1 };

describe('R3: a visit that holds its blocks', () => {
  const far = { links: [[1, 0]] as const, paths: [[0, 1, 0]] as const };

  test('frees them when its transfer is there, and the client forms a step at that instant', () => {
    const visits = [{ group: 0, prompt: 4, flags: VISIT_HOLD, to: [[1, 2.5]] as const }, { group: 1 }];
    const { results, clients } = run({
      clients: [{ numGpuBlocks: 4 }, { location: 1 }],
      ...far,
      requests: [
        { at: 0, visits },
        { at: 0, visits: [{ group: 0, prompt: 2 }] },
      ],
    });
    expect([...results.start]).toEqual([0, 3.5, 3.5]); // 1 s of prefill and 2.5 s of transfer
    expect(clients[0]!.peakBlocks).toBe(4);
  });

  test('frees them with the last branch that lets go; a branch stores only what it does not share', () => {
    const branch = (output: number): VisitRow => ({
      group: 0,
      prompt: 6,
      output,
      flags: VISIT_RESIDENT,
      sameAs: 0,
      shared: 5,
      lets: 0,
    });
    const visits = [{ group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1], [2]] as const }, branch(2), branch(4)];
    const beside = (prompt: number) => {
      const requests = [
        { at: 0, visits },
        { at: 3, visits: [{ group: 0, prompt }] },
      ];
      return run({ clients: [{ numGpuBlocks: 20, blockSize: 2 }], requests });
    };
    // the prompt holds 3 blocks and branches share 2 of them; at 3 one is left, with tokens 5 to 8 in 2 blocks: 15 are free
    const fits = beside(30);
    expect([...fits.results.finish]).toEqual([1, 3, 5, 4]);
    expect(fits.clients[0]!.peakBlocks).toBe(20);
    // a 16th is not, until the other branch ends at 5
    expect(beside(31).results.start[3]).toBe(5);
  });

  test('frees them at once when nobody needs them, and when a branch is rejected', () => {
    const branch = { group: 0, prompt: 9, sameAs: 0, shared: 4, lets: 0 };
    const requests: RequestRow[] = [
      { at: 0, visits: [{ group: 0, prompt: 4, flags: VISIT_HOLD }] },
      { at: 1, visits: [{ group: 0, prompt: 4, flags: VISIT_HOLD, to: [[1]] }, branch] },
      { at: 2, visits: [{ group: 0, prompt: 4 }] },
    ];
    const { results } = run({ clients: [{ numGpuBlocks: 4 }], requests });
    expect([...results.start]).toEqual([0, 1, Number.NaN, 2]);
  });
});

describe('R7: least work left', () => {
  const startsOf = (client: Partial<FleetClient>, rows: readonly VisitRow[]) => [
    ...run({ clients: [{ maxNumSeqs: 1, ...client }], requests: rows.map((row) => ({ at: 0, visits: [row] })) }).results
      .start,
  ];

  test('takes the visit with the fewest tokens to prefill and generate, then the first to join', () => {
    const rows = [
      { group: 0, prompt: 4, output: 1 },
      { group: 0, prompt: 1, output: 3 },
      { group: 0, prompt: 3, output: 1 },
      { group: 0, prompt: 2, output: 1 },
    ];
    expect(startsOf({ packing: 'least-work-left' }, rows)).toEqual([5, 1, 4, 0]);
    expect(startsOf({ packing: 'fcfs' }, rows)).toEqual([0, 1, 4, 5]);
  });

  test('counts no prefill of a resident prompt', () => {
    const rows = [
      { group: 0, prompt: 2, output: 2 },
      { group: 0, prompt: 50, output: 3, flags: VISIT_RESIDENT },
    ];
    expect(startsOf({ packing: 'least-work-left' }, rows)).toEqual([3, 0]);
  });

  test('puts a preempted visit where its work says, not in front', () => {
    const requests = [
      { at: 0, visits: [{ group: 0, prompt: 2, output: 6 }] },
      { at: 0, visits: [{ group: 0, prompt: 2, output: 6 }] },
      { at: 0, visits: [{ group: 0, prompt: 3, output: 1 }] },
      { at: 3.5, visits: [{ group: 0, prompt: 1, output: 1 }] },
    ];
    const finish = (packing: FleetClient['packing']) => [
      ...run({ clients: [{ numGpuBlocks: 7, maxNumSeqs: 2, packing }], requests }).results.finish,
    ];
    // fcfs: 2 + 2 tokens, then 3 + 3; at 2 an 8th block is missing: the second goes to the front with 2 tokens out, and
    // keeps the others waiting until 4 blocks are free at 6; the third joins it, and the fourth when that one ends at 7
    expect(finish('fcfs')).toEqual([6, 10, 7, 8]);
    // by work: the third and the first, and the second from 1 on; at 3 an 8th block is missing, the second goes and wants
    // 4; at 4 the first has 6 of 7 blocks, and the fourth, with the least work, takes the last
    expect(finish('least-work-left')).toEqual([6, 10, 1, 5]);
  });
});

describe('R8: resident KV', () => {
  const resident = (prompt: number, output: number): VisitRow => ({ group: 0, prompt, output, flags: VISIT_RESIDENT });
  const prompt = (tokens: number, output = 1): VisitRow => ({ group: 0, prompt: tokens, output });

  const play = (batching: BatchingName, rows: readonly VisitRow[], client: Partial<FleetClient> = {}) =>
    run({ clients: [{ batching, ...client }], requests: rows.map((row) => ({ at: 0, visits: [row] })) });

  test('decodes at once, and has no first token', () => {
    const { results, clients } = play('chunked', [resident(5, 3)]);
    expect([results.start[0], results.first[0], results.finish[0]]).toEqual([0, Number.NaN, 3]);
    expect(clients[0]).toMatchObject({ newTokens: 3, pairs: 0, contextTokens: 4 + 5 + 6, peakBlocks: 7 });
  });

  test('takes the block of the token that it decodes when it is admitted', () => {
    const { results } = play('chunked', [prompt(4), resident(5, 1)], { numGpuBlocks: 2, blockSize: 4 });
    expect([...results.start]).toEqual([0, 1]);
  });

  test('chunked: takes 1 of the budget at its turn', () => {
    const { results, clients } = play('chunked', [prompt(3), resident(5, 1), prompt(3)], { maxNumBatchedTokens: 5 });
    expect([...results.finish]).toEqual([1, 1, 2]);
    expect(clients[0]!.newTokens).toBe(7);
    const late = play('chunked', [prompt(3), resident(5, 1)], { maxNumBatchedTokens: 3 });
    expect([...late.results.start]).toEqual([0, 1]);
  });

  test('mixed: takes 1 of the rest', () => {
    const { results } = play('mixed', [prompt(3), resident(5, 1), prompt(2)], { maxNumBatchedTokens: 5 });
    expect([...results.start]).toEqual([0, 0, 1]);
    const late = play('mixed', [prompt(3), resident(5, 1)], { maxNumBatchedTokens: 3 });
    expect([...late.results.start]).toEqual([0, 1]);
  });

  test('continuous: is admitted beside prompts, and decodes in the next step that does', () => {
    const { results } = play('continuous', [resident(5, 1), prompt(3, 2)], { maxNumBatchedTokens: 3 });
    expect([...results.start]).toEqual([0, 0]);
    expect([...results.finish]).toEqual([2, 2]);
    expect([...play('continuous', [resident(5, 2)]).results.finish]).toEqual([2]);
  });

  test('static: is part of the batch', () => {
    const { results } = play('static', [resident(5, 1), prompt(3, 3), prompt(1)], { maxNumSeqs: 2 });
    expect([...results.start]).toEqual([0, 0, 3]);
    expect([...results.finish]).toEqual([2, 3, 4]);
    expect([...play('static', [resident(5, 2)]).results.finish]).toEqual([2]);
  });

  test('is computed again after a preemption', () => {
    const { results, clients } = play('chunked', [resident(3, 4), resident(3, 3)], { numGpuBlocks: 8 });
    // 3 + 3, 4 + 4 tokens; at 2 both want a 9th block: the second has 2 tokens out, waits for 5 blocks until 4, prefills 5
    expect([...results.finish]).toEqual([4, 5]);
    expect([...results.preemptions]).toEqual([0, 1]);
    expect([...results.first]).toEqual([Number.NaN, Number.NaN]);
    expect(clients[0]).toMatchObject({ preemptions: 1, newTokens: 4 + 2 + 5, pairs: 15 });
  });

  test('has its first gap from the end of what made it ready', () => {
    const visits: VisitRow[] = [
      { group: 0, prompt: 4, to: [[1, 2]] },
      { ...resident(5, 2), group: 1 },
    ];
    const fleet = { clients: [{}, { location: 1 }], links: [[1, 0]] as const, paths: [[0, 1, 0]] as const };
    expect(run({ ...fleet, requests: [{ at: 0, visits }] }).gaps).toEqual([3, 1]);
  });
});

describe('R9: prompt tokens that need no computing', () => {
  const cached = (hashes: readonly number[], changes: Partial<VisitRow> = {}): VisitRow => ({
    group: 0,
    prompt: 8,
    hashes,
    flags: VISIT_PREFIX,
    ...changes,
  });
  const inTurn = (rows: readonly VisitRow[], client: Partial<FleetClient> = {}) =>
    run({
      clients: [{ price: BY_TOKEN, prefixBlocks: 4, ...client }],
      hashBlock: 2,
      requests: rows.map((row, i) => ({ at: 100 * i, visits: [row] })),
    });

  test('are the leading blocks in the prefix cache, but never the last token', () => {
    const { results, clients } = inTurn([cached([0, 1, 2]), cached([0, 1, 3]), cached([0, 1, 3, 4], { prompt: 6 })]);
    expect([...results.cached]).toEqual([0, 4, 5]); // 6 would be the whole prompt
    expect([...results.finish]).toEqual([8, 104, 201]);
    // chunks of 8 at 0, 4 at 4, 1 at 5
    expect(clients[0]!.pairs).toBe(36 + (16 + 10) + (5 + 1));
    expect(clients[0]!.peakBlocks).toBe(8);
  });

  test('are fewer where a head drafts: it needs the last block computed again', () => {
    const rows = [cached([0, 1, 2]), cached([0, 1, 3]), cached([0], { prompt: 6 })];
    const speculation = { drafts: 1, acceptance: [0], seed: 0, prefixLoss: 3 };
    expect([...inTurn(rows, { speculation }).results.cached]).toEqual([0, 1, 0]); // 4 - 3, and 2 - 3 is nothing
  });

  test('are none of a visit that does not ask, nor where there is no cache', () => {
    expect([...inTurn([cached([0]), cached([0], { flags: 0 })]).results.cached]).toEqual([0, 0]);
    expect([...inTurn([cached([0], { flags: 0 }), cached([0])]).results.cached]).toEqual([0, 0]);
    expect([...inTurn([cached([0]), cached([0])], { prefixBlocks: 0 }).results.cached]).toEqual([0, 0]);
  });

  test('are forgotten least recently used first', () => {
    const rows = [cached([0, 1]), cached([2, 3]), cached([0, 1]), cached([4]), cached([2]), cached([1]), cached([0])];
    // after the fourth: 3 0 1 4 (2 went); the fifth finds nothing and drives out 3; then 1 and 0 are still there
    expect([...inTurn(rows).results.cached]).toEqual([0, 0, 4, 0, 0, 2, 2]);
  });

  test('are found in chunks, in whole prompts and after a preemption', () => {
    const { results, clients } = inTurn([cached([0, 1]), cached([0, 1]), cached([0, 1])], { maxNumBatchedTokens: 3 });
    expect([...results.cached]).toEqual([0, 4, 4]);
    expect(clients[0]!.steps).toBe(3 + 2 + 2);
    const mixed = inTurn([cached([0, 1]), cached([0, 1])], { maxNumBatchedTokens: 5, batching: 'mixed' });
    expect(mixed.clients[0]!.newTokens).toBe(8 + 4);
    const twice = run({
      clients: [{ prefixBlocks: 4, numGpuBlocks: 11, maxNumSeqs: 2 }],
      hashBlock: 2,
      requests: [cached([0, 1], { prompt: 5, output: 4 }), cached([0, 1], { prompt: 5, output: 3 })].map((row) => ({
        at: 0,
        visits: [row],
      })),
    });
    // both prefill 5 at 0; at 1 they want 12 blocks: the second goes, waits until 4, and then computes 6 - 4 tokens
    expect([...twice.results.finish]).toEqual([4, 6]);
    expect([...twice.results.cached]).toEqual([0, 0]);
    expect(twice.clients[0]!.newTokens).toBe(10 + 3 + 2 + 1);
  });

  test('are those that were fetched before, where the program says so', () => {
    const { results } = inTurn([{ group: 0, prompt: 8, fetched: 6 }, cached([0]), cached([0], { fetched: 6 })]);
    expect([...results.cached]).toEqual([6, 0, 6]);
    expect([...results.finish]).toEqual([2, 108, 202]);
  });

  test('are those that another visit holds for it, and nothing else then', () => {
    const branch = cached([7], { prompt: 8, sameAs: 0, shared: 6, lets: 0 });
    const visits: VisitRow[] = [{ group: 0, prompt: 6, flags: VISIT_HOLD, to: [[1]] }, branch];
    const { results, clients } = run({
      clients: [{ price: BY_TOKEN, blockSize: 4, prefixBlocks: 4 }],
      hashBlock: 2,
      requests: [{ at: 0, visits }],
    });
    expect([...results.finish]).toEqual([6, 8]);
    expect([...results.cached]).toEqual([0, 0]);
    // 2 blocks held, and of the branch's 2 one is shared
    expect(clients[0]).toMatchObject({ pairs: 21 + (2 * 6 + 3), peakBlocks: 3 });
  });
});
