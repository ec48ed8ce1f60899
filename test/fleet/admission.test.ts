// What engines know when a request arrives: hand-worked cases of admission (reference and kernel agree on all of them).
import { describe, expect, test } from 'vitest';
import type { FleetClient } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf, type VisitRow } from './cases.ts';
import { listDifferences } from './compare.ts';

/** One engine with these requests at once. */
function run(client: Partial<FleetClient>, visits: readonly Omit<VisitRow, 'group'>[]) {
  const requests = visits.map((visit) => ({ at: 0, visits: [{ group: 0, ...visit }] }));
  const program = programOf({ clients: [client], requests });
  const reference = referenceFleet(program);
  const got = runFleet(program, { leap: 'exact' });
  expect(listDifferences(program, got, reference)).toEqual([]);
  return { ...got.clients[0]!, state: [...got.results.state] };
}

describe('an engine that reserves the final length', () => {
  const pool = {
    batching: 'mixed',
    numGpuBlocks: 1000,
    blockSize: 32,
    maxNumSeqs: 256,
    maxNumBatchedTokens: 1e6,
  } as const;
  const requests = (asked: number) =>
    Array.from({ length: 40 }, () => ({ prompt: 1000, output: 200, askedMore: asked - 200 }));

  test('holds as many sequences as what was asked for lets in, whatever they generate', () => {
    const full = { ...pool, admission: 'full-length' as const };
    expect(run(full, requests(4096)).peakSequences).toBe(6);
    expect(run(full, requests(250)).peakSequences).toBe(25);
    expect(run({ ...pool, admission: 'prompt' }, requests(4096)).peakSequences).toBe(31);
  });

  test('refuses what would pass its context, or its blocks, if it were as long as was asked for', () => {
    const one = (client: Partial<FleetClient>) =>
      run({ ...pool, ...client }, [{ prompt: 10, output: 5, askedMore: 95 }]).state;
    const [done, length, kv] = [one({}), one({ maxModelLen: 109 }), one({ admission: 'full-length', numGpuBlocks: 3 })];
    expect(one({ maxModelLen: 110 })).toEqual(done);
    expect(new Set([done, length, kv].map(String)).size).toBe(3);
    expect(one({ numGpuBlocks: 3 })).toEqual(done);
  });
});

describe('an engine whose prompts start when all of them fits', () => {
  // A holds a tenth of the blocks and decodes on, B and C are three quarters of them each
  const client = { batching: 'chunked', numGpuBlocks: 1000, blockSize: 16, maxNumBatchedTokens: 2048 } as const;
  const visits = [
    { prompt: 1600, output: 300 },
    { prompt: 12_000, output: 200 },
    { prompt: 12_000, output: 10 },
  ];

  test('does not begin one that will be preempted', () => {
    const [first, full] = (['prompt', 'full-prompt'] as const).map((admission) =>
      run({ ...client, admission }, visits),
    );
    expect(first!.preemptions).toBeGreaterThan(20);
    expect(full!.preemptions).toBe(0);
    expect(full!.newTokens).toBe(1600 + 299 + 24_000 + 199 + 9);
  });

  test('still takes only the blocks of the chunk', () => {
    const alone = { ...client, admission: 'full-prompt' as const };
    const late = [
      { prompt: 12_000, output: 1 },
      { prompt: 1600, output: 1 },
      { prompt: 1600, output: 1 },
    ];
    expect(run(alone, late).peakBlocks).toBeLessThan(1000);
  });
});
