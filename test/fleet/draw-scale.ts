// Draws times, prices and bandwidths of random fleets: round ones, so that instants coincide, or any.
import fc from 'fast-check';
import type { StepTime } from '../../src/spec/types.ts';
import { drawSurface } from '../engine/random.ts';

/** Times in quarters of a second, bandwidths and coefficients powers of two (so that instants coincide), or any number. */
export interface Scale {
  readonly seconds: (most: number) => fc.Arbitrary<number>;
  readonly price: fc.Arbitrary<StepTime | Float64Array>;
  readonly bandwidth: fc.Arbitrary<number>;
  /** s per block copied to host memory or back. */
  readonly copying: fc.Arbitrary<number>;
}

export const ROUND: Scale = {
  seconds: (most) => fc.integer({ min: 0, max: 4 * most }).map((quarters) => quarters / 4),
  price: drawRoundPrice(),
  bandwidth: fc.constantFrom(1, 4, 16, 64),
  copying: fc.constantFrom(0, 2 ** -6, 0.25),
};
export const ANY: Scale = {
  seconds: (most) => fc.double({ min: 0.001, max: most, noNaN: true }),
  price: fc.oneof(drawPrice(), drawSurface()),
  bandwidth: fc.double({ min: 1, max: 100, noNaN: true }),
  copying: fc.double({ min: 1e-4, max: 0.1, noNaN: true }),
};

function drawRoundPrice(): fc.Arbitrary<StepTime> {
  return fc.record({
    fixed_s: fc.constantFrom(0.25, 0.5, 1),
    per_new_token_s: fc.constantFrom(0, 0, 2 ** -6),
    per_prefill_pair_s: fc.constantFrom(0, 0, 2 ** -14),
    per_sequence_s: fc.constantFrom(0, 0, 2 ** -8),
    per_context_token_s: fc.constantFrom(0, 0, 2 ** -12),
  });
}

function drawPrice(): fc.Arbitrary<StepTime> {
  const upTo = (max: number) => fc.double({ min: max / 1000, max, noNaN: true });
  return fc.record({
    fixed_s: upTo(0.5),
    per_new_token_s: upTo(0.02),
    per_prefill_pair_s: upTo(1e-4),
    per_sequence_s: upTo(0.02),
    per_context_token_s: upTo(1e-3),
  });
}
