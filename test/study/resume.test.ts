// A study that was ended goes on with the rows that it finished: the same rows and verdicts, and none simulated twice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { createWork, openWork, type Piece, type WorkFile } from '../../src/run/work-file.ts';
import { openStudy } from '../../src/study/open-study.ts';
import { runStudy, type StudyResult } from '../../src/study/run-study.ts';
import { studyJson } from '../../src/study/study-json.ts';

const folder = mkdtempSync(join(tmpdir(), 'mist-study-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const catalog = openCatalog({});
const textOf = (more: string) => `name: made up
model: llama-3.1-8b
workload: {lengths: {input_len: 300, output_len: 20}, request_rate: 4, num_requests: 40, seed: [0, 1]}
deployment: {hardware: [h100-sxm-80gb, l4], replicas: [1, 2]}
engine: {batching: [chunked, mixed]}
slo: {p99_ttft: 2s}
study: {compare: batching, show: [throughput], claims: {one: 'throughput of chunked >= throughput of mixed'}${more}}
`;

/** Counts what is put into a work file. */
function counted(file: WorkFile) {
  const rows: number[] = [];
  const store = {
    has: (key: string, piece: number) => file.has(key, piece),
    get: (key: string, piece: number) => file.get(key, piece),
    put(key: string, pieces: readonly Piece[]) {
      rows.push(...pieces.map(([piece]) => piece));
      file.put(key, pieces);
    },
  };
  return { store, rows };
}

test.each([
  ['of rows at their own load', ''],
  ['of rows whose load is looked for', ', load: seek'],
])('%s', async (words, more) => {
  const study = openStudy(textOf(more), 'made.yaml', catalog);
  const path = join(folder, `${words}.work`);
  const without = (result: StudyResult) => JSON.stringify(studyJson(result));
  const whole = await runStudy(study, catalog, { workers: 1 });

  const end = new AbortController();
  const first = createWork(path, {});
  const early = counted(first);
  const sofar: number[] = [];
  const cut = await runStudy(study, catalog, {
    ...{ workers: 1, store: early.store, signal: end.signal },
    onRow: (done, _, __, told) => {
      sofar.push(told().rows.length);
      if (done >= 5) end.abort();
    },
  });
  first.close();
  expect(cut.interrupted).toBe(true);
  expect(cut.rows.length).toBeLessThan(study.rows.length);
  expect(sofar.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);

  const again = openWork(path, true);
  const late = counted(again);
  const resumed = await runStudy(study, catalog, { workers: 1, store: late.store });
  again.close();
  expect(without(resumed)).toBe(without(whole));
  expect([...early.rows, ...late.rows].sort((a, b) => a - b)).toEqual([...study.rows]);
});

// with threads under way the first rows are this thread's, one by one: nobody waits for threads to start, or for four rows
test.each(['', ', load: seek'])('the first row is told by itself%s', async (more) => {
  const study = openStudy(textOf(more), 'made.yaml', catalog);
  const end = new AbortController();
  const told: number[] = [];
  const { rows } = await runStudy(study, catalog, {
    ...{ workers: 2, signal: end.signal },
    onRow: (_, __, { row }) => {
      told.push(row);
      end.abort();
    },
  });
  expect(told).toEqual([0]);
  expect(rows.map(({ row }) => row)).toEqual([0]);
});
