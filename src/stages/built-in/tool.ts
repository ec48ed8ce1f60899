// tool: a call to the outside. It costs what the spec says.
import type { LatencySpec, LengthSpec } from '../../check/drawn.ts';
import { type Formula, openFormula } from '../../check/expression/formula.ts';
import { ExpressionError } from '../../check/expression/tokens.ts';
import { show, UserError } from '../../check/issue.ts';
import { addContext, linkAll, textBytes } from '../laying.ts';
import type { Listed, Reading, Served, Stage } from '../stage.ts';

export interface Tool extends Served {
  readonly latency: LatencySpec;
  /** What each call takes, as an expression of COST_NAMES, in place of the latency; absent where that stands. */
  readonly cost?: string;
  /** Tokens that its result adds to the context. */
  readonly tokens: LengthSpec | null;
}

const COST = 'a time by an expression of tokens and bytes';
/** Of a call: tokens that it is given, and their bytes as text. */
const COST_NAMES = { tokens: 'number', bytes: 'bytes' } as const;

function readTool({ on, given, path, someLatency, length, refuse }: Reading): Tool {
  const { cost } = given as { readonly cost?: string };
  if (cost === undefined)
    return { on, latency: someLatency('latency', 'how long the call takes'), tokens: length('tokens') };
  if (given.latency !== undefined) refuse([...path, 'latency'], 'no latency beside cost', show(given.latency));
  try {
    openFormula(cost, COST_NAMES, 'time');
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    refuse([...path, 'cost'], error.expected, `${error.received} in ${show(cost)}`);
  }
  return { on, latency: { kind: 'fixed', value: 0 }, cost, tokens: length('tokens') };
}

/** Throws UserError where it is no time. */
function costOf(cost: Formula<typeof COST_NAMES>, tokens: number, { path }: Listed): number {
  const refuse = (received: string): never => {
    const expected = 'a time of at least 0 for every call';
    throw new UserError([{ path: `${path.join('.')}.cost`, expected, received: `${received} of ${tokens} tokens` }]);
  };
  try {
    const seconds = cost({ tokens, bytes: textBytes(tokens) });
    return seconds >= 0 ? seconds : refuse(`${seconds} s`);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return refuse(error.received);
  }
}

export const tool = {
  type: 'tool',
  words: 'A call to the outside with a latency of its own; its result joins the context.',
  needs: ['cores'],
  parameters: ({ on, latency, tokens, name }) => ({
    on,
    latency: latency.optional().describe('How long the call takes.'),
    cost: name(COST)
      .optional()
      .describe(
        'In place of a latency: a time worked out for each call, of `tokens` (what it is given) and `bytes` (the same as text), such as `2ms + 3us * tokens` or `interpolate(tokens, 0, 1ms, 4096, 20ms)`.',
      ),
    tokens: tokens.optional().describe('Tokens that its result adds to the context.'),
  }),
  examples: () => [
    { latency: '5ms' },
    { cost: 'interpolate(tokens, 0, 1ms, 400, 9ms) + bytes / 1MB/s' },
    { latency: { exponential: { mean: '20ms' } }, tokens: 15 },
  ],
  read: readTool,
  lay(build, stage, { label }) {
    const index = build.stage(label + stage.name);
    const draws = build.draws(stage);
    const nextSeconds = draws.latencies(stage.latency);
    const cost = stage.cost === undefined ? null : openFormula(stage.cost, COST_NAMES, 'time');
    const nextTokens = stage.tokens ? draws.lengths(stage.tokens) : () => 0;
    return (walker, before, state) => {
      const group = build.groups.of(stage.on, walker.cell);
      const prompt = Math.max(1, state.generated || walker.question);
      const visit = build.writer.add(index, group, prompt, 1, cost ? costOf(cost, prompt, stage) : nextSeconds());
      linkAll(build, before, visit, textBytes(prompt));
      return { ends: [visit], state: addContext(state, nextTokens()) };
    };
  },
} as const satisfies Stage<Tool>;
