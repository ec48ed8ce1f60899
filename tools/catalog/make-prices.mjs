// Writes src/catalog/prices/*.json, one sheet per kind of price, from the offers and list prices in the data folder.
import { OWNERS } from './catalog-facts.mjs';

/** Offers that are no offers of the device, or in doubt about what they are. */
const usable = ({ confidence, provider }) => confidence !== 'low' && !/as quoted/.test(provider);
const TIERS = {
  specialised: ['specialised', 'marketplace'],
  hyperscaler: ['hyperscaler'],
  spot: ['specialised', 'marketplace', 'hyperscaler'],
};

/** Terms of owning: what a purchase is spread over, and what power costs on top. */
const OWNERSHIP = { years: 4, utilisation: 1, usd_per_kwh: 0.15, pue: 1.3 };

const round = (value) => Number(value.toPrecision(4));
const cents = (value) => Number(value).toFixed(2);
const unique = (list) => [...new Set(list)];
const repository = (source) => (source.split(/[ (]/)[0].includes('@') ? source.split(/[ (]/)[0] : source);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function groupBy(rows, key) {
  const groups = new Map();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return groups;
}

const span = (dates) => {
  const all = unique(dates.flatMap((date) => date.split('..'))).sort();
  return all.length > 1 ? `${all[0]} to ${all.at(-1)}` : all[0];
};

/** The median over providers of what each asks at least. */
function fromOffers(hardware, rows) {
  const least = [...groupBy(rows, ({ provider }) => provider).values()]
    .map((own) => own.reduce((a, b) => (Number(b.usd_device_h) < Number(a.usd_device_h) ? b : a)))
    .sort((a, b) => (a.provider < b.provider ? -1 : 1));
  const values = least.map(({ usd_device_h }) => Number(usd_device_h));
  const place = ({ provider, region, usd_device_h }) =>
    [provider.replace(/ \(.*\)/, ''), region, cents(usd_device_h)].filter(Boolean).join(' ');
  return {
    hardware,
    usd_per_hour: round(median(values)),
    ...(values.length > 1 ? { low: round(Math.min(...values)), high: round(Math.max(...values)) } : {}),
    from: least.map(place).join(', '),
    date: span(least.map(({ date }) => date)),
    basis: 'offers',
    confidence: ['high', 'medium', 'low'].find((word) => least.some(({ confidence }) => confidence === word)),
    source: unique(least.map(({ source }) => repository(source))).join(', '),
  };
}

/** What nobody offers, in words of the table of defaults: the ratio of list prices elsewhere. */
function derive({ device_id, recommended_usd_h, kind }) {
  const [, from] = /^DERIVED: (.*)$/.exec(kind);
  const text = { from: from.replace('; no specialised offer found', ''), date: '2026-11', basis: 'derived' };
  return {
    hardware: device_id,
    usd_per_hour: Number(recommended_usd_h),
    ...text,
    confidence: 'medium',
    source: 'offers of its relatives in this sheet, and OCI',
  };
}

/** The 3-year reservations of AWS's own chips that the older table had beside prices on demand. */
const AWS_RESERVED = [
  ['inferentia2', 0.467, 'inf2.48xlarge 5.608/12'],
  ['trainium1', 0.512, 'trn1.32xlarge 8.197/16'],
].map(([hardware, usd_per_hour, instance]) => ({
  hardware,
  usd_per_hour,
  from: `AWS ${instance}`,
  date: 'before 2026',
  basis: 'offers',
  confidence: 'medium',
  source: 'aws-neuron-sdk instance price tables (3-year reservation, effective)',
}));

/** A price in doubt of its maker's own is the only one there is; its confidence is said. */
const only = ({ device_id, kind }) => OWNERS.test(device_id) && kind === 'on-demand';

function rented(offers, tiers, kind) {
  const fit = offers.filter((row) => row.kind === kind && tiers.includes(row.tier) && (usable(row) || only(row)));
  return [...groupBy(fit, ({ device_id }) => device_id)].map(([id, rows]) => fromOffers(id, rows));
}

function reserved(offers) {
  const rows = offers.filter(({ kind }) => kind === 'rent, 3-year');
  return [
    ...rows.map((row) => ({
      hardware: row.device_id,
      usd_per_hour: Number(row.usd_device_h),
      from: `${row.provider}, 3 years${/placeholder/.test(row.note) ? '; a placeholder in the source: 1.2 x its predecessor' : ''}`,
      date: row.date,
      basis: 'estimate',
      confidence: row.confidence === 'low' ? 'low' : 'medium',
      source: `${row.source.replace(/ .*@/, '@')}`,
    })),
    ...AWS_RESERVED,
  ];
}

function owned(offers, defaults, watts) {
  return defaults
    .filter(({ purchase_usd }) => purchase_usd !== '')
    .flatMap(({ device_id, purchase_usd }) => {
      const rows = offers.filter((row) => row.device_id === device_id && row.kind === 'purchase');
      const row =
        rows.find((one) => Math.abs(Number(one.usd_purchase_per_device) - Number(purchase_usd)) < 1) ?? rows[0];
      const power = watts.get(device_id);
      if (!power) return [];
      return {
        hardware: device_id,
        usd_purchase: Number(purchase_usd),
        watts: power,
        from: `${row.provider}, ${row.instance}`,
        date: row.date || '2024 to 2026',
        basis: 'purchase',
        confidence: row.confidence,
        source: row.source,
      };
    });
}

const SOURCE = 'derived from public price lists and price pages, named at each price';

/** The sheets by id; `devices`: ids of the catalog with the watts of a board. */
export function makePrices(offers, defaults, devices) {
  const known = (rows) => rows.filter(({ hardware }) => devices.has(hardware));
  const hyperscaler = rented(offers, TIERS.hyperscaler, 'on-demand');
  // of makers that rent out what they make themselves there is no other price
  const makers = hyperscaler.filter(({ hardware }) => OWNERS.test(hardware)).map((row) => ({ ...row, basis: 'maker' }));
  const sheets = {
    specialised: {
      name: 'on demand at specialised clouds, the median of providers',
      prices: [
        ...rented(offers, TIERS.specialised, 'on-demand'),
        ...defaults.filter(({ kind }) => kind.startsWith('DERIVED')).map(derive),
        ...makers,
      ],
    },
    hyperscaler: {
      name: 'on demand at AWS, Azure, Google and Oracle, the median of those that have it',
      prices: hyperscaler,
    },
    reserved: { name: 'rented for three years', prices: reserved(offers) },
    spot: {
      name: 'spot, to be taken back at any time, the median of providers',
      prices: rented(offers, TIERS.spot, 'spot'),
    },
    owned: {
      name: 'bought at list price: purchase spread over its years of use, and power; no host, network, space or staff',
      ownership: OWNERSHIP,
      prices: owned(offers, defaults, devices),
    },
  };
  return Object.entries(sheets).map(([id, { name, ownership, prices }]) => ({
    id,
    name,
    currency: 'USD',
    licence: 'facts',
    source: SOURCE,
    ...(ownership ? { ownership } : {}),
    prices: known(prices).sort((a, b) => (a.hardware < b.hardware ? -1 : 1)),
  }));
}
