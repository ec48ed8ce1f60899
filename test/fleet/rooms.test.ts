// Rooms of a fleet run are as large as what can be in them, and never too small: the debug kernel asserts it at every event.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_KV } from '../../assembly/layout/enums.ts';
import { EVENT_BYTES, FLOW_BYTES, VISIT_MOST } from '../../assembly/layout/fleet.ts';
import { type FleetProgram, VISIT_HOLD, VISIT_LOCAL, VISIT_PREFIX } from '../../src/plan/fleet.ts';
import { openFleetRoom, runFleet, startFleet } from '../../src/run/fleet.ts';
import { columnBytes } from '../../src/run/fleet-columns.ts';
import { countRooms } from '../../src/run/fleet-rooms.ts';
import { runs } from '../depth.ts';
import { programOf, type RequestRow, type VisitRow } from './cases.ts';
import { describeProgram } from './compare.ts';
import { drawProgram } from './random.ts';

const debug = openFleetRoom(new WebAssembly.Module(readFileSync('build/kernel.debug.wasm')));
const COLUMNS = ['state', 'client', 'ready', 'start', 'first', 'finish', 'preemptions', 'cached'] as const;

type StarsOf<T> = T extends fc.Arbitrary<infer U> ? U : never;

/** A visit that sends so many bytes to as many others. */
function starOf(bytes: readonly number[], more: Partial<VisitRow>): VisitRow[] {
  const to = bytes.map((sent, i) => [1 + i, sent] as const);
  return [{ group: 0, flags: VISIT_HOLD, to, ...more }, ...bytes.map((): VisitRow => ({ group: 1 }))];
}

/** The debug kernel runs it without an assert, and leaves what the release kernel leaves. */
function demandRoom(program: FleetProgram): void {
  const release = runFleet(program, { leap: 'exact' });
  let run = release;
  try {
    run = runFleet(program, { leap: 'exact' }, debug);
  } catch (error) {
    throw new Error(`${error}\n${describeProgram(program)}`);
  }
  for (const column of COLUMNS) expect(run.results[column]).toEqual(release.results[column]);
  expect([run.requestState, run.stop, run.loads]).toEqual([release.requestState, release.stop, release.loads]);
}

/** The same work on links so slow, and with latencies so long, that everything that was ever sent is under way at once. */
function slowDown(program: FleetProgram, bandwidth: number, latency: number): FleetProgram {
  return {
    ...program,
    links: program.links.map((link) => ({ ...link, bandwidth: link.bandwidth * bandwidth, latency })),
    clients: program.clients.map((client) => ({
      ...client,
      tiers: client.tiers.map((tier) => ({ ...tier, latency })),
    })),
  };
}

describe('rooms hold', () => {
  test('whatever random programs send', () => {
    fc.assert(fc.property(drawProgram(40), demandRoom), { seed: 60, numRuns: runs(60) });
  });

  test('everything at once, as flows and as events', () => {
    const scale = fc.constantFrom(1e-9, 1e-3, 1e9);
    fc.assert(
      fc.property(drawProgram(40), scale, fc.constantFrom(0, 1e6), (program, bandwidth, latency) => {
        demandRoom(slowDown(program, bandwidth, latency));
      }),
      { seed: 61, numRuns: runs(60) },
    );
  });

  test('stars: all edges of all requests depart at one instant, and what has bytes is under way together', () => {
    const star = fc.array(fc.constantFrom(0, 1, 4, 4, 9), { minLength: 1, maxLength: 12 });
    const stars = fc.record({
      fans: fc.array(fc.tuple(star, fc.boolean()), { minLength: 1, maxLength: 12 }),
      fetches: fc.nat(4),
      links: fc.array(fc.integer({ min: -1, max: 0 }), { minLength: 1, maxLength: 5 }),
      bandwidth: fc.constantFrom(1e-6, 1, 1e6),
      latency: fc.constantFrom(0, 3),
    });
    const play = ({ fans, fetches, links, bandwidth, latency }: StarsOf<typeof stars>) => {
      const ids = links.map((_, k) => k);
      // tier k holds what was written last: one block of each is found in every tier
      const tiers = links.map((link, k) => ({ name: `tier ${k}`, blocks: k + 1, latency, link }));
      const clients = [{ maxNumSeqs: 99, maxNumBatchedTokens: 99 }, { location: 1 }, { kind: 'store' as const, tiers }];
      const write = { group: 0, prompt: 1, hashes: ids, writes: 2 };
      const fetch = { group: 2, hashes: ids };
      const requests: RequestRow[] = [
        { at: 0, visits: [write] },
        ...fans.map(([bytes, writes]) => ({ at: 5, visits: starOf(bytes, writes ? { hashes: ids, writes: 2 } : {}) })),
        ...Array.from({ length: fetches }, () => ({ at: 5.5, visits: [fetch] })),
      ];
      const shape = { clients, links: [[bandwidth, latency]] as const, paths: [[0, 1, 0]] as const };
      demandRoom(programOf({ ...shape, requests, hashBlock: 1, storeBytesPerToken: 1 }));
    };
    fc.assert(fc.property(stars, play), { seed: 62, numRuns: runs(120) });
  });

  test('transfers that all run, and all end, at one instant', () => {
    const visits = starOf(new Array(25).fill(4), {});
    const requests = Array.from({ length: 20 }, (): RequestRow => ({ at: 0, visits }));
    const clients = [{ maxNumSeqs: 20 }, { location: 1 }];
    // 500 edges, all flows from 1 on and all delivered at 1 + 2000 s: the room is full to its last byte both times
    const program = programOf({ clients, links: [[1, 0]], paths: [[0, 1, 0]], requests });
    expect(countRooms(program)).toEqual({ shared: 500 * FLOW_BYTES, cores: 0 });
    demandRoom(program);
    const { results } = runFleet(program, { leap: 'exact' });
    expect(new Set(results.ready)).toEqual(new Set([0, 2001]));
    demandRoom(slowDown(program, 1, 5));
  });
});

describe('rooms are no larger than', () => {
  const pair: VisitRow[] = [{ group: 0, to: [[1, 8]] as const }, { group: 1 }];
  const far = { clients: [{}, { location: 1 }], links: [[1, 0]] as const, paths: [[0, 1, 0]] as const };
  const tiers = [-1, 0].map((link, k) => ({ name: `tier ${k}`, blocks: 4, latency: 1, link }));

  test('one flow an edge with bytes, one event an edge without', () => {
    expect(countRooms(programOf({ ...far, requests: [{ at: 0, visits: pair }] })).shared).toBe(FLOW_BYTES);
    const near = programOf({ clients: [{}, {}], requests: [{ at: 0, visits: pair }] });
    expect(countRooms(near).shared).toBe(EVENT_BYTES);
    const bare = [{ group: 0, to: [[1]] as const }, { group: 1 }];
    expect(countRooms(programOf({ ...far, requests: [{ at: 0, visits: bare }] })).shared).toBe(EVENT_BYTES);
  });

  test('what the tiers of its store send for a visit, and a write', () => {
    const clients = [{}, { kind: 'store' as const, tiers }];
    const visits: VisitRow[] = [
      { group: 1, fetches: 1, hashes: [0], to: [[1]] },
      { group: 0, prompt: 4, writes: 1, hashes: [0] },
    ];
    const program = programOf({ clients, links: [[1, 0]], requests: [{ at: 0, visits }], hashBlock: 2 });
    expect(countRooms(program).shared).toBe(2 * EVENT_BYTES + EVENT_BYTES + FLOW_BYTES);
  });

  test('the cores that there are, or the visits that want one', () => {
    const cores = (maxNumSeqs: number) => {
      const visits: VisitRow[] = [{ group: 0, seconds: 1, to: [[1]] }, { group: 1 }];
      const requests = [0, 0, 0].map((at) => ({ at, visits }));
      return countRooms(programOf({ clients: [{ kind: 'cores', maxNumSeqs }, {}], requests })).cores;
    };
    expect([cores(2), cores(9)]).toEqual([2, 3]);
  });

  test('where a visit may go when it follows another one', () => {
    const clients = [{ localGroup: 1 }, { kind: 'cores' as const, maxNumSeqs: 9 }];
    const groups = [{ members: [0] }, { members: [1] }];
    const visits = (flags: number): VisitRow[] => [
      { group: 0, to: [[1]] },
      { group: 0, sameAs: 0, flags },
    ];
    const cores = (flags: number) => {
      const program = programOf({ clients, groups, requests: [{ at: 0, visits: visits(flags) }] });
      demandRoom(program);
      return countRooms(program).cores;
    };
    expect([cores(0), cores(VISIT_LOCAL)]).toEqual([0, 1]);
  });
});

test('a hand-over between two clients takes what its parts take', () => {
  const visits: VisitRow[] = [{ group: 0, flags: VISIT_HOLD, to: [[1, 8]] }, { group: 1 }];
  const bytes = (count: number) => {
    const requests = Array.from({ length: count }, () => ({ at: 0, visits }));
    return columnBytes(programOf({ clients: [{}, { location: 1 }], links: [[1, 0]], paths: [[0, 1, 0]], requests }));
  };
  // of each visit 12 of a record; of the edge target and bytes; room for a flow
  const edge = 4 + 8 + FLOW_BYTES;
  expect(bytes(2).all - bytes(1).all).toBe(2 * 12 + edge);
  // two counters of 2 bytes a visit, and the room
  expect(bytes(2).working - bytes(1).working).toBe(2 * 4 + FLOW_BYTES);
});

describe('requests that are one visit', () => {
  const oneVisit = (groups: readonly number[]) =>
    programOf({
      clients: [{}, { location: 1 }],
      requests: groups.map((group, at) => ({ at, visits: [{ group }] })),
    });

  test('share a record where all are alike', () => {
    const bytes = (groups: readonly number[]) => columnBytes(oneVisit(groups)).all;
    expect(bytes([0, 0, 0])).toBe(bytes([0]));
    expect(bytes([0, 0, 1]) - bytes([0, 1])).toBe(12);
  });

  test('keep none of the others from ending when they are rejected', () => {
    const visit = (prompt: number) => ({ at: 0, visits: [{ group: 0, prompt, output: 2, flags: VISIT_PREFIX }] });
    const program = programOf({ clients: [{}], requests: [visit(2000), visit(3), visit(4)], concurrency: 1 });
    const { state } = runFleet(program, { leap: 'exact' }).results;
    expect([...state]).toEqual([STATE_REJECTED_KV, STATE_FINISHED, STATE_FINISHED]);
  });

  test('are looked at where they come with something', () => {
    const visit = { group: 0, prompt: 5, output: 2, flags: VISIT_PREFIX, hashes: [0, 1] };
    const requests = [0, 100].map((at) => ({ at, visits: [visit] }));
    const program = programOf({ clients: [{ prefixCaching: true, blockSize: 2 }], hashBlock: 2, requests });
    expect([...runFleet(program, { leap: 'exact' }).results.cached]).toEqual([0, 4]);
  });

  test('are ready when they arrive, and not before', () => {
    const program = oneVisit([0, 0, 0]);
    expect([...runFleet(program, { leap: 'exact' }).results.ready]).toEqual([0, 1, 2]);
    const { ready } = startFleet(program, { leap: 'exact' }).close('stopped').results;
    expect([...ready]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...program.requests.arrival]).toEqual([0, 1, 2]);
  });
});

test('more predecessors or holders than a record can count are refused', () => {
  const wide = programOf({ clients: [{}], requests: [{ at: 0, visits: [{ group: 0 }] }] });
  const { visits } = wide;
  const set = (column: 'pending' | 'holders') => ({
    ...wide,
    visits: { ...visits, [column]: Int32Array.of(VISIT_MOST + 1) },
  });
  expect(() => runFleet(set('pending'), { leap: 'exact' })).toThrow(/waits for at most 65535 others, received 65536/);
  expect(() => runFleet(set('holders'), { leap: 'exact' })).toThrow(/is held for at most 65535 others, received 65536/);
});
