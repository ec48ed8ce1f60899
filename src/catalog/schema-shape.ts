// What a file of catalog/workloads must look like: a joint prompt/output length distribution derived from a real trace.
import { z } from 'zod';
import { fromZero, named, positive, size } from './schema-words.ts';

const quantiles = z
  .array(fromZero, { error: 'a list of quantiles' })
  .min(2, { error: 'at least two quantiles' })
  .refine((list) => list.every((value, i) => i === 0 || value >= list[i - 1]!), {
    error: 'quantiles that do not decrease',
  });

export const shapeSchema = z.strictObject({
  id: named,
  name: named,
  source: named,
  licence: named,
  rows: size,
  /** Means over the original trace. */
  prompt_mean: positive,
  output_mean: positive,
  /** Where the quantiles of every stratum lie, from 0 to 1, rising; equally spaced if absent. */
  probabilities: quantiles.optional(),
  /**
   * Equal-probability strata by prompt length; inside a stratum the prompt is drawn by linear interpolation of
   * `prompt_quantiles` and the output of `output_quantiles`, independently: the joint dependence is kept by the strata.
   */
  strata: z
    .array(z.strictObject({ prompt_quantiles: quantiles, output_quantiles: quantiles }), { error: 'a list of strata' })
    .min(1, { error: 'at least one stratum' }),
  /** Rate over a day: [s, requests/s, cv of the gaps], in steps; the last point is where the day ends. */
  curve: z
    .array(z.tuple([fromZero, fromZero, fromZero], { error: '[s, requests/s, cv]' }), {
      error: 'a list of [s, requests/s, cv]',
    })
    .min(2, { error: 'at least two points' })
    .optional(),
});
