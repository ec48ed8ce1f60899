// What one core does to text: the stages that tokenise, detokenise and look words up differ only in what they read and cost.
import { type Build, type Lay, linkAll, type State, textBytes, type Walker } from './laying.ts';
import type { Listed, Reading, Served, Vocabulary } from './stage.ts';

export interface TextCost {
  readonly fixed: number; // s per request
  readonly perToken: number; // s per token
}

export function textParameters({ on, time }: Vocabulary) {
  return {
    on,
    per_token: time().optional().describe('Per token, on one core; a documented order of magnitude if left out.'),
    fixed: time().optional().describe('Per request; the same.'),
  };
}

export const textExamples = () => [{}, { fixed: '1ms', per_token: '2us' }];

/** A spec may give its own figures. */
export function readText({ on, seconds }: Reading, usual: TextCost): Served & TextCost {
  return { on, fixed: seconds('fixed', usual.fixed), perToken: seconds('per_token', usual.perToken) };
}

export function layText(
  build: Build,
  stage: Listed & Served & TextCost,
  label: string,
  tokensOf: (walker: Walker, state: State) => number,
): Lay {
  const index = build.stage(label + stage.name);
  return (walker, before, state) => {
    const tokens = tokensOf(walker, state);
    const group = build.groups.of(stage.on, walker.cell);
    const visit = build.writer.add(index, group, tokens, 1, stage.fixed + stage.perToken * tokens);
    linkAll(build, before, visit, textBytes(tokens));
    return { ends: [visit], state };
  };
}

/** What was generated last. */
export function answerTokens(_: Walker, { generated }: State): number {
  return Math.max(1, generated);
}
