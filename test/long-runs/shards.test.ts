// Shards of a sweep, each done knowing nothing of the others, come to the answer of one machine; what is no such set of shards is refused.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { csvLines } from '../../src/report/csv.ts';
import { headOf, type WorkHead } from '../../src/run/asked.ts';
import { type Part, partOf } from '../../src/run/part.ts';
import { joinWork, markDone, openShards, refuseGaps, type Shard } from '../../src/run/shards.ts';
import { openSweep, SHARED_GROUPS, sweep } from '../../src/run/sweep.ts';
import { createWork, type WorkFile } from '../../src/run/work-file.ts';
import { WORK_FILE } from '../../src/run/work-folder.ts';
import { openQuestion, type Question } from '../../src/spec/question.ts';
import { expectSame } from '../same.ts';
import { SPACES } from '../search/spaces.ts';
import { SMALL_SPEC } from '../sweep/small-spec.ts';

const catalog = openCatalog({});
const folder = mkdtempSync(join(tmpdir(), 'mist-shards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ask = (text: string): Question => openQuestion(text, 'space.yaml', catalog);
const ASKING = { file: 'space.yaml', seed: null, catalogFolder: null, prices: null, exhaustive: false };
const headFor = (part: Part | null): WorkHead => headOf(ask(SMALL_SPEC), ASKING, part);
const said = ({ workers: _, seconds: __, specAt: ___, ...result }: SweepResult) => result;

test('of every block exactly one part has it, and parts are alike', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 60 }), (blocks, of) => {
      const counts = new Array(of).fill(0);
      for (let block = 0; block < blocks; block++) counts[partOf(block, blocks, of) - 1]++;
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      // of a few blocks some parts have one more; of many no part has a tenth more than another
      expect(most - least).toBeLessThanOrEqual(Math.max(1, blocks / of / 8));
    }),
  );
});

let folders = 0;

function newWork(head: unknown): { readonly path: string; readonly file: WorkFile } {
  const path = join(folder, String(folders++));
  mkdirSync(path);
  return { path, file: createWork(join(path, WORK_FILE), head) };
}

describe.each([
  ['one pool, screened', SMALL_SPEC, false, 2],
  ['one pool, all rows', SMALL_SPEC, true, 1],
  ['nothing keeps the limits', SPACES['limits that nothing keeps']!, false, 1],
  ['fleets, weighed', SPACES['apart or together, cheapest']!, false, 1],
])('%s', (_, text, exhaustive, workers) => {
  test('the whole from shards is the whole', { timeout: 600_000 }, async () => {
    const options = { workers: 1, exhaustive };
    const whole = await sweep(ask(text), catalog, options);
    // of few fleets there are two blocks
    const of = text === SMALL_SPEC ? 3 : 2;
    const question = ask(text);
    const open = await openSweep(question, catalog, { ...options, workers }, [question.objective]);
    const shards: Shard[] = [];
    for (let index = 1; index <= of; index++) {
      const { path, file } = newWork({});
      await open.part(question, { index, of }, file);
      shards.push({ path, file });
    }
    await open.close();
    // each has rows of its own, and looked at no other's
    const pieces = shards.flatMap(({ file }) => [...file.list()].map(([key, piece]) => `${key} ${piece}`));
    expect(new Set(pieces).size).toBe(pieces.length);
    for (const { file } of shards) expect(file.count).toBeGreaterThan(3);
    const own = newWork({}).file;
    const result = await sweep(ask(text), catalog, {
      ...options,
      store: joinWork(shards, own),
      blockGroups: SHARED_GROUPS,
    });
    expectSame(said(result), said(whole));
    expect([...csvLines(result)].join('')).toBe([...csvLines(whole)].join(''));
    const blocks = [...own.list()].filter(([key]) => !key.includes('settle'));
    expect(blocks).toEqual([]);
    if (exhaustive) expect(own.count).toBe(0);
    else expect(own.count).toBeLessThan(pieces.length / 4);
  });
});

describe('what is no set of shards', () => {
  const left = (part: Part | null, other: Partial<WorkHead> = {}, done = true): string => {
    const { path, file } = newWork({ ...headFor(part), ...other });
    if (done) markDone(file);
    file.close();
    return path;
  };
  const [one, two, three] = [1, 2, 3].map((index) => left({ index, of: 3 }));
  const merge = (...paths: string[]) => refuseGaps(openShards(paths), headFor(null));

  test('all of them pass', () => expect(() => merge(two!, three!, one!)).not.toThrow());

  test.each([
    ['missing', () => [one!], /expected the folders of all 3 shards, received none for 2\/3, 3\/3/],
    [
      'doubled',
      () => [one!, two!, three!, left({ index: 2, of: 3 })],
      /expected each shard once, received shard 2\/3, which .* is too/,
    ],
    [
      'unfinished',
      () => [one!, two!, left({ index: 3, of: 3 }, {}, false)],
      /expected shard 3\/3, finished, received a part of it \(mist sweep --shard with --resume/,
    ],
    [
      'of another number',
      () => [one!, two!, left({ index: 3, of: 4 })],
      /expected a shard of 3, as .*, received shard 3\/4/,
    ],
    ['of the whole', () => [one!, two!, three!, left(null)], /expected a shard of 3, as .*, received work of no shard/],
    [
      'of another version',
      () => [one!, two!, left({ index: 3, of: 3 }, { version: '9.9.9' })],
      /expected work of MIST .*, received 9\.9\.9/,
    ],
    [
      'of another spec',
      () => [one!, two!, left({ index: 3, of: 3 }, { spec: 'abc' })],
      /expected work of the spec with digest .*, received abc/,
    ],
    [
      'of none',
      () => [one!, folder],
      /expected a folder of mist sweep --shard i\/n --out, with sweep\.work in it, received none there/,
    ],
    [
      'of a whole sweep first',
      () => [left(null)],
      /expected work of mist sweep --shard i\/n, received work of a sweep without --shard/,
    ],
  ])('%s is refused', (_, paths, words) => {
    expect(() => merge(...paths())).toThrow(words);
  });

  test('all that is wrong is told at once', () => {
    const other = left({ index: 1, of: 3 }, { spec: 'abc', version: '0' });
    expect(() => merge(other, two!, two!)).toThrow(/received 0\n.*received abc\n.*each shard once.*\n.*none for 3\/3/);
  });
});
