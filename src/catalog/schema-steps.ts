// What a file of catalog/steps must look like: a regression on whole steps of one deployment.
import { z } from 'zod';
import { count, fromZero, named, size, weightFormat } from './schema-words.ts';

const span = z.tuple([fromZero, fromZero], { error: '[least, most]' });

export const stepFitSchema = z
  .strictObject({
    id: named,
    /** Catalog ids. */
    model: named,
    hardware: named,
    tensor_parallel_size: size,
    pipeline_parallel_size: size,
    /** Format of the weights and engine profile that it was measured with; null = not known, so any. */
    quantization: weightFormat.nullable(),
    profile: named.nullable(),
    /** New tokens at which the price of one more changes; the first is 0. */
    knots: z
      .array(count, { error: 'a list of rising token counts from 0' })
      .min(1, { error: 'at least one knot' })
      .refine((list) => list[0] === 0 && list.every((value, i) => i === 0 || value > list[i - 1]!), {
        error: 'token counts that rise from 0',
      }),
    new_token_s: z.array(fromZero, { error: 'a list of times, 0 or more' }),
    fixed_s: fromZero,
    sequence_s: fromZero,
    context_token_s: fromZero,
    prompt_step_s: fromZero,
    prefill_pair_s: fromZero,
    /** Least and most of each quantity in the trace: beyond them the regression extrapolates. */
    range: z.strictObject(
      { new_tokens: span, sequences: span, context_tokens: span },
      { error: '{new_tokens, sequences, context_tokens}' },
    ),
    rows: count,
    /** Median |relative error| on the fitted half of the steps; median and 90th percentile on the half held out. */
    error_in: fromZero,
    error_out: fromZero,
    error_out_p90: fromZero,
    source: named,
    licence: named,
  })
  .refine((fit) => fit.knots.length === fit.new_token_s.length, { error: 'one time per knot', path: ['new_token_s'] })
  .refine((fit) => fit.fixed_s + fit.prompt_step_s + fit.sequence_s + fit.new_token_s.reduce((a, b) => a + b, 0) > 0, {
    error: 'a step that takes time',
    path: ['fixed_s'],
  });
