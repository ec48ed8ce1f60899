// detokenize: generated tokens to text.
import type { Served, Stage } from '../stage.ts';
import { answerTokens, layText, readText, type TextCost, textExamples, textParameters } from '../text-work.ts';

/** A table look-up and a copy, mostly per-token overhead of the streaming path. An order of magnitude. */
const COST: TextCost = { fixed: 20e-6, perToken: 1e-6 };

export const detokenize = {
  type: 'detokenize',
  words: 'Generated tokens to text, on one core.',
  needs: ['cores'],
  parameters: textParameters,
  examples: textExamples,
  read: (reading) => readText(reading, COST),
  lay: (build, stage, { label }) => layText(build, stage, label, answerTokens),
} as const satisfies Stage<Served & TextCost>;
