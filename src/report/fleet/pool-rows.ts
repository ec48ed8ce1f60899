// Many instances alike are one row of a table: sums of what adds up, means of shares, the largest of peaks.
import { groupBy } from '../../check/group-by.ts';
import type { ClientResult } from '../../metrics/fleet/types.ts';

/** Instances of one pool that are shown one by one. */
const MOST_SHOWN = 8;

/** The instances, those of large pools as one row each. */
export function summarisePools(clients: readonly ClientResult[]): ClientResult[] {
  return [...groupBy(clients, poolOf)].flatMap(([name, own]) => (own.length > MOST_SHOWN ? [join(name, own)] : own));
}

/** Instances are called by their pool and a number where there are several, their ranks by a number behind. */
function poolOf({ name }: ClientResult): string {
  return name.replace(/(-\d+)?(\/dp\d+)?$/, '');
}

function join(name: string, own: readonly ClientResult[]): ClientResult {
  const sum = (field: keyof ClientResult) => own.reduce((total, client) => total + Number(client[field]), 0);
  const mean = (field: keyof ClientResult) => sum(field) / own.length;
  const most = (field: keyof ClientResult) => Math.max(...own.map((client) => Number(client[field])));
  return {
    ...own[0]!,
    name: `${name}, ${own.length} of them`,
    visits: sum('visits'),
    utilisation: mean('utilisation'),
    mean_batch: mean('mean_batch'),
    peak_batch: most('peak_batch'),
    mean_queue: mean('mean_queue'),
    peak_queue: most('peak_queue'),
    peak_kv_use: most('peak_kv_use'),
    cached_share: mean('cached_share'),
    preemptions: sum('preemptions'),
    steps: sum('steps'),
    devices: sum('devices'),
    energy_j: sum('energy_j'),
    power_w: sum('power_w'),
    usd_per_hour: sum('usd_per_hour'),
  };
}
