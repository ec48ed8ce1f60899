// Queues that are full turn away, clients leave and try again: by hand, against the reference, and by the laws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  STATE_CANCELLED,
  STATE_FINISHED,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
  STATE_UNFINISHED,
  STATE_UNSENT,
} from '../../assembly/layout/enums.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { drawImpatient } from './random.ts';

describe('clients that are turned away or leave, in any fleet', () => {
  test('fare as in the reference, bit for bit, with and without leaps', () => {
    fc.assert(
      fc.property(drawImpatient(), (program) => {
        const expected = referenceFleet(program);
        for (const leap of ['none', 'exact'] as const) {
          const differences = listDifferences(program, runFleet(program, { leap }), expected);
          if (differences.length > 0) throw new Error(`${differences.slice(0, 9).join('\n')}\n${describeProgram(program)}`);
        }
      }),
      { seed: 91, numRuns: runs(300), endOnFailure: true },
    );
  });
});
