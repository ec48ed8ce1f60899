// Who starts and stops the instances of a fleet's pools, as numbers: the rule of each pool that has one, over its clients.
import type { Autoscale } from '../../spec/fleet/autoscale.ts';
import { type FleetSpec, poolsOfKind } from '../../spec/fleet/types.ts';
import type { FleetProgram, FleetScaler } from '../fleet.ts';
import type { BoundPool } from './bind-pools.ts';
import type { Blame } from './blame.ts';
import type { PoolClients } from './groups.ts';

/** `last`: s, when the last request is sent; NaN where only the run tells. */
export function scalersOf(
  spec: FleetSpec,
  pools: ReadonlyMap<string, BoundPool>,
  clients: ReadonlyMap<string, PoolClients>,
  last: number,
  blame: Blame,
): Pick<FleetProgram, 'scalers'> {
  const scalers = poolsOfKind(spec, 'llm').flatMap(({ name, autoscale }): FleetScaler | FleetScaler[] => {
    const own = clients.get(name);
    const bound = pools.get(name);
    if (!autoscale || !own || !bound) return [];
    const start = startOf(name, 'autoscale.cold_start', autoscale, bound, blame);
    if (autoscale.max > autoscale.min && start >= last) {
      const expected = `a start that is over before the last request comes, at ${last.toPrecision(4)} s: none that starts would serve any`;
      blame(['fleet', name, 'autoscale', 'cold_start'], expected, `${start.toPrecision(4)} s`);
    }
    const looks = (window: number) => Math.max(1, Math.ceil(window / autoscale.interval));
    return {
      name,
      members: Array.from({ length: own.count }, (_, i) => own.first + i * own.ranks),
      least: autoscale.min,
      policy: autoscale.policy,
      target: autoscale.target,
      tolerance: autoscale.tolerance,
      interval: autoscale.interval,
      start,
      outLooks: looks(autoscale.outWindow),
      inLooks: looks(autoscale.inWindow),
      mostOut: autoscale.mostOut ?? own.count,
      mostIn: autoscale.mostIn ?? own.count,
    };
  });
  return scalers.length > 0 ? { scalers } : {};
}

/** s from the order of an instance until visits come to it. */
export function startOf(
  name: string,
  key: string,
  { start, bandwidth }: Pick<Autoscale, 'start' | 'bandwidth'>,
  { weightsBytes }: BoundPool,
  blame: Blame,
): number {
  if (bandwidth === 0) return start;
  if (weightsBytes > 0) return weightsBytes / bandwidth + start;
  const expected = 'a time: without a model nothing says how many bytes its weights are';
  blame(['fleet', name, ...key.split('.')], expected, 'weights_bandwidth');
  return start;
}
