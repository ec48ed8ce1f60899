// Every pipeline that the page offers is a spec that the command line takes, with each of its axes on its own.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { openCatalog } from '../../src/catalog/open.ts';
import {
  type Asked,
  FIRST,
  FIXED,
  readLink,
  SHAPE_NAMES,
  type ShapeName,
  writeLink,
} from '../../src/explorer/page/asked.ts';
import { specOf } from '../../src/explorer/page/spec-text.ts';
import { openQuestion } from '../../src/spec/question.ts';

const catalog = openCatalog({});
const asked: Asked = {
  ...FIRST,
  ...{ hardware: ['h100-sxm-80gb', 'l40s', 'mi300x'], formats: ['bf16', 'fp8'], kv: ['auto', 'fp8'], replicas: 3 },
  ...{ workload: FIXED, input: 300, output: 20 },
};
/** Hardware and splits of every pool that has them, counts, and the formats, which all pools share. */
const ROWS: Readonly<Record<ShapeName, number>> = {
  together: 3 * 4 * 3 * 2 * 2 * 2 * 2,
  apart: (3 * 4 * 3) ** 2 * 2 * 2,
  retrieval: 3 * 4 * 3 * (3 * 2 * 4) * 2 * 2,
};

test.each(SHAPE_NAMES)('%s is a question with every axis on its own', (shape) => {
  const text = specOf({ ...asked, shape }, null);
  const question = openQuestion(text, 'spec.yaml', catalog);
  expect(question.rows).toBe(ROWS[shape]);
  expect(Object.keys(parse(text).pipelines ?? {})).toEqual(shape === 'together' ? [] : ['ask']);
  // the formats of all its engines go together
  const last = question.at(question.rows - 1).spec;
  const formats = last.pools.flatMap((pool) =>
    pool.kind === 'llm' && pool.configuration.model === asked.model ? [pool.configuration.quantization] : [],
  );
  expect(new Set(formats)).toEqual(new Set(['fp8']));
});

test('a link says which, and one that names none has the first', () => {
  const link = writeLink({ ...asked, shape: 'apart' });
  expect(link).toContain('shape=apart');
  expect(readLink(link)).toEqual({ asked: { ...asked, shape: 'apart' } });
  expect(readLink(link.replace('apart', 'anywhere'))).toEqual({ mistake: expect.stringContaining('shape=anywhere') });
});
