// What the answer's devices cost, of which kind that price is, and what the answer would be under the others.
import { type Paid, tellPaid } from '../catalog/price-sheets.ts';
import type { KeptRow, PriceKind, SweepResult } from '../metrics/sweep.ts';
import { describeDeployment } from './describe.ts';
import { formatUsd, listWords, plural } from './format.ts';
import type { JsonObject } from './json.ts';

/** Sentences; none where the answer stands on no device. */
export function explainPrices(result: SweepResult): string[] {
  const { prices } = result;
  if (!prices) return [];
  const { asked, unpriced, sheet, kinds } = prices;
  const count = unpriced.reduce((sum, one) => sum + one.count, 0);
  const why = unpriced.map(({ words, count: of }) => `${of} ${words}`);
  const missing = `${count} of the ${plural(asked, 'kind')} of device asked for have no price of the kind ${sheet} and cannot win (${why.join(', ')})`;
  return [...tellPaid(prices), ...(count > 0 && kinds.length > 0 ? [`${missing}.`] : []), ...tellKinds(kinds, result)];
}

function tellKinds(kinds: readonly PriceKind[], result: SweepResult): string[] {
  const [own, ...others] = kinds;
  if (!own?.row || others.length === 0) return [];
  const tell = ({ kind, row, usd_per_hour, tried, without }: PriceKind): string => {
    if (row === null) return `${kind} has none of them`;
    const left = without > 0 ? `, without ${without} of ${plural(tried, 'kind')} of device` : '';
    return `${kind} ${describeDeployment(row, result)} at $${formatUsd(usd_per_hour!)}/h${left}`;
  };
  const holds = kinds.filter(({ row }) => row && sameDevices(row, own.row!)).length;
  return [
    `Under other kinds of price the best of what was simulated and keeps the promise: ${others.map(tell).join('; ')}.`,
    `The answer's hardware holds under ${holds} of ${kinds.length} kinds (${listWords(kinds.map(({ kind }) => kind))}).`,
  ];
}

function sameDevices(a: KeptRow, b: KeptRow): boolean {
  const names = ({ hosts }: KeptRow) => hosts.map(({ hardware }) => hardware).join();
  return names(a) === names(b);
}

/** How the answer is shown again. */
export function againLine({ row }: KeptRow, { file, prices }: SweepResult): string {
  return `mist run ${file} --row ${row}${prices?.given ? ` --prices ${prices.given}` : ''} shows it in full; mist why ${file} --row ${row} says what it hangs on.`;
}

export function paidJson({ devices, ...kind }: Paid): JsonObject {
  return { ...kind, devices: devices.map((device) => ({ ...device })) };
}

export function pricesJson({ prices }: SweepResult): JsonObject {
  if (!prices) return {};
  const { kinds, ...rest } = prices;
  return {
    prices: {
      ...rest,
      kinds: kinds.map(({ row, ...kind }) => ({ ...kind, row: row?.row ?? null })),
    },
  };
}
