// Result files: CSV, Parquet and JSON say the same, and can be read back by readers that are not ours.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, expect, test } from 'vitest';
import { UserError } from '../../src/check/issue.ts';
import { writeWhole } from '../../src/check/whole-file.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { csvLines } from '../../src/report/csv.ts';
import { columnsOf } from '../../src/report/flat.ts';
import { sweepParquet } from '../../src/report/parquet.ts';
import { jsonLines, sweepJson } from '../../src/report/sweep-json.ts';
import { writeSweep } from '../../src/report/write.ts';
import { makeSweep } from './fixture.ts';

const sweepCsv = (result: Parameters<typeof csvLines>[0]): string => [...csvLines(result)].join('');

const folder = mkdtempSync(join(tmpdir(), 'mist-report-'));
afterAll(() => rmSync(folder, { recursive: true }));
const sweep = makeSweep();
const namesOf = (result = sweep) => columnsOf(result).map((column) => column.name);

test('column names are flat snake_case, unique, with a stable id first', () => {
  const names = namesOf();
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  expect(names[0]).toBe('row');
  expect(names).toContain('ttft_p99_ms');
  // axes come first, by their short names
  expect(names.slice(6, 9)).toEqual(['hardware', 'replicas', 'tensor_parallel_size']);
});

test('an axis is a column of numbers where all its values are some, else of words', () => {
  const [axis] = sweep.axes;
  const columns = [
    ['1', '2.5'],
    ['1', 'auto'],
    ['01', '2'],
    ['', '2'],
  ].map((labels) => columnsOf({ ...sweep, axes: [{ ...axis!, labels }] }).find(({ name }) => name === axis!.short)!);
  expect(columns.map(({ type }) => type === 'DOUBLE')).toEqual([true, false, false, false]);
  const row = { ...sweep.kept[0]!, choices: new Map([[axis!.name, '2.5']]) };
  expect(columns.map((column) => column.read(row, 1))).toEqual([2.5, '2.5', '2.5', '2.5']);
  expect(columns.map((column) => column.read({ ...row, choices: new Map() }, 1))).toEqual([null, null, null, null]);
});

async function wholeOf(result: SweepResult): Promise<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([...(await sweepParquet(result))])).buffer;
}

test('Parquet reads back as the rows that were kept, nulls where nothing was simulated', async () => {
  const file = await wholeOf(sweep);
  const rows = await parquetReadObjects({ file });
  expect(rows).toHaveLength(sweep.kept.length);
  sweep.kept.forEach((row, i) => {
    expect(rows[i].row).toBe(BigInt(row.row));
    expect(rows[i].rank).toBe(i + 1);
    expect(rows[i].hardware).toBe(row.choices.get('deployment.hardware'));
    expect(rows[i].replicas).toBe(Number(row.choices.get('deployment.replicas')));
    expect(rows[i].ttft_p99_ms).toBe(row.result ? row.result.ttft.p99 * 1000 : null);
    expect(rows[i].slo_met).toBe(row.result ? row.result.slo_met : null);
    expect(rows[i].preemptions).toBe(row.result ? 3 : null);
  });
  const metadata = parquetMetadata(file).key_value_metadata;
  expect(metadata?.find(({ key }) => key === 'mist_spec')?.value).toBe(sweep.text);
});

test('a long table is Parquet in row groups, a piece each: every row in its place', async () => {
  const [one] = sweep.kept;
  const kept = Array.from({ length: 25_000 }, (_, row) => ({ ...one, row }));
  expect([...(await sweepParquet({ ...sweep, kept }))]).toHaveLength(4);
  const file = await wholeOf({ ...sweep, kept });
  expect(parquetMetadata(file).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([10_000, 10_000, 5_000]);
  const rows = await parquetReadObjects({ file, columns: ['row', 'rank'] });
  expect(rows).toEqual(kept.map(({ row }) => ({ row: BigInt(row), rank: row + 1 })));
});

test('row ids beyond 32 bits and unknown prices survive', async () => {
  const first = { ...sweep.kept[0], row: 5_000_000_000, usd_per_hour: Number.NaN };
  const [row] = await parquetReadObjects({ file: await wholeOf({ ...sweep, kept: [first] }) });
  expect(row.row).toBe(5_000_000_000n);
  expect(row.usd_per_hour).toBeNull();
});

test('a sweep that kept nothing still makes readable files', async () => {
  expect(await parquetReadObjects({ file: await wholeOf({ ...sweep, kept: [] }) })).toEqual([]);
  const none = { ...sweep, kept: [] };
  expect(sweepCsv(none)).toBe(`${namesOf(none).join(',')}\n`);
});

test('what few rows have is a column only where one has it; axes of one name are told apart by more of their place', () => {
  const [first, second] = sweep.kept;
  const swapping = { ...second, result: { ...second.result!, swapped_out: 7 } };
  const [head, plain, set] = sweepCsv({ ...sweep, kept: [first, swapping] }).split('\n');
  const at = head.split(',').indexOf('swapped_out');
  expect([plain, set].map((line) => line.split(',')[at])).toEqual(['', '7']);
  expect(sweepCsv({ ...sweep, kept: [first, second] })).not.toContain('swapped_out');
  const taken = { name: 'fleet.a.devices', short: 'devices', labels: ['1', '2'] };
  expect(namesOf({ ...sweep, axes: [taken] })).toContain('fleet.a.devices');
});

test('CSV quotes what must be quoted and keeps all digits', () => {
  const row = sweep.kept[0];
  const odd = { ...row, choices: new Map([['deployment.hardware', '/a "b", c']]), usd_per_hour: 0.1 + 0.2 };
  const [head, line] = sweepCsv({ ...sweep, kept: [odd] }).split('\n');
  expect(line).toContain('"/a ""b"", c"');
  expect(line).toContain('0.30000000000000004');
  const plain = sweepCsv({ ...sweep, kept: [row] })
    .split('\n')[1]
    .split(',');
  expect(plain).toHaveLength(head.split(',').length);
});

test('the JSON of a sweep survives a round trip and holds the table of the CSV', () => {
  const json = JSON.parse(JSON.stringify(sweepJson(sweep)));
  expect(json.kept).toHaveLength(sweep.kept.length);
  expect(Object.keys(json.kept[0])).toEqual(namesOf());
  expect(json.answer).toMatchObject({ kind: 'met', row: sweep.kept[0].row });
  expect(json.slo[0]).toEqual({ metric: 'ttft', percentile: 'p99', limit_ms: 1000 });
});

test('the JSON file is the JSON, but for how long it took: it is the same bytes whoever computes it', () => {
  for (const kept of [sweep.kept.slice(0, 3), []]) {
    const result = { ...sweep, kept };
    const { workers: _, seconds: __, ...said } = sweepJson(result);
    expect(JSON.parse([...jsonLines(result)].join(''))).toEqual(JSON.parse(JSON.stringify(said)));
  }
});

test('writeSweep leaves exactly its files, twice the same bytes', async () => {
  const target = join(folder, 'new', 'folder');
  const small = { ...sweep, kept: sweep.kept.slice(0, 12) };
  const paths = await writeSweep(target, small);
  const names = ['pareto.svg', 'report.html', 'results.csv', 'results.json', 'results.parquet'];
  expect(readdirSync(target).sort()).toEqual(names);
  const before = paths.map((path) => readFileSync(path, 'latin1'));
  await writeSweep(target, small);
  expect(paths.map((path) => readFileSync(path, 'latin1'))).toEqual(before);
});

test('a folder that cannot be made is a mistake of the user, told with its path', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'x');
  await expect(writeSweep(join(path, 'below'), sweep)).rejects.toThrow(UserError);
  await expect(writeSweep(path, sweep)).rejects.toThrow(/expected a folder that can be created/);
});

test('a file that cannot be written leaves the earlier ones whole and no drafts', async () => {
  const target = join(folder, 'half');
  mkdirSync(join(target, 'results.json', 'inside'), { recursive: true });
  const small = { ...sweep, kept: sweep.kept.slice(0, 3) };
  await expect(writeSweep(target, small)).rejects.toThrow(/results\.json.*written before and whole: .*results\.csv/s);
  expect(readdirSync(target).sort()).toEqual(['results.csv', 'results.json', 'results.parquet']);
  expect(readFileSync(join(target, 'results.csv'), 'utf8').split('\n')).toHaveLength(5);
});

test('a file keeps its old content when the new cannot be written', () => {
  const path = join(folder, 'kept.txt');
  writeWhole(path, 'old', '--out');
  function* broken(): Generator<string> {
    yield 'half';
    throw new Error('no more');
  }
  expect(() => writeWhole(path, broken(), '--out')).toThrow('no more');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(folder).filter((name) => name.startsWith('kept'))).toEqual(['kept.txt']);
});
