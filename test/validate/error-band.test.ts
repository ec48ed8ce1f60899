// Error bands: how they come from replayed runs, that the shipped ones widen with less trust, and that a user's own replace them.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { Basis } from '../../src/catalog/types.ts';
import { fleetBand, holdsFarEnd, holdsNearEnd, latencyBand, weakestBasis } from '../../src/metrics/error-band.ts';
import type { Regime } from '../../src/metrics/regime.ts';
import { BASES } from '../../src/plan/efficiency.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import { errorBands, heldLeftOut } from '../../tools/validate/error-bands.ts';

const KEYS = ['ttft_pct', 'tpot_pct', 'throughput_pct', 'power_pct'] as const;

test('the bands that ship widen from measured to datasheet', () => {
  const { bands } = openCatalog().errorBands();
  for (const key of KEYS) {
    const widths = BASES.map((basis) => bands[basis][key]);
    expect(widths).toEqual([...widths].sort((a, b) => a - b));
    expect(widths[0]).toBeGreaterThan(0);
  }
});

interface Figure {
  readonly metric: string;
  readonly basis: Basis;
  readonly errorPct: number;
  readonly mode?: string;
  readonly quality?: string;
  readonly derived?: boolean;
  readonly length_spread?: string;
  readonly hardware?: string;
  readonly regime?: Regime;
  readonly source?: string;
}

function prediction({ metric, basis, errorPct, mode = 'closed-loop', quality = 'high', ...more }: Figure): Prediction {
  const { length_spread = '0.8', hardware = 'h100', regime = 'plain', source = 'a' } = more;
  const cells: Record<string, string> = { mode, length_spread, hardware };
  const row = {
    metric,
    quality,
    source,
    derived: more.derived ?? false,
    cell: (column: string) => cells[column] ?? '',
  };
  return {
    row,
    basis,
    regime,
    errorPct,
    predicted: 1,
    alternative: null,
    status: 'ok',
    note: '',
  } as unknown as Prediction;
}

const times = (count: number, make: (i: number) => Figure) =>
  Array.from({ length: count }, (_, i) => prediction(make(i)));

test('a band is a percentile of measured against predicted', () => {
  // predicted is twice what was measured: the truth lies 50 % below; half of it: 100 % above
  const rows = [
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: 100 })),
    ...times(20, () => ({ metric: 'tpot_ms', basis: 'measured', errorPct: -50 })),
    ...times(20, () => ({ metric: 'e2e_ms', basis: 'measured', errorPct: -50, mode: 'static-batch' })),
    ...times(20, () => ({ metric: 'output_tokens_per_s', basis: 'measured', errorPct: 100 })),
  ];
  const { bands } = errorBands(rows, 'test');
  expect(bands.measured).toMatchObject({ ttft_pct: 50, tpot_pct: 100, throughput_pct: 50 });
});

test('what is left out: low quality, derived rows, equal requests, and runs in another regime', () => {
  const wrong = { metric: 'ttft_ms', basis: 'measured', errorPct: 900 } as const;
  const rows = [
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: 25 })),
    ...times(20, () => ({ ...wrong, quality: 'low' })),
    ...times(20, () => ({ ...wrong, derived: true })),
    ...times(20, () => ({ ...wrong, length_spread: '1' })),
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: -75, regime: 'apart' })),
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: -50, regime: 'crowded' })),
  ];
  const made = errorBands(rows, 'test');
  expect(made.bands.measured.ttft_pct).toBe(20);
  expect([made.regimes.apart.ttft_pct, made.regimes.crowded.ttft_pct]).toEqual([300, 100]);
});

test('less trust is never narrower; too few figures count not, in a basis or in a regime', () => {
  const tpot = (basis: Basis, errorPct: number, count = 20, more: Partial<Figure> = {}) =>
    times(count, () => ({ metric: 'tpot_ms', basis, errorPct, ...more }));
  const rows = [...tpot('measured', -50), ...tpot('extrapolated', -20), ...tpot('datasheet', -80, 3)];
  const { bands, regimes } = errorBands([...rows, ...tpot('measured', -90, 3, { regime: 'crowded' })], 'test');
  expect(BASES.map((basis) => bands[basis].tpot_pct)).toEqual([100, 100, 100, 100]);
  expect(regimes.crowded.tpot_pct).toBe(100);
});

test('the level is the first at which bands that were learnt without a source hold nine of ten of all figures left out', () => {
  // two sources of 100 figures each: off by 1 to 100 %, and the same but one figure in ten that is off by 300 %
  const ramp = (source: string, least: number) =>
    times(100, (i) => ({
      metric: 'tpot_ms',
      basis: 'measured',
      errorPct: -100 * (1 - 1 / (1 + (i + least) / 100)),
      source,
    }));
  const alike = [...ramp('a', 1), ...ramp('b', 1)];
  expect(errorBands(alike, 'test').bands.measured.tpot_pct).toBe(91); // the 90th percentile of both
  const apart = [...ramp('a', 1), ...ramp('b', 5)];
  // learnt on `a` alone at level 90, the band holds 86 of `b`, and 95 of `a` the other way round: 181 of 200, enough
  expect(errorBands(apart, 'test').bands.measured.tpot_pct).toBe(93);
  // of a source that is 30 % further off than two others, the band of these at level 90 holds 61 of 100: 261 of 300 are too few
  const far = [...ramp('a', 1), ...ramp('b', 1), ...ramp('c', 31)];
  expect(errorBands(far, 'test').bands.measured.tpot_pct).toBeGreaterThan(115); // 103 at level 90
  const held = [...heldLeftOut(far)].filter(([, isHeld]) => !isHeld).map(([{ row }]) => row.source);
  expect(new Set(held)).toEqual(new Set(['c']));
  expect(held.length).toBeGreaterThan(30);
});

test('watts of one device say little of others: the band of power is theirs only where there are two', () => {
  const power = (hardware: string) =>
    times(20, () => ({ metric: 'power_w', basis: 'measured', errorPct: -20, hardware }));
  const one = power('h100');
  const two = [...one, ...power('b200')];
  const width = (rows: Prediction[]) => errorBands(rows, 'test').bands.measured.power_pct;
  expect([width(one), width(two), width([])]).toEqual([35, 25, 100]);
});

test('a catalog folder of a user replaces the bands, and a wrong one is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mist-bands-'));
  mkdirSync(join(folder, 'validation'));
  const file = join(folder, 'validation', 'error-bands.json');
  const ours = openCatalog().errorBands();
  const own = { ...ours, bands: { ...ours.bands, measured: { ...ours.bands.measured, ttft_pct: 3 } } };
  writeFileSync(file, JSON.stringify(own));
  expect(openCatalog({ folder }).errorBands().bands.measured.ttft_pct).toBe(3);
  writeFileSync(
    file,
    JSON.stringify({ ...own, regimes: { ...own.regimes, apart: { ...own.regimes.apart, ttft_pct: -1 } } }),
  );
  expect(() => openCatalog({ folder }).errorBands()).toThrow(/regimes.apart.ttft_pct/);
});

test('which band a latency has, and what it leaves open', () => {
  const band = { ttft_pct: 50, tpot_pct: 10, throughput_pct: 20, power_pct: 30 };
  const run = { ttft: { mean: 1 }, e2el: { mean: 4 } };
  expect((['ttft', 'tpot', 'itl', 'e2el'] as const).map((metric) => latencyBand(band, metric, run))).toEqual([
    50, 10, 10, 20,
  ]);
  expect([holdsFarEnd(100, 20, 120), holdsFarEnd(101, 20, 120)]).toEqual([true, false]);
  expect([holdsNearEnd(150, 20, 120), holdsNearEnd(151, 20, 120)]).toEqual([true, false]);
  expect(weakestBasis(['measured', 'extrapolated', 'calibrated'])).toBe('extrapolated');
  expect(weakestBasis([])).toBeNull();
});

test('a fleet takes the weakest of what each figure rests on, and the wider band where its regime has one', () => {
  const shipped = openCatalog().errorBands();
  const { bands, regimes } = shipped;
  const parts = { first: 'datasheet', later: 'measured', any: 'datasheet' } as const;
  expect(fleetBand(shipped, parts, 'plain')).toEqual({ ...bands.datasheet, tpot_pct: bands.measured.tpot_pct });
  const apart = fleetBand(shipped, { first: 'measured', later: 'measured', any: 'measured' }, 'apart');
  for (const key of KEYS) expect(apart[key]).toBe(Math.max(bands.measured[key], regimes.apart[key]));
});
