// What a run costs, written as a provider's price list, so that it can be held against one: which prices of input, cached and output tokens
// would bring in exactly that. How they stand to each other is a convention of such lists, not something that was simulated.
import type { FleetResult } from '../metrics/fleet/types.ts';

/** Input : cached input : output, as on most lists of 2025-26. */
export const LIST_RATIOS = { input: 1, cached: 0.1, output: 4 } as const;
export const LIST_WORDS = `${LIST_RATIOS.input} : ${LIST_RATIOS.cached} : ${LIST_RATIOS.output}`;

/** USD per million tokens of each kind; NaN where the cost is not known. */
export type PriceList = Readonly<Record<keyof typeof LIST_RATIOS, number>>;

type Priced = Pick<
  FleetResult,
  'usd_per_request' | 'completed' | 'total_input_tokens' | 'cached_input_tokens' | 'total_output_tokens'
>;

export function priceListOf(run: Priced): PriceList {
  const { input, cached, output } = LIST_RATIOS;
  const fresh = run.total_input_tokens - run.cached_input_tokens;
  const weighed = fresh * input + run.cached_input_tokens * cached + run.total_output_tokens * output;
  const each = weighed > 0 ? ((run.usd_per_request * run.completed) / weighed) * 1e6 : Number.NaN;
  return { input: each * input, cached: each * cached, output: each * output };
}
