// Axes of a spec: wherever a value may stand, a list of values, {choices: ...} or {from, to, step | factor} makes a sweep of it.
//
// The document is a tree; the rows of a map or a list are the product of those of its parts (the last part turns fastest), the
// rows of an axis the sum of those of its choices. So a choice may hold axes of its own, which count only where it is chosen:
// `fleet: {choices: {together: {...}, apart: {...}}}`. A YAML alias of an axis (`*gpu`) is that axis again, not a second one.
// An axis is called by the place its value has in the row's own document: `fleet.workers.count`, whichever choice it stands in.
import { show } from '../../check/issue.ts';
import { nearest } from '../../check/nearest.ts';
import { measure, measured } from '../../check/units.ts';
import { formatPath, type Path } from '../document.ts';
import { type FieldKind, fieldAt } from '../fields.ts';
import { labelOfDevice } from '../hardware.ts';
import { MAX_AXIS_VALUES } from '../limits.ts';
import type { CatalogKind } from '../world.ts';
import type { Ledger } from './ledger.ts';
import { takesChoices } from './stage-schema.ts';

export interface Option {
  /** What tables call it. */
  readonly label: string;
  /** Where it stands in the document. */
  readonly path: Path;
  readonly tree: Tree;
}

export type Tree =
  | { readonly kind: 'leaf'; readonly rows: 1; readonly value: unknown }
  | { readonly kind: 'map'; readonly rows: number; readonly parts: readonly (readonly [string, Tree])[] }
  | { readonly kind: 'list'; readonly rows: number; readonly parts: readonly Tree[] }
  | {
      readonly kind: 'axis';
      readonly rows: number;
      readonly name: string;
      readonly place: Path;
      readonly options: readonly Option[];
    }
  /** An axis met before: takes what was chosen there. */
  | { readonly kind: 'tie'; readonly rows: 1; readonly name: string };

/** Sections that say what the whole sweep is about. */
const FIXED = ['spec_version', 'name', 'objective', 'top', 'settle', 'where'];

/** Say what is claimed or asked of all rows, and make none. */
const WHOLE = ['study', 'pareto'];

/** Ids of the catalog that `choices: all` stands for. */
export type AllOf = (kind: CatalogKind) => readonly string[];

/** An axis met on the way to a place, and the option that the way goes through. */
interface Turn {
  readonly axis: string;
  readonly option: number;
}

/** Reads the tree of a document's data; mistakes in the notation of axes go to the ledger, and their places to `broken`. */
export function readTree(data: unknown, ledger: Ledger, allOf: AllOf, broken: Path[] = []): Tree {
  const seen = new Map<object, { readonly name: string; readonly trail: readonly Turn[] }>();
  const read = (value: unknown, path: Path, place: Path, trail: readonly Turn[]): Tree => {
    const whole =
      value === null || typeof value !== 'object' || (place.length === 1 && WHOLE.includes(String(place[0])));
    if (whole) return { kind: 'leaf', rows: 1, value };
    const known = seen.get(value);
    if (known && isBefore(known.trail, trail)) return { kind: 'tie', rows: 1, name: known.name };
    if (known && !areApart(known.trail, trail)) {
      const expected = 'an alias of an axis that is met whatever is chosen, or of one in another choice';
      ledger.add({ path, expected, received: `an alias of ${known.name}` });
    }
    if ((isAxis(value, place) || isList(value, place)) && !takesChoices(path.at(-1))) {
      const name = formatPath(place);
      const before = ledger.size;
      refuseFixed(value, path, place, ledger);
      seen.set(value, { name, trail });
      const raw = listOptions(value, path, place, ledger, allOf);
      refuseRepeats(raw, fieldAt(place), ledger);
      if (ledger.size > before) broken.push(place);
      const options = raw.map(({ label, value: inner, path: at }, option) => ({
        label,
        path: at,
        // a choice that is itself a choice stands at the same place: its name needs what leads to it
        tree: read(inner, at, isAxis(inner, place) || isList(inner, place) ? [...place, label] : place, [
          ...trail,
          { axis: name, option },
        ]),
      }));
      return { kind: 'axis', rows: options.reduce((sum, { tree }) => sum + tree.rows, 0), name, place, options };
    }
    if (Array.isArray(value)) {
      const parts = value.map((item, i) => read(item, [...path, i], [...place, i], trail));
      return { kind: 'list', rows: product(parts), parts };
    }
    const parts = Object.entries(value).map(
      ([key, item]) => [key, read(item, [...path, key], [...place, key], trail)] as const,
    );
    return { kind: 'map', rows: product(parts.map(([, tree]) => tree)), parts };
  };
  return read(data, [], [], []);
}

/** Whether whoever comes by `later` came by all of `earlier`. */
function isBefore(earlier: readonly Turn[], later: readonly Turn[]): boolean {
  return earlier.every(({ axis, option }, i) => later[i]?.axis === axis && later[i].option === option);
}

/** Whether nobody comes by both: they take different options of one axis. */
function areApart(one: readonly Turn[], other: readonly Turn[]): boolean {
  return one.some(({ axis, option }) => other.some((turn) => turn.axis === axis && turn.option !== option));
}

function refuseFixed(value: object, path: Path, place: Path, ledger: Ledger): void {
  if (!FIXED.includes(String(place[0]))) return;
  const expected = `one value: all rows of a sweep have the same ${place[0]}`;
  ledger.add({ path, expected, received: show(value) });
}

function product(trees: readonly Tree[]): number {
  return trees.reduce((rows, tree) => rows * tree.rows, 1);
}

/**
 * Whether an object is the notation of an axis; {process: ramp, from, to} and the like are not. A stage may have
 * choices too, all of which it takes.
 */
function isAxis(value: unknown, place: Path): value is Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  if ('choices' in value) return true;
  if ('process' in value || (place.length === 1 && NAMED.includes(String(place[0])))) return false;
  return 'from' in value && 'to' in value ? true : ('from' in value || 'to' in value) && fieldAt(place) !== undefined;
}

const RANGE_KEYS = ['from', 'to', 'step', 'factor'];

/** Keys whose value is a list by itself, and stages, which nest: there only {choices: [...]} makes an axis. */
const LISTS = [
  ...['uniform', 'points', 'tiers', 'stages', 'branches', 'levels', 'on', 'after'],
  ...['at', 'acceptance', 'per_position_acceptance_rates'],
];
/** Sections whose keys are names of the user's own: no key of a pool is called so. */
export const NAMED: readonly string[] = ['fleet', 'pipelines', 'links', 'topology', 'tiers', 'prices', 'watts', 'let'];

/** Whether a list is an axis: one where a single value is meant. */
function isList(value: unknown, place: Path): value is unknown[] {
  if (!Array.isArray(value) || place.length === 0) return false;
  if (place[0] === 'let' && place.length === 2) return true;
  const keys = place.slice(NAMED.includes(String(place[0])) ? 2 : 1);
  return (place.length === 1 || keys.length > 0) && !keys.some((key) => LISTS.includes(String(key)));
}

interface RawOption {
  readonly label: string;
  readonly value: unknown;
  readonly path: Path;
}

function listOptions(axis: object, path: Path, place: Path, ledger: Ledger, allOf: AllOf): RawOption[] {
  if (Array.isArray(axis)) return listValues(axis, path, ledger);
  if (!('choices' in axis)) return expandRange(axis as Range, path, fieldAt(place), ledger);
  const at = [...path, 'choices'];
  const extra = Object.keys(axis).filter((key) => key !== 'choices');
  for (const key of extra)
    ledger.add({ path: [...path, key], expected: 'choices alone', received: `the key ${show(key)}` });
  const { choices } = axis;
  const field = fieldAt(place);
  if (choices === 'all' && field && field.of !== 'numbers') {
    const all = field.of === 'catalog' ? allOf(field.kind) : field.words;
    return all.map((id) => ({ label: id, value: id, path: at }));
  }
  if (Array.isArray(choices)) return listValues(choices, at, ledger);
  if (choices !== null && typeof choices === 'object' && Object.keys(choices).length > 0) {
    return Object.entries(choices).map(([label, value]) => ({ label, value, path: [...at, label] }));
  }
  const expected = 'a list of values, or values by name';
  const received = choices === 'all' ? '"all", which stands for ids of the catalog and closed lists' : show(choices);
  ledger.add({ path: at, expected, received });
  return [{ label: '', value: undefined, path: at }];
}

function listValues(values: readonly unknown[], path: Path, ledger: Ledger): RawOption[] {
  if (values.length === 0) {
    ledger.add({ path, expected: 'at least one value', received: '[]' });
    return [{ label: '', value: undefined, path }];
  }
  return values.map((value, i) => ({ label: labelOf(value, i), value, path: [...path, i] }));
}

function refuseRepeats(options: readonly RawOption[], field: FieldKind | undefined, ledger: Ledger): void {
  const unit = (field?.of === 'numbers' && field.unit) || 'number';
  const seen = new Set<string>();
  for (const { label, value, path } of options) {
    const reading = field?.of === 'numbers' ? measure(value, unit) : null;
    const meant = reading?.ok ? String(reading.value) : label;
    const received = `${reading?.ok || typeof value !== 'string' ? meant : show(value)} again`;
    if (seen.has(meant)) ledger.add({ path, expected: 'every value of an axis once', received });
    seen.add(meant);
  }
}

/** A value as tables show it; maps and lists that have no name of their own are numbered. */
function labelOf(value: unknown, i: number): string {
  return value !== null && typeof value === 'object' ? (labelOfDevice(value) ?? `#${i + 1}`) : String(value);
}

interface Range {
  readonly from: unknown;
  readonly to: unknown;
  readonly step?: unknown;
  readonly factor?: unknown;
}

/** from, from + step, ... or from, from * factor, ... while at most `to`. */
function expandRange(axis: Range, path: Path, field: FieldKind | undefined, ledger: Ledger): RawOption[] {
  const unit = (field?.of === 'numbers' && field.unit) || 'number';
  const refuse = (key: string, expected: string, received = show(axis[key as keyof Range]), hint?: string) => {
    ledger.add({ path: [...path, key], expected, received, hint });
    return [{ label: '', value: undefined, path }];
  };
  const unknown = Object.keys(axis).find((key) => !RANGE_KEYS.includes(key));
  if (unknown) {
    const [near] = nearest(unknown, RANGE_KEYS);
    const hint = near && `did you mean ${near}?`;
    return refuse(unknown, `one of the keys ${RANGE_KEYS.join(', ')}`, `the key ${show(unknown)}`, hint);
  }
  if (field && field.of !== 'numbers') return refuse('from', 'a list, or {choices: [...]}: words have no order');
  for (const key of ['from', 'to']) if (!(key in axis)) return refuse(key, 'where the range ends', 'nothing');
  const kinds = { from: unit, to: unit, step: unit, factor: 'number' } as const;
  for (const key of Object.keys(axis) as (keyof Range)[]) {
    const reading = measure(axis[key], kinds[key]);
    if (!reading.ok) return refuse(key, reading.expected);
  }
  const from = measured(axis.from, unit);
  const to = measured(axis.to, unit);
  const step = axis.step === undefined ? undefined : measured(axis.step, unit);
  const factor = axis.factor === undefined ? undefined : measured(axis.factor, 'number');
  if (step !== undefined && factor !== undefined) return refuse('factor', 'step or factor, not both');
  if (from > to) return refuse('from', `at most to (${to})`);
  if (step !== undefined && !(step > 0)) return refuse('step', 'a step above 0');
  if (factor !== undefined && !(factor > 1)) return refuse('factor', 'a factor above 1');
  if (factor !== undefined && from === 0) return refuse('from', 'a number above 0 where a factor is given');
  if (field?.of === 'numbers' && !field.integer && step === undefined && factor === undefined)
    return refuse('step', 'a step or a factor (this field takes fractions)');
  const options: RawOption[] = [];
  for (let i = 0; ; i++) {
    const value = round(factor === undefined ? from + i * (step ?? 1) : from * factor ** i);
    if (value > to) return options;
    if (field?.integer && !Number.isInteger(value)) return refuse(...fraction(axis, value));
    if (i === MAX_AXIS_VALUES) return refuse('to', `an axis of at most ${MAX_AXIS_VALUES} values`);
    const written = unit === 'time' ? `${value}s` : value;
    options.push({ label: labelOf(written, i), value: written, path });
  }
}

/** Which key of a range of integers it is that gives a fraction. */
function fraction(axis: Range, value: number): [key: string, expected: string, received: string] {
  const key =
    axis.factor !== undefined ? 'factor' : axis.step !== undefined && Number.isInteger(axis.from) ? 'step' : 'from';
  return [key, 'a range of integers', `${show(axis[key])}, which gives ${value}`];
}

/** 0.1 + 2 * 0.1 is meant to be 0.3. */
function round(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(12));
}

/** An axis as people see it: where its value stands, and what it may be. */
export interface FleetAxis {
  readonly name: string;
  readonly labels: readonly string[];
}

/** All axes in the order of the document; those at the same place in several choices are one, and one value is none. */
export function listAxes(tree: Tree): FleetAxis[] {
  const found = new Map<string, Set<string>>();
  const visit = (node: Tree): void => {
    if (node.kind === 'map') for (const [, part] of node.parts) visit(part);
    if (node.kind === 'list') node.parts.forEach(visit);
    if (node.kind !== 'axis') return;
    const labels = found.get(node.name) ?? new Set();
    found.set(node.name, labels);
    for (const { label, tree: inner } of node.options) {
      labels.add(label);
      visit(inner);
    }
  };
  visit(tree);
  return [...found].flatMap(([name, labels]) => (labels.size > 1 ? [{ name, labels: [...labels] }] : []));
}
