// What no batch can undercut: all requests are there at once, and the engines of a pool do all that they ask for (least-work.ts), so that the
// last of them is not done before the work of all, shared out evenly, is.
import type { Catalog } from '../catalog/open.ts';
import type { FleetShare } from '../plan/pipeline/share.ts';
import { remember } from '../plan/priced-ops.ts';
import { type FleetSpec, poolsOfKind } from '../spec/fleet/types.ts';
import { isPlainChat } from '../spec/shape.ts';
import { makeRequests } from '../workload/make.ts';
import { type Engine, isBounded, stepLimits } from './bound-fleet.ts';
import { type Asked, allWork, askedOf, priceOf } from './bounds.ts';
import { leastWork } from './least-work.ts';

/** Of a batch: s until its last request is done at least, and the tokens that it makes. */
export interface LeastTime {
  readonly seconds: number;
  readonly tokens: number;
}

const UNKNOWN: LeastTime = { seconds: 0, tokens: Number.POSITIVE_INFINITY };

interface Batch extends Asked {
  readonly tokens: number;
}

/** Of fleets of one pool whose requests are plain prompts that are all there at once; of others nothing is known. */
export function openLeastTime(
  catalog: Catalog,
  { idOf }: FleetShare,
): (spec: FleetSpec, clientOf: (pool: string) => Engine | undefined) => LeastTime {
  const batches = new Map<number, Batch | null>();
  return (spec, clientOf) => {
    const [pool, ...others] = poolsOfKind(spec, 'llm');
    const { arrivals } = spec.workload;
    if (!pool || others.length > 0 || spec.pools.length !== 1 || pool.role !== 'both') return UNKNOWN;
    if (arrivals.process !== 'all-at-once' || !isPlainChat(spec)) return UNKNOWN;
    const client = clientOf(pool.name);
    if (!client || !isBounded(pool, client) || !(client.price instanceof Float64Array)) return UNKNOWN;
    const batch = remember(batches, idOf(spec.workload), () => readBatch(spec, catalog));
    if (!batch) return UNKNOWN;
    const limits = stepLimits(client, batch.longest, pool.prefixCaching === true);
    const price = priceOf(leastWork(client.price, limits, batch.totals), limits.finds);
    const all = batch.past.reduce((sum, _, i) => sum + allWork(price, batch, i), 0);
    return { seconds: all / pool.count, tokens: batch.tokens };
  };
}

/** null where prompts may be in a cache, or read once for all that have them. */
function readBatch({ workload }: FleetSpec, catalog: Catalog): Batch | null {
  const requests = makeRequests(workload, { catalogShape: (id) => catalog.shape(id) });
  if (requests.prefix) return null;
  const order = Array.from({ length: requests.count }, (_, r) => r);
  return { ...askedOf(requests, order, 'all', true), tokens: order.reduce((sum, r) => sum + requests.output[r]!, 0) };
}
