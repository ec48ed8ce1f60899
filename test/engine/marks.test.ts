// Marks: a run tells its caller when so many sequences run and when so many requests are over, and goes on unchanged.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runOnePool } from '../../bench/one-pool.ts';
import { runs } from '../depth.ts';
import { referenceRun } from '../reference/plain.ts';
import { expectSame } from '../same.ts';
import { drawScenario } from './random.ts';

test('the marks are those of the reference, and change nothing', () => {
  let opened = 0;
  fc.assert(
    fc.property(
      drawScenario(true),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 40 }),
      (scenario, running, finished) => {
        const { requests, setup } = scenario;
        const admitted = new Map<number, number>();
        let openedAt = Number.NaN;
        let steps = 0;
        const reference = referenceRun(requests, setup, (replica) => {
          admitted.set(replica.index, replica.running.length);
          const all = [...admitted.values()].reduce((sum, one) => sum + one, 0);
          if (Number.isNaN(openedAt) && all >= running) openedAt = steps;
          steps++;
        });
        const marks: number[] = [];
        const plain = runOnePool(requests, setup, { leap: 'exact' });
        const marked = runOnePool(requests, setup, {
          leap: 'exact',
          marks: { running, finished, arrived: [], onMark: (clock) => marks.push(clock) },
        });
        expectSame(marked.results, plain.results);
        expectSame(marked.counters, plain.counters);
        expectSame(marked.itl.weights, plain.itl.weights);
        // one replica: its running set is known at every step, so the instants must be the very same
        if (setup.replicas > 1 || setup.batching === 'static' || requests.concurrency > 0) return;
        const over = Array.from(reference.results.finish, (time, i) =>
          reference.results.state[i] === 1 ? time : requests.arrival[i]!,
        );
        const ended = over.sort((a, b) => a - b)[finished - 1];
        const last = Math.max(0, ...reference.results.finish.filter((time) => !Number.isNaN(time)));
        const expected: number[] = [];
        if (!Number.isNaN(openedAt)) expected.push(reference.steps[openedAt]!.start);
        if (ended !== undefined && ended < last) expected.push(ended);
        if (!Number.isNaN(openedAt)) opened++;
        for (const clock of expected) expect(marks).toContain(clock);
      },
    ),
    { seed: 31, numRuns: runs(80) },
  );
  expect(opened).toBeGreaterThan(8);
});
