// What an engine that is started comes to in a spec: keys of a pool, flags that a spec cannot say, and flags that mean nothing to time.

import { parse } from 'yaml';
import {
  isAtLeast,
  LINES,
  NEWEST,
  profileOf,
  readVersion,
  type Version,
  type VersionedEngine,
  versionWords,
} from '../../catalog/engine-versions.ts';
import { show, UserError } from '../../check/issue.ts';
import { isRecord } from '../../check/python-json.ts';
import { ENGINES } from './engines.ts';
import type { Start } from './find-start.ts';
import { hasFlag } from './flag.ts';
import { type Given, isEmpty, readStated, readWords } from './read-flags.ts';
import type { Fault, Lost, Setting, Told } from './settle.ts';

/** What reading a start needs of its surroundings. */
export interface StartWorld {
  /** The text of a file of options that a command names; throws where it cannot be read. */
  readText(name: string): string;
  /** Tokens of a block of a profile where nobody says. */
  blockSize(profile: string): number;
  /** What a model is; null where its name stands for none. */
  model(name: string): Setting['model'];
}

export interface ReadStart {
  readonly engine: VersionedEngine;
  /** As it was told, or found out by flags that only some versions have; null where any will do. */
  readonly version: Version | null;
  readonly profile: string;
  /** The model as it is called there; null where nothing names one. */
  readonly model: string | null;
  /** Keys of a pool, nothing but what the engine was told. */
  readonly keys: Readonly<Record<string, unknown>>;
  readonly lost: readonly Lost[];
  /** Flags that mean nothing to time. */
  readonly silent: readonly string[];
  readonly faults: readonly (Fault & { readonly hint?: string })[];
}

/** `profile`: the engine's profile if somebody chose one. */
export function readStart(start: Start, world: StartWorld, profile?: string): ReadStart {
  const { engine } = start;
  const words = ENGINES[engine];
  const read = readWords(start.words, engine);
  const stated = readStated(start.stated, engine, start.from === 'file');
  const faults = [...read.faults, ...stated.faults];
  const direct = [...stated.given, ...read.given];
  const fromFile = readOptionsFile(direct, start, world, faults);
  const given = words.fileDecides ? [...direct, ...fromFile] : [...fromFile, ...direct];
  const version = start.version ?? (profile === undefined ? lastWith(given) : null);
  const chosen = profile ?? profileOf(engine, version ?? NEWEST);
  const taken = take(given, version ?? versionOfProfile(engine, chosen), start, faults);
  const [loose, ...more] = read.loose;
  if (more.length > 0)
    faults.push({ path: more[0]!, expected: 'a flag, or one model', received: 'a word that belongs to nothing' });
  const model = (taken.told.model as string | undefined) ?? loose ?? null;
  const setting: Setting = {
    version: version ?? versionOfProfile(engine, chosen),
    blockSize: world.blockSize(chosen),
    model: model === null ? null : world.model(model),
    resolved: start.from === 'log',
  };
  const settled = words.settle(taken.told, setting);
  const keys = Object.fromEntries(Object.entries(settled.keys).filter(([, value]) => value !== undefined));
  const unknown = stated.unknown.map((flag) => ({ flag, why: 'not known' }));
  return {
    ...{ engine, version, profile: chosen, model, keys },
    lost: [...taken.lost, ...settled.lost, ...unknown, ...variablesOf(start)],
    silent: [...taken.silent, ...(settled.idle ?? [])],
    faults: [...faults, ...settled.faults],
  };
}

/** A profile of somebody's own has the flags of the version in its name, else those of the newest. */
function versionOfProfile(engine: VersionedEngine, profile: string): Version {
  const own = readVersion(profile.replace(/^[a-z-]+/, ''));
  return own ?? LINES[engine].find((line) => line.profile === profile)?.from ?? NEWEST;
}

/** The newest version that has every flag; null where the newest of all has. */
function lastWith(given: readonly Given[]): Version | null {
  const ends = given.flatMap(({ row }) => (row.until === null ? [] : [row.until]));
  if (ends.length === 0) return null;
  const [major, minor, patch] = ends.reduce((a, b) => (isAtLeast(b, a) ? a : b));
  return [major, minor, patch - 1]; // -1: just below
}

interface Taken {
  readonly told: Told;
  readonly lost: readonly Lost[];
  readonly silent: readonly string[];
}

/** Values converted, flag by flag; the last of those given twice counts. */
function take(given: readonly Given[], version: Version, start: Start, faults: Fault[]): Taken {
  const told: Record<string, unknown> = {};
  const lost = new Map<string, Lost>();
  const silent = new Set<string>();
  for (const { flag, row, value } of given) {
    const off = isEmpty(value) && (start.from === 'log' || (row.lost === undefined && value === null));
    if (off && value !== false) continue;
    if (row.sets === undefined && row.lost === undefined) {
      if (!off) silent.add(flag);
      continue;
    }
    if (!hasFlag(row, version)) {
      if (off) continue;
      const range = [
        row.since && `from ${versionWords(row.since)} on`,
        row.until && `until ${versionWords(row.until)}`,
      ];
      lost.set(flag, { flag, why: `a flag of ${ENGINES[start.engine].title} ${range.filter(Boolean).join(' ')}` });
      continue;
    }
    if (row.sets === undefined) {
      const read = row.codec.read(value);
      const same = read && 'value' in read ? read.value : value;
      const usual = row.usual.some((one) => one === same || String(one).toLowerCase() === String(same).toLowerCase());
      const idle =
        usual || (row.usual.length === 0 && same === false && start.from !== 'command') || (read && 'nothing' in read);
      if (idle) silent.add(flag);
      else lost.set(flag, { flag: flagWords(flag, value), why: row.lost! });
      continue;
    }
    const read = row.codec.read(value);
    if (read === null) faults.push({ path: flag, expected: row.codec.expected, received: show(value) });
    else if ('lost' in read) lost.set(flag, { flag: flagWords(flag, value), why: read.lost });
    else if ('value' in read && row.sets !== 'config') told[row.sets] = read.value;
    else if ('nothing' in read) delete told[row.sets];
  }
  return { told, lost: [...lost.values()], silent: [...silent] };
}

/** The flag with its value, where that is short. */
function flagWords(flag: string, value: unknown): string {
  if (value === true || isRecord(value) || /^-O\d$/.test(flag)) return flag;
  const text = Array.isArray(value) ? value.join(' ') : String(value);
  return text.length > 30 ? flag : `${flag} ${text}`;
}

/** Files of options that flags name. */
function readOptionsFile(given: readonly Given[], start: Start, world: StartWorld, faults: Fault[]): Given[] {
  return given.flatMap(({ flag, row, value }) => {
    if (row.sets !== 'config' || typeof value !== 'string' || value === '') return [];
    if (start.from === 'log') return []; // what it said is among what the log states
    try {
      const data: unknown = parse(world.readText(value), { logLevel: 'error' });
      if (!isRecord(data)) throw new Error('no map of options');
      const read = readStated(data, start.engine, true);
      faults.push(...read.faults.map((fault) => ({ ...fault, path: `${value}: ${fault.path}` })));
      return read.given;
    } catch (error) {
      // a file that is not there was told in our words, what is no YAML in the parser's
      const words =
        error instanceof UserError ? error.issues[0]!.received : String((error as Error).message).split('\n')[0];
      faults.push({ path: flag, expected: 'a readable file of options', received: `${value}: ${words}` });
      return [];
    }
  });
}

/** Variables of the engine's: each may change what flags do not. */
function variablesOf({ environment }: Start): Lost[] {
  return Object.entries(environment)
    .filter(
      ([name]) =>
        /^(VLLM|SGLANG|SGL|TRTLLM|TLLM)_/.test(name) &&
        !/_(HOST|PORT|API_KEY|LOGGING_LEVEL|LOG_LEVEL|NO_USAGE_STATS|CACHE_ROOT|USE_MODELSCOPE)/.test(name),
    )
    .map(([name, value]) => ({ flag: `${name}=${value}`, why: 'variables are not looked at' }));
}
