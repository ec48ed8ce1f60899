// What an engine version did slower than the timings: kernels nobody had tuned for a vendor, all-reduces that gathered.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { ExchangeRate, Rate } from '../../src/plan/efficiency.ts';
import { hostOf, profileFor } from '../../src/plan/engine-host.ts';
import { gatherLarge, slowExchange, slowRate } from '../../src/plan/maturity.ts';
import { readCurve } from '../../src/plan/op-table.ts';
import { DEVICE } from './fixtures.ts';

const UNTUNED = { untuned: [{ vendor: 'AMD', gemm_compute: 1.5, attention: 2, moe: 3, hops: 4 }] };
const AMD = { ...DEVICE, vendor: 'AMD' };
const RATE: Rate = {
  t0: 1,
  perFlop: 2,
  perByte: 3,
  p: 1,
  activationBytes: null,
  table: null,
  basis: 'calibrated',
  from: '',
  error: null,
};

describe('untuned kernels', () => {
  it('slow matrix products where they compute, all else but small kernels as a whole, launches never', () => {
    const of = (family: Parameters<typeof slowRate>[1]) => {
      const { t0, perFlop, perByte } = slowRate(RATE, family, UNTUNED, AMD);
      return [t0, perFlop, perByte];
    };
    expect(of('gemm')).toEqual([1, 3, 3]);
    expect(of('attention-decode')).toEqual([1, 4, 6]);
    expect(of('moe')).toEqual([1, 6, 9]);
    expect(of('elementwise')).toEqual([1, 2, 3]);
    expect(slowRate(RATE, 'moe', UNTUNED, DEVICE)).toBe(RATE);
    expect(slowRate(RATE, 'moe', {}, AMD)).toBe(RATE);
  });

  it('slow the start of exchanges, not their bytes', () => {
    const links = { inside: 8, across: 1, hopIn: 1, byteIn: 1, hopOut: 2, byteOut: 1 };
    const fit = { t0: 5, perByte: 1, p: 1 } as const;
    const exchange: ExchangeRate = { ...links, table: null, fit, basis: 'calibrated', from: '', error: null };
    expect(slowExchange(exchange, UNTUNED, AMD)).toMatchObject({
      hopIn: 4,
      byteIn: 1,
      hopOut: 8,
      fit: { t0: 20, perByte: 1 },
    });
    expect(slowExchange(exchange, UNTUNED, DEVICE)).toBe(exchange);
  });
});

describe('gatherLarge', () => {
  const plain = (bytes: number) => 1e-5 + bytes / 2e11;
  const curve = gatherLarge(null, plain, 2 ** 26, 7, 4.5e11);

  it('leaves small messages alone and brings all large ones everywhere', () => {
    expect(readCurve(curve, 2 ** 20)).toBeCloseTo(plain(2 ** 20), 9);
    expect(readCurve(curve, 2 ** 26 - 1)).toBeCloseTo(plain(2 ** 26 - 1), 9);
    expect(readCurve(curve, 2 ** 26)).toBeCloseTo((7 * 2 ** 26) / 4.5e11, 9);
    expect(readCurve(curve, 2 ** 35)).toBeCloseTo((7 * 2 ** 35) / 4.5e11, 3);
  });

  it('never takes less than before, nor less for more (L7)', () => {
    const cheap = gatherLarge(null, plain, 2 ** 26, 1, 4.5e11);
    expect(readCurve(cheap, 2 ** 28)).toBeCloseTo(plain(2 ** 28), 6);
    for (let bytes = 1024; bytes < 2 ** 36; bytes *= 1.3)
      expect(readCurve(curve, bytes * 1.3)).toBeGreaterThanOrEqual(readCurve(curve, bytes));
  });
});

describe('the host of models with states', () => {
  const catalog = openCatalog();
  const [hybrid, plain] = ['qwen3.5-397b-a17b', 'qwen3-32b'].map((id) => catalog.model(id));

  it('is apart where the engine cannot run ahead of the device for them, and for them only', () => {
    const before = catalog.engine('sglang-0.5.9');
    expect(hostOf(before, hybrid).step_s).toBeGreaterThan(0.001);
    expect(hostOf(before, plain)).toBe(before.host);
    const since = catalog.engine('sglang-0.5.10');
    expect(hostOf(since, hybrid)).toBe(since.host);
  });

  it('is the host of an engine that serves such a model alone', () => {
    const before = catalog.engine('sglang-0.5.9');
    const alone = profileFor(before, hybrid);
    expect(alone).not.toHaveProperty('state_host');
    expect([alone.host, profileFor(before, plain).host]).toEqual([before.state_host, before.host]);
  });
});
