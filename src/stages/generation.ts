// A generation: a prompt and what is generated from its KV cache. What its stages have in common, and how a prompt becomes a visit.
import { FLAG_HOLD, FLAG_PREFIX } from '../../assembly/layout/enums.ts';
import type { LengthSpec } from '../check/drawn.ts';
import { type Build, clipPrompt, firstPool, kvBytes, linkAll, type State, textBytes, type Walker } from './laying.ts';
import type { Listed, Served } from './stage.ts';

export interface Prefill extends Served {
  /** Shorter prompts are prefilled where they decode; 0 = none. */
  readonly bypassBelow: number;
}

export interface Decode extends Served {
  /** null = the workload's. */
  readonly output: LengthSpec | null;
}

export interface Reason extends Served {
  readonly paths: number;
  readonly rounds: number;
  /** Thinking tokens of one path and round, or as a multiple of the answer. */
  readonly output: LengthSpec | null;
  readonly scale: number;
  /** Reward model that scores every path at the end of a round. */
  readonly reward: readonly string[] | null;
}

/** A prefill with the reason and decode stages behind it, compiled. */
export interface Generation {
  readonly build: Build;
  readonly prefill: Listed & Prefill;
  readonly reason: (Listed & Reason) | null;
  readonly decode: (Listed & Decode) | null;
  /** Stages in the program; -1 where there is none. */
  readonly stages: {
    readonly prefill: number;
    readonly reason: number;
    readonly decode: number;
    readonly reward: number;
  };
  /** Pools on which tokens are generated. */
  readonly on: readonly string[];
  /** Whether that is where the prompt was prefilled. */
  readonly together: boolean;
  /** Layers of a layer-wise transfer, 0 = whole. */
  readonly layers: number;
  readonly nextAnswer: (() => number) | null;
  readonly nextThought: (() => number) | null;
  readonly nextChoice: (paths: number) => number;
}

/** The visit of the prompt on these pools: hash blocks, what was fetched, where its KV is written. */
export function addPrompt(
  generation: Generation,
  pools: readonly string[],
  output: number,
  walker: Walker,
  before: readonly number[],
  state: State,
): number {
  const { build, stages } = generation;
  const { writer } = build;
  const prompt = clipPrompt(firstPool(build, pools), state.context);
  const visit = writer.add(stages.prefill, build.groups.of(pools, walker.cell), prompt, output);
  if (build.chains) hashPrompt(build, walker, pools, visit, state, output);
  if (state.cached > 0) writer.setFetched(visit, state.cached);
  linkAll(build, before, visit, textBytes(state.context));
  if (state.fetch >= 0) writer.setFetches(state.fetch, visit);
  return visit;
}

/** A visit that yields the first token and leaves the prompt's KV to others. */
export function layPrompt(generation: Generation, walker: Walker, before: readonly number[], state: State): number {
  const { build, prefill, together } = generation;
  const visit = addPrompt(generation, prefill.on, 1, walker, before, state);
  if (together || sends(generation, state)) build.writer.addFlags(visit, FLAG_HOLD);
  return visit;
}

function sends({ build, prefill }: Generation, state: State): boolean {
  return build.apart && kvBytes(firstPool(build, prefill.on), state.context) > 0;
}

/** The prompt's KV cache goes over. */
export function handOn(generation: Generation, from: number, to: number, state: State): void {
  const { build, prefill, layers } = generation;
  const bytes = sends(generation, state) ? kvBytes(firstPool(build, prefill.on), state.context) : 0;
  build.writer.link(from, to, bytes, bytes > 0 ? layers : 0);
}

/** The answer joins the context; thoughts do not. */
export function afterAnswer({ decode }: Generation, state: State, answer: number): State {
  const tokens = decode ? answer : 0;
  const pure = state.chained === state.context;
  const context = state.context + tokens;
  return {
    context,
    generated: tokens || state.generated,
    passages: state.passages,
    chained: pure ? context : state.chained,
    cached: 0,
    fetch: -1,
    vector: state.vector,
    answers: state.answers,
  };
}

/**
 * Hash blocks of a prompt's visit, where one of its pools caches prefixes, or a store takes or gives blocks. Blocks that the answer
 * fills count too: the next turn's prompt begins with them.
 */
function hashPrompt(
  build: Build,
  walker: Walker,
  pools: readonly string[],
  visit: number,
  state: State,
  output: number,
): void {
  const caches = build.chains !== null && pools.some((name) => build.pools.get(name)?.client.prefixCaching === true);
  if (caches) build.writer.addFlags(visit, FLAG_PREFIX);
  const written = writeBack(build, walker, pools, visit);
  if (caches || written || state.fetch >= 0) build.writer.pushHashes(hashIds(build, walker, state, output));
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
function writeBack(build: Build, walker: Walker, [first = '']: readonly string[], visit: number): boolean {
  const store = build.pools.get(first)?.pool.writeBack ?? null;
  if (store === null) return false;
  build.writer.setWrites(visit, build.groups.storeOf(store, walker.cell, walker.key));
  return true;
}

/** Blocks of the context and of all but the last of `output` tokens behind it. */
function hashIds(build: Build, walker: Walker, state: State, output: number): readonly number[] {
  const tokens = state.context + output - 1;
  const chained = state.chained === state.context ? tokens : state.chained;
  return build.chains?.idsOf({ request: walker.index, tokens, chained }) ?? [];
}
