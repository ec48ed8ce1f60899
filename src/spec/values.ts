// The values of one field: a value, a list, {choices: ...} or a range, each looked up, in order and without repeats.
import { show } from '../check/issue.ts';
import { nearest } from '../check/nearest.ts';
import { measured } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Faults } from './faults.ts';
import type { CatalogKind, Field, FieldKind } from './fields.ts';
import { MAX_AXIS_VALUES } from './limits.ts';

/** What readers of a spec need to know of the world around it. */
export interface Surroundings {
  readonly known: Readonly<Record<CatalogKind, readonly string[]>>;
  /** The id that another name of it stands for (a Hugging Face name, another case), or null. */
  find?(kind: CatalogKind, name: string): string | null;
  /** A path in the spec as an absolute path. */
  locate(path: string): string;
  /** Whether a file is there; absent where there is no file system to ask. */
  exists?(path: string): boolean;
  readText?(path: string): string;
  /** The rate over time of a workload of the catalog, [s, requests/s, cv]; undefined where it has none. */
  curve?(id: string): readonly (readonly [number, number, number])[] | undefined;
}

interface Item {
  readonly path: Path;
  readonly value: string | number;
}

interface RangeInput {
  readonly from: string | number;
  readonly to: string | number;
  readonly step?: string | number;
  readonly factor?: string | number;
}

/** Reads a well-formed field (structure.ts); undefined where its values were refused. */
export function readValues(field: Field, input: unknown, faults: Faults, world: Surroundings) {
  const before = faults.size;
  const items = listItems(field, input, faults, world).map((item) => readItem(item, field.kind, faults, world));
  refuseRepeats(items, faults);
  return faults.size === before ? items.map((item) => item.value) : undefined;
}

function listItems(field: Field, input: unknown, faults: Faults, world: Surroundings): Item[] {
  const { path, kind } = field;
  if (Array.isArray(input)) return itemsOf(input, path);
  if (input === null || typeof input !== 'object') return [{ path, value: input as string | number }];
  if (!('choices' in input)) return expandRange(input as RangeInput, path, kind, faults);
  if (input.choices !== 'all') return itemsOf(input.choices as unknown[], [...path, 'choices']);
  return itemsOf(allOf(kind, world), path).map(({ value }) => ({ path, value }));
}

function itemsOf(values: readonly unknown[], path: Path): Item[] {
  return values.map((value, i) => ({ path: [...path, i], value: value as string | number }));
}

function allOf(kind: FieldKind, world: Surroundings): readonly string[] {
  if (kind.of === 'catalog') return world.known[kind.kind];
  return kind.of === 'words' ? kind.words : [];
}

function readItem(item: Item, kind: FieldKind, faults: Faults, world: Surroundings): Item {
  if (kind.of === 'numbers') return { ...item, value: measured(item.value, kind.unit ?? 'number') };
  if (kind.of === 'words') return item;
  return { ...item, value: readName(String(item.value), item.path, kind, faults, world) };
}

/** A catalog id; for a model also the path of a config.json or of its folder, made absolute. */
function readName(text: string, path: Path, kind: FieldKind & { of: 'catalog' }, faults: Faults, world: Surroundings) {
  const known = world.known[kind.kind];
  if (known.includes(text)) return text;
  if (kind.kind === 'models') {
    if (/\.json$/i.test(text)) return readFilePath(text, path, faults, world);
    const inFolder = world.locate(`${text}/config.json`);
    if (world.exists?.(inFolder)) return inFolder;
  }
  const id = world.find?.(kind.kind, text) ?? null;
  if (id === null) checkKnown(text, path, kind.noun, known, faults);
  return id ?? text;
}

/** A model named beside the fields: its id, or the absolute path of its config.json. */
export function readModelName(text: string, path: Path, faults: Faults, world: Surroundings): string {
  return readName(text, path, { of: 'catalog', kind: 'models', noun: 'a model of the catalog' }, faults, world);
}

/** A file named in the spec, as an absolute path; a fault where it is not there. */
export function readFilePath(text: string, path: Path, faults: Faults, world: Surroundings): string {
  const file = world.locate(text);
  if (world.exists && !world.exists(file)) {
    faults.add({ path, expected: 'a file that exists', received: show(text), hint: `looked for ${file}` });
  }
  return file;
}

/** A fault with the nearest names where `id` is not one of `known`. */
export function checkKnown(id: string, path: Path, noun: string, known: readonly string[], faults: Faults): void {
  if (known.includes(id)) return;
  const names = nearest(id, known);
  const hint =
    id === 'all'
      ? 'to try each: {choices: all}'
      : names.length > 0
        ? `did you mean ${names.join(' or ')}?`
        : known.length <= 12
          ? `known: ${known.join(', ')}`
          : `none of the ${known.length} known names is near`;
  faults.add({ path, expected: noun, received: show(id), hint });
}

function refuseRepeats(items: readonly Item[], faults: Faults): void {
  const seen = new Set<string | number>();
  for (const { path, value } of items) {
    if (seen.has(value))
      faults.add({ path, expected: 'every value of an axis once', received: `${show(value)} again` });
    seen.add(value);
  }
}

/** from, from + step, ... or from, from * factor, ... while at most `to`. */
function expandRange(range: RangeInput, path: Path, kind: FieldKind, faults: Faults): Item[] {
  const integer = kind.of === 'numbers' && kind.integer;
  const unit = (kind.of === 'numbers' && kind.unit) || 'number';
  const from = measured(range.from, unit);
  const to = measured(range.to, unit);
  const refuse = (key: string, expected: string, received: string) => {
    faults.add({ path: [...path, key], expected, received });
    return [];
  };
  if (range.step !== undefined && range.factor !== undefined)
    return refuse('factor', 'step or factor, not both', 'both');
  if (from > to) return refuse('from', `at most to (${to})`, String(from));
  if (range.factor !== undefined && from === 0) return refuse('from', 'a number above 0 where a factor is given', '0');
  if (!integer && range.step === undefined && range.factor === undefined) {
    return refuse('step', 'a step or a factor (this field takes fractions)', 'nothing');
  }
  const values = rangeValues(from, to, range);
  const fraction = integer ? values.find((value) => !Number.isInteger(value)) : undefined;
  const key = range.factor === undefined ? 'step' : 'factor';
  if (fraction !== undefined) return refuse(key, 'a range of integers', `${show(range[key])}, which gives ${fraction}`);
  if (values.length > MAX_AXIS_VALUES)
    return refuse('to', `an axis of at most ${MAX_AXIS_VALUES} values`, 'more than that');
  return values.map((value) => ({ path, value }));
}

/** At most one value more than an axis may have: enough to see that there are too many. */
function rangeValues(from: number, to: number, { step, factor }: RangeInput): number[] {
  const ratio = factor === undefined ? 0 : measured(factor, 'number');
  const distance = step === undefined ? 1 : measured(step, 'number');
  const values: number[] = [];
  for (let i = 0; i <= MAX_AXIS_VALUES; i++) {
    const value = round(ratio > 0 ? from * ratio ** i : from + i * distance);
    if (value > to) break;
    values.push(value);
  }
  return values;
}

/** 0.1 + 2 * 0.1 is meant to be 0.3: twelve significant digits are more than anybody writes. */
function round(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(12));
}
