// Parameters of a document: `let` names values, and an expression of them may stand wherever a number may. `$name` stands for the value
// itself: a word, a number or a whole part. Everything is worked out on one row's document, before its structure is looked at.
import type { z } from 'zod';
import { evaluate, type Names, type Value, wordOf } from '../check/expression/evaluate.ts';
import { type Expression, namesIn, parseExpression } from '../check/expression/parse.ts';
import { ExpressionError } from '../check/expression/tokens.ts';
import { show } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import { isRecord } from '../check/python-json.ts';
import { measure, type UnitKind } from '../check/units.ts';
import type { Path } from './document.ts';
import type { Ledger } from './fleet/ledger.ts';
import { type Numeric, numericOf, openSchema, stepInto } from './numeric.ts';

type Part = Readonly<Record<string, unknown>>;
type Schemas = readonly z.core.$ZodType[];

/** A name: letters, digits and underscores. */
const NAME = /^[A-Za-z_]\w*$/;
/** The value itself. */
const ITSELF = /^\$([A-Za-z_]\w*)$/;
/** Words of the catalog and of closed lists look like this, and `n-p` too where n and p are parameters. */
const PLAIN_WORD = /^[\w./:@-]+$/;
/** A share is a number as any other. */
const UNITS: readonly (readonly [UnitKind, UnitKind])[] = [
  ...(['number', 'time', 'bytes', 'bandwidth', 'power'] as const).map((unit) => [unit, unit] as const),
  ['share', 'number'],
];

/** What parameters are worth in one row. */
export interface Parameters {
  /** Values by name; undefined where it is none, or a part. */
  find(name: string): Value | undefined;
  readonly names: readonly string[];
}

/** Names under `let` of a document's data. */
export function parametersIn(data: unknown): readonly string[] {
  const given = isRecord(data) ? data.let : undefined;
  return isRecord(given) ? Object.keys(given) : [];
}

/** Whether a text of the document stands for something else: an expression of parameters, or `$name`. */
export function refersTo(text: unknown, names: readonly string[]): boolean {
  if (typeof text !== 'string') return false;
  if (ITSELF.test(text)) return names.length > 0;
  return expressionIn(text, names) !== null;
}

/** The data with every expression worked out, and without `let`. Mistakes go to the ledger, at the places where they stand. */
export function bindParameters(data: unknown, schema: Schemas[number], ledger: Ledger): unknown {
  if (!isRecord(data)) return data;
  const { let: given, ...rest } = data;
  if (given !== undefined && given !== null && !isRecord(given)) {
    ledger.add({ path: ['let'], expected: 'parameters by name', received: show(given) });
    return rest;
  }
  const parameters = openParameters(given ?? {}, ledger);
  const bind = (value: unknown, schemas: Schemas, path: Path): unknown => {
    if (typeof value === 'string') return bindText(value, schemas, path, parameters, ledger);
    if (Array.isArray(value)) return value.map((item, i) => bind(item, stepInto(schemas, i), [...path, i]));
    if (!isRecord(value)) return value;
    const entries = Object.entries(value);
    const bound = entries.map(([key, inner]) => bind(inner, stepInto(schemas, key), [...path, key]));
    return bound.every((one, i) => one === entries[i]![1])
      ? value
      : Object.fromEntries(entries.map(([key], i) => [key, bound[i]]));
  };
  return bind(rest, openSchema(schema), []);
}

/** What the parameters of a row's document are worth; mistakes were told when it was read. */
export function parametersOf(data: unknown): Parameters {
  const given = isRecord(data) && isRecord(data.let) ? data.let : {};
  return openParameters(given, null);
}

interface Opened extends Parameters {
  /** The value as it is written or worked out: also a part. */
  raw(name: string): unknown;
  /** Whether it was said what is wrong with it. */
  isLost(name: string): boolean;
}

function openParameters(given: Part, ledger: Ledger | null): Opened {
  const names = Object.keys(given);
  const found = new Map<string, Value | undefined>();
  const refuse = (name: string, { expected, received, hint }: ExpressionError) =>
    ledger?.add({ path: ['let', name], expected, received, hint });
  const stack: string[] = [];
  const lost = new Set<string>();
  /** For other parameters: one that is wrong was told by itself. */
  const need = (name: string): Value | undefined => {
    const value = find(name);
    if (lost.has(name)) throw new Lost(NOUN, name);
    return value;
  };
  const find = (name: string): Value | undefined => {
    if (!Object.hasOwn(given, name)) return undefined;
    if (found.has(name)) return found.get(name);
    if (stack.includes(name)) {
      const round = [...stack.slice(stack.indexOf(name)), name].join(' -> ');
      throw new ExpressionError('parameters that do not need each other', round);
    }
    stack.push(name);
    try {
      const value = readParameter(given[name], names, () => ({ find: need, known: names, noun: NOUN }));
      found.set(name, value);
      return value;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      if (!(error instanceof Lost)) refuse(name, error);
      lost.add(name);
      found.set(name, undefined);
      return undefined;
    } finally {
      stack.pop();
    }
  };
  for (const name of names) {
    if (!NAME.test(name)) refuse(name, new ExpressionError('a name of letters, digits and _', show(name)));
    else find(name);
  }
  return { find, names, raw: (name) => given[name], isLost: (name) => lost.has(name) };
}

const NOUN = 'a parameter under let';

/** Needs a parameter of which somebody else has said what is wrong. */
class Lost extends ExpressionError {}

/** A number, with a unit or worked out, or a word; undefined of whole parts, which only `$name` can mean. */
function readParameter(given: unknown, names: readonly string[], around: () => Names): Value | undefined {
  if (typeof given === 'number') return { is: 'number', value: given, unit: 'number' };
  if (typeof given === 'boolean') return { is: 'truth', value: given };
  if (typeof given !== 'string') return undefined;
  for (const [written, unit] of UNITS) {
    const reading = measure(given, written);
    if (reading.ok) return { is: 'number', value: reading.value, unit: isBare(given) ? 'number' : unit };
  }
  const tree = expressionIn(given, names);
  if (tree) return evaluate(tree, around());
  if (PLAIN_WORD.test(given) || ITSELF.test(given)) return { is: 'word', value: given };
  return evaluate(parseExpression(given), around());
}

const isBare = (text: string): boolean => /^[\d._e+-]+$/i.test(text.trim());

/** The expression that a text is, where it speaks of numbers or parameters only; null where it may be a word. */
function expressionIn(text: string, names: readonly string[]): Expression | null {
  let tree: Expression;
  try {
    tree = parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
  const inner = tree.kind === 'minus' ? tree.of : tree;
  if (inner.kind === 'word' || inner.kind === 'number') return null;
  const used = [...namesIn(tree)];
  return used.every((name) => names.includes(name)) ? tree : null;
}

function bindText(text: string, schemas: Schemas, path: Path, parameters: Opened, ledger: Ledger): unknown {
  const { names } = parameters;
  const itself = ITSELF.exec(text)?.[1];
  if (itself !== undefined && names.length > 0) return bindItself(itself, path, parameters, ledger);
  const place = numericOf(schemas);
  if (!place || place.words?.test(text.trim()) || measure(text, place.unit).ok) return text;
  try {
    const tree = expressionIn(text, names) ?? suspect(text, names);
    return tree ? write(evaluate(tree, { find: scalarOf(parameters), known: names, noun: NOUN }), place, text) : text;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { expected, received, hint } = error;
    if (namesOf(text).some(parameters.isLost))
      ledger.markBroken(path); // what the parameter lacks was said of it
    else ledger.add({ path, expected, received: received === text ? text : `${received} in ${show(text)}`, hint });
    return undefined;
  }
}

/** Nothing can be worked out from a parameter that is a map, a list or nothing. */
const scalarOf =
  ({ find, isLost, names, raw }: Opened) =>
  (name: string): Value | undefined => {
    const value = find(name);
    if (value !== undefined || isLost(name) || !names.includes(name)) return value;
    throw new ExpressionError('a number', `${name}, which is ${show(raw(name))}`);
  };

/** A text that must have been meant as an expression: it has parameters, or signs between its words. */
function suspect(text: string, names: readonly string[]): Expression | null {
  const speaks = namesOf(text).some((name) => names.includes(name));
  const single = NAME.test(text) && names.length > 0;
  return speaks || single || (names.length > 0 && /\s[+*/-]\s/.test(text)) ? parseExpression(text) : null;
}

const namesOf = (text: string): string[] => text.match(/[A-Za-z_]\w*/g) ?? [];

/** A worked-out number as its place reads it. */
function write(value: Value, { unit, spelled }: Numeric, text: string): unknown {
  if (value.is !== 'number') throw new ExpressionError(wordOf(unit), `${show(value.value)}`);
  const fits = value.unit === unit || (value.unit === 'number' && !spelled);
  if (!fits) throw new ExpressionError(`${wordOf(unit)}`, `${wordOf(value.unit)}`);
  if (!spelled) return value.value;
  if (!(value.value >= 0)) throw new ExpressionError('a time of at least 0', `${value.value} s = ${text}`);
  return `${value.value}s`;
}

function bindItself(name: string, path: Path, parameters: Opened, ledger: Ledger): unknown {
  if (!parameters.names.includes(name)) {
    const hint = didYouMean(name, parameters.names) ?? `known: ${parameters.names.join(', ')}`;
    ledger.add({ path, expected: NOUN, received: `$${name}`, hint });
    return undefined;
  }
  const raw = parameters.raw(name);
  if (typeof raw !== 'string') return raw;
  const value = parameters.find(name);
  if (value === undefined) ledger.markBroken(path);
  // a text that is a number with a unit stays as it is written
  return value?.is === 'number' && refersTo(raw, parameters.names) ? value.value : raw;
}
