// Tables of measurements: what a fit misses is found again, empty cells are filled, and a table that does not help is not made.
import { describe, expect, it } from 'vitest';
import type { FitRow, OpPrice } from '../../src/calibrate/fit.ts';
import { priceRow } from '../../src/calibrate/fit.ts';
import { linkTable, tableOf } from '../../src/calibrate/tables.ts';
import { factorAt } from '../../src/plan/op-table.ts';

const PRICE: OpPrice = { t0_s: 5e-6, eta_compute: 0.5, eta_memory: 0.8, p: 2 };
const SIZES = [256, 512, 1024, 2048, 4096];

/** Rows of a GPU whose products cost `factor` times the fit. */
function rowsOf(
  factor: (m: number, n: number, k: number) => number,
  without: (n: number, k: number) => boolean,
): FitRow[] {
  const rows: FitRow[] = [];
  for (let m = 1; m <= 16384; m *= 2) {
    for (const n of SIZES) {
      for (const k of SIZES) {
        const work = { shape: `${n}x${k}`, compute: (2 * m * n * k) / 1e15, memory: (2 * (n * k + m * n)) / 3e12 };
        const row = { ...work, cell: { layer: [], at: [m, n, k] }, seconds: 0 };
        if (!without(n, k)) rows.push({ ...row, seconds: priceRow(PRICE, row) * factor(m, n, k) });
      }
    }
  }
  return rows;
}

const none = () => false;

describe('tableOf', () => {
  it('holds what the fit misses, cell by cell, and says how well it predicts shapes held out', () => {
    const factor = (m: number, n: number) => (m < 100 ? 0.8 : 1.5) * (1 + n / 1e5);
    const table = tableOf('gemm', 'bf16', rowsOf(factor, none), PRICE, 0.3)!;
    expect(table.axes.map((axis) => axis.length)).toEqual([15, 5, 5]);
    for (const [m, n, k] of [
      [1, 256, 4096],
      [64, 4096, 512],
      [4096, 1024, 1024],
    ])
      expect(factorAt(table, 0, [m, n, k]) / factor(m, n)).toBeCloseTo(1, 2);
    expect(table.error_out).toBeLessThan(0.03);
  });

  it('fills cells that were not timed from those around them', () => {
    const missing = (n: number, k: number) => n === 1024 && k === 1024;
    const table = tableOf(
      'gemm',
      'bf16',
      rowsOf(() => 1.3, missing),
      PRICE,
      0.3,
    )!;
    expect(factorAt(table, 0, [64, 1024, 1024])).toBeCloseTo(1.3, 3);
  });

  it('fills them along the sizes that change least: from matrices as wide, not from the next width', () => {
    // a factor that doubles with every octave of n and hardly changes with k
    const factor = (_: number, n: number, k: number) => (n / 1024) * (1 + Math.log2(k) / 100);
    const missing = (n: number, k: number) => n === 1024 && (k === 1024 || k === 2048);
    const table = tableOf('gemm', 'bf16', rowsOf(factor, missing), PRICE, 0.9)!;
    for (const k of [1024, 2048]) expect(factorAt(table, 0, [64, 1024, k]) / factor(64, 1024, k)).toBeCloseTo(1, 1);
    // beyond the last cell that was timed the fit pulls: one octave out it is nearer to 1 than the neighbour
    const edge = tableOf(
      'gemm',
      'bf16',
      rowsOf(factor, (n, k) => n === 4096 && k === 4096),
      PRICE,
      0.9,
    )!;
    expect(factorAt(edge, 0, [64, 4096, 4096])).toBeGreaterThan(3);
  });

  it('is not made where the fit alone predicts held-out shapes as well, nor of a few rows', () => {
    expect(
      tableOf(
        'gemm',
        'bf16',
        rowsOf(() => 1, none),
        PRICE,
        0,
      ),
    ).toBe(null);
    expect(tableOf('gemm', 'bf16', rowsOf(() => 2, none).slice(0, 150), PRICE, 1)).toBe(null);
    const placeless = rowsOf(() => 2, none).map(({ cell: _, ...row }) => row);
    expect(tableOf('gemm', 'bf16', placeless, PRICE, 1)).toBe(null);
  });

  it('keeps layers of experts apart', () => {
    const layers = [
      [8, 2, 4096, 1024, 1],
      [128, 8, 2048, 768, 1],
    ];
    const rows = layers.flatMap((layer, l) =>
      Array.from({ length: 120 }, (_, i): FitRow => {
        const row = { shape: `${l} ${i % 9}`, compute: i * 1e-7, memory: 1e-5, seconds: 0 };
        return { ...row, cell: { layer, at: [i + 1] }, seconds: priceRow(PRICE, row) * (l === 0 ? 0.7 : 1.6) };
      }),
    );
    const table = tableOf('moe', 'bf16', rows, PRICE, 0.4)!;
    expect(table.layers).toEqual(layers);
    expect([factorAt(table, 0, [50]), factorAt(table, 1, [50])]).toEqual([0.7, 1.6]);
  });

  it('charges prompts of one step for one launch: factors are of what comes beyond it', () => {
    const rows = rowsOf(() => 1, none).map((row) => ({
      ...row,
      cell: { layer: [], at: row.cell!.at },
      seconds: PRICE.t0_s + 2 * (priceRow(PRICE, row) - PRICE.t0_s),
    }));
    const table = tableOf('attention-prefill', 'bf16', rows, PRICE, 0.4)!;
    expect(factorAt(table, 0, [1, 256, 256])).toBeCloseTo(2, 2);
  });
});

describe('linkTable', () => {
  it('keeps two sizes an octave at most, each as measured over fitted', () => {
    const price = { t0_s: 1e-5, rate: 1e11, p: 1 } as const;
    const rows = [4000, 4100, 8000, 2 ** 20].map((bytes) => ({ bytes, seconds: 2 * (1e-5 + bytes / 1e11) }));
    expect(linkTable(rows, price)).toEqual({ bytes: [4000, 8000, 2 ** 20], permille: [2000, 2000, 2000] });
  });
});
