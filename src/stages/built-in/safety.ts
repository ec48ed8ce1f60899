// safety: a small model checks prompt or answer.
import { layScoring, type Scoring, scoringExamples, scoringParameters } from '../scoring.ts';
import type { Stage } from '../stage.ts';

export const safety = {
  type: 'safety',
  words: 'A small model checks prompt or answer.',
  needs: ['llm'],
  asks: 'score',
  parameters: (vocabulary) => scoringParameters(vocabulary, 'answer'),
  examples: scoringExamples,
  read: ({ on, given }) => ({ on, of: (given.of as Scoring['of'] | undefined) ?? 'answer' }),
  lay: (build, stage, { label }) => layScoring(build, stage, label),
} as const satisfies Stage<Scoring>;
