// Laws of prices over the whole catalog (the seven of the accuracy issue that a price can break by itself): no step beats the
// roofline, no narrow format is slower than a wider one behind an unpacking, no share of the work is slower than all of it.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { Basis, Hardware, Model, WeightFormat } from '../../src/catalog/types.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { peakOf } from '../../src/plan/arithmetic.ts';
import { fitsOf } from '../../src/plan/efficiency.ts';
import { legalSplit } from '../../src/plan/legal.ts';
import { openLowering, shapeOf } from '../../src/plan/lower.ts';
import { type OpPrice, priceList, priceStepExactly } from '../../src/plan/priced-ops.ts';
import { type SurfaceKey, splitOf } from '../../src/plan/surface-key.ts';
import { resolveFormats } from '../../src/stages/formats.ts';
import { touchedExperts } from '../../src/stages/mlp-ops.ts';
import { DEPTH } from '../depth.ts';

const catalog = openCatalog();
const fits = fitsOf(catalog);
const arena = openArena(1 << 24);
const kernels = loadKernels(arena.memory);
const start = arena.mark();
const profile = catalog.engine('vllm-0.11');

/** One each of latent attention and shared experts, many experts, few wide experts, packed experts, dense. */
const MODELS = ['deepseek-r1', 'qwen3-235b-a22b', 'mixtral-8x7b', 'gpt-oss-120b', 'llama-3.1-70b', 'llama-3.1-8b'];
const FORMATS: readonly WeightFormat[] = ['bf16', 'fp8-block', 'fp8', 'int8', 'nvfp4', 'mxfp4', 'int4'];
/** What each format is held against, and whether weights have to be unpacked for it. */
const WIDER: readonly (readonly [WeightFormat, WeightFormat, boolean])[] = [
  ...FORMATS.slice(1).map((format) => ['bf16', format, true] as const),
  ['fp8-block', 'fp8', false],
  ['fp8', 'nvfp4', true],
];
const DEGREES = [1, 2, 4, 8];
const SEQUENCES = [1, 16, 64, 256, 1024];
const CONTEXT = 1500;
/** Copies reach this share of the memory's bandwidth at least. */
const UNPACKING_SHARE = 0.6;
/** Measured tables are read between their knots and go on with their fits beyond the last. */
const TOLERANCE = 1.02;
/** Of an op on twice the devices: layers that nobody timed are read off the nearest that was. */
const SHARE_TOLERANCE = 1.08;

type Steps = readonly (readonly OpPrice[])[];

function stepsOf(model: Model, hardware: Hardware, quantization: WeightFormat, tp: number): Steps | null {
  const key: SurfaceKey = { model, hardware, profile, quantization, kv: 'auto', tp, pp: 1, dp: 1, ep: 1 };
  if (legalSplit(model, hardware, splitOf(key), resolveFormats(model, key))) return null;
  arena.release(start);
  const lowering = openLowering(fits, kernels, arena);
  const shape = shapeOf(key, lowering);
  const priced = priceList(shape.ops, hardware, lowering.book, profile);
  return SEQUENCES.map((count) =>
    priceStepExactly(priced, { prefill: [], decode: [{ count, context: CONTEXT }] }, shape.split),
  );
}

const isCompute = ({ op }: OpPrice) => op.kind === 'compute';

/** Seconds, bytes of weights and whether it was timed, by the name of the op. */
function byName(prices: readonly OpPrice[], sequences: number) {
  const found = new Map<string, { seconds: number; weights: number; timed: boolean }>();
  for (const { op, count, seconds, basis } of prices) {
    if (op.kind !== 'compute') continue;
    const old = found.get(op.name) ?? { seconds: 0, weights: 0, timed: false };
    const experts = op.routing ? touchedExperts(op.routing, sequences) : 0;
    const weights = old.weights + count * (op.bytes0 + experts * op.bytesY);
    found.set(op.name, { seconds: old.seconds + seconds, weights, timed: old.timed || isTimed(basis) });
  }
  return found;
}

const isTimed = (basis: Basis) => basis === 'measured' || basis === 'calibrated';

/** Every price of the scan that breaks a law, in words. */
function breaches(model: Model, hardware: Hardware): string[] {
  const found: string[] = [];
  const all = new Map<string, Steps>();
  for (const format of FORMATS) {
    for (const tp of DEGREES) {
      const steps = stepsOf(model, hardware, format, tp);
      if (steps) all.set(`${format} tp${tp}`, steps);
    }
  }
  const say = (law: string, where: string, name: string, ratio: number) =>
    found.push(`${law}: ${hardware.id} ${model.id} ${where} ${name} ${ratio.toFixed(2)}x`);
  for (const [where, steps] of all) for (const prices of steps) checkRoofline(prices, hardware, where, say);
  for (const tp of DEGREES) {
    for (const format of FORMATS) {
      const [whole, halves] = [all.get(`${format} tp${tp}`), all.get(`${format} tp${2 * tp}`)];
      if (whole && halves) checkShares(whole, halves, `${format} tp${2 * tp}`, say);
    }
    for (const [wide, narrow, unpacks] of WIDER) {
      const [a, b] = [all.get(`${wide} tp${tp}`), all.get(`${narrow} tp${tp}`)];
      const copy = unpacks ? 1 / (UNPACKING_SHARE * hardware.memory_bandwidth) : 0;
      if (a && b && peakOf(hardware, wide) <= peakOf(hardware, narrow))
        checkWidths(a, b, copy, `${wide} to ${narrow} tp${tp}`, say);
    }
  }
  return found;
}

type Say = (law: string, where: string, name: string, ratio: number) => void;

function checkRoofline(prices: readonly OpPrice[], hardware: Hardware, where: string, say: Say): void {
  for (const price of prices.filter(isCompute)) {
    const { op, flops, seconds } = price;
    const least = op.kind === 'compute' ? flops / peakOf(hardware, op.format) : 0;
    if (least > seconds * TOLERANCE) say('beats the roofline', where, op.name, least / seconds);
  }
}

function checkShares(whole: Steps, halves: Steps, where: string, say: Say): void {
  for (const [i, sequences] of SEQUENCES.entries()) {
    const all = byName(whole[i]!, sequences);
    for (const [name, { seconds }] of byName(halves[i]!, sequences)) {
      const before = all.get(name)?.seconds ?? Number.POSITIVE_INFINITY;
      if (seconds > before * SHARE_TOLERANCE) say('slower than the whole', where, name, seconds / before);
    }
  }
}

function checkWidths(wide: Steps, narrow: Steps, copy: number, where: string, say: Say): void {
  for (const [i, sequences] of SEQUENCES.entries()) {
    const wider = byName(wide[i]!, sequences);
    for (const [name, { seconds, weights, timed }] of byName(narrow[i]!, sequences)) {
      const other = wider.get(name);
      // what was assumed of the wider format says nothing against what was timed
      if (!other || (timed && !other.timed)) continue;
      const most = other.seconds + copy * (weights + other.weights);
      if (seconds > most * TOLERANCE) say('slower than unpacking', where, name, seconds / most);
    }
  }
}

/** Devices by turns with models; at five times the depth each with nearly all. */
const PAIRS = catalog.ids('hardware').flatMap((id, i) => {
  const turns = Math.min(MODELS.length, DEPTH);
  return Array.from({ length: turns }, (_, turn) => [id, MODELS[(i + turn) % MODELS.length]!] as const);
});

describe('prices of the catalog', () => {
  it('break no law on any device', () => {
    const found = PAIRS.flatMap(([device, model]) => breaches(catalog.model(model), catalog.hardware(device)));
    expect(found).toEqual([]);
  });

  it('of cases that use found are those of the faster kernel', () => {
    const price = (model: string, format: WeightFormat, tp: number, at: number) => {
      const steps = stepsOf(catalog.model(model), catalog.hardware('h200-sxm-141gb'), format, tp)!;
      return byName(steps[SEQUENCES.indexOf(at)]!, at).get('experts')!.seconds;
    };
    expect(price('deepseek-r1', 'fp8', 8, 16)).toBeLessThanOrEqual(1.001 * price('deepseek-r1', 'fp8-block', 8, 16));
    expect(price('qwen3-235b-a22b', 'fp8', 8, 16)).toBeLessThan(price('qwen3-235b-a22b', 'fp8', 4, 16));
  });

  it('of block-scaled experts are those of 8 bits on kernels of their own where the traces compute in 16, and of the traces elsewhere', () => {
    const experts = (device: string, quantization: WeightFormat, engine: string, count: number) => {
      const hardware = catalog.hardware(device);
      const key = {
        model: catalog.model('deepseek-r1'),
        hardware,
        quantization,
        kv: 'auto',
        tp: 1,
        pp: 1,
        dp: 8,
        ep: 8,
      } as const;
      const traits = catalog.engine(engine);
      arena.release(start);
      const lowering = openLowering(fits, kernels, arena);
      const { ops, split } = shapeOf({ ...key, profile: traits }, lowering);
      const priced = priceList(ops, hardware, lowering.book, traits);
      const steps = priceStepExactly(priced, { prefill: [], decode: [{ count, context: 100 }] }, split);
      return byName(steps, count).get('experts')!.seconds;
    };
    for (const device of ['b200-sxm-180gb', 'gb200-186gb', 'h200-sxm-141gb'])
      for (const count of [64, 4096, 16_384]) {
        const [traced, own] = ['vllm-0.11', 'trtllm-1.0'].map((engine) =>
          experts(device, 'fp8-block', engine, count),
        ) as [number, number];
        const one = 1.08 * experts(device, 'fp8', 'trtllm-1.0', count);
        if (device.startsWith('h200')) expect(own).toBe(traced);
        else expect(own).toBeLessThanOrEqual(Math.min(traced, one) * TOLERANCE);
      }
    const [own, wide] = (['fp8-block', 'bf16'] as const).map((format) =>
      experts('b200-sxm-180gb', format, 'trtllm-1.0', 16_384),
    ) as [number, number];
    expect(own).toBeLessThan(0.75 * wide);
    expect(experts('b200-sxm-180gb', 'fp8-block', 'vllm-0.11', 16_384)).toBeGreaterThan(wide);
  });
});
