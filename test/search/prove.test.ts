// The search itself, over rows whose scores are made up: what it finds is what a look at all of them finds, whatever their order.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import type { Gathered } from '../../src/run/legal.ts';
import type { Pool } from '../../src/run/pool.ts';
import { openSearch, prove, worstLeaders } from '../../src/run/prove.ts';
import { refuse, ruleOut, settle } from '../../src/run/settled.ts';
import type { SimulatedRow } from '../../src/run/simulate-row.ts';
import { runs } from '../depth.ts';

interface Row {
  /** What it costs, if it keeps the promise; its floor is no more. */
  readonly score: number;
  readonly slack: number;
  readonly kind: 'met' | 'missed' | 'refused' | 'ruled';
  readonly scenario: number;
  readonly deployment: number;
}

const row: fc.Arbitrary<Row> = fc.record({
  score: fc.integer({ min: 1, max: 60 }),
  slack: fc.integer({ min: 0, max: 25 }),
  kind: fc.constantFrom('met', 'met', 'missed', 'refused', 'ruled'),
  scenario: fc.integer({ min: 0, max: 1 }),
  deployment: fc.integer({ min: 0, max: 40 }),
});
const space = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 400, size: 'max' }),
  top: fc.integer({ min: 1, max: 6 }),
  exhaustive: fc.boolean(),
});

const floorOf = ({ score, slack }: Row): number => Math.max(0.5, score - slack);
const scenarioOf = ({ scenario }: Row): string => `s${scenario}`;
const deploymentOf = ({ deployment }: Row): string => `d${deployment}`;

function settledOf({ kind, score }: Row) {
  if (kind === 'refused') return refuse('not of this house');
  if (kind === 'ruled') return ruleOut({ reason: 'late', short: 1.5 } as never);
  const result = { slo_met: kind === 'met', usd_per_hour: score, peak_kv_use: 0, unfinished: 0 } as FleetSummary;
  const found = { result, trust: null, workload: null } as unknown as SimulatedRow;
  const limits = [1, 1, 1];
  return settle({ found, run: found, name: 'x', limits, range: { least: limits, most: limits } });
}

/** Does what it is told, a few rows a report, and writes down which. */
function fakePool(rows: readonly Row[], asked: number[]): Pool {
  return {
    close: async () => {},
    work: async (order, onReport) => {
      if (order.kind !== 'settle') throw new Error(order.kind);
      asked.push(...order.rows);
      for (let at = 0; at < order.rows.length; at += 3) {
        const some = [...order.rows.slice(at, at + 3)].map((r) => settledOf(rows[r]!));
        onReport({ kind: 'settled', index: at, rows: some } as never);
      }
    },
  };
}

function openMade(rows: readonly Row[], top: number) {
  const asked: number[] = [];
  const search = openSearch({
    ...{ pool: fakePool(rows, asked), runs: new Map(), objective: 'usd_per_hour', top, settle: 1e9, watch: {} },
    scenarioOf: (r) => scenarioOf(rows[r]!),
    deploymentOf: (r) => deploymentOf(rows[r]!),
  });
  return { search, asked };
}

/** Rows `from` to `to` with their floors. */
function legalOf(rows: readonly Row[], from: number, to: number): Gathered {
  const some = rows.slice(from, to);
  return {
    row: Float64Array.from(some, (_, i) => from + i),
    floor: Float64Array.from(some, floorOf),
    ...{ beyond: 0, beyondFloor: Number.POSITIVE_INFINITY },
  };
}

/** By scenario, the score of the top-th deployment among all rows; absent where there are fewer. */
function barsOf(rows: readonly Row[], top: number): Map<string, number> {
  const bars = new Map<string, number>();
  for (const scenario of new Set(rows.map(scenarioOf))) {
    const met = rows.filter((one) => one.kind === 'met' && scenarioOf(one) === scenario);
    const best = [...new Set(met.map(deploymentOf))].map((name) =>
      Math.min(...met.filter((one) => deploymentOf(one) === name).map(({ score }) => score)),
    );
    if (best.length >= top) bars.set(scenario, best.sort((a, b) => a - b)[top - 1]!);
  }
  return bars;
}

/** Nothing was looked at twice, and what may be as good as the last leader was looked at, equals too. Returns what was left out. */
function expectFound(rows: readonly Row[], top: number, { search, asked }: ReturnType<typeof openMade>): Row[] {
  const bars = barsOf(rows, top);
  expect(worstLeaders(search)).toEqual(bars);
  expect(new Set(asked).size).toBe(asked.length);
  const left = rows.filter((_, r) => !asked.includes(r));
  for (const one of left) expect(floorOf(one)).toBeGreaterThan(bars.get(scenarioOf(one))!);
  return left;
}

test('finds the leaders of every question, and leaves out only what cannot be as good', async () => {
  let saved = 0;
  await fc.assert(
    fc.asyncProperty(space, async ({ rows, top, exhaustive }) => {
      const made = openMade(rows, top);
      const proof = await prove(made.search, legalOf(rows, 0, rows.length), exhaustive);
      const left = expectFound(rows, top, made);
      const bars = barsOf(rows, top);
      const margins = left.map((one) => floorOf(one) / bars.get(scenarioOf(one))! - 1);
      expect(proof.complete).toBe(true);
      expect(proof.dearer).toBe(left.length);
      if (left.length === 0) expect(proof.margin).toBe(Number.POSITIVE_INFINITY);
      else expect(proof.margin).toBeCloseTo(Math.min(...margins), 12);
      if (exhaustive) expect(left).toEqual([]);
      saved += left.length;
    }),
    { numRuns: runs(60) },
  );
  expect(saved).toBeGreaterThan(500);
});

test('leaders that others found before rule out no row that is as good', async () => {
  await fc.assert(
    fc.asyncProperty(space, fc.nat(400), async ({ rows, top }, cut) => {
      const made = openMade(rows, top);
      const at = Math.min(cut, rows.length);
      await prove(made.search, legalOf(rows, 0, at), false);
      await prove(made.search, legalOf(rows, at, rows.length), false);
      expectFound(rows, top, made);
    }),
    { numRuns: runs(40) },
  );
});
