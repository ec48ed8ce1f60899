// The reference against times worked by hand: rejection, closed loop, routing, and what comes first at one instant.
import { describe, expect, test } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../../assembly/layout/enums.ts';
import { ONE_SECOND, requestsOf, setupOf } from '../reference/cases.ts';
import { referenceRun } from '../reference/plain.ts';

describe('rejection', () => {
  test('by max_model_len counts prompt + output', () => {
    const rows = [
      [0, 8, 3],
      [0, 8, 2],
    ] as const;
    const { results, steps } = referenceRun(requestsOf(rows), setupOf({ maxModelLen: 10 }));
    expect([...results.state]).toEqual([STATE_REJECTED_LENGTH, STATE_FINISHED]);
    expect([...results.first]).toEqual([Number.NaN, 1]);
    expect([...results.finish]).toEqual([Number.NaN, 2]);
    expect(steps.length).toBe(2);
  });

  test('by KV counts the blocks of prompt + output - 1', () => {
    const rows = [
      [0, 6, 3], // 8 tokens: 2 blocks
      [0, 6, 4], // 9 tokens: 3 blocks
    ] as const;
    const { results } = referenceRun(requestsOf(rows), setupOf({ blockSize: 4, numGpuBlocks: 2 }));
    expect([...results.state]).toEqual([STATE_FINISHED, STATE_REJECTED_KV]);
  });
});

test('a closed loop sends the next request when one completes or is rejected', () => {
  const rows = [
    [0, 1, 2],
    [0, 1, 1],
    [0, 1, 1],
    [0, 99, 2], // rejected
    [0, 1, 1],
    [0, 1, 1],
  ] as const;
  const { results } = referenceRun(requestsOf(rows, 2), setupOf({ maxModelLen: 100 }));
  // at 1: 1 ends, 2 is sent. At 2: 0 and 2 end, 3 and 4 are sent; 3 is rejected, so 5 is sent too.
  expect([...results.arrival]).toEqual([0, 0, 1, 2, 2, 2]);
  expect([...results.finish]).toEqual([2, 1, 2, Number.NaN, 3, 3]);
});

describe('routing', () => {
  test('round robin counts every arrival, also the rejected', () => {
    const rows = [
      [0, 1, 1],
      [0, 99, 9],
      [0, 1, 1],
      [0, 1, 1],
    ] as const;
    const { results } = referenceRun(requestsOf(rows), setupOf({ replicas: 3, maxModelLen: 50 }));
    expect([...results.replica]).toEqual([0, 1, 2, 0]);
  });

  test('least loaded takes the fewest outstanding, ties from the one after the last chosen', () => {
    const rows = [
      [0, 1, 4],
      [0, 1, 1],
      [0, 1, 4],
      [1, 1, 1], // 1 has ended at this very instant: replica 1 is empty
      [1, 1, 1], // one each: after replica 1 comes 2
      [1, 1, 1], // 1, 1, 2: after replica 2 comes 0
      [1, 1, 1], // 2, 1, 2
    ] as const;
    const { results } = referenceRun(requestsOf(rows), setupOf({ replicas: 3, routing: 'least-loaded' }));
    expect([...results.replica]).toEqual([0, 1, 2, 1, 2, 0, 1]);
  });

  test('an ended sequence of a static batch is not outstanding', () => {
    const rows = [
      [0, 1, 3],
      [0, 1, 3],
      [0, 1, 3],
      [0, 1, 1],
      [1.5, 1, 1],
    ] as const;
    const setup = setupOf({ batching: 'static', replicas: 2, routing: 'least-loaded' });
    const { results } = referenceRun(requestsOf(rows), setup);
    expect([...results.replica]).toEqual([0, 1, 0, 1, 1]);
    expect(results.finish[4]).toBe(4); // and it waits for the batch, which ends at 3
  });

  test('replicas step on their own clocks', () => {
    const price = { ...ONE_SECOND, per_new_token_s: 1 };
    const rows = [
      [0, 3, 2],
      [0, 1, 2],
    ] as const;
    const { results, steps } = referenceRun(requestsOf(rows), setupOf({ replicas: 2, price }));
    expect([...results.finish]).toEqual([6, 4]); // 1 + 3 then 1 + 1; 1 + 1 then 1 + 1
    expect(steps.map((step) => [step.replica, step.start])).toEqual([
      [0, 0],
      [1, 0],
      [1, 2],
      [0, 4],
    ]);
  });
});
