// Prefill workers, the link and decode workers: small runs worked out by hand, and laws over random ones.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addTransfer, nextEnd, openLink, takeEnded } from '../../src/calibrate/validate/disaggregated/kv-link.ts';
import { runDisaggregated } from '../../src/calibrate/validate/disaggregated/run.ts';
import type { DisaggregatedSetup, Side } from '../../src/calibrate/validate/disaggregated/world.ts';
import type { Requests } from '../../src/workload/types.ts';

/** A step lasts 1 s per 100 prompt tokens of its fullest group, or 1 s + 0.1 s per sequence of the fullest group. */
const PRICE: Side['price'] = {
  prefill: (groups) => Math.max(...groups.map((chunks) => chunks.reduce((sum, { tokens }) => sum + tokens, 0))) / 100,
  decode: (counts) => 1 + 0.1 * Math.max(...counts),
};

function side(changes: Partial<Side> = {}): Side {
  return { workers: 1, groups: 1, price: PRICE, maxNumSeqs: 100, budget: 1000, blocks: 1e6, blockSize: 1, ...changes };
}

function setup(changes: Partial<DisaggregatedSetup> = {}): DisaggregatedSetup {
  return { prefill: side(), decode: side(), bandwidth: 100, promptBytes: (prompt) => prompt, ...changes };
}

function requestsOf(rows: readonly (readonly [prompt: number, output: number])[], concurrency: number): Requests {
  return {
    count: rows.length,
    arrival: new Float64Array(rows.length),
    prompt: Int32Array.from(rows, ([prompt]) => prompt),
    output: Int32Array.from(rows, ([, output]) => output),
    concurrency,
    rate: 0,
    description: '',
  };
}

const times = (column: Float64Array) => Array.from(column, (time) => Math.round(time * 1e9) / 1e9);

describe('by hand', () => {
  test('one at a time: prefill 2 s, move 2 s, then a token per step', () => {
    const run = runDisaggregated(
      requestsOf(
        [
          [200, 3],
          [200, 1],
        ],
        1,
      ),
      setup(),
    );
    expect(times(run.prefilled)).toEqual([2, 8.2]);
    expect(times(run.moved)).toEqual([4, 10.2]);
    expect(times(run.first)).toEqual([4, 10.2]);
    expect(times(run.finish)).toEqual([6.2, 10.2]);
    expect(times(run.arrival)).toEqual([0, 6.2]);
  });

  test('prompts share a step within the budget, and transfers the link', () => {
    const run = runDisaggregated(
      requestsOf(
        [
          [400, 2],
          [600, 2],
          [100, 2],
        ],
        3,
      ),
      setup(),
    );
    // 1000 tokens fit together; the third goes alone after them
    expect(times(run.prefilled)).toEqual([10, 10, 11]);
    // from 10 s on 400 and 600 bytes share 100 B/s, from 11 s on with 100 more: those end at 14, the 400 at 19, the 600 at 21
    expect(times(run.moved)).toEqual([19, 21, 14].map((at) => expect.closeTo(at, 6)));
  });

  test('without room on the decode side a request waits before it is moved', () => {
    const tight = setup({ decode: side({ maxNumSeqs: 1 }) });
    const run = runDisaggregated(
      requestsOf(
        [
          [100, 11],
          [100, 2],
        ],
        2,
      ),
      tight,
    );
    expect(times(run.prefilled)).toEqual([2, 2]);
    expect(times(run.finish)[0]).toBe(3 + 10 * 1.1);
    expect(times(run.moved)).toEqual([3, 15]);
    const blocks = setup({ decode: side({ blocks: 200 }) });
    expect(
      times(
        runDisaggregated(
          requestsOf(
            [
              [100, 11],
              [100, 2],
            ],
            2,
          ),
          blocks,
        ).moved,
      ),
    ).toEqual([3, 15]);
  });

  test('a decode step lasts as long as its slowest group, and requests go to the emptier one', () => {
    const two = setup({ decode: side({ groups: 2 }), bandwidth: 1e9 });
    const run = runDisaggregated(
      requestsOf(
        [
          [100, 5],
          [100, 5],
          [100, 5],
        ],
        3,
      ),
      two,
    );
    // all prefilled at 3 s: groups of two and one, so steps of 1.2 s
    expect(run.steps.seconds[0]).toBeCloseTo(1.2, 9);
    expect(run.steps.sequences[0]).toBe(3);
  });

  test('the prefill worker with fewer queued tokens is chosen, and its emptier group', () => {
    const many = setup({ prefill: side({ workers: 2, groups: 2 }), bandwidth: 1e9 });
    const run = runDisaggregated(
      requestsOf(
        [
          [900, 2],
          [100, 2],
          [200, 2],
          [300, 2],
        ],
        4,
      ),
      many,
    );
    // worker 0: 900 | then nothing; worker 1: 100, 200 in its groups, 300 behind the 100
    expect(times(run.prefilled)).toEqual([9, 4, 4, 4]);
  });

  test('a link shares its bandwidth equally', () => {
    const link = openLink(10);
    addTransfer(link, 0, 100, 0);
    addTransfer(link, 1, 100, 5);
    expect(nextEnd(link)).toBe(15);
    expect(takeEnded(link, 15)).toEqual([0]);
    expect(nextEnd(link)).toBe(20);
    expect(takeEnded(link, 20)).toEqual([1]);
    expect(nextEnd(link)).toBe(Number.POSITIVE_INFINITY);
  });
});

const scenario = fc.record({
  rows: fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 30 })), {
    minLength: 1,
    maxLength: 40,
  }),
  concurrency: fc.integer({ min: 1, max: 40 }),
  workers: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  groups: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  maxNumSeqs: fc.integer({ min: 1, max: 8 }),
  blocks: fc.integer({ min: 929, max: 4000 }),
  bandwidth: fc.double({ min: 10, max: 1e6, noNaN: true }),
});

test('every request ends, in order of its stages; no group passes its limits; the loop never has more in flight', () => {
  fc.assert(
    fc.property(scenario, ({ rows, concurrency, workers, groups, maxNumSeqs, blocks, bandwidth }) => {
      const requests = requestsOf(rows, concurrency);
      const prefill = side({ workers: workers[0], groups: groups[0], maxNumSeqs, blocks });
      const decode = side({ workers: workers[1], groups: groups[1], maxNumSeqs, blocks });
      const run = runDisaggregated(requests, setup({ prefill, decode, bandwidth }));
      for (let i = 0; i < rows.length; i++) {
        const stages = [run.arrival[i], run.prefilled[i], run.moved[i], run.first[i], run.finish[i]];
        expect(stages.every((time, at) => at === 0 || time >= stages[at - 1])).toBe(true);
      }
      const tokens = run.steps.sequences.reduce((sum, count) => sum + count, 0);
      expect(tokens).toBe(requests.output.reduce((sum, output) => sum + output - 1, 0));
      expect(Math.max(...run.steps.sequences, 0)).toBeLessThanOrEqual(maxNumSeqs * groups[1]);
      const inFlight = (now: number) => run.arrival.filter((at, i) => at <= now && run.finish[i] > now).length;
      for (const at of run.arrival) expect(inFlight(at)).toBeLessThanOrEqual(concurrency);
    }),
    { seed: 21, numRuns: 200 },
  );
});
