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
      clients: [{ price: BY_TOKEN, blockSize: 2, prefixCaching: true, ...client }],
      hashBlock: 2,
      requests: rows.map((row, i) => ({ at: 100 * i, visits: [row] })),
    });

  test('are the leading blocks that are there, but one token is always computed', () => {
    const { results, clients } = inTurn([cached([0, 1, 2]), cached([0, 1, 3]), cached([0, 1, 3], { prompt: 6 })]);
    expect([...results.cached]).toEqual([0, 4, 4]); // 6 would be the whole prompt
    expect([...results.finish]).toEqual([8, 104, 202]);
    // chunks of 8 at 0, 4 at 4, 2 at 4
    expect(clients[0]!.pairs).toBe(36 + (16 + 10) + (8 + 3));
    expect(clients[0]!.peakBlocks).toBe(4);
  });

  // engines.md 11.3: vLLM, blocks of 16, all four of a prompt cached
  test.each([
    [64, 48, 32],
    [65, 64, 48],
  ])('of %i tokens are %i, and %i where a head drafts', (prompt, plainly, drafting) => {
    const speculation = { drafts: 1, acceptance: [0], seed: 0, prefixLoss: 16 };
    const of = (client: Partial<FleetClient>) =>
      run({
        clients: [{ blockSize: 16, prefixCaching: true, ...client }],
        hashBlock: 16,
        requests: [0, 1].map((i) => ({ at: 100 * i, visits: [cached([0, 1, 2, 3], { prompt })] })),
      }).results.cached[1];
    expect([of({}), of({ speculation })]).toEqual([plainly, drafting]);
  });

  test('are none of a visit that does not ask, nor where nothing is cached', () => {
    expect([...inTurn([cached([0]), cached([0], { flags: 0 })]).results.cached]).toEqual([0, 0]);
    expect([...inTurn([cached([0], { flags: 0 }), cached([0])]).results.cached]).toEqual([0, 0]);
    expect([...inTurn([cached([0]), cached([0])], { prefixCaching: false }).results.cached]).toEqual([0, 0]);
  });

  test('are forgotten as blocks are used again: first what was given up first, the tail before the head', () => {
    const of = (ids: readonly number[]) => cached(ids, { prompt: 5 });
    const rows = [of([0, 1]), of([2, 3]), of([0, 1]), of([4]), of([2]), of([4])];
    // each takes 3 of 6 blocks; given up, in order: . 1 0 . 3 2; then . 3 2 . 1 0; the fourth uses . 3 2, the fifth . 1 0
    expect([...inTurn(rows, { numGpuBlocks: 6 }).results.cached]).toEqual([0, 0, 4, 0, 0, 2]);
    // the second finds one block that was never used, and takes the third and the second of the first: its head is left
    const tail = [of([0, 1]), of([2, 3]), of([0, 1])];
    expect([...inTurn(tail, { numGpuBlocks: 4 }).results.cached]).toEqual([0, 0, 2]);
  });

  test('are there as soon as the step that computes them has started, and of an answer when it has ended', () => {
    const together = [0, 0].map(() => ({ at: 0, visits: [cached([0, 1])] }));
    const fleet = { clients: [{ blockSize: 2, prefixCaching: true }], hashBlock: 2 };
    const { results, clients } = run({ ...fleet, requests: together });
    expect([...results.cached]).toEqual([0, 4]);
    expect([clients[0]!.newTokens, clients[0]!.peakBlocks]).toEqual([12, 4 + 2]);
    // 5 + 4 - 1 tokens fill 4 blocks; the next turn has them behind its question
    const turns = [cached([0, 1, 2, 3], { prompt: 5, output: 4 }), cached([0, 1, 2, 3], { prompt: 12 })];
    expect([...inTurn(turns).results.cached]).toEqual([0, 8]);
  });

  test('are found in chunks and in whole prompts', () => {
    const { results, clients } = inTurn([cached([0, 1]), cached([0, 1]), cached([0, 1])], { maxNumBatchedTokens: 3 });
    expect([...results.cached]).toEqual([0, 4, 4]);
    expect(clients[0]!.steps).toBe(3 + 2 + 2);
    const mixed = inTurn([cached([0, 1]), cached([0, 1])], { maxNumBatchedTokens: 5, batching: 'mixed' });
    expect(mixed.clients[0]!.newTokens).toBe(8 + 4);
  });

  test('are, after a preemption, those of its blocks that were not used again, with an id or not', () => {
    const rows = [cached([0, 1], { prompt: 5, output: 4 }), cached([2, 3], { prompt: 5, output: 4 })];
    const play = (prefixCaching: boolean) =>
      run({
        clients: [{ blockSize: 2, prefixCaching, numGpuBlocks: 7, maxNumSeqs: 2 }],
        hashBlock: 2,
        requests: rows.map((row) => ({ at: 0, visits: [row] })),
      });
    // 3 + 3 blocks; at 2 both want a fourth, and the second goes with 6 tokens in 3 blocks; at 4 it has 7 to prefill
    const { results, clients } = play(true);
    expect([...results.finish]).toEqual([4, 6]);
    expect(clients[0]!.newTokens).toBe(10 + 2 + 1 + 1 + 1 + 1);
    expect(play(false).clients[0]!.newTokens).toBe(10 + 2 + 1 + 1 + 7 + 1);
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
      clients: [{ price: BY_TOKEN, blockSize: 4, prefixCaching: true }],
      hashBlock: 4,
      requests: [{ at: 0, visits }],
    });
    expect([...results.finish]).toEqual([6, 8]);
    expect([...results.cached]).toEqual([0, 0]);
    // 2 blocks held, and of the branch's 2 one is shared
    expect(clients[0]).toMatchObject({ pairs: 21 + (2 * 6 + 3), peakBlocks: 3 });
  });
});
