// What must be said of the models and devices of a spec.
import { caveatsOf, isDoubtful } from '../../catalog/caveats.ts';
import type { Catalog } from '../../catalog/open.ts';
import { type Paid, paidFor } from '../../catalog/price-sheets.ts';
import type { Joint } from '../machine.ts';
import type { FleetSpec, PoolSpec } from './types.ts';

/** One sentence each; of drafting models too, and of what start-up logs say beyond a spec. */
export function fleetCaveats({ pools }: Pick<FleetSpec, 'pools'>, catalog: Catalog): string[] {
  return [
    ...caveatsOf(catalog, new Set(pools.flatMap(modelsOf)), new Set(pools.map(deviceOf))),
    ...new Set(pools.flatMap((pool) => doubtfulLinks(pool, catalog))),
    ...pools.flatMap(tellLeftOut),
  ];
}

/** Flags of a start-up log that nothing is made of. */
function tellLeftOut(pool: PoolSpec): string[] {
  const from = pool.kind === 'llm' ? pool.fromLog : undefined;
  if (!from || from.leftOut.length === 0) return [];
  return [`Pool ${pool.name}: of ${from.file} is left out: ${from.leftOut.join(', ')}.`];
}

function modelsOf(pool: PoolSpec): string[] {
  if (pool.kind !== 'llm') return [];
  const { model, speculative_config: drafts } = pool.configuration;
  return [model, drafts?.model ?? ''];
}

/** What the devices of a spec cost, and where that stands. */
export function fleetPrices(spec: FleetSpec, catalog: Catalog): Paid {
  return paidFor(spec, catalog, spec.pools.map(deviceOf));
}

function doubtfulLinks(pool: PoolSpec, catalog: Catalog): string[] {
  if (pool.kind !== 'llm') return [];
  const named = Object.values(pool.configuration.machine ?? {}) as Joint[];
  return named
    .filter(({ name }) => catalog.ids('links').includes(name))
    .map(({ name }) => catalog.link(name))
    .filter(isDoubtful)
    .map(({ id, source }) => `The figures of the link ${id} are of low confidence: ${source}.`);
}

function deviceOf(pool: PoolSpec): string {
  if (pool.kind === 'llm') return pool.configuration.hardware;
  return pool.kind === 'kv-store' ? '' : (pool.hardware ?? '');
}
