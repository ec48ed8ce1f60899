// Lowered surfaces: equal to the op-by-op sum where they are sampled, close between, and never cheaper with more work (L7).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRID_TOKENS } from '../../assembly/layout/grid.ts';
import * as layout from '../../assembly/layout/surface.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { chooseKnots } from '../../src/plan/grid-points.ts';
import { lowerSurface, openLowering } from '../../src/plan/lower.ts';
import { priceStepExactly } from '../../src/plan/priced-ops.ts';
import { addHost, applyFloor, readSurface } from '../../src/plan/read-surface.ts';
import { type StepWork, sumWork } from '../../src/plan/step-work.ts';
import type { SurfaceKey } from '../../src/plan/surface-key.ts';
import { priceRanks, priceStep } from '../reference/price.ts';
import {
  anyEfficiency,
  anyHardware,
  anyModel,
  anySplit,
  anyTables,
  DEVICE,
  NO_FITS,
  PROFILE,
  SMALL,
} from './fixtures.ts';

const arena = openArena(1 << 20);
const kernels = loadKernels(arena.memory);
const start = arena.mark();
const KEY: SurfaceKey = {
  model: SMALL,
  hardware: DEVICE,
  profile: PROFILE,
  quantization: 'auto',
  kv: 'auto',
  tp: 1,
  pp: 1,
  dp: 1,
  ep: 1,
};

function lower(key: SurfaceKey, fits = NO_FITS) {
  arena.release(start);
  return lowerSurface(key, openLowering(fits, kernels, arena));
}

/** The shipped kind of fit: compute and memory add, with measurements beside it that fall nowhere faster than chunks grow. */
const TABLES = {
  ...NO_FITS,
  efficiency: () => ({
    hardware: DEVICE.id,
    ops: (['gemm', 'attention-prefill', 'attention-decode', 'moe'] as const).map((family) => ({
      ...{ family, format: 'bf16' as const, t0_s: 5e-6, eta_compute: 0.7, eta_memory: 0.8, p: 1 as const },
      basis: 'calibrated' as const,
    })),
    collectives: [],
    tables: anyTables(7).map((table) => ({ ...table, permille: table.permille.map((value, i) => value + 5 * i) })),
    source: '',
    licence: '',
  }),
};

/** Cells of a table for which something holds, one assertion for all of them: a table has thousands. */
function cellsWhere(from: number, to: number, holds: (i: number) => boolean): number[] {
  const found: number[] = [];
  for (let i = from; i < to; i++) if (holds(i)) found.push(i);
  return found;
}

function exactSeconds(lowered: ReturnType<typeof lower>, work: StepWork): number {
  const { tokens, decodes, chunks } = sumWork(work);
  const device = priceStepExactly(lowered.priced, work, lowered.shape.split).reduce((sum, op) => sum + op.seconds, 0);
  return addHost(lowered.table, chunks > 0 ? applyFloor(lowered.table, device, tokens) : device, decodes + chunks);
}

const anyKey = fc
  .record({
    model: anyModel,
    hardware: anyHardware,
    split: anySplit,
    quantization: fc.constantFrom<SurfaceKey['quantization']>('bf16', 'fp8', 'int4', 'mxfp4', 'auto'),
    kv: fc.constantFrom<SurfaceKey['kv']>('auto', 'fp8', 'int8'),
    norm: fc.constantFrom<1 | 2>(1, 2),
    fits: fc.option(anyEfficiency),
  })
  .map(({ model, hardware, split, quantization, kv, norm, fits }) => {
    const key: SurfaceKey = { ...KEY, model, hardware, quantization, kv, ...split };
    const profile = { ...PROFILE, host: { ...PROFILE.host, norm } };
    return { key: { ...key, profile }, fits: fits ? { ...NO_FITS, efficiency: () => fits } : NO_FITS };
  });

const anyWork: fc.Arbitrary<StepWork> = fc.record({
  prefill: fc.array(
    fc.record({
      tokens: fc.integer({ min: 1, max: 9000 }),
      past: fc.integer({ min: 0, max: 30000 }),
      completes: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  decode: fc
    .tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 0, max: 32768 }))
    .map(([count, context]) => [{ count, context }]),
});

describe('lowerSurface', () => {
  it('is the op-by-op sum at grid points and knots, for any model, hardware and split', () => {
    fc.assert(
      fc.property(
        anyKey,
        fc.constantFrom(1, 7, 31, 32, 64, 120, 1024),
        fc.integer({ min: 0, max: 7 }),
        (any, count, k) => {
          const lowered = lower(any.key, any.fits);
          const work = { prefill: [], decode: [{ count, context: lowered.shape.knots[k] }] };
          expect(readSurface(lowered.table, work) / exactSeconds(lowered, work)).toBeCloseTo(1, 10);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  it('prices a chunk at a grid point as the ops do, behind any past, where no window cuts it', () => {
    const lowered = lower({ ...KEY, tp: 4 }, TABLES);
    for (const tokens of [1, 20, 64, 512, 4096]) {
      for (const past of [0, 100, 30000]) {
        const work = { prefill: [{ tokens, past, completes: false }], decode: [] };
        expect(readSurface(lowered.table, work) / exactSeconds(lowered, work)).toBeCloseTo(1, 9);
      }
    }
  });

  it('stays within 1 % of the ops between grid points and knots', () => {
    const lowered = lower({ ...KEY, tp: 2, quantization: 'fp8' });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 0, max: 32768 }), (count, context) => {
        const work = { prefill: [], decode: [{ count, context }] };
        expect(Math.abs(readSurface(lowered.table, work) / exactSeconds(lowered, work) - 1)).toBeLessThan(0.01);
      }),
      { seed: 3 },
    );
  });

  it('reads like the reference simulator', () => {
    fc.assert(
      fc.property(anyKey, anyWork, (any, work) => {
        const { table } = lower(any.key, any.fits);
        const [{ count, context }] = work.decode;
        const reference = priceStep({ chunks: work.prefill, decodes: count, context: count * context }, table);
        expect(readSurface(table, work) / reference).toBeCloseTo(1, 10);
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  it('of ranks that have as much each is the step of the instance', () => {
    fc.assert(
      fc.property(anyKey, anyWork, (any, { prefill, decode }) => {
        const { dp } = any.key;
        const { table } = lower(any.key, any.fits);
        const [{ count, context }] = decode;
        const one = { chunks: prefill, decodes: count, context: count * context };
        const all = {
          prefill: Array.from({ length: dp }, () => prefill).flat(),
          decode: [{ count: count * dp, context }],
        };
        const together = priceRanks(
          Array.from({ length: dp }, () => one),
          table,
        );
        const whole = dp > 1 ? together : priceStep(one, table);
        expect(readSurface(table, all, dp) / whole).toBeCloseTo(1, 9);
      }),
      { seed: 6, numRuns: 100 },
    );
  });

  it('L7: a step of ranks is never shorter with more for one of them, and never shorter than that one alone', () => {
    const anyRank = fc.record({
      chunks: fc.array(
        fc.record({
          tokens: fc.integer({ min: 1, max: 9000 }),
          past: fc.integer({ min: 0, max: 30000 }),
          completes: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
      decodes: fc.integer({ min: 0, max: 300 }),
      context: fc.integer({ min: 0, max: 20000 }),
    });
    const idle = { chunks: [], decodes: 0, context: 0 };
    fc.assert(
      fc.property(anyKey, fc.array(anyRank, { minLength: 2, maxLength: 2 }), fc.nat(9000), (any, drawn, by) => {
        const dp = Math.max(2, any.key.dp);
        const { table } = lower({ ...any.key, dp, ep: 1 }, any.fits);
        const works = drawn.map((work) => ({ ...work, context: work.decodes * work.context }));
        const price = (some: typeof works) =>
          priceRanks([...some, ...Array.from({ length: dp - some.length }, () => idle)], table);
        const [first, ...rest] = works;
        const longer = { ...first, chunks: [...first.chunks, { tokens: by + 1, past: 0, completes: true }] };
        const busier = { ...first, decodes: first.decodes + 1, context: (first.decodes + 1) * drawn[0].context };
        const least = price(works) * (1 - 1e-9);
        expect(price([longer, ...rest])).toBeGreaterThanOrEqual(least);
        expect(price([busier, ...rest])).toBeGreaterThanOrEqual(least);
        expect(price(works)).toBeGreaterThanOrEqual(price([first]) * (1 - 1e-9));
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  it('has finite tables that never fall, and strictly increasing knots', () => {
    fc.assert(
      fc.property(anyKey, (any) => {
        const { table } = lower(any.key, any.fits);
        expect(table.every(Number.isFinite)).toBe(true);
        for (const [at, end] of [
          [layout.SURFACE_G, layout.SURFACE_LM],
          [layout.SURFACE_LM, layout.SURFACE_APF],
        ])
          expect(cellsWhere(at + 1, end, (i) => !(table[i] >= table[i - 1]))).toEqual([]);
        expect(cellsWhere(layout.SURFACE_KNOTS_AT + 1, layout.SURFACE_G, (i) => !(table[i] > table[i - 1]))).toEqual(
          [],
        );
        const falls = (i: number) => (i - layout.SURFACE_DA) % layout.SURFACE_KNOTS > 0 && !(table[i] >= table[i - 1]);
        expect(cellsWhere(layout.SURFACE_DA, layout.SURFACE_SHARED, falls)).toEqual([]);
        // what groups do together is a part of what they do, and so is the rest
        const [whole, shared] = [layout.SURFACE_G, layout.SURFACE_SHARED].map((at) =>
          table.subarray(at, at + GRID_TOKENS),
        );
        const alone = whole.map((value, i) => value - shared[i]);
        expect(cellsWhere(1, GRID_TOKENS, (i) => !(shared[i] >= shared[i - 1]))).toEqual([]);
        expect(cellsWhere(1, GRID_TOKENS, (i) => !(alone[i] >= alone[i - 1] * (1 - 1e-12)))).toEqual([]);
      }),
      { seed: 5, numRuns: 40 },
    );
  });

  it('L7: never cheaper with more tokens, past, chunks, sequences or context', () => {
    const more = fc.constantFrom('tokens', 'past', 'chunk', 'sequences', 'context', 'completes');
    fc.assert(
      fc.property(anyKey, anyWork, more, fc.integer({ min: 1, max: 500 }), (any, work, what, by) => {
        const { table } = lower(any.key, any.fits);
        const [first, ...rest] = work.prefill;
        const [group] = work.decode;
        let prefill = work.prefill;
        let decode = work.decode;
        if (what === 'sequences') decode = [{ ...group, count: group.count + by }];
        else if (what === 'context') decode = [{ ...group, context: group.context + by }];
        else if (what === 'chunk') prefill = [...prefill, { tokens: by, past: 0, completes: false }];
        else if (first && what === 'completes') prefill = [{ ...first, completes: true }, ...rest];
        else if (first && what === 'past') prefill = [{ ...first, past: first.past + by }, ...rest];
        else if (first) prefill = [{ ...first, tokens: first.tokens + by }, ...rest];
        const before = readSurface(table, work);
        expect(readSurface(table, { prefill, decode })).toBeGreaterThanOrEqual(before * (1 - 1e-12));
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it('L7: one more token never makes a chunk cheaper, not even where memory alone bounds it', () => {
    const ops = [
      { family: 'attention-prefill', format: 'bf16', t0_s: 0, eta_compute: 1, eta_memory: 1e-6, p: 'inf' },
    ] as const;
    const fit = { hardware: DEVICE.id, ops: ops.map((op) => ({ ...op, basis: 'measured' as const })), collectives: [] };
    // short chunks that are far slower than the fit, and factors that fall faster than chunks grow
    const falling = {
      family: 'attention-prefill',
      formats: ['bf16'],
      axes: [[1, 8, 24, 64, 512], [16], [64]],
    } as const;
    const measured = { ...falling, permille: [9000, 5000, 400, 100, 90], error_out: 0, error_out_p90: 0 };
    for (const tables of [[], [measured]]) {
      const { table } = lower(KEY, { ...NO_FITS, efficiency: () => ({ ...fit, tables, source: '', licence: '' }) });
      table.fill(0, layout.SURFACE_G, layout.SURFACE_APF);
      table.fill(0, 0, layout.SURFACE_HEADER);
      const seconds = (tokens: number) =>
        readSurface(table, { prefill: [{ tokens, past: 1e6, completes: false }], decode: [] });
      expect(cellsWhere(1, 3000, (n) => !(seconds(n + 1) >= seconds(n) * (1 - 1e-12)))).toEqual([]);
    }
  });

  it('L7: one more decode of any context is never cheaper where no groups or stages average contexts', () => {
    const lowered = lower({ ...KEY, tp: 2 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 32768 }), (count, context) => {
        const before = readSurface(lowered.table, { prefill: [], decode: [{ count, context }] });
        const decode = [
          { count, context },
          { count: 1, context: 0 },
        ];
        expect(readSurface(lowered.table, { prefill: [], decode })).toBeGreaterThanOrEqual(before * (1 - 1e-12));
      }),
      { seed: 7 },
    );
  });

  it('L7: never cheaper with less bandwidth, compute or link', () => {
    fc.assert(
      fc.property(anyKey, fc.constantFrom('compute', 'memory', 'link'), (any, what) => {
        const { hardware } = any.key;
        const { bf16, fp8 } = hardware.peak;
        const peak = fp8 === undefined ? { bf16: bf16 / 2 } : { bf16: bf16 / 2, fp8: fp8 / 2 };
        const scale_up = { ...hardware.scale_up, bandwidth: hardware.scale_up.bandwidth / 2 };
        const memory_bandwidth = hardware.memory_bandwidth / 2;
        const less = what === 'compute' ? { peak } : what === 'memory' ? { memory_bandwidth } : { scale_up };
        const fast = lower(any.key, any.fits).table;
        const slow = lower({ ...any.key, hardware: { ...hardware, ...less } }, any.fits).table;
        const cheaper = (i: number) => !(slow[i] >= fast[i]);
        expect(cellsWhere(layout.SURFACE_KNOTS_AT, layout.SURFACE_SIZE, cheaper)).toEqual([]);
      }),
      { seed: 8, numRuns: 40 },
    );
  });

  it('writes into the table it is given and remembers nothing of the last one', () => {
    arena.release(start);
    const lowering = openLowering(NO_FITS, kernels, arena);
    const into = new Float64Array(layout.SURFACE_SIZE).fill(Number.NaN);
    const fresh = lowerSurface(KEY, lowering).table;
    const staged = lowerSurface({ ...KEY, tp: 2, pp: 2 }, lowering, into).table.slice();
    expect(lowerSurface(KEY, lowering, into).table).toBe(into);
    expect(Array.from(into)).toEqual(Array.from(fresh));
    expect(Array.from(lower({ ...KEY, tp: 2, pp: 2 }).table)).toEqual(Array.from(staged));
  });

  it('launches from the host for every layer, and again for every device of a group where the engine does', () => {
    const host = { step_s: 1e-3, sequence_s: 0, layer_s: 1e-5, layer_device_s: 1e-6, norm: 1 } as const;
    const lowered = lower({ ...KEY, tp: 4, profile: { ...PROFILE, host } });
    expect(lowered.table[layout.SURFACE_HOST_STEP]).toBeCloseTo(1e-3 + 10 * (1e-5 + 4e-6), 12);
  });

  it('pipelines: all layers at half the tokens, and hand-overs; twice the hosts', () => {
    const [one, two] = [lower(KEY), lower({ ...KEY, pp: 2 })];
    const work = (count: number) => ({ prefill: [], decode: [{ count, context: 1000 }] });
    const ops = (of: typeof one, count: number) => priceStepExactly(of.priced, work(count), of.shape.split);
    const layers = (of: typeof one, count: number) =>
      ops(of, count)
        .filter((price) => price.op.kind === 'compute' && !/embedding|head|norm$|sampling/.test(price.op.name))
        .reduce((sum, price) => sum + price.seconds, 0);
    expect(layers(two, 64)).toBeCloseTo(layers(one, 32), 12);
    const sends = ops(two, 64).filter((price) => price.op.name === 'send to next stage');
    expect(sends.map((price) => price.count)).toEqual([2]);
    expect(two.table[layout.SURFACE_HOST_STEP] - one.table[layout.SURFACE_HOST_STEP]).toBeCloseTo(3e-4, 12);
  });
});

describe('chooseKnots', () => {
  it('reaches from 0 to the longest context, bends at windows, and always increases', () => {
    expect(chooseKnots(131072, [])).toEqual([0, 256, 768, 2048, 6144, 16384, 49152, 131072]);
    expect(chooseKnots(131072, [127])).toEqual([0, 127, 768, 2048, 6144, 16384, 49152, 131072]);
    expect(chooseKnots(131072, [127, 200])).toEqual([0, 127, 200, 2048, 6144, 16384, 49152, 131072]);
    const bends = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), bends, (longest, at) => {
        const knots = chooseKnots(longest, at);
        expect(knots).toHaveLength(layout.SURFACE_KNOTS);
        for (let i = 1; i < knots.length; i++) expect(knots[i]).toBeGreaterThan(knots[i - 1]);
      }),
      { seed: 9 },
    );
  });
});

describe('energy', () => {
  it('is unknown, not wrong, where the TDP is; else idle is 0.11 of it per device, and a running step adds 0.2', () => {
    const known = lower({ ...KEY, tp: 4 }).table;
    expect(known[layout.SURFACE_IDLE_W]).toBeCloseTo(0.11 * 700 * 4, 9);
    expect(known[layout.SURFACE_BUSY_W]).toBeCloseTo(0.2 * 700 * 4, 9);
    expect(known[layout.SURFACE_DEVICES]).toBe(4);
    const unknown = lower({ ...KEY, hardware: { ...DEVICE, tdp_w: null } }).table;
    for (let i = layout.SURFACE_J_STEP; i <= layout.SURFACE_IDLE_W; i++) expect(unknown[i]).toBeNaN();
    expect(unknown[layout.SURFACE_DECODE + 8]).toBeGreaterThan(0);
  });

  it('L11: a step never draws more than the power budget at the speed the surface gives it', () => {
    const { table } = lower({ ...KEY, tp: 2 });
    for (const [count, context] of [
      [1, 100],
      [64, 2000],
      [1000, 30000],
    ]) {
      const joules =
        table[layout.SURFACE_J_STEP] +
        count * table[layout.SURFACE_J_TOKEN] +
        count * context * table[layout.SURFACE_J_CONTEXT];
      const seconds = readSurface(table, { prefill: [], decode: [{ count, context }] });
      expect(joules / seconds + table[layout.SURFACE_IDLE_W]).toBeLessThan(2 * 700);
    }
  });
});
