// Stages that read text: tokenise, detokenise, word list, tool on cores; reward and safety models on engines.
import type { StageOf } from '../../spec/fleet/types.ts';
import { textSeconds } from '../../stages/text-work.ts';
import { openLatencies, openLengths } from '../../workload/draws.ts';
import {
  addContext,
  type Build,
  clipPrompt,
  firstPool,
  type Lay,
  linkAll,
  type State,
  streamOf,
  textBytes,
  type Walker,
} from './state.ts';

/** Tokenising reads the question, the others what was generated last. */
export function layText(build: Build, stage: StageOf<'tokenize' | 'detokenize' | 'word-lookup'>, name: string): Lay {
  const index = build.stage(name);
  return (walker, before, state) => {
    const tokens = stage.type === 'tokenize' ? walker.question : Math.max(1, state.generated);
    const seconds = textSeconds(stage, tokens);
    const group = build.groups.of(stage.on, walker.cell);
    const visit = build.writer.add({ stage: index, group, prompt: tokens, output: 1, seconds });
    linkAll(build, before, visit, textBytes(tokens));
    return { ends: [visit], state };
  };
}

export function layTool(build: Build, stage: StageOf<'tool'>, name: string): Lay {
  const index = build.stage(name);
  const stream = streamOf(build, stage);
  const nextSeconds = openLatencies(stage.latency, stream);
  const nextTokens = stage.tokens ? openLengths(stage.tokens, stream) : () => 0;
  return (walker, before, state) => {
    const group = build.groups.of(stage.on, walker.cell);
    const prompt = Math.max(1, state.generated || walker.question);
    const visit = build.writer.add({ stage: index, group, prompt, output: 1, seconds: nextSeconds() });
    linkAll(build, before, visit, textBytes(prompt));
    return { ends: [visit], state: addContext(state, nextTokens()) };
  };
}

/** One forward pass over what is judged. */
export function layScore(build: Build, stage: StageOf<'reward' | 'safety'>, name: string): Lay {
  const index = build.stage(name);
  const pool = firstPool(build, stage.on);
  return (walker, before, state) => {
    const prompt = clipPrompt(pool, scoredTokens(stage.of, walker, state));
    const group = build.groups.of(stage.on, walker.cell);
    const visit = build.writer.add({ stage: index, group, prompt, output: 1 });
    linkAll(build, before, visit, textBytes(prompt));
    return { ends: [visit], state };
  };
}

function scoredTokens(of: StageOf<'reward' | 'safety'>['of'], { question }: Walker, state: State): number {
  const answer = Math.max(1, state.generated);
  return { prompt: question, answer, both: question + answer, context: state.context }[of];
}
