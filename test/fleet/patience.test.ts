// Queues that are full turn away, clients leave and try again: by hand, against the reference, and by the laws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  STATE_CANCELLED,
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
  STATE_UNSENT,
} from '../../assembly/layout/enums.ts';
import { type FleetProgram, VISIT_HOLD, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { type FleetCase, programOf, type RequestRow } from './cases.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { drawImpatient, drawProgram } from './random.ts';

/** Requests of one visit to an engine whose steps take a second. */
const row = (at: number, output: number, more: Partial<RequestRow> = {}): RequestRow => ({
  at,
  visits: [{ group: 0, prompt: 1, output }],
  ...more,
});

/** The kernel's run, which is the reference's too. */
function runBoth(fleet: FleetCase) {
  const program = programOf(fleet);
  const run = runFleet(program, { leap: 'exact' });
  expect(listDifferences(program, run, referenceFleet(program))).toEqual([]);
  return run;
}

describe('a full queue', () => {
  test('turns away whoever comes while as many wait as may', () => {
    const clients = [{ maxNumSeqs: 1, maxQueued: 2 }];
    const { requestState, results } = runBoth({
      clients,
      requests: [row(0, 5), ...[1, 1, 1, 6].map((at) => row(at, 1))],
    });
    // the first runs from 0 to 5, two wait behind it, and at 6 one of them runs
    expect([...requestState]).toEqual([
      ...[STATE_FINISHED, STATE_FINISHED, STATE_FINISHED, STATE_REJECTED_QUEUE, STATE_FINISHED],
    ]);
    expect([...results.finish]).toEqual([5, 6, 7, Number.NaN, 8]);
  });

  test('is tried again after the pause, which doubles', () => {
    const clients = [{ maxNumSeqs: 1, maxQueued: 1 }];
    const requests = [
      ...[row(0, 6), row(1, 1), row(2, 1)],
      ...[1, 2, 4].map((delay, k) => row(0, 1, { after: k === 0 ? 2 : 2 + k, delay, again: true })),
    ];
    const { requestState, results } = runBoth({ clients, requests });
    // sent at 2, 3, 5 and 9: by then the queue is empty
    expect([...results.ready.slice(2)]).toEqual([2, 3, 5, 9]);
    expect([...requestState.slice(2)]).toEqual([...Array(3).fill(STATE_REJECTED_QUEUE), STATE_FINISHED]);
    expect(results.finish[5]).toBe(10);
  });
});

describe('a client that leaves', () => {
  test('takes its request out of the queue at once, and out of the batch with the end of the step', () => {
    const clients = [{ maxNumSeqs: 1, numGpuBlocks: 40 }];
    const requests = [row(0, 30, { patience: 4.5 }), row(0, 3, { patience: 2 }), row(0, 3)];
    const { requestState, results, wasted } = runBoth({ clients, requests });
    expect([...requestState]).toEqual([STATE_TIMED_OUT, STATE_TIMED_OUT, STATE_FINISHED]);
    // five tokens were made for the first
    expect([results.start[1], results.start[2], results.finish[2], wasted]).toEqual([Number.NaN, 5, 8, 5]);
  });

  test('makes room for whoever found none before', () => {
    const engine = { batching: 'continuous', admission: 'new-token-ratio', numGpuBlocks: 100 } as const;
    const requests = [row(0, 30), row(0, 60, { patience: 5 }), row(1.5, 40)];
    const { requestState, results } = runBoth({ clients: [engine], requests });
    expect([...requestState]).toEqual([STATE_FINISHED, STATE_TIMED_OUT, STATE_FINISHED]);
    // not when the first has ended, at 30
    expect(results.start[2]).toBe(5);
  });

  test('leaves no trace among those that decode, however many go before the next decode', () => {
    const clients = [{ batching: 'continuous', maxNumSeqs: 2 } as const];
    const requests = [row(0, 9), ...Array.from({ length: 20 }, (_, i) => row(i + 0.5, 5, { patience: 1.75 }))];
    const { requestState, results } = runBoth({ clients, requests });
    expect([...requestState]).toEqual([STATE_FINISHED, ...Array(20).fill(STATE_TIMED_OUT)]);
    // a prompt waits whenever a step ends: its decodes come after the last of them
    expect(results.finish[0]).toBeGreaterThan(20);
  });

  test('does not, where it has the answer in that instant', () => {
    const requests = [row(0, 4, { patience: 4 }), row(0, 5, { patience: 4 })];
    expect([...runBoth({ clients: [{}], requests }).requestState]).toEqual([STATE_FINISHED, STATE_TIMED_OUT]);
  });

  test('keeps no run going', () => {
    const run = runBoth({ clients: [{}], requests: [row(0, 4, { patience: 1000 })] });
    expect([run.stop, run.clock]).toEqual(['done', 4]);
  });

  test('lets blocks go that were kept for what is still to come', () => {
    const visits = [
      { group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1, 40]] as const },
      { group: 1, output: 9 },
    ];
    const fleet: FleetCase = {
      clients: [{ numGpuBlocks: 6 }, { location: 1 }],
      links: [[1, 0]],
      paths: [[0, 1, 0]],
      requests: [{ at: 0, visits, patience: 10 }, row(2, 1)],
    };
    const { results, requestState } = runBoth({
      ...fleet,
      requests: [fleet.requests[0]!, { at: 2, visits: [{ group: 0, prompt: 5 }] }],
    });
    expect([...requestState]).toEqual([STATE_TIMED_OUT, STATE_FINISHED]);
    // what is on its way arrives: 40 bytes from second 1 on
    expect([results.state[1], results.start[2]]).toEqual([STATE_CANCELLED, 41]);
  });

  test('gives back what its first decode was promised, if it came with its KV and had none', () => {
    const visits = [
      { group: 0, prompt: 4, flags: VISIT_HOLD, to: [[1, 1]] as const },
      { group: 1, prompt: 5, output: 9, flags: VISIT_RESIDENT },
    ];
    const others = [1, 2, 3].map((at) => ({ at, visits: [{ group: 1, prompt: 3 * at, output: 1 }] }));
    const { requestState, clients } = runBoth({
      clients: [{}, { batching: 'continuous', blockSize: 1 }],
      paths: [[0, 0]],
      requests: [{ at: 0, visits, patience: 1.5 }, ...others],
    });
    // it comes in the second in which a prompt of others is computed, and leaves in it
    expect([...requestState]).toEqual([STATE_TIMED_OUT, STATE_FINISHED, STATE_FINISHED, STATE_FINISHED]);
    expect(clients[1]!.peakBlocks).toBe(9);
  });

  test('of a closed loop lets the next one in, once it tries no more', () => {
    const requests = [row(0, 9, { patience: 2 }), row(0, 2), row(0, 1, { after: 0, delay: 3, again: true })];
    const { results } = runBoth({ clients: [{}], requests, concurrency: 1 });
    // it leaves at 2, comes back at 5 and is answered at 6
    expect([results.ready[2], results.ready[1], results.finish[1]]).toEqual([5, 6, 8]);
  });
});

const IMPATIENT = { seed: 91, numRuns: runs(150) };

describe('clients that are turned away or leave, in any fleet', () => {
  test('fare as in the reference, bit for bit, with and without leaps', () => {
    const check = (program: FleetProgram) => {
      const expected = referenceFleet(program);
      for (const leap of ['none', 'exact'] as const) {
        const differences = listDifferences(program, runFleet(program, { leap }), expected);
        if (differences.length > 0) throw new Error(`${differences.join('\n')}\n${describeProgram(program)}`);
      }
    };
    fc.assert(fc.property(drawImpatient(), check), { ...IMPATIENT, endOnFailure: true });
  });

  test('end once each, leave nothing behind, and are tried again only after that', () => {
    const check = (program: FleetProgram) => {
      const { results, requestState, stop, loads } = runFleet(program, { leap: 'exact' });
      fc.pre(stop === 'done');
      const { turns, first, patience } = program.requests;
      expect(requestState.includes(STATE_PENDING)).toBe(false);
      for (const load of loads)
        expect({ ...load, left: Math.abs(load.left) }).toEqual({
          visits: 0,
          input: 0,
          output: 0,
          left: 0,
          blocks: 0,
          promised: 0,
        });
      requestState.forEach((state, r) => {
        const late = results.finish[program.requests.last[r]!]! - results.ready[first[r]!]!;
        if (state === STATE_FINISHED && patience) expect(late).not.toBeGreaterThan(patience[r]! * (1 + 1e-12));
        if (state === STATE_UNSENT || turns?.again?.[r] !== 1) return;
        expect([STATE_REJECTED_QUEUE, STATE_TIMED_OUT]).toContain(requestState[turns.after[r]!]);
      });
    };
    fc.assert(fc.property(drawImpatient(), check), IMPATIENT);
  });

  test('change no bit where nobody leaves and no queue is ever full (L19)', () => {
    const check = (program: FleetProgram) => {
      const patience = new Float64Array(program.requests.count).fill(1e9);
      const clients = program.clients.map((client) => ({ ...client, maxQueued: 1e6 }));
      const patient = { ...program, clients, requests: { ...program.requests, patience } };
      const [a, b] = [program, patient].map((one) => runFleet(one, { leap: 'exact' }));
      fc.pre(a!.stop === 'done');
      expect([b!.results, b!.requestState, b!.clients, b!.clock]).toEqual([
        a!.results,
        a!.requestState,
        a!.clients,
        a!.clock,
      ]);
    };
    fc.assert(fc.property(drawProgram(), check), { seed: 92, numRuns: runs(60) });
  });
});
