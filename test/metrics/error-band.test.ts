// The band around a figure: which one a metric has, what two make together, and when a limit holds at either end.
import { expect, test } from 'vitest';
import type { ErrorBands } from '../../src/catalog/types.ts';
import { fleetBand, holdsFarEnd, holdsNearEnd, latencyBand, weakestBasis } from '../../src/metrics/error-band.ts';

const band = (pct: number) => ({ ttft_pct: pct, tpot_pct: pct + 1, throughput_pct: pct + 2, power_pct: pct + 3 });
const parts = (first: number, whole: number) => ({ ttft: { mean: first }, e2el: { mean: whole } });

test('TTFT has its own band, tokens theirs, and end to end is both by their share of the time', () => {
  expect(latencyBand(band(10), 'ttft', parts(1, 4))).toBe(10);
  expect(latencyBand(band(10), 'tpot', parts(1, 4))).toBe(11);
  expect(latencyBand(band(10), 'itl', parts(1, 4))).toBe(11);
  expect(latencyBand(band(10), 'e2el', parts(1, 4))).toBe(0.25 * 10 + 0.75 * 11);
  expect(latencyBand(band(10), 'e2el', parts(5, 4))).toBe(10);
  expect(latencyBand(band(10), 'e2el', parts(0, 0))).toBe(10);
});

test('a limit holds at the far end of the band, or only at the near one, the limit itself included', () => {
  expect([1, 1.01].map((value) => holdsFarEnd(value, 25, 1.25))).toEqual([true, false]);
  expect([2, 2.01].map((value) => holdsNearEnd(value, 25, 1.5))).toEqual([true, false]);
});

test('the least trustworthy basis counts, whatever the order', () => {
  expect(weakestBasis(['measured', 'extrapolated', 'calibrated'])).toBe('extrapolated');
  expect(weakestBasis(['calibrated', 'measured'])).toBe('calibrated');
  expect(weakestBasis(['measured', 'datasheet'])).toBe('datasheet');
  expect(weakestBasis([])).toBeNull();
});

test('a fleet takes each figure from what it rests on, and no narrower than its regime is', () => {
  const bands: ErrorBands = {
    id: 'x',
    bands: { measured: band(10), calibrated: band(20), extrapolated: band(30), datasheet: band(40) },
    regimes: { apart: { ...band(0), ttft_pct: 25, tpot_pct: 25 }, crowded: band(38) },
    source: 's',
    licence: 'l',
  };
  const rests = { first: 'measured', later: 'extrapolated', any: 'datasheet' } as const;
  const together = { ttft_pct: 10, tpot_pct: 31, throughput_pct: 42, power_pct: 43 };
  expect(fleetBand(bands, rests, 'plain')).toEqual(together);
  expect(fleetBand(bands, rests, 'apart')).toEqual({ ...together, ttft_pct: 25 });
  expect(fleetBand(bands, rests, 'crowded')).toEqual({ ...together, ttft_pct: 38, tpot_pct: 39 });
});
