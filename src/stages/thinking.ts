// Thoughts: branches that share the prompt's KV cache and own the rest, in rounds that a reward model may score.
import { FLAG_HOLD, FLAG_RESIDENT } from '../../assembly/layout/enums.ts';
import { afterAnswer, type Generation, handOn, layPrompt, type Reason } from './generation.ts';
import { clipPrompt, firstPool, join, type Laid, linkAll, type State, textBytes, type Walker } from './laying.ts';

/** Single path: 8 to 32 times the answer; several paths: 4 to 16 times. The middle of each, where a spec gives neither. */
export function thinkingScale(paths: number): number {
  return paths === 1 ? 16 : 8;
}

/** Thinking tokens of one path in one round: what was drawn, or a multiple of the answer spread over the rounds; at least 1. */
export function thinkingTokens(drawn: number | null, scale: number, answer: number, rounds: number): number {
  return Math.max(1, Math.round(drawn ?? (scale * answer) / rounds));
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
  build.writer.addFlags(taken, FLAG_RESIDENT | FLAG_HOLD);
  if (local) build.writer.stayWith(taken, visit);
  handOn(generation, visit, taken, state);
  return { visit: taken, tokens: state.context + 1, made: 2 };
}

/**
 * Rounds of paths. Every path shares the prompt's cache and owns the rest, thoughts of earlier rounds included (the paper's worst
 * case); a round goes on from one path, which the reward model chooses. The answer goes on from there.
 */
export function layThinking(
  generation: Generation,
  reason: Reason,
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
    thought += paths[scored ? nextChoice(reason.paths) : 0]!.output;
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
  writer.addFlags(visit, FLAG_RESIDENT);
  writer.ask(visit, build.asked(output));
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
