// A number worked out anew of other numbers, for every request or visit: what somebody's own policy or cost is written in.
import type { UnitKind } from '../units.ts';
import { evaluate, number, wordOf } from './evaluate.ts';
import { namesIn, parseExpression } from './parse.ts';
import { ExpressionError } from './tokens.ts';

/** What the names of a formula measure. */
export type FormulaNames = Readonly<Record<string, UnitKind>>;
export type Formula<N extends FormulaNames> = (values: Readonly<Record<keyof N, number>>) => number;

/** Neither 0 nor 1, nor a whole number: what is divided by a difference of two of them is not divided by 0. */
const SAMPLE = 1.618;

/** The same arithmetic as everywhere (evaluate), in the unit asked for. Throws ExpressionError: unknown names and units here, a division by 0 when it comes to one. */
export function openFormula<N extends FormulaNames>(text: string, names: N, unit: UnitKind): Formula<N> {
  const tree = parseExpression(text);
  const known = Object.keys(names);
  const formula: Formula<N> = (values) => {
    const find = (name: string) =>
      Object.hasOwn(names, name) ? number(values[name as keyof N], names[name]!) : undefined;
    const found = evaluate(tree, { find, known, noun: 'a figure of the request' });
    if (found.is !== 'number') throw new ExpressionError(wordOf(unit), found.is === 'word' ? 'a word' : 'a comparison');
    if (found.unit !== unit) throw new ExpressionError(wordOf(unit), wordOf(found.unit));
    return found.value;
  };
  const used = [...namesIn(tree)].filter((name) => known.includes(name));
  const sample = Object.fromEntries(known.map((name, i) => [name, SAMPLE + used.indexOf(name) + i])) as Record<
    keyof N,
    number
  >;
  formula(sample);
  return formula;
}
