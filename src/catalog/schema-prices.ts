// What a file of catalog/prices must look like: a sheet of prices of one kind.
import { z } from 'zod';
import { fromZero, named, oneOf, positive, text } from './schema-words.ts';

/** What a price rests on. Whatever is no offer of the sheet's own kind is said wherever it is used. */
export const PRICE_BASES = {
  offers: '',
  maker: 'rented out by its maker alone, whose price on demand it is',
  derived: 'derived',
  estimate: 'an estimate, not an offer',
  purchase: '',
} as const;
export type PriceBasis = keyof typeof PRICE_BASES;

const bases = Object.keys(PRICE_BASES) as PriceBasis[];

export const priceEntry = z.strictObject({
  hardware: named,
  /** USD per device-hour; of devices that are bought `usd_purchase` and the watts that their power is paid by. */
  usd_per_hour: fromZero.optional(),
  usd_purchase: positive.optional(),
  watts: positive.optional(),
  /** The cheapest and the dearest of those that the price is the median of. */
  low: fromZero.optional(),
  high: fromZero.optional(),
  /** Who asks for what and where: "Crusoe us 3.90, Lambda all 3.99". */
  from: text,
  date: named,
  basis: oneOf(bases),
  confidence: oneOf(['high', 'medium', 'low']),
  source: named,
});

/** years and utilisation: over how many hours of work a purchase is spread; power of the board x pue x usd_per_kwh on top. */
export const ownership = z.strictObject(
  { years: positive, utilisation: positive.max(1), usd_per_kwh: fromZero, pue: z.number().min(1) },
  { error: '{years, utilisation, usd_per_kwh, pue}' },
);

export const priceSheetSchema = z.strictObject({
  id: named,
  /** What kind of price these are, in words. */
  name: named,
  currency: oneOf(['USD']),
  licence: named,
  source: named,
  ownership: ownership.optional(),
  prices: z.array(priceEntry).min(1, { error: 'at least one price' }),
});
