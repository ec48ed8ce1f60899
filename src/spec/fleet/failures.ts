// Pools whose instances fail: when, and how long until one serves again, as a spec writes it, read, checked and explained.
import { z } from 'zod';
import { show } from '../../check/issue.ts';
import { isBatchOfOne, splitsMembers } from '../../check/scheduler-lists.ts';
import { measured } from '../../check/units.ts';
import type { Part } from '../world.ts';
import { coldStart, readStart } from './autoscale.ts';
import { section, time, timeAbove } from './leaf.ts';
import type { Ledger } from './ledger.ts';
import type { FleetSpec, LlmPool, PoolSpec } from './types.ts';

/** When instances of a pool fail, and how long one that has failed takes to serve again. */
export interface Failures {
  /** s that an instance is on, on average, until it fails; null = only at the given times. */
  readonly mtbf: number | null;
  /** s, given times: the first is of the first instance, the next of the next one. */
  readonly at: readonly number[];
  /** s until an instance is on again, beside the seconds that its weights take at `bandwidth` B/s (0: they are in it). */
  readonly start: number;
  readonly bandwidth: number;
}

const TIMES = 'a time such as 60s, or a list of times';

export const failures = section(
  {
    mtbf: timeAbove()
      .optional()
      .describe(
        'Mean time between failures: how long an instance is on, on average, until it fails. Drawn for every instance from the seed of the workload, until the last request is sent; none is drawn if left out.',
      ),
    at: z
      .union([time(), z.array(time(), { error: TIMES })], { error: TIMES })
      .optional()
      .describe('Times at which instances fail: the first time the first one, the next time the next one, in turn.'),
    restart: coldStart('From the failure of an instance until visits come to it again, as a time or by what it loads.'),
  },
  '{mtbf, at, restart}',
);

/** The failures of a pool; null where it has none, or where something of them was refused already. */
export function readFailures(input: Part, path: readonly string[], ledger: Ledger): Failures | null {
  const written = input.failures as Part | undefined;
  const own = [...path, 'failures'];
  if (written === undefined || ledger.isBroken(own)) return null;
  const at = (Array.isArray(written.at) ? written.at : written.at === undefined ? [] : [written.at]) as (
    | string
    | number
  )[];
  if (written.mtbf === undefined && at.length === 0)
    ledger.add({ path: own, expected: 'mtbf, or times at which instances fail (at)', received: show(written) });
  return {
    mtbf: written.mtbf === undefined ? null : measured(written.mtbf as string | number, 'time'),
    at: at.map((one) => measured(one, 'time')),
    ...readStart(written.restart),
  };
}

/** What a pool whose instances fail does not go with. */
export function checkFailures(
  spec: Pick<FleetSpec, 'localGroups'>,
  pool: PoolSpec,
  split: boolean,
  ledger: Ledger,
): void {
  if (pool.kind !== 'llm' || !pool.failures) return;
  const refuse = (key: string, expected: string, received: string) =>
    ledger.add({ path: ['fleet', pool.name, key], expected, received });
  const { batching } = pool.configuration;
  if (splitsMembers(pool.routing.policy))
    refuse('routing', 'none of two halves beside failures: they are of so many instances', show(pool.routing.policy));
  if (pool.autoscale) refuse('failures', 'none beside autoscale, which would start others in their place', 'both');
  if (pool.shares)
    refuse(
      'shares',
      'no shares beside failures: what stands on the same devices would go on',
      show(pool.shares.channel),
    );
  if (isBatchOfOne(batching))
    refuse('batching', `none that ends a batch whoever left it beside failures: not ${batching}`, show(batching));
  if (spec.localGroups > 1 && split)
    refuse('failures', 'none beside fixed local groups, each of which would need one that is on', 'some');
}

/** The failures in words. */
export function explainFailures({ mtbf, at, start, bandwidth }: Failures): string {
  const drawn = mtbf === null ? [] : [`every ${mtbf} s of an instance on average`];
  const given = at.length === 0 ? [] : [`at ${at.join(', ')} s`];
  const loads = bandwidth > 0 ? `weights at ${bandwidth / 1e9} GB/s + ` : '';
  return `${[...drawn, ...given].join(' and ')}, on again after ${loads}${start} s`;
}

/** Pools whose instances fail. */
export function failingPools(pools: readonly PoolSpec[]): LlmPool[] {
  return pools.filter((pool): pool is LlmPool => pool.kind === 'llm' && pool.failures !== undefined);
}
