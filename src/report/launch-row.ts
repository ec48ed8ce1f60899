// The commands that start a row of a sweep: one for every pool of engines.
import type { KeptRow, SweepResult } from '../metrics/sweep.ts';
import { poolsOfKind } from '../spec/fleet/types.ts';
import { configurationOf } from '../spec/shape.ts';
import { buildLaunch, type Launch } from './launch.ts';

export interface PoolLaunch {
  readonly pool: string;
  /** Devices of one instance. */
  readonly devices: number;
  readonly launch: Launch;
}

export function launchesOf(
  { row }: Pick<KeptRow, 'row'>,
  { specAt, labels }: Pick<SweepResult, 'specAt' | 'labels'>,
): PoolLaunch[] {
  const spec = specAt(row);
  return poolsOfKind(spec, 'llm').map((pool) => {
    const c = configurationOf(pool, spec.workload.request_rate);
    const devices = c.tensor_parallel_size * c.pipeline_parallel_size * c.data_parallel_size;
    return { pool: pool.name, devices, launch: buildLaunch({ ...pool, configuration: c }, labels) };
  });
}

/** As lines of a shell: notes as comments; pools are named where there are several. */
export function launchLines(launches: readonly PoolLaunch[]): string[] {
  const known = launches.filter(({ launch }) => launch.command !== null);
  return known.flatMap(({ pool, launch }) => [
    ...(launches.length > 1 ? [`# ${pool}`] : []),
    ...launch.notes.map((note) => `# ${note}`),
    launch.command!,
  ]);
}
