// The question of a run in the spec's words, beside what of its pools was computed and not said.
import { labelsOf } from '../../catalog/labels.ts';
import type { Catalog } from '../../catalog/open.ts';
import { readVersion } from '../../check/version.ts';
import type { LoweredFleet } from '../../plan/pipeline/lower-fleet.ts';
import { fleetCaveats, fleetPrices } from '../../spec/fleet/caveats.ts';
import type { FleetSpec } from '../../spec/fleet/types.ts';
import { configurationOf } from '../../spec/shape.ts';
import { buildLaunch } from '../launch.ts';
import type { FleetContext, PoolFacts } from './context.ts';

export function contextOf(spec: FleetSpec, lowered: LoweredFleet, catalog: Catalog): FleetContext {
  const { walks, clients } = lowered;
  const { arrivals, seed } = spec.workload;
  const ids = spec.pools.flatMap((pool) =>
    pool.kind === 'llm' && pool.configuration.model ? [pool.configuration.model] : [],
  );
  const labels = labelsOf(catalog, ids, []);
  return {
    name: spec.name,
    version: readVersion(),
    workload: walks.description,
    requestRate: spec.workload.request_rate,
    burstiness: arrivals.process === 'gamma' ? arrivals.burstiness : arrivals.process === 'poisson' ? 1 : null,
    maxConcurrency: walks.concurrency,
    slo: spec.slo,
    budgeted: spec.budget !== undefined,
    power: spec.power,
    pools: factsOf(spec, lowered, labels),
    bases: clients.map(({ basis }) => basis),
    caveats: fleetCaveats(spec, catalog),
    prices: fleetPrices(spec, catalog),
    seed,
    models: [...new Set(ids)].map((id) => labels[id] ?? id),
    text: spec.text,
    file: spec.file,
  };
}

/** One entry per pool of which there is something to say. */
function factsOf(
  spec: FleetSpec,
  { clients, program }: LoweredFleet,
  labels: Readonly<Record<string, string>>,
): PoolFacts[] {
  return spec.pools.flatMap((pool): PoolFacts[] => {
    const c = clients.findIndex((client) => client.pool === pool.name);
    if (c < 0 || (clients[c]!.basis === '' && clients[c]!.memory === '')) return [];
    const { basis, memory, steps } = clients[c]!;
    const own = pool.kind === 'llm' ? configurationOf(pool, 0) : null;
    return [
      {
        ...{ pool: pool.name, count: pool.count, basis, memory, ...(steps ? { step_times: steps } : {}) },
        ...(own ? { num_gpu_blocks: program.clients[c]!.numGpuBlocks, configuration: own } : {}),
        ...(own && pool.kind === 'llm' ? { launch: buildLaunch({ ...pool, configuration: own }, labels).command } : {}),
      },
    ];
  });
}
