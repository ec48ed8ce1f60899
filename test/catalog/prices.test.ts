// Prices by kind: every figure of every sheet with what it rests on, what a device-hour costs by another arithmetic, lists of the user's own.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { paidFor, pricesOf, tellPaid, usdPerHour } from '../../src/catalog/price-sheets.ts';
import type { PriceSheet } from '../../src/catalog/types.ts';
import { type Issue, UserError } from '../../src/check/issue.ts';

const catalog = openCatalog();
const sheets = catalog.ids('prices').map((id) => catalog.sheet(id));
const alone = { power: { usd_per_kwh: null } };
const table = (priceSheet: string) => pricesOf({ prices: {}, priceSheet, ...alone }, catalog);
const folder = mkdtempSync(join(tmpdir(), 'mist-prices-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function issuesOf(act: () => unknown): readonly Issue[] {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The figures at the end of "Crusoe us 3.90, Lambda all 3.99". */
const asked = (from: string) => from.split(', ').map((words) => Number(/([\d.]+)$/.exec(words)?.[1]));

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.ceil(sorted.length / 2) - 1]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}

it('there are five kinds, each with the devices that it is of', () => {
  expect(catalog.ids('prices')).toEqual(['hyperscaler', 'owned', 'reserved', 'specialised', 'spot']);
  const counts = Object.fromEntries(sheets.map(({ id, prices }) => [id, prices.length]));
  for (const [id, least] of Object.entries({ hyperscaler: 30, owned: 60, reserved: 11, specialised: 38, spot: 15 }))
    expect(counts[id], id).toBeGreaterThanOrEqual(least);
});

describe.each(sheets.map((sheet) => [sheet.id, sheet] as const))('%s', (id, sheet: PriceSheet) => {
  it('has every device once, of the catalog, with where, when and from whom', () => {
    const ids = sheet.prices.map(({ hardware }) => hardware);
    expect(ids).toEqual([...new Set(ids)].sort());
    for (const price of sheet.prices) {
      expect(catalog.ids('hardware')).toContain(price.hardware);
      for (const words of [price.from, price.date, price.source]) expect(words, price.hardware).toMatch(/\w{2}/);
      expect(price.date, price.hardware).toMatch(/20\d\d/);
      const bought = price.usd_purchase !== undefined;
      expect([price.usd_per_hour === undefined, price.basis === 'purchase', bought]).toEqual([bought, bought, bought]);
      if (bought) expect([sheet.ownership === undefined, (price.watts ?? 0) > 0]).toEqual([false, true]);
      expect(usdPerHour(price, sheet, alone), price.hardware).toBeGreaterThan(0);
    }
  });

  it('asks the median of the offers that it names, within their spread', () => {
    for (const { hardware, basis, usd_per_hour: usd, low, high, from } of sheet.prices) {
      if (!['offers', 'maker'].includes(basis) || id === 'reserved') continue;
      const offers = asked(from);
      expect(
        offers.every((offer) => offer > 0),
        `${hardware}: ${from}`,
      ).toBe(true);
      expect(Math.abs(medianOf(offers) - usd!), hardware).toBeLessThan(0.011);
      expect(Math.abs((low ?? usd!) - Math.min(...offers)), hardware).toBeLessThan(0.006);
      expect(Math.abs((high ?? usd!) - Math.max(...offers)), hardware).toBeLessThan(0.006);
    }
  });
});

describe('kinds of price', () => {
  it('are compared like with like: three orders of H100 and MI300X', () => {
    const ratio = (kind: string) => table(kind)['h100-sxm-80gb']! / table(kind).mi300x!;
    expect(ratio('specialised')).toBeCloseTo(3.22 / 1.85, 9);
    expect(ratio('reserved')).toBeCloseTo(1.3 / 1.55, 9);
    expect(ratio('hyperscaler')).toBeCloseTo(10.53 / 6, 2);
  });

  it('are in order: what can be taken back, or is bound for years, costs less than the same on demand', () => {
    for (const [cheap, dear] of [
      ['spot', 'specialised'],
      ['reserved', 'specialised'],
      ['owned', 'reserved'],
      ['specialised', 'hyperscaler'],
    ] as const) {
      const both = Object.keys(table(cheap)).filter((id) => id in table(dear));
      expect(both.length, `${cheap} ${dear}`).toBeGreaterThanOrEqual(3);
      for (const id of both) expect(table(cheap)[id], `${id}: ${cheap} ${dear}`).toBeLessThanOrEqual(table(dear)[id]!);
    }
  });

  it('say why a device has none: what is not to be had is not rented out, and what is rented out nowhere says so', () => {
    const rented = new Set(
      sheets.filter(({ id }) => id !== 'owned').flatMap(({ prices }) => prices.map((p) => p.hardware)),
    );
    for (const id of catalog.ids('hardware')) {
      const { availability } = catalog.hardware(id);
      expect([id, rented.has(id) || availability !== undefined]).toEqual([id, true]);
      if (availability !== undefined) expect([id, availability, rented.has(id)]).toEqual([id, availability, false]);
    }
  });

  it('call by its name what is no offer of the kind', () => {
    const told = tellPaid(
      paidFor({ prices: { l4: 9 }, ...alone }, catalog, ['mi355x', 'tpu-v6e', 'l4', 'gaudi3', 'l4', '']),
    );
    expect(told).toHaveLength(3);
    expect(told[0]).toMatch(
      /^Prices are specialised \(.*MI355X \$2\.65\/h \(derived; OCI list price ratio.*by its maker alone/,
    );
    expect(told[1]).toBe('Of another kind: L4 your own $9.00/h.');
    expect(told[2]).toMatch(/^Without a price of the kind specialised: Gaudi3 rented out without a public price\.$/);
    expect(tellPaid(paidFor({ prices: {}, ...alone }, catalog, ['trainium2']))[0]).toMatch(/low confidence/);
    for (const kind of catalog.ids('prices'))
      expect(tellPaid(paidFor({ prices: {}, priceSheet: kind, ...alone }, catalog, ['h100-sxm-80gb']))[0]).toContain(
        kind,
      );
  });
});

describe('owning', () => {
  const sheet = catalog.sheet('owned');
  const terms = sheet.ownership!;

  it('is purchase over the hours of use, and power unless that is paid apart', () => {
    for (const entry of sheet.prices) {
      const hours = terms.years * 365 * 24 * terms.utilisation;
      const power = (entry.watts! * terms.pue * terms.usd_per_kwh) / 1000;
      expect(usdPerHour(entry, sheet, alone)).toBeCloseTo(entry.usd_purchase! / hours + power, 9);
      expect(usdPerHour(entry, sheet, { power: { usd_per_kwh: 5 } })).toBeCloseTo(entry.usd_purchase! / hours, 9);
    }
  });

  it('costs less over more years and more use, never as little as its power', () => {
    const cost = (entry: (typeof sheet.prices)[number], ownership: object) =>
      usdPerHour(entry, sheet, { ...alone, ownership });
    for (const entry of sheet.prices) {
      const years = [1, 2, 4, 8].map((n) => cost(entry, { years: n }));
      const use = [0.1, 0.5, 0.9, 1].map((utilisation) => cost(entry, { utilisation }));
      for (const list of [years, use]) {
        expect(list).toEqual([...list].sort((a, b) => b - a));
        expect(new Set(list).size).toBe(4);
        expect(Math.min(...list)).toBeGreaterThan((entry.watts! * terms.pue * terms.usd_per_kwh) / 1000);
      }
      expect(cost(entry, { years: terms.years, utilisation: terms.utilisation })).toBe(cost(entry, {}));
    }
  });
});

describe('a list of your own', () => {
  const put = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const read = (name: string, text: string) => catalog.sheet(put(name, text));

  it('has the median of its rows, in place of whatever a spec says', () => {
    const path = put(
      'a.csv',
      '# mine\nhardware,usd_per_hour,provider,date\nl40s,"1.00",A,2026-01\nl40s,$2,"B, Inc",2026-03\nl40s,1.2,,\nl4,0.4,C,2026\n',
    );
    const [l40s, l4] = catalog.sheet(path).prices;
    expect(l40s).toMatchObject({
      usd_per_hour: 1.2,
      low: 1,
      high: 2,
      from: 'A 1.00, B, Inc 2.00, 1.20',
      date: '2026-01 to 2026-03',
    });
    expect(l4).toMatchObject({ usd_per_hour: 0.4, date: '2026' });
    const opened = openCatalog({ prices: path });
    expect(pricesOf({ prices: {}, priceSheet: 'spot', ...alone }, opened)).toEqual({ l40s: 1.2, l4: 0.4 });
    expect(pricesOf({ prices: { l4: 3 }, ...alone }, opened)).toEqual({ l40s: 1.2, l4: 3 });
    expect(opened.sheet('spot').id).toBe('spot');
  });

  it('may be a sheet as the catalog has them', () => {
    const sheet = { ...catalog.sheet('spot'), id: 'mine', name: 'what we pay' };
    expect(read('a.json', JSON.stringify(sheet)).name).toBe('what we pay');
    expect(issuesOf(() => read('b.json', JSON.stringify({ ...sheet, currency: 'EUR' })))[0]).toMatchObject({
      path: 'currency',
      expected: 'one of USD',
      received: '"EUR"',
    });
    const other = { ...sheet.prices[0], hardware: 'h100-sxm' };
    expect(issuesOf(() => read('c.json', JSON.stringify({ ...sheet, prices: [other] })))[0]!.hint).toMatch(
      /h100-sxm-80gb/,
    );
  });

  it.each([
    ['two currencies', 'hardware,usd_per_hour,currency\nl4,1,USD\nl40s,1,EUR\n', [['currency', 3, '"EUR"']]],
    ['another currency', 'hardware,usd_per_hour,currency\nl4,1,eur\n', [['currency', 2, '"eur"']]],
    [
      'two currencies in two columns',
      'hardware,usd_per_hour,eur_per_hour\nl4,1,1\n',
      [['eur_per_hour', 1, 'a column eur_per_hour']],
    ],
    ['two kinds', 'hardware,usd_per_hour,kind\nl4,1,spot\nl40s,1,on-demand\n', [['kind', 3, '"on-demand"']]],
    [
      'no price',
      'hardware,usd_per_hour\nl4,€1\nl40s,-2\n',
      [
        ['usd_per_hour', 2, '"€1"'],
        ['usd_per_hour', 3, '"-2"'],
      ],
    ],
    ['unknown hardware', 'hardware,usd_per_hour\nl400s,1\n', [['hardware', 2, '"l400s"']]],
    [
      'no such columns',
      'name,cost\nl4,1\n',
      [
        ['hardware', 1, 'columns name, cost'],
        ['usd_per_hour', 1, 'columns name, cost'],
      ],
    ],
    ['no rows', '\n# nothing\nhardware,usd_per_hour\n', [['file', 3, 'none']]],
  ])('is refused with %s, by line', (name, text, wanted) => {
    const issues = issuesOf(() => read(`${name}.csv`, text));
    expect(issues.map(({ path, line, received }) => [path, line, received])).toEqual(wanted);
    expect(issues.every(({ file, expected }) => file?.endsWith('.csv') && expected.length > 10)).toBe(true);
  });

  it('is missed at once, and an unknown kind named with the nearest', () => {
    expect(issuesOf(() => openCatalog({ prices: join(folder, 'none.csv') }))[0]!.expected).toBe(
      'a readable price list',
    );
    const [issue] = issuesOf(() => openCatalog({ prices: 'specialized' }));
    expect(issue).toMatchObject({ path: 'prices', received: 'specialized', hint: 'did you mean specialised?' });
  });
});

const DATA = process.env.MIST_DATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const FACTS = join(DATA, 'catalog', 'prices_default.csv');
if (!existsSync(FACTS)) console.log(`skipped: no table of prices at ${FACTS} (set MIST_DATA)`);

describe.skipIf(!existsSync(FACTS))('against the table of facts', () => {
  const [header = [], ...rows] = existsSync(FACTS)
    ? readFileSync(FACTS, 'utf8')
        .trimEnd()
        .split(/\r?\n/)
        .map((line) => Array.from(line.matchAll(/("[^"]*"|[^,]*)(,|$)/g), ([, cell]) => cell!.replaceAll('"', '')))
    : [];
  const cell = (row: readonly string[], name: string) => row[header.indexOf(name)] ?? '';

  it('has what the table recommends, under the kind that it is of', () => {
    let seen = 0;
    for (const row of rows) {
      const id = cell(row, 'device_id');
      const near = (usd: string, kind: string) => {
        seen++;
        expect(Math.abs(table(kind)[id]! - Number(usd)), `${id} ${kind}`).toBeLessThan(0.011);
      };
      if (/^(specialised|DERIVED)/.test(cell(row, 'kind'))) near(cell(row, 'recommended_usd_h'), 'specialised');
      if (cell(row, 'hyperscaler_on_demand_median') !== '')
        near(cell(row, 'hyperscaler_on_demand_median'), 'hyperscaler');
      if (cell(row, 'semianalysis_rent_3yr') !== '') near(cell(row, 'semianalysis_rent_3yr'), 'reserved');
      if (cell(row, 'owned_usd_h_4y_always_on') !== '') near(cell(row, 'owned_usd_h_4y_always_on'), 'owned');
      if (cell(row, 'kind').startsWith('hyperscaler') && !/^(tpu|trainium|inferentia)/.test(id))
        expect(table('specialised')[id], id).toBeUndefined();
    }
    expect(seen).toBeGreaterThan(130);
  });
});
