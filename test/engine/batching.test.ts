// The reference against times worked by hand: batching, admission, preemption (DESIGN.md section 4a), one case a rule.
import { describe, expect, test } from 'vitest';
import { requestsOf, setupOf, tabulate } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';

// Every step takes 1 s, so a step that starts at t ends at t + 1. Blocks hold one token unless a case says otherwise.

describe('chunked', () => {
  test('splits a prompt over the budget and fills what the running ones leave', () => {
    const run = referenceRun(
      requestsOf([
        [0, 6, 3],
        [0, 3, 2],
      ]),
      setupOf({ maxNumBatchedTokens: 4 }),
    );
    expect(tabulate(run)).toEqual([
      [0, 4, 1, 0, 4], // 4 of A's 6
      [1, 4, 2, 0, 8], // A's last 2 and 2 of B's 3
      [2, 1, 2, 6, 10], // A decodes at 6, B's last 1
      [3, 0, 2, 10, 12], // A decodes at 7, B at 3: both end
    ]);
    expect([...run.results.first]).toEqual([2, 3]);
    expect([...run.results.finish]).toEqual([4, 4]);
    expect(run.gaps).toEqual([1, 1, 1]);
    // pairs: 4 -> 10; 2 at past 4 -> 8 + 3; 2 -> 3; 1 at past 2 -> 2 + 1
    expect(run.counters).toMatchObject({ steps: 4, busySeconds: 4, newTokens: 12, pairs: 27, contextTokens: 16 });
    expect(run.counters).toMatchObject({ preemptions: 0, peakBlocks: 12 });
  });

  test('lets a budget below max_num_seqs bound the running set', () => {
    const rows = [0, 1, 2].map(() => [0, 1, 2] as const);
    const run = referenceRun(requestsOf(rows), setupOf({ maxNumBatchedTokens: 2 }));
    expect([...run.results.first]).toEqual([1, 1, 3]);
    expect([...run.results.finish]).toEqual([2, 2, 4]);
  });

  test('stops at max_num_seqs', () => {
    const rows = [0, 1, 2].map(() => [0, 1, 2] as const);
    const run = referenceRun(requestsOf(rows), setupOf({ maxNumSeqs: 2 }));
    expect([...run.results.first]).toEqual([1, 1, 3]);
  });
});

describe('the watermark', () => {
  test('keeps blocks free of admission while anything runs, but not of decodes nor of the first', () => {
    const rows = requestsOf([
      [0, 8, 4],
      [0, 2, 1],
    ]);
    const settings = { numGpuBlocks: 12, watermark: 0.2 }; // floor(2.4) = 2 blocks stay free
    const run = referenceRun(rows, setupOf(settings));
    expect(tabulate(run)).toEqual([
      [0, 10, 2, 0, 10], // A takes 8; B its 2, since 2 stay
      [1, 0, 1, 8, 9],
      [2, 0, 1, 9, 10],
      [3, 0, 1, 10, 11], // decodes take what is left
    ]);
    const tight = referenceRun(rows, setupOf({ ...settings, watermark: 0.25 })); // 3 blocks
    expect([...tight.results.first]).toEqual([1, 5]); // B waits until A has ended
    const alone = referenceRun(requestsOf([[0, 12, 1]]), setupOf(settings));
    expect([...alone.results.first]).toEqual([1]); // nothing runs: every block may be taken
  });

  test('counts the blocks that the step decodes take', () => {
    const run = referenceRun(
      requestsOf([
        [0, 4, 4],
        [1, 2, 1],
      ]),
      setupOf({ batching: 'mixed', numGpuBlocks: 9, watermark: 0.25 }), // 2 stay free
    );
    // at 1: A has 4 and takes 1; B's 2 leave 2
    expect([...run.results.first]).toEqual([1, 2]);
    const later = referenceRun(
      requestsOf([
        [0, 4, 4],
        [2, 2, 1],
      ]),
      setupOf({ batching: 'mixed', numGpuBlocks: 9, watermark: 0.25 }),
    );
    expect([...later.results.first]).toEqual([1, 5]); // at 2: 6 + 2 leave 1
  });
});

describe('continuous', () => {
  test('prefills whole prompts within the budget, a longer one alone, and decodes only when none can go', () => {
    const run = referenceRun(
      requestsOf([
        [0, 3, 2],
        [0, 1, 2],
        [0, 9, 2],
        [0, 1, 2],
      ]),
      setupOf({ batching: 'continuous', maxNumBatchedTokens: 4 }),
    );
    expect(tabulate(run)).toEqual([
      [0, 4, 2, 0, 4], // A and B: 3 + 1 is the budget
      [1, 9, 1, 0, 13], // C is longer than the budget: alone
      [2, 1, 1, 0, 14], // D
      [3, 0, 4, 14, 18], // all decode
    ]);
    expect([...run.results.first]).toEqual([1, 1, 2, 3]);
    expect([...run.results.finish]).toEqual([4, 4, 4, 4]);
  });

  test('does not let a long prompt join, nor a short one overtake it', () => {
    const run = referenceRun(
      requestsOf([
        [0, 1, 1],
        [0, 9, 1],
        [0, 1, 1],
      ]),
      setupOf({ batching: 'continuous', maxNumBatchedTokens: 4 }),
    );
    expect([...run.results.first]).toEqual([1, 2, 3]);
  });

  test('decodes every running sequence, whatever the budget', () => {
    const rows = [0, 1, 2].map(() => [0, 1, 2] as const);
    const run = referenceRun(requestsOf(rows), setupOf({ batching: 'continuous', maxNumBatchedTokens: 1 }));
    expect(tabulate(run).at(-1)).toEqual([3, 0, 3, 3, 6]);
  });

  test('sees an arrival exactly at a step start, and not one just after', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 3],
        [1, 2, 1],
        [2.5, 2, 1],
      ]),
      setupOf({ batching: 'continuous' }),
    );
    // [0,1) A; [1,2) B; [2,3) A decodes, C came too late; [3,4) C; [4,5) A decodes its last
    expect([...run.results.first]).toEqual([1, 2, 4]);
    expect([...run.results.finish]).toEqual([5, 2, 4]);
    expect(run.gaps).toEqual([2, 2]);
  });
});

describe('mixed', () => {
  test('lets a prompt longer than the whole budget go as the only prompt, next to the decodes', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 4],
        [0.5, 9, 1],
        [0.5, 2, 1],
      ]),
      setupOf({ batching: 'mixed', maxNumBatchedTokens: 4 }),
    );
    expect(tabulate(run)).toEqual([
      [0, 2, 1, 0, 2],
      [1, 9, 2, 2, 12], // A decodes, B is the only prompt
      [2, 2, 2, 3, 6], // A decodes, C fits the rest
      [3, 0, 1, 4, 5],
    ]);
    expect([...run.results.finish]).toEqual([4, 2, 3]);
  });

  test('makes a prompt wait that fits the budget but not its rest', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 3],
        [0, 4, 1],
      ]),
      setupOf({ batching: 'mixed', maxNumBatchedTokens: 4 }),
    );
    // A leaves 2, then 3, then 3 of 4 tokens; B goes when A has ended at 3
    expect([...run.results.first]).toEqual([1, 4]);
  });
});

describe('static', () => {
  const rows = [
    [0, 3, 3],
    [0, 2, 1],
    [0, 1, 1],
  ] as const;

  test('prefills a batch whatever the budget and keeps slots and blocks until the last one ends', () => {
    const run = referenceRun(requestsOf(rows), setupOf({ batching: 'static', maxNumSeqs: 2, maxNumBatchedTokens: 1 }));
    expect(tabulate(run)).toEqual([
      [0, 5, 2, 0, 7], // final lengths 5 and 2 are reserved
      [1, 0, 1, 3, 7], // B has ended: it costs nothing and keeps its blocks
      [2, 0, 1, 4, 7],
      [3, 1, 1, 0, 1],
    ]);
    expect([...run.results.finish]).toEqual([3, 1, 4]);
  });

  test('takes only those whose final lengths fit', () => {
    const run = referenceRun(requestsOf(rows), setupOf({ batching: 'static', numGpuBlocks: 6 }));
    // A's final length takes 5 of 6 blocks; B's 2 do not fit, and C does not overtake it
    expect([...run.results.first]).toEqual([1, 4, 4]);
  });
});

describe('blocks', () => {
  test('preempt the newest sequence, which recomputes without a second first token', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 4],
        [0, 2, 4],
      ]),
      setupOf({ numGpuBlocks: 6 }),
    );
    expect(tabulate(run)).toEqual([
      [0, 4, 2, 0, 4],
      [1, 0, 2, 4, 6],
      [2, 0, 1, 3, 4], // A finds no block: B goes, A decodes
      [3, 0, 1, 4, 5], // B would need 4 blocks for prompt + 2 generated; 1 is free
      [4, 4, 1, 0, 4], // B recomputes 4 tokens and yields its third
      [5, 0, 1, 4, 5],
    ]);
    expect([...run.results.first]).toEqual([1, 1]);
    expect([...run.results.finish]).toEqual([4, 6]);
    expect([...run.results.preemptions]).toEqual([0, 1]);
    expect(run.gaps).toEqual([1, 1, 1, 1, 3, 1]); // B waits 3 s for its third token
  });

  test.each(['continuous', 'mixed'] as const)('preempt in %s as well, possibly the sequence itself', (batching) => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 3],
        [0, 2, 3],
      ]),
      setupOf({ batching, numGpuBlocks: 5 }),
    );
    expect(tabulate(run)).toEqual([
      [0, 4, 2, 0, 4],
      [1, 0, 1, 2, 3], // A takes the last block; B finds none and is itself the newest
      [2, 0, 1, 3, 4], // B would need 3
      [3, 3, 1, 0, 3],
      [4, 0, 1, 3, 4],
    ]);
    expect([...run.results.finish]).toEqual([3, 5]);
  });

  test('admit nothing in a step with a preemption', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 6],
        [0, 10, 1],
      ]),
      setupOf({ numGpuBlocks: 12, maxNumBatchedTokens: 4 }),
    );
    expect(tabulate(run)).toEqual([
      [0, 4, 2, 0, 4],
      [1, 3, 2, 2, 8],
      [2, 3, 2, 3, 12], // B has 8 of 10 tokens, and the blocks are full
      [3, 0, 1, 4, 5], // B goes; 3 tokens of budget and 7 blocks are left, yet it may not come back yet
      [4, 3, 2, 5, 9],
      [5, 0, 1, 6, 7], // B's next 3 tokens find 2 blocks: it is the newest itself
      [6, 4, 1, 0, 4],
      [7, 4, 1, 0, 8],
      [8, 2, 1, 0, 10],
    ]);
    expect([...run.results.preemptions]).toEqual([0, 2]);
    expect([...run.results.first]).toEqual([1, 9]);
  });

  test('end admission at the first waiting sequence that finds none', () => {
    const run = referenceRun(
      requestsOf([
        [0, 4, 2],
        [0, 3, 1],
        [0, 1, 1],
      ]),
      setupOf({ numGpuBlocks: 6 }),
    );
    // B's 3 do not fit beside A until 2; C's 1 would, but does not overtake
    expect([...run.results.first]).toEqual([1, 3, 3]);
  });

  test('preempt two in one step, which come back in their old order', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 5],
        [0, 2, 3],
        [0, 1, 2],
        [0, 1, 2],
      ]),
      setupOf({ blockSize: 2, numGpuBlocks: 4 }),
    );
    // [0,1) one block each. [1,2) A needs a second: D goes; B needs a second: C goes. [2,3) A and B; B ends.
    // [3,4) A takes a third block, the last one is for C, which was admitted before D. [4,5) A and D.
    expect(tabulate(run).map((row) => row[4])).toEqual([4, 4, 4, 4, 4]);
    expect([...run.results.finish]).toEqual([5, 3, 4, 5]);
    expect([...run.results.preemptions]).toEqual([0, 0, 1, 1]);
  });

  test('keep a preempted prompt in front of those that wait', () => {
    const run = referenceRun(
      requestsOf([
        [0, 2, 5],
        [0, 2, 3],
        [0, 6, 1],
        [0, 1, 1],
      ]),
      setupOf({ numGpuBlocks: 10, maxNumBatchedTokens: 6 }),
    );
    // [0,1) A 2, B 2, C 2 of 6. [1,2) A 3, B 3, and C's last 4 would make 12: C goes. [2,3) A 4, B 4, 2 blocks left
    // for C's 4. B ends at 3. [3,4) A 5, C 5. [4,5) A 6; C's last token makes 12: C goes. [5,6) C 6. [6,7) D.
    expect([...run.results.finish]).toEqual([5, 3, 6, 7]);
    expect([...run.results.preemptions]).toEqual([0, 0, 2, 0]);
  });

  test('are taken for the final length at once with full-length admission', () => {
    const rows = [
      [0, 2, 3],
      [0, 2, 3],
    ] as const;
    const run = referenceRun(requestsOf(rows), setupOf({ admission: 'full-length', numGpuBlocks: 7 }));
    // each needs 2 + 3 - 1 = 4: one after the other, and never a preemption
    expect([...run.results.first]).toEqual([1, 4]);
    expect(run.steps.map((step) => step.blocks)).toEqual([4, 4, 4, 4, 4, 4]);
  });

  test('count by whole blocks', () => {
    const run = referenceRun(requestsOf([[0, 4, 3]]), setupOf({ blockSize: 4 }));
    expect(run.steps.map((step) => step.blocks)).toEqual([1, 2, 2]);
  });
});
