// Flags of a verb, read strictly: an unknown one is answered with the nearest known, a wrong value with what was expected.
import { isatty } from 'node:tty';
import arg from 'arg';
import { UserError } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { readStandardText, STANDARD_INPUT } from '../check/text-file.ts';
import { fitText } from '../report/width.ts';

/** Where a verb speaks, and what it hears. */
export interface Output {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Standard input to its end; absent = that of the process. */
  stdin?(): string;
}

export type Flags<T extends arg.Spec> = arg.Result<T>;
export interface Verb {
  (argv: readonly string[], out: Output): Promise<number>;
  /** Its flags, for completion: whether a value follows each. */
  readonly flags: Readonly<Record<string, boolean>>;
}

/**
 * A verb of the command line: reads its flags, answers --help, and leaves the rest to `act`, whose word is the exit code. A user's
 * mistakes are thrown as a UserError (exit code 2).
 */
export function verb<T extends arg.Spec>(
  name: string,
  spec: T,
  help: string,
  act: (flags: Flags<T>, out: Output) => Promise<number>,
): Verb {
  const known = { ...spec, '--help': Boolean, '-h': '--help' } as const;
  const run = async (argv: readonly string[], out: Output) => {
    const { '--help': asked, ...flags } = readFlags(name, known, argv);
    if (!asked) return act(flags as Flags<T>, out);
    out.stdout(fitText(help));
    return 0;
  };
  const flags = Object.entries(known).filter(([flag]) => flag.startsWith('--'));
  return Object.assign(run, { flags: Object.fromEntries(flags.map(([flag, kind]) => [flag, kind !== Boolean])) });
}

/** "--flag" of "--flag=value". */
const nameOf = (word: string): string => word.replace(/=.*/s, '');

/** `arg` with its errors turned into ours. */
export function readFlags<T extends arg.Spec>(verb: string, spec: T, argv: readonly string[]): Flags<T> {
  try {
    return arg(spec, { argv: [...argv] });
  } catch (error) {
    if (!(error instanceof arg.ArgError)) throw error;
    const missing = error.code === 'ARG_MISSING_REQUIRED_LONGARG' ? /--[\w-]+/.exec(error.message)?.[0] : undefined;
    if (missing) throw new UserError([{ path: missing, expected: 'a value after it', received: 'nothing' }]);
    const known = Object.keys(spec).filter((flag) => flag.startsWith('--'));
    const odd = argv.find((word) => word.startsWith('-') && !known.includes(nameOf(word))) ?? argv.join(' ');
    const hint = didYouMean(nameOf(odd), known, 1) ?? error.message;
    throw new UserError([{ path: `mist ${verb}`, expected: `flags among ${known.join(', ')}`, received: odd, hint }]);
  }
}

/** Everything on standard input. A terminal is not waited for: who types a spec has a file. */
export function readStandardInput(out: Output): string {
  if (out.stdin) return out.stdin();
  const [path, expected] = ['standard input', 'a spec that is piped in'];
  if (isatty(STANDARD_INPUT)) throw new UserError([{ path, expected, received: 'a terminal' }]);
  return readStandardText({ path, expected });
}

/** Exit code of a question that was answered by "nothing does". */
export const NO_ANSWER = 3;

/** Threads beyond this cost more than they bring on any machine there is. */
export const MOST_WORKERS = 1024;

/** A whole number of at least `least` (flags are read as text: `arg` would turn "abc" into NaN). */
export function wholeFlag(flag: string, text: string | undefined, least: number, most?: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least && value <= (most ?? value)) return value;
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UserError([{ path: flag, expected: `a whole number ${range}`, received: text }]);
}

/** One word of a closed list. */
export function wordFlag<const T extends string>(
  flag: string,
  text: string | undefined,
  words: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UserError([{ path: flag, expected: `one of ${words.join(', ')}`, received: text }]);
}

/** Seconds of simulated time, from 0 on. */
export function secondsFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[\d.]+(e-?\d+)?s?$/i.test(text) ? Number(text.replace(/s$/i, '')) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new UserError([{ path: flag, expected: 'seconds from 0 on', received: text }]);
}

/** A number above 0. */
export function numberFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new UserError([{ path: flag, expected: 'a number above 0', received: text }]);
}

/** A confidence such as "95%", as a share; a bare number is refused: 0.95 and 95 would be two ways to mean it. */
export function percentFlag(flag: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const [, digits] = /^(\d+(?:\.\d+)?)%$/.exec(text.trim()) ?? [];
  const value = digits === undefined ? Number.NaN : Number(digits);
  if (value >= least && value <= most) return value / 100;
  const expected = `a percentage from ${least}% to ${most}%, such as 95%`;
  throw new UserError([{ path: flag, expected, received: text }]);
}

/** A share above 0 and below 1, as "2%" or 0.02. */
export function shareFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text.trim()) ?? [];
  const value = digits === undefined ? Number.NaN : Number(digits) / (percent ? 100 : 1);
  if (value > 0 && value < 1) return value;
  throw new UserError([{ path: flag, expected: 'a share above 0 and below 100%, such as 2% or 0.02', received: text }]);
}

/** The only positional word of a verb. */
export function onlyWord(verb: string, words: readonly string[], expected: string): string {
  const [only, ...others] = words;
  if (only !== undefined && others.length === 0) return only;
  const received = words.length === 0 ? 'nothing' : words.join(' ');
  throw new UserError([{ path: `mist ${verb}`, expected, received, hint: `mist ${verb} --help` }]);
}
