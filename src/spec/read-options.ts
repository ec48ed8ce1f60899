// What reading a spec needs beside its text.
import type { Issue } from '../check/issue.ts';
import type { FleetSpec } from './fleet/types.ts';
import type { Unloaded } from './relative.ts';
import type { KnownNames } from './world.ts';

export interface ReadOptions {
  /** Where the text came from: named in issues; paths in the spec are relative to its folder. */
  readonly file: string;
  readonly known: KnownNames;
  /** Whether a file named in the spec is there; left out, files are not looked for. */
  exists?(path: string): boolean;
  /** The text of a file named in the spec; left out where there is no file system. */
  readText?(path: string): string;
  /** Of a spec with mistakes: what the catalog does not allow of pools without (plan/pipeline: models that do not fit). */
  meet?(spec: FleetSpec): readonly Issue[];
  /** What a lone request of a row takes; left out, limits that are a multiple of it cannot be told. */
  unloaded?: Unloaded;
}
