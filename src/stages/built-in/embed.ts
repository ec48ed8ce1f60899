// embed: the question to a vector. What the forward pass costs says the step surface of the encoder.
import type { LengthSpec } from '../../check/drawn.ts';
import { clipPrompt, firstPool, linkAll, textBytes } from '../laying.ts';
import type { Served, Stage } from '../stage.ts';

export interface Embed extends Served {
  /** null = those of the question. */
  readonly tokens: LengthSpec | null;
}

/** Vectors travel in 32 bits. */
const VECTOR_BYTES_PER_DIMENSION = 4;

export const embed = {
  type: 'embed',
  words: 'The question to a vector: one forward pass of an encoder.',
  needs: ['llm'],
  asks: 'embed',
  parameters: ({ on, tokens }) => ({
    on,
    tokens: tokens.optional().describe("Tokens that are embedded; the question's if left out."),
  }),
  examples: () => [{}, { tokens: { uniform: [10, 40] } }],
  read: ({ on, length }) => ({ on, tokens: length('tokens') }),
  lay(build, stage, { label }) {
    const index = build.stage(label + stage.name);
    const pool = firstPool(build, stage.on);
    const nextTokens = stage.tokens ? build.draws(stage).lengths(stage.tokens) : null;
    return (walker, before, state) => {
      const prompt = clipPrompt(pool, nextTokens ? nextTokens() : walker.question);
      const visit = build.writer.add(index, build.groups.of(stage.on, walker.cell), prompt, 1);
      linkAll(build, before, visit, textBytes(prompt));
      return { ends: [visit], state: { ...state, vector: VECTOR_BYTES_PER_DIMENSION * (pool.model?.hidden ?? 1) } };
    };
  },
} as const satisfies Stage<Embed>;
