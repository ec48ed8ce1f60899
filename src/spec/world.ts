// What readers of a spec need to know of the world around it: names, and files that the spec names.
import type { EngineProfile, Hardware, Link, Model } from '../catalog/types.ts';
import { show } from '../check/issue.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Ledger } from './fleet/ledger.ts';

/** Lists of the catalog that names are looked up in. */
export type CatalogKind = 'hardware' | 'models' | 'engines' | 'prices' | 'links';

/** Those that have other names too. */
export type NameKind = Exclude<CatalogKind, 'prices' | 'links'>;

/** Ids of the catalog, and what defaults depend on. */
export interface KnownNames extends Readonly<Record<NameKind | 'workloads', readonly string[]>> {
  /** Links; left out, there are none. */
  readonly links?: readonly string[];
  link?(id: string): Link | undefined;
  /** Kinds of price; left out, every word is taken for one. */
  readonly prices?: readonly string[];
  profile(id: string): EngineProfile | undefined;
  /** A device, for defaults that depend on it; left out, they do not. */
  device?(id: string): Hardware | undefined;
  /** What a model is, by id or path; left out, or undefined where its file cannot be read, it is taken for one that can do everything. */
  model?(id: string): (Pick<Model, 'kind'> & Partial<Pick<Model, 'groups' | 'native_format'>>) | undefined;
  /** The rate over time of a workload, [s, requests/s, cv]; undefined where it has none. */
  curve?(id: string): readonly (readonly [number, number, number])[] | undefined;
  /** The id that another name of it stands for (a Hugging Face name, another case), or null. */
  find?(kind: NameKind, name: string): string | null;
  /** What the name of a model is taken for, in words; '' where it is the catalog's own. */
  named?(name: string): { readonly words: string } | null;
}

/** Names that a spec may use, and where its files are. */
export interface World {
  readonly known: KnownNames;
  /** A path in the spec as an absolute path. */
  locate(path: string): string;
  /** Whether a file is there; absent where there is no file system to ask. */
  exists?(path: string): boolean;
  readText?(path: string): string;
}

/** A checked part of the document. */
export type Part = Readonly<Record<string, unknown>>;

/** A checked number or share, or what it is where nothing is written. */
export function number(value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise;
  return measured(value, typeof value === 'string' && value.includes('%') ? 'share' : 'number');
}

const NOUNS = { hardware: 'hardware of the catalog', models: 'a model of the catalog', engines: 'an engine profile' };

/** The catalog's id of a name, null where it is not given or not known (a mistake then). A model may be a config.json. */
export function readCatalogName(
  input: unknown,
  path: Path,
  kind: NameKind,
  ledger: Ledger,
  { known, locate, exists }: World,
): string | null {
  if (typeof input !== 'string') return null;
  if (known[kind].includes(input)) return input;
  if (kind === 'models') {
    const isFile = /\.json$/i.test(input);
    const files = (isFile ? [input] : [`${input}/config.json`, `${input}/params.json`]).map(locate);
    const [file] = files;
    const found = exists ? files.find(exists) : isFile ? file : undefined;
    if (found !== undefined) return found;
    if (isFile) {
      ledger.add({ path, expected: 'a file that exists', received: show(input), hint: `looked for ${file}` });
      return null;
    }
  }
  const named = kind === 'models' ? known.named?.(input) : null;
  if (named?.words) return input; // what is taken for another, or has a format of its own, keeps its name
  const id = known.find?.(kind, input) ?? null;
  if (id === null) ledger.checkKnown(input, path, NOUNS[kind], known[kind]);
  return id;
}

/** A file named in the spec, as an absolute path; a mistake where it is not there. */
export function readFilePath(text: string, path: Path, ledger: Ledger, world: World): string {
  const file = world.locate(text);
  if (world.exists && !world.exists(file)) {
    ledger.add({ path, expected: 'a file that exists', received: show(text), hint: `looked for ${file}` });
  }
  return file;
}
