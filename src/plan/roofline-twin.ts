// The roofline kernels of assembly/cost/roofline.ts in plain TypeScript: the same operations in the same order, so the same bits.
import { NORM_1, NORM_2, NORM_4, NORM_8, NORM_INF } from '../../assembly/layout/enums.ts';

export type Norm = 1 | 2 | 4 | 8 | 'inf';

const NORM_IDS = { 1: NORM_1, 2: NORM_2, 4: NORM_4, 8: NORM_8, inf: NORM_INF } as const;

/** The id by which kernels know a norm. */
export function normId(p: Norm): number {
  return NORM_IDS[p];
}

/** (a^p + b^p)^(1/p) for a, b >= 0. */
export function combine(norm: number, a: number, b: number): number {
  if (norm === NORM_1) return a + b;
  if (norm === NORM_INF) return Math.max(a, b);
  let u = a * a;
  let v = b * b;
  if (norm >= NORM_4) {
    u *= u;
    v *= v;
  }
  if (norm === NORM_8) {
    u *= u;
    v *= v;
  }
  let root = Math.sqrt(u + v);
  if (norm >= NORM_4) root = Math.sqrt(root);
  if (norm === NORM_8) root = Math.sqrt(root);
  return root;
}

/** out[i] (+)= count * (t0 + ((flops[i]*perFlop)^p + (bytes[i]*perByte)^p)^(1/p)) for i < n. */
export function priceOpsTwin(
  norm: number,
  n: number,
  flops: Float64Array,
  bytes: Float64Array,
  out: Float64Array,
  t0: number,
  secondsPerFlop: number,
  secondsPerByte: number,
  count: number,
  add: number,
): void {
  for (let i = 0; i < n; i++) {
    const time = combine(norm, flops[i]! * secondsPerFlop, bytes[i]! * secondsPerByte);
    out[i] = (add ? out[i]! : 0) + count * (t0 + time);
  }
}

/** An op whose compute and memory seconds are lines in two quantities x and y. */
export interface Line {
  readonly t0: number;
  readonly computeX: number;
  readonly computeY: number;
  readonly memory0: number;
  readonly memoryX: number;
  readonly memoryY: number;
}

/** Compute seconds and memory seconds of one line at (x, y), before they are joined. */
export function lineParts(line: Line, x: number, y: number): { compute: number; memory: number } {
  return {
    compute: line.computeX * x + line.computeY * y,
    memory: line.memory0 + line.memoryX * x + line.memoryY * y,
  };
}

/** out[i] += count * price of the line at (x[i], y[i]) for i < n. */
export function priceLinesTwin(
  norm: number,
  n: number,
  x: Float64Array,
  y: Float64Array,
  out: Float64Array,
  line: Line,
  count: number,
): void {
  for (let i = 0; i < n; i++) {
    const { compute, memory } = lineParts(line, x[i]!, y[i]!);
    out[i]! += count * (line.t0 + combine(norm, compute, memory));
  }
}
