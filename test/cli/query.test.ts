// mist query: SQL over the rows of a result, as a table, CSV and JSON; what DuckDB does not understand is said.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { loadOptional } from '../../src/check/optional.ts';
import { query } from '../../src/commands/query.ts';
import { sweepParquet } from '../../src/report/parquet.ts';
import { makeSweep } from '../report/fixture.ts';
import { openScratch } from './spawn.ts';

const folder = openScratch();
const result = makeSweep();

async function ask(...argv: string[]): Promise<string> {
  const said: string[] = [];
  const code = await query(argv, { stdout: (text) => void said.push(text), stderr: () => undefined });
  expect(code).toBe(0);
  return said.join('');
}

beforeAll(async () => {
  writeFileSync(join(folder, 'results.parquet'), Buffer.concat([...(await sweepParquet(result))]));
});

const BEST = 'SELECT row, hardware, devices, usd_per_hour, slo_met FROM results WHERE simulated ORDER BY rank LIMIT 3';
const best = result.kept.slice(0, 3);

describe('mist query', () => {
  test('answers from a folder and from a file, whatever DuckDB can ask', async () => {
    const count = JSON.parse(await ask(folder, 'SELECT count(*) AS n, max(row) AS last FROM results', '--json'));
    expect(count).toEqual([{ n: result.kept.length, last: Math.max(...result.kept.map(({ row }) => row)) }]);
    expect(await ask(join(folder, 'results.parquet'), BEST)).toBe(await ask(folder, BEST));
  });

  test('JSON and CSV hold every digit, the table is for people', async () => {
    const rows = JSON.parse(await ask(folder, BEST, '--json')) as Record<string, unknown>[];
    expect(rows.map(({ row, usd_per_hour }) => [row, usd_per_hour])).toEqual(
      best.map(({ row, usd_per_hour }) => [row, usd_per_hour]),
    );
    const [heading, ...lines] = (await ask(folder, BEST, '--csv')).trimEnd().split('\n');
    expect(heading).toBe('row,hardware,devices,usd_per_hour,slo_met');
    expect(lines.map((line) => line.split(',')[0])).toEqual(best.map(({ row }) => String(row)));
    const table = (await ask(folder, BEST)).trimEnd().split('\n');
    expect(table).toHaveLength(5);
    expect(table[0]).toMatch(/^ *row +hardware +devices +usd_per_hour +slo_met$/);
  });

  test.each([
    [
      ['nowhere', 'SELECT 1'],
      /nowhere: expected a folder with results\.parquet or results\.csv, or a file that ends in \.parquet or \.csv, received nothing at this path/,
    ],
    [[folder], /expected a result and one query, in quotes, received /],
    [[], /expected a result and one query, in quotes, received nothing/],
    [[folder, 'SELEC 1'], /expected a query that DuckDB understands, received Parser Error: syntax error/],
    [[folder, 'SELECT hardwar FROM results'], /received Binder Error: [\s\S]*hardware/],
  ])('%j is refused', async (argv, words) => {
    await expect(ask(...argv)).rejects.toThrow(words);
  });

  test('a file that is no Parquet is refused', async () => {
    const file = join(folder, 'odd.parquet');
    writeFileSync(file, 'row,rank\n');
    await expect(ask(file, 'SELECT 1')).rejects.toThrow(/odd\.parquet: expected a parquet file, received /);
    expect(readFileSync(file, 'utf8')).toBe('row,rank\n');
  });

  test('without the package its name is said', async () => {
    const asked = loadOptional('no-such-package-of-mist', 'mist query');
    await expect(asked).rejects.toThrow(UserError);
    await expect(asked).rejects.toThrow(
      /mist query: expected the package no-such-package-of-mist, received none \(npm install no-such-package-of-mist\)/,
    );
  });
});
