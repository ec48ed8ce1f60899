// Draws the weights of the tenants that an engine of a random fleet serves.
import fc from 'fast-check';

/** Tenants whose requests come. */
export const TENANTS = 3;

export function drawTenants(): fc.Arbitrary<number[]> {
  return fc.array(fc.constantFrom(1, 1, 2, 0.5, 3), { minLength: TENANTS, maxLength: TENANTS });
}
