// From what was found of rows to what a report keeps of them: choices, devices, limits, figures, ranked.
import type { Catalog } from '../catalog/open.ts';
import { type Devices, type FleetSummary, type KeptRow, rankRows } from '../metrics/sweep.ts';
import type { FleetSpec, PoolSpec } from '../spec/fleet/types.ts';
import type { Question } from '../spec/question.ts';
import type { Found } from './found.ts';
import { scenarioOf } from './scenario.ts';

/** Simulated rows in ranking order, then the screened ones in the order of the screen. */
export function keepRows(
  question: Question,
  found: Found,
  catalog: Catalog,
  deploymentOf: (row: number) => string,
): KeptRow[] {
  const { simulated, estimates } = found;
  const { bands } = catalog.errorBands();
  const make = (row: number): Omit<KeptRow, 'on_front'> => {
    const { spec } = question.at(row);
    const choices = question.choicesAt(row);
    const estimate = estimates.get(row);
    const run = simulated.get(row);
    const hosts = hostsOf(spec, catalog, run?.result.autoscaled);
    return {
      row,
      choices,
      scenario: scenarioOf(choices, question),
      hosts,
      devices: run?.result.devices ?? hosts.reduce((sum, { count }) => sum + count, 0),
      usd_per_hour: run?.result.usd_per_hour ?? estimate?.usdPerHour ?? Number.NaN,
      slo: spec.slo,
      ...(spec.budget ? { budget: spec.budget } : {}),
      screen: estimate?.figures ?? null,
      result: run?.result ?? null,
      times: run?.times ?? 1,
      trust:
        run?.trust ??
        (estimate ? { basis: estimate.basis, regime: 'plain' as const, band: bands[estimate.basis] } : null),
    };
  };
  const ranked = rankRows(worthKeeping(simulated).map(make), question.objective, deploymentOf, question.pareto);
  const others = [...estimates.keys()].filter((row) => !simulated.has(row));
  return [...ranked, ...others.map((row) => ({ ...make(row), on_front: false }))];
}

/** Of the runs that were given up, which have no figures to show, so many are kept: of those no dearer than the answer the nearest to it first. */
const GIVEN_UP = 256;

export function worthKeeping(simulated: Found['simulated']): number[] {
  const [kept, given]: [number[], number[]] = [[], []];
  for (const [row, { outcome }] of simulated) (outcome.givenUp ? given : kept).push(row);
  let answer = Number.POSITIVE_INFINITY;
  for (const { outcome } of simulated.values()) if (outcome.met) answer = Math.min(answer, outcome.usdPerHour);
  const score = new Map(given.map((row) => [row, simulated.get(row)!.outcome.usdPerHour] as const));
  const isDearer = (row: number): number => Number(score.get(row)! > answer);
  given.sort((a, b) => isDearer(a) - isDearer(b) || score.get(b)! - score.get(a)! || a - b);
  return [...kept, ...given.slice(0, GIVEN_UP)];
}

/** Devices by kind, most first; pools on one channel and hardware stand on the same ones. `autoscaled`: what a run came to. */
export function hostsOf(
  spec: FleetSpec,
  catalog: Pick<Catalog, 'hardware'>,
  autoscaled: FleetSummary['autoscaled'] = [],
): Devices[] {
  const shared = new Map<string, { readonly hardware: string; readonly count: number; readonly idle: number }>();
  for (const pool of spec.pools) {
    const { hardware, each } = standOf(pool);
    if (hardware === '') continue;
    const name = pool.shares ? `${hardware}/${pool.shares.channel}` : `pool ${pool.name}`;
    // instances that stop stand on devices of their own
    const mean = autoscaled.find((own) => own.pool === pool.name)?.mean ?? pool.count;
    const count = Math.max(shared.get(name)?.count ?? 0, each * pool.count);
    shared.set(name, { hardware, count, idle: each * (pool.count - mean) });
  }
  const counts = new Map<string, { readonly count: number; readonly idle: number }>();
  for (const { hardware, count, idle } of shared.values()) {
    const sum = counts.get(hardware) ?? { count: 0, idle: 0 };
    counts.set(hardware, { count: sum.count + count, idle: sum.idle + idle });
  }
  const hosts = [...counts].map(([hardware, { count, idle }]) => ({
    hardware,
    count,
    ...(idle > 0 ? { paid: count - idle } : {}),
    processors: catalog.hardware(hardware).kind === 'cpu',
  }));
  return hosts.sort((a, b) => Number(a.processors) - Number(b.processors));
}

/** What one instance of a pool stands on; '' where that is nothing, or outside the question. */
function standOf(pool: PoolSpec): { readonly hardware: string; readonly each: number } {
  if (pool.kind === 'kv-store') return { hardware: '', each: 0 };
  if (pool.kind === 'cores') return { hardware: pool.hardware ?? '', each: 1 };
  if (pool.kind === 'retrieval') return { hardware: pool.hardware, each: pool.index.of.shards };
  const {
    hardware,
    model,
    tensor_parallel_size: tp,
    pipeline_parallel_size: pp,
    data_parallel_size: dp,
  } = pool.configuration;
  return { hardware: model === '' ? '' : hardware, each: tp * pp * dp };
}
