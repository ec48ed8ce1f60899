// What is known of a flag: its spellings, the versions that have it, and what of a spec it says, or why it says nothing of it.
import { isAtLeast, readVersion, type Version } from '../../catalog/engine-versions.ts';
import { type Codec, MANY, SWITCH, WORD } from './value.ts';

export interface FlagRow {
  /** The spelling that is printed, then the others: `--flag`, `-f`, or the path of a key in an options file (`a.b`). */
  readonly names: readonly string[];
  /** First version that has it, and first that has it no more. */
  readonly since: Version | null;
  readonly until: Version | null;
  readonly codec: Codec;
  /** What it sets: a key of a pool, or a word of the engine's that settling makes one of (vllm.ts, sglang.ts, trtllm.ts). */
  readonly sets?: string;
  /** Why a spec cannot say it. */
  readonly lost?: string;
  /** Values at which a flag that is lost changes nothing. */
  readonly usual: readonly unknown[];
}

interface Options {
  readonly since?: string;
  readonly until?: string;
  readonly usual?: readonly unknown[];
  readonly as?: Codec;
}

/** A flag that says something of a spec. `names`: spellings, with blanks between. */
export function sets(names: string, field: string, codec: Codec, options: Options = {}): FlagRow {
  return row(names, codec, options, { sets: field });
}

/** A flag that matters and that no spec can say. */
export function lost(names: string, why: string, options: Options = {}): FlagRow {
  return row(names, options.as ?? WORD, options, { lost: why });
}

/** Flags that take a value and mean nothing to time, each with one spelling. */
export function silent(names: string): FlagRow[] {
  return names.split(/\s+/).map((name) => row(name, WORD, {}, {}));
}

/** The same of flags that are switches, and of those that take several values. */
export function silentSwitches(names: string): FlagRow[] {
  return names.split(/\s+/).map((name) => row(name, SWITCH, {}, {}));
}

export function silentLists(names: string): FlagRow[] {
  return names.split(/\s+/).map((name) => row(name, MANY, {}, {}));
}

function row(names: string, codec: Codec, { since, until, usual = [] }: Options, of: Pick<FlagRow, 'sets' | 'lost'>) {
  return { names: names.split(/\s+/), since: versionOf(since), until: versionOf(until), codec, usual, ...of };
}

const versionOf = (text: string | undefined): Version | null => (text === undefined ? null : readVersion(text));

export function hasFlag({ since, until }: FlagRow, version: Version): boolean {
  return (since === null || isAtLeast(version, since)) && (until === null || !isAtLeast(version, until));
}

/** One spelling for `--max-num-seqs`, `--max_num_seqs` and the name that logs have for it. */
export function plainName(name: string): string {
  return name.startsWith('-') && !name.startsWith('--') ? name : name.replace(/^--/, '').replaceAll('_', '-');
}
