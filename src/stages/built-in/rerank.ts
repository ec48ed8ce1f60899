// rerank: a cross-encoder reads question and passage together, one visit for each passage; the first `keep` stay.
import { clipPrompt, firstPool, join, linkAll, textBytes } from '../laying.ts';
import { withPassages } from '../passages.ts';
import type { Served, Stage } from '../stage.ts';

export interface Rerank extends Served {
  readonly keep: number;
}

export const rerank = {
  type: 'rerank',
  words: 'A cross-encoder scores every passage beside the question; the best stay.',
  needs: ['llm'],
  asks: 'score',
  behind: 'retrieve',
  parameters: ({ on, size }) => ({ on, keep: size().describe('Passages that stay in the context.') }),
  examples: () => [{ keep: 2 }],
  read({ on, given, path, number, missing }) {
    if (given.keep === undefined) missing([...path, 'keep'], 'how many passages stay');
    return { on, keep: number('keep', 1) };
  },
  lay(build, stage, { label }) {
    const index = build.stage(label + stage.name);
    const pool = firstPool(build, stage.on);
    return (walker, before, state) => {
      const fork = before.length > 1 ? [join(build, before)] : before;
      const group = build.groups.of(stage.on, walker.cell);
      const ends = state.passages.map((tokens) => {
        const prompt = clipPrompt(pool, walker.question + tokens);
        const visit = build.writer.add(index, group, prompt, 1);
        linkAll(build, fork, visit, textBytes(prompt));
        return visit;
      });
      return {
        ends: ends.length > 0 ? ends : before,
        state: withPassages(state, walker, state.passages.slice(0, stage.keep)),
      };
    };
  },
} as const satisfies Stage<Rerank>;
