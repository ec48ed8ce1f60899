// retrieve: vector search. What a batch of queries costs says the index of the pool (retrieve-ivf-pq.ts, retrieve-hnsw.ts).
import type { LengthSpec } from '../../check/drawn.ts';
import { linkAll, textBytes } from '../laying.ts';
import { withPassages } from '../passages.ts';
import type { Served, Stage } from '../stage.ts';

export interface Retrieve extends Served {
  readonly passages: number;
  readonly passageTokens: LengthSpec;
}

const PASSAGE: LengthSpec = { kind: 'fixed', value: 256 };

export const retrieve = {
  type: 'retrieve',
  words: 'Vector search; adds passages to the context.',
  needs: ['retrieval'],
  parameters: ({ on, size, tokens }) => ({
    on,
    passages: size().optional().describe('Passages found; 10 if left out.'),
    passage_tokens: tokens.optional().describe('Tokens of a passage; 256 if left out.'),
  }),
  examples: () => [{}, { passages: 3, passage_tokens: { uniform: [20, 60] } }],
  read: ({ on, number, length }) => ({
    on,
    passages: number('passages', 10),
    passageTokens: length('passage_tokens') ?? PASSAGE,
  }),
  /** A query is one token for one step of the index; passages join the context in front of the question. */
  lay(build, stage, { label }) {
    const index = build.stage(label + stage.name);
    const nextTokens = build.draws(stage).lengths(stage.passageTokens);
    return (walker, before, state) => {
      const visit = build.writer.add(index, build.groups.of(stage.on, walker.cell), 1, 1);
      linkAll(build, before, visit, state.vector || textBytes(walker.question));
      const passages = Array.from({ length: stage.passages }, nextTokens);
      return { ends: [visit], state: withPassages(state, walker, passages) };
    };
  },
} as const satisfies Stage<Retrieve>;
