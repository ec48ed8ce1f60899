// The reference's step prices against sums worked by hand.
import { describe, expect, test } from 'vitest';
import { GRID_SEQUENCES, GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as layout from '../../assembly/layout/surface.ts';
import { gridPoint, locateOnGrid, priceStep, type StepWork } from '../reference/price.ts';

const chunk = (tokens: number, past: number, completes: boolean) => ({ tokens, past, completes });

test('the linear price', () => {
  const work: StepWork = { chunks: [chunk(3, 2, true)], decodes: 2, context: 10 };
  const price = {
    fixed_s: 1,
    per_new_token_s: 0.5,
    per_prefill_pair_s: 0.25,
    per_sequence_s: 2,
    per_context_token_s: 0.125,
  };
  // 5 tokens; 3*2 + 3*4/2 = 12 pairs; 3 sequences: 1 + 2.5 + 3 + 6 + 1.25
  expect(priceStep(work, price)).toBe(13.75);
});

test('the grid', () => {
  // exact below 32, by 2 up to 64, by 4 up to 128; the ends are 2^18 and 2^13
  expect([31, 32, 33, 47, 48, 49, 64].map(gridPoint)).toEqual([31, 32, 34, 62, 64, 68, 128]);
  expect([GRID_TOKENS - 1, GRID_SEQUENCES - 1].map(gridPoint)).toEqual([262144, 8192]);
  expect(locateOnGrid(31, GRID_TOKENS)).toEqual({ index: 31, frac: 0 });
  expect(locateOnGrid(67, GRID_TOKENS)).toEqual({ index: 48, frac: 0.75 });
  // the last interval is 7,936 to 8,192 and goes on
  expect(locateOnGrid(8192, GRID_SEQUENCES)).toEqual({ index: 159, frac: 1 });
  expect(locateOnGrid(8448, GRID_SEQUENCES)).toEqual({ index: 159, frac: 2 });
});

describe('a surface', () => {
  const surface = drawSurface();

  // G(N) = N, LM(S) = 100 S, APF(n) = 2, APW(n) = 3 + n; knots 0, 10, ..., 70; in B and knot k
  // DA = 1000 B + 5 B k, DECODE = 4000 + 10 B + B k^2. Everything is affine between grid points in B.
  function drawSurface(): Float64Array {
    const drawn = new Float64Array(layout.SURFACE_SIZE);
    drawn[layout.SURFACE_AP_FIXED] = 7;
    drawn[layout.SURFACE_HOST_NORM] = 1;
    for (let i = 0; i < GRID_TOKENS; i++) {
      drawn[layout.SURFACE_G + i] = gridPoint(i);
      drawn[layout.SURFACE_APF + i] = 2;
      drawn[layout.SURFACE_APW + i] = 3 + gridPoint(i);
    }
    for (let k = 0; k < layout.SURFACE_KNOTS; k++) drawn[layout.SURFACE_KNOTS_AT + k] = 10 * k;
    for (let i = 0; i < GRID_SEQUENCES; i++) {
      const batch = gridPoint(i);
      drawn[layout.SURFACE_LM + i] = 100 * batch;
      for (let k = 0; k < layout.SURFACE_KNOTS; k++) {
        drawn[layout.SURFACE_DA + i * layout.SURFACE_KNOTS + k] = 1000 * batch + 5 * batch * k;
        drawn[layout.SURFACE_DECODE + i * layout.SURFACE_KNOTS + k] = 4000 + 10 * batch + batch * k * k;
      }
    }
    return drawn;
  }

  function change(changes: readonly (readonly [number, number])[]): Float64Array {
    const changed = surface.slice();
    for (const [at, value] of changes) changed[at] = value;
    return changed;
  }

  test.each([
    [2, 0, 4020], // the first knot
    [2, 30, 4020 + 2 * 2.5], // x = 15, half way between knots 1 and 2: k^2 = (1 + 4)/2
    [33, 33 * 25, 4330 + 33 * 6.5], // a batch between grid points, x = 25: k^2 = (4 + 9)/2
    [1, 100, 4010 + 49 + 3 * 13], // beyond the last knot the last slope goes on: 36 to 49
  ])('prices a decode-only step of %d over %d', (decodes, context, seconds) => {
    expect(priceStep({ chunks: [], decodes, context }, surface)).toBeCloseTo(seconds, 9);
  });

  const mixed: StepWork = { chunks: [chunk(3, 2, true), chunk(4, 0, false)], decodes: 2, context: 30 };
  // N = 9; S = 3; fixed 7; pairs 12 and 10 at 2 each; DA = 2000 + 5*2*1.5
  const device = 9 + 300 + 7 + 24 + 20 + 2015;

  test('prices a step with chunks', () => {
    expect(priceStep(mixed, surface)).toBe(device);
    expect(priceStep({ ...mixed, decodes: 0, context: 0 }, surface)).toBe(7 + 100 + 7 + 44);
  });

  test('caps the pairs by the window', () => {
    // 3 tokens see min(12, 3*3) = 9 pairs at 3 + 3, 4 tokens min(10, 12) = 10 pairs at 3 + 4
    expect(priceStep(mixed, change([[layout.SURFACE_WINDOW, 3]]))).toBe(device + 54 + 70);
  });

  test('applies the floor above its tokens only', () => {
    const floored = (tokens: number) =>
      change([
        [layout.SURFACE_FLOOR, 100],
        [layout.SURFACE_FLOOR_TOKENS, tokens],
      ]);
    expect(priceStep(mixed, floored(9))).toBe(device);
    expect(priceStep(mixed, floored(8))).toBeCloseTo(Math.sqrt(device ** 2 + 10_000), 9);
  });

  test('adds the host, or lets it overlap', () => {
    const host: [number, number][] = [
      [layout.SURFACE_HOST_STEP, 20],
      [layout.SURFACE_HOST_SEQUENCE, 5], // 2 decodes and 2 chunks
    ];
    expect(priceStep(mixed, change(host))).toBe(device + 40);
    const overlapped = priceStep(mixed, change([...host, [layout.SURFACE_HOST_NORM, 2]]));
    expect(overlapped).toBeCloseTo(Math.sqrt(device ** 2 + 1600), 9);
  });
});
