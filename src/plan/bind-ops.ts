// One op bound to the rate of one hardware: a line in seconds, and the curve or plane of its measurements where there are any.
import type { OpTable, WeightFormat } from '../catalog/types.ts';
import { ACTIVATION_BYTES } from '../stages/formats.ts';
import { gemm } from '../stages/gemm-ops.ts';
import { routedWork } from '../stages/mlp-ops.ts';
import type { ComputeOp } from '../stages/op.ts';
import type { ExchangeRate, Rate } from './efficiency.ts';
import {
  type Curve,
  factorsAlong,
  factorsOfLayer,
  makeCurve,
  makePlane,
  type Plane,
  readCurve,
  readFactor,
} from './op-table.ts';
import { combine, type Line, lineParts, normId } from './roofline-twin.ts';

export interface PricedCompute {
  readonly op: ComputeOp;
  readonly rate: Rate;
  readonly norm: number;
  readonly line: Line;
  /** prefill: memory seconds per new token, beside the line. */
  readonly memoryZ: number;
  /** Seconds of a launch by rows (gemm) or tokens of the instance (experts); null = by the line. */
  readonly curve: Curve | null;
  /** Decode attention by sequences and context; null = by the line. */
  readonly plane: Plane | null;
  /** Prefill attention: measured over fitted time by tokens of a chunk; null = 1. */
  readonly factors: { readonly knots: readonly number[]; readonly values: Float64Array } | null;
  /** Experts of packed weights that slow down in steps with prompts (plan/datasheet.ts, UNPACKING). */
  readonly unpacks: boolean;
}

/** What a curve needs beside an op's own rate: the rate of any other matrix product on the same hardware. */
export interface Binding {
  readonly rate: Rate;
  readonly gemmRate: (format: WeightFormat) => Rate;
  /** The engine's activations have scales of their own accord (EngineProfile.static_scales). */
  readonly staticScales: boolean;
  /** The engine unpacks weights that the hardware has no rate for. */
  readonly unpacks: boolean;
  /** The engine's experts are not those of the traces (EngineProfile.kernels). */
  readonly ownKernels?: boolean;
}

/** An op at the price of its own format (plan/envelope.ts holds it against wider ones). */
export function bindAlone(op: ComputeOp, binding: Binding): PricedCompute {
  const { rate } = binding;
  const line = lineOf(op, rate);
  const norm = normId(rate.p);
  const none = { curve: null, plane: null, factors: null, unpacks: false };
  const bound = { op, rate, norm, line, memoryZ: op.bytesZ * rate.perByte, ...none };
  if (op.shape.length === 0) return bound;
  if (op.family === 'gemm') return { ...bound, curve: gemmCurve(op, binding) };
  if (!rate.table) return bound;
  const unpacks = binding.unpacks && WEIGHT_ONLY.has(op.format);
  if (op.family === 'moe') return { ...bound, unpacks, curve: expertsCurve(op, rate, line) };
  if (op.over === 'decode') {
    return { ...bound, plane: decodePlane(op, rate, rate.table) };
  }
  const [heads, kvHeads, headSize] = op.shape as [number, number, number];
  const values = factorsAlong(rate.table, [heads, headSize, kvHeads]);
  return { ...bound, factors: { knots: rate.table.axes[0]!, values } };
}

/** Query heads that share a KV head, an axis of tables of decode attention. */
const SHARED = 2;

/** By the table, and no slower than with more query heads over the same cache, whose kernel could run these. */
function decodePlane(op: ComputeOp, rate: Rate, table: OpTable): Plane {
  const [heads, kvHeads, headSize] = op.shape as [number, number, number];
  const larger = table.axes[SHARED]!.filter((shared) => shared * kvHeads! > heads!);
  const planes = [heads, ...larger.map((shared) => shared * kvHeads!)].map((count) => {
    const ratio = count! / heads!;
    const wider = { ...op, flopsX: op.flopsX * ratio, flopsY: op.flopsY * ratio, bytesY: op.bytesY * ratio };
    const seconds = fittedBy(wider, rate);
    const fitted = (sequences: number, context: number) => seconds(sequences * context, sequences);
    return makePlane(table, [count, kvHeads, headSize], fitted);
  });
  const own = planes[0]!;
  const seconds = own.seconds.map((_, i) => Math.min(...planes.map((plane) => plane.seconds[i]!)));
  return { ...own, seconds };
}

function lineOf(op: ComputeOp, rate: Rate): Line {
  // what dynamic quantisation moves beyond the width that the matrix unit reads
  const wider = rate.activationBytes === null ? 0 : rate.activationBytes - ACTIVATION_BYTES[op.format];
  return {
    t0: rate.t0,
    computeX: op.flopsX * rate.perFlop,
    computeY: op.flopsY * rate.perFlop,
    memory0: op.bytes0 * rate.perByte,
    memoryX: (op.bytesX + op.activationsX * wider) * rate.perByte,
    memoryY: op.bytesY * rate.perByte,
  };
}

/** Seconds of one launch of an op by x and y, by a fit. */
export function fittedBy(op: ComputeOp, rate: Rate): (x: number, y: number) => number {
  const line = lineOf(op, rate);
  const norm = normId(rate.p);
  return (x, y) => launch(norm, line, x, y);
}

/** Seconds of one launch by the fit. */
export function launch(norm: number, line: Line, x: number, y: number): number {
  const { compute, memory } = lineParts(line, x, y);
  return line.t0 + combine(norm, compute, memory);
}

/** Formats whose activations an engine may have calibrated once for all; block scales are always made on the way. */
const CALIBRATED: ReadonlySet<WeightFormat> = new Set(['fp8', 'int8']);
/** Rows at which fits are sampled where nothing is measured: powers of two. */
export const ROWS: readonly number[] = Array.from({ length: 15 }, (_, i) => 2 ** i);

function gemmCurve(op: ComputeOp, { rate, gemmRate, staticScales }: Binding): Curve | null {
  const quantises = staticScales && CALIBRATED.has(op.format) && op.activationsX > 0;
  const curve = measuredCurve(op, rate);
  return quantises ? withoutQuantising(op, rate, gemmRate('bf16'), curve) : curve;
}

function measuredCurve(op: ComputeOp, rate: Rate): Curve | null {
  if (!rate.table) return null;
  const line = lineOf(op, rate);
  const norm = normId(rate.p);
  return makeCurve(rate.table.axes[0]!, factorsAlong(rate.table, op.shape), (x) => launch(norm, line, x, 0));
}

/** The curve of the fit alone, where there is no table. */
function fittedCurve(op: ComputeOp, rate: Rate): Curve {
  const line = lineOf(op, rate);
  const norm = normId(rate.p);
  return makeCurve(ROWS, new Float64Array(ROWS.length).fill(1), (x) => launch(norm, line, x, 0));
}

/** Outputs of the narrowest timed product: what it costs beyond its 16-bit twin is quantising the activations. */
const NARROWEST = 256;
/** What is left of a launch at least. */
const LEAST_LEFT = 0.4;

/** Without dynamic quantisation: t(m, n, k) - (t(m, 256, k) - t16(m, 256, k)), at least 0.4 t (calibration.md section 7). */
function withoutQuantising(op: ComputeOp, rate: Rate, plain: Rate, measured: Curve | null): Curve {
  const curve = measured ?? fittedCurve(op, rate);
  const [, k] = op.shape;
  const curveOf = (format: WeightFormat, of: Rate) => {
    const narrow = gemm('', k!, NARROWEST, format, 1);
    return measuredCurve(narrow, of) ?? fittedCurve(narrow, of);
  };
  const [quantised, twin] = [curveOf(op.format, rate), curveOf('bf16', plain)];
  const seconds = curve.seconds.map((time, i) => {
    const extra = readAt(quantised, curve.knots[i]!) - readAt(twin, curve.knots[i]!);
    return Math.max(LEAST_LEFT * time, time - Math.max(0, extra));
  });
  for (let i = 1; i < seconds.length; i++) seconds[i] = Math.max(seconds[i]!, seconds[i - 1]!);
  return { ...curve, seconds };
}

const readAt = (curve: Curve, x: number): number => readFactor(curve.knots, curve.seconds, x);

/** Formats whose weights are unpacked to 16 bits on the way to the matrix unit, where the hardware has no rate of their own. */
const WEIGHT_ONLY: ReadonlySet<WeightFormat> = new Set(['mxfp4', 'int4']);

function expertsCurve(op: ComputeOp, rate: Rate, line: Line): Curve {
  const { routing } = op;
  const norm = normId(rate.p);
  const fitted = (tokens: number) => {
    const { x, y } = routedWork(routing!, tokens);
    return launch(norm, line, x, y);
  };
  return makeCurve(rate.table!.axes[0]!, factorsOfLayer(rate.table!, op.shape), fitted);
}

/** Seconds of an exchange by message bytes, where it was timed. */
export function exchangeCurve({ fit, table }: ExchangeRate): Curve | null {
  if (!fit || !table) return null;
  const norm = normId(fit.p);
  const factors = Float64Array.from(table.permille, (value) => value / 1000);
  return makeCurve(table.bytes, factors, (bytes) => combine(norm, fit.t0, bytes * fit.perByte));
}

/** The lesser of two curves at the knots of the first; beyond them as the first. */
export function fasterCurve(curve: Curve | null, other: Curve | null): Curve | null {
  if (!curve || !other) return curve;
  return { ...curve, seconds: curve.seconds.map((time, i) => Math.min(time, readCurve(other, curve.knots[i]!))) };
}
