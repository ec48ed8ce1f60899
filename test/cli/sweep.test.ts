// mist sweep from outside: the files it leaves, stdout for results and stderr for words, the same bytes for any workers.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ended, example, mist, openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
const read = (folder: string, name: string): Buffer => readFileSync(join(scratch, folder, name));
let ended: Ended;

beforeAll(async () => {
  ended = await mist(['sweep', example('sweep-small.yaml'), '--workers', '1', '--out', join(scratch, 'deep', 'one')]);
});

describe('mist sweep', () => {
  test('prints the answer to stdout, and what it wrote to stderr', () => {
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^Which deployment of [\s\S]*\?\n/);
    expect(ended.stderr).toMatch(/^Wrote .*results.parquet.*pareto.svg\n$/);
    for (const sign of ['\r', '\u001b']) expect((ended.stdout + ended.stderr).includes(sign)).toBe(false); // no bar, no colours
  });

  test('leaves a table with the same rows as CSV, Parquet and JSON, a page and a picture', async () => {
    const csv = read('deep/one', 'results.csv').toString().trimEnd().split('\n');
    const bytes = read('deep/one', 'results.parquet');
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const rows = await parquetReadObjects({ file });
    expect(rows.length).toBe(csv.length - 1);
    expect(Object.keys(rows[0]!)).toEqual(csv[0]!.split(','));
    const json = JSON.parse(read('deep/one', 'results.json').toString());
    expect(json.rows).toBe(96);
    expect(read('deep/one', 'report.html').toString()).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/i);
    expect(read('deep/one', 'pareto.svg').toString()).toMatch(/<svg[\s\S]*<\/svg>\s*$/);
  });

  test('L6: writes the same bytes with two workers', async () => {
    const out = join(scratch, 'two');
    const { code, stdout } = await mist(['sweep', example('sweep-small.yaml'), '--workers', '2', '--out', out]);
    expect(code).toBe(0);
    for (const name of ['results.csv', 'results.parquet', 'pareto.svg'])
      expect(read('two', name).equals(read('deep/one', name)), name).toBe(true);
    expect(stdout.split('\n').slice(0, 20)).toEqual(ended.stdout.split('\n').slice(0, 20));
  });

  test('answers a question without an answer with counts by reason', async () => {
    const file = join(scratch, 'hopeless.yaml');
    const text = readFileSync(join(ROOT, example('sweep-small.yaml')), 'utf8').replace(
      'p99_ttft: 500ms',
      'p99_ttft: 1us',
    );
    writeFileSync(file, text);
    const { code, stdout } = await mist(['sweep', file, '--workers', '1']);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^0 of 96 keep the promise: 16 simulated, ruled out: 80 \(late even with an engine for each request \(proved\)\)\.\s+Closest: /m,
    );
  });
});
