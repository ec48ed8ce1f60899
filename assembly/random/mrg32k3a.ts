// L'Ecuyer's combined generator MRG32k3a in exact f64 arithmetic: the same bits in asc, tsc and every host.
//
// Source: P. L'Ecuyer, "Good parameters and implementations for combined multiple recursive random number
// generators", Operations Research 47(1), 1999. State: two triples (x0, x1, x2) below M1 and (y0, y1, y2) below M2,
// oldest first, neither all zero. Every product stays below 2^53, so f64 holds all of them exactly.
// This file compiles unchanged under asc (number is f64) and tsc: only numbers, no state, no imports.

export const M1: number = 4294967087; // 2^32 - 209, prime
export const M2: number = 4294944443; // 2^32 - 22853, prime

const A12: number = 1403580;
const A13: number = 810728;
const A21: number = 527612;
const A23: number = 1370589;
const TWO_17: number = 131072;
const NORM: number = 2.328306549295727688e-10; // 1 / (M1 + 1)

/** x3 = (A12 x1 - A13 x0) mod M1. */
export function stepFirst(x0: number, x1: number): number {
  const p = A12 * x1 - A13 * x0;
  const r = p - Math.floor(p / M1) * M1;
  return r < 0 ? r + M1 : r; // p / M1 may round up to an integer
}

/** y3 = (A21 y2 - A23 y0) mod M2. */
export function stepSecond(y0: number, y2: number): number {
  const p = A21 * y2 - A23 * y0;
  const r = p - Math.floor(p / M2) * M2;
  return r < 0 ? r + M2 : r;
}

/** A number strictly between 0 and 1 from the two newest values. */
export function combine(x: number, y: number): number {
  return (x > y ? x - y : x - y + M1) * NORM;
}

/** (a s + c) mod m for 0 <= a, s, c < m < 2^32, exactly: a is split at bit 17. */
export function multiplyMod(a: number, s: number, c: number, m: number): number {
  const high = Math.floor(a / TWO_17);
  let v = high * s;
  v = v - Math.floor(v / m) * m;
  v = v * TWO_17 + (a - high * TWO_17) * s + c;
  v = v - Math.floor(v / m) * m;
  return v < 0 ? v + m : v;
}

// Streams lie 2^127 draws apart: the transition matrices to that power, one row per call. Rows from L'Ecuyer, Simard,
// Chen and Kelton, "An object-oriented random-number package with many long streams and substreams", Operations
// Research 50(6), 2002; test/workload/random.test.ts computes them again.

/** Word `row` (0, 1 or 2) of the first triple, 2^127 draws on. */
export function jumpFirst(row: number, x0: number, x1: number, x2: number): number {
  if (row === 0) return multiplyRow(2427906178, 3580155704, 949770784, x0, x1, x2, M1);
  if (row === 1) return multiplyRow(226153695, 1230515664, 3580155704, x0, x1, x2, M1);
  return multiplyRow(1988835001, 986791581, 1230515664, x0, x1, x2, M1);
}

/** Word `row` (0, 1 or 2) of the second triple, 2^127 draws on. */
export function jumpSecond(row: number, y0: number, y1: number, y2: number): number {
  if (row === 0) return multiplyRow(1464411153, 277697599, 1610723613, y0, y1, y2, M2);
  if (row === 1) return multiplyRow(32183930, 1464411153, 1022607788, y0, y1, y2, M2);
  return multiplyRow(2824425944, 32183930, 2093834863, y0, y1, y2, M2);
}

function multiplyRow(a: number, b: number, c: number, s0: number, s1: number, s2: number, m: number): number {
  return multiplyMod(c, s2, multiplyMod(b, s1, multiplyMod(a, s0, 0, m), m), m);
}
