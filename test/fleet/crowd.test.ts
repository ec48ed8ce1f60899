// Extents of hash blocks are cut, joined, read by several and used again only where many visits begin the same few texts in little room: a
// fleet of that alone, before a store of tight tiers. Broken on purpose, it was red each time: a part of an extent without its readers or its
// author, an end that is not cut, heads used again before tails, a run of absent blocks one too long, a nearer tier that does not end the
// look-up further away, parts of one tier written to all.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FleetProgram, VISIT_PREFIX } from '../../src/plan/fleet.ts';
import { openFleetRoom, runFleet } from '../../src/run/fleet.ts';
import { WRITE_POLICIES } from '../../src/spec/fleet/words.ts';
import { runs } from '../depth.ts';
import { referenceFleet } from '../reference/fleet/simulate.ts';
import { programOf, type RequestRow, type VisitRow } from './cases.ts';
import { listDifferences } from './compare.ts';
import { heldOf } from './random.ts';

/** Where a broken list would go round for ever, it asserts. */
const debug = openFleetRoom(new WebAssembly.Module(readFileSync('build/kernel.debug.wasm')));

/** Hash blocks of a text at most. */
const DEPTH = 20;
/** First ids of the texts, one of which passes a multiple of 64, and of what two of them may go on with after so many blocks of their own. */
const FIRST = [0, 50];
const FORK = 8;
const BRANCHES = [null, 100, 130];

const visit = fc.record({
  gap: fc.integer({ min: 0, max: 8 }),
  text: fc.constantFrom(...FIRST),
  branch: fc.constantFrom(null, ...BRANCHES),
  skip: fc.constantFrom(0, 0, 0, 5),
  depth: fc.integer({ min: 1, max: DEPTH }),
  output: fc.integer({ min: 1, max: 9 }),
  fetches: fc.boolean(),
});
type DrawnVisit = typeof visit extends fc.Arbitrary<infer T> ? T : never;

const tier = fc.record({
  name: fc.constant('tier'),
  blocks: fc.integer({ min: 1, max: DEPTH * 2 }),
  latency: fc.constantFrom(0.5, 2),
  link: fc.constantFrom(-1, 0, 1),
  policy: fc.constantFrom(...WRITE_POLICIES),
  held: fc.uniqueArray(fc.nat(80), { maxLength: DEPTH }),
});

function drawCrowd(): fc.Arbitrary<FleetProgram> {
  return fc
    .record({
      visits: fc.array(visit, { minLength: 10, maxLength: 40, size: 'max' }),
      tiers: fc.array(tier, { minLength: 1, maxLength: 3 }),
      numGpuBlocks: fc.integer({ min: 60, max: 110 }),
      hashBlock: fc.constantFrom(1, 2),
    })
    .map(({ visits, tiers, numGpuBlocks, hashBlock }) => {
      let at = 0;
      const requests = visits.map((drawn): RequestRow => {
        at += drawn.gap;
        const hashes = idsOf(drawn);
        const prompt = hashes.length * hashBlock + 1;
        const serve: VisitRow = { group: 0, prompt, output: drawn.output, flags: VISIT_PREFIX, hashes, writes: 1 };
        return { at, visits: drawn.fetches ? [{ group: 1, fetches: 1, hashes, to: [[1]] }, serve] : [serve] };
      });
      const ids = 1 + Math.max(...visits.flatMap(idsOf));
      const clients = [
        { numGpuBlocks, prefixCaching: true },
        { kind: 'store', tiers: tiers.map((drawn) => heldOf(drawn, ids)) },
      ] as const;
      const links = [[4, 0], [16, 0]] as const; // biome-ignore format: a table
      return programOf({ clients, links, requests, hashBlock, storeBytesPerToken: 1 });
    });
}

/** What a prompt begins with: a text, from its first block on or not, that goes on in one way or another. */
function idsOf({ text, branch, skip, depth }: DrawnVisit): number[] {
  return Array.from({ length: depth }, (_, i) => {
    const at = (skip + i) % DEPTH;
    return branch === null || at < FORK ? text + at : branch + at;
  });
}

test('visits that begin the same texts at once see caches and tiers as the reference does, block by block', () => {
  const check = (program: FleetProgram) => {
    const run = runFleet(program, { leap: 'exact' }, debug);
    expect(listDifferences(program, run, referenceFleet(program))).toEqual([]);
  };
  fc.assert(fc.property(drawCrowd(), check), { seed: 83, numRuns: runs(150), endOnFailure: true });
});
