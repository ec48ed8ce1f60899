// What must be said of the models and devices of a spec.
import { caveatsOf, isDoubtful } from '../../catalog/caveats.ts';
import type { Catalog } from '../../catalog/open.ts';
import { type Paid, paidFor } from '../../catalog/price-sheets.ts';
import { ranksRequests, servesTenants } from '../../check/scheduler-lists.ts';
import { JOINTS } from '../machine.ts';
import type { Impatience } from './client.ts';
import { failingPools } from './failures.ts';
import type { FleetSpec, PoolSpec } from './types.ts';

/** One sentence each; of drafting models too, and of what start-up logs say beyond a spec. */
export function fleetCaveats(
  { pools, pipelines, client }: Pick<FleetSpec, 'pools' | 'pipelines' | 'client'>,
  catalog: Catalog,
): string[] {
  return [
    ...caveatsOf(catalog, new Set(pools.flatMap(modelsOf)), new Set(pools.map(deviceOf))),
    ...new Set(pools.flatMap((pool) => doubtfulLinks(pool, catalog))),
    ...pools.flatMap(tellLeftOut),
    ...tellIdlePriorities(pools, pipelines),
    ...tellIdleTenants(pools, pipelines),
    ...tellIdleTries(pools, [client?.impatience ?? {}, ...pipelines.map((pipeline) => pipeline.client)]),
  ];
}

/** Priorities that no engine looks at, and engines that look at priorities which are all the same. */
function tellIdlePriorities(pools: readonly PoolSpec[], pipelines: FleetSpec['pipelines']): string[] {
  const ranking = pools.filter((pool) => pool.kind === 'llm' && ranksRequests(pool.packing)).map(({ name }) => name);
  const differ = pipelines.some(({ priority, score }) => score !== undefined || priority !== pipelines[0]!.priority);
  if (differ && ranking.length === 0)
    return ['The priorities of the pipelines have no effect: no pool has packing: priority.'];
  if (!differ && ranking.length > 0)
    return [`Pool ${ranking.join(', ')} packs by priority, but all requests have the same (pipelines.NAME.priority).`];
  return [];
}

/** Weights of tenants that no engine serves, and engines whose tenants are one. */
function tellIdleTenants(pools: readonly PoolSpec[], pipelines: FleetSpec['pipelines']): string[] {
  const fair = pools.filter((pool) => pool.kind === 'llm' && servesTenants(pool.packing)).map(({ name }) => name);
  const differ = pipelines.some(({ fairWeight }) => fairWeight !== pipelines[0]!.fairWeight);
  if (differ && fair.length === 0)
    return ['The fair_weight of the pipelines has no effect: no pool has packing: fair.'];
  if (fair.length > 0 && pipelines.length === 1)
    return [
      `Pool ${fair.join(', ')} serves tenants by what each has had, but there is one pipeline, which is one tenant.`,
    ];
  return [];
}

/** Requests that would be sent again if anything could turn them away, and those that fail and are not. */
function tellIdleTries(pools: readonly PoolSpec[], rules: readonly Impatience[]): string[] {
  const limited = pools.some((pool) => pool.kind === 'llm' && pool.configuration.rules?.max_queued_requests);
  const tries = rules.some(({ retries = 0 }) => retries > 0);
  if (failingPools(pools).length > 0)
    return tries ? [] : ['Requests of an instance that fails are lost: no client sends them again (client.retries).'];
  if (limited || rules.some(({ timeout }) => timeout !== undefined) || !tries) return [];
  return ['Retries have no effect: no pool has max_queued_requests, and no client a timeout.'];
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
  const { machine = {} } = pool.configuration;
  return JOINTS.flatMap((key) => machine[key] ?? [])
    .filter(({ name }) => catalog.ids('links').includes(name))
    .map(({ name }) => catalog.link(name))
    .filter(isDoubtful)
    .map(({ id, source }) => `The figures of the link ${id} are of low confidence: ${source}.`);
}

function deviceOf(pool: PoolSpec): string {
  if (pool.kind === 'llm') return pool.configuration.hardware;
  return pool.kind === 'kv-store' ? '' : (pool.hardware ?? '');
}
