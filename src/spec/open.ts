// Opens a spec file: the one place where the spec room touches the file system.
import { baseOf } from '../catalog/derived.ts';
import type { EngineProfile, Hardware, LengthShape, Link, Model } from '../catalog/types.ts';
import { UserError } from '../check/issue.ts';
import { noteInput } from '../check/same-file.ts';
import { readTextFile, statOf } from '../check/text-file.ts';
import { dirname, existsSync, join, ROOMS } from '../host/host.ts';
import type { ReadOptions } from './read-options.ts';

/** What a spec needs of the catalog: the names there are, and engine profiles for their defaults. */
export interface CatalogNames {
  ids(kind: 'hardware' | 'models' | 'engines' | 'workloads' | 'prices' | 'links'): readonly string[];
  engine(id: string): EngineProfile;
  hardware(id: string): Hardware;
  model?(idOrPath: string): Model;
  shape?(id: string): LengthShape;
  link?(id: string): Link;
  find?(kind: 'hardware' | 'models' | 'engines', name: string): string | null;
  named?(name: string): { readonly words: string } | null;
}

/** What a reader needs to know of a catalog, and of the files around the spec. */
export function readOptionsOf(file: string, catalog: CatalogNames): ReadOptions {
  const engines = catalog.ids('engines');
  const hardware = catalog.ids('hardware');
  const models = new Map<string, Model | undefined>(); // a sweep asks for every row
  return {
    file,
    exists: isThere,
    readText: (path) => readTextFile(path, { path: 'file', expected: 'a readable file' }),
    known: {
      hardware,
      models: catalog.ids('models'),
      engines,
      workloads: catalog.ids('workloads'),
      prices: catalog.ids('prices'),
      links: catalog.ids('links'),
      link: (id) => (catalog.ids('links').includes(id) ? catalog.link?.(id) : undefined),
      find: catalog.find,
      named: catalog.named,
      profile: (id) => (engines.includes(id) ? catalog.engine(id) : undefined),
      model(id) {
        if (id !== '' && !models.has(id)) models.set(id, readModel(id, catalog));
        return models.get(id);
      },
      curve: (id) => catalog.shape?.(id).curve,
      device: (id) => (hardware.includes(baseOf(id)) ? catalog.hardware(id) : undefined),
    },
  };
}

/** What is wrong with a model's file is said when it is bound (plan/pipeline). */
function readModel(id: string, catalog: CatalogNames): Model | undefined {
  try {
    return catalog.model?.(id);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** A file, or a folder of clients' streams. */
function isThere(path: string): boolean {
  const found = statOf(path);
  if (found === null || !(found.isFile() || found.isDirectory() || found.isFIFO())) return false;
  if (!found.isDirectory()) noteInput(path); // what a spec names is read sooner or later
  return true;
}

/** The text of a spec file. Throws UserError where it cannot be read. */
export function readSpecText(file: string): string {
  return readTextFile(file, { path: 'spec', expected: 'a readable spec file' });
}

/** The question that `npm start` asks: examples/default-chat.yaml beside the package.json, from src/ and from dist/ alike. */
export function defaultSpecFile(): string {
  let folder = dirname(ROOMS);
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'examples', 'default-chat.yaml');
}
