// Opens the catalog: one JSON file per lookup, a user's folder before ours, unknown names answered with the nearest known.
import type { z } from 'zod';
import { type Issue, show, UserError } from '../check/issue.ts';
import { didYouMean, nearest } from '../check/nearest.ts';
import { isRecord } from '../check/python-json.ts';
import { readTextFile, statOf } from '../check/text-file.ts';
import { existsSync, join, ROOMS, readdirSync, resolve } from '../host/host.ts';
import { checkEntry, parseJson } from './check-entry.ts';
import { completeConfig, configId, findConfig } from './config-folder.ts';
import { readModelConfig } from './config-json.ts';
import { CHANGED_KEYS, derive, derivedId, lacking, parseDerived } from './derived.ts';
import { bare, indexNames, type NamedModel, type NameIndex } from './names.ts';
import { isPriceFile, readPriceFile } from './price-file.ts';
import { DEFAULT_SHEET } from './price-sheets.ts';
import {
  efficiencySchema,
  engineSchema,
  errorBandsSchema,
  hardwareSchema,
  linkSchema,
  modelSchema,
  priceSheetSchema,
  shapeSchema,
  stepFitSchema,
} from './schemas.ts';
import type {
  Efficiency,
  EngineProfile,
  ErrorBands,
  Hardware,
  LengthShape,
  Link,
  Model,
  PriceSheet,
  StepFit,
  WeightFormat,
} from './types.ts';

export type CatalogKind =
  | 'hardware'
  | 'models'
  | 'engines'
  | 'workloads'
  | 'prices'
  | 'links'
  | 'efficiency'
  | 'steps'
  | 'validation';

/** Kinds that a person looks up by name; efficiencies follow the hardware. */
export const NAMED_KINDS = ['hardware', 'models', 'engines', 'workloads', 'prices', 'links'] as const;
export type NamedKind = (typeof NAMED_KINDS)[number];

const KINDS: readonly CatalogKind[] = [...NAMED_KINDS, 'efficiency', 'steps', 'validation'];
const NOUNS: Readonly<Record<CatalogKind, string>> = {
  hardware: 'hardware',
  models: 'a model, or the path of a config.json',
  engines: 'an engine profile',
  workloads: 'a workload',
  links: 'a link',
  prices: 'a kind of price, or the path of a price list',
  efficiency: 'efficiencies',
  validation: 'error bands',
  steps: 'regressions on whole steps',
};

/** What exists, looked up by name. A name that is unknown throws a UserError with the nearest known ones. */
export interface Catalog {
  hardware(id: string): Hardware;
  /** By id, Hugging Face name, or path of a config.json (or of its folder). A name that implies a format has it as its own. */
  model(idOrPath: string): Model;
  /** What a name of a model is taken for; null where it stands for none. */
  named(word: string): NamedModel | null;
  engine(id: string): EngineProfile;
  shape(id: string): LengthShape;
  link(id: string): Link;
  /** A sheet of prices by its kind, or the path of a list. */
  sheet(word: string): PriceSheet;
  /** The sheet of a spec that says `word` or nothing; of a catalog that was opened with `prices` always that. */
  prices(word?: string): PriceSheet;
  /** Fits of one device ("h100-sxm-80gb") or a vendor's medians ("_nvidia"); null where there are none. */
  efficiency(hardwareId: string): Efficiency | null;
  /** How far simulated figures may be off, by what their prices rest on. */
  errorBands(): ErrorBands;
  /** Every regression on whole steps, sorted by id. */
  stepFits(): readonly StepFit[];
  /** Sorted ids; efficiencies include the vendor files. */
  ids(kind: CatalogKind): readonly string[];
  /** The id that a word stands for (id in any case, name, Hugging Face name), or null. */
  find(kind: NamedKind, word: string): string | null;
  /** The file that an id is read from. */
  file(kind: CatalogKind, id: string): string;
}

/** Letters, digits and _ . - +, not beginning with a dot. */
const ID = /^[\w+-][\w.+-]*$/;

/** The one file of the kind `validation`. */
const ERROR_BANDS = 'error-bands';

/** The folder of the catalog that ships: the JSON lies beside this module, in src/ as in dist/. */
const OURS = join(ROOMS, 'catalog');

export interface CatalogOptions {
  readonly folder?: string | null;
  /** The prices to use whatever a spec says: a kind of price, or the path of a list. */
  readonly prices?: string | null;
}

/** `folder`: a user's catalog with the same subfolders; its files replace ours one by one, and are checked. */
export function openCatalog(options: CatalogOptions = {}): Catalog {
  const folder = typeof options.folder === 'string' ? resolve(options.folder) : null;
  if (folder) checkFolder(folder);
  const lists = new Map<CatalogKind, readonly string[]>();
  const entries = new Map<string, unknown>();

  function ids(kind: CatalogKind): readonly string[] {
    const found = lists.get(kind) ?? listIds(kind, folder);
    lists.set(kind, found);
    return found;
  }
  const file = (kind: CatalogKind, id: string) => fileOf(kind, id, folder);
  function entry<T>(kind: CatalogKind, schema: z.ZodType<T>, id: string): T {
    const key = `${kind}/${id}`;
    if (!entries.has(key)) entries.set(key, readEntry(kind, schema, id, file(kind, id), folder));
    return entries.get(key) as T;
  }
  function read(kind: NamedKind, id: string): Hardware | Model | EngineProfile | LengthShape | PriceSheet | Link {
    if (kind === 'hardware') return entry(kind, hardwareSchema, id);
    if (kind === 'models') return entry(kind, modelSchema, id);
    if (kind === 'prices') return entry(kind, priceSheetSchema, id);
    if (kind === 'links') return entry(kind, linkSchema, id);
    return kind === 'engines' ? entry(kind, engineSchema, id) : entry(kind, shapeSchema, id);
  }
  const device = openDevices((id) => entry('hardware', hardwareSchema, id));
  const priceLists = new Map<string, PriceSheet>();
  function prices(asked: string): PriceSheet {
    if (!isPriceFile(asked)) return entry('prices', priceSheetSchema, need('prices', asked));
    const path = resolve(asked);
    const found = priceLists.get(path) ?? readPriceFile(path, ids('hardware'));
    priceLists.set(path, found);
    return found;
  }
  const { named, find, need } = openNames(ids, read, (id) => entry('models', modelSchema, id));
  if (options.prices) prices(options.prices); // a mistake is said before any work

  return {
    ids,
    file,
    find,
    hardware: (id) => device(need('hardware', id)),
    engine: (id) => entry('engines', engineSchema, need('engines', id)),
    link: (id) => entry('links', linkSchema, need('links', id)),
    sheet: prices,
    prices: (word) => prices(options.prices ?? (word || DEFAULT_SHEET)),
    shape: (id) => entry('workloads', shapeSchema, need('workloads', id)),
    efficiency: (id) => (ids('efficiency').includes(id) ? entry('efficiency', efficiencySchema, id) : null),
    errorBands: () => entry('validation', errorBandsSchema, ERROR_BANDS),
    stepFits: () => ids('steps').map((id) => entry('steps', stepFitSchema, id)),
    named,
    model(idOrPath) {
      const known = named(idOrPath);
      const path = known === null ? findConfig(idOrPath) : null;
      if (path === null)
        return inFormat(entry('models', modelSchema, known?.id ?? need('models', idOrPath)), known?.format ?? null);
      const text = readTextFile(path, { path: 'model', expected: 'a readable config.json' });
      return readModel(parseJson(text, path), text, configId(path), path);
    },
  };
}

/** Devices by id; one that is derived is made once, so that it is the same object whoever asks. */
function openDevices(listed: (id: string) => Hardware): (id: string) => Hardware {
  const made = new Map<string, Hardware>();
  return (id) => {
    const derived = parseDerived(id);
    if (derived === null) return listed(id);
    const found = made.get(id) ?? derive(listed(derived.base), derived.changes);
    made.set(id, found);
    return found;
  };
}

/** Look-ups by any name. Names cost a read of every file of the kind, so they are looked at only where the id is not known. */
function openNames(
  ids: Catalog['ids'],
  read: (kind: NamedKind, id: string) => { readonly name: string },
  model: (id: string) => Model,
): Pick<Catalog, 'named' | 'find'> & { need(kind: NamedKind, word: string): string } {
  const names = new Map<NamedKind, ReadonlyMap<string, string>>();
  let models: NameIndex | null = null;
  function namesOf(kind: NamedKind): ReadonlyMap<string, string> {
    const known = names.get(kind) ?? new Map(ids(kind).map((id) => [read(kind, id).name.toLowerCase(), id]));
    names.set(kind, known);
    return known;
  }
  function named(word: string): NamedModel | null {
    if (ids('models').includes(word)) return { id: word, format: null, words: '' };
    if (!isModelName(word)) return null;
    models ??= indexNames(ids('models').map(model));
    return models(word);
  }
  function find(kind: NamedKind, word: string): string | null {
    if (kind === 'models') return named(word)?.id ?? null;
    const derived = kind === 'hardware' ? parseDerived(word) : null;
    if (derived !== null) {
      const base = find(kind, derived.base);
      const whole = base !== null && lacking(read(kind, base) as Hardware, derived.changes).length === 0;
      return whole ? derivedId(base, derived.changes) : null;
    }
    const asked = word.toLowerCase();
    return ids(kind).find((known) => known.toLowerCase() === asked) ?? namesOf(kind).get(asked) ?? null;
  }
  function need(kind: NamedKind, word: string): string {
    const id = find(kind, word);
    if (id !== null) return id;
    throw new UserError([unknown(kind, word, ids(kind), namesOf(kind))]);
  }
  return { named, find, need };
}

function fileOf(kind: CatalogKind, id: string, folder: string | null): string {
  // an id is a file's name, never a way to one
  if (!ID.test(id)) throw new UserError([{ path: kind, expected: `${NOUNS[kind]} by its id`, received: show(id) }]);
  const own = folder ? join(folder, kind, `${id}.json`) : '';
  return own && existsSync(own) ? own : join(OURS, kind, `${id}.json`);
}

/** A folder that is there, and holds nothing that would be passed over in silence. */
function checkFolder(folder: string): void {
  const found = statOf(folder);
  if (!found?.isDirectory()) {
    const received = found ? 'a file' : 'nothing at this path';
    throw new UserError([{ path: folder, expected: 'a catalog folder', received }]);
  }
  const issues: Issue[] = [];
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const isKind = (KINDS as readonly string[]).includes(item.name);
    if (item.name.startsWith('.') || (item.isDirectory() && isKind) || /\.(md|txt)$/i.test(item.name)) continue;
    const hint = didYouMean(item.name, KINDS, 1);
    const expected = `a folder ${KINDS.join(', ')}`;
    issues.push({ path: join(folder, item.name), expected, received: item.name, hint });
  }
  if (issues.length > 0) throw new UserError(issues);
}

function listIds(kind: CatalogKind, folder: string | null): string[] {
  const found = new Set<string>();
  for (const root of folder ? [OURS, folder] : [OURS]) {
    const place = join(root, kind);
    if (!existsSync(place)) continue;
    for (const name of readdirSync(place))
      if (name.endsWith('.json') && ID.test(name.slice(0, -5))) found.add(name.slice(0, -5));
  }
  return [...found].sort();
}

/** Ours are checked by a test; a user's are checked here, and a model may be a config.json as it was downloaded. */
function readEntry<T>(kind: CatalogKind, schema: z.ZodType<T>, id: string, path: string, folder: string | null): T {
  const text = readTextFile(path, { path: kind, expected: 'a readable catalog file' });
  if (folder === null || path !== join(folder, kind, `${id}.json`)) return JSON.parse(text) as T;
  const data = parseJson(text, path);
  if (kind === 'models') return readModel(data, text, id, path) as T;
  const checked = checkEntry(schema, data, text, path);
  const stated = kind === 'efficiency' ? (checked as Efficiency).hardware : (checked as { id: string }).id;
  if (stated !== id) {
    const field = kind === 'efficiency' ? 'hardware' : 'id';
    throw new UserError([{ path: field, expected: `${id}, as the file is named`, received: stated, file: path }]);
  }
  return checked;
}

/** A catalog entry (it has layer groups) or a Hugging Face config.json. */
function readModel(data: unknown, text: string, id: string, path: string): Model {
  if (isRecord(data) && 'groups' in data) return checkEntry(modelSchema, data, text, path);
  return readModelConfig(completeConfig(data, path), { id, file: path });
}

/** The same layers in the format that a name implies: as `quantization` would have it, attention too unless it is mxfp4. */
function inFormat(model: Model, format: WeightFormat | null): Model {
  if (format === null) return model;
  const { native_attention_format: _, format_unclear: __, ...layers } = model;
  return { ...layers, native_format: format, ...(format === 'mxfp4' ? { native_attention_format: 'bf16' } : {}) };
}

/** Whether a word can be a name: models have at most an owner (one slash), and nothing climbs out of a folder. */
function isModelName(word: string): boolean {
  const parts = word.split(/[\\/]/);
  return parts.length <= 2 && parts.every((part) => part !== '' && !/^\.+$/.test(part));
}

function unknown(kind: NamedKind, word: string, ids: readonly string[], names: ReadonlyMap<string, string>): Issue {
  const plain = bare(word);
  const close = new Set([
    ...nearest(plain, ids),
    ...nearest(word.toLowerCase(), names.keys()).map((name) => names.get(name)!),
  ]);
  const looksLikePath = kind === 'models' && (/\.json$/.test(word) || /^[.~]?[\\/]/.test(word));
  if (kind === 'hardware' && word.includes('(')) {
    const told = `ID(memory_bandwidth=x2 tdp_w=900W), of figures that it has: ${CHANGED_KEYS.join(', ')}`;
    return { path: kind, expected: NOUNS[kind], received: word, hint: told };
  }
  if (looksLikePath) return { path: kind, expected: NOUNS[kind], received: `${word}, where there is no file` };
  const hint = close.size > 0 ? `did you mean ${[...close].slice(0, 3).join(', ')}?` : `mist catalog --kind ${kind}`;
  return { path: kind, expected: NOUNS[kind], received: word, hint };
}
