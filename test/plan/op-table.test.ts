// Measured tables: exact at their knots, linear in time between, growing as the fit beyond, and never cheaper for more (L7).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Efficiency, OpFit, OpTable } from '../../src/catalog/types.ts';
import { bindAlone, fasterCurve } from '../../src/plan/bind-ops.ts';
import { chooseRate, type FitSource, listSources } from '../../src/plan/efficiency.ts';
import {
  factorAt,
  factorsAlong,
  locate,
  makeCurve,
  makePlane,
  nearestLayer,
  readCurve,
  readPlane,
} from '../../src/plan/op-table.ts';
import { exchangeSeconds, openRateBook, priceList, priceStepExactly } from '../../src/plan/priced-ops.ts';
import { gemm } from '../../src/stages/gemm-ops.ts';
import { listOps } from '../../src/stages/llm-ops.ts';
import { listMlpOps } from '../../src/stages/mlp-ops.ts';
import type { ComputeOp, ExchangeOp } from '../../src/stages/op.ts';
import { anyTables, DEVICE, GQA, modelOf, SMALL } from './fixtures.ts';

const ONE = { tp: 1, pp: 1, dp: 1, ep: 1, shards: 1 };
const BF16 = { weights: 'bf16', attention: 'bf16', kv: 'bf16' } as const;
const FP8 = { weights: 'fp8', attention: 'fp8', kv: 'fp8' } as const;
const [gemms, , decodes, experts] = anyTables(3);

const fitOf = (family: OpFit['family'], format: OpFit['format'], t0_s = 4e-6): OpFit => ({
  ...{ family, format, t0_s, eta_compute: 0.5, eta_memory: 0.8, p: 2, basis: 'calibrated' },
});

function sourceOf(ops: OpFit[], tables: OpTable[], collectives: Efficiency['collectives'] = []): FitSource {
  const file = { hardware: DEVICE.id, ops, tables, collectives, source: 'test', licence: 'test' };
  return { hardware: [DEVICE], efficiency: (id) => (id === DEVICE.id ? file : null) };
}

describe('a curve', () => {
  const fitted = (x: number) => 1 + x;
  it('is fit times factor at the knots, linear between, and grows as the fit beyond', () => {
    const curve = makeCurve([1, 3, 5], Float64Array.of(1, 2, 2), fitted);
    expect([0, 1, 2, 3, 4, 5].map((x) => readCurve(curve, x))).toEqual([2, 2, 5, 8, 10, 12]);
    expect(readCurve(curve, 11)).toBe(12 * (12 / 6));
  });

  it('L7: never falls, whatever the factors', () => {
    const factors = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 });
    const x = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(factors, x, x, (values, a, b) => {
        const curve = makeCurve([1, 8, 64], Float64Array.from(values), fitted);
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(readCurve(curve, more)).toBeGreaterThanOrEqual(readCurve(curve, less));
      }),
      { seed: 1 },
    );
  });

  it('takes the lesser of two kernels at every knot', () => {
    const slow = makeCurve([1, 3], Float64Array.of(2, 2), fitted);
    const other = makeCurve([1, 3], Float64Array.of(3, 1), fitted);
    expect(Array.from(fasterCurve(slow, other)!.seconds)).toEqual([4, 6]);
    expect(fasterCurve(slow, null)).toBe(slow);
    expect(fasterCurve(null, slow)).toBe(null);
  });
});

describe('a table', () => {
  it('locates inside, at both ends and outside', () => {
    expect([0, 1, 2, 4, 9].map((x) => locate([1, 2, 6], x))).toEqual([
      { index: 0, fraction: 0 },
      { index: 0, fraction: 0 },
      { index: 1, fraction: 0 },
      { index: 1, fraction: 0.5 },
      { index: 1, fraction: 1 },
    ]);
    expect(locate([5], 7)).toEqual({ index: 0, fraction: 0 });
  });

  it('holds the last axis fastest, and blends the corners of a cell', () => {
    const cell = (m: number, n: number, k: number) => gemms.permille[(m * 2 + n) * 2 + k] / 1000;
    expect(factorAt(gemms, 0, [64, 8192, 256])).toBeCloseTo(cell(1, 1, 0), 12);
    const middle = (256 + 8192) / 2;
    const mean = (cell(1, 0, 0) + cell(1, 0, 1) + cell(1, 1, 0) + cell(1, 1, 1)) / 4;
    expect(factorsAlong(gemms, [middle, middle])[1]).toBeCloseTo(mean, 12);
  });

  it('finds the layer that is nearest in octaves', () => {
    expect(nearestLayer(experts, [8, 2, 1000, 2000, 1])).toBe(0);
    expect(nearestLayer(experts, [128, 4, 2048, 512, 8])).toBe(1);
  });
});

describe('a plane of decode attention', () => {
  const fitted = (sequences: number, context: number) => 1e-5 + 1e-9 * sequences * context;

  it('is the fit times the factor at its knots, which are sequences times KV heads', () => {
    // factors that rise with lanes and context need no lifting
    const [lanes, contexts] = decodes.axes;
    const cell = (l: number, c: number) => [900 + 100 * l + 50 * c, 910 + 100 * l + 50 * c];
    const permille = lanes.flatMap((_, l) => contexts.flatMap((_, c) => cell(l, c)));
    const rising = makePlane({ ...decodes, permille }, [16, 2, 64], fitted);
    const factor = factorAt({ ...decodes, permille }, 0, [64, 1024, 8, 64]);
    expect(factor).toBeCloseTo(1.06, 12);
    expect(readPlane(rising, 32, 1024) / (fitted(32, 1024) * factor)).toBeCloseTo(1, 12);
    expect(readPlane(rising, 0.5, 64) / (fitted(0.5, 64) * 0.91)).toBeCloseTo(1, 12);
    expect(readPlane(rising, 32, 0) / (fitted(32, 0) * 1.01)).toBeCloseTo(1, 12);
  });

  it('L7: never falls with sequences or context, inside and beyond', () => {
    const [count, context] = [fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 0, max: 60000 })];
    fc.assert(
      fc.property(count, context, fc.integer({ min: 1, max: 500 }), fc.nat(1e6), (sequences, length, more, seed) => {
        // all but flat: what rises and falls is the table
        const plane = makePlane(anyTables(seed)[2], [16, 4, 64], (b, x) => 1e-5 + 1e-14 * b * x);
        const seconds = readPlane(plane, sequences, length);
        expect(readPlane(plane, sequences + more, length)).toBeGreaterThanOrEqual(seconds * (1 - 1e-12));
        expect(readPlane(plane, sequences, length + more)).toBeGreaterThanOrEqual(seconds * (1 - 1e-12));
      }),
      { seed: 2 },
    );
  });
});

describe('bound ops', () => {
  it('rest on measurements where there is a table, and on the fit elsewhere', () => {
    const ops = [fitOf('gemm', 'bf16')];
    const rateOf = (source: FitSource) => chooseRate(listSources(source, DEVICE), DEVICE, 'gemm', 'bf16');
    expect(rateOf(sourceOf(ops, [gemms]))).toMatchObject({ basis: 'measured', table: gemms });
    expect(rateOf(sourceOf(ops, [decodes]))).toMatchObject({ basis: 'calibrated', table: null });
    const relative = { ...DEVICE, id: 'relative' };
    const from = { ...sourceOf(ops, [gemms]), hardware: [DEVICE, relative] };
    const borrowed = chooseRate(listSources(from, relative), relative, 'gemm', 'bf16');
    expect(borrowed).toMatchObject({ basis: 'extrapolated', table: gemms });
  });

  it('static scales spare a matrix product its quantisation, down to 0.4 of it, and leave block scales alone', () => {
    const source = sourceOf([fitOf('gemm', 'bf16', 2e-6), { ...fitOf('gemm', 'fp8', 9e-6), activation_bytes: 16 }], []);
    const seconds = (format: 'fp8' | 'fp8-block' | 'bf16', staticScales: boolean, m: number) => {
      const [sources, op] = [listSources(source, DEVICE), gemm('mlp', 4096, 4096, format, 1)];
      const rate = chooseRate(sources, DEVICE, 'gemm', format);
      const gemmRate = (of: OpFit['format']) => chooseRate(sources, DEVICE, 'gemm', of);
      const { curve, line } = bindAlone(op, { rate, gemmRate, staticScales, unpacks: false });
      return curve ? readCurve(curve, m) : line.t0;
    };
    // 9 - 2 us of launch and a little traffic go at one row; the weights stay
    const weights = 4096 ** 2 / (0.8 * 3e12);
    expect(seconds('fp8', true, 1)).toBeGreaterThan(weights + 1.9e-6);
    expect(seconds('fp8', true, 1)).toBeLessThan(weights + 2.6e-6);
    expect(seconds('fp8-block', true, 1)).toBe(seconds('fp8-block', false, 1));
    expect(seconds('bf16', true, 1)).toBe(seconds('bf16', false, 1));
    for (let m = 1; m < 8192; m *= 2)
      expect(seconds('fp8', true, 2 * m)).toBeGreaterThanOrEqual(seconds('fp8', true, m));
  });

  it('experts of packed weights slow by half with many tokens of prompts on open engines, and only those', () => {
    const layers = [[8, 2, 4096, 1024, 1]];
    const table = { ...{ family: 'moe', formats: ['mxfp4', 'bf16'] as const }, axes: [[1, 128, 1024, 8192]], layers };
    const flat = { ...table, permille: [1000, 1000, 1000, 1000], error_out: 0, error_out_p90: 0 } as OpTable;
    const source = sourceOf([fitOf('moe', 'mxfp4'), fitOf('moe', 'bf16')], [flat]);
    const mlp = { kind: 'moe', experts: 8, top_k: 2, intermediate: 1024, shared_intermediate: 0, gated: true } as const;
    const op = (format: 'mxfp4' | 'bf16') =>
      listMlpOps(mlp, 4096, 1, ONE, format).filter((one) => one.family === 'moe');
    const seconds = (format: 'mxfp4' | 'bf16', tokens: number, prompt: boolean, kernels?: 'trtllm') => {
      const priced = priceList(op(format), DEVICE, openRateBook(source), { kernels, prompt_slowdown: 0 });
      const prefill = prompt ? [{ tokens, past: 0, completes: true }] : [];
      const decode = prompt ? [] : [{ count: tokens, context: 64 }];
      return priceStepExactly(priced, { prefill, decode }, ONE)[0]!.seconds;
    };
    const ratio = (format: 'mxfp4' | 'bf16', tokens: number, kernels?: 'trtllm') =>
      seconds(format, tokens, true, kernels) / seconds(format, tokens, false, kernels);
    expect([1, 128, 1024, 8192].map((tokens) => ratio('mxfp4', tokens))).toEqual([1, 1, 1.5, 1.5]);
    expect([ratio('bf16', 8192), ratio('mxfp4', 8192, 'trtllm')]).toEqual([1, 1]);
  });

  it('products of many rows are slower in steps with prompts, by what the engine says, and never in steps of decodes', () => {
    const source = sourceOf([fitOf('gemm', 'bf16')], []);
    const seconds = (rows: number, prompt: boolean, prompt_slowdown?: number) => {
      const ops = [gemm('mlp', 4096, 4096, 'bf16', 1)];
      const priced = priceList(ops, DEVICE, openRateBook(source), { prompt_slowdown });
      const prefill = prompt ? [{ tokens: rows, past: 0, completes: true }] : [];
      const decode = prompt ? [] : [{ count: rows, context: 64 }];
      return priceStepExactly(priced, { prefill, decode }, ONE)[0]!.seconds;
    };
    const ratio = (rows: number, slowdown?: number) => seconds(rows, true, slowdown) / seconds(rows, false, slowdown);
    expect([128, 1024, 8192].map((rows) => ratio(rows))).toEqual([1, 1.25, 1.25]);
    expect([ratio(8192, 0), ratio(8192, 0.1)]).toEqual([1, 1.1]);
  });

  it('a table is not read with fewer sizes than it has axes', () => {
    const four: OpTable = { ...gemms, axes: [...gemms.axes, [1, 2]], permille: [...gemms.permille, ...gemms.permille] };
    expect(() => factorsAlong(four, [4096, 4096])).toThrow('a table of 3 axes needs as many sizes, not 2');
  });

  it("TensorRT-LLM's decode kernels read an 8-bit cache at the 16-bit rate; others at its own", () => {
    const slow = { ...fitOf('attention-decode', 'fp8'), eta_memory: 0.4 };
    const book = openRateBook(sourceOf([fitOf('attention-decode', 'bf16'), slow], []));
    const ops = listOps(SMALL, ONE, FP8).filter((op) => op.kind === 'compute' && op.over === 'decode');
    const perByte = (kernels?: 'trtllm') => priceList(ops, DEVICE, book, { kernels }).compute[0].rate.perByte;
    expect(perByte() / perByte('trtllm')).toBeCloseTo(2, 12);
  });

  it('prices an exchange by its table, by the own kernels of an engine, and no gather above a reduction', () => {
    const all = { devices: 2, t0_s: 1e-5, rate: 1e11, p: 1, basis: 'calibrated' } as const;
    const table = { bytes: [1000, 1e6], permille: [500, 2000] };
    const source = sourceOf(
      [],
      [],
      [
        { ...all, op: 'all-reduce', table },
        { ...all, op: 'all-reduce', library: 'trtllm', t0_s: 1e-6 },
        { ...all, op: 'all-gather', t0_s: 9e-5, table },
      ],
    );
    const seconds = (op: ExchangeOp['op'], bytes: number, kernels?: 'trtllm') => {
      const exchange = { kind: 'exchange', name: '', op, devices: 2, count: 1, over: 'tokens', bytesX: 1 } as const;
      const [priced] = priceList([exchange], DEVICE, openRateBook(source), { kernels }).exchange;
      return exchangeSeconds(priced, bytes);
    };
    expect(seconds('all-reduce', 1000)).toBeCloseTo(0.5 * (1e-5 + 1e-8), 15);
    expect(seconds('all-reduce', 1e6)).toBeCloseTo(2 * (1e-5 + 1e-5), 15);
    expect(seconds('all-reduce', 1000, 'trtllm')).toBeCloseTo(1e-6 + 1e-8, 15);
    expect(seconds('all-gather', 1000)).toBe(seconds('all-reduce', 1000));
  });
});

describe('ops', () => {
  it('name their place in the tables', () => {
    const shapes = (kind: 'gemm' | 'attention-decode') =>
      listOps(SMALL, { ...ONE, tp: 4 }, BF16)
        .filter((op): op is ComputeOp => op.kind === 'compute' && op.family === kind)
        .map((op) => op.shape);
    expect(shapes('gemm')).toContainEqual([(16 / 4 + 2) * 64, 1024]);
    expect(shapes('attention-decode')).toEqual([[4, 1, 64]]);
  });

  it('cores of a device that work as devices reduce among themselves', () => {
    const reduces = (shards: number) =>
      listOps(modelOf([{ count: 3, attention: GQA, mlp: { kind: 'none' } }]), { ...ONE, shards }, BF16).flatMap((op) =>
        op.kind === 'exchange' && op.op === 'all-reduce' ? [`${op.count} x${op.devices}`] : [],
      );
    expect(reduces(1)).toEqual([]);
    expect(reduces(2)).toEqual(['3 x2', '1 x2']);
  });

  it('sort the logits of every sequence where tokens are drawn by top-p', () => {
    const sort = (sampling: 'greedy' | 'top-p') =>
      listOps(SMALL, ONE, BF16, sampling).find((op) => op.name === 'sort of logits');
    expect(sort('greedy')).toBeUndefined();
    expect(sort('top-p')).toMatchObject({ over: 'samples', bytesX: 860 * SMALL.vocab });
  });
});
