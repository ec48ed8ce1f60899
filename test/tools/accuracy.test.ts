// The table of npm run accuracy: made cases in, one line a group out; a run that loses what was kept fails.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTool } from '../../tools/main.ts';
import { type AccuracyLine, accuracyTable, keepHistory } from '../../tools/validate/accuracy.ts';
import { caseText, writeFolder } from '../validate/case-files.ts';

async function accuracy(folder: string) {
  const parts: string[] = [];
  const add = (text: string) => void parts.push(text);
  const code = await runTool(['accuracy', '--data', folder], { stdout: add, stderr: add });
  return { code, text: parts.join('') };
}

test('without data it says so, with data every group there is has its line', async () => {
  const folder = writeFolder({});
  expect(await accuracy(folder)).toEqual({
    code: 0,
    text: `skipped: no measured cases at ${folder} (set MIST_DATA)\n`,
  });
  mkdirSync(join(folder, 'cases'));
  mkdirSync(join(folder, 'kv_capacity'));
  writeFileSync(join(folder, 'cases', 'cases.csv'), caseText([{}, { metric: 'ttft_ms', value: '40' }]));
  const kv =
    'model,weight_dtype,kv_dtype,hardware,tp,engine,engine_version,gpu_memory_utilization,measured_tokens,quality';
  const row = (more: string) => `llama-3.1-8b,bf16,bf16,h100-sxm-80gb,1,vllm,0.11.0,0.9,${more}`;
  const unknown = 'llama-3.1-8b,bf16,bf16,some-80gb,1,vllm,0.11.0,0.9,1,high';
  writeFileSync(
    join(folder, 'kv_capacity', 'kv_capacity.csv'),
    [kv, row('440000,high'), row('1,low'), unknown, ''].join('\n'),
  );
  const { code, text } = await accuracy(folder);
  expect(code).toBe(0);
  expect(text).toMatch(/cases\.csv +closed-loop TPOT +1 +1 /);
  expect(text).toMatch(/cases\.csv +closed-loop TTFT +1 +1 /);
  expect(text).toMatch(/kv_capacity\.csv +KV capacity +1 +1 +\d\.\d \/ \d\.\d /);
  expect(text).not.toContain('apart');
});

const LINE: AccuracyLine = {
  ...{ file: 'cases.csv', what: 'closed-loop TPOT', rows: 9, deployments: 3, median: 5, p90: 9, bias: -1 },
  ...{ asked: [6, 14], coverage: 0.9, leftOut: 0.8 },
};

test('a group that kept what is asked and no longer does is named, and the exit code says so', () => {
  const file = join(writeFolder({}), 'history.csv');
  const said: string[] = [];
  const keep = (label: string, p90: number) =>
    keepHistory(file, label, [{ ...LINE, p90 }], { stdout() {}, stderr: (text) => void said.push(text) });
  expect([keep('a', 15), keep('b', 9), keep('c', 8), keep('d', 14.2), keep('e', 14.2)]).toEqual([0, 0, 0, 1, 0]);
  expect(said).toEqual([
    'cases.csv closed-loop TPOT: kept what is asked of it in the run before, and no longer does\n',
  ]);
  expect(readFileSync(file, 'utf8').split('\n').slice(0, 3)).toEqual([
    'label,file,what,rows,deployments,median_pct,p90_pct,bias_pct,in_band,kept,left_out',
    'a,cases.csv,closed-loop TPOT,9,3,5.0,15.0,-1.0,0.90,0,0.80',
    'b,cases.csv,closed-loop TPOT,9,3,5.0,9.0,-1.0,0.90,1,0.80',
  ]);
  expect(accuracyTable([LINE])).toMatch(/5\.0 \/ 9\.0 +-1\.0 +6 \/ 14 +yes +90 % +80 %/);
});

test('a label that would move the columns of the history is refused before anything is replayed', async () => {
  const said: string[] = [];
  const out = { stdout() {}, stderr: (text: string) => void said.push(text) };
  expect(await runTool(['accuracy', '--append', 'watts, clocks'], out)).toBe(2);
  expect(said.join('')).toContain('--append: expected a label without commas and quotes, received watts, clocks');
});
