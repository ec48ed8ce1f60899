// Instances that fail: the rule by hand, against the reference, and by the laws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  STATE_CANCELLED,
  STATE_FAILED,
  STATE_FINISHED,
  STATE_PENDING,
  STATE_REJECTED_QUEUE,
  STATE_TIMED_OUT,
  STATE_UNSENT,
} from '../../assembly/layout/enums.ts';
import { INSTANCE_FAILED, INSTANCE_ON, INSTANCE_STARTING } from '../../assembly/layout/scaler.ts';
import { type FleetOutage, type FleetProgram, VISIT_HOLD, VISIT_RESIDENT } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { type FleetCase, programOf, type RequestRow } from './cases.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { type DrawnOutages, drawOutages, failProgram } from './draw-outages.ts';
import { drawImpatient, drawProgram } from './random.ts';

/** Requests of one visit to an engine whose steps take a second. */
const row = (at: number, output: number, more: Partial<RequestRow> = {}): RequestRow => ({
  at,
  visits: [{ group: 0, prompt: 1, output }],
  ...more,
});

/** The kernel's run, which is the reference's too. */
function runBoth(outages: readonly FleetOutage[], fleet: FleetCase) {
  const program = { ...programOf(fleet), outages };
  const run = runFleet(program, { leap: 'exact' });
  expect(listDifferences(program, run, referenceFleet(program))).toEqual([]);
  return run;
}

describe('an instance that fails', () => {
  test('loses what it has, with its step under way, and is on again when that is said', () => {
    const requests = [row(0, 9), row(1, 9), row(4, 2)];
    const run = runBoth([{ time: 3.5, client: 0, lasts: 6 }], { clients: [{}], requests });
    expect([...run.requestState]).toEqual([STATE_FAILED, STATE_FAILED, STATE_FINISHED]);
    // who comes meanwhile waits at the router
    expect([run.results.ready[2], run.results.start[2], run.results.finish[2]]).toEqual([4, 9.5, 11.5]);
    // four and three tokens were made, the last of them in the step that was under way
    expect([run.wasted, [...run.failedAt!]]).toEqual([7, [3.5, 3.5, Number.NaN]]);
    expect(run.changes).toEqual([
      { time: 3.5, client: 0, state: INSTANCE_FAILED },
      { time: 4, client: 0, state: INSTANCE_STARTING },
      { time: 9.5, client: 0, state: INSTANCE_ON },
    ]);
  });

  test('also loses what would have ended with that step', () => {
    const run = runBoth([{ time: 3.5, client: 0, lasts: 1 }], { clients: [{}], requests: [row(0, 4), row(0, 3)] });
    expect([...run.requestState]).toEqual([STATE_FAILED, STATE_FINISHED]);
  });

  test('leaves its share to the others, and its requests to whoever tries again', () => {
    const requests = [row(0, 9), row(0, 9), row(5, 1), row(0, 9, { after: 0, delay: 0.5, again: true })];
    const fleet: FleetCase = { clients: [{}, {}], groups: [{ members: [0, 1] }], requests };
    const { results, requestState } = runBoth([{ time: 2, client: 0, lasts: 60 }], fleet);
    expect([...requestState]).toEqual([STATE_FAILED, STATE_FINISHED, STATE_FINISHED, STATE_FINISHED]);
    expect([...results.client]).toEqual([0, 1, 1, 1]);
    // it is sent again at 2.5, and begins anew with the step from 3 on
    expect([results.ready[3], results.finish[3]]).toEqual([2.5, 12]);
  });

  test('takes the requests along whose KV it still had, wherever they are', () => {
    const visits = [
      { group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1, 40]] as const },
      { group: 1, prompt: 6, output: 9, flags: VISIT_RESIDENT },
    ];
    const fleet: FleetCase = {
      clients: [{}, { location: 1 }],
      links: [[1, 0]],
      paths: [[0, 1, 0]],
      requests: [
        { at: 0, visits },
        { at: 60, visits: [{ group: 0, prompt: 5 }] },
      ],
    };
    // its prompt is there at 1, its KV is on its way until 41
    const { results, requestState } = runBoth([{ time: 10, client: 0, lasts: 5 }], fleet);
    expect([...requestState]).toEqual([STATE_FAILED, STATE_FINISHED]);
    expect(results.state[1]).toBe(STATE_CANCELLED);
    // once it has arrived nothing is lost with who sent it
    const later = runBoth([{ time: 45, client: 0, lasts: 5 }], fleet);
    expect([...later.requestState]).toEqual([STATE_FINISHED, STATE_FINISHED]);
  });

  test('keeps those behind it waiting, whose KV stays where it is', () => {
    const visits = [
      { group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1, 40]] as const },
      { group: 1, prompt: 6, output: 9, flags: VISIT_RESIDENT },
    ];
    const paths = [[0, 1, 0]] as const;
    const fleet: FleetCase = { clients: [{}, { location: 1 }], links: [[10, 0]], paths, requests: [{ at: 2, visits }] };
    const { results } = runBoth([{ time: 1, client: 1, lasts: 20 }], fleet);
    // prefilled at 3, sent from 21 on
    expect([results.finish[0], results.start[1]]).toEqual([3, 25]);
  });

  test('lets clients leave who wait for it', () => {
    const requests = [
      row(2, 1, { patience: 3 }),
      row(2, 1, { patience: 30 }),
      row(0, 1, { after: 0, delay: 1, again: true }),
    ];
    const { requestState, results } = runBoth([{ time: 1, client: 0, lasts: 20 }], { clients: [{}], requests });
    expect([...requestState]).toEqual([STATE_TIMED_OUT, STATE_FINISHED, STATE_FINISHED]);
    expect([...results.ready]).toEqual([2, 2, 6]);
    expect([results.start[1], results.start[2]]).toEqual([21, 21]);
  });
});

const SEED = { seed: 93, numRuns: runs(80) };
const drawFailing = () =>
  fc.tuple(drawImpatient(), drawOutages()).map(([program, outages]) => failProgram(program, outages));

describe('instances that fail, in any fleet', () => {
  test('fare as in the reference, bit for bit, with and without leaps', () => {
    const check = (program: FleetProgram) => {
      const expected = referenceFleet(program);
      for (const leap of ['none', 'exact'] as const) {
        const run = runFleet(program, { leap });
        const differences = listDifferences(program, run, expected);
        if (program.outages && String(run.failedAt) !== String(expected.failedAt)) differences.push('failed at');
        if (differences.length > 0) throw new Error(`${differences.join('\n')}\n${describeProgram(program)}`);
      }
    };
    fc.assert(fc.property(drawFailing(), check), { ...SEED, endOnFailure: true });
  });

  test('lose no request: each ends once, leaves nothing behind, and is tried again only after that', () => {
    const check = (program: FleetProgram) => {
      const { requestState, stop, loads, failedAt } = runFleet(program, { leap: 'exact' });
      fc.pre(stop === 'done');
      expect(requestState.includes(STATE_PENDING)).toBe(false);
      for (const load of loads)
        expect({ ...load, left: Math.abs(load.left) }).toEqual({
          ...{ visits: 0, input: 0, output: 0 },
          ...{ left: 0, blocks: 0, promised: 0 },
        });
      const { turns, last } = program.requests;
      requestState.forEach((state, r) => {
        if (program.outages) expect(Number.isNaN(failedAt![last[r]!]!)).toBe(state !== STATE_FAILED);
        if (state === STATE_UNSENT || turns?.again?.[r] !== 1) return;
        expect([STATE_REJECTED_QUEUE, STATE_TIMED_OUT, STATE_FAILED]).toContain(requestState[turns.after[r]!]);
      });
    };
    fc.assert(fc.property(drawFailing(), check), SEED);
  });

  test('change no bit where they fail after all is over (L19)', () => {
    const check = (program: FleetProgram) => {
      const never: DrawnOutages = [{ at: 1e9, of: 0, lasts: 1 }];
      const failing = failProgram(program, never);
      const [a, b] = [{ ...failing, outages: undefined }, failing].map((one) =>
        runFleet(one as FleetProgram, { leap: 'exact' }),
      );
      fc.pre(a!.stop === 'done');
      expect([b!.results, b!.requestState, b!.clients, b!.clock]).toEqual([
        ...[a!.results, a!.requestState, a!.clients, a!.clock],
      ]);
    };
    fc.assert(fc.property(drawProgram(), check), { seed: 94, numRuns: runs(30) });
  });
});
