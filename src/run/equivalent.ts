// Runs that are equal though their limits differ: one that a limit had no say in is, bit for bit, that of every row with a looser one.
import { queuesByKey } from '../check/scheduler-lists.ts';
import type { FleetClient } from '../plan/fleet.ts';
import type { LoweredFleet } from '../plan/pipeline/lower-fleet.ts';
import { roundOf } from '../plan/setup.ts';
import type { FleetSpec, PoolSpec } from '../spec/fleet/types.ts';
import type { Reach } from './fleet-read.ts';
import { nameFields, nameOf } from './hash.ts';

/** Limits of the engines of every pool, three in a row: sequences, tokens of a step, KV blocks. */
export type Limits = readonly number[];

/** Every run with each limit from `least` to `most` is the same. */
export interface Range {
  readonly least: Limits;
  readonly most: Limits;
}

const PER_POOL = 3;
const ANY = 0x7fffffff;

type Lowered = Pick<LoweredFleet, 'program' | 'clients'>;

/** The first instance of every pool: all of one have the same limits. */
function firstsOf({ clients }: Lowered): number[] {
  return clients.flatMap(({ pool }, c) => (c === 0 || clients[c - 1]!.pool !== pool ? [c] : []));
}

export function limitsOf(lowered: Lowered): Limits {
  return firstsOf(lowered).flatMap((c) => {
    const { maxNumSeqs, maxNumBatchedTokens, numGpuBlocks } = lowered.program.clients[c]!;
    return [maxNumSeqs, maxNumBatchedTokens, numGpuBlocks];
  });
}

export function covers({ least, most }: Range, limits: Limits): boolean {
  return limits.length === least.length && limits.every((limit, i) => limit >= least[i]! && limit <= most[i]!);
}

/** Limits under which the run that left `reach` goes the same way: whatever is no less than it needed, unless its own is. */
export function rangeOf(lowered: Lowered, limits: Limits, reach: readonly Reach[]): Range {
  const least = [...limits];
  const most = [...limits];
  const isOne = poolOf(limits) !== null;
  const firsts = firstsOf(lowered);
  firsts.forEach((first, p) => {
    const client = lowered.program.clients[first]!;
    // a scaler may look at shares of limits
    if (client.kind !== 'llm' || looksAtLimits(client) || lowered.program.scalers || lowered.program.outages) return;
    const { sequences, budget, blocks } = ofAll(reach.slice(first, firsts[p + 1] ?? reach.length));
    const open = (limit: number, need: number): void => {
      const at = p * PER_POOL + limit;
      if (need > limits[at]!) return;
      least[at] = need;
      most[at] = ANY;
    };
    open(0, sequences);
    open(1, budget);
    // a watermark is a share of the pool
    if (isOne && !client.watermark) open(2, blocks);
  });
  return { least, most };
}

function ofAll(reach: readonly Reach[]): Reach {
  const all = { sequences: 0, budget: 0, blocks: 0 };
  for (const { sequences, budget, blocks } of reach) {
    all.sequences = Math.max(all.sequences, sequences);
    all.budget = Math.max(all.budget, budget);
    all.blocks = Math.max(all.blocks, blocks);
  }
  return all;
}

/** What both ranges hold. */
export function meet(a: Range, b: Range): Range {
  return {
    least: a.least.map((value, i) => Math.max(value, b.least[i]!)),
    most: a.most.map((value, i) => Math.min(value, b.most[i]!)),
  };
}

/** KV blocks of every engine; null where they differ (0: it has no engine's limits). */
function poolOf(limits: Limits): number | null {
  const pools = new Set<number>();
  for (let i = 2; i < limits.length; i += PER_POOL) if (limits[i]! > 0) pools.add(limits[i]!);
  return pools.size === 1 ? [...pools][0]! : null;
}

/** The result of a run under other limits of its range: equal in all but the share of the pool that it used at most. */
export function restate<T extends { readonly peak_kv_use: number }>(result: T, from: Limits, to: Limits): T {
  const [was, is] = [poolOf(from), poolOf(to)];
  if (was === is || was === null || is === null) return result;
  return { ...result, peak_kv_use: Math.round(result.peak_kv_use * was) / is };
}

/** Whether its rules look at limits in ways that the kernel does not note: drafts, rounds, batch waiting, caches, pages, swaps, ranks, order by work. */
function looksAtLimits(client: FleetClient): boolean {
  const { speculation, batchWait, prefixCaching, pages, swap, rank, packing } = client;
  return Boolean(
    speculation || batchWait || prefixCaching || pages || swap || rank || roundOf(client) > 1 || queuesByKey(packing),
  );
}

const NAMES = new WeakMap<object, Partial<Record<'true' | 'false', string>>>();

/** Equal for rows that differ in nothing but the limits: asked once of those that are known to. */
export function className(spec: FleetSpec, lowered: LoweredFleet, hasty: boolean): string {
  const { likeness } = lowered;
  if (!likeness) return nameClass(spec, lowered, hasty);
  const names = NAMES.get(likeness) ?? {};
  NAMES.set(likeness, names);
  const name = names[`${hasty}`] ?? nameClass(spec, lowered, hasty);
  names[`${hasty}`] = name;
  return name;
}

function nameClass(spec: FleetSpec, { program, clients }: LoweredFleet, hasty: boolean): string {
  const own = spec.pools.map((pool) => poolName(pool));
  const engines = firstsOf({ program, clients }).map((c) => engineName(program.clients[c]!));
  return `${hasty} ${nameFields(spec, DOCUMENT)} ${own.join('|')} ${engines.join('|')}`;
}

const DOCUMENT = new Set(['pools', 'text', 'file', 'name']);
const ENGINE_LIMITS = new Set(['price', 'parts', 'maxNumSeqs', 'maxNumBatchedTokens', 'numGpuBlocks', 'batchWait']);
const POOL_LIMITS = new Set(['max_num_seqs', 'max_num_batched_tokens', 'gpu_memory_utilization']);
const CONFIGURATION = new Set(['configuration']);

/** All of an engine but the limits: what else follows from them (the longest prompt that is computed whole) tells rows apart. */
function engineName(client: FleetClient): string {
  return `${nameOf(client.price)} ${client.parts ? nameOf(client.parts.compute) : ''} ${nameFields(client, ENGINE_LIMITS)}`;
}

function poolName(pool: PoolSpec): string {
  if (pool.kind !== 'llm') return nameFields(pool);
  return `${nameFields(pool, CONFIGURATION)} ${nameFields(pool.configuration, POOL_LIMITS)}`;
}
