// Tokens of an expression to a tree, by precedence: or, and, not, one comparison, + -, * /, sign, ^, and `FIGURE of WHICH`.
import type { UnitKind } from '../units.ts';
import { ExpressionError, type Token, tokenise } from './tokens.ts';

export type Operator = '+' | '-' | '*' | '/' | '^' | 'and' | 'or' | Comparison;
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** `chunk: 512` of a call or of a choice; the key is '' where none is given. */
export interface Argument {
  readonly key: string;
  readonly value: Expression;
}

export type Expression =
  | { readonly kind: 'number'; readonly value: number; readonly unit: UnitKind; readonly text: string }
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly given: readonly Argument[] }
  | { readonly kind: 'minus'; readonly of: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly sign: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'in'; readonly left: Expression; readonly list: readonly Expression[] }
  /** A figure of what is chosen: `p90(e2el) of "B"`, `of (fleet: "B", chunk: 512)`. */
  | { readonly kind: 'of'; readonly figure: Expression; readonly which: readonly Argument[] };

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='];
const WORDS: readonly string[] = ['and', 'or', 'not', 'in', 'of'];

/** Throws ExpressionError. */
export function parseExpression(text: string): Expression {
  const reader = new Reader(tokenise(text));
  const tree = reader.either();
  reader.end();
  return tree;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  either(): Expression {
    let left = this.both();
    while (this.#take('or')) left = { kind: 'binary', sign: 'or', left, right: this.both() };
    return left;
  }

  both(): Expression {
    let left = this.denied();
    while (this.#take('and')) left = { kind: 'binary', sign: 'and', left, right: this.denied() };
    return left;
  }

  denied(): Expression {
    return this.#take('not') ? { kind: 'not', of: this.denied() } : this.compared();
  }

  compared(): Expression {
    const left = this.sum();
    if (this.#take('in')) return { kind: 'in', left, list: this.list() };
    const sign = this.#any(COMPARISONS);
    if (sign === null) return left;
    // "p90(e2el) of B < of A": the same figure of another
    const right = this.#is('of') && left.kind === 'of' ? this.chosen(left.figure) : this.sum();
    if (COMPARISONS.includes(this.#token().text)) this.#refuse('one comparison at a time: a < b and b < c');
    return { kind: 'binary', sign: sign as Comparison, left, right };
  }

  sum(): Expression {
    let left = this.product();
    for (let sign = this.#any(['+', '-']); sign; sign = this.#any(['+', '-']))
      left = { kind: 'binary', sign: sign as Operator, left, right: this.product() };
    return left;
  }

  product(): Expression {
    let left = this.signed();
    for (let sign = this.#any(['*', '/']); sign; sign = this.#any(['*', '/']))
      left = { kind: 'binary', sign: sign as Operator, left, right: this.signed() };
    return left;
  }

  signed(): Expression {
    if (this.#take('-')) return { kind: 'minus', of: this.signed() };
    const left = this.chosen(this.atom());
    return this.#take('^') ? { kind: 'binary', sign: '^', left, right: this.signed() } : left;
  }

  /** What stands behind a figure, if anything does. */
  chosen(figure: Expression): Expression {
    if (!this.#take('of')) return figure;
    if (this.#take('(')) return { kind: 'of', figure, which: this.given(')') };
    const token = this.#next();
    const value = this.atomOf(token);
    return { kind: 'of', figure, which: [{ key: '', value }] };
  }

  atom(): Expression {
    return this.atomOf(this.#next());
  }

  atomOf(token: Token): Expression {
    if (token.kind === 'number') return { kind: 'number', value: token.value, unit: token.unit, text: token.text };
    if (token.kind === 'word') return { kind: 'word', value: token.value };
    if (token.kind === 'name' && !WORDS.includes(token.text)) {
      if (!this.#take('(')) return { kind: 'name', name: token.text };
      return { kind: 'call', name: token.text, given: this.given(')') };
    }
    if (token.text !== '(') throw new ExpressionError('a number, a name, a "word" or (', token.text);
    const inner = this.either();
    if (!this.#take(')')) this.#refuse('a closing )');
    return inner;
  }

  list(): Expression[] {
    const end = this.#take('[') ? ']' : ')';
    if (end === ')' && !this.#take('(')) this.#refuse('a list such as ("a", "b")');
    return this.given(end).map(({ value }) => value);
  }

  /** Up to the closing sign, with commas between. */
  given(end: string): Argument[] {
    const found: Argument[] = [];
    while (!this.#take(end)) {
      if (found.length > 0 && !this.#take(',')) this.#refuse(`a comma or ${end}`);
      const key = this.#token();
      const named = key.kind === 'name' && this.#tokens[this.#at + 1]?.text === ':';
      if (named) this.#at += 2;
      found.push({ key: named ? key.text : '', value: this.either() });
    }
    return found;
  }

  end(): void {
    if (this.#token().kind !== 'end') this.#refuse('the end, or a sign such as + - * / between two values');
  }

  #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#token();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#token();
    return token.kind !== 'word' && token.kind !== 'end' && token.text === text;
  }

  #take(text: string): boolean {
    const found = this.#is(text);
    if (found) this.#at++;
    return found;
  }

  #any(texts: readonly string[]): string | null {
    const found = texts.find((text) => this.#is(text));
    if (found !== undefined) this.#at++;
    return found ?? null;
  }

  #refuse(expected: string): never {
    throw new ExpressionError(expected, this.#token().text);
  }
}

/** Every name that an expression asks for, functions left out. */
export function namesIn(tree: Expression, found = new Set<string>()): Set<string> {
  if (tree.kind === 'name') found.add(tree.name);
  if (tree.kind === 'minus' || tree.kind === 'not') namesIn(tree.of, found);
  if (tree.kind === 'binary') {
    namesIn(tree.left, found);
    namesIn(tree.right, found);
  }
  if (tree.kind === 'call') for (const { value } of tree.given) namesIn(value, found);
  if (tree.kind === 'in') for (const one of [tree.left, ...tree.list]) namesIn(one, found);
  if (tree.kind === 'of') namesIn(tree.figure, found);
  return found;
}
