// What an expression comes to: a number with what it measures, a word, or a truth. Units must fit: 2 * 250ms is a time, 250ms + 1 is none.
import { didYouMean } from '../nearest.ts';
import type { UnitKind } from '../units.ts';
import type { Expression, Operator } from './parse.ts';
import { ExpressionError } from './tokens.ts';

export type Value =
  | { readonly is: 'number'; readonly value: number; readonly unit: UnitKind }
  | { readonly is: 'word'; readonly value: string }
  | { readonly is: 'truth'; readonly value: boolean };

/** What names stand for. */
export interface Names {
  /** undefined where the name stands for nothing. */
  find(name: string): Value | undefined;
  readonly known: Iterable<string>;
  /** What a name may be, in words: "a parameter under let". */
  readonly noun: string;
}

type Numbers = (...values: number[]) => number;
/** Functions of numbers; those marked keep the unit of what they are given. */
const FUNCTIONS: Readonly<Record<string, { readonly act: Numbers; readonly most: number; readonly keeps: boolean }>> = {
  min: { act: Math.min, most: Number.POSITIVE_INFINITY, keeps: true },
  max: { act: Math.max, most: Number.POSITIVE_INFINITY, keeps: true },
  floor: { act: Math.floor, most: 1, keeps: true },
  ceil: { act: Math.ceil, most: 1, keeps: true },
  round: { act: Math.round, most: 1, keeps: true },
  abs: { act: Math.abs, most: 1, keeps: true },
  log2: { act: Math.log2, most: 1, keeps: false },
};

export const number = (value: number, unit: UnitKind = 'number'): Value => ({ is: 'number', value, unit });
export const truth = (value: boolean): Value => ({ is: 'truth', value });

/** Throws ExpressionError. */
export function evaluate(tree: Expression, names: Names): Value {
  if (tree.kind === 'number') return number(tree.value, tree.unit);
  if (tree.kind === 'word') return { is: 'word', value: tree.value };
  if (tree.kind === 'name') return namedValue(tree.name, names);
  if (tree.kind === 'call') return call(tree, names);
  if (tree.kind === 'not') return truth(!truthOf(evaluate(tree.of, names), 'not'));
  if (tree.kind === 'minus') {
    const { value, unit } = numberOf(evaluate(tree.of, names), '-');
    return number(-value, unit);
  }
  if (tree.kind === 'in') {
    const left = evaluate(tree.left, names);
    return truth(tree.list.some((one) => isEqual(left, evaluate(one, names))));
  }
  if (tree.kind === 'of') throw new ExpressionError('a number or a name', '`of`, which only claims of a study have');
  return binary(tree, names);
}

function namedValue(name: string, names: Names): Value {
  const found = names.find(name);
  if (found) return found;
  const { known, noun } = names;
  throw new ExpressionError(noun, name, didYouMean(name, known) ?? listed(known));
}

function listed(known: Iterable<string>): string {
  const all = [...known];
  return all.length === 0 ? 'there is none' : `known: ${all.slice(0, 12).join(', ')}${all.length > 12 ? ', ...' : ''}`;
}

function binary(tree: Extract<Expression, { kind: 'binary' }>, names: Names): Value {
  const { sign } = tree;
  const left = evaluate(tree.left, names);
  if (sign === 'and') return truth(truthOf(left, sign) && truthOf(evaluate(tree.right, names), sign));
  if (sign === 'or') return truth(truthOf(left, sign) || truthOf(evaluate(tree.right, names), sign));
  const right = evaluate(tree.right, names);
  if (sign === '==') return truth(isEqual(left, right));
  if (sign === '!=') return truth(!isEqual(left, right));
  const [a, b] = [numberOf(left, sign), numberOf(right, sign)];
  if (sign === '<' || sign === '<=' || sign === '>' || sign === '>=') {
    alike(a.unit, b.unit, sign);
    return truth(compare(sign, a.value, b.value));
  }
  return number(calculate(sign, a.value, b.value), unitOf(sign, a.unit, b.unit));
}

export function compare(sign: '<' | '<=' | '>' | '>=', a: number, b: number): boolean {
  if (sign === '<') return a < b;
  if (sign === '<=') return a <= b;
  return sign === '>' ? a > b : a >= b;
}

export function calculate(sign: Operator, a: number, b: number): number {
  if (sign === '/' && b === 0) throw new ExpressionError('a divisor other than 0', `${a} / 0`);
  const value = sign === '+' ? a + b : sign === '-' ? a - b : sign === '*' ? a * b : sign === '/' ? a / b : a ** b;
  if (!Number.isFinite(value)) throw new ExpressionError('a finite number', `${a} ${sign} ${b}`);
  return value;
}

/** What units make together, beside plain numbers: a size over a time is a bandwidth, and so on. */
const PRODUCTS: readonly (readonly [UnitKind, UnitKind, UnitKind])[] = [['bandwidth', 'time', 'bytes']];

function unitOf(sign: Operator, a: UnitKind, b: UnitKind): UnitKind {
  if (sign === '+' || sign === '-') return alike(a, b, sign);
  if (sign === '^') {
    if (a !== 'number' || b !== 'number') throw new ExpressionError('plain numbers around ^', `${a} ^ ${b}`);
    return 'number';
  }
  if (b === 'number') return a;
  if (sign === '*' && a === 'number') return b;
  if (sign === '/' && a === b) return 'number';
  for (const [one, other, both] of PRODUCTS) {
    if (sign === '*' && ((a === one && b === other) || (a === other && b === one))) return both;
    if (sign === '/' && a === both) return b === one ? other : b === other ? one : refuseUnits(sign, a, b);
  }
  return refuseUnits(sign, a, b);
}

function alike(a: UnitKind, b: UnitKind, sign: string): UnitKind {
  return a === b ? a : refuseUnits(sign, a, b);
}

function refuseUnits(sign: string, a: UnitKind, b: UnitKind): never {
  throw new ExpressionError('units that fit', `${wordOf(a)} ${sign} ${wordOf(b)}`);
}

const UNIT_WORDS: Readonly<Record<UnitKind, string>> = {
  number: 'a plain number',
  share: 'a share',
  time: 'a time',
  bytes: 'a size',
  bandwidth: 'a bandwidth',
  power: 'a power',
};
export const wordOf = (unit: UnitKind): string => UNIT_WORDS[unit];

function call({ name, given }: Extract<Expression, { kind: 'call' }>, names: Names): Value {
  if (name === 'interpolate') return interpolate(given.map(({ value }) => numberOf(evaluate(value, names), name)));
  const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!known) {
    const all = [...Object.keys(FUNCTIONS), 'interpolate'];
    throw new ExpressionError(`a function: ${all.join(', ')}`, `${name}(...)`, didYouMean(name, all));
  }
  if (given.length === 0 || given.length > known.most)
    throw new ExpressionError(`${name} of ${known.most === 1 ? 'one value' : 'one value or more'}`, `${given.length}`);
  const values = given.map(({ value }) => numberOf(evaluate(value, names), name));
  const unit = values.reduce((one, other) => alike(one, other.unit, name), values[0]!.unit);
  if (!known.keeps && unit !== 'number') throw new ExpressionError('a plain number', `${name} of ${wordOf(unit)}`);
  return number(known.act(...values.map(({ value }) => value)), unit);
}

type Quantity = Extract<Value, { is: 'number' }>;

/** `interpolate(x, x0, y0, x1, y1, ...)`: a table, straight between its points, and beyond its ends as at them. */
function interpolate([x, ...points]: readonly Quantity[]): Value {
  const table = Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i]!, points[2 * i + 1]!] as const);
  const expected = 'interpolate(x, x0, y0, x1, y1, ...), the places rising';
  if (!x || points.length < 2 || points.length % 2 !== 0)
    throw new ExpressionError(expected, `${points.length + 1} values`);
  for (const [at, of] of table) {
    alike(x.unit, at.unit, 'interpolate');
    alike(table[0]![1].unit, of.unit, 'interpolate');
  }
  const after = table.findIndex(([at]) => at.value > x.value);
  if (table.some(([at], i) => i > 0 && !(at.value > table[i - 1]![0].value)))
    throw new ExpressionError(expected, 'others');
  const { unit } = table[0]![1];
  if (after <= 0) return number((after === 0 ? table[0]! : table.at(-1)!)[1].value, unit);
  const [[a, from], [b, to]] = [table[after - 1]!, table[after]!];
  return number(from.value + ((x.value - a.value) / (b.value - a.value)) * (to.value - from.value), unit);
}

function numberOf(value: Value, beside: string): Extract<Value, { is: 'number' }> {
  if (value.is === 'number') return value;
  const received = value.is === 'word' ? `the word ${JSON.stringify(value.value)}` : String(value.value);
  throw new ExpressionError(`a number beside ${beside}`, received);
}

function truthOf(value: Value, beside: string): boolean {
  if (value.is === 'truth') return value.value;
  throw new ExpressionError(`a comparison beside ${beside}`, String(value.value));
}

function isEqual(a: Value, b: Value): boolean {
  if (a.is === 'number' && b.is === 'number') {
    alike(a.unit, b.unit, '==');
    // sums of the same figures in another order are meant to be equal
    return a.value === b.value || Math.abs(a.value - b.value) <= 1e-12 * Math.max(Math.abs(a.value), Math.abs(b.value));
  }
  if (a.is !== b.is) throw new ExpressionError('two numbers or two words', `${show(a)} beside ${show(b)}`);
  return a.value === b.value;
}

const show = (value: Value): string => (value.is === 'word' ? JSON.stringify(value.value) : String(value.value));
