// tokenize: prompt text to tokens.
import type { Served, Stage } from '../stage.ts';
import { layText, readText, type TextCost, textExamples, textParameters } from '../text-work.ts';

/**
 * Byte-pair encoding runs at a few MB/s and core (tiktoken's README measures about 6 MB/s for itself on one thread and 3 to 6 times
 * less for the Hugging Face tokeniser), which at 4 bytes a token is about a million tokens a second. An order of magnitude.
 */
const COST: TextCost = { fixed: 50e-6, perToken: 1e-6 };

export const tokenize = {
  type: 'tokenize',
  words: 'Prompt text to tokens, on one core.',
  needs: ['cores'],
  parameters: textParameters,
  examples: textExamples,
  read: (reading) => readText(reading, COST),
  lay: (build, stage, { label }) => layText(build, stage, label, ({ question }) => question),
} as const satisfies Stage<Served & TextCost>;
