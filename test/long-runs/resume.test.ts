// A sweep that is ended at any moment goes on from what it had finished, to the same bytes; what is of another question is refused.
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { csvLines } from '../../src/report/csv.ts';
import { headOf, type WorkHead } from '../../src/run/asked.ts';
import type { WorkStore } from '../../src/run/known-work.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openWorkFolder, WORK_FILE } from '../../src/run/work-folder.ts';
import { openQuestion, type Question } from '../../src/spec/question.ts';
import { runs } from '../depth.ts';
import { expectSame } from '../same.ts';
import { SPACES } from '../search/spaces.ts';
import { SMALL_SPEC } from '../sweep/small-spec.ts';

const catalog = openCatalog({});
const folder = mkdtempSync(join(tmpdir(), 'mist-resume-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ASKING = { file: 'space.yaml', seed: null, catalogFolder: null, prices: null, exhaustive: false };
const ask = (text: string): Question => openQuestion(text, 'space.yaml', catalog);
const headFor = (text: string): WorkHead => headOf(ask(text), ASKING, null);

function said({ workers: _, seconds: __, specAt: ___, ...result }: SweepResult) {
  return result;
}

class Killed extends Error {}

/** Ends the run when so many pieces were put. */
function dyingAfter(store: WorkStore, pieces: number): WorkStore {
  let left = pieces;
  return {
    has: (key, piece) => store.has(key, piece),
    get: (key, piece) => store.get(key, piece),
    put(key, pieces) {
      for (const piece of pieces) {
        if (left-- <= 0) throw new Killed();
        store.put(key, [piece]);
      }
    },
  };
}

describe.each([
  ['one pool, screened', SMALL_SPEC, 2],
  ['fleets, weighed', SPACES['apart or together, cheapest']!, 1],
])('%s', (_, text, threads) => {
  let whole: SweepResult;
  let pieces = 0;
  beforeAll(async () => {
    const counted: WorkStore = {
      has: () => false,
      get: () => undefined,
      put(_, own) {
        pieces += own.length;
      },
    };
    whole = await sweep(ask(text), catalog, { workers: 1, store: counted });
  }, 600_000);

  test('ended after any number of pieces, with any number of bytes gone from the end, once or twice', {
    timeout: 900_000,
  }, async () => {
    let resumed = 0;
    let workers = threads; // of the first that dies: threads of their own take longest to start
    const ends = fc.array(fc.record({ share: fc.integer({ min: 20, max: 95 }), gone: fc.nat(1000) }), {
      minLength: 1,
      maxLength: 2,
    });
    const check = fc.asyncProperty(ends, async (deaths) => {
      const out = mkdtempSync(join(folder, 'out-'));
      const file = join(out, WORK_FILE);
      for (const { share, gone } of deaths) {
        const work = openWorkFolder(out, headFor(text), true);
        const store = dyingAfter(work.store, Math.floor((share / 100) * (pieces - work.known)));
        await expect(sweep(ask(text), catalog, { workers, store })).rejects.toThrow(Killed);
        workers = 1;
        work.close(false);
        const { length } = readFileSync(file);
        truncateSync(file, Math.max(0, length - gone));
      }
      const work = openWorkFolder(out, headFor(text), true);
      if (work.known > 0) resumed++;
      const result = await sweep(ask(text), catalog, { workers, store: work.store });
      work.close(true);
      expectSame(said(result), said(whole));
      expect([...csvLines(result)].join('')).toBe([...csvLines(whole)].join(''));
      expect(existsSync(file)).toBe(false);
    });
    await fc.assert(check, { seed: 1, numRuns: runs(3) });
    expect(resumed).toBeGreaterThan(0);
  });
});

describe('work of something else', () => {
  const text = SMALL_SPEC;
  /** A folder with work of `head`. */
  function left(head: WorkHead): string {
    const out = mkdtempSync(join(folder, 'left-'));
    openWorkFolder(out, head, false).close(false);
    return out;
  }

  test.each([
    ['of another version', { version: '0.0.1' }, /sweep\.work: expected work of MIST \d+\.\d+\.\d+, received 0\.0\.1/],
    ['of another build', { build: 'abc' }, /expected work of the build \w{16}, received abc/],
    ['of another spec', { spec: 'abc' }, /expected work of the spec with digest \w{16}, received abc/],
    [
      'with other files',
      { files: 'abc' },
      /expected work of catalog folders, prices and traces with digest \w{16}, received abc/,
    ],
    ['with another seed', { asking: { ...ASKING, seed: 7 } }, /expected work with --seed null, received 7/],
    [
      'with other prices',
      { asking: { ...ASKING, prices: 'owned' } },
      /expected work with --prices null, received owned/,
    ],
    [
      'of all rows',
      { asking: { ...ASKING, exhaustive: true } },
      /expected work with --exhaustive false, received true/,
    ],
    [
      'of a shard',
      { part: { index: 1, of: 2 } },
      /expected work of the whole question, received shard {"index":1,"of":2}/,
    ],
  ])('%s is refused, and left as it is', (_, other, words) => {
    const out = left({ ...headFor(text), ...other });
    const before = readFileSync(join(out, WORK_FILE));
    expect(() => openWorkFolder(out, headFor(text), true)).toThrow(words);
    expect(readFileSync(join(out, WORK_FILE)).equals(before)).toBe(true);
    // the folder is free again
    openWorkFolder(out, { ...headFor(text), ...other }, true).close(false);
  });

  test('all that differs is told at once; without --resume finished work is not thrown away', () => {
    const out = left({ ...headFor(text), spec: 'abc', version: '0' });
    expect(() => openWorkFolder(out, headFor(text), true)).toThrow(/received 0\n.*received abc/);
    const own = left(headFor(text));
    expect(() => openWorkFolder(own, headFor(text), false)).toThrow(/expected --resume, which goes on/);
  });

  test('a change in a file that the spec names is another question', () => {
    const trace = join(folder, 'trace.csv');
    const spec = `
model: llama-3.1-8b
workload: {requests: {file: ${trace}}}
deployment: {hardware: [l4, l40s]}
engine: {profile: vllm-0.11}
`;
    writeFileSync(trace, 'arrival_s,input_tokens,output_tokens\n0,100,10\n1,100,10\n');
    const before = headFor(spec);
    writeFileSync(trace, 'arrival_s,input_tokens,output_tokens\n0,100,10\n1,101,10\n');
    expect(headFor(spec).files).not.toBe(before.files);
    expect({ ...headFor(spec), files: '' }).toEqual({ ...before, files: '' });
  });
});
