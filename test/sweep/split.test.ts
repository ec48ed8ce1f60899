// Laws L5 and L6: the same question gives the same bytes, whoever computes it, in whatever pieces, as often as one likes.
import { beforeAll, describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { csvLines } from '../../src/report/csv.ts';
import { digestOf } from '../../src/report/digest.ts';
import { sweepParquet } from '../../src/report/parquet.ts';
import { type SweepOptions, sweep } from '../../src/run/sweep.ts';
import { expectSame } from '../same.ts';
import { openSmall } from './small-spec.ts';

const sweepCsv = (result: Parameters<typeof csvLines>[0]): string => [...csvLines(result)].join('');
const parquetOf = async (result: SweepResult): Promise<Buffer> => Buffer.concat([...(await sweepParquet(result))]);

const catalog = openCatalog({});

const answer = (options: SweepOptions, seed?: number): Promise<SweepResult> =>
  sweep(openSmall(catalog, seed), catalog, { ...options, ...(seed === undefined ? {} : { seed }) });

/** All that a result says but how it was computed. */
function said({ workers: _, seconds: __, specAt: ___, ...result }: SweepResult) {
  return result;
}

let reference: SweepResult;
beforeAll(async () => {
  reference = await answer({ workers: 1 });
});

describe('L6: any split gives identical rows', () => {
  const splits = [
    { workers: 1, blockGroups: 1 },
    { workers: 2, blockGroups: 3 },
    { workers: 1, blockGroups: 1000 },
  ];
  for (const split of splits) {
    test(JSON.stringify(split), async () => {
      const result = await answer(split);
      expectSame(said(result), said(reference));
      expect(sweepCsv(result)).toBe(sweepCsv(reference));
      expect((await parquetOf(result)).equals(await parquetOf(reference))).toBe(true);
    });
  }
});

describe('what the screen says before anything is simulated', () => {
  test('is told once, accounts for every row, proves nothing, and changes nothing', async () => {
    const told: SweepResult[] = [];
    const result = await answer({ workers: 1, onScreened: (screened) => told.push(screened) });
    expect(told.length).toBe(1);
    const { rows, rejected, simulated, dearer, unreached, kept, proof } = told[0]!;
    expect([simulated, dearer, proof.complete]).toEqual([0, 0, false]);
    expect(rejected.reduce((sum, { count }) => sum + count, 0) + unreached).toBe(rows);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.every((row) => row.result === null && row.screen !== null)).toBe(true);
    expect(digestOf(result)).toBe(digestOf(reference));
  });
});

describe('L5: the seed decides', () => {
  test('another seed is another workload', async () => {
    expect(digestOf(await answer({ workers: 1 }, 1))).not.toBe(digestOf(reference));
  });
});

describe('the question of these tests', () => {
  test('has something to compare: rejected, screened and settled rows, some of which keep the promise', () => {
    const { rows, rejected, dearer, simulated, equivalent, unreached, kept, proof } = reference;
    expect(rejected.length).toBeGreaterThan(1);
    expect(rejected.reduce((sum, { count }) => sum + count, dearer + simulated)).toBe(rows);
    expect({ unreached, complete: proof.complete }).toEqual({ unreached: 0, complete: true });
    expect(dearer).toBeGreaterThan(0);
    expect(simulated).toBeGreaterThan(5);
    expect(equivalent).toBeGreaterThan(0);
    expect(kept.filter(({ result }) => result?.slo_met).length).toBeGreaterThan(2);
    expect(kept.filter(({ result }) => result && !result.slo_met).length).toBeGreaterThan(2);
    expect(new Set(kept.map(({ row }) => row)).size).toBe(kept.length);
  });
});

describe('a sweep that is stopped', () => {
  test('says so, and what it had computed stands: every row it kept is a row of the whole answer', async () => {
    const abort = new AbortController();
    const options = { workers: 2, blockGroups: 1, signal: abort.signal, onProgress: () => abort.abort() };
    const result = await answer(options);
    expect(result.interrupted).toBe(true);
    expect(result.simulated).toBe(0);
    const whole = new Map(reference.kept.map((row) => [row.row, row]));
    for (const { row, screen } of result.kept) if (whole.has(row)) expect(screen).toEqual(whole.get(row)!.screen);
    expect(result.rejected.reduce((sum, { count }) => sum + count, result.simulated + result.dearer)).toBeLessThan(
      result.rows,
    );
    expect(result.unreached).toBeGreaterThan(0);
    expect(result.proof.complete).toBe(false);
  });
});
