// A price list brings in what a run cost, whatever it was asked, and its prices stand to each other as they are said to.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIST_RATIOS, priceListOf } from '../../src/report/price-list.ts';

const tokens = fc.integer({ min: 0, max: 1e7 });

test('its prices bring in the cost, in their ratios', () => {
  fc.assert(
    fc.property(
      tokens,
      tokens,
      fc.integer({ min: 1, max: 1e7 }),
      fc.integer({ min: 1, max: 1e5 }),
      (fresh, cached, output, completed) => {
        const run = {
          ...{ usd_per_request: 0.003, completed, total_input_tokens: fresh + cached },
          ...{ cached_input_tokens: cached, total_output_tokens: output },
        };
        const list = priceListOf(run);
        const brought = (list.input * fresh + list.cached * cached + list.output * output) / 1e6;
        expect(brought / (0.003 * completed)).toBeCloseTo(1, 9);
        expect(list.output / list.input).toBeCloseTo(LIST_RATIOS.output, 9);
        expect(list.cached / list.input).toBeCloseTo(LIST_RATIOS.cached, 9);
      },
    ),
    { numRuns: 50 },
  );
});

test('it is not known where the cost is not, or where there are no tokens', () => {
  const none = { completed: 3, total_input_tokens: 0, cached_input_tokens: 0, total_output_tokens: 0 };
  expect(priceListOf({ ...none, usd_per_request: 1 }).input).toBeNaN();
  expect(priceListOf({ ...none, total_input_tokens: 5, usd_per_request: Number.NaN }).output).toBeNaN();
});
