// tool: a call to the outside. It costs what the spec says.
import type { LatencySpec, LengthSpec } from '../../check/drawn.ts';
import { addContext, linkAll, textBytes } from '../laying.ts';
import type { Served, Stage } from '../stage.ts';

export interface Tool extends Served {
  readonly latency: LatencySpec;
  /** Tokens that its result adds to the context. */
  readonly tokens: LengthSpec | null;
}

export const tool = {
  type: 'tool',
  words: 'A call to the outside with a latency of its own; its result joins the context.',
  needs: ['cores'],
  parameters: ({ on, latency, tokens }) => ({
    on,
    latency: latency.describe('How long the call takes.'),
    tokens: tokens.optional().describe('Tokens that its result adds to the context.'),
  }),
  examples: () => [{ latency: '5ms' }, { latency: { exponential: { mean: '20ms' } }, tokens: 15 }],
  read: ({ on, someLatency, length }) => ({
    on,
    latency: someLatency('latency', 'how long the call takes'),
    tokens: length('tokens'),
  }),
  lay(build, stage, { label }) {
    const index = build.stage(label + stage.name);
    const draws = build.draws(stage);
    const nextSeconds = draws.latencies(stage.latency);
    const nextTokens = stage.tokens ? draws.lengths(stage.tokens) : () => 0;
    return (walker, before, state) => {
      const group = build.groups.of(stage.on, walker.cell);
      const prompt = Math.max(1, state.generated || walker.question);
      const visit = build.writer.add(index, group, prompt, 1, nextSeconds());
      linkAll(build, before, visit, textBytes(prompt));
      return { ends: [visit], state: addContext(state, nextTokens()) };
    };
  },
} as const satisfies Stage<Tool>;
