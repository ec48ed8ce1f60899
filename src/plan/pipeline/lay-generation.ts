// Prefill, thinking and decode: one visit where one engine does both, two with a transfer where it does not, branches for thoughts.
import type { StageOf, StageSpec } from '../../spec/fleet/types.ts';
import { thinkingTokens } from '../../stages/reason.ts';
import { openLengths } from '../../workload/draws.ts';
import { nextUniform } from '../../workload/streams.ts';
import { VISIT_HOLD, VISIT_RESIDENT } from '../fleet.ts';
import {
  type Build,
  clipPrompt,
  firstPool,
  hashPrompt,
  hashWritten,
  join,
  kvBytes,
  type Laid,
  type Lay,
  linkAll,
  type State,
  streamOf,
  textBytes,
  type Walker,
} from './state.ts';

/** A prefill with the reason and decode stages behind it, compiled. */
interface Generation {
  readonly build: Build;
  readonly prefill: StageOf<'prefill'>;
  readonly reason: StageOf<'reason'> | null;
  readonly decode: StageOf<'decode'> | null;
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

export function layGeneration(build: Build, run: readonly StageSpec[], label: string): Lay {
  const generation = compile(build, run, label);
  const { reason } = generation;
  return (walker, before, state) => {
    const answer = generation.decode ? (generation.nextAnswer?.() ?? walker.answer) : 1;
    if (reason) return layThinking(generation, reason, answer, walker, before, state);
    const short = state.context < generation.prefill.bypassBelow;
    if (generation.together || short || answer === 1) return layWhole(generation, answer, walker, before, state);
    return layApart(generation, answer, walker, before, state);
  };
}

function compile(build: Build, run: readonly StageSpec[], label: string): Generation {
  const prefill = run[0] as StageOf<'prefill'>;
  const reason = run.find((stage): stage is StageOf<'reason'> => stage.type === 'reason') ?? null;
  const decode = run.find((stage): stage is StageOf<'decode'> => stage.type === 'decode') ?? null;
  const on = reason?.on ?? decode?.on ?? prefill.on;
  const together = on.join() === prefill.on.join();
  const pool = firstPool(build, prefill.on);
  const layerWise = pool.pool.kind === 'llm' && pool.pool.transfer === 'layer-wise';
  // one visit does both: its queue and service are those of the two together
  const merged = together && decode !== null && reason === null;
  const choices = reason ? streamOf(build, reason) : null;
  return {
    build,
    prefill,
    reason,
    decode,
    stages: {
      prefill: build.stage(label + (merged ? `${prefill.name}+${decode.name}` : prefill.name), 'prefill'),
      reason: reason ? build.stage(label + reason.name, 'think') : -1,
      decode: decode && !merged ? build.stage(label + decode.name, 'decode') : -1,
      reward: reason?.reward ? build.stage(`${label}${reason.name} reward`) : -1,
    },
    on,
    together,
    layers: layerWise ? pool.layers : 0,
    nextAnswer: decode?.output ? openLengths(decode.output, streamOf(build, decode)) : null,
    nextThought: reason?.output && choices ? openLengths(reason.output, choices) : null,
    nextChoice: (paths) => (choices && paths > 1 ? Math.floor(nextUniform(choices) * paths) : 0),
  };
}

/** The visit of the prompt on these pools: hash blocks, what was fetched, where its KV is written. */
function addPrompt(
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

/** One engine prefills and decodes in one visit: where the pools are the same, or the prompt too short to hand on. */
function layWhole(
  generation: Generation,
  answer: number,
  walker: Walker,
  before: readonly number[],
  state: State,
): Laid {
  const { prefill, together } = generation;
  const pools = together || (answer === 1 && state.context >= prefill.bypassBelow) ? prefill.on : generation.on;
  const visit = addPrompt(generation, pools, answer, walker, before, state);
  return { ends: [visit], state: afterAnswer(generation, state, answer) };
}

/** Prefill here, decode there: the prompt's KV cache goes over. */
function layApart(
  generation: Generation,
  answer: number,
  walker: Walker,
  before: readonly number[],
  state: State,
): Laid {
  const { build, stages, on } = generation;
  const { writer } = build;
  const visit = layPrompt(generation, walker, before, state);
  const { group, local } = build.groups.after(on, walker.cell);
  const decode = writer.add(stages.decode, group, state.context + 1, answer - 1);
  writer.addFlags(decode, VISIT_RESIDENT);
  if (local) writer.stayWith(decode, visit);
  if (build.chains) hashWritten(build, walker, on, decode, state, answer);
  handOn(generation, visit, decode, state);
  return { ends: [decode], state: afterAnswer(generation, state, answer) };
}

/** A visit that yields the first token and leaves the prompt's KV to others. */
function layPrompt(generation: Generation, walker: Walker, before: readonly number[], state: State): number {
  const { build, prefill, together } = generation;
  const visit = addPrompt(generation, prefill.on, 1, walker, before, state);
  if (together || sends(generation, state)) build.writer.addFlags(visit, VISIT_HOLD);
  return visit;
}

function sends({ build, prefill }: Generation, state: State): boolean {
  return build.apart && kvBytes(firstPool(build, prefill.on), state.context) > 0;
}

function handOn(generation: Generation, from: number, to: number, state: State): void {
  const { build, prefill, layers } = generation;
  const bytes = sends(generation, state) ? kvBytes(firstPool(build, prefill.on), state.context) : 0;
  build.writer.link(from, to, bytes, bytes > 0 ? layers : 0);
}

/** The answer joins the context; thoughts do not. */
function afterAnswer({ decode }: Generation, state: State, answer: number): State {
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
  };
}

/** The visit whose cache the branches share, and how many tokens it holds; `made` are tokens generated so far. */
interface Anchor {
  readonly visit: number;
  readonly tokens: number;
  readonly made: number;
}

/**
 * Where the prompt was prefilled on the engine that thinks, its own visit; else a visit there that takes the cache over and decodes
 * one token. It holds the cache until the last branch and the answer have ended.
 */
function layAnchor(generation: Generation, walker: Walker, before: readonly number[], state: State): Anchor {
  const { build, stages } = generation;
  const visit = layPrompt(generation, walker, before, state);
  if (generation.together) return { visit, tokens: state.context, made: 1 };
  const { group, local } = build.groups.after(generation.on, walker.cell);
  const taken = build.writer.add(stages.reason, group, state.context + 1, 1);
  build.writer.addFlags(taken, VISIT_RESIDENT | VISIT_HOLD);
  if (local) build.writer.stayWith(taken, visit);
  handOn(generation, visit, taken, state);
  return { visit: taken, tokens: state.context + 1, made: 2 };
}

/**
 * Rounds of paths. Every path shares the prompt's cache and owns the rest, thoughts of earlier rounds included (the paper's worst
 * case); a round goes on from one path, which the reward model chooses. The answer goes on from there.
 */
function layThinking(
  generation: Generation,
  reason: StageOf<'reason'>,
  answer: number,
  walker: Walker,
  before: readonly number[],
  state: State,
): Laid {
  const { build, stages, nextChoice } = generation;
  const anchor = layAnchor(generation, walker, before, state);
  let ends: readonly number[] = [anchor.visit];
  let thought = 0;
  for (let round = 0; round < reason.rounds; round++) {
    const made = round === 0 ? anchor.made : 0;
    const fork = ends.length > 1 ? [join(build, ends)] : ends;
    const paths = Array.from({ length: reason.paths }, () => {
      const tokens = thinkingTokens(generation.nextThought?.() ?? null, reason.scale, answer, reason.rounds);
      const output = Math.max(1, tokens - made);
      return { visit: layBranch(generation, anchor, thought, output, stages.reason, walker, fork), output };
    });
    ends = paths.map(({ visit }) => visit);
    const scored = reason.reward
      ? paths.map(({ visit, output }) =>
          layReward(generation, reason.reward ?? [], visit, state.context + thought + output, walker),
        )
      : null;
    if (scored) ends = scored;
    thought += paths[scored ? nextChoice(reason.paths) : 0].output;
  }
  if (generation.decode) {
    const fork = ends.length > 1 ? [join(build, ends)] : ends;
    ends = [layBranch(generation, anchor, thought, answer, stages.decode, walker, fork)];
  }
  const next = afterAnswer(generation, state, answer);
  // thoughts of this turn lie between question and answer in the cache: nothing behind them is as in later turns
  return {
    ends,
    state: { ...next, chained: Math.min(next.chained, state.chained), generated: generation.decode ? answer : thought },
  };
}

/** A branch goes on from the shared cache and `thought` tokens of its own. */
function layBranch(
  { build, on, together }: Generation,
  anchor: Anchor,
  thought: number,
  output: number,
  stage: number,
  walker: Walker,
  before: readonly number[],
): number {
  const { writer } = build;
  // the group of its anchor, whose client it shares
  const group = together ? build.groups.of(on, walker.cell) : build.groups.after(on, walker.cell).group;
  const visit = writer.add(stage, group, anchor.tokens + thought + 1, output);
  writer.addFlags(visit, VISIT_RESIDENT);
  writer.shareWith(visit, anchor.visit, anchor.tokens);
  for (const from of before) writer.link(from, visit, 0);
  return visit;
}

function layReward(
  { build, stages }: Generation,
  pools: readonly string[],
  path: number,
  tokens: number,
  walker: Walker,
): number {
  const prompt = clipPrompt(firstPool(build, pools), tokens);
  const visit = build.writer.add(stages.reward, build.groups.of(pools, walker.cell), prompt, 1);
  linkAll(build, [path], visit, textBytes(prompt));
  return visit;
}
