// The reference fleet against choices worked by hand: load, heavy-light, affinity, nearest, and who is refused (R2, R6).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STATE_FINISHED, STATE_REJECTED_KV, STATE_REJECTED_LENGTH } from '../../assembly/layout/enums.ts';
import type { DealingName, LoadMetric, Term, TermName } from '../../src/check/scheduler-lists.ts';
import {
  type FleetGroup,
  type FleetProgram,
  VISIT_HOLD,
  VISIT_LOCAL,
  VISIT_PREFIX,
  VISIT_RESIDENT,
} from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf, type VisitRow } from './cases.ts';
import { drawProgram } from './random.ts';

type Row = readonly [at: number, prompt: number, output: number];

/** The clients that requests of one visit go to, in a pool of `count` alike. */
function choose(count: number, group: Partial<FleetGroup>, rows: readonly Row[], blockSize = 1): number[] {
  const clients = Array.from({ length: count }, () => ({ blockSize }));
  const members = clients.map((_, index) => index);
  const requests = rows.map(([at, prompt, output]) => ({ at, visits: [{ group: 0, prompt, output }] }));
  return [...referenceFleet(programOf({ clients, groups: [{ members, ...group }], requests })).results.client];
}

const byLoad = (metric: LoadMetric) => ({ routing: 'load' as const, metric });

describe('R2: load', () => {
  test('round robin takes the next member, also after a rejected visit', () => {
    expect(
      choose(
        3,
        {},
        [0, 0, 0, 0, 5].map((at) => [at, 1, 1]),
      ),
    ).toEqual([0, 1, 2, 0, 1]);
  });

  test('is what the metric says of visits that have not ended; ties go to the first after the last chosen', () => {
    const rows: Row[] = [
      [0, 10, 1],
      [0, 1, 5],
      [0, 1, 1],
    ];
    expect(choose(2, byLoad('requests'), rows)).toEqual([0, 1, 0]);
    expect(choose(2, byLoad('input'), rows)).toEqual([0, 1, 1]);
    expect(choose(2, byLoad('output'), rows)).toEqual([0, 1, 0]);
    expect(choose(2, byLoad('left'), rows)).toEqual([0, 1, 1]);
  });

  test('goes when a visit has ended', () => {
    const rows: Row[] = [
      [0, 10, 1],
      [0, 1, 5],
      [1, 1, 1],
    ];
    expect(choose(2, byLoad('input'), rows)).toEqual([0, 1, 0]);
  });

  test('by tokens left counts those of a step when it has ended', () => {
    const rows: Row[] = [
      [0, 4, 4], // 8
      [0, 2, 5], // 7
    ];
    // from 1 on 8 - 4 are left of the first and 7 - 2 of the second
    expect(choose(2, byLoad('left'), [...rows, [0.5, 1, 1]])).toEqual([0, 1, 1]);
    expect(choose(2, byLoad('left'), [...rows, [1, 1, 1]])).toEqual([0, 1, 0]);
  });

  test('by tokens left counts all tokens of a preempted visit again', () => {
    const requests = [
      { at: 0, visits: [{ group: 1, prompt: 2, output: 5 }] },
      { at: 0, visits: [{ group: 1, prompt: 2, output: 5 }] },
      { at: 0, visits: [{ group: 2, prompt: 2, output: 11 }] },
      { at: 2.5, visits: [{ group: 0 }] },
    ];
    const chosen = (numGpuBlocks: number) => {
      const groups = [{ members: [0, 1], ...byLoad('left') }, { members: [0] }, { members: [1] }];
      return referenceFleet(programOf({ clients: [{ numGpuBlocks }, {}], groups, requests })).results.client[3];
    };
    // at 2.5 client 1 has 13 - 3 left. With room for both, client 0 has twice 7 - 3; with 7 blocks the second of its
    // visits was preempted at 2: 7 - 3 and 7
    expect(chosen(20)).toBe(0);
    expect(chosen(7)).toBe(1);
  });

  test('by KV counts the blocks of prompts when their step is formed, of decodes when it has ended', () => {
    const rows: Row[] = [
      [0, 3, 9],
      [0, 1, 1],
      [1.25, 3, 9],
    ];
    // at 1.5 the first is in a step for its 4th token, the third in one for its prompt: 3 and 3
    expect(choose(2, byLoad('kv'), [...rows, [1.5, 1, 1]])).toEqual([0, 1, 1, 0]);
    // at 2 the 4th block counts
    expect(choose(2, byLoad('kv'), [...rows, [2, 1, 1]])).toEqual([0, 1, 1, 1]);
    // before any step nothing is in use; a block of 4 tokens counts as 4 however full it is
    expect(
      choose(
        2,
        byLoad('kv'),
        [
          [0, 3, 9],
          [0, 4, 9],
          [0.5, 1, 1],
        ],
        4,
      ),
    ).toEqual([0, 1, 0]);
  });

  test('by KV counts what visits on their way, waiting or preempted will take', () => {
    const handOver = { group: 0, prompt: 5, flags: VISIT_HOLD, to: [[1, 5]] as const };
    const resident = { group: 1, prompt: 6, output: 3, flags: VISIT_RESIDENT };
    const requests = [0, 0, 0].map(() => ({ at: 0, visits: [handOver, resident] }));
    const decoders = { members: [1, 2, 3], ...byLoad('kv') };
    const clients = [{}, { location: 1 }, { location: 1 }, { location: 1 }];
    const far = { clients, links: [[1, 0]] as const, paths: [[0, 1, 0]] as const };
    const { results } = referenceFleet(programOf({ ...far, groups: [{ members: [0] }, decoders], requests }));
    // all three depart at 1, when nothing is in use anywhere
    expect([1, 3, 5].map((visit) => results.client[visit])).toEqual([1, 2, 3]);
    const waits = { maxNumSeqs: 1, numGpuBlocks: 99 };
    const sizes = [3, 4, 2, 2, 1];
    const queued = sizes.map((prompt, i) => ({ at: i / 8, visits: [{ group: 0, prompt, output: 9 }] }));
    const pair = { clients: [waits, waits], groups: [{ members: [0, 1], ...byLoad('kv') }], requests: queued };
    // 3 | 4, then 3 + 2 | 4, 5 | 4 + 2, 5 + 1 | 6: only the first of each has blocks
    expect([...referenceFleet(programOf(pair)).results.client]).toEqual([0, 1, 0, 1, 0]);
    const tight = [0, 0].map(() => ({ at: 0, visits: [{ group: 1, prompt: 2, output: 5 }] }));
    const other = { at: 0, visits: [{ group: 2, prompt: 5, output: 9 }] };
    const late = { at: 2.5, visits: [{ group: 0 }] };
    const groups = [{ members: [0, 1], ...byLoad('kv') }, { members: [0] }, { members: [1] }];
    const preempting = { clients: [{ numGpuBlocks: 7 }, {}], groups, requests: [...tight, other, late] };
    // at 2.5 the first of client 0 has 4 blocks and the second, preempted at 2, will take 4 again; client 1 has 7
    expect(referenceFleet(programOf(preempting)).results.client[3]).toBe(1);
  });

  test('heavy and light visits go to their own members', () => {
    const group = { routing: 'heavy-light' as const, threshold: 5, light: 2 };
    const rows = [3, 9, 5, 6, 4].map((prompt): Row => [0, prompt, 10 - prompt]);
    expect(choose(4, { ...group, metric: 'input' }, rows)).toEqual([0, 2, 1, 3, 0]);
    expect(choose(4, { ...group, metric: 'kv' }, rows)).toEqual([0, 2, 1, 3, 0]);
    expect(choose(4, { ...group, metric: 'output' }, rows)).toEqual([2, 0, 1, 0, 3]);
    expect(choose(4, { ...group, metric: 'requests' }, rows)).toEqual([0, 1, 0, 1, 0]);
    expect(choose(4, { ...group, metric: 'left' }, rows)).toEqual([2, 3, 2, 3, 2]);
  });
});

describe('R2: ranks of an instance', () => {
  /** Clients that visits of two engines of three ranks go to, the first of them if nothing else is said. */
  function deal(dealing: DealingName, rows: readonly Row[], maxNumSeqs = 8, group: Partial<FleetGroup> = {}): number[] {
    const clients = Array.from({ length: 6 }, (_, index) => ({
      blockSize: 1,
      maxNumSeqs,
      rank: { at: index % 3, of: 3, dealing },
    }));
    const requests = rows.map(([at, prompt, output]) => ({ at, visits: [{ group: 0, prompt, output }] }));
    const program = programOf({ clients, groups: [{ members: [0], instances: true, ...group }], requests });
    return [...referenceFleet(program).results.client];
  }
  const long: Row = [0, 1, 9];
  const short: Row = [0, 1, 1];

  test('in turn, whatever they have to do', () => {
    expect(deal('in-turn', [long, short, short, [5, 1, 1], [5, 1, 1]])).toEqual([0, 1, 2, 0, 1]);
  });

  test('the fewest outstanding: ties go to the first after the last chosen', () => {
    expect(deal('fewest', [long, short, short, [5, 1, 1], [5, 1, 1], [5, 1, 1]])).toEqual([0, 1, 2, 1, 2, 0]);
  });

  test('the shortest queue: one that waits counts as four that run', () => {
    // from 1 on the second rank runs one, the others three; what comes during the next step waits for it
    const rows: Row[] = [long, long, long, long, short, long, long, short, long];
    const dealt = [0, 1, 2, 0, 1, 2, 0, 1, 2];
    expect(deal('shortest-queue', [...rows, [1.5, 1, 1], [1.5, 1, 1]])).toEqual([...dealt, 1, 2]);
    expect(deal('fewest', [...rows, [1.5, 1, 1], [1.5, 1, 1]])).toEqual([...dealt, 1, 1]);
  });

  test('the load of an instance is that of all its ranks', () => {
    const two = { members: [0, 3], routing: 'load', metric: 'requests' } as const;
    expect(deal('in-turn', [long, long, long, long, [1, 1, 1]], 8, two)).toEqual([0, 3, 1, 4, 2]);
    // the first instance has 9 tokens of prompts, whichever of its ranks has them
    const heavy: Row[] = [[0, 9, 9], long, long, short];
    expect(deal('in-turn', heavy, 8, { ...two, metric: 'input' })).toEqual([0, 3, 4, 5]);
  });
});

test('R2: prefix affinity follows the most leading blocks that are cached, then load', () => {
  const visit = (hashes: number[]): VisitRow => ({ group: 0, prompt: 4, hashes, flags: VISIT_PREFIX });
  const program = programOf({
    clients: [0, 1, 2].map(() => ({ prefixCaching: true })),
    groups: [{ members: [0, 1, 2], routing: 'prefix-affinity' }],
    hashBlock: 1,
    requests: [
      { at: 0, visits: [visit([0, 1])] }, // nothing is cached: client 0
      { at: 0, visits: [visit([0, 2])] }, // client 1
      { at: 1, visits: [visit([0, 1, 2])] }, // client 0 has 2 leading blocks, client 1 has 1
      { at: 1, visits: [visit([0, 2])] }, // client 1 has both
      { at: 1, visits: [visit([3, 0])] }, // nobody has the first: the idle one
    ],
  });
  expect([...referenceFleet(program).results.client]).toEqual([0, 1, 0, 1, 2]);
});

describe('R2: scored', () => {
  const scored = (...terms: Term[]) => ({ routing: 'scored' as const, terms });
  const raw = (term: TermName, weight: number): Term => ({ term, weight, norm: 'raw' });
  const at0: Row[] = [
    [0, 10, 1],
    [0, 1, 5],
    [0, 1, 1],
  ];

  test('is the least sum of weighted terms; a weight below 0 asks for more of it', () => {
    expect(choose(2, scored(raw('input', 1)), at0)).toEqual([0, 1, 1]);
    expect(choose(2, scored(raw('output', 1)), at0)).toEqual([0, 1, 0]);
    // 10 + 3·1 and 1 + 3·5: the input of the first weighs less than the output of the second
    expect(choose(2, scored(raw('input', 1), raw('output', 3)), at0)).toEqual([0, 1, 0]);
    expect(choose(2, scored(raw('requests', -1)), at0)).toEqual([0, 0, 0]);
  });

  test('norms: shares of the most, and from least to most, among the members', () => {
    const rows: Row[] = [...at0, [0, 1, 1]];
    const by = (norm: Term['norm']) =>
      choose(3, scored({ term: 'input', weight: 1, norm }, { term: 'output', weight: 1, norm }), rows)[3];
    // input 10, 1, 1 and output 1, 5, 1: all are first third in turn, and the third has least of both
    expect([by('raw'), by('most'), by('range')]).toEqual([2, 2, 2]);
    const two = (norm: Term['norm'], weight: number) =>
      choose(2, scored({ term: 'input', weight: 1, norm }, { term: 'output', weight, norm }), at0)[2];
    // raw 10 + 2 and 1 + 10; shares of the most 1 + 0.2 w and 0.1 + w; ranges 1 and w
    expect([two('raw', 2), two('raw', 3)]).toEqual([1, 0]);
    expect([two('most', 1.1), two('most', 1.15)]).toEqual([1, 0]);
    expect([two('range', 0.9), two('range', 1.1)]).toEqual([1, 0]);
  });

  test('age is counted from the last choice, so that the longest unchosen is the cheapest', () => {
    const rows: Row[] = [0, 1, 1, 3].map((at) => [at, 1, 1]);
    // nobody has been chosen at 0; at 1 client 1 is as old as the run, client 0 too: it was chosen at its start
    expect(choose(2, scored(raw('age', -1)), rows)).toEqual([0, 1, 0, 1]);
  });

  test('what is read in metrics is as old as the refresh says, what the router sent itself is not', () => {
    // steps last a second: the first is running at 0.5, the second too
    const rows: Row[] = [0, 0.5, 1.5, 1.75].map((at) => [at, 1, 4]);
    const by = (term: TermName, refresh: number) => choose(2, { ...scored(raw(term, 1)), refresh }, rows);
    expect(by('running', 0)).toEqual([0, 1, 0, 1]);
    expect(by('running', 9)).toEqual([0, 1, 0, 1]);
    expect(by('kv', 0)[3]).toBe(1);
    const crowd: Row[] = [[0, 8, 9], ...[0.1, 0.2, 0.3].map((at): Row => [at, 1, 9])];
    // one second old, the first reading says that both are empty: ties, in turn
    expect(choose(2, { ...scored(raw('kv', 1)), refresh: 1 }, crowd)).toEqual([0, 1, 0, 1]);
    expect(choose(2, { ...scored(raw('kv', 1)), refresh: 0 }, crowd)).toEqual([0, 1, 1, 1]);
    expect(choose(2, { ...scored(raw('input', 1)), refresh: 1 }, crowd)).toEqual([0, 1, 1, 1]);
  });

  test('prefix is a share of the blocks of the visit, uncached its tokens that are not there', () => {
    const visit = (hashes: number[]): VisitRow => ({ group: 0, prompt: 4, hashes, flags: VISIT_PREFIX });
    const program = (...terms: Term[]) =>
      programOf({
        clients: [0, 1].map(() => ({ prefixCaching: true })),
        groups: [{ members: [0, 1], ...scored(...terms) }],
        hashBlock: 1,
        requests: [
          { at: 0, visits: [visit([0, 1, 2, 3])] },
          { at: 5, visits: [visit([0, 5, 6, 7])] }, // a quarter of it, 3 tokens to compute: at client 0, with nobody there
          { at: 5, visits: [visit([0, 8, 9, 10])] }, // the same, with one outstanding there
        ],
      });
    const both = (...terms: Term[]) => {
      const runs = [referenceFleet(program(...terms)), runFleet(program(...terms), { leap: 'exact' })];
      const [one, other] = runs.map(({ results }) => [...results.client]);
      expect(other).toEqual(one);
      return one;
    };
    expect(both(raw('requests', 0.2), raw('prefix', -1))).toEqual([0, 0, 0]);
    expect(both(raw('requests', 0.3), raw('prefix', -1))).toEqual([0, 0, 1]);
    expect(both(raw('requests', 0.9), raw('uncached', 1))).toEqual([0, 0, 0]);
    expect(both(raw('requests', 1.1), raw('uncached', 1))).toEqual([0, 0, 1]);
  });

  test('one term with weight 1, or -1, is the policy that has a word', () => {
    const same: readonly (readonly [Partial<FleetGroup>, Term])[] = [
      ...(['requests', 'input', 'output', 'kv', 'left'] as const).map(
        (metric) => [byLoad(metric), raw(metric, 1)] as const,
      ),
      [{ routing: 'prefix-affinity' }, raw('prefix', -1)],
      [{ routing: 'prefix-affinity' }, raw('uncached', 1)],
      [{ routing: 'nearest' }, raw('path', 1)],
    ];
    fc.assert(
      fc.property(drawProgram(), fc.constantFrom(...same), (program, [word, term]) => {
        const whole = (changes: Partial<FleetGroup>): FleetProgram => ({
          ...program,
          groups: program.groups.map(({ instances: _, terms: __, refresh: ___, ...group }) => ({
            ...group,
            ...(group.members.every((client) => program.clients[client]!.kind === 'llm') ? changes : {}),
          })),
        });
        const metric = word.metric ?? 'requests';
        const one = runFleet(whole({ ...word, metric }), { leap: 'exact' }).results;
        const other = runFleet(whole({ routing: 'scored', terms: [term], metric }), { leap: 'exact' }).results;
        expect([...other.client]).toEqual([...one.client]);
        expect([...other.finish]).toEqual([...one.finish]);
      }),
      { seed: 13, numRuns: runs(150) },
    );
  });
});

test('R2: nearest takes the path of fewest seconds, and load between equals', () => {
  const run = (bytes: number) =>
    referenceFleet(
      programOf({
        clients: [{}, { location: 1 }, { location: 2 }, { location: 2 }],
        groups: [{ members: [0] }, { members: [1, 2, 3], routing: 'nearest' }],
        links: [
          [1, 0],
          [4, 3],
        ],
        paths: [
          [0, 1, 0],
          [0, 2, 1],
        ],
        requests: [0, 0].map((at) => ({ at, visits: [{ group: 0, to: [[1, bytes]] as const }, { group: 1 }] })),
      }),
    ).results.client;
  // 2 bytes: 2 s or 3.5 s; 8 bytes: 8 s or 5 s, and then the second goes to the idle one of two
  expect([...run(2)]).toEqual([0, 1, 0, 1]);
  expect([...run(8)]).toEqual([0, 2, 0, 3]);
});

test('R2: a visit that must go where another went is not a choice', () => {
  const visits = [
    { group: 0, to: [[1]] as const },
    { group: 0, sameAs: 0 },
  ];
  const requests = [0, 2].map((at) => ({ at, visits }));
  const program = programOf({ clients: [{}, {}], groups: [{ members: [0, 1] }], requests });
  expect([...referenceFleet(program).results.client]).toEqual([0, 0, 1, 1]);
});

test('R2: a visit that stays in a local group has the choice of that group, wherever its leader was routed', () => {
  const clients = [1, 1, 2, 2, 0].map((localGroup) => ({ localGroup }));
  const members = [[0, 2], [4], [0, 1, 2, 3], [0, 1], [2, 3]];
  const groups = members.map((some) => ({ members: some, routing: 'load' as const }));
  const pair = (leader: number) => [
    { group: leader, output: 2, to: [[1]] as const },
    { group: 2, output: 3, sameAs: 0, flags: VISIT_LOCAL },
  ];
  const visits = [pair(0), pair(0), pair(1), pair(0)];
  const requests = visits.map((rows, i) => ({ at: i / 4, visits: rows }));
  const run = referenceFleet(programOf({ clients, groups, requests }));
  // leaders go to 0, 2, 4 and 0. At 2 client 0 still has the last leader, so the first follower goes to 1; the next one is alone
  // in local group 2; that of client 4, which has no local group, goes to 3, the only idle one of all; the last finds 0 idle.
  expect([...run.results.client]).toEqual([0, 1, 2, 2, 4, 3, 0, 0]);
});

test('R6: a visit that can never fit is rejected when it is routed; whole shared blocks are not its own', () => {
  const states = (visit: Partial<VisitRow>) => {
    const visits = [{ group: 0 }, { group: 0, ...visit }].map((one, i) =>
      i === 0 ? { ...one, to: [[1]] as const } : one,
    );
    const clients = [{ numGpuBlocks: 2, blockSize: 4, maxModelLen: 20 }];
    return referenceFleet(programOf({ clients, requests: [{ at: 0, visits }] })).results.state[1];
  };
  expect(states({ prompt: 6, output: 3 })).toBe(STATE_FINISHED); // 8 tokens: 2 blocks
  expect(states({ prompt: 6, output: 4 })).toBe(STATE_REJECTED_KV); // 9 tokens: 3 blocks
  expect(states({ prompt: 6, output: 4, shared: 4, sameAs: 0 })).toBe(STATE_FINISHED); // one of them is shared
  expect(states({ prompt: 6, output: 4, shared: 3, sameAs: 0 })).toBe(STATE_REJECTED_KV); // no whole block is
  expect(states({ prompt: 6, output: 15 })).toBe(STATE_REJECTED_LENGTH); // 21 tokens
});
