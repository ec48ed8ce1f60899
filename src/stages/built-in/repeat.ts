// repeat: a list of stages several times over.
import { explainLength, type LengthSpec } from '../../check/drawn.ts';
import type { Laid } from '../laying.ts';
import type { Nested, Stage } from '../stage.ts';

export interface Repeat {
  readonly times: LengthSpec;
  readonly stages: Nested;
}

export const repeat = {
  type: 'repeat',
  words: 'A list of stages several times over.',
  needs: [],
  parameters: ({ tokens, stages }) => ({
    times: tokens.describe('How often: a number, or a distribution.'),
    stages,
  }),
  examples: ({ list }) => [{ times: { uniform: [1, 2] }, stages: list() }],
  read({ given, path, someLength, missing, list }) {
    const times = someLength('times', 'how often');
    if (given.stages === undefined) missing([...path, 'stages'], 'a list of stages');
    return { times, stages: list(given.stages, [...path, 'stages']) };
  },
  lists: ({ stages }) => [stages],
  explain: ({ times, stages }, tell) => `${explainLength(times)} x (${tell(stages)})`,
  lay(build, stage, { label, behind }) {
    const nextTimes = build.draws(stage).lengths(stage.times);
    const lay = build.list(stage.stages, label, [...stage.stages, ...behind]);
    return (walker, before, state) => {
      const times = nextTimes();
      let laid: Laid = { ends: before, state };
      for (let i = 0; i < times; i++) laid = lay(walker, laid.ends, laid.state);
      return laid;
    };
  },
} as const satisfies Stage<Repeat>;
