// Which fit prices an op: own, generation, vendor, datasheet; and which format stands in for which.
import { describe, expect, it } from 'vitest';
import type { Efficiency, Hardware, OpFit, WeightFormat } from '../../src/catalog/types.ts';
import { peakOf } from '../../src/plan/arithmetic.ts';
import { derate } from '../../src/plan/datasheet.ts';
import { chooseExchange, chooseRate, type FitSource, listSources, placeGroup } from '../../src/plan/efficiency.ts';
import { openRateBook, priceList } from '../../src/plan/priced-ops.ts';
import { gemm } from '../../src/stages/gemm-ops.ts';
import { DEVICE } from './fixtures.ts';

const gemmFit = (format: WeightFormat, t0_s: number): OpFit => ({
  family: 'gemm',
  format,
  t0_s,
  eta_compute: 0.5,
  eta_memory: 0.8,
  p: 2,
  basis: 'calibrated',
});

function efficiency(hardware: string, ops: readonly OpFit[], collectives: Efficiency['collectives'] = []): Efficiency {
  return { hardware, ops, collectives, source: 'test', licence: 'test' };
}

const near: Hardware = { ...DEVICE, id: 'near', memory_bandwidth: 4e12 };
const far: Hardware = { ...DEVICE, id: 'far', memory_bandwidth: 30e12 };
const other: Hardware = { ...DEVICE, id: 'other', generation: 'second' };

function sourceOf(...files: Efficiency[]): FitSource {
  return {
    hardware: [far, other, DEVICE, near],
    efficiency: (id) => files.find((file) => file.hardware === id) ?? null,
  };
}

const rate = (source: FitSource, format: WeightFormat, hardware = DEVICE) =>
  chooseRate(listSources(source, hardware), hardware, 'gemm', format);

describe('chooseRate', () => {
  it('takes the own fit before a relative before the vendor before the datasheet, and says so', () => {
    const own = efficiency('device', [gemmFit('bf16', 1e-6)]);
    const relatives = [efficiency('far', [gemmFit('bf16', 2e-6)]), efficiency('near', [gemmFit('bf16', 3e-6)])];
    const vendor = efficiency('_vendor', [gemmFit('bf16', 4e-6)]);
    const stranger = efficiency('other', [gemmFit('bf16', 5e-6)]);
    expect(rate(sourceOf(own, ...relatives, vendor), 'bf16')).toMatchObject({
      t0: 1e-6,
      basis: 'calibrated',
      from: 'device',
    });
    expect(rate(sourceOf(...relatives, vendor), 'bf16')).toMatchObject({
      t0: 3e-6,
      basis: 'extrapolated',
      from: 'near',
    });
    expect(rate(sourceOf(vendor, stranger), 'bf16')).toMatchObject({
      t0: 4e-6,
      basis: 'extrapolated',
      from: '_vendor',
    });
    const cpu = { ...DEVICE, kind: 'cpu' as const };
    expect(rate(sourceOf(efficiency('_cpu', [gemmFit('bf16', 6e-6)]), vendor), 'bf16', cpu)).toMatchObject({
      from: '_cpu',
    });
    expect(rate(sourceOf(stranger), 'bf16')).toMatchObject({ basis: 'datasheet', from: 'typical efficiency' });
  });

  it('prefers the exact format of a relative to a stand-in of its own; fp16 is bf16', () => {
    const source = sourceOf(efficiency('device', [gemmFit('bf16', 1e-6)]), efficiency('near', [gemmFit('fp8', 2e-6)]));
    expect(rate(source, 'fp8')).toMatchObject({ t0: 2e-6, from: 'near' });
    expect(rate(source, 'fp16')).toMatchObject({ t0: 1e-6, basis: 'calibrated' });
    expect(rate(source, 'int4')).toMatchObject({ t0: 1e-6, basis: 'extrapolated', from: 'device bf16' });
    expect(rate(source, 'fp8-block').t0).toBeCloseTo(1.08 * 2e-6, 15);
  });

  it('holds FLOPs against the own peak of the format, or the 16-bit one where there is none', () => {
    const source = sourceOf(efficiency('device', [gemmFit('fp8', 1e-6), gemmFit('bf16', 1e-6)]));
    expect(rate(source, 'fp8').perFlop).toBeCloseTo(1 / (0.5 * 2e15), 25);
    const plain = { ...DEVICE, peak: { bf16: 1e15 } };
    expect(rate(source, 'fp8', plain).perFlop).toBeCloseTo(1 / (0.5 * 1e15), 25);
    expect(peakOf({ peak: { bf16: 2, fp4: 8 } }, 'mxfp4')).toBe(8);
    expect(peakOf({ peak: { bf16: 2, int8: 1 } }, 'int8')).toBe(2);
  });
});

describe('bound ops', () => {
  it('charge the activation bytes that a quantised fit was made with', () => {
    const wide = { ...gemmFit('fp8', 1e-6), activation_bytes: 16 };
    const op = gemm('qkv', 1000, 10, 'fp8', 1);
    const price = (ops: readonly OpFit[]) =>
      priceList([op], DEVICE, openRateBook(sourceOf(efficiency('device', ops)))).compute[0].line.memoryX;
    const extra = price([wide]) - price([gemmFit('fp8', 1e-6)]);
    expect(extra / ((1000 * 15) / (0.8 * 3e12))).toBeCloseTo(1, 9);
  });
});

describe('chooseExchange', () => {
  const reduce = { op: 'all-reduce', devices: 4, t0_s: 4e-6, rate: 2e11, p: 1, basis: 'calibrated' } as const;
  const source = sourceOf(efficiency('device', [], [reduce]));
  const choose = (devices: number, from = source) =>
    chooseExchange(listSources(from, DEVICE), DEVICE, 'all-reduce', devices);

  it('uses a fit of the same size as it is, and scales one of another size', () => {
    expect(choose(4)).toMatchObject({ fit: { t0: 4e-6, perByte: 1 / 2e11 }, basis: 'calibrated' });
    const scaled = choose(8);
    expect(scaled.basis).toBe('extrapolated');
    expect(scaled.fit!.t0).toBeCloseTo(6e-6, 15);
    expect(scaled.fit!.perByte).toBeCloseTo((7 / 8 / (3 / 4)) * (1 / 2e11), 20);
  });

  it('scales the fit of a relative with its links, and takes a transfer between two as it is', () => {
    const slow = { ...DEVICE, id: 'slow', scale_up: { bandwidth: 45e9, domain: 8 } };
    const send = { ...reduce, op: 'send-recv', devices: 2 } as const;
    const from = { ...sourceOf(efficiency('device', [], [reduce, send])), hardware: [slow, DEVICE] };
    const sources = listSources(from, slow);
    const reduced = chooseExchange(sources, slow, 'all-reduce', 4);
    expect(reduced.basis).toBe('extrapolated');
    expect(reduced.fit!.perByte / (10 / 2e11)).toBeCloseTo(1, 12);
    expect(chooseExchange(listSources(from, DEVICE), DEVICE, 'send-recv', 8)).toMatchObject({
      fit: { t0: 4e-6, perByte: 1 / 2e11 },
      basis: 'calibrated',
    });
  });

  it('falls back to the links, always across servers', () => {
    expect(choose(4, sourceOf())).toMatchObject({ fit: null, inside: 4, across: 1, basis: 'datasheet' });
    expect(choose(16)).toMatchObject({ fit: null, inside: 8, across: 2 });
    expect(placeGroup(DEVICE, 12)).toEqual({ inside: 6, across: 2 });
  });
});

describe('derate', () => {
  it('slows linear work by a quarter at 1024 rows, nothing below 128, never less for more rows', () => {
    expect([derate(1), derate(128), derate(1024), derate(8192)]).toEqual([1, 1, 1.25, 1.25]);
    expect(derate(256)).toBeCloseTo(1 + 0.25 / 3, 12);
    for (let rows = 1; rows < 3000; rows++) expect(derate(rows + 1)).toBeGreaterThanOrEqual(derate(rows));
  });
});
