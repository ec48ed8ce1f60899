// Rules fleets out by what no run can undercut: a pool with too few instances for what it alone must have done in time.
import type { Catalog } from '../catalog/open.ts';
import { cutsPrompts, decodesApart, isBatchOfOne } from '../check/scheduler-lists.ts';
import type { BoundPool } from '../plan/pipeline/bind-pools.ts';
import type { FleetShare } from '../plan/pipeline/share.ts';
import { remember } from '../plan/priced-ops.ts';
import { roundOf } from '../plan/setup.ts';
import { type FleetSpec, type LlmPool, poolsOfKind } from '../spec/fleet/types.ts';
import { isPlainChat } from '../spec/shape.ts';
import type { Near } from './bound-rows.ts';
import { type Bound, boundOf, type Demand, type Part } from './bounds.ts';
import { demandAt } from './demand.ts';
import { nameOf } from './hash.ts';
import { leastWatts } from './least-watts.ts';
import type { StepLimits } from './least-work.ts';

/** Why a fleet is too slow, and how far off. */
export type TooSlow = Pick<Near, 'reason' | 'short'>;

/** What of an instance a bound looks at. */
export type Engine = BoundPool['client'];

/** How to look up an engine of a pool; undefined where the pool has none. */
export type ClientOf = (pool: string) => Engine | undefined;

/** What is known of a fleet before it runs. */
export interface FleetBounds {
  /** null where no bound says that it is too slow. */
  tooSlow(spec: FleetSpec, clientOf: ClientOf): TooSlow | null;
  /** W that its engines draw at least on top of idling while it keeps the promise; before PUE. */
  watts(spec: FleetSpec, pools: ReadonlyMap<string, BoundPool>): number;
}

/** Only of fleets whose requests are plain prompts, where one pool does all of it, or one the prompts and one the rest. */
export function openFleetBounds(catalog: Catalog, { idOf }: FleetShare): FleetBounds {
  const demands = new Map<string, Demand>();
  const bounds = new Map<string, Bound>();
  const drawn = new Map<string, number>();
  function* boundedPools(spec: FleetSpec, clientOf: ClientOf) {
    const engines = poolsOfKind(spec, 'llm');
    if (engines.length !== spec.pools.length || !isPlainChat(spec) || !isSplit(engines)) return;
    const name = [spec.workload, spec.slo, spec.client].map(idOf).join('/');
    const demand = remember(demands, name, () => demandAt(spec, catalog));
    for (const pool of engines) {
      const part: Part = pool.role === 'both' ? 'all' : pool.role;
      const client = clientOf(pool.name);
      const deadlines = demand.deadlines(part);
      if (!client || !deadlines || !isBounded(pool, client)) continue;
      const { price } = client;
      if (!(price instanceof Float64Array)) continue;
      const limits = stepLimits(client, deadlines.longest, pool.prefixCaching === true);
      const key = `${name} ${part} ${nameOf(price)} ${Object.values(limits).join(' ')}`;
      yield { pool, price, limits, part, demand, deadlines, key };
    }
  }
  return {
    tooSlow(spec, clientOf) {
      for (const { pool, price, limits, deadlines, key } of boundedPools(spec, clientOf)) {
        const known = remember(bounds, key, () => boundOf(price, limits, deadlines));
        if (known.isLate) return { reason: 'late-alone', short: Number.POSITIVE_INFINITY };
        const short = known.engines / pool.count;
        if (short > 1 + 1e-9) return { reason: 'too-few', short };
      }
      return null;
    },
    watts(spec, pools) {
      let sum = 0;
      for (const { pool, price, limits, part, demand, key } of boundedPools(spec, (name) => pools.get(name)?.client)) {
        const mostW = pools.get(pool.name)?.energy?.mostW ?? Number.NaN;
        const draw = () => leastWatts(price, mostW, limits, demand.everyDeadlines(part));
        if (mostW > 0) sum += remember(drawn, `${key} ${mostW}`, draw);
      }
      return sum;
    },
  };
}

/** Whether each part of a request has one pool that does it. */
function isSplit(pools: readonly LlmPool[]): boolean {
  const roles = pools.map(({ role }) => role).sort();
  return ['both', 'decode prefill'].includes(roles.join(' '));
}

/** Steps of one scheduler, one token a decode, priced by its surface as it stands, on devices of its own. */
export function isBounded({ shares, configuration }: LlmPool, client: Engine): boolean {
  const { data_parallel_size: ranks, rules } = configuration;
  const alone = !shares && ranks === 1 && rules?.padded_len === undefined;
  return alone && !client.speculation && roundOf(client) === 1;
}

/** What a step of an engine can hold at most; `longest`: tokens of the longest request. */
export function stepLimits(client: Engine, longest: number, finds: boolean): StepLimits {
  const { maxNumSeqs: sequences, maxNumBatchedTokens: budget, numGpuBlocks, blockSize, batching, pages } = client;
  const whole = Math.max(budget, longest + sequences);
  const tokens = isBatchOfOne(batching) ? Number.MAX_SAFE_INTEGER : cutsPrompts(batching) ? budget : whole;
  const context = pages ? Number.POSITIVE_INFINITY : numGpuBlocks * blockSize;
  return { sequences, tokens, context, longest, apart: decodesApart(batching), finds };
}
