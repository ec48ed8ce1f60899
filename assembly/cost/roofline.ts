// The roofline price of many ops at once: t0 + ((C/peak)^p + (M/bandwidth)^p)^(1/p), two f64 lanes at a time.
//
// p is a power of two or infinite, so the p-norm needs only multiplications and square roots (DESIGN.md section 3) and gives
// the same bits as its TypeScript twin (src/plan/roofline-twin.ts): same operations, same order, nothing fused.
// Infinity is the classic roofline: Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009.
import { NORM_1, NORM_2, NORM_4, NORM_8, NORM_INF } from '../layout/enums';

const LANES: i32 = 2;
const PAIR: usize = 16; // bytes of two lanes

/** (a^p + b^p)^(1/p). `norm` is a literal at every call, so one branch survives compilation. */
// @ts-ignore: decorator
@inline
function combine(norm: i32, a: v128, b: v128): v128 {
  if (norm == NORM_1) return f64x2.add(a, b);
  if (norm == NORM_INF) return f64x2.pmax(a, b);
  let u = f64x2.mul(a, a);
  let v = f64x2.mul(b, b);
  if (norm >= NORM_4) {
    u = f64x2.mul(u, u);
    v = f64x2.mul(v, v);
  }
  if (norm == NORM_8) {
    u = f64x2.mul(u, u);
    v = f64x2.mul(v, v);
  }
  let root = f64x2.sqrt(f64x2.add(u, v));
  if (norm >= NORM_4) root = f64x2.sqrt(root);
  if (norm == NORM_8) root = f64x2.sqrt(root);
  return root;
}

/** What was in `out`, or zero: `keep` is all ones when prices are added to it. */
// @ts-ignore: decorator
@inline
function kept(out: usize, keep: v128): v128 {
  return v128.and(v128.load(out), keep);
}

/** Stores both lanes, or only the first at an odd end. */
// @ts-ignore: decorator
@inline
function storeLanes(out: usize, value: v128, lanes: i32): void {
  if (lanes == LANES) v128.store(out, value);
  else store<f64>(out, f64x2.extract_lane(value, 0));
}

/** One pair of ops from columns of FLOPs and bytes. */
// @ts-ignore: decorator
@inline
function pricePair(norm: i32, flops: v128, bytes: v128, t0: v128, perFlop: v128, perByte: v128, count: v128): v128 {
  const time = combine(norm, f64x2.mul(flops, perFlop), f64x2.mul(bytes, perByte));
  return f64x2.mul(count, f64x2.add(t0, time));
}

// @ts-ignore: decorator
@inline
function priceOpsBy(norm: i32, n: i32, flops: usize, bytes: usize, out: usize, t0: f64, secondsPerFlop: f64, secondsPerByte: f64, count: f64, add: i32): void {
  const base = f64x2.splat(t0);
  const perFlop = f64x2.splat(secondsPerFlop);
  const perByte = f64x2.splat(secondsPerByte);
  const times = f64x2.splat(count);
  const keep = i64x2.splat(add ? -1 : 0);

  // four pairs a turn: their square roots overlap
  let left = n;
  for (; left >= 4 * LANES; left -= 4 * LANES) {
    const a = pricePair(norm, v128.load(flops), v128.load(bytes), base, perFlop, perByte, times);
    const b = pricePair(norm, v128.load(flops, 16), v128.load(bytes, 16), base, perFlop, perByte, times);
    const c = pricePair(norm, v128.load(flops, 32), v128.load(bytes, 32), base, perFlop, perByte, times);
    const d = pricePair(norm, v128.load(flops, 48), v128.load(bytes, 48), base, perFlop, perByte, times);
    v128.store(out, f64x2.add(kept(out, keep), a));
    v128.store(out, f64x2.add(kept(out + 16, keep), b), 16);
    v128.store(out, f64x2.add(kept(out + 32, keep), c), 32);
    v128.store(out, f64x2.add(kept(out + 48, keep), d), 48);
    flops += 4 * PAIR;
    bytes += 4 * PAIR;
    out += 4 * PAIR;
  }
  // what is left, a pair at a time
  for (; left >= LANES; left -= LANES) {
    const a = pricePair(norm, v128.load(flops), v128.load(bytes), base, perFlop, perByte, times);
    v128.store(out, f64x2.add(kept(out, keep), a));
    flops += PAIR;
    bytes += PAIR;
    out += PAIR;
  }
  // an odd end reads and writes one lane only
  if (left > 0) {
    const a = pricePair(norm, v128.load64_zero(flops), v128.load64_zero(bytes), base, perFlop, perByte, times);
    storeLanes(out, f64x2.add(v128.and(v128.load64_zero(out), keep), a), 1);
  }
}

/**
 * out[i] (+)= count * (t0 + ((flops[i]*secondsPerFlop)^p + (bytes[i]*secondsPerByte)^p)^(1/p)) for i < n.
 * Reads `flops`, `bytes` f64[n], and `out` f64[n] when `add`; writes `out` f64[n].
 */
export function priceOps(norm: i32, n: i32, flops: usize, bytes: usize, out: usize, t0: f64, secondsPerFlop: f64, secondsPerByte: f64, count: f64, add: i32): void {
  assert(n >= 0, 'priceOps: negative number of rows');
  if (norm == NORM_1) priceOpsBy(NORM_1, n, flops, bytes, out, t0, secondsPerFlop, secondsPerByte, count, add);
  else if (norm == NORM_2) priceOpsBy(NORM_2, n, flops, bytes, out, t0, secondsPerFlop, secondsPerByte, count, add);
  else if (norm == NORM_4) priceOpsBy(NORM_4, n, flops, bytes, out, t0, secondsPerFlop, secondsPerByte, count, add);
  else if (norm == NORM_8) priceOpsBy(NORM_8, n, flops, bytes, out, t0, secondsPerFlop, secondsPerByte, count, add);
  else priceOpsBy(NORM_INF, n, flops, bytes, out, t0, secondsPerFlop, secondsPerByte, count, add);
}

/** Compute and memory seconds of one pair of grid points, from the two quantities an op scales with. */
// @ts-ignore: decorator
@inline
function linePair(norm: i32, x: v128, y: v128, t0: v128, fx: v128, fy: v128, b0: v128, bx: v128, by: v128, count: v128): v128 {
  const compute = f64x2.add(f64x2.mul(fx, x), f64x2.mul(fy, y));
  const memory = f64x2.add(f64x2.add(b0, f64x2.mul(bx, x)), f64x2.mul(by, y));
  return f64x2.mul(count, f64x2.add(t0, combine(norm, compute, memory)));
}

// @ts-ignore: decorator
@inline
function priceLinesBy(norm: i32, n: i32, x: usize, y: usize, out: usize, t0: f64, computeX: f64, computeY: f64, memory0: f64, memoryX: f64, memoryY: f64, count: f64): void {
  const base = f64x2.splat(t0);
  const fx = f64x2.splat(computeX);
  const fy = f64x2.splat(computeY);
  const b0 = f64x2.splat(memory0);
  const bx = f64x2.splat(memoryX);
  const by = f64x2.splat(memoryY);
  const times = f64x2.splat(count);

  let left = n;
  for (; left >= 2 * LANES; left -= 2 * LANES) {
    const a = linePair(norm, v128.load(x), v128.load(y), base, fx, fy, b0, bx, by, times);
    const b = linePair(norm, v128.load(x, 16), v128.load(y, 16), base, fx, fy, b0, bx, by, times);
    v128.store(out, f64x2.add(v128.load(out), a));
    v128.store(out, f64x2.add(v128.load(out, 16), b), 16);
    x += 2 * PAIR;
    y += 2 * PAIR;
    out += 2 * PAIR;
  }
  for (; left > 0; left -= LANES) {
    const lanes = left < LANES ? left : LANES;
    const xs = lanes == LANES ? v128.load(x) : v128.load64_zero(x);
    const ys = lanes == LANES ? v128.load(y) : v128.load64_zero(y);
    const before = lanes == LANES ? v128.load(out) : v128.load64_zero(out);
    storeLanes(out, f64x2.add(before, linePair(norm, xs, ys, base, fx, fy, b0, bx, by, times)), lanes);
    x += PAIR;
    y += PAIR;
    out += PAIR;
  }
}

/**
 * The same price where FLOPs and bytes are lines in two quantities, so that no column of either is ever written:
 * out[i] += count * (t0 + ((cx*x + cy*y)^p + (m0 + mx*x + my*y)^p)^(1/p)), coefficients in seconds. x, y, out: f64[n].
 */
export function priceLines(norm: i32, n: i32, x: usize, y: usize, out: usize, t0: f64, computeX: f64, computeY: f64, memory0: f64, memoryX: f64, memoryY: f64, count: f64): void {
  assert(n >= 0, 'priceLines: negative number of rows');
  if (norm == NORM_1) priceLinesBy(NORM_1, n, x, y, out, t0, computeX, computeY, memory0, memoryX, memoryY, count);
  else if (norm == NORM_2) priceLinesBy(NORM_2, n, x, y, out, t0, computeX, computeY, memory0, memoryX, memoryY, count);
  else if (norm == NORM_4) priceLinesBy(NORM_4, n, x, y, out, t0, computeX, computeY, memory0, memoryX, memoryY, count);
  else if (norm == NORM_8) priceLinesBy(NORM_8, n, x, y, out, t0, computeX, computeY, memory0, memoryX, memoryY, count);
  else priceLinesBy(NORM_INF, n, x, y, out, t0, computeX, computeY, memory0, memoryX, memoryY, count);
}
