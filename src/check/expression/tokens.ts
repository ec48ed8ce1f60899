// Text of an expression to tokens: numbers with their units, quoted words, names, signs.
import { measure, type UnitKind } from '../units.ts';

/** What is wrong with an expression, and where in its text. */
export class ExpressionError extends Error {
  readonly expected: string;
  readonly received: string;
  readonly hint: string | undefined;
  constructor(expected: string, received: string, hint?: string) {
    super(`expected ${expected}, received ${received}`);
    this.name = 'ExpressionError';
    this.expected = expected;
    this.received = received;
    this.hint = hint;
  }
}

export type Token =
  | { readonly kind: 'number'; readonly text: string; readonly value: number; readonly unit: UnitKind }
  | { readonly kind: 'word'; readonly text: string; readonly value: string }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: string }
  | { readonly kind: 'end'; readonly text: string };

const SPACE = /\s+/y;
const NUMBER = /(?:\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
/** A unit follows its number at once: 250ms, 3.35TB/s, 40%. */
const UNIT = /%|[A-Za-zµ]+(?:\/s)?/y;
const NAME = /[A-Za-z_][\w]*(?:\.[A-Za-z_][\w]*)*/y;
const WORD = /"([^"]*)"|'([^']*)'/y;
const SIGN = /==|!=|<=|>=|[<>+\-*/^(),:[\]]/y;
const UNITS: readonly UnitKind[] = ['number', 'time', 'bytes', 'bandwidth', 'power'];

/** Throws ExpressionError. The last token is `end`. */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    if (take(SPACE)) continue;
    const digits = take(NUMBER);
    if (digits) {
      tokens.push(numberOf(digits[0], take(UNIT)?.[0] ?? ''));
      continue;
    }
    const word = take(WORD);
    const name = word ? null : take(NAME);
    const sign = word || name ? null : take(SIGN);
    if (word) tokens.push({ kind: 'word', text: word[0], value: word[1] ?? word[2] ?? '' });
    else if (name) tokens.push({ kind: 'name', text: name[0] });
    else if (sign) tokens.push({ kind: 'sign', text: sign[0] });
    else
      throw new ExpressionError('a number, a name, a "word" or a sign such as + - * / ( )', `${text[at]} in ${text}`);
  }
  return [...tokens, { kind: 'end', text: 'the end' }];
}

function numberOf(digits: string, unit: string): Token {
  const text = `${digits}${unit}`;
  if (unit === '%') return { kind: 'number', text, value: Number(digits.replaceAll('_', '')) / 100, unit: 'number' };
  for (const kind of UNITS) {
    const reading = measure(text, kind);
    if (reading.ok) return { kind: 'number', text, value: reading.value, unit: unit === '' ? 'number' : kind };
  }
  throw new ExpressionError('a number with a known unit, such as 250ms, 80GB, 3.35TB/s, 400W or 40%', text);
}
