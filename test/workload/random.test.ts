// The streams behind every workload: the published generator, exactly; log, exp and normal numbers to the last place.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { naturalExp, naturalLog } from '../../assembly/random/elementary.ts';
import * as mrg from '../../assembly/random/mrg32k3a.ts';
import { nextUniform, openStream, STREAM_OUTPUTS, STREAM_PROMPTS, type Stream } from '../../src/workload/streams.ts';
import { normalCdf, normalQuantile } from '../../src/workload/variates.ts';

const M1 = 4294967087n;
const M2 = 4294944443n;
// biome-ignore format: matrices
const A1 = [[0n, 1n, 0n], [0n, 0n, 1n], [M1 - 810728n, 1403580n, 0n]];
// biome-ignore format: matrices
const A2 = [[0n, 1n, 0n], [0n, 0n, 1n], [M2 - 1370589n, 0n, 527612n]];

type Matrix = readonly (readonly bigint[])[];

function multiply(a: Matrix, b: Matrix, m: bigint): Matrix {
  return a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0n) % m));
}

function square(a: Matrix, times: number, m: bigint): Matrix {
  let power = a;
  for (let i = 0; i < times; i++) power = multiply(power, power, m);
  return power;
}

const apply = (a: Matrix, words: readonly bigint[], m: bigint) =>
  multiply(
    a,
    words.map((word) => [word]),
    m,
  ).map(([word]) => word);

test('draws are those of MRG32k3a, computed with whole numbers of any size', () => {
  const stream = new Float64Array(6).fill(12345) as Stream;
  let x = [12345n, 12345n, 12345n];
  let y = [12345n, 12345n, 12345n];
  for (let i = 0; i < 2000; i++) {
    x = apply(A1, x, M1);
    y = apply(A2, y, M2);
    const z = (x[2] - y[2] + M1) % M1;
    expect(nextUniform(stream)).toBe(Number(z === 0n ? M1 : z) * 2.328306549295728e-10);
  }
});

test('the first draws from all words 12345 are the published ones', () => {
  const stream = new Float64Array(6).fill(12345) as Stream;
  const draws = Array.from({ length: 3 }, () => nextUniform(stream));
  expect(draws.map((u) => u.toFixed(12))).toEqual(['0.127011122047', '0.318527565397', '0.309186015583']);
});

test('the streams of a seed lie 2^127 draws apart', () => {
  const words = (stream: Float64Array, from: number) => [...stream.slice(from, from + 3)].map(BigInt);
  const prompts = openStream(7, STREAM_PROMPTS);
  const outputs = openStream(7, STREAM_OUTPUTS);
  expect(words(outputs, 0)).toEqual(apply(square(A1, 127, M1), words(prompts, 0), M1));
  expect(words(outputs, 3)).toEqual(apply(square(A2, 127, M2), words(prompts, 3), M2));
});

test('a product modulo m is exact', () => {
  const word = fc.nat({ max: 4294944442 });
  fc.assert(
    fc.property(word, word, word, (a, s, c) => {
      expect(mrg.multiplyMod(a, s, c, mrg.M2)).toBe(Number((BigInt(a) * BigInt(s) + BigInt(c)) % M2));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test('neighbouring seeds give unrelated streams', () => {
  const draw = (seed: number) => {
    const stream = openStream(seed, 0);
    return Array.from({ length: 400 }, () => nextUniform(stream) - 0.5);
  };
  for (const seed of [0, 1, 2, 41, 4294967086, 4294967087, Number.MAX_SAFE_INTEGER - 1]) {
    const a = draw(seed);
    const b = draw(seed + 1);
    expect(Math.abs(12 * a.reduce((sum, u, i) => sum + u * b[i], 0)) / 400).toBeLessThan(0.2); // 4 sigma
    // A linear seeding would make the difference of two seeds constant.
    expect(new Set(a.map((u, i) => ((u - b[i] + 1) % 1).toFixed(3))).size).toBeGreaterThan(200);
  }
});

/** Distance in units of the last place. */
function ulps(a: number, b: number): number {
  if (a === b) return 0;
  const scale = 2 ** (Math.floor(Math.log2(Math.abs(b))) - 52);
  return Math.abs(a - b) / scale;
}

test('log and exp agree with the host to the last place or the one before', () => {
  const wide = fc.double({ min: 1e-300, max: 1e300, noNaN: true });
  const unit = fc.double({ min: 1e-10, max: 1, minExcluded: true, noNaN: true });
  for (const range of [wide, unit]) {
    fc.assert(
      fc.property(range, (x) => ulps(naturalLog(x), Math.log(x)) <= 1),
      { seed: 2, numRuns: 5000 },
    );
  }
  fc.assert(
    fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => ulps(naturalExp(x), Math.exp(x)) <= 1),
    { seed: 3, numRuns: 5000 },
  );
});

test('log and exp at the edges', () => {
  expect([naturalLog(0), naturalLog(1), naturalLog(Infinity)]).toEqual([-Infinity, 0, Infinity]);
  expect([naturalLog(-1), naturalLog(Number.NaN), naturalExp(Number.NaN)]).toEqual([NaN, NaN, NaN]);
  expect(naturalLog(5e-324)).toBeCloseTo(Math.log(5e-324), 10);
  expect([naturalExp(0), naturalExp(800), naturalExp(-800)]).toEqual([1, Infinity, 0]);
  expect(ulps(naturalExp(709.7), Math.exp(709.7))).toBeLessThanOrEqual(1);
  expect(naturalExp(-744)).toBe(Math.exp(-744));
});

test('normal quantiles invert the distribution function and hit known points', () => {
  expect(normalQuantile(0.5)).toBe(0);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
  expect(normalQuantile(1e-9)).toBeCloseTo(-5.997807015007686, 12);
  fc.assert(
    fc.property(fc.double({ min: 1e-10, max: 1 - 1e-10, noNaN: true }), (u) => {
      expect(Math.abs(normalCdf(normalQuantile(u)) - u)).toBeLessThan(2e-15);
    }),
    { seed: 4, numRuns: 2000 },
  );
});
