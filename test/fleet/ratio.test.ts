// Admission new-token-ratio (SGLang): hand-worked cases; reference and kernel agree on all of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BATCHING, isBatchOfOne, PACKING, queuesByKey, servesTenants } from '../../src/check/scheduler-lists.ts';
import type { FleetClient, FleetProgram } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { drawWord } from '../engine/random.ts';
import { findsExpected, forget, learn, speak } from '../reference/fleet/expect.ts';
import { referenceFleet, type WatchStep } from '../reference/fleet/simulate.ts';
import type { Client, Visit } from '../reference/fleet/state.ts';
import { clientOf, programOf, type RequestRow } from './cases.ts';
import { listDifferences } from './compare.ts';
import { drawTenants, TENANTS } from './draw-tenants.ts';

/** Steps of one second on one engine that computes prompts in steps of their own. */
function run(client: Partial<FleetClient>, requests: readonly RequestRow[]) {
  const program = programOf({
    clients: [{ batching: 'continuous', admission: 'new-token-ratio', ...client }],
    requests,
  });
  const reference = referenceFleet(program);
  for (const leap of ['none', 'exact'] as const)
    expect(listDifferences(program, runFleet(program, { leap }), reference)).toEqual([]);
  const { start, finish, preemptions } = reference.results;
  return { start: [...start], finish: [...finish], preemptions: [...preemptions] };
}

const row = (at: number, prompt: number, output: number, asked = output): RequestRow => ({
  at,
  visits: [{ group: 0, prompt, output, askedMore: asked - output }],
});

describe('a prompt starts where what is expected finds room, too', () => {
  // A generates its first token in the step from 0 to 1, and 29 more until 30; 100 were asked for
  const a = row(0, 10, 30, 100);

  test('of those that run a share, of itself all that was asked for and a page', () => {
    // at 1: 10 tokens of A, 0.7 of the other 99; 20 of B, 50 that it asked for, and one
    const startOf = (numGpuBlocks: number) => run({ numGpuBlocks }, [a, row(0.5, 20, 5, 50)]).start[1];
    expect(startOf(151)).toBe(1);
    // refused, nobody asks again until A has ended
    expect(startOf(150)).toBe(30);
  });

  test('of a share that falls while decodes find their blocks', () => {
    // at 11: 20 tokens of A after ten decodes, 0.7 - 10 (0.602 / 600) of the other 89, which is 61.41 and not 62.3
    const startOf = (numGpuBlocks: number) => run({ numGpuBlocks }, [a, row(10.5, 20, 5, 50)]).start[1];
    expect(startOf(153)).toBe(11);
    expect(startOf(152)).toBe(30);
    // the share that it begins with is the engine's
    expect(run({ numGpuBlocks: 153, newTokenRatio: 1 }, [a, row(10.5, 20, 5, 50)]).start[1]).toBe(30);
  });

  test('of no more than 4,096 tokens of an answer; alone, of none', () => {
    const startOf = (numGpuBlocks: number) =>
      run({ numGpuBlocks, maxNumBatchedTokens: 9000 }, [a, row(0.5, 20, 5, 9000)]).start[1];
    expect(startOf(4197)).toBe(1);
    expect(startOf(4196)).toBe(30);
    expect(run({ numGpuBlocks: 50 }, [row(0, 20, 5, 9000)]).start).toEqual([0]);
  });

  test('in what was left by those that were admitted in the same step', () => {
    // both at once: B beside all that A asked for, not a share of it
    const startOf = (numGpuBlocks: number) => run({ numGpuBlocks }, [row(0, 10, 30, 100), row(0, 20, 5, 50)]).start[1];
    expect(startOf(182)).toBe(0);
    expect(startOf(181)).toBe(30);
  });
});

test('whoever has answered least is preempted, of equals the longest prompt, and goes to the end of the queue', () => {
  // Y starts at 1 beside 0.7 of the 59 tokens that X has to go; from 2 on each decode takes 2 of 103 tokens that are left, so that at 53
  // they are short of one. X, as far as Y, has the longer prompt; Z, refused since 11, now comes before it
  const requests = [row(0, 9, 60), row(0.5, 5, 60), row(10, 30, 1)];
  const { start, preemptions } = run({ numGpuBlocks: 117 }, requests);
  expect(start).toEqual([0, 1, 54]);
  expect(preemptions).toEqual([1, 0, 0]);
  // others preempt the newest, which stays in front of Z
  const newest = run({ numGpuBlocks: 117, admission: 'full-prompt' }, [...requests.slice(0, 2), row(40, 80, 1)]);
  expect(newest.preemptions).toEqual([0, 1, 0]);
  expect(newest.start[2]).toBeGreaterThan(newest.finish[0]!);
});

/** Tight pools of blocks, requests one after another, and answers of which too little is expected: decodes run out of blocks. */
function drawTight(): fc.Arbitrary<FleetProgram> {
  const request = fc.record({
    gap: fc.constantFrom(0, 0, 1, 2, 3.5),
    prompt: fc.integer({ min: 1, max: 12 }),
    output: fc.integer({ min: 1, max: 40 }),
    more: fc.constantFrom(0, 0, 5),
    priority: fc.nat(2),
    tenant: fc.nat(TENANTS - 1),
  });
  return fc
    .record({
      requests: fc.array(request, { minLength: 4, maxLength: 24, size: 'max' }),
      batching: fc.constantFrom(...BATCHING.names.filter((name) => !isBatchOfOne(name))),
      packing: drawWord(PACKING, 3),
      tenants: drawTenants(),
      room: fc.constantFrom(52, 60, 90),
      blockSize: fc.constantFrom(1, 1, 4),
      newTokenRatio: fc.constantFrom(0.01, 0.2, 0.7),
      prefixCaching: fc.boolean(),
      receiveEvery: fc.constantFrom(1, 1, 3),
      maxNumBatchedTokens: fc.integer({ min: 4, max: 60 }),
    })
    .map(({ requests, room, packing, tenants, receiveEvery, ...rest }) => {
      let at = 0;
      const rows = requests.map(({ gap, prompt, output, more, priority, tenant }) => {
        at += gap;
        return { ...row(at, prompt, output, output + more), priority, tenant };
      });
      const numGpuBlocks = Math.ceil(room / rest.blockSize);
      const looks = queuesByKey(packing) ? {} : { receiveEvery };
      const client = {
        ...rest,
        ...looks,
        ...(servesTenants(packing) ? { tenants } : {}),
        packing,
        numGpuBlocks,
        maxNumSeqs: 12,
        admission: 'new-token-ratio',
      } as const;
      return programOf({ clients: [client], requests: rows });
    });
}

test('the kernel equals the reference where decodes run out of blocks', () => {
  const seen = { preempted: 0, older: 0, refused: 0 };
  const watch: WatchStep = ({ running, full }, { formed }) => {
    if (full) seen.refused++;
    for (const victim of formed.preempted) {
      seen.preempted++;
      if (running.some(({ joined }) => joined > victim.joined)) seen.older++;
    }
  };
  const demandSame = (program: FleetProgram) => {
    const reference = referenceFleet(program, () => {}, watch);
    for (const leap of ['none', 'exact'] as const)
      expect(listDifferences(program, runFleet(program, { leap }), reference)).toEqual([]);
  };
  fc.assert(fc.property(drawTight(), demandSame), { seed: 71, numRuns: 500 });
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
});

/** Hand-checked numbers, on the rule itself. */
describe('the rule by numbers', () => {
  const clientWith = (numGpuBlocks: number, running: readonly Partial<Visit>[]): Client => {
    const setup = clientOf({ admission: 'new-token-ratio', batching: 'continuous', numGpuBlocks });
    const client = { setup, running, full: false, spoken: 0 } as unknown as Client;
    forget(client);
    return client;
  };
  const of = (asked: number, generated: number) => ({ asked, generated, prompt: 1 }) as Visit;

  test('20 that run with 1,000 tokens to go each: 14,000 are spoken for', () => {
    const client = clientWith(
      80_000,
      Array.from({ length: 20 }, () => of(1024, 24)),
    );
    speak(client);
    expect(client.spoken).toBe(14_000);
    // 40,000 are free or can be evicted: a prompt of 3,000, 4,096 of 8,000 tokens and a page
    expect(findsExpected(client, of(8000, 0), 40_000 - 3000)).toBe(true);
    expect(client.spoken).toBe(14_000 + 4096);
    expect(findsExpected(client, of(8000, 0), 14_000 + 2 * 4096 + 1)).toBe(false);
    expect(findsExpected(client, of(1, 0), 80_000)).toBe(false); // full until somebody ends
  });

  test('after 300 good decode steps 0.399, after 600 and more 0.098', () => {
    const client = clientWith(80_000, [of(1001, 1)]);
    const after = (decayed: number) => {
      client.ratio = { ...client.ratio, decayed };
      speak(client);
      return client.spoken / 1000;
    };
    expect([0, 300, 600, 900].map(after).map((ratio) => Number(ratio.toFixed(9)))).toEqual([0.7, 0.399, 0.098, 0.098]);
  });

  test('three that stay with 100, 200 and 300 of 1,000 tokens: 0.22', () => {
    const client = clientWith(80_000, [of(1000, 100), of(1000, 200), of(1000, 300)]);
    learn(client);
    expect(client.ratio.base).toBe(660 / 3001);
  });
});
