// A row under another draw of its traffic is the row of the same question with that seed.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { kernelModule } from '../../src/kernels/load.ts';
import { rowScore } from '../../src/metrics/sweep.ts';
import { openRowWork } from '../../src/run/row-work.ts';
import { runOf } from '../../src/run/settled.ts';
import { SMALL_SPEC } from './small-spec.ts';

test('draws are the runs of other seeds', () => {
  const catalog = openCatalog();
  const open = (seed?: number) =>
    openRowWork({ text: SMALL_SPEC, file: 'small.yaml', seed, shape: null, objectives: [], ...REST }, catalog);
  const objective = 'tokens_per_joule';
  const [rows, seeds] = [Float64Array.of(28, 76, 28), Float64Array.of(5, 5, 6)];
  const drawing = open();
  const draws = Array.from(rows, (_, index) => drawing.draw(index, { kind: 'draw', objective, rows, seeds }));
  const order = { kind: 'settle', rows: rows.subarray(0, 2), cuts: Uint32Array.of(0), hasty: false } as const;
  const settled = open(5).settle(0, order);
  const own = (settled.kind === 'settled' ? settled.rows : []).map((row, index) => {
    const { result } = runOf(row)!;
    return { kind: 'drawn', index, draw: { met: result.slo_met, score: rowScore(objective, result) } };
  });
  expect(draws.slice(0, 2)).toEqual(own);
  expect(draws[2]).not.toEqual({ ...draws[0], index: 2 });
});

const REST = { catalogFolder: null, prices: null, module: kernelModule() };
