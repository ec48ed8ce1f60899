// Error bands: how they come from replayed runs, that the shipped ones widen with less trust, and that a user's own replace them.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { Basis } from '../../src/catalog/types.ts';
import { fleetBand, holdsFarEnd, holdsNearEnd, latencyBand, weakestBasis } from '../../src/metrics/error-band.ts';
import { BASES } from '../../src/plan/efficiency.ts';
import type { Prediction } from '../../src/validate/predict.ts';
import type { CrossValidation } from '../../tools/validate/cross-validate.ts';
import { errorBands } from '../../tools/validate/error-bands.ts';
import { writeValidation } from '../../tools/validate/page.ts';

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
}

function prediction({ metric, basis, errorPct, mode = 'closed-loop', quality = 'high', ...more }: Figure): Prediction {
  const { length_spread = '0.8', hardware = 'h100' } = more;
  const cells: Record<string, string> = { mode, length_spread, hardware };
  const row = { metric, quality, derived: more.derived ?? false, cell: (column: string) => cells[column] ?? '' };
  return { row, basis, errorPct, predicted: 1, alternative: null, status: 'ok', note: '' } as unknown as Prediction;
}

const times = (count: number, make: (i: number) => Figure) =>
  Array.from({ length: count }, (_, i) => prediction(make(i)));
const crossed = (predictions: Prediction[]) => ({ by: 'hardware', predictions }) as unknown as CrossValidation;

test('a band is the 90th percentile of measured against predicted, and throughput of whole batches is their time turned over', () => {
  // predicted is twice what was measured: the truth lies 50 % below; half of it: 100 % above
  const rows = [
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: 100 })),
    ...times(20, () => ({ metric: 'tpot_ms', basis: 'measured', errorPct: -50 })),
    ...times(20, () => ({ metric: 'e2e_ms', basis: 'measured', errorPct: -50, mode: 'static-batch' })),
  ];
  const { bands } = errorBands(rows, crossed(rows), 'test');
  expect(bands.measured).toMatchObject({ ttft_pct: 50, tpot_pct: 100, throughput_pct: 50 });
});

test('what is left out: low quality, derived rows, equal requests, and runs with prefill and decode apart', () => {
  const wrong = { metric: 'ttft_ms', basis: 'measured', errorPct: 900 } as const;
  const rows = [
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: 25 })),
    ...times(20, () => ({ ...wrong, quality: 'low' })),
    ...times(20, () => ({ ...wrong, derived: true })),
    ...times(20, () => ({ ...wrong, length_spread: '1' })),
    ...times(20, () => ({ metric: 'ttft_ms', basis: 'measured', errorPct: -75, mode: 'disagg-closed-loop' })),
  ];
  const made = errorBands(rows, crossed(rows), 'test');
  expect(made.bands.measured.ttft_pct).toBe(20);
  expect(made.disaggregated.ttft_pct).toBe(300);
});

test('extrapolated prices take the errors on devices that were left out; less trust is never narrower, too few figures count not', () => {
  const tpot = (basis: Basis, errorPct: number, count = 20) =>
    times(count, () => ({ metric: 'tpot_ms', basis, errorPct }));
  const shipped = [...tpot('measured', -20), ...tpot('extrapolated', 0), ...tpot('datasheet', -80, 3)];
  const strange = [...tpot('measured', -50), ...tpot('extrapolated', -37.5), ...tpot('datasheet', -80, 3)];
  const { bands } = errorBands(shipped, crossed(strange), 'test');
  expect(BASES.map((basis) => bands[basis].tpot_pct)).toEqual([25, 25, 60, 60]);
});

test('without devices left out, prices that rest on little keep the bands of the last time they were, unless they are wider now', () => {
  const tpot = (basis: Basis, errorPct: number) => times(20, () => ({ metric: 'tpot_ms', basis, errorPct }));
  const rows = [...tpot('measured', -20), ...tpot('extrapolated', -20), ...tpot('datasheet', -50)];
  const band = (tpot_pct: number) => ({ ttft_pct: 0, tpot_pct, throughput_pct: 0, power_pct: 0 });
  const least = { measured: band(99), calibrated: band(99), extrapolated: band(60), datasheet: band(70) };
  const { bands } = errorBands(rows, crossed(rows), 'test', least);
  expect(BASES.map((basis) => bands[basis].tpot_pct)).toEqual([25, 25, 60, 100]);
});

test('watts of one device say little of others: the band of power is theirs only where there are two', () => {
  const power = (hardware: string) =>
    times(20, () => ({ metric: 'power_w', basis: 'measured', errorPct: -20, hardware }));
  const one = power('h100');
  const two = [...one, ...power('b200')];
  const width = (rows: Prediction[]) => errorBands(rows, crossed(rows), 'test').bands.measured.power_pct;
  expect([width(one), width(two), width([])]).toEqual([35, 25, 0]);
});

test('a catalog folder of a user replaces the bands, and a wrong one is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mist-bands-'));
  mkdirSync(join(folder, 'validation'));
  const file = join(folder, 'validation', 'error-bands.json');
  const ours = openCatalog().errorBands();
  const own = { ...ours, bands: { ...ours.bands, measured: { ...ours.bands.measured, ttft_pct: 3 } } };
  writeFileSync(file, JSON.stringify(own));
  expect(openCatalog({ folder }).errorBands().bands.measured.ttft_pct).toBe(3);
  writeFileSync(file, JSON.stringify({ ...own, disaggregated: { ttft_pct: -1, tpot_pct: 2 } }));
  expect(() => openCatalog({ folder }).errorBands()).toThrow(/disaggregated.ttft_pct/);
});

test('bands need the errors on devices that were left out', async () => {
  const quiet = { stdout: () => {}, stderr: () => {} };
  const asked = writeValidation(
    ['--error-bands', 'x.json', new URL('../../examples/requests.csv', import.meta.url).pathname],
    quiet,
  );
  await expect(asked).rejects.toThrow('expected hardware among them, for --error-bands');
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

test('a fleet takes the weakest of what each figure rests on, and the wider band where prefill and decode run apart', () => {
  const { bands, disaggregated } = openCatalog().errorBands();
  const parts = { first: 'datasheet', later: 'measured', any: 'datasheet' } as const;
  const together = fleetBand(openCatalog().errorBands(), parts, false);
  expect(together).toEqual({ ...bands.datasheet, tpot_pct: bands.measured.tpot_pct });
  const apart = fleetBand(openCatalog().errorBands(), { first: 'measured', later: 'measured', any: 'measured' }, true);
  expect(apart.ttft_pct).toBe(Math.max(bands.measured.ttft_pct, disaggregated.ttft_pct));
  expect(apart.tpot_pct).toBe(Math.max(bands.measured.tpot_pct, disaggregated.tpot_pct));
});
