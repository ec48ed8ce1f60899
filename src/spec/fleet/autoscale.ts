// Pools whose instances start and stop with the load: the rule as a spec writes it, read, checked and explained.
import { z } from 'zod';
import { tellList } from '../../check/closed-list.ts';
import { show } from '../../check/issue.ts';
import { measuresShare, SCALING, type ScalingName, splitsMembers } from '../../check/scheduler-lists.ts';
import { measured } from '../../check/units.ts';
import { word } from '../leaf.ts';
import { asNumeric } from '../numeric.ts';
import { number, type Part } from '../world.ts';
import { instances, positive, quantity, readShare, section, share, size, time, timeAbove } from './leaf.ts';
import type { Ledger } from './ledger.ts';
import type { FleetSpec, PoolSpec } from './types.ts';

/** How many instances of a pool are on, and when that changes. */
export interface Autoscale {
  readonly min: number;
  readonly max: number;
  readonly policy: ScalingName;
  /** What one instance is to have of what the policy measures. */
  readonly target: number;
  readonly tolerance: number;
  readonly interval: number; // s
  readonly outWindow: number; // s
  readonly inWindow: number; // s
  /** Most instances started, and stopped, by one look; null = as many as it takes. */
  readonly mostOut: number | null;
  readonly mostIn: number | null;
  /** s until an instance is on, beside the seconds that its weights take at `bandwidth` B/s (0: they are in it). */
  readonly start: number;
  readonly bandwidth: number;
}

const TARGET = 'a number above 0, or a share such as 80%';
const target = asNumeric(
  z.union([positive(TARGET), z.string({ error: TARGET }).refine((text) => readShare(text) > 0, { error: TARGET })], {
    error: TARGET,
  }),
  'number',
);
const COLD_START = 'a time such as 105s, or {weights_bandwidth, start_up}';
const loading = {
  weights_bandwidth: quantity('bandwidth', 'a bandwidth above 0, such as 2GB/s', { above: 0 }).describe(
    'Of the storage that an instance loads its weights from, all of them, as all its devices together get it.',
  ),
  start_up: time().optional().describe('All else: scheduling, process, compilation, graphs; 0 if left out.'),
};
/** A time until an instance is on, or what it loads until then. */
export const coldStart = (words: string) =>
  z.union([time(), section(loading, COLD_START)], { error: COLD_START }).describe(words);

/** s, and B/s of the weights, 0 = they are in the time. */
export function readStart(written: unknown): { readonly start: number; readonly bandwidth: number } {
  if (typeof written !== 'object' || written === null)
    return { start: measured(written as string | number, 'time'), bandwidth: 0 };
  const { start_up, weights_bandwidth } = written as Part;
  return {
    start: start_up === undefined ? 0 : measured(start_up, 'time'),
    bandwidth: measured(weights_bandwidth, 'bandwidth'),
  };
}

/** Kubernetes' horizontal pod autoscaler, whose rule it is, has these. */
const USUAL = { interval: 15, tolerance: 0.1, outWindow: 0, inWindow: 300 } as const;

export const autoscale = section(
  {
    min_replicas: instances().describe('Instances that are always on; so many are at the beginning.'),
    max_replicas: instances().describe('Instances that there may be; stands for count (replicas).'),
    policy: word(SCALING.names).describe(`What is measured of the instances that are on: ${tellList(SCALING)}.`),
    target: target.describe('What one instance is to have of it; of a share at most 100 %.'),
    tolerance: share()
      .optional()
      .describe(
        `How far from the target the mean of an instance may be without a change; ${USUAL.tolerance} if left out.`,
      ),
    interval: timeAbove().optional().describe(`Between two looks; ${USUAL.interval}s if left out.`),
    scale_out_window: time()
      .optional()
      .describe(`More are started only where all looks of this long wanted more; ${USUAL.outWindow}s if left out.`),
    scale_in_window: time()
      .optional()
      .describe(`Some are stopped only where all looks of this long wanted fewer; ${USUAL.inWindow}s if left out.`),
    max_scale_out: size().optional().describe('Most instances that one look starts; any number if left out.'),
    max_scale_in: size().optional().describe('Most instances that one look stops; any number if left out.'),
    cold_start: coldStart('From the order of an instance until visits come to it, as a time or by what it loads.'),
  },
  '{min_replicas, max_replicas, policy, target, cold_start, ...}',
);

/** The rule of a pool; null where it has none, or where something of it was refused already. */
export function readAutoscale(input: Part, path: readonly string[], ledger: Ledger): Autoscale | null {
  const written = input.autoscale as Part | undefined;
  const own = [...path, 'autoscale'];
  if (written === undefined || ledger.isBroken(own)) return null;
  const seconds = (key: string, otherwise: number) =>
    written[key] === undefined ? otherwise : measured(written[key], 'time');
  const most = (key: string) => (written[key] === undefined ? null : number(written[key], 1));
  const rule: Autoscale = {
    min: number(written.min_replicas, 1),
    max: number(written.max_replicas, 1),
    policy: written.policy as ScalingName,
    target: readTarget(written.target as string | number),
    tolerance: written.tolerance === undefined ? USUAL.tolerance : readShare(written.tolerance as string | number),
    interval: seconds('interval', USUAL.interval),
    outWindow: seconds('scale_out_window', USUAL.outWindow),
    inWindow: seconds('scale_in_window', USUAL.inWindow),
    mostOut: most('max_scale_out'),
    mostIn: most('max_scale_in'),
    ...readStart(written.cold_start),
  };
  for (const key of ['count', 'devices']) {
    if (input[key] === undefined) continue;
    const expected = `no ${key} beside autoscale: its max_replicas says how many there are`;
    ledger.add({ path: [...path, key], expected, received: show(input[key]) });
  }
  checkRule(rule, written, own, ledger);
  return rule;
}

/** A share, or a number with underscores. */
function readTarget(written: string | number): number {
  const share = readShare(written);
  return Number.isNaN(share) ? number(written, 1) : share;
}

function checkRule(rule: Autoscale, written: Part, path: readonly string[], ledger: Ledger): void {
  if (rule.min > rule.max) {
    const expected = `at most the max_replicas ${rule.max}`;
    ledger.add({ path: [...path, 'min_replicas'], expected, received: String(rule.min), row: true });
  }
  // the most that it can measure is all of everything: 1 for each that is on
  if (measuresShare(rule.policy) && rule.max > rule.min && rule.target * (1 + rule.tolerance) >= 1) {
    const expected = `less than ${Number((1 / (1 + rule.tolerance)).toPrecision(3))}: ${rule.policy} is a share, and with more even full instances never ask for another`;
    ledger.add({ path: [...path, 'target'], expected, received: show(written.target), row: true });
  }
}

/** What a pool whose instances start and stop does not go with. */
export function checkAutoscale(
  spec: Pick<FleetSpec, 'localGroups'>,
  pool: PoolSpec,
  split: boolean,
  ledger: Ledger,
): void {
  if (pool.kind !== 'llm' || !pool.autoscale) return;
  const path = ['fleet', pool.name];
  const refuse = (key: string, expected: string, received: string) =>
    ledger.add({ path: [...path, key], expected, received });
  if (splitsMembers(pool.routing.policy))
    refuse('routing', 'none of two halves beside autoscale: they are of so many instances', show(pool.routing.policy));
  if (pool.shares)
    refuse(
      'shares',
      'no shares beside autoscale: what stands on the same devices would go on when they are off',
      show(pool.shares.channel),
    );
  if (spec.localGroups > 1 && split)
    refuse('autoscale', 'none beside fixed local groups, each of which would need one that is on', 'one');
}

/** Instances of a pool in words: `5`, or `2 to 10`. */
export function explainCount({ count, ...pool }: PoolSpec): string {
  return 'autoscale' in pool && pool.autoscale ? `${pool.autoscale.min} to ${count}` : String(count);
}

/** The rule in words. */
export function explainAutoscale({ policy, target, interval, start, bandwidth, ...rule }: Autoscale): string {
  const loads = bandwidth > 0 ? `weights at ${bandwidth / 1e9} GB/s + ` : '';
  const windows = `out ${rule.outWindow} s, in ${rule.inWindow} s`;
  return `${rule.min} to ${rule.max} by ${policy} ${target} +- ${rule.tolerance * 100} %, every ${interval} s (${windows}), start ${loads}${start} s`;
}
