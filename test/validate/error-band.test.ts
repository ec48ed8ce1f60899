// Every basis has a band, and less trust never a narrower one.
import { expect, test } from 'vitest';
import { ERROR_BANDS } from '../../src/metrics/error-band.ts';
import { BASES } from '../../src/plan/efficiency.ts';

test('bands widen from measured to datasheet', () => {
  const bands = BASES.map((basis) => ERROR_BANDS[basis]);
  for (const key of ['ttft_pct', 'tpot_pct', 'throughput_pct'] as const) {
    const widths = bands.map((band) => band[key]);
    expect(widths).toEqual([...widths].sort((a, b) => a - b));
    expect(widths[0]).toBeGreaterThan(0);
  }
});
