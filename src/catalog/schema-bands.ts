// What catalog/validation/error-bands.json must look like: made by `npm run tools -- validate-page --error-bands`.
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
  /** Where prefill and decode run apart: the queues between them are modelled roughly. The wider band counts. */
  disaggregated: z.strictObject({ ttft_pct: pct, tpot_pct: pct }, { error: '{ttft_pct, tpot_pct}' }),
  source: named,
  licence: named,
});
