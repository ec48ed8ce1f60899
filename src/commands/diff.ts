// mist diff: what changed between two results, and whether by more than chance.
import { UserError } from '../check/issue.ts';
import { readTextFile } from '../check/text-file.ts';
import { formatShort } from '../report/format.ts';
import { drawTable, left, right } from '../report/table.ts';
import { type Change, diffResults, kindOf, type ResultKind } from '../study/diff.ts';
import { NO_ANSWER, verb } from './flags.ts';

const FLAGS = { '--all': Boolean, '--json': Boolean } as const;

const HELP = `mist diff A B

  What changed between two results, the figures that moved the most first: two outputs of \`mist run --json\`, or two study.json of
  \`mist study --out\`. Beyond noise is a latency of a run whose sampling intervals (95 %) do not meet, and a figure of a study whose ratio over
  paired seeds is away from 1.

  --all              also what changed within noise, or of which no noise is known
  --json             for programs

  Exit codes: 0 nothing changed beyond noise, 2 a mistake, 3 something did.
`;

/** Exit codes: 0 nothing beyond noise, 3 something. A user's mistakes are thrown (exit code 2). */
export const diff = verb('diff', FLAGS, HELP, async (flags, out) => {
  const [a, b, ...more] = flags._;
  if (a === undefined || b === undefined || more.length > 0) {
    const received = flags._.length === 0 ? 'nothing' : flags._.join(' ');
    throw new UserError([{ path: 'mist diff', expected: 'two results', received, hint: 'mist diff --help' }]);
  }
  const [one, other] = [readResult(a), readResult(b)];
  if (one.kind !== other.kind)
    throw new UserError([{ path: b, expected: `a ${one.kind}, as ${a} is`, received: `a ${other.kind}` }]);
  const changes = diffResults(one.kind, one.data, other.data);
  const beyond = changes.filter((change) => change.beyond === true);
  const shown = flags['--all'] ? changes : beyond;
  if (flags['--json']) out.stdout(`${JSON.stringify(changes, null, 2)}\n`);
  else
    out.stdout(
      `${[...table(shown), `${beyond.length} of ${changes.length} figures that differ do so beyond noise.`].join('\n')}\n`,
    );
  return beyond.length > 0 ? NO_ANSWER : 0;
});

function table(changes: readonly Change[]): string[] {
  if (changes.length === 0) return [];
  const rows = changes.map(({ name, before, after, beyond }) => [
    name,
    formatShort(before),
    formatShort(after),
    before === 0 ? '' : `${after > before ? '+' : ''}${((after / before - 1) * 100).toFixed(1)} %`,
    beyond === null ? 'noise unknown' : beyond ? 'beyond noise' : 'within noise',
  ]);
  const columns = [...left(['figure'], { cut: true, comfort: 60 }), ...right(['A', 'B', 'change']), ...left([''])];
  return [...drawTable(columns, rows), ''];
}

function readResult(file: string): { readonly kind: ResultKind; readonly data: Readonly<Record<string, unknown>> } {
  const expected = 'what mist run --json prints, or study.json of mist study --out';
  const text = readTextFile(file, { path: 'mist diff', expected: 'a readable result' });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UserError([{ path: file, expected, received: 'no JSON' }]);
  }
  const kind = kindOf(data);
  if (kind === null) throw new UserError([{ path: file, expected, received: 'other JSON' }]);
  return { kind, data: data as Readonly<Record<string, unknown>> };
}
