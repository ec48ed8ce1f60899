// A claim as text to what it asks of rows: comparisons of figures, and who wins, with every name held against figures, axes and labels.

import { evaluate, type Value } from '../check/expression/evaluate.ts';
import { type Expression, namesIn, parseExpression } from '../check/expression/parse.ts';
import { ExpressionError } from '../check/expression/tokens.ts';
import { show } from '../check/issue.ts';
import { didYouMean } from '../check/nearest.ts';
import type { SweepAxis } from '../metrics/sweep.ts';
import type { Path } from '../spec/document.ts';
import type { Ledger } from '../spec/fleet/ledger.ts';
import { fitUnits, unitOfQuantity, writtenUnit } from './claim-units.ts';
import type { FigureNames } from './figure-names.ts';
import { FIGURES, type Figure } from './figures.ts';
import type { WrittenClaim } from './section.ts';

/** Labels by the name of their axis. */
export type Which = ReadonlyMap<string, string>;

/** A number that rows have, or that stands in the claim. */
export type Quantity =
  | { readonly kind: 'number'; readonly value: number; readonly unit: string | null }
  | { readonly kind: 'figure'; readonly figure: Figure; readonly which: Which }
  | { readonly kind: 'sum'; readonly sign: '+' | '-' | '*' | '/'; readonly left: Quantity; readonly right: Quantity };

export type Sign = '<' | '<=' | '>' | '>=' | '==' | '!=';
export type Statement =
  | { readonly kind: 'compare'; readonly sign: Sign; readonly left: Quantity; readonly right: Quantity }
  | {
      readonly kind: 'winner';
      readonly figure: Figure;
      readonly axis: string;
      readonly labels: readonly string[];
      readonly is: boolean;
    }
  | { readonly kind: 'and' | 'or'; readonly left: Statement; readonly right: Statement }
  | { readonly kind: 'not'; readonly of: Statement };

export interface Claim extends WrittenClaim {
  readonly statement: Statement;
  /** Axes that the claim itself speaks of: all others make scenarios. */
  readonly axes: ReadonlySet<string>;
  /** Whether a row is among those it is of. */
  takes(labels: Which): boolean;
}

export interface ClaimWorld {
  readonly axes: readonly SweepAxis[];
  /** Name of the axis that is compared where a claim names none; null where there is none. */
  readonly compare: string | null;
  readonly ledger: Ledger;
  readonly figures: FigureNames;
}

/** null where it cannot be read: a mistake then. */
export function readClaim(written: WrittenClaim, world: ClaimWorld): Claim | null {
  const { ledger } = world;
  const attempt = <T>(text: string, path: WrittenClaim['path'], act: () => T): T | null => {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { expected, received, hint } = error;
      ledger.add({ path, expected, received: `${received} in ${show(text)}`, hint });
      return null;
    }
  };
  const axes = new Set<string>();
  const statement = attempt(written.say, written.path, () =>
    typeStatement(parseExpression(written.say), { ...world, met: axes }),
  );
  const { where } = written;
  const path = [...written.path.slice(0, 3), 'where'];
  const takes = where === null ? () => true : attempt(where, path, () => openFilter(where, world));
  return statement && takes ? { ...written, statement, axes, takes } : null;
}

/** null where it is none: a mistake then. */
export function figureNamed(name: string, path: Path, { ledger, figures }: ClaimWorld): Figure | null {
  const found = figures.find(name);
  if (!found) ledger.checkKnown(name, path, 'a figure', figures.known(name));
  return found ?? null;
}

/** The same of an axis. */
export function axisNamed(name: string, path: Path, { axes, ledger }: ClaimWorld): SweepAxis | null {
  const found = axes.find((axis) => axis.short === name || axis.name === name);
  if (!found)
    ledger.checkKnown(
      name,
      path,
      'an axis of the document',
      axes.map(({ short }) => short),
    );
  return found ?? null;
}

/** `met`: takes the names of the axes that the claim speaks of. */
interface Typing extends ClaimWorld {
  readonly met: Set<string>;
}

function typeStatement(tree: Expression, world: Typing): Statement {
  if (tree.kind === 'not') return { kind: 'not', of: typeStatement(tree.of, world) };
  if (tree.kind === 'in') {
    const labels = tree.list.map((one) => wordOf(one, 'a label'));
    return typeWinner(tree.left, labels, true, world);
  }
  if (tree.kind !== 'binary') throw new ExpressionError('a comparison', tell(tree));
  const { sign, left, right } = tree;
  if (sign === 'and' || sign === 'or')
    return { kind: sign, left: typeStatement(left, world), right: typeStatement(right, world) };
  if (!isSign(sign)) throw new ExpressionError('a comparison', tell(tree));
  if (isWinner(left)) {
    if (sign !== '==' && sign !== '!=') throw new ExpressionError('winner(...) == "label", != or in', sign);
    return typeWinner(left, [wordOf(right, 'a label')], sign === '==', world);
  }
  const [a, b] = [typeQuantity(left, world), typeQuantity(right, world)];
  fitUnits(sign, unitOfQuantity(a), unitOfQuantity(b));
  return { kind: 'compare', sign, left: a, right: b };
}

const SIGNS: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
const isSign = (sign: string): sign is Sign => SIGNS.includes(sign);
const isWinner = (tree: Expression): tree is Extract<Expression, { kind: 'call' }> =>
  tree.kind === 'call' && tree.name === 'winner';

/** `winner(throughput, by: fleet)`: the label whose figure is the best. */
function typeWinner(tree: Expression, labels: readonly string[], is: boolean, world: Typing): Statement {
  if (!isWinner(tree)) throw new ExpressionError('winner(FIGURE, by: AXIS) before it', tell(tree));
  const [figure, by] = tree.given;
  if (!figure || tree.given.length > 2 || (by && by.key !== 'by' && by.key !== ''))
    throw new ExpressionError('winner(FIGURE, by: AXIS)', 'something else between its brackets');
  const axis = by ? axisOf(nameOf(by.value), world) : comparedAxis(world);
  for (const label of labels) labelOf(axis, label);
  world.met.add(axis.name);
  return { kind: 'winner', figure: figureOf(figure.value, world), axis: axis.name, labels, is };
}

function typeQuantity(tree: Expression, world: Typing): Quantity {
  if (tree.kind === 'number') return { kind: 'number', value: tree.value, unit: writtenUnit(tree) };
  if (tree.kind === 'minus')
    return {
      kind: 'sum',
      sign: '-',
      left: { kind: 'number', value: 0, unit: null },
      right: typeQuantity(tree.of, world),
    };
  if (tree.kind === 'of') {
    const which = tree.which.map(({ key, value }) => typeChoice(key, value, world));
    return { kind: 'figure', figure: figureOf(tree.figure, world), which: new Map(which) };
  }
  if (tree.kind !== 'binary') return { kind: 'figure', figure: figureOf(tree, world), which: new Map() };
  const { sign, left, right } = tree;
  if (sign !== '+' && sign !== '-' && sign !== '*' && sign !== '/') throw new ExpressionError('a number', tell(tree));
  return { kind: 'sum', sign, left: typeQuantity(left, world), right: typeQuantity(right, world) };
}

function typeChoice(key: string, value: Expression, world: Typing): readonly [string, string] {
  const axis = key === '' ? comparedAxis(world) : axisOf(key, world);
  world.met.add(axis.name);
  return [axis.name, labelOf(axis, value.kind === 'number' ? value.text : wordOf(value, `a label of ${axis.short}`))];
}

function figureOf(tree: Expression, { figures }: ClaimWorld): Figure {
  const name =
    tree.kind === 'call' ? `${tree.name}(${tree.given.map(({ value }) => nameOf(value)).join(', ')})` : nameOf(tree);
  const found = figures.find(name);
  if (found) return found;
  const all = figures.known(name);
  const plain = FIGURES.map((figure) => figure.name).join(', ');
  throw new ExpressionError('a figure', name, didYouMean(name, all) ?? `${plain}, and p99(ttft) and the like`);
}

function axisOf(name: string, { axes }: ClaimWorld): SweepAxis {
  const found = axes.find((axis) => axis.short === name || axis.name === name);
  if (found) return found;
  const known = axes.map((axis) => axis.short);
  throw new ExpressionError('an axis of the document', name, didYouMean(name, known) ?? `known: ${known.join(', ')}`);
}

function comparedAxis(world: ClaimWorld): SweepAxis {
  if (world.compare !== null) return axisOf(world.compare, world);
  throw new ExpressionError('the axis: winner(..., by: AXIS), of (AXIS: "label"), or study.compare', 'none');
}

function labelOf({ short, labels }: SweepAxis, label: string): string {
  const found = labels.find((one) => one === label || (label !== '' && Number(one) === Number(label)));
  if (found !== undefined) return found;
  throw new ExpressionError(
    `a label of ${short}`,
    show(label),
    didYouMean(label, labels) ?? `known: ${labels.join(', ')}`,
  );
}

function nameOf(tree: Expression): string {
  if (tree.kind === 'name') return tree.name;
  if (tree.kind === 'word') return tree.value;
  throw new ExpressionError('a name', tell(tree));
}

function wordOf(tree: Expression, noun: string): string {
  if (tree.kind === 'word') return tree.value;
  if (tree.kind === 'name') return tree.name;
  if (tree.kind === 'number') return tree.text;
  throw new ExpressionError(noun, tell(tree));
}

function tell(tree: Expression): string {
  if (tree.kind === 'number') return tree.text;
  if (tree.kind === 'word') return show(tree.value);
  if (tree.kind === 'name') return tree.name;
  return tree.kind === 'call' ? `${tree.name}(...)` : tree.kind === 'binary' ? `a ${tree.sign}` : `a ${tree.kind}`;
}

/** A condition on the labels of a row: numbers compare as numbers. An axis that the row does not meet is the word "". */
function openFilter(text: string, world: ClaimWorld): (labels: Which) => boolean {
  const tree = parseExpression(text);
  const axes = new Map([...namesIn(tree)].map((name) => [name, axisOf(name, world)] as const));
  const truthOf = (labels: Which): boolean => {
    const value = evaluate(tree, {
      noun: 'an axis',
      known: [],
      find: (name) => read(labels.get(axes.get(name)!.name)),
    });
    if (value.is === 'truth') return value.value;
    throw new ExpressionError('a comparison', show(value.value));
  };
  truthOf(new Map(world.axes.map((axis) => [axis.name, axis.labels[0]!])));
  return truthOf;
}

function read(label: string | undefined): Value {
  const isNumber = label !== undefined && label !== '' && String(Number(label)) === label;
  return isNumber ? { is: 'number', value: Number(label), unit: 'number' } : { is: 'word', value: label ?? '' };
}
