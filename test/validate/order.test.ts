// Scores: percentiles of errors, deployments once each, tau over loads, and pairs that differ in one choice.
import { describe, expect, test } from 'vitest';
import { kendallTau, rankSweeps, scoreChoices, summariseTau } from '../../src/validate/order.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { parseCases } from '../../src/validate/read-cases.ts';
import { scoreAll } from '../../src/validate/report.ts';
import { scoredOf, summariseErrors, tabulate } from '../../src/validate/score.ts';
import { predictionLines, summaryText, validationJson } from '../../src/validate/write.ts';
import { type Cells, caseText, ROW } from './case-files.ts';

/** Rows with predictions of their own, without a simulation. */
function predictionsOf(
  rows: readonly (readonly [predicted: number | null, cells: Cells])[],
  columns?: string[],
): Prediction[] {
  const file = parseCases(
    caseText(
      rows.map(([, cells]) => cells),
      columns,
    ),
    'cases.csv',
  );
  return file.rows.map((row, i) => {
    const predicted = rows[i][0];
    if (predicted === null)
      return {
        row,
        predicted,
        alternative: null,
        errorPct: null,
        status: 'oom',
        note: 'too big, "really"',
        ...{ basis: null, regime: null, bandPct: null, capacityPct: null },
      };
    const errorPct = 100 * (predicted / row.value - 1);
    return {
      row,
      predicted,
      alternative: null,
      errorPct,
      status: 'ok',
      note: '',
      ...({ basis: 'measured', regime: 'plain', bandPct: 18 } as const),
      capacityPct: null,
    };
  });
}

describe('errors', () => {
  test('rows without a prediction count 100 %, derived rows never', () => {
    const predictions = predictionsOf([
      [10.5, { value: '10' }],
      [8, { value: '10' }],
      [null, { value: '10' }],
      [90, { value: '10', derived: '1' }],
    ]);
    const table = summariseErrors([], scoredOf(predictions));
    expect(table).toMatchObject({ n: 3, missing: 1, within10: 1 / 3, within20: 2 / 3, within30: 2 / 3 });
    expect(table.median).toBeCloseTo(20, 9);
    expect(table.p90).toBeCloseTo(20 + 0.8 * 80, 9);
    expect(table.signed).toBeCloseTo(-7.5, 9);
  });

  test('a large sweep counts once: medians by config and metric, then over those', () => {
    const sweep = Array.from({ length: 9 }, () => [10.1, { value: '10', config_id: 'big' }] as const);
    const other = [15, { value: '10', config_id: 'small' }] as const;
    const table = summariseErrors([], predictionsOf([...sweep, other]));
    expect(table.median).toBeCloseTo(1, 9);
    expect(table.configs).toBe(2);
    expect(table.configMedian).toBeCloseTo((1 + 50) / 2, 9);
  });

  test('TTFT below 100 ms is told in ms too', () => {
    const ttft = { metric: 'ttft_ms' };
    const rows = [
      [60, { ...ttft, value: '50' }],
      [900, { ...ttft, value: '500' }],
      [70, { value: '50' }],
    ] as const;
    expect(summariseErrors([], predictionsOf(rows)).shortTtftMs).toBeCloseTo(10, 9);
    expect(summariseErrors([], predictionsOf([rows[1]])).shortTtftMs).toBeNaN();
  });

  test('tables are in order of their words, whatever the order of the rows', () => {
    const rows = ['b', 'a', 'c', 'a'].map((model) => [8, { model }] as const);
    expect(tabulate(predictionsOf(rows), ['model']).map(({ key, n }) => [...key, n])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ]);
  });
});

describe('order', () => {
  test("Kendall's tau-b", () => {
    expect(kendallTau([1, 2, 3, 4], [10, 20, 30, 40])).toBe(1);
    expect(kendallTau([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
    expect(kendallTau([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(4 / 6, 12);
    expect(kendallTau([1, 1, 2], [1, 2, 3])).toBeCloseTo(2 / Math.sqrt(2 * 3), 12);
    expect(kendallTau([1, 1], [1, 2])).toBeNaN();
  });

  test('only deployments with four loads or more have one', () => {
    const loads = (config_id: string, count: number, predicted: readonly number[]) =>
      Array.from(
        { length: count },
        (_, i) => [predicted[i], { config_id, load_value: String(2 ** i), value: String(i + 1) }] as const,
      );
    const sweeps = rankSweeps(predictionsOf([...loads('a', 4, [1, 2, 4, 3]), ...loads('b', 3, [1, 2, 3])]));
    expect(sweeps).toMatchObject([{ config: 'a', loads: 4, tau: expect.closeTo(4 / 6, 12) }]);
    expect(summariseTau(sweeps)).toMatchObject([{ metric: 'tpot_ms', sweeps: 1, worst: expect.closeTo(4 / 6, 12) }]);
  });

  test('pairs differ in exactly one choice', () => {
    const tp = (degree: string) => ({ tp: degree, tp_shards: degree, devices: degree });
    const choices = scoreChoices(
      predictionsOf([
        [9, { ...tp('1'), value: '10' }],
        [5, { ...tp('2'), value: '6' }],
        [7, { ...tp('4'), value: '5.9' }],
        [3, { engine: 'trtllm', value: '11' }],
        [1, { ...tp('8'), engine: 'sglang', value: '3', load_value: '16' }],
      ]),
    );
    expect(choices).toEqual([
      { choice: 'tp', metric: 'tpot_ms', pairs: 3, right: 2, clearPairs: 2, clearRight: 2 },
      { choice: 'engine', metric: 'tpot_ms', pairs: 1, right: 0, clearPairs: 0, clearRight: 0 },
    ]);
  });
});

describe('what is written', () => {
  const rows = [
    [10.123456789, { value: '10.0' }],
    [null, {}],
    [20, { value: '10', quality: 'low' }],
  ] as const;

  test('one line per row, in the order of the file, quoted where it must be', () => {
    expect(predictionLines(predictionsOf(rows)).split('\n')).toEqual([
      'case_id,value,predicted,predicted_alt,error_pct,status,note,basis,regime,band_pct',
      'c0,10.0,10.12346,,1.235,ok,,measured,plain,18',
      'c1,8,,,,oom,"too big, ""really""",,,',
      'c2,10,20,,100.000,ok,,measured,plain,18',
      '',
    ]);
  });

  test('JSON holds rows, tables by tier and core where the file has them, and no NaN', () => {
    const columns = [...Object.keys(ROW), 'tier', 'core'];
    const tiers = rows.map(
      ([predicted, cells], i) => [predicted, { ...cells, tier: `t${i}`, core: String(i % 2) }] as const,
    );
    const json = JSON.parse(validationJson(scoreAll(predictionsOf(tiers, columns), ['config_id'])));
    expect(json.rows.map((row: { status: string }) => row.status)).toEqual(['ok', 'oom', 'ok']);
    expect(json.headline).toMatchObject({ n: 2, missing: 1, short_ttft_median_abs_error_ms: null });
    expect(json.tables.map((table: { by: string[]; rows: string }) => `${table.rows}: ${table.by.join('/')}`)).toEqual([
      'all scored: mode/metric/quality',
      'high and medium: mode/metric',
      'core: mode/metric',
      'high and medium: mode/metric/tier',
      'high and medium: mode/metric/hardware',
      'high and medium: mode/metric/model',
      'high and medium: mode/metric/engine',
      'high and medium: config_id',
    ]);
    expect(json.without_prediction).toEqual([{ status: 'oom', note: 'too big, "really"', rows: 1, cases: ['c1'] }]);
  });

  test('the summary names what has no prediction', () => {
    const text = summaryText(scoreAll(predictionsOf(rows), []), []);
    expect(text).toContain('High and medium: 2 rows');
    expect(text).toMatch(/1 {2}oom {5}too big, "really" {2}c1/);
  });
});
