// Experts that were timed with a launch nobody tuned are no slower than the same ones with block scales.
import { describe, expect, it } from 'vitest';
import { lowerToBlockScaled } from '../../src/calibrate/clean.ts';

describe('lowerToBlockScaled', () => {
  const layer = (format: 'fp8' | 'fp8-block' | 'bf16', us: readonly number[], device = 'x') => ({
    ...{ device, family: 'moe' as const, format, layout: 'aiconfigurator' as const },
    rows: us.map((time, i) => ({
      ...{ fixed: 'a', axes: [i + 1], shape: 'a', flops: 1, bytes: 1 },
      seconds: time,
    })),
  });

  it('lets no per-tensor experts be slower than block-scaled ones of the same device, and nothing else', () => {
    const notes: string[] = [];
    const all = [layer('fp8', [9, 1, 9]), layer('fp8-block', [2, 2]), layer('bf16', [9]), layer('fp8', [9], 'y')];
    const times = lowerToBlockScaled(all, notes).map(({ rows }) => rows.map(({ seconds }) => seconds));
    expect(times).toEqual([[2, 1, 9], [2, 2], [9], [9]]);
    expect(notes).toEqual(['x moe fp8: 1 rows slower than with block scales, lowered to those']);
  });
});
