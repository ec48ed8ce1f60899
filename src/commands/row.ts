// Which row of a question a verb is of: the one of --row, or the only one.
import { type Issue, UserError } from '../check/issue.ts';
import type { Question } from '../spec/question.ts';

type Rows = Pick<Question, 'rows' | 'axes'>;

/** The row. Throws UserError where there is no such one, and with `several` where there are more and none is asked for. */
export function rowOf({ rows, axes }: Rows, row: number | undefined, several: (rows: Rows) => Issue = takeOne): number {
  if (row !== undefined && row >= rows)
    throw new UserError([{ path: '--row', expected: `a row below ${rows}`, received: String(row) }]);
  if (row === undefined && rows > 1) throw new UserError([several({ rows, axes })]);
  return row ?? 0;
}

function takeOne({ rows }: Rows): Issue {
  return { path: '--row', expected: 'a spec of one fleet: --row N takes one', received: `${rows} rows` };
}

/** For verbs that are usually given a spec without axes: which these are, and where to go. */
export function tellAxes(path: string, hint: string): (rows: Rows) => Issue {
  return ({ rows, axes }) => {
    const received = `${rows} (axes: ${axes.map(({ name }) => name).join(', ')})`;
    return { path, expected: 'a spec of one deployment or fleet', received, hint };
  };
}
