// A price list of the user's own: a sheet as JSON, or a table of comma-separated offers.
import { type Issue, show, UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { readTextFile } from '../check/text-file.ts';
import { checkEntry, parseJson } from './check-entry.ts';
import { priceSheetSchema } from './schema-prices.ts';
import type { PriceEntry, PriceSheet } from './types.ts';

/** Columns of a table by the names they may have; all but the first two may be missing. A device of several rows has their median. */
const COLUMNS = {
  hardware: ['hardware', 'device_id'],
  usd: ['usd_per_hour', 'usd_device_h'],
  currency: ['currency'],
  kind: ['kind'],
  provider: ['provider'],
  region: ['region'],
  date: ['date'],
  source: ['source'],
} as const;
type Column = keyof typeof COLUMNS;

interface Offer extends Readonly<Record<Column, string>> {
  readonly line: number;
  /** NaN where the cell is no price. */
  readonly price: number;
}

const ONE_CURRENCY = 'one currency in a list, USD: convert the others at a rate of your choice';
const ONE_KIND = 'one kind of price in a list: like is compared with like';

/** Whether a word can only be the path of a list. */
export function isPriceFile(word: string): boolean {
  return /\.(csv|json)$/i.test(word);
}

/** Throws UserError with every mistake: cells that are no price, devices nobody knows, several currencies or kinds in one list. */
export function readPriceFile(path: string, known: readonly string[]): PriceSheet {
  const text = readTextFile(path, { path: 'prices', expected: 'a readable price list' });
  if (/\.json$/i.test(path)) {
    const sheet = checkEntry(priceSheetSchema, parseJson(text, path), text, path);
    const issues = sheet.prices.flatMap(({ hardware }) => strange(hardware, known, path));
    if (issues.length > 0) throw new UserError(issues);
    return sheet;
  }
  const offers = readOffers(text, path);
  const issues = checkOffers(offers, known, path);
  if (issues.length > 0) throw new UserError(issues);
  return sheetOf(offers, path);
}

function strange(hardware: string, known: readonly string[], file: string, line?: number): Issue[] {
  if (known.includes(hardware)) return [];
  const hint = didYouMean(hardware, known, 3);
  return [{ path: 'hardware', expected: 'hardware of the catalog', received: show(hardware), file, line, hint }];
}

function readOffers(text: string, file: string): Offer[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const rows = lines.flatMap((words, i) =>
    /^\s*(#|$)/.test(words) ? [] : [{ cells: splitCells(words), line: i + 1 }],
  );
  const [head, ...rest] = rows;
  const header = head?.cells ?? [];
  const place = (column: Column) => header.findIndex((name) => (COLUMNS[column] as readonly string[]).includes(name));
  const at = { file, line: head?.line ?? 1 };
  const received = `columns ${header.join(', ')}`;
  const issues: Issue[] = (['hardware', 'usd'] as const)
    .filter((column) => place(column) < 0)
    .map((column) => ({
      path: COLUMNS[column][0],
      expected: `a column ${COLUMNS[column].join(' or ')}`,
      received,
      ...at,
    }));
  const foreign = header.filter((name) => /^(?!usd)[a-z]{3}_(per_hour|device_h|h)$/.test(name));
  issues.push(...foreign.map((name) => ({ path: name, expected: ONE_CURRENCY, received: `a column ${name}`, ...at })));
  if (rest.length === 0) issues.push({ path: 'file', expected: 'at least one price', received: 'none', ...at });
  if (issues.length > 0) throw new UserError(issues);
  return rest.map(({ cells, line }) => {
    const words = Object.fromEntries(
      Object.keys(COLUMNS).map((column) => [column, cells[place(column as Column)] ?? '']),
    );
    const { usd } = words as Record<Column, string>;
    return {
      ...(words as Record<Column, string>),
      line,
      price: /^\$?\d+(\.\d+)?$/.test(usd) ? Number(usd.replace('$', '')) : Number.NaN,
    };
  });
}

/** Cells of a line, quoted ones too. */
function splitCells(line: string): string[] {
  const cells = [''];
  let quoted = false;
  for (const sign of line) {
    if (sign === '"') quoted = !quoted;
    else if (sign === ',' && !quoted) cells.push('');
    else cells[cells.length - 1] += sign;
  }
  return cells.map((cell) => cell.trim());
}

function checkOffers(offers: readonly Offer[], known: readonly string[], file: string): Issue[] {
  const cells = offers.flatMap(({ hardware, usd, price, line }) => [
    ...strange(hardware, known, file, line),
    ...(Number.isNaN(price)
      ? [{ path: 'usd_per_hour', expected: 'USD per device-hour from 0 up', received: show(usd), file, line }]
      : []),
  ]);
  const other = (column: 'currency' | 'kind', expected: string, wanted: string | undefined): Issue[] => {
    const odd = offers.find((offer) => offer[column] !== '' && offer[column].toUpperCase() !== wanted?.toUpperCase());
    return odd ? [{ path: column, expected, received: show(odd[column]), file, line: odd.line }] : [];
  };
  const kind = offers.find((offer) => offer.kind !== '')?.kind;
  return [...cells, ...other('currency', ONE_CURRENCY, 'USD'), ...other('kind', ONE_KIND, kind)];
}

function sheetOf(offers: readonly Offer[], file: string): PriceSheet {
  const kind = offers.find((offer) => offer.kind !== '')?.kind ?? '';
  const ids = [...new Set(offers.map(({ hardware }) => hardware))];
  return {
    id: file,
    name: `your own list${kind === '' ? '' : `, ${kind}`}`,
    ...{ currency: 'USD', licence: 'yours', source: file },
    prices: ids.map((id) =>
      entryOf(
        id,
        offers.filter(({ hardware }) => hardware === id),
        file,
      ),
    ),
  };
}

function entryOf(hardware: string, offers: readonly Offer[], file: string): PriceEntry {
  const sorted = offers.map(({ price }) => price).sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!]; // of an even number the two in the middle
  const given = (words: readonly string[]) => [...new Set(words.filter((word) => word !== ''))];
  const dates = given(offers.map(({ date }) => date)).sort();
  return {
    hardware,
    usd_per_hour: (low + high) / 2,
    ...(sorted.length > 1 ? { low: sorted[0]!, high: sorted.at(-1)! } : {}),
    from: offers.map(({ provider, region, price }) => given([provider, region, price.toFixed(2)]).join(' ')).join(', '),
    date: dates.length > 0 ? given([dates[0]!, dates.at(-1)!]).join(' to ') : 'no date',
    ...{ basis: 'offers', confidence: 'medium', source: given(offers.map(({ source }) => source)).join(', ') || file },
  };
}
