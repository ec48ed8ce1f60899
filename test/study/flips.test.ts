// Where a claim flips: what is tried, what is not run again, and what is told on the way.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { type FlipMap, findFlips } from '../../src/study/flips.ts';
import { openStudy } from '../../src/study/open-study.ts';
import { flipJson } from '../../src/study/study-json.ts';

const STUDY = [
  'model: llama-3.1-8b',
  'let: {chunk: 2048}',
  'workload: {lengths: {input_len: 500, output_len: 50}, request_rate: 10, num_requests: 60}',
  'deployment: {hardware: h100-sxm-80gb}',
  'engine: {batching: [chunked, continuous], max_num_batched_tokens: chunk}',
  'study:',
  '  compare: batching',
  '  claims: {either answers: p50(ttft) of chunked < 10 * p50(ttft) of continuous}',
  '  unstated: {chunk: [512, 2048]}',
].join('\n');

test('the value of the study itself is not run again, and stands for what was run', async () => {
  const catalog = openCatalog();
  const told: string[] = [];
  const study = openStudy(STUDY, 'study.yaml', catalog);
  const [{ stated, flips }] = (await findFlips(
    study,
    ['either answers'],
    catalog,
    { workers: 1 },
    (_, __, words) => void told.push(words),
  )) as [FlipMap];
  expect([...new Set(told)]).toEqual(['as it stands', 'chunk 512']);
  expect(flips.map(({ value, stated: own }) => [value, own])).toEqual([
    [512, false],
    [2048, true],
  ]);
  expect(flips[1]!.judged).toBe(stated);
  expect(flips[0]!.judged?.verdict).toBe('holds');
});

test('all claims share the runs, and each map is that of the claim alone', async () => {
  const catalog = openCatalog();
  const text = STUDY.replace('claims: {', "claims: {answers late: 'p50(ttft) of chunked > 9', ").replace(
    '[512, 2048]',
    '{from: 512, to: 2048}',
  );
  const study = openStudy(text, 'study.yaml', catalog);
  const names = study.claims.map(({ name }) => name);
  const told: string[] = [];
  const tell = (done: number, _: number, words: string) => void (done === 1 && told.push(words));
  const together = await findFlips(study, names, catalog, { workers: 1 }, tell);
  expect(told).toEqual(['as it stands', 'chunk 512']);
  for (const [i, name] of names.entries()) {
    const [alone] = await findFlips(study, [name], catalog, { workers: 1 });
    expect(JSON.stringify(flipJson(together[i]!))).toBe(JSON.stringify(flipJson(alone!)));
  }
  expect(together.map(({ stated }) => stated.verdict)).toEqual(['fails', 'holds']);
});
