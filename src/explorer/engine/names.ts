// What the page offers to choose from: names of the catalog.
import { openCatalog } from '../../catalog/open.ts';
import { pricesOf } from '../../catalog/price-sheets.ts';
import { readVersion } from '../../check/version.ts';
import { NO_SITE } from '../../spec/power.ts';
import type { Names } from '../protocol.ts';

/** What a spec pays that says nothing of it. */
const UNSAID = { prices: {}, power: NO_SITE };

export function readNames(): Names {
  const catalog = openCatalog();
  const prices = catalog.ids('prices');
  const sheets = prices.map((kind) => [kind, pricesOf({ ...UNSAID, priceSheet: kind }, catalog)] as const);
  const devices = catalog.ids('hardware').map((id) => catalog.hardware(id));
  const usdOf = (id: string): Record<string, number> =>
    Object.fromEntries(sheets.flatMap(([kind, list]) => (list[id] === undefined ? [] : [[kind, list[id]]])));
  return {
    models: catalog.ids('models').map((id) => [id, catalog.model(id).name]),
    hardware: devices
      .filter(({ kind }) => kind !== 'cpu')
      .map(({ id, name, vendor }) => ({ id, name, vendor, usd: usdOf(id) })),
    workloads: catalog.ids('workloads').map((id) => {
      const { name, prompt_mean, output_mean } = catalog.shape(id);
      return [id, name, prompt_mean, output_mean];
    }),
    engines: catalog.ids('engines'),
    prices,
    version: readVersion(),
  };
}
