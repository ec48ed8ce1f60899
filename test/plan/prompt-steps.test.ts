// Steps with prompts run outside captured graphs, and chips of fixed shapes read whole caches.
import { describe, expect, it } from 'vitest';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { lowerSurface, openLowering } from '../../src/plan/lower.ts';
import { padContexts, readSurface } from '../../src/plan/read-surface.ts';
import type { SurfaceKey } from '../../src/plan/surface-key.ts';
import { DEVICE, NO_FITS, PROFILE, SMALL } from './fixtures.ts';

const KEY: SurfaceKey = {
  ...{ model: SMALL, hardware: DEVICE, profile: PROFILE, quantization: 'auto', kv: 'auto' },
  ...{ tp: 1, pp: 1, dp: 1, ep: 1 },
};

function lower(key: SurfaceKey) {
  const arena = openArena(1 << 20);
  return lowerSurface(key, openLowering(NO_FITS, loadKernels(arena.memory), arena));
}

describe('surfaces', () => {
  it('a step with prompts costs so much more per layer where attention runs outside captured graphs', () => {
    const host = { ...PROFILE.host, prompt_layer_s: 1e-4 };
    const [plain, slow] = [lower(KEY).table.slice(), lower({ ...KEY, profile: { ...PROFILE, host } }).table];
    const decode = { prefill: [], decode: [{ count: 8, context: 500 }] };
    const mixed = { ...decode, prefill: [{ tokens: 100, past: 0, completes: true }] };
    expect(readSurface(slow, decode)).toBe(readSurface(plain, decode));
    expect(readSurface(slow, mixed) - readSurface(plain, mixed)).toBeCloseTo(10 * 1e-4, 12);
  });

  it('a chip of fixed shapes reads the whole cache of every sequence at every step', () => {
    const { table } = lower(KEY);
    const padded = padContexts(table, 5000);
    const step = (of: Float64Array, context: number) =>
      readSurface(of, { prefill: [], decode: [{ count: 9, context }] });
    for (const context of [1, 700, 4999]) expect(step(padded, context)).toBeCloseTo(step(table, 5000), 12);
    expect(step(padded, 1)).toBeGreaterThan(step(table, 1));
  });
});
