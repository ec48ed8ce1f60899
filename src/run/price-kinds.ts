// What the answer pays for its devices, and what the answer would be under every other kind of price: of one kind of hardware the
// cheapest deployment is the same under all of them, so that what was simulated is ranked again and nothing is run twice.

import type { Catalog } from '../catalog/open.ts';
import { type Paying, paidFor, pricesOf } from '../catalog/price-sheets.ts';
import { type KeptRow, type PriceKind, rowScore, type SweepPrices } from '../metrics/sweep.ts';
import { OBJECTIVE } from '../spec/objectives.ts';
import type { Question } from '../spec/question.ts';

/** undefined where nothing stands on a device. */
export function priceSweep(
  question: Question,
  kept: readonly KeptRow[],
  catalog: Catalog,
  given: string | null,
): SweepPrices | undefined {
  const [best] = kept;
  if (best === undefined || best.hosts.length === 0) return undefined;
  const paying = question.at(best.row).spec;
  const paid = paidFor(
    paying,
    catalog,
    best.hosts.map(({ hardware }) => hardware),
  );
  const { sheet } = paid;
  const asked = devicesOf(question);
  const unpriced = paidFor(paying, catalog, asked).devices.filter(({ usd_per_hour }) => usd_per_hour === null);
  const kinds =
    OBJECTIVE[question.objective].priced && best.result?.slo_met ? listKinds(question, kept, catalog, sheet) : [];
  return { ...paid, given, asked: asked.length, unpriced: countWords(unpriced.map(({ words }) => words)), kinds };
}

/** Every device that the question has, whether it can be or not. */
function devicesOf({ axes, first }: Question): string[] {
  const named = axes.filter(({ name }) => name.split('.').at(-1) === 'hardware').flatMap(({ labels }) => labels);
  const own = first.pools.map((pool) => (pool.kind === 'llm' ? pool.configuration.hardware : ''));
  return [...new Set([...named, ...own])].filter((id) => id !== '');
}

function countWords(words: readonly string[]): SweepPrices['unpriced'] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .map(([word, count]) => ({ words: word, count }))
    .sort((a, b) => b.count - a.count || (a.words < b.words ? -1 : 1));
}

/**
 * The best of the answer's scenario at the answer's prices, then under every other sheet there is: by that sheet alone, since the spec's
 * own prices are a kind by themselves.
 */
function listKinds(
  { objective, at }: Question,
  kept: readonly KeptRow[],
  catalog: Catalog,
  sheet: string,
): PriceKind[] {
  const [best] = kept;
  const rows = kept.filter((row) => row.scenario === best!.scenario && row.result?.slo_met);
  const hardware = [...new Set(rows.flatMap(({ hosts }) => hosts.map((host) => host.hardware)))];
  const paying = at(best!.row).spec;
  const mixed = hardware.some((id) => id in paying.prices);
  const kindOf = (kind: string, table: Readonly<Record<string, number>>): PriceKind => {
    const priced = rows.map((row) => ({ row, usd: usdOf(row, table, paying) })).filter(({ usd }) => !Number.isNaN(usd));
    const scores = priced.map(({ row, usd }) => rowScore(objective, { ...row.result!, usd_per_hour: usd }));
    const first = priced[scores.indexOf(Math.min(...scores))];
    const without = hardware.filter((id) => table[id] === undefined).length;
    return { kind, row: first?.row ?? null, usd_per_hour: first?.usd ?? null, tried: hardware.length, without };
  };
  const others = catalog.ids('prices').filter((kind) => mixed || kind !== sheet);
  const alone = (kind: string) => pricesOf({ ...paying, prices: {} }, { prices: () => catalog.sheet(kind) });
  return [kindOf(mixed ? OWN : sheet, pricesOf(paying, catalog)), ...others.map((kind) => kindOf(kind, alone(kind)))];
}

const OWN = 'your own';

/** Its devices under a table, and what electricity it pays apart; NaN where an accelerator has no price (processors go without, as in `mist run`). */
function usdOf(
  { hosts, result }: KeptRow,
  table: Readonly<Record<string, number>>,
  { power }: Pick<Paying, 'power'>,
): number {
  const devices = hosts.reduce((sum, { hardware, count, paid, processors }) => {
    const usd = table[hardware] ?? (processors ? 0 : Number.NaN);
    return sum + usd * (paid ?? count);
  }, 0);
  return devices + (power.usd_per_kwh === null ? 0 : result!.electricity_usd_per_hour);
}
