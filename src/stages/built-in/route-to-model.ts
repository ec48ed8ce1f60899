// route-to-model: one of several lists of stages, drawn by its share. Where a model has answered before, the one that is asked then
// (a cascade) gives the answer that counts.
import { type Build, type Laid, newAnswers, type State } from '../laying.ts';
import type { Nested, Part, Reading, Stage } from '../stage.ts';

export interface Route {
  readonly choices: readonly { readonly share: number; readonly stages: Nested }[];
}

const CHOICES = 'a list of {share, stages}';

export const routeToModel = {
  type: 'route-to-model',
  words: 'One of several lists of stages, by its share; what is left of 100 % skips.',
  needs: [],
  parameters: ({ section, share, stages, items, later }) => ({
    choices: later(() =>
      items(
        section({ share: share().describe('Share of the requests.'), stages }, '{share, stages}'),
        CHOICES,
        'at least one choice',
      ),
    ),
  }),
  examples: ({ list }) => [{ choices: [{ share: '30%', stages: list() }] }],
  read: (reading) => ({ choices: readChoices(reading) }),
  lists: ({ choices }) => choices.map(({ stages }) => stages),
  explain({ choices }, tell) {
    const told = choices.map(({ share, stages }) => `${percent(share)}: ${tell(stages)}`);
    return `{${told.join(' | ')}}`;
  },
  lay(build, stage, { label, behind }) {
    const { uniform } = build.draws(stage);
    const choices = stage.choices.map(({ share, stages }) => ({ share, lay: build.list(stages, label, behind) }));
    return (walker, before, state) => {
      let draw = uniform();
      for (const { share, lay } of choices) {
        if (draw < share) return answerAnew(build, state, lay(walker, before, state));
        draw -= share;
      }
      return { ends: before, state };
    };
  },
} as const satisfies Stage<Route>;

/** Generations of the choice take the place of those that came before it. */
function answerAnew(build: Build, before: State, laid: Laid): Laid {
  const answers = newAnswers(before, laid.state);
  if (answers.length === 0) return laid;
  for (const answer of before.answers) build.writer.replace(answer);
  return { ends: laid.ends, state: { ...laid.state, answers } };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`;

function readChoices({ given, path, missing, refuse, share, list }: Reading): Route['choices'] {
  const at = [...path, 'choices'];
  if (given.choices === undefined) missing(at, CHOICES);
  const choices = ((given.choices as (Part | undefined)[] | undefined) ?? []).map((choice, i) => {
    if (choice?.share === undefined) missing([...at, i, 'share'], 'a share of the requests');
    return { share: share(choice?.share ?? 0), stages: list(choice?.stages, [...at, i, 'stages']) };
  });
  const sum = choices.reduce((total, { share: own }) => total + own, 0);
  if (sum > 1 + 1e-9) refuse(at, 'shares of at most 100 % together', percent(sum));
  return choices;
}
