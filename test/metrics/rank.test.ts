// Ranking rows of a sweep: kept promises by the objective, missed ones by how near they came, and the front of trade-offs.
import { expect, test } from 'vitest';
import { type FleetSummary, type KeptRow, rankRows, rowScore, tensionOf } from '../../src/metrics/sweep.ts';
import type { Slo } from '../../src/spec/types.ts';

interface Figures {
  readonly usd?: number;
  readonly ttft?: number;
  readonly tpot?: number;
  readonly e2el?: number;
  readonly met?: boolean;
  readonly lost?: 'rejected_kv' | 'rejected_length' | 'unfinished';
  readonly completed?: number;
  readonly verdict?: 'stable' | 'overloaded';
}

const flat = (value: number) => ({
  mean: value,
  std: 0,
  p50: value,
  p90: value,
  p95: value,
  p99: value,
  p999: value,
  max: value,
});

function figures({
  usd = 10,
  ttft = 1,
  tpot = 0.05,
  e2el = 8,
  met = true,
  lost,
  completed = 5,
  verdict = 'stable',
}: Figures) {
  const result = {
    ...{ ttft: flat(ttft), tpot: flat(tpot), itl: flat(tpot), e2el: flat(e2el), first_answer: flat(ttft) },
    ...{ usd_per_hour: usd, output_throughput: 100, power_w: 400, devices: 2, slo_met: met, verdict, completed },
    ...{ rejected_kv: 0, rejected_length: 0, unfinished: 0, ...(lost ? { [lost]: 1 } : {}) },
  };
  return result as unknown as FleetSummary;
}

const SLO: Slo[] = [{ metric: 'ttft', percentile: 'p99', limit: 2 }];
const rows = (list: readonly Figures[]) =>
  list.map(
    (one, row) =>
      ({ row, choices: new Map(), scenario: '', slo: SLO, result: figures(one), trust: null }) as unknown as KeptRow,
  );
const order = (list: readonly Figures[]) => rankRows(rows(list), 'usd_per_hour').map(({ row }) => row);
const front = (list: readonly Figures[]) =>
  rankRows(rows(list), 'usd_per_hour')
    .filter((row) => row.on_front)
    .map(({ row }) => row)
    .sort();

test('kept promises go by the objective, then by how little of a limit they use, then by row', () => {
  expect(order([{ usd: 3 }, { usd: 1 }, { usd: 2 }])).toEqual([1, 2, 0]);
  expect(order([{ ttft: 1.5 }, { ttft: 0.5 }, { ttft: 1 }])).toEqual([1, 2, 0]);
  expect(order([{}, {}, {}])).toEqual([0, 1, 2]);
  const backwards = rankRows(rows([{}, {}, {}]).reverse(), 'usd_per_hour');
  expect(backwards.map(({ row }) => row)).toEqual([0, 1, 2]);
  const [dear, cheap] = [
    { usd: 3, ttft: 0.5 },
    { usd: 1, ttft: 1.5 },
  ];
  expect([order([dear, cheap]), order([cheap, dear])]).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(order([{ usd: Number.NaN }, { usd: 9 }])).toEqual([1, 0]);
});

test('missed promises come after all kept ones, the nearest first whatever it costs, then by the objective', () => {
  const missed = { met: false };
  expect(order([{ ...missed, ttft: 4, usd: 1 }, { usd: 99 }, { ...missed, ttft: 3, usd: 5 }])).toEqual([1, 2, 0]);
  expect(
    order([
      { ...missed, ttft: 3, usd: 5 },
      { ...missed, ttft: 3, usd: 1 },
    ]),
  ).toEqual([1, 0]);
  const backwards = rankRows(rows([missed, missed]).reverse(), 'usd_per_hour');
  expect(backwards.map(({ row }) => row)).toEqual([0, 1]);
});

test('the front holds what no other kept row beats in every figure, equal ones together, missed ones never', () => {
  expect(
    front([
      { usd: 1, ttft: 2 },
      { usd: 2, ttft: 1 },
      { usd: 3, ttft: 3 },
    ]),
  ).toEqual([0, 1]);
  expect(front([{}, {}])).toEqual([0, 1]);
  expect(front([{ usd: 2 }, { usd: 1, met: false }])).toEqual([0]);
  expect(front([{ tpot: 0.04, usd: 11 }, { e2el: 7, usd: 12 }, {}])).toEqual([0, 1, 2]);
  expect(front([{ tpot: 0.04 }, {}])).toEqual([0]);
  expect(front([{ e2el: 7 }, {}])).toEqual([0]);
});

test('tension is the largest share of a limit in use, and infinite where requests were lost or the fleet fell behind', () => {
  const both: Slo[] = [...SLO, { metric: 'tpot', percentile: 'p99', limit: 0.1 }];
  expect(tensionOf(figures({ ttft: 1 }), SLO)).toBe(0.5);
  expect(tensionOf(figures({ ttft: 0.5, tpot: 0.08 }), both)).toBeCloseTo(0.8, 12);
  expect(tensionOf(figures({ ttft: Number.NaN }), SLO)).toBe(0);
  expect(tensionOf(figures({}), [])).toBe(0);
  for (const lost of ['rejected_kv', 'rejected_length', 'unfinished'] as const)
    expect(tensionOf(figures({ lost }), SLO), lost).toBe(Number.POSITIVE_INFINITY);
  expect(tensionOf(figures({ completed: 0 }), SLO)).toBe(Number.POSITIVE_INFINITY);
  expect(tensionOf(figures({ verdict: 'overloaded' }), SLO)).toBe(Number.POSITIVE_INFINITY);
});

test('scores are rounded to twelve digits: the same prices added in another order rank equal', () => {
  expect(rowScore('usd_per_hour', figures({ usd: 0.1 + 0.2 }))).toBe(0.3);
  expect(rowScore('tokens_per_joule', figures({}))).toBe(4);
  expect(rowScore('devices', figures({}))).toBe(2);
});
