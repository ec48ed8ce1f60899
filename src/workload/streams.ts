// Seeded streams of random numbers, one per purpose, so that changing how requests arrive does not change how long they are.
import {
  combine,
  jumpFirst,
  jumpSecond,
  M1,
  M2,
  multiplyMod,
  stepFirst,
  stepSecond,
} from '../../assembly/random/mrg32k3a.ts';

/** The six words of MRG32k3a, oldest first: x0 x1 x2 y0 y1 y2. Drawing changes them in place. */
export type Stream = Float64Array & Record<0 | 1 | 2 | 3 | 4 | 5, number>;

/** What a stream is for. Streams of one seed lie 2^127 draws apart. */
export const STREAM_ARRIVALS = 0;
export const STREAM_PROMPTS = 1;
export const STREAM_OUTPUTS = 2;
export const STREAM_ORDER = 3;

/** The stream of a seed (a whole number from 0 to 2^53 - 1) for one purpose. */
export function openStream(seed: number, purpose: number): Stream {
  const stream = seedStream(seed);
  for (let jump = 0; jump < purpose; jump++) jumpStream(stream);
  return stream;
}

/** The next number strictly between 0 and 1, with 32 bits. */
export function nextUniform(stream: Stream): number {
  const x = stepFirst(stream[0], stream[1]);
  stream[0] = stream[1];
  stream[1] = stream[2];
  stream[2] = x;
  const y = stepSecond(stream[3], stream[5]);
  stream[3] = stream[4];
  stream[4] = stream[5];
  stream[5] = y;
  return combine(x, y);
}

/**
 * Words that depend on the seed in a non-linear way: with a linear one, the streams of two seeds would differ by a
 * constant, because the generator is linear. Cubing permutes the residues of both moduli (3 divides neither M1 - 1 nor
 * M2 - 1), so different seeds below M1 have different words.
 */
function seedStream(seed: number): Stream {
  const stream = new Float64Array(6) as Stream;
  const high = Math.floor(seed / M1);
  let h = seed - high * M1;
  for (let round = 0; round < 10; round++) {
    const m = round < 7 ? M1 : M2;
    h = (h + high + 2654435769 + round) % m;
    h = multiplyMod(multiplyMod(h, h, 0, m), h, 0, m);
    if (round >= 4) stream[round - 4] = h;
  }
  if (stream[0] + stream[1] + stream[2] === 0) stream[0] = 12345;
  if (stream[3] + stream[4] + stream[5] === 0) stream[3] = 12345;
  return stream;
}

function jumpStream(stream: Stream): void {
  const { 0: x0, 1: x1, 2: x2, 3: y0, 4: y1, 5: y2 } = stream;
  for (let row = 0; row < 3; row++) {
    stream[row] = jumpFirst(row, x0, x1, x2);
    stream[3 + row] = jumpSecond(row, y0, y1, y2);
  }
}
