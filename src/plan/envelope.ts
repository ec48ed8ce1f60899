// No format is slower than a wider one behind an unpacking of the weights: an engine whose narrow kernel is that slow can always
// unpack and run the wide one. Kernel traces break this where nobody tuned a launch (per-tensor fp8 experts of Hopper: five times
// the block-scaled kernel's time); laws 3 and 5 of accuracy.
import type { Basis, OpFamily, WeightFormat } from '../catalog/types.ts';
import { routedWork, touchedExperts } from '../stages/mlp-ops.ts';
import type { ComputeOp } from '../stages/op.ts';
import { widened } from '../stages/widened.ts';
import { type Binding, bindAlone, launch, type PricedCompute, ROWS } from './bind-ops.ts';
import { FP8_BLOCK_SLOWDOWN } from './datasheet.ts';
import { type Rate, worse } from './efficiency.ts';
import { type Curve, type Plane, readCurve } from './op-table.ts';

/** What an engine could run instead, and whether weights have to be unpacked first. */
interface Wider {
  readonly format: WeightFormat;
  readonly unpacked: boolean;
}

const SIXTEEN: Wider = { format: 'bf16', unpacked: true };
/** int4 and mxfp4 have 16-bit activations, so that nothing between them and 16 bits does the same work. */
const WIDER: Readonly<Record<WeightFormat, readonly Wider[]>> = {
  bf16: [],
  fp16: [],
  fp8: [SIXTEEN, { format: 'fp8-block', unpacked: false }],
  'fp8-block': [SIXTEEN],
  int8: [SIXTEEN, { format: 'fp8', unpacked: false }],
  nvfp4: [SIXTEEN, { format: 'fp8', unpacked: true }],
  mxfp4: [SIXTEEN],
  int4: [SIXTEEN],
};

/** The hardware that an op is bound to: rates of all its kinds of work, FLOP/s at its peak and B/s of its memory. */
export interface Prices {
  readonly bandwidth: number;
  readonly rateOf: (family: OpFamily, format: WeightFormat) => Rate;
  readonly peakOf: (format: WeightFormat) => number;
}

/** An op at its own price or, where that is less, at the price of a wider format and of unpacking to it. */
export function bindCompute(op: ComputeOp, binding: Binding, prices: Prices): PricedCompute {
  const own = bindAlone(op, binding);
  if (own.plane) return { ...own, plane: planeAtLeast(own.plane, op, prices) };
  if ((op.family !== 'gemm' && op.family !== 'moe') || op.shape.length === 0) return own;
  const least = asOneScale(atLeast(own, prices), binding, prices);
  return WIDER[op.format].reduce((bound, wider) => {
    const rate = prices.rateOf(op.family, wider.format);
    // what was assumed of the wider format says nothing against what was timed
    if (isTimed(bound.rate) && !isTimed(rate)) return bound;
    // where a wider format is multiplied at a higher rate, the engine that runs the narrow one does not have that kernel
    if (prices.peakOf(wider.format) > prices.peakOf(op.format)) return bound;
    const wide = bindCompute(widened(op, wider.format), { ...binding, rate, unpacks: false }, prices);
    return wider.unpacked
      ? atMost(bound, wide, 'extrapolated', unpacking(op, wide.op, prices.rateOf('elementwise', 'bf16')))
      : atMost(bound, wide, 'measured', () => 0);
  }, least);
}

/**
 * Experts of block-scaled fp8 of an engine whose kernels are not those of the traces. Where the traces' kernel is slower than 16 bits
 * though it has thousands of tokens (vLLM's on Blackwell: up to 1.8 times), it does not compute in 8 bits, and says nothing of one that
 * does: scales by block then cost what they cost matrix products, over fp8 of one scale.
 */
function asOneScale(bound: PricedCompute, binding: Binding, prices: Prices): PricedCompute {
  const { op } = bound;
  if (!binding.ownKernels || op.family !== 'moe' || op.format !== 'fp8-block') return bound;
  const alone = (format: WeightFormat) => {
    const rate = prices.rateOf('moe', format);
    return isTimed(rate) ? bindAlone(widened(op, format), { ...binding, rate, unpacks: false }) : null;
  };
  const [wide, one] = [alone('bf16'), alone('fp8')];
  if (!wide || !one) return bound;
  const most = ROWS[ROWS.length - 1]!; // where they compute, and launches and bytes count for nothing
  if (!(secondsOf(bound)(most) > secondsOf(wide)(most))) return bound;
  const scaled = atLeast(one, prices);
  const seconds = secondsOf(scaled);
  return atMost(bound, scaled, 'extrapolated', (x) => (FP8_BLOCK_SLOWDOWN - 1) * seconds(x));
}

/** `bound`, nowhere below the roofline of the device: fits and tables may beat it by caches, or on a relative of it. */
function atLeast(bound: PricedCompute, { peakOf, bandwidth }: Prices): PricedCompute {
  const { op } = bound;
  const own = secondsOf(bound);
  const roof = (rows: number) => {
    const { x, y } = workOfRows(op, rows);
    // activations may lie in a cache, weights do not
    return Math.max((op.flopsX * x) / peakOf(op.format), (op.bytes0 + op.bytesY * y) / bandwidth);
  };
  const knots = bound.curve?.knots ?? ROWS;
  if (!knots.some((rows) => own(rows) < roof(rows))) return bound;
  const seconds = Float64Array.from(knots, (rows) => Math.max(own(rows), roof(rows)));
  const above = own(knots[knots.length - 1]!) < roof(knots[knots.length - 1]!);
  return { ...bound, curve: { knots, seconds, fitted: above ? roof : (bound.curve?.fitted ?? own) } };
}

/** Decode attention likewise. */
function planeAtLeast(plane: Plane, op: ComputeOp, { peakOf, bandwidth }: Prices): Plane {
  const { rows, columns } = plane;
  const seconds = plane.seconds.map((own, i) => {
    const sequences = rows[Math.floor(i / columns.length)] ?? 0;
    const x = sequences * (columns[i % columns.length] ?? 0);
    const bytes = op.bytes0 + op.bytesX * x + op.bytesY * sequences;
    return Math.max(own, (op.flopsX * x + op.flopsY * sequences) / peakOf(op.format), bytes / bandwidth);
  });
  return { ...plane, seconds };
}

const isTimed = ({ basis }: Rate): boolean => basis === 'measured' || basis === 'calibrated';

/**
 * `bound` where it is the faster one, `wide` and `extra` seconds, which rest on `trust`, where those are; `bound` itself where they
 * never are.
 */
function atMost(bound: PricedCompute, wide: PricedCompute, trust: Basis, extra: (x: number) => number): PricedCompute {
  const own = secondsOf(bound);
  const other = secondsOf(wide);
  const knots = union(bound.curve?.knots ?? ROWS, wide.curve?.knots ?? ROWS);
  const slower = (x: number) => own(x) > other(x) + extra(x);
  if (!knots.some(slower)) return bound;
  const seconds = Float64Array.from(knots, (x) => Math.min(own(x), other(x) + extra(x)));
  const last = slower(knots[knots.length - 1]!) ? wide : bound;
  const curve: Curve = { knots, seconds, fitted: last.curve?.fitted ?? secondsOf(last) };
  const { rate } = bound;
  const basis = worse(worse(rate.basis, wide.rate.basis), trust);
  return { ...bound, curve, rate: { ...rate, basis, from: `${rate.from}, at most ${wide.op.format}'s` } };
}

/** Seconds of a launch by rows (gemm) or by tokens of the instance (experts). */
function secondsOf({ op, curve, norm, line }: PricedCompute): (x: number) => number {
  if (curve) return (x) => readCurve(curve, x);
  return (rows) => {
    const { x, y } = workOfRows(op, rows);
    return launch(norm, line, x, y);
  };
}

/** What an op scales with, by rows (gemm) or by tokens of the instance (experts). */
const workOfRows = ({ routing }: ComputeOp, rows: number): { x: number; y: number } =>
  routing ? routedWork(routing, rows) : { x: rows, y: 0 };

/** Reads the weights as they are stored and writes them wide, once a launch. */
function unpacking(narrow: ComputeOp, wide: ComputeOp, { perByte }: Rate): (x: number) => number {
  const { routing } = narrow;
  if (!routing) return () => (narrow.bytes0 + wide.bytes0) * perByte;
  return (tokens) => touchedExperts(routing, tokens) * (narrow.bytesY + wide.bytesY) * perByte;
}

const union = (a: readonly number[], b: readonly number[]): number[] =>
  [...new Set([...a, ...b])].sort((one, other) => one - other);
