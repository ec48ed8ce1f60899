// Budgets as limits: what is found under one is what is left of everything that was found without; presets of limits.
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { elapsedOf, overBudget } from '../../src/metrics/limits.ts';
import { describeFailure, findAnswer } from '../../src/report/answer.ts';
import { REASON_WORDS } from '../../src/run/reasons.ts';
import { sweep } from '../../src/run/sweep.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { SLO_PRESET } from '../../src/spec/slo.ts';
import { exhaustive } from './exhaustive.ts';
import { SPACES } from './spaces.ts';

const catalog = openCatalog({});
const open = (text: string) => openQuestion(text, 'space.yaml', catalog);

describe('what a budget leaves', () => {
  for (const [name, text] of Object.entries(SPACES).filter(([, one]) => one.includes('budget:'))) {
    test(name, { timeout: 600_000 }, async () => {
      const free = await exhaustive(text.replace(/^budget: .*$/m, ''), catalog);
      const found = await sweep(open(text), catalog, { workers: 1 });
      const { budget } = found.first;
      const within = free.kept.filter(
        ({ result }) => result?.slo_met && overBudget(budget, { ...result!, elapsed: elapsedOf(result!) }).length === 0,
      );
      expect(within.length).toBeGreaterThan(0);
      expect(within.length).toBeLessThan(free.kept.filter(({ result }) => result?.slo_met).length);
      expect(found.kept[0]!.row).toBe(within[0]!.row);
      const met = found.kept.filter(({ result }) => result?.slo_met).map(({ row }) => row);
      expect(within.map(({ row }) => row)).toEqual(expect.arrayContaining(met));
      expect(found.rejected.some(({ words }) => words === REASON_WORDS['over-budget'])).toBe(true);
    });
  }

  test('a deadline, and the cost of all requests, are refused where requests come bit by bit', () => {
    const batch = SPACES['a batch, cheapest in all, by a deadline']!;
    const load = batch.replace('arrivals: all-at-once', 'request_rate: 5');
    expect(() => open(load)).toThrow(/budget\.deadline: expected none: only of requests that are all there at once/);
    expect(() => open(load.replace(/^budget: .*$/m, ''))).toThrow(
      /space\.yaml:8: objective: expected another objective/,
    );
    expect(() =>
      open(load.replace(/^budget: .*$/m, 'pareto: [devices, total_usd]').replace('total_usd\n', 'devices\n')),
    ).toThrow(/pareto: expected another objective/);
  });

  test('says what of it is broken', async () => {
    const text = SPACES['a budget of power, electricity apart']!.replace('700W', '1W').replace('usd_per_hour: 4, ', '');
    const few = text
      .replace('[1, 2, 4]', '1')
      .replace('num_requests: 140', 'num_requests: 60, request_rate: 0.2')
      .replace('request_rate: 6, ', '');
    const result = await sweep(open(few), catalog, { workers: 1 });
    expect(findAnswer(result).kind).not.toBe('met');
    const all = await sweep(open(few.replace('watts: 1W', 'watts: 120W')), catalog, { workers: 1, exhaustive: true });
    const over = all.kept.filter(({ result: run }) => run && run.power_w > 120 && run.verdict === 'stable');
    expect(over.length).toBeGreaterThan(0);
    expect(over.map((row) => describeFailure(row))).toContain('takes more than 120 W');
  });
});

test('budgets of nothing, of words and of what is no budget are refused, each by its line', () => {
  const refused = (budget: string): string[] => {
    try {
      open(SPACES.cheapest!.replace('objective: usd_per_hour', `budget: ${budget}`));
      return [];
    } catch (error) {
      return (error as { issues: readonly { path: string; line: number }[] }).issues.map(({ path }) => path);
    }
  };
  expect(refused('{devices: 0, usd_per_hour: 0, watts: -4W}')).toEqual([
    'budget.devices',
    'budget.usd_per_hour',
    'budget.watts',
  ]);
  expect(refused('{device: 4}')).toEqual(['budget.device']);
  expect(refused('{devices: 2.5}')).toEqual(['budget.devices']);
  expect(refused('{devices: 2}')).toEqual([]);
});

test('the paper’s six limits, with and without retrieval, and one that is one’s own', () => {
  const limits = (slo: string) =>
    open(SPACES.cheapest!.replace(/slo: .*/, `slo: ${slo}`)).first.slo.map(
      ({ metric, percentile, limit }) => `${percentile}_${metric} ${limit}`,
    );
  const tpot = ['p50_tpot 0.03125', 'p90_tpot 0.037500000000000006', 'p99_tpot 0.125'];
  expect(limits('{preset: paper-six}')).toEqual(['p50_ttft 0.5', 'p90_ttft 0.75', 'p99_ttft 1.5', ...tpot]);
  expect(limits('{preset: paper-six-retrieval}')).toEqual(['p50_ttft 2', 'p90_ttft 3', 'p99_ttft 6', ...tpot]);
  expect(limits('{preset: paper-six, p99_tpot: 80ms}').sort()).toEqual(
    ['p50_ttft 0.5', 'p90_ttft 0.75', 'p99_ttft 1.5', ...tpot.slice(0, 2), 'p99_tpot 0.08'].sort(),
  );
  expect(Object.keys(SLO_PRESET)).toEqual(expect.arrayContaining(['paper-six', 'paper-six-retrieval']));
  expect(() => limits('{preset: paper-seven}')).toThrow(/slo.preset/);
});
