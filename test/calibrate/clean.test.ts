// Cleaning: the fastest repeat counts, and a shape never costs more than a larger one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanRows } from '../../src/calibrate/clean.ts';
import { bestLinks } from '../../src/calibrate/libraries.ts';
import type { LinkSeries } from '../../src/calibrate/measurement.ts';

const row = (axes: number[], seconds: number, fixed = '') => ({ fixed, axes, seconds, shape: '', flops: 1, bytes: 1 });

describe('cleanRows', () => {
  it('keeps the fastest repeat and leaves other layouts alone', () => {
    const rows = cleanRows([row([1, 1], 5), row([1, 1], 3), row([1, 1], 1, 'other')]);
    expect(rows.map((r) => [r.fixed, r.seconds])).toEqual([
      ['', 3],
      ['other', 1],
    ]);
  });

  it('is monotone in every axis of a full grid, never raises a time, and keeps the least', () => {
    const time = fc.double({ min: 1e-6, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(time, { minLength: 27, maxLength: 27 }), (times) => {
        const rows = times.map((t, i) => row([i % 3, Math.floor(i / 3) % 3, Math.floor(i / 9)], t));
        const cleaned = cleanRows(rows);
        for (const [i, a] of cleaned.entries()) {
          expect(a.seconds).toBeLessThanOrEqual(rows[i].seconds);
          for (const b of cleaned) {
            if (a.axes.every((x, axis) => x <= b.axes[axis])) expect(a.seconds).toBeLessThanOrEqual(b.seconds);
          }
        }
        expect(Math.min(...cleaned.map((r) => r.seconds))).toBe(Math.min(...times));
      }),
      { numRuns: 30, seed: 5 },
    );
  });
});

describe('bestLinks', () => {
  const series = (library: string, us: number): LinkSeries => ({
    device: 'x',
    op: 'all-reduce',
    devices: 8,
    library,
    layout: 'aiconfigurator',
    rows: [8192, 2 ** 20].map((bytes) => ({ bytes, seconds: us * 1e-6 })),
  });

  it('takes the captured kernel and whatever general library is faster, never the eager kernel', () => {
    const all = [series('v_vLLM_custom_eager', 1), series('v_vLLM_custom_graph', 6), series('nccl-2.9.9', 2)];
    const [group] = bestLinks([...all, series('nccl-2.27.3', 5)]);
    expect(group.libraries).toBe('v_vLLM_custom_graph + nccl-2.9.9 + nccl-2.27.3');
    expect(group.rows.map((r) => Math.round(r.seconds * 1e6))).toEqual([2, 2]);
  });

  it('leaves out groups of a machine whose cards cannot reach each other', () => {
    const of = (device: string, devices: number) => ({ ...series('nccl-2.27.3', 5), device, devices });
    const groups = bestLinks([of('l40s', 2), of('l40s', 4), of('l40s', 8), of('x', 8)]);
    expect(groups.map(({ device, devices }) => `${device} ${devices}`)).toEqual(['l40s 2', 'x 8']);
  });

  it('counts DeepEP among what any engine has, and takes it where it is faster', () => {
    const [group] = bestLinks([series('nccl-2.27.3', 6), series('deepep', 3)]);
    expect([group.libraries, group.rows.map((r) => Math.round(r.seconds * 1e6))]).toEqual([
      'nccl-2.27.3 + deepep',
      [3, 3],
    ]);
  });

  it("keeps TensorRT-LLM's own kernels apart from what any engine has", () => {
    const groups = bestLinks([series('v_vLLM_custom_graph', 6), series('trtllm-1.0.0-TRTLLM', 3)]);
    expect(groups.map((group) => [group.library, group.libraries])).toEqual([
      [undefined, 'v_vLLM_custom_graph'],
      ['trtllm', 'trtllm-1.0.0-TRTLLM'],
    ]);
  });
});
