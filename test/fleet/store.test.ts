// The reference fleet against times worked by hand: KV stores, what their tiers hold, find and are written (R10).
import { describe, expect, test } from 'vitest';
import { ONE_SECOND } from '../reference/cases.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { type FleetCase, programOf, type VisitRow } from './cases.ts';

const run = (fleet: FleetCase) => referenceFleet(programOf(fleet));

/** Steps of one second per token computed, so that times count tokens. */
const BY_TOKEN = { ...ONE_SECOND, fixed_s: 0, per_new_token_s: 1 };

describe('R10: a store', () => {
  /** A store of two tiers on client 1: 2 blocks behind a latency of 0.5 s, 4 blocks behind a link of 2 B/s and 1 s. */
  const tiers = [
    { name: 'near', blocks: 2, latency: 0.5, link: -1 },
    { name: 'far', blocks: 4, latency: 1, link: 0 },
  ];
  const fleet = {
    clients: [{ price: BY_TOKEN }, { kind: 'store' as const, tiers }],
    links: [[2, 7]] as const, // the latency of a link is for edges: a tier has its own
    hashBlock: 2,
    storeBytesPerToken: 1,
  };
  const write = (hashes: readonly number[]): VisitRow => ({ group: 0, hashes, writes: 1 });
  const fetch = (hashes: readonly number[], prompt: number): VisitRow[] => [
    { group: 1, hashes, fetches: 1, to: [[1]] },
    { group: 0, prompt },
  ];
  const inTurn = (...walks: readonly VisitRow[][]) =>
    run({ ...fleet, requests: walks.map((visits, i) => ({ at: 100 * i, visits })) }).results;

  test('ends at once when it holds nothing', () => {
    const results = inTurn(fetch([0, 1], 6));
    expect([results.start[0], results.first[0], results.finish[0], results.finish[1]]).toEqual([0, Number.NaN, 0, 6]);
  });

  test('sends each block from the nearest tier that holds it, and is done with the last', () => {
    const results = inTurn([write([0, 1, 2])], fetch([0, 1, 2], 8), fetch([1, 2], 8), fetch([2, 1, 5, 0], 8));
    // near holds 1 2, far 0 1 2. First 0 from far (2 B: 1 s, and 1 s) beside 1 2 from near; then near only;
    // then two blocks before the first that nobody holds
    expect([results.finish[1], results.finish[3], results.finish[5]]).toEqual([102, 200.5, 300.5]);
    expect([...results.cached]).toEqual([0, 0, 6, 0, 4, 0, 4]);
    expect([results.finish[2], results.finish[4], results.finish[6]]).toEqual([102 + 2, 200.5 + 4, 300.5 + 4]);
  });

  test('begins with what its tiers hold, and lets the least recent of it go first', () => {
    const [near, far] = tiers;
    const store = {
      kind: 'store' as const,
      tiers: [
        { ...near!, held: [9, 0] },
        { ...far!, held: [1, 9] },
      ],
    };
    const walks = [fetch([0, 1], 8), [write([5])], fetch([0], 4), fetch([9], 4)];
    const requests = walks.map((visits, i) => ({ at: 100 * i, visits }));
    const { finish } = run({ ...fleet, clients: [fleet.clients[0]!, store], requests }).results;
    // 0 near, 1 far (2 B: 1 s, and 1 s); then 5 takes the place of 9 in near, which is found in far after it
    expect([finish[0], finish[3], finish[5]]).toEqual([2, 200.5, 302]);
  });

  describe('writes by the policy of each tier', () => {
    /** Which blocks the store finds after these writes, one look-up each: 'near', 'far' or 'none'. */
    const whereAfter = (
      policy: 'write_through' | 'write_through_selective' | 'write_back',
      writes: number[][],
      ids: number[],
    ) => {
      const [near, far] = tiers;
      const clients = [fleet.clients[0], { kind: 'store' as const, tiers: [near, { ...far, policy }] }];
      return ids.map((id) => {
        const walks = [...writes.map((hashes) => [write(hashes)]), fetch([id], 4)];
        const requests = walks.map((visits, i) => ({ at: 100 * i, visits }));
        const { results } = run({ ...fleet, clients, requests });
        const waited = results.finish[writes.length]! - 100 * writes.length;
        return waited === 0 ? 'none' : waited === 0.5 ? 'near' : 'far';
      });
    };

    test('write_through: with every visit', () => {
      expect(whereAfter('write_through', [[0, 1, 2]], [0, 1, 2])).toEqual(['far', 'near', 'near']);
    });

    test('write_back: what the tier before lets go of, least recent first out', () => {
      expect(whereAfter('write_back', [[0, 1]], [0, 1])).toEqual(['near', 'near']);
      // near 1 2, far 0; then near 5 6, far 0 1 2 and of the next two the 0 leaves
      expect(whereAfter('write_back', [[0, 1, 2]], [0, 1, 2, 3])).toEqual(['far', 'near', 'near', 'none']);
      expect(
        whereAfter(
          'write_back',
          [
            [0, 1, 2],
            [5, 6],
          ],
          [0, 1, 2, 5],
        ),
      ).toEqual(['far', 'far', 'far', 'near']);
      expect(
        whereAfter(
          'write_back',
          [
            [0, 1, 2],
            [5, 6],
            [7, 8],
          ],
          [0, 1, 5],
        ),
      ).toEqual(['none', 'far', 'far']);
    });

    test('write_through_selective: on the second use, while a nearer tier holds it', () => {
      const twice = [
        [0, 1],
        [0, 1],
        [5, 6],
      ];
      expect(
        whereAfter(
          'write_through_selective',
          [
            [0, 1],
            [5, 6],
          ],
          [0, 1, 5],
        ),
      ).toEqual(['none', 'none', 'near']);
      expect(whereAfter('write_through_selective', twice, [0, 1, 5])).toEqual(['far', 'far', 'near']);
    });
  });

  test('touches what it finds, so that the least recently used goes first', () => {
    // near: 0 1, then 0 is touched, so that 2 drives out 1
    const results = inTurn([write([0, 1])], fetch([0], 4), [write([2])], fetch([0], 4), fetch([1], 4));
    expect([results.finish[1], results.finish[4]]).toEqual([100.5, 300.5]);
    expect(results.finish[6]).toBe(400 + 1 + 1); // from far
  });

  test('shares its link with other transfers', () => {
    const visits = [...fetch([0, 1, 2, 3], 9)];
    const results = run({
      ...fleet,
      requests: [
        { at: 0, visits: [write([0, 1, 2, 3, 8, 9])] }, // far keeps 2 3 8 9, near 8 9
        { at: 0, visits: [write([0, 1])] }, // far: 8 9 0 1; near: 0 1
        { at: 10, visits: [write([8, 9])] }, // near: 8 9
        { at: 100, visits },
        { at: 100, visits },
      ],
    }).results;
    // both fetch 0 and 1, 4 bytes each, at 1 B/s
    expect([results.finish[3], results.finish[5]]).toEqual([105, 105]);
    expect([results.cached[4], results.cached[6]]).toEqual([4, 4]);
  });

  test('is written after everything else of an instant, in visit order', () => {
    const one = [{ name: 'tier', blocks: 1, latency: 0, link: -1 }];
    const ask = (id: number): VisitRow => ({ group: 2, hashes: [id] });
    const results = run({
      clients: [{}, { kind: 'cores' }, { kind: 'store', tiers: one }, {}],
      hashBlock: 2,
      requests: [
        { at: 0, visits: [{ group: 0, output: 2, hashes: [0], writes: 2 }] },
        { at: 0.5, visits: [{ group: 3, hashes: [1], writes: 2 }] },
        { at: 1, visits: [{ group: 0, hashes: [1], writes: 2 }] },
        {
          at: 1,
          visits: [
            { group: 1, seconds: 1, to: [[1]] },
            { ...ask(1), fetches: 2, to: [[2]] },
            { group: 3, prompt: 4 },
          ],
        },
        {
          at: 2,
          visits: [
            { ...ask(1), fetches: 1, to: [[1]] },
            { group: 3, prompt: 4 },
          ],
        },
      ],
    }).results;
    // at 2 visits 0 and 2 end in one step, the later one in it first; visit 2 writes last and its block stays
    expect([results.finish[0], results.finish[2]]).toEqual([2, 2]);
    // at 1.5 block 1 came, so both look-ups of 2 find it: the one that an edge brings and the one that arrives
    expect([results.cached[5], results.cached[7]]).toEqual([2, 2]);
  });

  test('is no help to a visit that was preempted', () => {
    const { results, clients } = run({
      ...fleet,
      clients: [{ numGpuBlocks: 9 }, fleet.clients[1]!],
      requests: [
        { at: 0, visits: [write([0, 1])] },
        { at: 10, visits: fetch([0, 1], 5).map((row, i) => (i === 1 ? { ...row, output: 3 } : row)) },
        { at: 10.25, visits: [{ group: 0, prompt: 3, output: 4 }] },
      ],
    });
    // the second joins at 10.5, computes its last prompt token in the step at 11.25 and goes at 12.25, when 6 + 5 blocks
    // are wanted; from 14.25 on it computes all 6 tokens that it has, and decodes one
    expect([...results.preemptions]).toEqual([0, 0, 1, 0]);
    expect([...results.finish]).toEqual([1, 10.5, 16.25, 14.25]);
    expect(results.cached[2]).toBe(4);
    expect(clients[0]!.newTokens).toBe(1 + (3 + 3) + (1 + 6 + 1));
  });
});
