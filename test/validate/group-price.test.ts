// Attention groups of one instance: alike they cost what the surface says; unlike, the slowest decides and experts see all tokens.
import { expect, test } from 'vitest';
import { bindInstance, openBinder } from '../../src/calibrate/validate/bind-case.ts';
import { isTrouble } from '../../src/calibrate/validate/case.ts';
import { openGroupPrice } from '../../src/calibrate/validate/disaggregated/group-price.ts';
import { parseCases } from '../../src/calibrate/validate/read-cases.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { readSurface } from '../../src/plan/read-surface.ts';
import { openSession } from '../../src/run/session.ts';
import { caseText } from './case-files.ts';

const DP = 8;
const row = {
  ...{ engine: 'trtllm', engine_version: '1.1.0', model: 'deepseek-r1', hardware: 'b200-sxm-180gb' },
  ...{ weight_dtype: 'nvfp4', kv_dtype: 'fp8', devices: '8', dp: '8', ep: '8' },
};
const { input } = parseCases(caseText([row]), 'cases.csv').groups[0];
const catalog = openCatalog();
const bound = bindInstance(openBinder(catalog, openSession(catalog)), input!, {
  tp: 1,
  pp: 1,
  dp: DP,
  ep: 8,
  shards: 1,
});
if (isTrouble(bound)) throw new Error(bound.words);
const { table } = bound.surface;
const price = openGroupPrice(bound);
const groups = (of: (g: number) => number) => Float64Array.from({ length: DP }, (_, g) => of(g));

test('groups that are alike cost what the surface says', () => {
  const even = readSurface(table, { prefill: [], decode: [{ count: 16 * DP, context: 3000 }] });
  expect(
    price.decode(
      groups(() => 16),
      groups(() => 16 * 3000),
    ) / even,
  ).toBeCloseTo(1, 9);
  const chunk = { tokens: 2000, past: 0, completes: true };
  const all = readSurface(table, { prefill: Array.from({ length: DP }, () => chunk), decode: [] });
  expect(price.prefill(Array.from({ length: DP }, () => [chunk])) / all).toBeCloseTo(1, 9);
});

test('one full group among empty ones costs less than all full, and more than its tokens spread evenly', () => {
  const alone = price.decode(
    groups((g) => (g === 3 ? 64 : 0)),
    groups((g) => (g === 3 ? 64 * 3000 : 0)),
  );
  const full = price.decode(
    groups(() => 64),
    groups(() => 64 * 3000),
  );
  const spread = readSurface(table, { prefill: [], decode: [{ count: 64, context: 3000 }] });
  expect(alone).toBeLessThan(full);
  expect(alone).toBeGreaterThan(spread);
  const chunk = { tokens: 4096, past: 0, completes: true };
  const one = price.prefill([[chunk], ...Array.from({ length: DP - 1 }, () => [])]);
  expect(one).toBeLessThan(price.prefill(Array.from({ length: DP }, () => [chunk])));
  expect(one).toBeGreaterThan(readSurface(table, { prefill: [{ ...chunk, tokens: 4096 }], decode: [] }));
});

test('the longest contexts can be slower than the most sequences', () => {
  const counts = groups((g) => (g === 0 ? 20 : g === 1 ? 24 : 4));
  const contexts = groups((g) => (g === 0 ? 20 * 60000 : g === 1 ? 24 * 100 : 400));
  const slowest = price.decode(counts, contexts);
  expect(slowest).toBeGreaterThan(
    price.decode(
      counts,
      groups((g) => counts[g] * 100),
    ),
  );
  // the order of the groups does not matter
  expect(price.decode(counts.slice().reverse(), contexts.slice().reverse())).toBe(slowest);
});
