// reason: thinking before the answer, in paths and rounds; laid out with the prefill before it (thinking.ts).
import type { Reason } from '../generation.ts';
import type { Reading, Stage } from '../stage.ts';
import { thinkingScale } from '../thinking.ts';

export const reason = {
  type: 'reason',
  words: 'Thinking before the answer: paths that share the prompt, in rounds with a reward model.',
  needs: ['llm'],
  asks: 'generate',
  role: 'decode',
  continues: ['prefill'],
  keepsCache: 'the pool that reasoned, which holds the KV cache',
  parameters: ({ on, size, tokens, positive, pools }) => ({
    on,
    paths: size().optional().describe('Branches that share the prompt; 1 if left out.'),
    rounds: size().optional().describe('Rounds of thinking; 1 if left out.'),
    output: tokens.optional().describe('Thinking tokens of a path in a round.'),
    scale: positive().optional().describe('Thinking tokens as a multiple of the answer: 16, or 8 with several paths.'),
    reward: pools().optional().describe('Reward model that scores every path after each round.'),
  }),
  examples: ({ pool }) => [
    { scale: 2 },
    { paths: 2, scale: 3 },
    { paths: 3, rounds: 2, output: { uniform: [1, 40] }, reward: pool('llm') },
  ],
  read: readReason,
  alsoOn: ({ reward }) => reward ?? [],
  explain: ({ name, paths, rounds }) => (paths > 1 || rounds > 1 ? `${name} (${paths} paths, ${rounds} rounds)` : name),
} as const satisfies Stage<Reason>;

function readReason({ given, on, path, number, length, poolsUnder, refuse }: Reading): Reason {
  const paths = number('paths', 1);
  if (given.output !== undefined && given.scale !== undefined) {
    refuse([...path, 'scale'], 'output or scale, not both', 'both');
  }
  const reward = given.reward === undefined ? null : poolsUnder('reward', 'reward');
  const scale = number('scale', thinkingScale(paths));
  return { on, paths, rounds: number('rounds', 1), output: length('output'), scale, reward };
}
