// The measured cases, a sixth of their runs: every row answered, and closed loops and static batches not far off.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { predictCases } from '../../src/validate/predict.ts';
import { readCases } from '../../src/validate/read-cases.ts';
import { scoredOf, tabulate } from '../../src/validate/score.ts';

const DATA = process.env.MIST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const CASES = join(DATA, 'cases', 'cases.csv');
const why = existsSync(CASES) ? '' : ' (skipped: no measured cases; set MIST_DATA)';

test.skipIf(why !== '')(`the measured cases are answered${why}`, () => {
  const all = readCases(CASES);
  const groups = all.groups.filter((_, i) => i % 6 === 0);
  const rows = groups.flatMap((group) => group.rows);
  const predictions = predictCases({ ...all, groups, rows }, openCatalog());
  expect(predictions.map(({ row }) => row.case_id)).toEqual(rows.map(({ case_id }) => case_id));
  const good = scoredOf(predictions).filter(({ row }) => row.quality !== 'low');
  expect(good.filter(({ status }) => status !== 'ok')).toEqual([]);
  const medians = new Map(tabulate(good, ['mode', 'metric']).map(({ key, median }) => [key.join(' '), median]));
  expect(medians.get('closed-loop tpot_ms')).toBeLessThan(7);
  expect(medians.get('closed-loop itl_ms')).toBeLessThan(10);
  expect(medians.get('closed-loop ttft_ms')).toBeLessThan(22);
  expect(medians.get('static-batch e2e_ms')).toBeLessThan(9);
  expect(medians.get('disagg-closed-loop tpot_ms')).toBeLessThan(15);
});
