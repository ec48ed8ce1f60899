// Precise words for a wrong input: where, what was expected, what was received. All of them at once.

/** Keys and places in lists that lead to a part of a document. */
export type Path = readonly (string | number)[];

/** One mistake of the user's. `path` is a spec path ("engine.max_num_seqs"), a flag ("--seed") or a file; `line` is 1-based. */
export interface Issue {
  readonly path: string;
  readonly expected: string;
  readonly received: string;
  readonly file?: string;
  readonly line?: number;
  /** A closing hint, e.g. the nearest known names. */
  readonly hint?: string;
  /** It is about values together: in a sweep the rows that have them fall, and the others stay. */
  readonly row?: true;
}

/** A user's mistakes, all at once. The command line prints them and exits with code 2. */
export class UserError extends Error {
  readonly issues: readonly Issue[];
  constructor(issues: readonly Issue[]) {
    super(issues.map(formatIssue).join('\n'));
    this.name = 'UserError';
    this.issues = issues;
  }
}

/** "spec.yaml:12: engine.max_num_seqs: expected a positive integer, received -3 (hint)". */
export function formatIssue(issue: Issue): string {
  const place = issue.file ? `${issue.file}${issue.line ? `:${issue.line}` : ''}: ` : '';
  const hint = issue.hint ? ` (${issue.hint})` : '';
  return `${place}${issue.path}: expected ${issue.expected}, received ${issue.received}${hint}`;
}

/** A value as the user would recognise it, short enough for one line. */
export function show(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
