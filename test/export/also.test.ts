// Files of a sweep for other tools come back as the rows that they were made of, read by readers that are not ours.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from '@uwdata/flechette';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { SweepResult } from '../../src/metrics/sweep.ts';
import { ALSO_NAMES, findPackages, readAlso } from '../../src/report/also/formats.ts';
import { topnCsv } from '../../src/report/also/topn.ts';
import { findAnswer } from '../../src/report/answer.ts';
import { columnsOf } from '../../src/report/flat.ts';
import { writeSweep } from '../../src/report/write.ts';
import { sweep as sweepRows } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { soleConfiguration } from '../../src/spec/shape.ts';
import { makeSweep } from '../report/fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-also-'));
afterAll(() => rmSync(folder, { recursive: true }));
const made = makeSweep();
const written = (result: SweepResult, names: string) => writeSweep(folder, result, readAlso(names));

test('an Arrow file holds the columns of the rows, and of which question', async () => {
  await written(made, 'arrow');
  const table = tableFromIPC(readFileSync(join(folder, 'results.arrow')), { useBigInt: false });
  const columns = columnsOf(made);
  expect(table.names).toEqual(columns.map(({ name }) => name));
  for (const column of columns) {
    const expected = made.kept.map((row, i) => column.read(row, i + 1));
    expect([...table.getChild(column.name)], column.name).toEqual(expected);
  }
  expect(table.schema.metadata?.get('mist_spec')).toBe(made.text);
});

test('a workbook has the answer on its first page and every row on its second', async () => {
  await written(made, 'xlsx');
  const files = unzipSync(readFileSync(join(folder, 'answer.xlsx')));
  const page = (n: number) => strFromU8(files[`xl/worksheets/sheet${n}.xml`]!);
  const shared = strFromU8(files['xl/sharedStrings.xml']!).replaceAll('&lt;', '<');
  expect(shared).toContain(findAnswer(made).sentence);
  expect(page(2).match(/<row /g)).toHaveLength(made.kept.length + 1);
  const at = columnsOf(made).findIndex(({ name }) => name === 'usd_per_hour');
  const letters = at < 26 ? String.fromCharCode(65 + at) : `A${String.fromCharCode(65 + at - 26)}`;
  const [, value] = new RegExp(`r="${letters}2"[^>]*><v>([^<]+)`).exec(page(2))!;
  expect(Number(value)).toBe(made.kept[0]!.usd_per_hour);
});

const QUESTION = `
model: llama-3.1-8b
workload: {lengths: {input_len: 400, output_len: 50}, request_rate: 4, num_requests: 200}
deployment: {hardware: [h100-sxm-80gb, l40s], replicas: [1, 2]}
engine: {profile: [vllm-0.11, sglang-0.5.9]}
slo: {p99_ttft: 2s}
`;

test('best_config_topn.csv has the rows that keep the promise in its own columns, and no file where there are none', async () => {
  const catalog = openCatalog({});
  const result = await sweepRows(openQuestion(QUESTION, 'topn.yaml', catalog), catalog, { workers: 1 });
  const files = await written(result, 'topn');
  expect(files.map((file) => file.slice(folder.length + 1)).filter((file) => file.includes('topn'))).toEqual([
    join('agg', 'best_config_topn.csv'),
  ]);
  const [head, ...lines] = readFileSync(files.at(-1)!, 'utf8').trim().split('\n');
  const names = head!.split(',');
  const met = result.kept.filter((row) => row.result?.slo_met);
  expect(lines).toHaveLength(met.length);
  for (const [i, line] of lines.entries()) {
    const cells = line.split(',');
    const cell = (name: string) => cells[names.indexOf(name)];
    const run = met[i]!.result!;
    expect(Number(cell('rank'))).toBe(i + 1);
    expect(Number(cell('ttft'))).toBe(run.ttft.mean * 1e3);
    expect(Number(cell('seq/s/gpu'))).toBe(run.request_throughput / met[i]!.devices);
    expect(Number(cell('num_total_gpus'))).toBe(Number(cell('workers')) * Number(cell('gpus/worker')));
    const spec = result.specAt(met[i]!.row);
    const { hardware, profile } = soleConfiguration(spec)!;
    expect(`${cell('backend')}-${cell('version')}`).toBe(profile);
    expect(cell('system')).toBe(hardware === 'l40s' ? 'l40s' : 'h100_sxm');
    expect(cell('parallel')).toBe('tp1pp1');
  }
});

const APART = `
fleet:
  prefillers: {kind: llm, role: prefill, model: llama-3.1-8b, hardware: h100-sxm-80gb, count: 2, location: server}
  decoders: {kind: llm, role: decode, model: llama-3.1-8b, hardware: h200-sxm-141gb, tensor_parallel_size: [1, 2], location: server}
topology: {rack: {kind: rack}, server: {kind: nvlink, within: rack, count: 2}}
pipelines: {chat: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {lengths: {input_len: 400, output_len: 50}, request_rate: 4, num_requests: 200}
slo: {p99_ttft: 2s}
`;

test('prefill and decode apart stand in a file of their own, each with its prefix', async () => {
  const catalog = openCatalog({});
  const result = await sweepRows(openQuestion(APART, 'apart.yaml', catalog), catalog, { workers: 1 });
  const [head, ...lines] = [...topnCsv('disagg', result)!];
  expect(topnCsv('agg', result)).toBeNull();
  const rows = lines.map((line) =>
    Object.fromEntries(
      head!
        .trim()
        .split(',')
        .map((name, i) => [name, line.trim().split(',')[i]]),
    ),
  );
  expect(rows.map((row) => row['(d)tp'])).toEqual(['1', '2']);
  for (const row of rows) {
    expect(row).toMatchObject({ '(p)system': 'h100_sxm', '(d)system': 'h200_sxm', '(p)workers': '2', '(p)tp': '1' });
    expect(Number(row.num_total_gpus)).toBe(2 + Number(row['(d)gpus/worker']));
  }
});

test('names that are none are refused all at once', async () => {
  expect(readAlso(undefined)).toEqual([]);
  expect(readAlso(' xlsx,arrow,xlsx')).toEqual(['xlsx', 'arrow']);
  expect(() => readAlso('excel,,topn')).toThrow(
    '--also: expected topn, arrow, xlsx, received excel\n--also: expected topn, arrow, xlsx, received nothing',
  );
  await findPackages(ALSO_NAMES);
});
