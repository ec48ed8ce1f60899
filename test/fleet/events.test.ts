// The reference fleet against times worked by hand: what comes first at one instant, transfers, cores (R1, R5, R11, R12).
import { describe, expect, test } from 'vitest';
import {
  STATE_CANCELLED,
  STATE_FINISHED,
  STATE_REJECTED_KV,
  STATE_REJECTED_LENGTH,
  STATE_UNFINISHED,
} from '../../assembly/layout/enums.ts';
import { VISIT_HOLD } from '../../src/plan/fleet.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf } from './cases.ts';

// Every step takes 1 s, and a prompt of 1 token with 1 output token is one step, unless a case says otherwise.

describe('R1: at one instant', () => {
  test('what is delivered joins before what arrives', () => {
    const run = referenceFleet(
      programOf({
        clients: [{}, { maxNumSeqs: 1 }],
        requests: [
          { at: 0, visits: [{ group: 0, to: [[1]] }, { group: 1 }] },
          { at: 1, visits: [{ group: 1 }] },
        ],
      }),
    );
    // visit 0 ends at 1; visit 1 is delivered then, before visit 2, which arrives then
    expect([...run.results.ready]).toEqual([0, 1, 1]);
    expect([...run.results.start]).toEqual([0, 1, 2]);
  });

  test('edges are delivered in edge order, whichever client ended first', () => {
    const { results } = referenceFleet(
      programOf({
        clients: [{}, {}, { maxNumSeqs: 1 }],
        requests: [
          { at: 0, visits: [{ group: 1, to: [[1]] }, { group: 2 }] },
          { at: 0, visits: [{ group: 0, to: [[1]] }, { group: 2 }] },
        ],
      }),
    );
    expect([results.start[1], results.start[3]]).toEqual([1, 2]);
  });

  test('a step is formed when nothing else is left to happen', () => {
    const { results } = referenceFleet(
      programOf({
        clients: [{ kind: 'cores', maxNumSeqs: 1 }, {}],
        requests: [
          { at: 0, visits: [{ group: 1, output: 2 }] },
          { at: 1, visits: [{ group: 0, seconds: 0, to: [[1]] }, { group: 0, seconds: 0, to: [[2]] }, { group: 1 }] },
        ],
      }),
    );
    // two stages of 0 s at 1: the visit behind them shares the step that starts at 1
    expect([...results.start]).toEqual([0, 1, 1, 1]);
    expect([...results.finish]).toEqual([2, 1, 1, 2]);
  });
});

describe('R1: a transfer', () => {
  const far = { clients: [{}, { location: 1 }], paths: [[0, 1, 0] as const] };

  test('takes bytes over bandwidth, then the latency', () => {
    const visits = [{ group: 0, to: [[1, 6]] as const }, { group: 1 }];
    const { results } = referenceFleet(programOf({ ...far, links: [[2, 0.5]], requests: [{ at: 0, visits }] }));
    expect(results.ready[1]).toBe(1 + 3 + 0.5);
  });

  test('of no bytes, or within one place, takes no time', () => {
    const visits = [{ group: 0, to: [[1], [2, 6]] as const }, { group: 1 }, { group: 0 }];
    const { results } = referenceFleet(programOf({ ...far, links: [[2, 0.5]], requests: [{ at: 0, visits }] }));
    expect([...results.ready]).toEqual([0, 1, 1]);
  });

  test('shares its link with others', () => {
    const visits = (bytes: number) => [{ group: 0, to: [[1, bytes]] as const }, { group: 1 }];
    const requests = [2, 6].map((bytes) => ({ at: 0, visits: visits(bytes) }));
    const { results } = referenceFleet(programOf({ ...far, links: [[2, 0]], requests }));
    // from 1 on each has 1 B/s: the first is over at 3, when the second has 4 B left and all of the link
    expect([results.ready[1], results.ready[3]]).toEqual([3, 5]);
  });

  test('leaves to others what its narrowest link keeps it from using', () => {
    const { results } = referenceFleet(
      programOf({
        clients: [{}, { location: 1 }, { location: 2 }],
        links: [
          [1, 0.25],
          [3, 0.25],
        ],
        paths: [
          [0, 1, 0, 1],
          [0, 2, 1],
        ],
        requests: [
          {
            at: 0,
            visits: [
              {
                group: 0,
                to: [
                  [1, 4],
                  [2, 4],
                ],
              },
              { group: 1 },
              { group: 2 },
            ],
          },
        ],
      }),
    );
    // link 0 leaves its one flow 1 B/s, so that of the 3 B/s of link 1 the other flow gets 2
    expect([results.ready[1], results.ready[2]]).toEqual([1 + 4 + 0.5, 1 + 2 + 0.25]);
  });

  test('layer by layer overlaps the service of its source, but for the last layer', () => {
    const readyAt = (bandwidth: number, output = 1) => {
      const visits = [{ group: 0, output, to: [[1, 8, 4]] as const }, { group: 1 }];
      return referenceFleet(programOf({ ...far, links: [[bandwidth, 0]], requests: [{ at: 0, visits }] })).results
        .ready[1];
    };
    // the source runs from 0 to 1: from 0.25 on there is something to send, so 0.75 B are gone at 1 B/s
    expect(readyAt(1)).toBe(1 + 7.25);
    // at 8 B/s all that came up is, and one layer of 2 B is left
    expect(readyAt(8)).toBe(1 + 0.25);
    // one that ends with a decode sends everything then
    expect(readyAt(8, 2)).toBe(2 + 1);
  });

  test('layer by layer has no more of a link than others leave it, and no more than what is computed', () => {
    const play = (bandwidth: number, bytes: number) => {
      const layered = { at: 0.5, visits: [{ group: 0, to: [[1, 8, 4]] as const }, { group: 1 }] };
      const whole = { at: 0, visits: [{ group: 2, to: [[1, bytes]] as const }, { group: 1 }] };
      const requests = [whole, layered];
      const clients = [{}, { location: 1 }, {}];
      const { results } = referenceFleet(programOf({ ...far, clients, links: [[bandwidth, 0]], requests }));
      return [results.ready[1], results.ready[3]];
    };
    // 8 B/s come up between 0.75 and 1.5; from 1 on the other has 20 - 8 = 12 B/s, more than an even 10, and is over at 1.5; the
    // last layer, 2 B, then has the whole link
    expect(play(20, 6)).toEqual([1.5, 1.5 + 2 / 20]);
    // each has 5 B/s from 1 to 1.8, when of 8 B 0.25 s * 8 B/s and 0.8 s * 5 B/s are sent
    expect(play(10, 4)).toEqual([1.8, 1.8 + 2 / 10]);
    // at 1.1 the layers are 0.3 B behind, and catch up with 10 - 8 B/s
    const [other, behind] = play(10, 0.5);
    expect(other).toBeCloseTo(1.1, 12);
    expect(behind).toBeCloseTo(1.5 + 2 / 10, 12);
  });

  test('layer by layer follows the speed of the step that computes them', () => {
    const shared = { channel: 0, demand: 1 };
    const requests = [
      { at: 0, visits: [{ group: 0, to: [[1, 8, 4]] as const }, { group: 1 }] },
      { at: 0.5, visits: [{ group: 2 }] },
    ];
    const clients = [shared, { location: 1 }, shared];
    const { results } = referenceFleet(programOf({ ...far, clients, links: [[8, 0]], requests }));
    // from 0.5 on the step has half its speed: it ends at 1.5, when the last layer is there
    expect([results.finish[0], results.ready[1]]).toEqual([1.5, 1.5 + 2 / 8]);
  });

  test('layer by layer routes its visit when the step that computes them starts', () => {
    const clients = [{}, { location: 1 }, { location: 1 }];
    const groups = [{ members: [0] }, { members: [1, 2] }];
    const chosen = (layers: number) => {
      const visits = [{ group: 0, to: [[1, 8, layers]] as const }, { group: 1 }];
      const requests = [
        { at: 0, visits },
        { at: 0.5, visits: [{ group: 1 }] },
      ];
      const program = programOf({ clients, groups, links: [[2, 0]], paths: [[0, 1, 0]], requests });
      return [...referenceFleet(program).results.client];
    };
    expect([chosen(0), chosen(4)]).toEqual([
      [0, 2, 1],
      [0, 1, 2],
    ]);
  });

  test('routes its visit when it departs', () => {
    const clients = [{}, { location: 1 }, { location: 1 }];
    const groups = [{ members: [0] }, { members: [1, 2] }];
    const requests = [
      { at: 0, visits: [{ group: 0, to: [[1, 8]] as const }, { group: 1 }] },
      { at: 2, visits: [{ group: 1 }] },
    ];
    const program = programOf({ clients, groups, links: [[2, 0]], paths: [[0, 1, 0]], requests });
    expect([...referenceFleet(program).results.client]).toEqual([0, 1, 2]);
    // without bytes to send, only when it is ready
    const lazy = [{ at: 0, visits: [{ group: 0, to: [[1]] as const }, { group: 1 }] }, requests[1]!];
    expect([...referenceFleet(programOf({ clients, groups, requests: lazy })).results.client]).toEqual([0, 1, 2]);
    const early = [lazy[0]!, { at: 0.5, visits: [{ group: 1 }] }];
    expect([...referenceFleet(programOf({ clients, groups, requests: early })).results.client]).toEqual([0, 2, 1]);
  });
});

describe('R5: a request', () => {
  test('is finished with its last visit, and the next of a closed loop is sent then', () => {
    const visits = [{ group: 0, to: [[1], [2]] as const }, { group: 0 }, { group: 0, output: 3 }];
    const requests = [0, 0].map(() => ({ at: 0, last: 1, visits }));
    const { arrival, results, requestState } = referenceFleet(programOf({ clients: [{}], requests, concurrency: 1 }));
    expect([...arrival]).toEqual([0, 2]);
    expect([...results.finish]).toEqual([1, 2, 4, 3, 4, 6]);
    expect([...requestState]).toEqual([STATE_FINISHED, STATE_FINISHED]);
  });

  test('stays finished, and lets one other go, when a visit beside its last is rejected later', () => {
    const visits = [{ group: 0, to: [[1], [2]] as const }, { group: 0, output: 2, to: [[3]] as const }, { group: 0 }];
    const plain = { at: 0, visits: [{ group: 0, output: 2 }] };
    const requests = [{ at: 0, last: 2, visits: [...visits, { group: 1, prompt: 9 }] }, plain, plain];
    const clients = [{}, { maxModelLen: 9 }];
    const { arrival, requestState } = referenceFleet(programOf({ clients, requests, concurrency: 1 }));
    // the last visit ends at 2, the rejected one is routed at 3
    expect([...requestState]).toEqual([STATE_FINISHED, STATE_FINISHED, STATE_FINISHED]);
    expect([...arrival]).toEqual([0, 2, 4]);
  });

  test('is rejected with its first rejected visit; what has joined goes on, the others are cancelled', () => {
    const visits = [
      { group: 0, to: [[2], [1], [4]] as const },
      { group: 1, prompt: 9, to: [[3]] as const },
      { group: 0, to: [[3]] as const },
      { group: 0 },
      { group: 0 }, // its turn would have come in the instant of the rejection, but after it
    ];
    const requests = [
      { at: 0, visits },
      { at: 0, visits: [{ group: 0 }] },
    ];
    const clients = [{}, { maxModelLen: 9 }];
    const { arrival, results, requestState } = referenceFleet(programOf({ clients, requests, concurrency: 1 }));
    expect([...requestState]).toEqual([STATE_REJECTED_LENGTH, STATE_FINISHED]);
    expect([...arrival]).toEqual([0, 1]);
    const states = [
      STATE_FINISHED,
      STATE_REJECTED_LENGTH,
      STATE_FINISHED,
      STATE_CANCELLED,
      STATE_CANCELLED,
      STATE_FINISHED,
    ];
    expect([...results.state]).toEqual(states);
    expect([...results.finish]).toEqual([1, Number.NaN, 2, Number.NaN, Number.NaN, 2]);
    expect([...results.ready]).toEqual([0, 1, 1, Number.NaN, Number.NaN, 1]);
  });

  test('that is rejected is no load where its visits were routed', () => {
    const visits = [
      { group: 0, to: [[1], [2]] as const },
      { group: 0, output: 2, to: [[3, 9]] as const }, // ends at 3, and sends for 9 s
      { group: 0, output: 3, to: [[4]] as const }, // ends at 4
      { group: 1, prompt: 5, to: [[5]] as const },
      { group: 2, prompt: 9, to: [[3]] as const },
      { group: 0 },
    ];
    const play = (later: number) =>
      referenceFleet(
        programOf({
          clients: [{}, { location: 1 }, { location: 1 }, { maxModelLen: 9 }],
          groups: [{ members: [0] }, { members: [1, 2], routing: 'load', metric: 'input' }, { members: [3] }],
          links: [[1, 0]],
          paths: [[0, 1, 0]],
          requests: [
            { at: 0, visits },
            { at: later, visits: [{ group: 1, prompt: 3 }] },
            { at: later, visits: [{ group: 1, prompt: 3 }] },
          ],
        }),
      ).results;
    // until 4 visit 3 is on its way to client 1 and counts there: the next two go to client 2
    expect([...play(3.5).client]).toEqual([0, 0, 0, 1, 3, -1, 2, 2]);
    // in the instant of the rejection it counts no more
    expect([...play(4).client]).toEqual([0, 0, 0, 1, 3, -1, 2, 1]);
    expect([...play(4).state].slice(3, 6)).toEqual([STATE_CANCELLED, STATE_REJECTED_LENGTH, STATE_CANCELLED]);
  });

  test('that is rejected lets go of blocks that only its cancelled visits needed', () => {
    const visits = [
      { group: 0, prompt: 4, flags: VISIT_HOLD, to: [[1]] as const },
      { group: 1, prompt: 9, to: [[2]] as const },
      { group: 0, prompt: 5, sameAs: 0, shared: 4, lets: 0 },
    ];
    const requests = [visits, [{ group: 0, prompt: 5 }]].map((rows) => ({ at: 0, visits: rows }));
    const run = referenceFleet(programOf({ clients: [{ numGpuBlocks: 6 }, { maxModelLen: 9 }], requests }));
    // the prompt ends at 1 and would hold 4 of 6 blocks; its branch never comes, so the other prompt has them at 1
    expect([run.deadlock, ...run.results.finish]).toEqual([null, 1, Number.NaN, Number.NaN, 2]);
  });
});

test('R11: cores serve one visit each, first come, first served', () => {
  const requests = [3, 1, 1].map((seconds, i) => ({ at: i / 4, visits: [{ group: 0, seconds }] }));
  const { results } = referenceFleet(programOf({ clients: [{ kind: 'cores', maxNumSeqs: 2 }], requests }));
  expect([...results.start]).toEqual([0, 0.25, 1.25]);
  expect([...results.finish]).toEqual([3, 1.25, 2.25]);
  expect([...results.first]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
});

test('R12: visits that wait for blocks nobody will free are a deadlock', () => {
  const run = referenceFleet(
    programOf({
      clients: [{ numGpuBlocks: 4 }],
      requests: [
        { at: 0, visits: [{ group: 0, prompt: 3, flags: VISIT_HOLD, moreHolders: 1 }] },
        { at: 0, visits: [{ group: 0, prompt: 4 }] },
        { at: 0, visits: [{ group: 0, prompt: 5 }] },
      ],
    }),
  );
  expect(run.deadlock).toBe('client 0: 1 visits wait, 1 hold 3 of 4 blocks, 1 are free');
  expect([...run.requestState]).toEqual([STATE_FINISHED, STATE_UNFINISHED, STATE_REJECTED_KV]);
  expect([run.results.ready[1], run.results.start[1], run.results.finish[1]]).toEqual([0, Number.NaN, Number.NaN]);
});

test('R12: a client that is left with an empty step sleeps until blocks are let go or a visit joins', () => {
  const held = { group: 0, prompt: 3, flags: VISIT_HOLD, to: [[1, 7]] as const };
  const play = (more: readonly number[]) =>
    referenceFleet(
      programOf({
        clients: [{ numGpuBlocks: 6, maxNumBatchedTokens: 3 }, { location: 1 }],
        links: [[1, 0]],
        paths: [[0, 1, 0]],
        requests: [
          { at: 0, visits: [held, { group: 1 }] },
          { at: 0, visits: [{ group: 0, prompt: 2, output: 5 }] },
          { at: 3.5, visits: [{ group: 1 }] }, // something happens elsewhere
          ...more.map((at) => ({ at, visits: [{ group: 0 }] })),
        ],
      }),
    );
  // 3 blocks are held from 1 to 8. The other visit has 2 tokens at 2 and 3 at 3, finds no 4th block and preempts itself;
  // from 8 on it prefills 3 + 1 tokens and decodes 2
  const alone = play([]);
  expect([alone.results.preemptions[2], alone.results.finish[2]]).toEqual([1, 12]);
  // a visit that joins at 5 wakes it: it prefills 3 tokens, and preempts itself again at 6 for its 4th
  const joined = play([5]);
  expect([joined.results.preemptions[2], joined.results.finish[2]]).toEqual([2, 12]);
});
