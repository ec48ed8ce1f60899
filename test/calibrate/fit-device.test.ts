// The work of a timed kernel, which rows a fit rests on, and what known traps of timings are replaced by.
import { describe, expect, it } from 'vitest';
import { fitAll } from '../../src/calibrate/fit-device.ts';
import type { Device } from '../../src/calibrate/measurement.ts';
import { mendBlockScaled, mendExperts, mendTables } from '../../src/calibrate/rules.ts';
import { decodeWork, gemmWork, moeWork, prefillWork } from '../../src/calibrate/work.ts';
import type { OpFit, OpTable } from '../../src/catalog/types.ts';

describe('the work of a kernel', () => {
  it('is 2mnk FLOPs and three matrices of a GEMM', () => {
    expect(gemmWork(3, 5, 7, 'bf16')).toEqual({ flops: 210, bytes: 2 * (21 + 35 + 15) });
    expect(gemmWork(3, 5, 7, 'fp8')).toEqual({ flops: 210, bytes: 21 + 35 + 30, activations: 21 });
  });

  it('counts causal pairs, cached bytes and the experts really touched', () => {
    const at = { heads: 8, kvHeads: 2, headDim: 64, kv: 'bf16' } as const;
    expect(prefillWork(2, 10, 5, at).flops).toBe(4 * 2 * (50 + 55) * 8 * 64);
    expect(prefillWork(2, 10, 5, at).bytes).toBe(2 * (15 * 2 * 2 * 64 * 2 + 10 * 4 * 8 * 64));
    expect(decodeWork(3, 100, at).bytes).toBe(3 * (100 * 2 * 2 * 64 * 2 + 4 * 8 * 64));
    const experts = { hidden: 64, intermediate: 32, topK: 2, experts: 8, tp: 1, ep: 1, format: 'bf16' } as const;
    expect(moeWork(1, experts).flops).toBe(2 * 2 * 3 * 64 * 32);
    const few = moeWork(4, { ...experts, touched: 2 }).bytes;
    expect(moeWork(4, { ...experts, touched: 5 }).bytes - few).toBeCloseTo(3 * 3 * 64 * 32 * 2, 6);
    // half the width per device, all pairs
    expect(moeWork(4, { ...experts, tp: 2 }).flops).toBe(moeWork(4, experts).flops / 2);
  });
});

describe('fitting a device', () => {
  const device: Device = {
    id: 'x',
    vendor: 'NVIDIA',
    kind: 'gpu',
    generation: 'x',
    peak: { bf16: 1e15 },
    memory_bandwidth: 1e12,
    scale_up: { bandwidth: 1e11, domain: 8 },
  };
  const rows = Array.from({ length: 40 }, (_, i) => {
    const bytes = 1e6 * 1.3 ** i;
    return { fixed: `${i}`, axes: [1], shape: `${i}`, flops: bytes, bytes, seconds: 5e-6 + bytes / 0.8e12 };
  });
  const fitRows = (all: typeof rows) => {
    const series = { device: 'x', family: 'gemm', format: 'bf16', layout: 'vidur', rows: all } as const;
    return fitAll({ ops: [series], links: [], notes: [] }, new Map([['x', device]]), []);
  };

  it('sets aside rows that only a cache could serve', () => {
    const hot = rows.map((row) => ({
      ...row,
      fixed: `hot ${row.fixed}`,
      shape: `hot ${row.shape}`,
      seconds: row.bytes / 3e12,
    }));
    const { ops, notes } = fitRows([...rows, ...hot]);
    expect(ops[0].errors.rows).toBe(40);
    expect(ops[0].price.eta_memory).toBeCloseTo(0.8, 2);
    expect(notes[0]).toContain('40 rows beat the roofline by more than 1.2x');
  });

  it('does not use a fit that misses most held-out shapes', () => {
    const wild = rows.map((row, i) => ({ ...row, seconds: row.seconds * (i % 2 === 0 ? 1 : 20) }));
    const { ops, notes } = fitRows(wild);
    expect(ops).toEqual([]);
    expect(notes[0]).toMatch(/misses held-out shapes by \d+ % in the median, not used/);
  });
});

describe('known traps', () => {
  const fp8: OpFit = {
    family: 'gemm',
    format: 'fp8',
    t0_s: 5e-6,
    eta_compute: 0.6,
    eta_memory: 0.8,
    p: 2,
    basis: 'calibrated',
  };

  it('replace a launch-bound fp8-block table by 1.08 x fp8, and only such a one', () => {
    const slow: OpFit = { ...fp8, format: 'fp8-block', t0_s: 60e-6 };
    const notes: string[] = [];
    expect(mendBlockScaled('x', [fp8, slow], notes)[1]).toMatchObject({
      t0_s: 5.4e-6,
      eta_compute: 0.556,
      basis: 'extrapolated',
    });
    expect(notes).toHaveLength(1);
    const fine = { ...slow, t0_s: 9e-6 };
    expect(mendBlockScaled('x', [fp8, fine], notes)[1]).toBe(fine);
  });

  it('price mxfp4 experts of datacentre Blackwell without their 16-bit fallback', () => {
    const moe: OpFit = { ...fp8, family: 'moe', format: 'mxfp4' };
    expect(mendExperts('b200-sxm-180gb', [moe], [])[0].eta_compute).toBe(0.2);
    expect(mendExperts('h100-sxm-80gb', [moe], [])[0]).toBe(moe);
  });

  it('let the fp8 table stand for replaced block scales, and drop the table of replaced experts', () => {
    const table = (family: OpFit['family'], format: OpFit['format']): OpTable => ({
      ...{ family, formats: [format], axes: [[1]], permille: [1000], error_out: 0, error_out_p90: 0 },
    });
    const slow: OpFit = { ...fp8, format: 'fp8-block', t0_s: 60e-6 };
    const all = [table('gemm', 'fp8'), table('gemm', 'fp8-block'), table('moe', 'mxfp4')];
    const formats = (device: string, fits: OpFit[]) => mendTables(device, fits, all).map((one) => one.formats);
    expect(formats('x', [fp8, slow])).toEqual([['fp8', 'fp8-block'], ['mxfp4']]);
    expect(formats('b200-sxm-180gb', [fp8, { ...slow, t0_s: 9e-6 }])).toEqual([['fp8'], ['fp8-block']]);
  });
});
