// Proofs and fronts on invented rows, whose runs cost nothing: many questions, each against what simulating every row says.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FleetSummary } from '../../src/metrics/sweep.ts';
import { figureOf, joinCandidates, orderCandidates, packOffers } from '../../src/run/candidates.ts';
import { proveFront } from '../../src/run/front.ts';
import { gatherLegal } from '../../src/run/legal.ts';
import type { Pool } from '../../src/run/pool.ts';
import { fallenIn, openSearch, prove, type Search, tellSearch, worstLeaders } from '../../src/run/prove.ts';
import { refuse, ruleOut, settle } from '../../src/run/settled.ts';
import type { SimulatedRow } from '../../src/run/simulate-row.ts';
import { runs } from '../depth.ts';

/** `spare`: how far the floor of its cost lies below it. */
const anyRow = fc.record({
  scenario: fc.constantFrom('day', 'night'),
  deployment: fc.integer({ min: 0, max: 9 }).map(String),
  met: fc.boolean(),
  cost: fc.integer({ min: 1, max: 40 }),
  spare: fc.integer({ min: 0, max: 6 }),
  devices: fc.integer({ min: 1, max: 12 }),
  fate: fc.constantFrom('run', 'run', 'run', 'run', 'refused', 'ruled'),
  alike: fc.boolean(),
});
type Row = typeof anyRow extends fc.Arbitrary<infer T> ? T : never;
const anyRows = fc.array(anyRow, { minLength: 1, maxLength: 160, size: 'max' });

const figures = ({ met, cost, devices }: Row) =>
  ({
    ...{ slo_met: met, usd_per_hour: cost, devices, output_throughput: 1, power_w: 1, peak_kv_use: 0 },
    ...{ completed: 1, unfinished: 0, ttft: { p99: 1 } },
  }) as unknown as FleetSummary;

function settledOf(row: Row, i: number) {
  if (row.fate === 'refused') return refuse('cannot be');
  if (row.fate === 'ruled') return ruleOut({ row: i, reason: 'late-alone', short: 0.5 });
  const run: SimulatedRow = { result: figures(row), trust: null, workload: '', times: 1 };
  const limits = [row.alike ? -1 : i];
  return settle({ found: run, run, name: 'all', limits, range: { least: limits, most: limits } });
}

/** Hands in the pieces of an order the last one first. */
function poolOf(rows: readonly Row[], order: number[]): Pool {
  return {
    async work(asked, onReport) {
      if (asked.kind !== 'settle') throw new Error(asked.kind);
      const [all, cuts] = [[...asked.rows], [...asked.cuts]];
      order.push(...all);
      for (const [k, index] of [...cuts.entries()].reverse()) {
        const piece = all.slice(index, cuts[k + 1]);
        onReport({ kind: 'settled', index, rows: piece.map((row) => settledOf(rows[row]!, row)) });
      }
    },
    close: async () => undefined,
  };
}

function openInvented(rows: readonly Row[], top: number, most: number, ran: number[] = []): Search {
  return openSearch({
    ...{ pool: poolOf(rows, ran), runs: new Map(), objective: 'usd_per_hour', top, settle: most, watch: {} },
    scenarioOf: (row) => rows[row]!.scenario,
    deploymentOf: (row) => rows[row]!.deployment,
  });
}

function legalOf(rows: readonly Row[], floorOf: (row: Row) => number) {
  const legal = gatherLegal();
  legal.add({ row: Float64Array.from(rows.keys()), floor: Float64Array.from(rows, floorOf) });
  return legal.done();
}
const floorOf = ({ cost, spare }: Row) => cost - spare;
const bySize = (a: number, b: number) => a - b;
const met = (rows: readonly Row[]) => rows.filter(({ fate, met: own }) => fate === 'run' && own);

/** The best `top` costs of different deployments that keep the promise. */
function bestOf(rows: readonly Row[], scenario: string, top: number): number[] {
  const own = met(rows).filter((row) => row.scenario === scenario);
  const names = [...new Set(own.map(({ deployment }) => deployment))];
  const costs = names.map((name) =>
    Math.min(...own.filter(({ deployment }) => deployment === name).map(({ cost }) => cost)),
  );
  return costs.sort(bySize).slice(0, top);
}

test('a proof finds what simulating every row finds, and leaves out only what cannot be better, each row counted once', async () => {
  let [leftOut, waves] = [0, 0];
  await fc.assert(
    fc.asyncProperty(anyRows, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (rows, top, exhaustive) => {
      const ran: number[] = [];
      const search = openInvented(rows, top, 1e6, ran);
      const legal = legalOf(rows, floorOf);
      const proof = await prove(search, legal, exhaustive);
      const told = tellSearch(search, legal, proof, 0.7);
      expect(new Set(ran).size).toBe(ran.length);
      expect(
        [...ran].every((row, i) => i === 0 || i % 32 === 0 || floorOf(rows[ran[i - 1]!]!) <= floorOf(rows[row]!)),
      ).toBe(true);
      const bars = worstLeaders(search);
      let margin = Number.POSITIVE_INFINITY;
      for (const scenario of ['day', 'night']) {
        const best = bestOf(rows, scenario, top);
        expect([...(search.leaders.get(scenario)?.values() ?? [])].sort(bySize).slice(0, top)).toEqual(best);
        expect(bars.get(scenario)).toBe(best.length < top ? undefined : best.at(-1));
      }
      const left = rows.filter((_, i) => !ran.includes(i));
      for (const row of left) {
        const bar = bars.get(row.scenario)!;
        margin = Math.min(margin, (floorOf(row) - bar) / bar);
      }
      if (left.length > 0) expect(margin).toBeGreaterThan(0);
      expect(proof).toEqual({ dearer: rows.length - ran.length, margin, complete: true });
      if (exhaustive) expect(ran).toHaveLength(rows.length);
      const fates = (fate: string) => ran.filter((row) => rows[row]!.fate === fate).length;
      expect([search.results.size, search.refused.size, search.ruled.size]).toEqual(
        ['run', 'refused', 'ruled'].map(fates),
      );
      const alike = ran.filter((row) => rows[row]!.fate === 'run' && rows[row]!.alike).length;
      expect(told).toMatchObject({ equivalent: Math.max(0, alike - 1), dearer: rows.length - ran.length });
      expect(told.proof.tooFew).toBe(fates('ruled') > 0 ? 0.5 : 0.7);
      expect(fallenIn(search)).toHaveLength(fates('refused') + fates('ruled'));
      leftOut += rows.length - ran.length;
      waves += ran.length > 32 ? 1 : 0;
    }),
    { numRuns: runs(80) },
  );
  expect(Math.min(leftOut, waves)).toBeGreaterThan(20);
});

test('leaders that others found before rule out no row that is as good', async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, fc.integer({ min: 1, max: 4 }), fc.nat(160), async (rows, top, cut) => {
      const search = openInvented(rows, top, 1e6);
      const all = legalOf(rows, floorOf);
      const half = (from: number, to?: number) => ({
        ...all,
        row: all.row.slice(from, to),
        floor: all.floor.slice(from, to),
      });
      await prove(search, half(0, cut), false);
      await prove(search, half(cut), false);
      const bars = worstLeaders(search);
      for (const scenario of ['day', 'night']) expect(bars.get(scenario)).toBe(bestOf(rows, scenario, top)[top - 1]);
      const seen = (row: number) => search.results.has(row) || search.refused.has(row) || search.ruled.has(row);
      for (const [i, row] of rows.entries())
        if (!seen(i)) expect(floorOf(row)).toBeGreaterThan(bars.get(row.scenario)!);
    }),
    { numRuns: runs(60) },
  );
});

test('no more rows are run than may be, and what that leaves is no proof', async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, fc.integer({ min: 1, max: 90 }), async (rows, most) => {
      const search = openInvented(rows, 2, most);
      const proof = await prove(search, legalOf(rows, floorOf), true);
      expect(search.results.size + search.refused.size).toBeLessThanOrEqual(most);
      const all = search.results.size + search.refused.size + search.ruled.size === rows.length;
      expect(proof.complete).toBe(all);
    }),
    { numRuns: runs(60) },
  );
});

test('rows that did not fit leave a proof only where the lowest of their floors is above every leader', async () => {
  const row = (cost: number): Row => ({
    ...{ scenario: 'day', deployment: String(cost), met: true, cost, spare: 0, devices: 1, fate: 'run', alike: false },
  });
  const rows = [row(4), row(8)];
  for (const [beyondFloor, margin] of [
    [7, 0],
    [8, 0],
    [10, 0.25],
  ] as const) {
    const search = openInvented(rows, 2, 1e6);
    const proof = await prove(search, { ...legalOf(rows, floorOf), beyond: 3, beyondFloor }, false);
    expect(proof).toEqual({ dearer: 0, margin, complete: margin > 0 });
    expect(tellSearch(search, { ...legalOf(rows, floorOf), beyond: 3, beyondFloor }, proof).dearer).toBe(
      margin > 0 ? 3 : 0,
    );
  }
});

test('a front is that of every row simulated, and what was left out is beaten', async () => {
  let leftOut = 0;
  await fc.assert(
    fc.asyncProperty(anyRows, fc.boolean(), async (rows, less) => {
      const ran: number[] = [];
      const search = openInvented(rows, 1, 1e6, ran);
      const whole = legalOf(rows, ({ devices }) => devices);
      // an objective may have no figure for some rows: they are on no front
      const known = rows.map((_, i) => !less || i % 5 !== 1);
      const some = {
        ...whole,
        row: whole.row.filter((_, i) => known[i]),
        floor: whole.floor.filter((_, i) => known[i]),
      };
      const { front } = await proveFront(search, [
        ['usd_per_hour', legalOf(rows, floorOf)],
        ['devices', some],
      ]);
      const left = known.filter((own, i) => own && !ran.includes(i)).length;
      expect(front).toEqual({ objectives: ['usd_per_hour', 'devices'], beaten: left, complete: true });
      const pointsOf = (of: readonly Row[], scenario: string) => {
        const own = met(of).filter((row) => row.scenario === scenario);
        const beaten = (a: Row) =>
          own.some((b) => b.cost <= a.cost && b.devices <= a.devices && (b.cost < a.cost || b.devices < a.devices));
        return [...new Set(own.filter((row) => !beaten(row)).map(({ cost, devices }) => `${cost} ${devices}`))].sort();
      };
      const those = ran.map((row) => rows[row]!);
      for (const scenario of ['day', 'night'])
        expect(pointsOf(those, scenario)).toEqual(
          pointsOf(
            rows.filter((_, i) => known[i]),
            scenario,
          ),
        );
      leftOut += left;
    }),
    { numRuns: runs(120) },
  );
  expect(leftOut).toBeGreaterThan(100);
});

test('candidates come out of their columns as they went in, the best score first, then the least tension, then the lower row', () => {
  const offer = fc.record({
    row: fc.nat(50),
    group: fc.nat(3),
    score: fc.nat(4),
    tension: fc.nat(2),
    figures: fc.array(fc.nat(99), { minLength: 8, maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(offer, { maxLength: 6 }), { maxLength: 4 }), (parts) => {
      const offers = parts.flat();
      const joined = joinCandidates(parts.map(packOffers));
      expect(joined).toEqual(packOffers(offers));
      expect([...joined.group]).toEqual(offers.map(({ group }) => group));
      const names = ['batch', 'ttft', 'tpot', 'ttftTail', 'tpotTail', 'load', 'served', 'watts'] as const;
      for (const [i, own] of offers.entries())
        expect(names.map((name) => figureOf(joined, i, name))).toEqual(own.figures);
      const best = (a: number, b: number) =>
        offers[a]!.score - offers[b]!.score ||
        offers[a]!.tension - offers[b]!.tension ||
        offers[a]!.row - offers[b]!.row;
      expect([...orderCandidates(joined)]).toEqual([...offers.keys()].sort(best));
    }),
    { numRuns: runs(50) },
  );
});
