// What quantities of a claim measure: seconds are held against seconds, and a literal zero divides nothing. Plain numbers are in the figure's
// own unit, so that `p99(ttft) < 1` is a second.
import type { Expression } from '../check/expression/parse.ts';
import { ExpressionError } from '../check/expression/tokens.ts';
import type { UnitKind } from '../check/units.ts';
import type { Quantity } from './claim.ts';

const OF_KIND: Readonly<Record<Exclude<UnitKind, 'number' | 'share'>, string>> = {
  time: 's',
  bytes: 'bytes',
  bandwidth: 'bytes/s',
  power: 'W',
};

/** The unit of a number that is written with one; null of a plain one. */
export function writtenUnit({ unit }: Extract<Expression, { kind: 'number' }>): string | null {
  return unit === 'number' || unit === 'share' ? null : OF_KIND[unit];
}

/** null: a plain number, which goes with any unit. Throws ExpressionError where units do not fit. */
export function unitOfQuantity(quantity: Quantity): string | null {
  if (quantity.kind === 'number') return quantity.unit;
  // a load is requests/s or requests in flight, as the workload has it
  if (quantity.kind === 'figure') return quantity.figure.name === 'load' ? null : quantity.figure.unit;
  const { sign, left, right } = quantity;
  const [a, b] = [unitOfQuantity(left), unitOfQuantity(right)];
  if (sign === '+' || sign === '-') return fitUnits(sign, a, b);
  if (sign === '/' && isZero(right)) throw new ExpressionError('a divisor other than 0', '0 behind /');
  if (isPlain(b)) return a;
  if (sign === '/') return a === b ? '' : `${a || '1'} / (${b})`;
  return isPlain(a) ? b : [a, b].sort().join(' * ');
}

const isPlain = (unit: string | null): boolean => unit === null || unit === '';
const isZero = (quantity: Quantity): boolean => quantity.kind === 'number' && quantity.value === 0;

/** The unit of both; throws where one is not the other. */
export function fitUnits(sign: string, a: string | null, b: string | null): string | null {
  if (a === null || b === null || a === b) return a ?? b;
  throw new ExpressionError('units that fit', `${a || 'a plain figure'} ${sign} ${b || 'a plain figure'}`);
}
