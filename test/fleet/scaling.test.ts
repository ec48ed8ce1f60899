// Fleets whose instances start and stop: the rule by hand, and the laws that no start or stop breaks.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INSTANCE_DRAINING, INSTANCE_OFF, INSTANCE_ON, INSTANCE_STARTING } from '../../assembly/layout/scaler.ts';
import { measuresShare, SCALING } from '../../src/check/scheduler-lists.ts';
import { type FleetProgram, type FleetScaler, type InstanceChange, VISIT_HOLD } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { type FleetCase, programOf, type RequestRow } from './cases.ts';
import { listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';

const RULE: FleetScaler = {
  name: 'pool',
  members: [0, 1, 2],
  least: 1,
  policy: 'requests',
  target: 2,
  tolerance: 0,
  interval: 10,
  start: 5,
  outLooks: 1,
  inLooks: 1,
  mostOut: 9,
  mostIn: 9,
};

/** Three instances with a second a step, of which each takes eight visits at once. */
function scaled(rule: Partial<FleetScaler>, requests: readonly RequestRow[], fleet: Partial<FleetCase> = {}) {
  const groups = [{ members: [0, 1, 2] }];
  return { ...programOf({ clients: [{}, {}, {}], groups, requests, ...fleet }), scalers: [{ ...RULE, ...rule }] };
}

/** `count` requests at `at` whose answers take so many seconds. */
const burst = (at: number, count: number, seconds: number): RequestRow[] =>
  Array.from({ length: count }, () => ({ at, visits: [{ group: 0, prompt: 1, output: seconds }] }));

/** [s, instance, state], the kernel's, which are the reference's too. */
function changesOf(program: FleetProgram): number[][] {
  const run = runFleet(program, { leap: 'exact' });
  expect(listDifferences(program, run, referenceFleet(program))).toEqual([]);
  return run.changes!.map(({ time, client, state }) => [time, client, state]);
}

const [OFF, STARTING, ON, DRAINING] = [INSTANCE_OFF, INSTANCE_STARTING, INSTANCE_ON, INSTANCE_DRAINING];

describe('a scaler', () => {
  test('starts as many as bring the measure to the target, and stops the last ones first, which drain', () => {
    // six visits on the one instance at 10: three of it; at 20 none is left, so that only one stays
    const requests = [...burst(0, 6, 15), ...burst(18, 3, 4), ...burst(40, 1, 1)];
    expect(changesOf(scaled({}, requests))).toEqual([
      ...[1, 2].map((client) => [10, client, STARTING]),
      ...[1, 2].map((client) => [15, client, ON]),
      [20, 2, DRAINING],
      [22, 2, OFF],
      [30, 1, DRAINING],
      [30, 1, OFF],
    ]);
  });

  test('leaves a measure alone that is within the tolerance of its target', () => {
    const wishes = (tolerance: number) => changesOf(scaled({ target: 5, tolerance, inLooks: 9 }, burst(0, 6, 15)));
    expect(wishes(0.2)).toEqual([]);
    expect(wishes(0.19).length).toBe(2);
    // a quarter above the target, exactly
    expect(changesOf(scaled({ target: 4, tolerance: 0.25 }, burst(0, 5, 15)))).toEqual([]);
  });

  test('starts on the least wish, stops on the largest, of so many looks, and no more at once than it may', () => {
    const long = burst(0, 6, 38);
    expect(changesOf(scaled({ outLooks: 2, inLooks: 2, start: 0 }, long)).map(([time]) => time)).toEqual([
      20, 20, 20, 20,
    ]);
    expect(changesOf(scaled({ mostOut: 1, inLooks: 9, start: 0 }, long)).map(([time]) => time)).toEqual([
      10, 10, 20, 20,
    ]);
    const tail = [...burst(0, 6, 15), ...burst(55, 1, 1)];
    const stops = (changes: number[][]) => changes.filter(([, , state]) => state === OFF).map(([time]) => time);
    expect(stops(changesOf(scaled({ start: 0 }, tail)))).toEqual([20, 20]);
    expect(stops(changesOf(scaled({ start: 0, inLooks: 3 }, tail)))).toEqual([40, 40]);
    expect(stops(changesOf(scaled({ start: 0, mostIn: 1 }, tail)))).toEqual([20, 30]);
  });

  test('takes back what only starts before it lets anybody drain', () => {
    const program = scaled({ start: 15 }, [...burst(0, 6, 12), ...burst(45, 1, 1)]);
    expect(changesOf(program).map(([time, client, state]) => [time, client, state])).toEqual([
      ...[1, 2].map((client) => [10, client, STARTING]),
      ...[2, 1].map((client) => [20, client, OFF]),
    ]);
  });

  test('measures what waits, blocks and busy time', () => {
    const slots = { clients: [1, 2, 3].map(() => ({ maxNumSeqs: 2, numGpuBlocks: 40 })) };
    const starts = (rule: Partial<FleetScaler>) =>
      changesOf(scaled({ inLooks: 9, start: 0, ...rule }, burst(0, 5, 15), slots)).filter(
        ([, , state]) => state === ON,
      );
    // two run, three wait; 20 of 40 blocks are in use; it has been busy all the time
    expect(starts({ policy: 'queue-length', target: 3 })).toEqual([]);
    expect(starts({ policy: 'queue-length', target: 1.5 })).toEqual([[10, 1, ON]]);
    expect(starts({ policy: 'kv-use', target: 0.5 })).toEqual([]);
    expect(starts({ policy: 'kv-use', target: 0.3 })).toEqual([[10, 1, ON]]);
    expect(starts({ policy: 'utilization', target: 1 })).toEqual([]);
    expect(starts({ policy: 'utilization', target: 0.4 }).slice(0, 2)).toEqual(
      [1, 2].map((client) => [10, client, ON]),
    );
  });

  test('finds the blocks of an instance empty that was off', () => {
    const caches = [0, 1, 2].map(() => ({ prefixCaching: true }));
    const text = { group: 0, prompt: 5, output: 15, flags: 4, hashes: [0, 1, 2, 3] };
    const short = { ...text, output: 1 };
    const at = (time: number, count: number, visit = text) =>
      Array.from({ length: count }, () => ({ at: time, visits: [visit] }));
    const requests = [...at(0, 4), ...at(12, 2), ...at(41, 4), ...at(52, 2, short)];
    const program = scaled({ start: 0 }, requests, { clients: caches, hashBlock: 1 });
    const { results, changes } = runFleet(program, { leap: 'exact' });
    expect(
      changesOf(program)
        .filter(([, client]) => client === 1)
        .map(([, , state]) => state)
        .slice(0, 4),
    ).toEqual([STARTING, ON, DRAINING, OFF]);
    const again = changes!.findLast(({ client, state }) => client === 1 && state === ON)!.time;
    const later = [...program.visits.request.keys()].find(
      (v) => results.client[v] === 1 && results.start[v]! >= again,
    )!;
    expect([results.cached[later], results.cached[0]]).toEqual([0, 0]);
    expect(Math.max(...results.cached)).toBe(4);
  });

  test('sends what must stay where it was elsewhere once that is off', () => {
    const stays = [
      { group: 0, to: [[1]] },
      { group: 1, seconds: 60, to: [[2]] },
      { group: 0, output: 2, sameAs: 0 },
    ] as const;
    const requests = [...burst(0, 6, 15), ...[0, 1, 2].map(() => ({ at: 16, visits: stays }))];
    const fleet = {
      clients: [{}, {}, {}, { kind: 'cores' as const }],
      groups: [{ members: [0, 1, 2] }, { members: [3] }],
    };
    const program = scaled({}, requests, fleet);
    expect(changesOf(program).filter(([, , state]) => state === OFF).length).toBe(2);
    const { client } = runFleet(program, { leap: 'exact' }).results;
    const ofStage = (place: number) => [0, 1, 2].map((k) => client[6 + 3 * k + place]);
    expect(ofStage(0).toSorted()).toEqual([0, 1, 2]);
    expect(ofStage(2)).toEqual([0, 0, 0]);
  });

  test('is not off while others need what it holds', () => {
    const sends = [{ group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1, 40]] }, { group: 1 }] as const;
    const requests = [...burst(0, 6, 15), ...[0, 1, 2].map(() => ({ at: 16, visits: sends }))];
    const fleet: Partial<FleetCase> = {
      clients: [{}, {}, {}, { location: 1 }],
      groups: [{ members: [0, 1, 2] }, { members: [3] }],
      links: [[1, 0]],
      paths: [[0, 1, 0]],
    };
    // three times 40 bytes over one byte a second, from 17 on
    const off = changesOf(scaled({}, requests, fleet)).filter(([, , state]) => state === OFF);
    expect(off.map(([time]) => time)).toEqual([137, 137]);
  });

  test('reads more changes than are held at once', () => {
    const requests = Array.from({ length: 3000 }, (_, k) => burst(k * 20 + 1, 6, 10)).flat();
    const program = scaled({ start: 0 }, requests);
    const changes = runFleet(program, { leap: 'exact' }).changes!;
    expect(changes.length).toBeGreaterThan(3000 * 4);
    expect(changes.every(({ time }, i) => i === 0 || time >= changes[i - 1]!.time)).toBe(true);
  });

  test('looks in vain as often as it must, and no more: all of it is what the reference does, which never leaves a look out', () => {
    const fleet = { clients: [0, 1, 2].map(() => ({ maxNumSeqs: 2, numGpuBlocks: 40 })) };
    const rule = fc.record({
      policy: fc.constantFrom(...SCALING.names),
      target: fc.constantFrom(0.2, 0.5, 1, 2),
      interval: fc.constantFrom(0.25, 0.7, 1, 3),
      start: fc.constantFrom(0, 2, 5.3),
      outLooks: fc.integer({ min: 1, max: 9 }),
      inLooks: fc.integer({ min: 1, max: 9 }),
    });
    const bursts = fc.array(fc.tuple(fc.constantFrom(0.5, 3, 20, 75), fc.nat(7), fc.integer({ min: 1, max: 12 })), {
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(rule, bursts, (drawn, drawnBursts) => {
        let at = 0;
        const requests = drawnBursts.flatMap(([gap, count, seconds]) => {
          at += gap;
          return burst(at, count, seconds);
        });
        const program = scaled(drawn, [...requests, ...burst(at + 60, 1, 1)], fleet);
        expect(listDifferences(program, runFleet(program, { leap: 'exact' }), referenceFleet(program))).toEqual([]);
      }),
      { seed: 42, numRuns: runs(150) },
    );
  });

  test('does not look while nothing can come of it', () => {
    const requests = [...burst(0, 6, 15), ...burst(1e12, 6, 15)];
    for (const policy of SCALING.names) {
      const rule = { policy, target: measuresShare(policy) ? 0.2 : 2, interval: 0.5 };
      expect(runFleet(scaled(rule, requests), { leap: 'exact' }).stop).toBe('done');
    }
  }, 5000);

  test('needs a group to have somebody who is always on', () => {
    const program = scaled({}, burst(0, 1, 1), { groups: [{ members: [1, 2] }] });
    expect(() => runFleet(program, { leap: 'exact' })).toThrow('no instance that is always on');
  });
});

const RUNS = { seed: 41, numRuns: 100 };

function demand(law: (program: FleetProgram & { scalers: readonly FleetScaler[] }) => void): void {
  const scalable = drawProgram().filter((program) => program.scalers !== undefined);
  fc.assert(
    fc.property(scalable, (program) => law(program as FleetProgram & { scalers: readonly FleetScaler[] })),
    RUNS,
  );
}

const withRule = (
  program: FleetProgram & { scalers: readonly FleetScaler[] },
  change: (rule: FleetScaler) => Partial<FleetScaler>,
) => ({
  ...program,
  scalers: program.scalers.map((rule) => ({ ...rule, ...change(rule) })),
});

describe('instances that start and stop', () => {
  test('change no bit of what has happened before the first of them is on, or off', () => {
    demand((program) => {
      const still = runFleet(
        withRule(program, () => ({ target: Number.POSITIVE_INFINITY })),
        { leap: 'exact' },
      );
      const run = runFleet(program, { leap: 'exact' });
      const first = run.changes!.find(({ state }) => state !== STARTING)?.time ?? Number.POSITIVE_INFINITY;
      expect(still.changes).toEqual([]);
      for (const column of ['ready', 'start', 'first', 'finish'] as const) {
        const until = (times: Float64Array) => times.map((time) => (time < first ? time : Number.NaN));
        expect(until(run.results[column])).toEqual(until(still.results[column]));
      }
    });
  });

  test('are, where all are always on, bit for bit the fixed pool', () => {
    demand((program) => {
      const { scalers: _, ...fixed } = program;
      const all = withRule(program, ({ members }) => ({ least: members.length }));
      const [a, b] = [all, fixed].map((one) => runFleet(one, { leap: 'exact' }));
      expect(a!.results).toEqual(b!.results);
      expect(a!.clients).toEqual(b!.clients);
      expect(a!.clock).toBe(b!.clock);
    });
  });

  test('take visits only while they are on, end what they have, and hold nothing when they are off', () => {
    demand((program) => {
      const { results, changes, stop } = runFleet(program, { leap: 'exact' });
      fc.pre(stop === 'done');
      for (const { members, least } of program.scalers) {
        members.forEach((first, i) => {
          const own = changes!.filter(({ client }) => client === first);
          const ranks = program.clients[first]!.rank?.of ?? 1;
          for (let v = 0; v < program.visits.count; v++) {
            const there = results.client[v]! >= first && results.client[v]! < first + ranks;
            if (!there || Number.isNaN(results.start[v]!)) continue;
            demandServed(own, i < least, results.start[v]!, results.finish[v]!);
          }
        });
      }
    });
  });

  test('are as many as the rule allows, and each goes from off to starting, on, draining and off', () => {
    demand((program) => {
      const changes = runFleet(program, { leap: 'exact' }).changes!;
      for (const { members, least } of program.scalers) {
        const states = members.map((_, i) => (i < least ? ON : OFF));
        for (const { client, state } of changes.filter((one) => members.includes(one.client))) {
          const at = members.indexOf(client);
          const from = states[at]!;
          const next = { [OFF]: [STARTING], [STARTING]: [ON, OFF], [ON]: [DRAINING], [DRAINING]: [OFF] }[from]!;
          expect(next).toContain(state);
          states[at] = state;
          expect(states.filter((one) => one === ON || one === STARTING).length).toBeGreaterThanOrEqual(least);
          expect(states[0]).toBe(ON);
        }
      }
    });
  });
});

/** From the first step to its end a visit is in an instance that is on, or drains. */
function demandServed(changes: readonly InstanceChange[], isOn: boolean, start: number, finish: number): void {
  let since = isOn ? Number.NEGATIVE_INFINITY : Number.NaN;
  const times: (readonly [number, number])[] = [];
  for (const { time, state } of changes) {
    if (state === ON) since = time;
    if (state === OFF && !Number.isNaN(since)) {
      times.push([since, time]);
      since = Number.NaN;
    }
  }
  if (!Number.isNaN(since)) times.push([since, Number.POSITIVE_INFINITY]);
  if (times.some(([from, to]) => from <= start && !(finish > to))) return;
  throw new Error(`a visit from ${start} to ${finish} in an instance that is on ${JSON.stringify(times)}`);
}
