// LoRA adapters of an engine: who waits for a slot, what is loaded from where, what a step with them takes, and that without any nothing changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FleetClient, FleetProgram } from '../../src/plan/fleet.ts';
import type { AdapterSetup } from '../../src/plan/setup.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { ONE_SECOND } from '../reference/cases.ts';
import { programOf, type RequestRow } from './cases.ts';
import { drawProgram } from './random.ts';

const FREE: AdapterSetup = {
  ...{ slots: 1, hostSlots: 2, load: [0, 0, 0], fetch: [0, 0, 0], overhead: 0, share: 0, seconds: 0 },
};

function play(requests: readonly RequestRow[], adapters: Partial<AdapterSetup>, client: Partial<FleetClient> = {}) {
  const own = { ...client, adapters: { ...FREE, ...adapters } };
  return runFleet(programOf({ clients: [own], requests }), { leap: 'exact' });
}

const request = (at: number, adapter: number, output: number, more: Partial<RequestRow> = {}): RequestRow => ({
  at,
  adapter,
  visits: [{ group: 0, prompt: 2, output }],
  ...more,
});

describe('slots', () => {
  it('let who waits for an adapter that runs, or for none, pass who waits for another', () => {
    // the second waits until the first and the third, who has the same adapter, are done
    const { start } = play([request(0, 1, 4), request(0.5, 2, 1), request(1.5, 1, 5), request(2.5, 0, 1)], {}).results;
    expect([...start]).toEqual([0, 7, 2, 3]);
  });

  it('keep the order of those who come to be served together', () => {
    const rows = [request(0, 1, 3), request(0.2, 2, 1), request(0.4, 3, 1), request(0.6, 2, 1), request(0.8, 1, 1)];
    const { start } = play(rows, {}, { maxNumSeqs: 2 }).results;
    expect([...start]).toEqual([0, 3, 4, 3, 1]);
  });

  it('go to whoever ranks first where requests are ranked', () => {
    const rows = [request(0, 1, 2), request(0.2, 2, 1, { priority: 3 }), request(0.4, 3, 1, { priority: 1 })];
    expect([...play(rows, {}, { packing: 'priority' }).results.start]).toEqual([0, 3, 2]);
  });

  it('of one that two adapters take in turn halve the throughput or worse', () => {
    const rows = Array.from({ length: 20 }, (_, i) => request(0, 1 + (i % 2), 10));
    const endOf = (slots: number) => Math.max(...play(rows, { slots }, { maxNumSeqs: 20 }).results.finish);
    expect(endOf(1)).toBeGreaterThanOrEqual(2 * endOf(2) - 1);
  });
});

describe('loading', () => {
  const seconds = { load: [1, 1, 1], fetch: [4, 4, 4] };
  const inTurn = (...list: number[]) => list.map((adapter, i) => request(20 * i, adapter, 1));
  const waits = (list: number[], rule: Partial<AdapterSetup>) =>
    Array.from(play(inTurn(...list), { ...seconds, ...rule }).results.finish, (time, i) => time - 20 * i - 1);

  it('is from storage at first, from host memory where others took the slots, and none while it is in one', () => {
    expect(waits([1, 1, 2, 1, 2, 2], { slots: 1, hostSlots: 2 })).toEqual([5, 0, 5, 1, 1, 0]);
    expect(waits([1, 2, 1, 2], { slots: 2 })).toEqual([5, 5, 0, 0]);
  });

  it('lets go of the one that was used longest ago', () => {
    // with 1, 2, 1, 3 host memory lets go of 2
    expect(waits([1, 2, 1, 3, 1, 2], { slots: 1, hostSlots: 2 })).toEqual([5, 5, 1, 5, 1, 5]);
  });

  it('keeps, of two that ended in the same instant, the one with the lower number', () => {
    const again = (first: number, adapter: number) => {
      const rows = [request(0, first, 1), request(0, 3 - first, 1), request(40, 3, 1), request(80, adapter, 1)];
      return (
        play(rows, { ...seconds, slots: 2, hostSlots: 3, load: [1, 1, 1] }, { maxNumSeqs: 2 }).results.finish[3]! - 81
      );
    };
    for (const first of [1, 2]) expect([again(first, 1), again(first, 2)]).toEqual([0, 1]);
  });

  it('lets the lower number back in where one of a higher number, which took its slot, ends in the same instant', () => {
    // steps take no time: 1 runs and ends, 2 runs and ends, at 0; 1 is held to be used last, until 3 takes the slot
    const price = { ...ONE_SECOND, fixed_s: 0 };
    const { clients } = play([request(0, 1, 1), request(0, 2, 1), request(20, 3, 1), request(40, 1, 1)], {}, { price });
    expect(clients[0]!.adapterLoads).toBe(4);
  });

  it('is counted, and is time in which a step does nothing else', () => {
    const run = play(inTurn(1, 2, 1), { ...seconds, slots: 1, hostSlots: 2 });
    expect(run.clients[0]).toMatchObject({ adapterLoads: 3, adapterFetches: 2, adapterSeconds: 11, busySeconds: 14 });
  });

  it('starts anew on an instance that was off', () => {
    const clients = [{ adapters: { ...FREE, ...seconds } }, { adapters: { ...FREE, ...seconds } }];
    const crowd = (at: number) => [0, 0, 0].map(() => request(at, 1, 3));
    const rule = { policy: 'requests', target: 1, tolerance: 0, interval: 1, start: 0 } as const;
    const looks = { outLooks: 1, inLooks: 1, mostOut: 9, mostIn: 9 };
    const program = programOf({
      clients,
      groups: [{ members: [0, 1], routing: 'load' }],
      requests: [...crowd(0.5), request(2, 1, 3), request(3, 1, 3), ...crowd(60.5), request(62, 1, 3)],
    });
    const scaled = { ...program, scalers: [{ ...rule, ...looks, name: 's', members: [0, 1], least: 1 }] };
    const { clients: counted } = runFleet(scaled, { leap: 'exact' });
    expect(counted.map(({ adapterFetches }) => adapterFetches)).toEqual([1, 2]);
  });
});

describe('the price of a step', () => {
  // effects.md, section 5, test 2: eight adapters of rank 32 at 6 % each
  it('grows by a share for each adapter that runs, and by what any costs', () => {
    const rows = Array.from({ length: 8 }, (_, i) => request(0, i + 1, 1));
    const many = { slots: 8, load: new Array(8).fill(0), fetch: new Array(8).fill(0) };
    const lasts = (rule: Partial<AdapterSetup>) => play(rows, { ...many, ...rule }).results.finish[0];
    expect(lasts({ share: 0.06 })).toBe(1 + 8 * 0.06);
    expect(lasts({ share: 0.06, overhead: 0.25 })).toBe(1.25 + 8 * 0.06);
    expect(lasts({ seconds: 0.5 })).toBe(5);
  });

  it('falls with the last sequence of an adapter, in the midst of a leap over those of others', () => {
    const rows = [request(0, 1, 2), request(0, 2, 4)];
    const { finish } = play(rows, { slots: 2, share: 0.25 }).results;
    expect([...finish]).toEqual([3, 3 + 2 * 1.25]);
  });
});

describe('routing to where an adapter is', () => {
  const pool = (rows: readonly RequestRow[], slots: number, count: number) => {
    const clients = Array.from({ length: count }, () => ({ adapters: { ...FREE, slots }, maxNumSeqs: 1 }));
    const members = clients.map((_, i) => i);
    const groups = [{ members, routing: 'adapter-affinity' } as const];
    return [...runFleet(programOf({ clients, groups, requests: rows }), { leap: 'exact' }).results.client];
  };

  it('prefers an instance that runs it, then one with room, then one where it waits, then the least load', () => {
    const rows = [request(0, 1, 9), request(0, 2, 9), request(0.5, 2, 1), request(0.6, 1, 1), request(0.7, 1, 1)];
    expect(pool(rows, 1, 2)).toEqual([0, 1, 1, 0, 0]);
    expect(pool([request(0, 1, 9), request(0.5, 2, 9), request(0.6, 3, 1)], 1, 3)).toEqual([0, 1, 2]);
    // both run something else; the third adapter waits at the second already
    const crowded = [request(0, 1, 9), request(0, 2, 9), request(0.5, 1, 9), request(0.6, 3, 1), request(0.7, 3, 1)];
    expect(pool(crowded, 1, 2)).toEqual([0, 1, 0, 1, 1]);
  });
});

// L19; effects.md, section 5, test 4
it('changes no bit where nobody asks for any', () => {
  const strip = (program: FleetProgram): FleetProgram => {
    const { adapter: _, ...visits } = program.visits;
    return { ...program, visits };
  };
  const without = (program: FleetProgram): FleetProgram => ({
    ...strip(program),
    clients: program.clients.map(({ adapters: _, ...client }) => client),
  });
  let serving = 0;
  fc.assert(
    fc.property(drawProgram(), (program) => {
      if (program.clients.some(({ adapters }) => adapters)) serving++;
      const [some, none] = [strip(program), without(program)].map((one) => runFleet(one, { leap: 'exact' }));
      expect(some!.results).toEqual(none!.results);
      expect(some!.itl).toEqual(none!.itl);
    }),
    { numRuns: runs(150) },
  );
  expect(serving).toBeGreaterThan(20);
});
