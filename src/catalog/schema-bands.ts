// What catalog/validation/error-bands.json must look like: made by `npm run accuracy -- --error-bands`.
import { z } from 'zod';
import { named } from './schema-words.ts';

const pct = z.number({ error: 'percent above 0' }).gt(0, { error: 'percent above 0' });

/** In nine of ten measured runs the figure lay within this many % of the predicted one, to either side. */
export const errorBand = z.strictObject(
  { ttft_pct: pct, tpot_pct: pct, throughput_pct: pct, power_pct: pct },
  { error: '{ttft_pct, tpot_pct, throughput_pct, power_pct}' },
);

export const errorBandsSchema = z.strictObject({
  id: named,
  bands: z.strictObject({ measured: errorBand, calibrated: errorBand, extrapolated: errorBand, datasheet: errorBand }),
  /** Of runs in a regime other than plain (metrics/regime.ts): the wider of this and of the basis counts. */
  regimes: z.strictObject({ apart: errorBand, crowded: errorBand }, { error: '{apart, crowded}' }),
  source: named,
  licence: named,
});
