// log and exp from additions, multiplications and divisions alone: hosts differ in the last bit of Math.log, these do not.
//
// Method: argument reduction by powers of two, then a series (Taylor) short enough for f64, as in every classic math
// library. Error below 1 ulp (tested against the host's). Compiles unchanged under asc (number is f64) and tsc; fractions
// are written 1.0 / 6.0 because asc may divide whole literals as integers.

const LN2_HIGH: number = 6.93147180369123816490e-1; // the first 32 bits of ln 2: k * LN2_HIGH is exact
const LN2_LOW: number = 1.90821492927058770002e-10; // the rest
const SQRT_HALF: number = 0.7071067811865476;
const TWO_16: number = 65536;
const TWO_M16: number = 0.0000152587890625;

/** Natural logarithm: NaN below 0, -Infinity at 0. */
export function naturalLog(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  let k: number = 0; // x = 2^k m with sqrt(1/2) <= m < sqrt(2); scaling by powers of two is exact
  let m = x;
  while (m >= TWO_16) {
    m *= TWO_M16;
    k += 16;
  }
  while (m < TWO_M16) {
    m *= TWO_16;
    k -= 16;
  }
  while (m >= 2 * SQRT_HALF) {
    m *= 0.5;
    k += 1;
  }
  while (m < SQRT_HALF) {
    m *= 2;
    k -= 1;
  }
  // log(1+f) = 2 atanh(s) with s = f/(2+f): 2s + s R, R = 2/3 z + 2/5 z^2 + ...; 2s = f - s f keeps the leading bits.
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  const tail = z * (2.0 / 15.0 + z * (2.0 / 17.0 + z * (2.0 / 19.0 + z * (2.0 / 21.0 + z * (2.0 / 23.0)))));
  const r = z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0 + z * (2.0 / 11.0 + z * (2.0 / 13.0 + tail))))));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f);
}

/** 2^k for whole k within the range of f64, by repeated squaring. */
function powerOfTwo(k: number): number {
  let left = k < 0 ? -k : k;
  let square = k < 0 ? 0.5 : 2.0;
  let result = 1.0;
  while (left > 0) {
    const half = Math.floor(left / 2);
    if (left !== 2 * half) result *= square;
    square *= square;
    left = half;
  }
  return result;
}

/** e^x: 0 far below, Infinity far above the range of f64. */
export function naturalExp(x: number): number {
  if (isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * 1.4426950408889634 + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low; // |r| <= ln(2)/2
  const tail = r * (1.0 / 362880.0 + r * (1.0 / 3628800.0 + r * (1.0 / 39916800.0 + r * (1.0 / 479001600.0 + r / 6227020800))));
  const p = 1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0 + r * (1.0 / 40320.0 + tail)))));
  const m = 1 + (high - (low - r * r * (0.5 + r * p)));
  // Two factors, so that neither overflows or loses bits before the last product.
  const first = Math.floor(k / 2);
  return m * powerOfTwo(first) * powerOfTwo(k - first);
}
