// Draws the LoRA adapters that an engine of a random fleet serves.
import fc from 'fast-check';
import type { AdapterSetup } from '../../src/plan/setup.ts';
import type { Scale } from './draw-scale.ts';

/** LoRA adapters that requests ask for. */
export const ADAPTERS = 5;

/** Few slots, so that some wait and are loaded again. */
export function drawAdapters(seconds: Scale['seconds']): fc.Arbitrary<AdapterSetup> {
  const each = fc.array(fc.oneof(fc.constant(0), seconds(1)), { minLength: ADAPTERS, maxLength: ADAPTERS });
  return fc
    .record({
      slots: fc.integer({ min: 1, max: 3 }),
      more: fc.nat(2),
      load: each,
      fetch: each,
      overhead: fc.constantFrom(0, 0.25, 0.3),
      share: fc.constantFrom(0, 0.06, 0.125),
      seconds: fc.constantFrom(0, 0.125, 0.01),
    })
    .map(({ more, ...rest }) => ({ ...rest, hostSlots: rest.slots + more }));
}
