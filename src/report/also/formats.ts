// Files of a sweep for other tools, written where they are asked for (`--also`): a format is a line here.
import { type Issue, UserError } from '../../check/issue.ts';
import { loadOptional } from '../../check/optional.ts';
import type { Content } from '../../check/whole-file.ts';
import type { SweepResult } from '../../metrics/sweep.ts';
import { sweepArrow } from './arrow.ts';
import { topnCsv } from './topn.ts';
import { sweepXlsx } from './xlsx.ts';

/** null: this result has nothing for the file. */
type Make = (result: SweepResult) => Promise<Content> | Content | null;

interface AlsoFormat {
  readonly words: string;
  /** The package that it takes, where that is an optional one. */
  readonly needs?: string;
  readonly files: Readonly<Record<string, Make>>;
}

export const ALSO = {
  topn: {
    words: 'best_config_topn.csv as AIConfigurator writes it, in agg/ and disagg/',
    files: {
      'agg/best_config_topn.csv': (result) => topnCsv('agg', result),
      'disagg/best_config_topn.csv': (result) => topnCsv('disagg', result),
    },
  },
  arrow: {
    words: 'results.arrow, the columns of results.parquet',
    needs: '@uwdata/flechette',
    files: { 'results.arrow': sweepArrow },
  },
  xlsx: {
    words: 'answer.xlsx, the answer and the rows for a spreadsheet',
    needs: 'write-excel-file/node',
    files: { 'answer.xlsx': sweepXlsx },
  },
} as const satisfies Record<string, AlsoFormat>;

export type AlsoName = keyof typeof ALSO;
export const ALSO_NAMES = Object.keys(ALSO) as AlsoName[];
const isName = (name: string): name is AlsoName => Object.hasOwn(ALSO, name);

/** "topn,xlsx". Throws UserError for names that are none, all at once. */
export function readAlso(text: string | undefined): AlsoName[] {
  const names = text === undefined ? [] : text.split(',').map((name) => name.trim());
  const expected = ALSO_NAMES.join(', ');
  const issues = names
    .filter((name) => !isName(name))
    .map((received): Issue => ({ path: '--also', expected, received: received || 'nothing' }));
  if (issues.length > 0) throw new UserError(issues);
  return [...new Set(names.filter(isName))];
}

/** Looks for the packages they take, before long work and not after it. Throws UserError where one is not installed. */
export async function findPackages(names: readonly AlsoName[]): Promise<void> {
  for (const name of names) {
    const { needs }: AlsoFormat = ALSO[name];
    if (needs) await loadOptional(needs, `--also ${name}`);
  }
}

/** The files of some formats, in order. */
export function alsoFiles(names: readonly AlsoName[]): (readonly [name: string, make: Make])[] {
  return names.flatMap((name) => Object.entries<Make>(ALSO[name].files));
}

/** Lines of a verb's help. */
export const ALSO_HELP = `  --also NAMES       further files there: ${ALSO_NAMES.map((name) => `${name} (${ALSO[name].words})`).join('; ')}
`;
