// Swapping in fleets: residents, branches and packings in tight memory give the reference's bits; on a channel copies are shared.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FleetProgram } from '../../src/plan/fleet.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { runs } from '../depth.ts';
import { mostPages } from '../engine/random.ts';
import { countBlocks } from '../reference/fleet/blocks.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf } from './cases.ts';
import { listDifferences } from './compare.ts';
import { drawProgram } from './random.ts';

const hosts = fc.record({
  share: fc.constantFrom(0.05, 0.3, 0.6, 1, 10),
  secondsPerBlock: fc.constantFrom(0, 2 ** -6, 0.25, 0.123),
});

/** Random programs whose engines have little more memory than the longest visit needs, and a host. */
const drawTight = () =>
  fc.tuple(drawProgram(), hosts, fc.constantFrom(1, 1, 1.1, 1.5)).map(([program, host, slack]) => {
    const clients = program.clients.map((client) => {
      if (client.kind !== 'llm') return client;
      const numGpuBlocks = Math.ceil(mostPages(client.pages ?? null, 48, client.blockSize) * slack);
      const { batchWait: _, adapters: __, tenants, ...rest } = client; // the rules exclude each other
      return {
        ...rest,
        ...(tenants ? { packing: 'fcfs' as const } : {}),
        admission: 'prompt' as const,
        batching: client.batching === 'static' ? ('continuous' as const) : client.batching,
        numGpuBlocks,
        maxModelLen: 0,
        maxNumSeqs: Math.max(4, client.maxNumSeqs),
        maxNumBatchedTokens: Math.max(12, client.maxNumBatchedTokens),
        swap: { hostBlocks: Math.max(1, Math.floor(numGpuBlocks * host.share)), secondsPerBlock: host.secondsPerBlock },
      };
    });
    return { ...program, clients };
  });

/** Throws where kernel and reference differ. */
function compare(program: FleetProgram) {
  const reference = referenceFleet(program);
  for (const leap of ['none', 'exact'] as const) {
    const differences = listDifferences(program, runFleet(program, { leap }), reference);
    if (differences.length > 0) throw new Error(`leap ${leap}: ${differences.slice(0, 8).join('; ')}`);
  }
  return reference;
}

describe('a fleet that swaps', () => {
  test('equals the reference bit for bit', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(drawTight(), (program) => {
        const reference = compare(program);
        reference.clients.forEach(({ swapsOut }, c) => {
          const { batching, packing, channel } = program.clients[c]!;
          for (const what of [batching, packing, channel >= 0 ? 'channel' : 'alone'])
            seen.set(what, (seen.get(what) ?? 0) + (swapsOut > 0 ? 1 : 0));
        });
      }),
      { seed: 6, numRuns: runs(250) },
    );
    for (const what of ['continuous', 'chunked', 'mixed', 'fcfs', 'least-work-left', 'channel', 'alone'])
      expect([what, seen.get(what)! > 1]).toEqual([what, true]);
  });

  test('L4: host blocks in use + free = capacity at every instant', () => {
    fc.assert(
      fc.property(drawTight(), (program) => {
        referenceFleet(program, ({ clients }) => {
          for (const client of clients.filter((one) => one.setup.swap !== undefined)) {
            const swapped = client.waiting.filter((one) => one.swapped);
            const held = swapped.reduce((sum, one) => sum + countBlocks(one, one.past, client), 0);
            if (client.hostFree < 0 || held + client.hostFree !== client.setup.swap!.hostBlocks)
              throw new Error(`${client.setup.name}: ${held} + ${client.hostFree}`);
          }
        });
      }),
      { seed: 7, numRuns: runs(50) },
    );
  });

  test('shares its channel while it copies: twice as long beside a pool that wants all of it', () => {
    const second = { fixed_s: 1, per_new_token_s: 0, per_prefill_pair_s: 0, per_sequence_s: 0, per_context_token_s: 0 };
    const engine = { kind: 'llm', blockSize: 1, numGpuBlocks: 9, maxNumBatchedTokens: 100, price: second } as const;
    const finish = (channel: number) => {
      const swapping = { ...engine, channel, demand: 1, swap: { hostBlocks: 9, secondsPerBlock: 0.25 } };
      const retrieval = { ...engine, numGpuBlocks: 1000, channel, demand: 1 };
      const program = programOf({
        clients: [swapping, retrieval],
        requests: [
          { at: 0, visits: [{ group: 0, prompt: 4, output: 6 }] },
          { at: 0, visits: [{ group: 0, prompt: 3, output: 4 }] },
          { at: 0, visits: [{ group: 1, prompt: 1, output: 40 }] },
        ],
      });
      const run = runFleet(program, { leap: 'exact' });
      expect(run.clients[0]).toMatchObject({ swapsOut: 1, swapsIn: 1, swapSeconds: 2 });
      return [...run.results.finish.subarray(0, 2)];
    };
    expect(finish(-1)).toEqual([7, 10]); // as in test/engine/swap.test.ts
    expect(finish(0)).toEqual([14, 20]);
  });
});
