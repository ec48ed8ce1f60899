// reward: a reward model scores what a request has.
import { layScoring, type Scoring, scoringExamples, scoringParameters } from '../scoring.ts';
import type { Stage } from '../stage.ts';

export const reward = {
  type: 'reward',
  words: 'A reward model scores the whole context.',
  needs: ['llm'],
  asks: 'score',
  parameters: (vocabulary) => scoringParameters(vocabulary, 'context'),
  examples: scoringExamples,
  read: ({ on, given }) => ({ on, of: (given.of as Scoring['of'] | undefined) ?? 'context' }),
  lay: (build, stage, { label }) => layScoring(build, stage, label),
} as const satisfies Stage<Scoring>;
