// What a request has gathered on its walk, and what lowering a stage needs to know: the request, the fleet, where visits go.
import { sequenceKvBytes } from '../../catalog/parameters.ts';
import type { FleetSpec, StageSpec } from '../../spec/fleet/types.ts';
import { TEXT_BYTES_PER_TOKEN } from '../../stages/text-work.ts';
import { STREAM_STAGES } from '../../workload/draws.ts';
import type { HashChains } from '../../workload/hash-chains.ts';
import { openStream, type Stream } from '../../workload/streams.ts';
import { VISIT_PREFIX } from '../fleet.ts';
import type { BoundPool } from './bind-pools.ts';
import type { Blame } from './blame.ts';
import type { VisitWriter } from './columns.ts';
import type { Groups } from './groups.ts';

/** The request that is being laid out. */
export interface Walker {
  readonly index: number;
  /** Local group of its store, where stores belong to groups. */
  readonly cell: number;
  /** What decides which store client holds its KV: its session, its shared text, or itself. */
  readonly key: number;
  readonly question: number;
  readonly answer: number;
  /** Tokens before the question: shared text and earlier turns. */
  readonly before: number;
}

/** What a stage finds: tokens gathered so far. Never changed, always replaced. */
export interface State {
  /** Tokens of a prompt made now. */
  readonly context: number;
  /** Tokens of the latest answer. */
  readonly generated: number;
  /** Tokens of each passage that retrieval has put into the context. */
  readonly passages: readonly number[];
  /** Leading tokens that later turns of the session begin with too. */
  readonly chained: number;
  /** Leading tokens whose KV an expected or sampled fetch has brought. */
  readonly cached: number;
  /** kv-fetch visit whose blocks the next prefill gets, -1 = none. */
  readonly fetch: number;
  /** Bytes of the question's vector, 0 = not embedded. */
  readonly vector: number;
}

/** A stage laid out: visits that whoever comes next waits for, and what it leaves. */
export interface Laid {
  readonly ends: readonly number[];
  readonly state: State;
}

/** Lays one stage out for one request, behind the visits that it waits for. */
export type Lay = (walker: Walker, before: readonly number[], state: State) => Laid;

/** What all stages share while requests are laid out. */
export interface Build {
  readonly spec: FleetSpec;
  readonly pools: ReadonlyMap<string, BoundPool>;
  readonly writer: VisitWriter;
  readonly groups: Groups;
  /** null where nothing in the fleet looks at hashes. */
  readonly chains: HashChains | null;
  /** Whether anything lies between clients: without it nothing is sent. */
  readonly apart: boolean;
  readonly blame: Blame;
  /** Adds a stage, under this name if no other has it, and returns its index. */
  stage(name: string, role?: 'prefill' | 'decode' | 'think'): number;
  /** Where branches meet in no time. */
  joint(): { readonly group: number; readonly stage: number };
}

export function openState(walker: Walker): State {
  const context = walker.before + walker.question;
  return { context, generated: 0, passages: [], chained: context, cached: 0, fetch: -1, vector: 0 };
}

/** Adds `tokens` that only this request has. */
export function addContext(state: State, tokens: number): State {
  return { ...state, context: state.context + tokens };
}

/** Links every visit that is waited for, each sending its share of the bytes. */
export function linkAll(build: Build, before: readonly number[], visit: number, bytes: number): void {
  const each = build.apart ? bytes / Math.max(1, before.length) : 0;
  for (const from of before) build.writer.link(from, visit, each);
}

export function textBytes(tokens: number): number {
  return TEXT_BYTES_PER_TOKEN * tokens;
}

/** The bound pool that stands for a list of them: the first. Pools of one stage run one model. */
export function firstPool(build: Build, names: readonly string[]): BoundPool {
  const pool = build.pools.get(names[0]);
  if (!pool) throw new Error(`no pool ${names[0]}`);
  return pool;
}

/** An encoder reads no more than it has positions for. */
export function clipPrompt({ model }: BoundPool, tokens: number): number {
  return model?.kind === 'encoder' ? Math.min(tokens, model.max_positions) : tokens;
}

export function kvBytes(pool: BoundPool, tokens: number): number {
  return sequenceKvBytes(pool.kv, tokens);
}

/**
 * Hash blocks of a prompt's visit, where one of its pools caches prefixes, or a store takes or gives blocks. Blocks that the answer
 * fills count too: the next turn's prompt begins with them.
 */
export function hashPrompt(
  build: Build,
  walker: Walker,
  pools: readonly string[],
  visit: number,
  state: State,
  output: number,
): void {
  const cachesPrefixes = pools.some((name) => {
    const pool = build.pools.get(name)?.pool;
    return pool?.kind === 'llm' && pool.prefixCaching;
  });
  if (cachesPrefixes) build.writer.addFlags(visit, VISIT_PREFIX);
  const written = writeBack(build, walker, pools, visit);
  if (cachesPrefixes || written || state.fetch >= 0) build.writer.pushHashes(hashIds(build, walker, state, output));
}

/** Hash blocks of a decode that goes on from a cache, where a store takes them. */
export function hashWritten(
  build: Build,
  walker: Walker,
  pools: readonly string[],
  visit: number,
  state: State,
  output: number,
): void {
  if (writeBack(build, walker, pools, visit)) build.writer.pushHashes(hashIds(build, walker, state, output));
}

/** Whether what a visit on these pools leaves goes to a store. */
function writeBack(build: Build, walker: Walker, pools: readonly string[], visit: number): boolean {
  const pool = build.pools.get(pools[0])?.pool;
  if (pool?.kind !== 'llm' || pool.writeBack === null) return false;
  build.writer.setWrites(visit, build.groups.storeOf(pool.writeBack, walker.cell, walker.key));
  return true;
}

/** Blocks of the context and of all but the last of `output` tokens behind it. */
function hashIds(build: Build, walker: Walker, state: State, output: number): readonly number[] {
  const tokens = state.context + output - 1;
  const chained = state.chained === state.context ? tokens : state.chained;
  return build.chains?.idsOf({ request: walker.index, tokens, chained }) ?? [];
}

/** The stream of random numbers of a stage. */
export function streamOf(build: Build, stage: StageSpec): Stream {
  return openStream(build.spec.workload.seed, STREAM_STAGES + stage.ordinal);
}

/** A visit that takes no time and waits for all of these. */
export function join(build: Build, ends: readonly number[]): number {
  const { stage, group } = build.joint();
  const visit = build.writer.add(stage, group, 1, 1);
  for (const from of ends) build.writer.link(from, visit, 0);
  return visit;
}
