// decode: the answer from the KV cache that prefill or reason has left; laid out with it.
import type { Decode } from '../generation.ts';
import type { Stage } from '../stage.ts';

export const decode = {
  type: 'decode',
  words: 'The answer, token by token.',
  needs: ['llm'],
  asks: 'generate',
  role: 'decode',
  continues: ['prefill', 'reason'],
  parameters: ({ on, tokens }) => ({
    on,
    output: tokens.optional().describe("Tokens of the answer; the workload's if left out."),
  }),
  examples: () => [{}, { output: { uniform: [1, 20] } }],
  read: ({ on, length }) => ({ on, output: length('output') }),
} as const satisfies Stage<Decode>;
