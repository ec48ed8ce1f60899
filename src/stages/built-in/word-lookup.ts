// word-lookup: every generated word in a list of words.
import type { Served, Stage } from '../stage.ts';
import { answerTokens, layText, readText, type TextCost, textExamples, textParameters } from '../text-work.ts';

/** One hash look-up per word. An order of magnitude. */
const COST: TextCost = { fixed: 10e-6, perToken: 0.2e-6 };

export const wordLookup = {
  type: 'word-lookup',
  words: 'Every generated word in a list of words.',
  needs: ['cores'],
  parameters: textParameters,
  examples: textExamples,
  read: (reading) => readText(reading, COST),
  lay: (build, stage, { label }) => layText(build, stage, label, answerTokens),
} as const satisfies Stage<Served & TextCost>;
