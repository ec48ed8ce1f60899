// Flags as they were given, with their rows of the table: from the words of a command, from a log, from a file of options.

import type { VersionedEngine } from '../../catalog/engine-versions.ts';
import { didYouMean } from '../../check/nearest.ts';
import { isRecord } from '../../check/python-json.ts';
import { ENGINES, flagIndex } from './engines.ts';
import { type FlagRow, plainName } from './flag.ts';
import type { Fault } from './settle.ts';
import { MANY, SWITCH } from './value.ts';

/** One flag as it was given. */
export interface Given {
  readonly flag: string;
  readonly row: FlagRow;
  /** Text of a command (true where nothing stands behind the flag), or a typed value. */
  readonly value: unknown;
}

export interface GivenFlags {
  readonly given: readonly Given[];
  /** Words that belong to no flag. */
  readonly loose: readonly string[];
  readonly faults: readonly (Fault & { readonly hint?: string })[];
}

/** Whether a word is a flag: -1 and -0.5 are numbers. */
const isFlag = (word: string | undefined): word is string =>
  word !== undefined && /^-/.test(word) && !/^-(\d|\.\d|$)/.test(word);

/** The words after a program. */
export function readWords(words: readonly string[], engine: VersionedEngine): GivenFlags {
  const given: Given[] = [];
  const loose: string[] = [];
  const faults: GivenFlags['faults'][number][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (!isFlag(word)) {
      loose.push(word!);
      continue;
    }
    const equals = word.indexOf('=');
    const flag = equals < 0 ? word : word.slice(0, equals);
    const found = findRow(flag, engine);
    const behind = equals < 0 ? countBehind(words, i + 1, found?.row) : 0;
    const texts = equals < 0 ? words.slice(i + 1, i + 1 + behind) : [word.slice(equals + 1)];
    i += behind;
    if (!found) {
      faults.push(unknownFlag(flag, engine));
      continue;
    }
    const { row, key, negated, attached } = found;
    const text = attached ?? (row.codec === MANY ? texts : texts[0]);
    if (text === undefined && !row.codec.bare)
      faults.push({ path: flag, expected: row.codec.expected, received: 'nothing' });
    else if (negated) given.push({ flag, row, value: false });
    else given.push({ flag, row, value: key === null ? (text ?? true) : keyed(given, row, key, text) });
  }
  return { given, loose, faults };
}

function unknownFlag(flag: string, engine: VersionedEngine) {
  const names = ENGINES[engine].flags.flatMap(({ names: all }) => all.filter((name) => name.startsWith('-')));
  const hint = didYouMean(flag, names, 2);
  const expected = `a flag of ${ENGINES[engine].title}`;
  return { path: flag, expected, received: 'one that it does not have', ...(hint ? { hint } : {}) };
}

interface FoundRow {
  readonly row: FlagRow;
  /** Keys behind a dot. */
  readonly key: readonly string[] | null;
  readonly negated: boolean;
  /** `-O3`. */
  readonly attached?: string;
}

function findRow(flag: string, engine: VersionedEngine): FoundRow | null {
  const index = flagIndex(engine);
  const { negates } = ENGINES[engine];
  const name = plainName(flag);
  const whole = index.get(name);
  if (whole) return { row: whole, key: null, negated: false };
  if (!negates) return null;
  const [start, ...key] = name.split('.');
  const row = key.length > 0 ? index.get(start!) : undefined;
  if (row) return { row, key: key.map((one) => one.replaceAll('-', '_')), negated: false };
  const positive = name.startsWith('no-') ? index.get(name.slice(3)) : undefined;
  if (positive && positive.codec === SWITCH) return { row: positive, key: null, negated: true };
  const level = /^-O(\d)$/.exec(flag);
  return level ? { row: index.get('-O')!, key: null, negated: false, attached: level[1] } : null;
}

/** How many of the words that follow belong to a flag. */
function countBehind(words: readonly string[], from: number, row: FlagRow | undefined): number {
  const next = words[from];
  if (isFlag(next) || next === undefined) return 0;
  if (row?.codec.bare) return /^(true|false)$/i.test(next) ? 1 : 0;
  if (row?.codec !== MANY) return 1;
  let count = 0;
  while (words[from + count] !== undefined && !isFlag(words[from + count])) count++;
  return count;
}

/** The object so far, with one more of its keys. */
function keyed(given: readonly Given[], row: FlagRow, key: readonly string[], text: unknown): unknown {
  const before = given.findLast((one) => one.row === row)?.value;
  const value = typeof text === 'string' && /^(-?[\d.]+|true|false)$/.test(text) ? (JSON.parse(text) as unknown) : text;
  const put = (object: unknown, [first, ...rest]: readonly string[]): unknown => ({
    ...(isRecord(object) ? object : {}),
    [first!]: rest.length === 0 ? value : put(isRecord(object) ? object[first!] : undefined, rest),
  });
  return put(typeof before === 'string' ? parsed(before) : before, key);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a log or a file states, by name; `strict`: a name that is not known is a mistake, else it is told. */
export function readStated(stated: Readonly<Record<string, unknown>>, engine: VersionedEngine, strict: boolean) {
  const index = flagIndex(engine);
  const given: Given[] = [];
  const faults: GivenFlags['faults'][number][] = [];
  const unknown: string[] = [];
  const visit = (fields: Readonly<Record<string, unknown>>, path: string): void => {
    for (const [key, value] of Object.entries(fields)) {
      const name = path === '' ? key : `${path}.${key}`;
      const row = index.get(plainName(name));
      if (isRecord(value) && ENGINES[engine].fileDecides && !(row && row.codec.expected === 'a JSON object'))
        visit(value, name);
      else if (row) given.push({ flag: name, row, value });
      else if (strict) {
        const hint = didYouMean(
          name,
          [...index.keys()].map((known) => known.replaceAll('-', '_')),
          2,
        );
        const expected = `a key of ${ENGINES[engine].title}'s options`;
        faults.push({ path: name, expected, received: 'one that it does not have', ...(hint ? { hint } : {}) });
      } else if (!isEmpty(value)) unknown.push(name);
    }
  };
  visit(stated, '');
  return { given, faults, unknown };
}

/** What a log prints of what nobody set. */
export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 'None') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}
