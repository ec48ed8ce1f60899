// The fit recovers what made the numbers, shrugs off noise and outliers, and never prices more work lower.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FitRow,
  fitLink,
  fitOp,
  joinTimes,
  LARGEST_ETA,
  NORMS,
  type OpPrice,
  percentile,
  priceLink,
  priceRow,
} from '../../src/calibrate/fit.ts';
import { hashText, splitByShape } from '../../src/calibrate/split.ts';

/** Deterministic noise in [-1, 1) from a text. */
const noise = (text: string): number => hashText(text) / 2 ** 31 - 1;

/** Rows of an imaginary GPU on a grid of shapes, with relative noise and a share of broken rows. */
function timeRows(price: OpPrice, spread = 0, broken = 0): FitRow[] {
  const rows: FitRow[] = [];
  for (let m = 1; m <= 16384; m *= 4) {
    for (const n of [512, 1024, 3072, 4096, 8192, 14336]) {
      for (const k of [1024, 4096, 8192]) {
        const row = {
          shape: `${n}x${k}`,
          compute: (2 * m * n * k) / 1e15,
          memory: (m * k + n * k + 2 * m * n) / 3e12,
          activation: { perByte: (m * k) / 3e12, bytes: 1 },
          seconds: 0,
        };
        const name = `${m} ${n} ${k}`;
        const factor = noise(`${name} broken`) < 2 * broken - 1 ? 30 : 1 + spread * noise(name);
        rows.push({ ...row, seconds: priceRow(price, row) * factor });
      }
    }
  }
  return rows;
}

function fitOf(rows: readonly FitRow[]) {
  const fit = fitOp('test', rows);
  if ('path' in fit) throw new Error(fit.received);
  return fit;
}

describe('fitOp', () => {
  it.each(NORMS)('recovers known parameters at p = %s', (p) => {
    const truth = { t0_s: 4e-6, eta_compute: 0.7, eta_memory: 0.85, p };
    const plain = timeRows(truth).map(({ activation: _, ...row }) => row);
    const { price, errors } = fitOf(plain);
    expect(errors.out_median).toBeLessThan(0.01);
    expect(price.p).toBe(p);
    expect(price.t0_s).toBeCloseTo(truth.t0_s, 7);
    expect(Math.abs(price.eta_compute - 0.7)).toBeLessThan(0.02);
    expect(Math.abs(price.eta_memory - 0.85)).toBeLessThan(0.02);
  });

  it('finds that quantising activations costs 16 bytes per element', () => {
    const truth: OpPrice = { t0_s: 6e-6, eta_compute: 0.6, eta_memory: 0.8, p: 2, activation_bytes: 16 };
    expect(fitOf(timeRows(truth, 0.02)).price.activation_bytes).toBe(16);
  });

  it('does not charge for quantisation where there is none', () => {
    const truth: OpPrice = { t0_s: 6e-6, eta_compute: 0.6, eta_memory: 0.8, p: 2 };
    expect(fitOf(timeRows(truth, 0.02)).price.activation_bytes).toBeUndefined();
  });

  it('is not steered by one broken row in twenty', () => {
    const truth: OpPrice = { t0_s: 4e-6, eta_compute: 0.7, eta_memory: 0.85, p: 2 };
    const { price, errors } = fitOf(timeRows(truth, 0.05, 0.05));
    expect(Math.abs(price.eta_compute - 0.7)).toBeLessThan(0.05);
    expect(Math.abs(price.eta_memory - 0.85)).toBeLessThan(0.08);
    expect(errors.out_median).toBeLessThan(0.06);
  });

  it('tells a biased half by its held-out error', () => {
    const truth: OpPrice = { t0_s: 4e-6, eta_compute: 0.7, eta_memory: 0.85, p: 2 };
    const rows = timeRows(truth);
    const held = new Set(splitByShape(rows).held);
    const { errors } = fitOf(rows.map((row) => (held.has(row) ? { ...row, seconds: 2 * row.seconds } : row)));
    expect(errors.in_median).toBeLessThan(0.01);
    expect(errors.out_median).toBeCloseTo(0.5, 1);
  });

  it('gives the same bits twice', () => {
    const rows = timeRows({ t0_s: 4e-6, eta_compute: 0.7, eta_memory: 0.85, p: 4 }, 0.1, 0.02);
    expect(fitOf(rows)).toEqual(fitOf(rows));
  });

  it('refuses too few rows in words', () => {
    expect(fitOp('h100 gemm bf16', timeRows({ t0_s: 1e-6, eta_compute: 1, eta_memory: 1, p: 1 }).slice(0, 11))).toEqual(
      {
        path: 'h100 gemm bf16',
        expected: 'at least 12 usable rows to fit and to judge by',
        received: '11',
      },
    );
  });

  it('keeps efficiencies within (0, 1.2] and prices more work higher (L7)', () => {
    const row = fc.record({
      compute: fc.double({ min: 1e-9, max: 1e-2 }),
      memory: fc.double({ min: 1e-9, max: 1e-2 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), row, row, (seed, a, b) => {
        const rows = Array.from({ length: 24 }, (_, i) => ({
          shape: `${i}`,
          compute: 10 ** (-4 + 2 * noise(`c ${seed} ${i}`)),
          memory: 10 ** (-4 + 2 * noise(`m ${seed} ${i}`)),
          seconds: 10 ** (-4 + 2 * noise(`s ${seed} ${i}`)),
        }));
        const { price } = fitOf(rows);
        for (const eta of [price.eta_compute, price.eta_memory]) {
          expect(eta).toBeGreaterThan(0);
          expect(eta).toBeLessThanOrEqual(LARGEST_ETA);
        }
        const sum = { compute: a.compute + b.compute, memory: a.memory + b.memory };
        const of = (work: typeof sum) => priceRow(price, { ...work, shape: '', seconds: 0 });
        expect(of(sum)).toBeGreaterThanOrEqual(of(a));
      }),
      { numRuns: 15, seed: 7 },
    );
  });
});

describe('fitLink', () => {
  it.each(NORMS)('recovers latency and rate at p = %s', (p) => {
    const truth = { t0_s: 8e-6, rate: 250e9, p };
    const rows = Array.from({ length: 20 }, (_, i) => ({ bytes: 1024 * 2 ** i, seconds: 0 }));
    const fit = fitLink(
      'test',
      rows.map((row) => ({ ...row, seconds: priceLink(truth, row.bytes) })),
    );
    if ('path' in fit) throw new Error(fit.received);
    expect(fit.price.p).toBe(p);
    expect(fit.price.rate / truth.rate).toBeCloseTo(1, 1);
    expect(fit.errors.out_median).toBeLessThan(0.01);
  });
});

describe('the arithmetic of a fit', () => {
  it('joins times as the p-norm does', () => {
    const time = fc.double({ min: 1e-9, max: 1, noNaN: true });
    fc.assert(
      fc.property(time, time, fc.constantFrom(1, 2, 4, 8), (a, b, p) => {
        expect(joinTimes(a, b, p as 1) / (a ** p + b ** p) ** (1 / p)).toBeCloseTo(1, 9);
        expect(joinTimes(a, b, 'inf')).toBe(Math.max(a, b));
      }),
      { seed: 3 },
    );
    expect(joinTimes(0, 0, 4)).toBe(0);
  });

  it('interpolates percentiles between order statistics', () => {
    expect(percentile([1, 2, 3, 5], 0.5)).toBe(2.5);
    expect(percentile([1, 2, 3, 5], 0.9)).toBeCloseTo(4.4, 12);
    expect(percentile([7], 0.9)).toBe(7);
  });

  it('holds out half of the shapes, each whole', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({ shape: `${i % 15}`, at: i }));
    const { fitted, held } = splitByShape(rows);
    const shapes = (part: typeof rows) => new Set(part.map((row) => row.shape));
    expect(shapes(fitted).size).toBe(8);
    expect(shapes(held).size).toBe(7);
    expect([...shapes(held)].filter((shape) => shapes(fitted).has(shape))).toEqual([]);
  });
});
