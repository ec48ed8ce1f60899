// One forward pass over what is judged: how reward and safety models read a request.
import { type Build, clipPrompt, firstPool, type Lay, linkAll, type State, textBytes, type Walker } from './laying.ts';
import type { Listed, Served, Vocabulary } from './stage.ts';

const SCORED = ['prompt', 'answer', 'both', 'context'] as const;
export type Scored = (typeof SCORED)[number];

export interface Scoring extends Served {
  readonly of: Scored;
}

export function scoringParameters({ on, word }: Vocabulary, usual: Scored) {
  return { on, of: word(SCORED).optional().describe(`What it reads; ${usual} if left out.`) };
}

export const scoringExamples = () => [{}, ...SCORED.map((of) => ({ of }))];

export function layScoring(build: Build, stage: Listed & Scoring, label: string): Lay {
  const index = build.stage(label + stage.name);
  const pool = firstPool(build, stage.on);
  return (walker, before, state) => {
    const prompt = clipPrompt(pool, scoredTokens(stage.of, walker, state));
    const group = build.groups.of(stage.on, walker.cell);
    const visit = build.writer.add(index, group, prompt, 1);
    linkAll(build, before, visit, textBytes(prompt));
    return { ends: [visit], state };
  };
}

function scoredTokens(of: Scored, { question }: Walker, state: State): number {
  const answer = Math.max(1, state.generated);
  return { prompt: question, answer, both: question + answer, context: state.context }[of];
}
