// Cascade attention: what all that run read is read once a step. Random fleets that serve one text, and times worked by hand.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as S from '../../assembly/layout/surface.ts';
import { type FleetClient, type FleetProgram, VISIT_HOLD, VISIT_PREFIX } from '../../src/plan/fleet.ts';
import type { CascadeSetup } from '../../src/plan/setup.ts';
import { runFleet } from '../../src/run/fleet.ts';
import { ONE_SECOND } from '../reference/cases.ts';
import { commonTokens } from '../reference/fleet/cascade.ts';
import { referenceFleet, type WatchStep } from '../reference/fleet/simulate.ts';
import { gridPoint } from '../reference/price.ts';
import { programOf, type VisitRow } from './cases.ts';
import { describeProgram, listDifferences } from './compare.ts';
import { drawAlike } from './draw-alike.ts';

const seen = new Set<string>();

const watchStep: WatchStep = (client, { work }) => {
  const { common = 0, chunks, decodes } = work;
  const kind = chunks.length === 0 ? 'decodes' : decodes > 0 ? 'mixed' : 'prompts';
  if (common > 0) seen.add(`${kind} once`);
  else if (commonTokens(client, work, true) > 0) seen.add(`${kind}, flash decoding`);
  const text = client.running[0]!.hashes.length * client.hashBlock;
  if (common > 0 && chunks.some(({ past }) => past < text)) seen.add('once as far as it is computed');
};

test('the kernel equals the reference, bit for bit without leaps and with exact ones', () => {
  const demandSame = (program: FleetProgram) => {
    const reference = referenceFleet(program, () => {}, watchStep);
    for (const leap of ['none', 'exact'] as const) {
      const differences = listDifferences(program, runFleet(program, { leap }), reference);
      if (differences.length > 0)
        throw new Error(`leap ${leap}: ${differences.slice(0, 6).join('; ')}\n${describeProgram(program)}`);
    }
    const closed = runFleet(program, { leap: 'closed' });
    Array.from(reference.results.finish, (time, v) => expect(closed.results.finish[v]).toBeCloseTo(time, 6));
  };
  fc.assert(fc.property(drawAlike(), demandSame), { seed: 61, numRuns: 250 });
  const kinds = [
    'decodes once',
    'decodes, flash decoding',
    'mixed once',
    'mixed, flash decoding',
    'once as far as it is computed',
    'prompts once',
    'prompts, flash decoding',
  ];
  expect([...seen].sort()).toEqual(kinds);
});

/** Steps that cost what they read: 1 s a token of a decode's context, 0.25 s a pair of a prompt's token and one before it. */
function readingPrice(): Float64Array {
  const table = new Float64Array(S.SURFACE_SIZE);
  table[S.SURFACE_HOST_NORM] = 1;
  table.fill(0.25, S.SURFACE_APF, S.SURFACE_APF + GRID_TOKENS);
  for (let k = 0; k < S.SURFACE_KNOTS; k++) {
    table[S.SURFACE_KNOTS_AT + k] = 1000 * k;
    for (let i = 0; i < GRID_SEQUENCES; i++) {
      const at = i * S.SURFACE_KNOTS + k;
      table[S.SURFACE_DA + at] = gridPoint(i) * 1000 * k;
      table[S.SURFACE_DECODE + at] = gridPoint(i) * 1000 * k;
    }
  }
  return table;
}

const ALWAYS: CascadeSetup = { queryHeads: 4, kvHeads: 4, multiprocessors: 8, tokens: 4, sequences: 2 };

test('two prompts behind one text: it is computed once, and read once by their decodes', () => {
  const visit = { group: 0, prompt: 10, output: 3, flags: VISIT_PREFIX, hashes: [0, 1, 2, 3] };
  const stranger = { group: 0, prompt: 2, output: 3 };
  const run = (cascade: Partial<FleetClient>, visits: readonly VisitRow[] = [visit, visit]) => {
    const client = { prefixCaching: true, price: readingPrice(), ...cascade };
    const requests = visits.map((one) => ({ at: 0, visits: [one] }));
    const { results, clients } = runFleet(programOf({ clients: [client], hashBlock: 2, requests }), { leap: 'closed' });
    return { finish: Math.max(...results.finish), pairs: clients[0]!.pairs, context: clients[0]!.contextTokens };
  };
  // 55 pairs of the first prompt and 19 of the second, which finds 8 tokens; then contexts of 20 and 22 tokens
  expect(run({})).toEqual({ finish: 18.5 + 20 + 22, pairs: 74, context: 42 });
  // 16 of them are 8 tokens that two queries look at, as a prompt's do
  expect(run({ cascade: ALWAYS })).toEqual({ finish: 18.5 + 8 + 10, pairs: 74 + 32, context: 4 + 8 + 6 + 8 });
  // too few sequences, too few tokens, one that reads another text, prices of the spec's own
  for (const least of [{ sequences: 3 }, { tokens: 9 }])
    expect(run({ cascade: { ...ALWAYS, ...least } })).toEqual(run({}));
  expect(run({ cascade: ALWAYS }, [visit, visit, stranger])).toEqual(run({}, [visit, visit, stranger]));
  expect(run({ cascade: ALWAYS, price: ONE_SECOND })).toEqual(run({ price: ONE_SECOND }));
  // 4 heads on 8 multiprocessors are a wave of one tile, whatever is cached; flash decoding of 2 sequences fills no wave: as long, so not
  expect(run({ cascade: { ...ALWAYS, kvHeads: 2 } })).toEqual(run({}));
  // on one multiprocessor 4 waves against 2 sequences of 2 heads, and of one sequence more 6
  expect(run({ cascade: { ...ALWAYS, kvHeads: 2, multiprocessors: 1 } })).toEqual(run({}));
  const three = [visit, visit, visit];
  expect(run({ cascade: { ...ALWAYS, kvHeads: 2, multiprocessors: 1 } }, three).finish).toBeLessThan(
    run({}, three).finish,
  );
});

test('what is held for a transfer is read by more than run: decodes read it once from when it is let go, within no leap', () => {
  const known = { group: 0, prompt: 10, flags: VISIT_PREFIX, hashes: [0, 1, 2, 3] };
  const held = { ...known, flags: VISIT_PREFIX | VISIT_HOLD, to: [[1, 300]] as const };
  const client = { prefixCaching: true, price: readingPrice(), cascade: ALWAYS };
  const program = programOf({
    ...{ clients: [client, { location: 1 }], links: [[1, 0]] as const, paths: [[0, 1, 0]] as const, hashBlock: 2 },
    requests: [
      { at: 0, visits: [held, { group: 1 }] },
      ...[0, 0].map((at) => ({ at, visits: [{ ...known, output: 30 }] })),
    ],
  });
  const kinds: string[] = [];
  const reference = referenceFleet(
    program,
    () => {},
    ({ index }, { work }) => {
      if (index === 0 && work.chunks.length === 0) kinds.push(work.common === 8 ? 'once' : 'each');
    },
  );
  expect([kinds[0], kinds.at(-1)]).toEqual(['each', 'once']);
  for (const leap of ['none', 'exact'] as const)
    expect(listDifferences(program, runFleet(program, { leap }), reference)).toEqual([]);
});
