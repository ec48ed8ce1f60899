// Results of a run: definitions on rows worked out by hand, and the laws that hold for any columns.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { STATE_REJECTED_KV, STATE_UNFINISHED } from '../../assembly/layout/enums.ts';
import { achieved } from '../../src/metrics/limits.ts';
import { countGood, peakOutputThroughput } from '../../src/metrics/requests.ts';
import type { Slo } from '../../src/spec/types.ts';
import { type Columns, fromRows, poisson, serve } from './columns.ts';
import { makeRunResult, type RunInput } from './lone-pool.ts';

const slo = (metric: Slo['metric'], limit: number, percentile: Slo['percentile'] = 'p99'): Slo => ({
  metric,
  percentile,
  limit,
});

function input(columns: Columns, more: Partial<RunInput> = {}): RunInput {
  return {
    requests: columns.requests,
    results: columns.results,
    counters: {
      steps: 10,
      busySeconds: 3,
      runningSeconds: 6,
      peakBlocks: 25,
      preemptions: 2,
      newTokens: 1000,
      pairs: 5000,
      contextTokens: 2000,
      itlHistogram: { edges: Float64Array.of(0, 1, 2), weights: Float64Array.of(9, 1) },
    },
    energy: { perStep: 1, perToken: 0.5, perPair: 0.001, perContext: 0.01, idleW: 100 },
    usdPerDeviceHour: 3.6,
    devices: 4,
    replicas: 2,
    numGpuBlocks: 100,
    slo: [],
    ...more,
  };
}

// Two requests: TTFT 0.5 and 1, TPOT (3.5-1)... by hand: first has 11 tokens over 2 s, second 5 tokens over 2 s.
const two = fromRows([
  [1, 1.5, 3.5, 11],
  [2, 3, 5, 5],
]);

test('each figure by its definition', () => {
  const result = makeRunResult(input(two));
  expect(result.duration).toBe(4);
  expect(result.ttft.mean).toBe(0.75);
  expect(result.tpot.mean).toBeCloseTo((0.2 + 0.5) / 2, 12);
  expect(result.itl.mean).toBeCloseTo(4 / 14, 12); // pooled gaps: not the mean of the TPOTs
  expect(result.e2el.max).toBe(3);
  expect(result.completed).toBe(2);
  expect(result.request_throughput).toBe(0.5);
  expect(result.output_throughput).toBe(4);
  expect(result.total_token_throughput).toBe(54);
  expect(result.utilisation).toBe(3 / 8);
  expect(result.mean_batch).toBe(2);
  expect(result.peak_kv_use).toBe(0.25);
  expect(result.energy_j).toBe(100 * 2 * 4 + 10 + 500 + 5 + 20);
  expect(result.power_w).toBe(result.energy_j / 4);
  expect(result.joules_per_token).toBe(result.energy_j / 16);
  expect(result.usd_per_hour).toBe(14.4);
  expect(result.usd_per_million_tokens).toBeCloseTo(1000, 9); // 0.004 USD/s at 4 tok/s
  expect(result.request_goodput).toBeNaN();
  // two requests tell nothing of whether it keeps up
  expect(result.verdict).toBe('too-short');
  expect(result.slo_met).toBe(false);
});

test('what is unknown stays unknown', () => {
  const result = makeRunResult(input(two, { energy: null, usdPerDeviceHour: Number.NaN, numGpuBlocks: 0 }));
  for (const field of ['energy_j', 'power_w', 'usd_per_hour', 'usd_per_million_tokens', 'peak_kv_use'] as const) {
    expect(result[field]).toBeNaN();
  }
});

test('goodput counts requests that meet every limit; a missing TPOT is met, ITL has none per request', () => {
  const latencies = { ttft: Float64Array.of(0.5, 1), tpot: Float64Array.of(0.2, 0.5), e2el: Float64Array.of(2.5, 3) };
  expect(countGood(latencies, [slo('ttft', 1)])).toBe(2);
  expect(countGood(latencies, [slo('ttft', 1), slo('tpot', 0.3)])).toBe(1);
  expect(countGood(latencies, [slo('ttft', 2, 'p50'), slo('ttft', 0.5, 'p99')])).toBe(1);
  expect(countGood(latencies, [slo('itl', 1)])).toBe(-1);
  const oneToken = { ttft: Float64Array.of(1), tpot: Float64Array.of(Number.NaN), e2el: Float64Array.of(1) };
  expect(countGood(oneToken, [slo('tpot', 0.01)])).toBe(1);
  const result = makeRunResult(input(two, { slo: [slo('tpot', 0.3)] }));
  expect(result.request_goodput).toBe(0.25);
  expect(result.good_fraction).toBe(0.5);
});

test('the promise: limits at their percentiles, nothing lost, not overloaded', () => {
  // the two again and again, one at a time
  const many = fromRows(
    Array.from({ length: 400 }, (_, i) => {
      const at = 8 * i;
      return i % 2 ? ([at, at + 0.5, at + 2.5, 11] as const) : ([at, at + 1, at + 3, 5] as const);
    }),
  );
  const met = (limits: Slo[], columns = many) => makeRunResult(input(columns, { slo: limits })).slo_met;
  expect(met([slo('ttft', 0.75, 'mean'), slo('e2el', 3, 'p99.9')])).toBe(true);
  expect(met([slo('ttft', 0.74, 'mean')])).toBe(false);
  expect(met([slo('itl', 1.5, 'p90')])).toBe(true);
  expect(achieved(makeRunResult(input(two)), slo('ttft', 1, 'p50'))).toBe(0.75);
  const state = many.results.state.map((one, i) => (i === 7 ? STATE_REJECTED_KV : one));
  expect(met([], { ...many, results: { ...many.results, state } })).toBe(false);
  const overloaded = serve(poisson(4000, 15), 1, 0.1, 0, 1);
  expect(makeRunResult(input(overloaded)).verdict).toBe('overloaded');
  expect(met([slo('ttft', 1e9)], overloaded)).toBe(false);
});

test('L1: terminal states add up; L11: energy and cost, for any columns', () => {
  const row = fc.tuple(
    fc.double({ min: 0, max: 100, noNaN: true }),
    fc.double({ min: 1e-3, max: 10, noNaN: true }),
    fc.double({ min: 1e-3, max: 10, noNaN: true }),
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 0, max: 4 }),
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
      const columns = fromRows(rows.map(([a, f, d, n]) => [a, a + f, n === 1 ? a + f : a + f + d, n] as const));
      rows.forEach((r, i) => {
        columns.results.state[i] = r[4];
      });
      const result = makeRunResult(input(columns));
      expect(result.completed + result.rejected_kv + result.rejected_length + result.unfinished).toBe(rows.length);
      expect(result.energy_j).toBeGreaterThanOrEqual(200 * result.duration);
      expect(result.max_concurrent_requests).toBeLessThanOrEqual(result.completed);
      if (result.completed > 0) {
        const usd = (result.usd_per_million_tokens * result.total_output_tokens) / 1e6;
        expect(usd).toBeCloseTo((3.6 * 4 * result.duration) / 3600, 9);
      }
    }),
    { seed: 3 },
  );
});

test('peak output throughput is that of the busiest second, and spreads every token once', () => {
  const steady = fromRows([[0, 0, 10, 101]]); // 1 token at 0, then 10 per second
  expect(peakOutputThroughput(steady.requests, steady.results, 0, 10)).toBeCloseTo(11, 9);
  const both = fromRows([
    [0, 0.25, 0.75, 6],
    [0, 3.5, 5.5, 41],
  ]);
  expect(peakOutputThroughput(both.requests, both.results, 0, 5.5)).toBeCloseTo(20, 9); // second 4: whole, 20 per second
});

test('a run cut short ends at the clock of the engine', () => {
  const cut = {
    ...two,
    results: { ...two.results, state: Int32Array.of(1, STATE_UNFINISHED), finish: Float64Array.of(3.5, Number.NaN) },
  };
  const base = input(cut);
  const result = makeRunResult({ ...base, counters: { ...base.counters, clock: 9 } });
  expect(result.duration).toBe(8);
  expect(result.unfinished).toBe(1);
  expect(result.slo_met).toBe(false);
});
