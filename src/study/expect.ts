// Expectations of one deployment, for pipelines that build software: "p99_ttft <= 1s" held against a run of it.
import { evaluate, type Names, type Value } from '../check/expression/evaluate.ts';
import { type Expression, namesIn, parseExpression } from '../check/expression/parse.ts';
import { ExpressionError } from '../check/expression/tokens.ts';
import { type Issue, show, UserError } from '../check/issue.ts';
import { plusMinus } from '../report/format.ts';
import { ALL_FIGURES, type Figure, type StudiedRow } from './figures.ts';
import { formatFigure } from './judge.ts';

export interface Expectation {
  readonly text: string;
  readonly holds: boolean;
  /** The figures that it speaks of, each with half the width of its error band: "p99_ttft 412 ms (± 27 %)". */
  readonly figures: readonly {
    readonly name: string;
    readonly value: number;
    readonly words: string;
    readonly bandPct: number;
  }[];
}

/** p99(ttft) is `p99_ttft`, as limits are called. */
const nameOf = ({ name }: Figure): string => name.replace(/^(\w+)\((\w+)\)$/, '$1_$2');
const BY_NAME = new Map(ALL_FIGURES.map((figure) => [nameOf(figure), figure] as const));

/** Parses every expectation. Throws UserError with every mistake. */
export function readExpectations(texts: readonly string[]): { readonly text: string; readonly tree: Expression }[] {
  const issues: Issue[] = [];
  const read = texts.flatMap((text) => {
    try {
      const tree = parseExpression(text);
      truthOf(tree, () => 1); // names and units are wrong whatever the figures are
      return [{ text, tree }];
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { expected, received, hint } = error;
      issues.push({ path: '--expect', expected, received: `${received} in ${show(text)}`, ...(hint ? { hint } : {}) });
      return [];
    }
  });
  if (issues.length > 0) throw new UserError(issues);
  return read;
}

/** A figure that the run does not have keeps no expectation. */
export function judgeExpectation(
  { text, tree }: { readonly text: string; readonly tree: Expression },
  row: StudiedRow,
): Expectation {
  const figures = [...namesIn(tree)].map((name) => {
    const figure = BY_NAME.get(name)!;
    const [value, bandPct] = [figure.of(row), figure.band(row)];
    const band = bandPct > 0 ? ` (${plusMinus(bandPct)})` : '';
    return { name, value, bandPct, words: `${name} ${formatFigure(value, figure.unit)}${band}` };
  });
  const isKnown = figures.every(({ value }) => Number.isFinite(value));
  return { text, figures, holds: isKnown && truthOf(tree, (figure) => figure.of(row)) };
}

function truthOf(tree: Expression, of: (figure: Figure) => number): boolean {
  const names: Names = {
    noun: 'a figure, such as p99_ttft, throughput or usd_per_hour',
    known: BY_NAME.keys(),
    find(name): Value | undefined {
      const figure = BY_NAME.get(name);
      return (
        figure && {
          is: 'number',
          value: of(figure),
          unit: figure.unit === 's' ? 'time' : figure.unit === 'W' ? 'power' : 'number',
        }
      );
    },
  };
  const value = evaluate(tree, names);
  if (value.is === 'truth') return value.value;
  throw new ExpressionError('a comparison, such as p99_ttft <= 1s', value.is === 'word' ? 'a word' : 'a number');
}
