// Stages that find passages: embed the question, search, rerank what was found.
import type { StageOf } from '../../spec/fleet/types.ts';
import { openLengths } from '../../workload/draws.ts';
import {
  type Build,
  clipPrompt,
  firstPool,
  join,
  type Lay,
  linkAll,
  type State,
  streamOf,
  textBytes,
  type Walker,
} from './state.ts';

/** Vectors travel in 32 bits. */
const VECTOR_BYTES_PER_DIMENSION = 4;

export function layEmbed(build: Build, stage: StageOf<'embed'>, name: string): Lay {
  const index = build.stage(name);
  const pool = firstPool(build, stage.on);
  const nextTokens = stage.tokens ? openLengths(stage.tokens, streamOf(build, stage)) : null;
  return (walker, before, state) => {
    const prompt = clipPrompt(pool, nextTokens ? nextTokens() : walker.question);
    const visit = build.writer.add({ stage: index, group: build.groups.of(stage.on, walker.cell), prompt, output: 1 });
    linkAll(build, before, visit, textBytes(prompt));
    return { ends: [visit], state: { ...state, vector: VECTOR_BYTES_PER_DIMENSION * (pool.model?.hidden ?? 1) } };
  };
}

/** A query is one token for one step of the index; passages join the context in front of the question. */
export function layRetrieve(build: Build, stage: StageOf<'retrieve'>, name: string): Lay {
  const index = build.stage(name);
  const nextTokens = openLengths(stage.passageTokens, streamOf(build, stage));
  return (walker, before, state) => {
    const visit = build.writer.add({
      stage: index,
      group: build.groups.of(stage.on, walker.cell),
      prompt: 1,
      output: 1,
    });
    linkAll(build, before, visit, state.vector || textBytes(walker.question));
    const passages = Array.from({ length: stage.passages }, nextTokens);
    return { ends: [visit], state: withPassages(state, walker, passages) };
  };
}

/** The passages of the context are these now. Behind shared text and history, nothing is as in later turns. */
function withPassages(state: State, walker: Walker, passages: readonly number[]): State {
  const change = sum(passages) - sum(state.passages);
  return { ...state, passages, context: state.context + change, chained: Math.min(state.chained, walker.before) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A cross-encoder reads question and passage together, one visit for each passage; the first `keep` stay. */
export function layRerank(build: Build, stage: StageOf<'rerank'>, name: string): Lay {
  const index = build.stage(name);
  const pool = firstPool(build, stage.on);
  return (walker, before, state) => {
    const fork = before.length > 1 ? [join(build, before)] : before;
    const group = build.groups.of(stage.on, walker.cell);
    const ends = state.passages.map((tokens) => {
      const prompt = clipPrompt(pool, walker.question + tokens);
      const visit = build.writer.add({ stage: index, group, prompt, output: 1 });
      linkAll(build, fork, visit, textBytes(prompt));
      return visit;
    });
    return {
      ends: ends.length > 0 ? ends : before,
      state: withPassages(state, walker, state.passages.slice(0, stage.keep)),
    };
  };
}
