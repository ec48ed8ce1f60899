// Prices of devices by kind: what a device-hour costs under a sheet, and what must be said of the figure.

import { baseOf } from './derived.ts';
import { AVAILABILITY } from './schema-hardware.ts';
import { PRICE_BASES } from './schema-prices.ts';
import type { Hardware, PriceEntry, PriceSheet } from './types.ts';

/** The sheet of a spec that names none. */
export const DEFAULT_SHEET = 'specialised';

/** What of the terms of owning a spec has in place of the sheet's. */
export interface Ownership {
  readonly years?: number;
  /** Share of the hours of those years in which the device does this work. */
  readonly utilisation?: number;
}

/** How a spec pays for devices. */
export interface Paying {
  /** USD per device-hour by hardware: the spec's own, before any sheet. */
  readonly prices: Readonly<Record<string, number>>;
  /** A sheet of the catalog or the path of one; the default's if absent. */
  readonly priceSheet?: string;
  readonly ownership?: Ownership;
  /** USD per kWh where electricity is paid by the joule: then no price holds any. */
  readonly power: { readonly usd_per_kwh: number | null };
}

const HOURS_PER_YEAR = 8760;

/** USD per device-hour: asked for, or purchase / (years x hours x utilisation) + kW x PUE x USD per kWh (the last where it is not paid apart). */
export function usdPerHour(
  entry: PriceEntry,
  { ownership: terms }: PriceSheet,
  { ownership: own, power }: Pick<Paying, 'ownership' | 'power'>,
): number {
  const { usd_per_hour: asked, usd_purchase: purchase, watts = 0 } = entry;
  if (asked !== undefined) return asked;
  if (purchase === undefined || terms === undefined) return Number.NaN;
  const { years, utilisation } = { ...terms, ...own };
  const electricity = power.usd_per_kwh === null ? (watts / 1000) * terms.pue * terms.usd_per_kwh : 0;
  return purchase / (years * HOURS_PER_YEAR * utilisation) + electricity;
}

export interface PriceCatalog {
  prices(word?: string): PriceSheet;
  hardware(id: string): Hardware;
}

/** USD per device-hour by hardware: the sheet's, and before them the spec's own. */
export function pricesOf(paying: Paying, catalog: Pick<PriceCatalog, 'prices'>): Readonly<Record<string, number>> {
  const sheet = catalog.prices(paying.priceSheet);
  return { ...tableOf(sheet, paying), ...paying.prices };
}

/** USD per device-hour of a device: one that is derived from another has that one's price, unless it has its own. */
export function priceOf(prices: Readonly<Record<string, number>>, hardware: string): number {
  return prices[hardware] ?? prices[baseOf(hardware)] ?? Number.NaN;
}

/** Tables of a sheet by its terms: a sweep asks for every row. */
const tables = new WeakMap<PriceSheet, Map<string, Readonly<Record<string, number>>>>();

function tableOf(sheet: PriceSheet, paying: Paying): Readonly<Record<string, number>> {
  const known = tables.get(sheet) ?? new Map<string, Readonly<Record<string, number>>>();
  tables.set(sheet, known);
  const terms = `${paying.power.usd_per_kwh === null} ${paying.ownership?.years} ${paying.ownership?.utilisation}`;
  const found =
    known.get(terms) ??
    Object.fromEntries(sheet.prices.map((entry) => [entry.hardware, usdPerHour(entry, sheet, paying)]));
  known.set(terms, found);
  return found;
}

/** "$3.22/h (Crusoe us 3.90, Lambda all 3.99, ...; 2025 to 2026-08)", with what it is where it is no offer of its kind. */
export function tellPrice(entry: PriceEntry, usd: number): string {
  const { usd_purchase: bought, low, high, basis, confidence } = entry;
  const spread = low === undefined || high === undefined ? '' : `, ${low.toFixed(2)} to ${high.toFixed(2)}`;
  const words = [
    PRICE_BASES[basis],
    bought === undefined ? '' : `bought at $${bought.toLocaleString('en-US')}`,
    entry.from,
    confidence === 'low' ? 'low confidence' : '',
    entry.date,
  ];
  return `$${usd.toFixed(2)}/h${spread} (${words.filter((part) => part !== '').join('; ')})`;
}

/** Why nothing asks a price for it. */
export function tellUnpriced({ availability }: Pick<Hardware, 'availability'>): string {
  return availability === undefined ? 'rented out at other kinds of price only' : AVAILABILITY[availability];
}

/** What was paid for a device, and where that stands. */
export interface PaidDevice {
  readonly hardware: string;
  readonly name: string;
  /** null where nobody asks a price of this kind. */
  readonly usd_per_hour: number | null;
  /** What the sheet says of it; null where the price is the spec's own, or there is none. */
  readonly entry: PriceEntry | null;
  readonly words: string;
}

export interface Paid {
  readonly sheet: string;
  readonly name: string;
  readonly devices: readonly PaidDevice[];
}

/** What devices cost, each with the words that go with the figure. */
export function paidFor(paying: Paying, catalog: PriceCatalog, hardware: Iterable<string>): Paid {
  const sheet = catalog.prices(paying.priceSheet);
  const table = pricesOf(paying, catalog);
  const devices = [...new Set(hardware)]
    .filter((id) => id !== '')
    .map((id): PaidDevice => {
      const device = catalog.hardware(id);
      const { name } = device;
      const usd = priceOf(table, id);
      const own = id in table ? id : baseOf(id);
      if (Number.isNaN(usd))
        return { hardware: id, name, usd_per_hour: null, entry: null, words: tellUnpriced(device) };
      const found = sheet.prices.find((one) => one.hardware === own);
      const entry = own in paying.prices || !found ? null : found;
      return {
        hardware: id,
        name,
        usd_per_hour: usd,
        entry,
        words: `${entry ? tellPrice(entry, usd) : `your own $${usd.toFixed(2)}/h`}${own === id ? '' : `, that of ${own}`}`,
      };
    });
  return { sheet: sheet.id, name: sheet.name, devices };
}

/** The same in sentences; none where nothing stands on a device. */
export function tellPaid({ sheet, name, devices }: Paid): string[] {
  const list = (some: readonly PaidDevice[]) => some.map((one) => `${one.name} ${one.words}`).join('; ');
  const [own, listed, none] = [
    devices.filter(({ entry, usd_per_hour }) => entry === null && usd_per_hour !== null),
    devices.filter(({ entry }) => entry !== null),
    devices.filter(({ usd_per_hour }) => usd_per_hour === null),
  ];
  return [
    ...(listed.length > 0 ? [`Prices are ${sheet} (${name}): ${list(listed)}.`] : []),
    ...(own.length > 0 ? [`${listed.length > 0 ? 'Of another kind' : 'Prices'}: ${list(own)}.`] : []),
    ...(none.length > 0 ? [`Without a price of the kind ${sheet}: ${list(none)}.`] : []),
  ];
}
