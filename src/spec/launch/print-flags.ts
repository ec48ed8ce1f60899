// Prints what an engine is told as its flags and its file of options, by the same table that reads them.
import { type Version, type VersionedEngine, versionWords } from '../../catalog/engine-versions.ts';
import { ENGINES } from './engines.ts';
import { type FlagRow, hasFlag } from './flag.ts';
import type { Told } from './settle.ts';

/** A flag, and the value behind it; a switch has none. */
export type Flag = readonly [name: string, value?: string | number];

export interface Printed {
  readonly flags: readonly Flag[];
  /** Keys of the engine's file of options, in their nesting; empty where it needs none. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What the engine has no word for in this version. */
  readonly notes: readonly string[];
}

/** In the order of the table. */
export function printFlags(engine: VersionedEngine, told: Told, version: Version): Printed {
  const { flags: rows, negates, title } = ENGINES[engine];
  const flags: Flag[] = [];
  const options: Record<string, unknown> = {};
  const said = new Set<string>();
  for (const row of rows) {
    const field = row.sets;
    if (field === undefined || told[field] === undefined || said.has(field) || !hasFlag(row, version)) continue;
    said.add(field);
    const value = row.codec.write(told[field]);
    if (value === undefined) continue; // a word that the engine does not have, which whoever tells it says
    const [name] = row.names;
    if (name!.startsWith('-')) flags.push(...flagOf(name!, value, negates));
    else put(options, name!.split('.'), value);
  }
  const unsaid = Object.keys(told).filter((field) => told[field] !== undefined && !said.has(field));
  const notes = unsaid.map((field) => `${title} ${wordsOf(version)} has no flag for ${nameOf(rows, field)}`);
  return { flags, options, notes };
}

function flagOf(name: string, value: string | number | boolean | object, negates: boolean): Flag[] {
  if (value === true) return [[name]];
  if (value === false) return negates ? [[name.replace(/^--/, '--no-')]] : [];
  return [[name, typeof value === 'object' ? JSON.stringify(value) : value]];
}

/** A profile of the first years has no number. */
function wordsOf(version: Version): string {
  if (!Number.isFinite(version[0])) return 'of today';
  return version[0] + version[1] === 0 ? 'of that time' : versionWords(version);
}

/** How the engine calls it in another version. */
function nameOf(rows: readonly FlagRow[], field: string): string {
  return rows.find((row) => row.sets === field)?.names[0] ?? field;
}

function put(tree: Record<string, unknown>, [first, ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) tree[first!] = value;
  else {
    tree[first!] ??= {};
    put(tree[first!] as Record<string, unknown>, rest, value);
  }
}
