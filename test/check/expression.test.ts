// Expressions: precedence and arithmetic against JavaScript's own, units that fit or are refused, words for what is wrong.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { evaluate, type Names } from '../../src/check/expression/evaluate.ts';
import { parseExpression } from '../../src/check/expression/parse.ts';
import { ExpressionError } from '../../src/check/expression/tokens.ts';

const NAMES: Names = {
  noun: 'a name of the test',
  known: ['n', 'p', 'chunk'],
  find: (name) => {
    if (name === 'n') return { is: 'number', value: 6, unit: 'number' };
    if (name === 'p') return { is: 'number', value: 4, unit: 'number' };
    return name === 'chunk' ? { is: 'word', value: 'auto' } : undefined;
  },
};
const worth = (text: string) => evaluate(parseExpression(text), NAMES).value;

function mistake(text: string): ExpressionError {
  try {
    worth(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`${text} is fine`);
}

function refuses(text: string): boolean {
  try {
    worth(text);
    return false;
  } catch (error) {
    return error instanceof ExpressionError && text.includes('/');
  }
}

/** Texts that mean the same to JavaScript. */
const arithmetic = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.integer({ min: 0, max: 99 }).map(String), fc.constantFrom('n', 'p')),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.tuple(tie('node'), fc.constantFrom('+', '-', '*', '/'), tie('node')).map(([a, sign, b]) => `${a} ${sign} ${b}`),
    tie('node').map((inner) => `(${inner})`),
    tie('node').map((inner) => `-(${inner})`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `max(${a}, ${b})`),
  ),
})).node as fc.Arbitrary<string>;

describe('arithmetic', () => {
  it('is that of JavaScript, whatever stands beside whatever', () => {
    fc.assert(
      fc.property(arithmetic, (text) => {
        const own = new Function('n', 'p', 'max', `return ${text}`)(6, 4, Math.max) as number;
        // what is infinite inside is refused, also where max() would hide it
        const isRefused = !Number.isFinite(own) || (/max/.test(text) && refuses(text));
        if (!isRefused) expect(worth(text)).toBe(own);
        else expect(mistake(text).message).toMatch(/divisor|finite/);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test.each([
    ['2 + 3 * 4 ^ 2', 50],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['n - p - 1', 1],
    ['ceil(n / p)', 2],
    ['40%', 0.4],
    ['2 * 250ms', 0.5],
    ['3.35TB/s * 2s', 6.7e12],
    ['80GB / 3.35TB/s', 80e9 / 3.35e12],
    ['1_000 * 2', 2000],
  ])('%s = %s', (text, value) => {
    expect(worth(text)).toBeCloseTo(value, 12);
  });
});

describe('truths', () => {
  test.each([
    ['n == 6 and p < 5', true],
    ['not n == 6 or p == 4', true],
    ['n * p == 24', true],
    ['chunk == "auto"', true],
    ['chunk in ("none", "auto")', true],
    ['n in [1, 2, 3]', false],
    ['0.1 + 0.2 == 0.3', true],
    ['n > 1 and (p > 100 or n != 6)', false],
  ])('%s is %s', (text, value) => {
    expect(worth(text)).toBe(value);
  });
});

describe('mistakes', () => {
  test.each([
    ['n - q', 'a name of the test', 'q'],
    ['nn', 'a name of the test', 'nn'],
    ['4 / (p - 4)', 'a divisor other than 0', '4 / 0'],
    ['250ms + 1', 'units that fit', 'a time + a plain number'],
    ['250ms * 80GB', 'units that fit', 'a time * a size'],
    ['250ms == 1', 'units that fit', 'a time == a plain number'],
    ['chunk + 1', 'a number beside +', 'the word "auto"'],
    ['n and p == 4', 'a comparison beside and', '6'],
    ['n -', 'a number, a name, a "word" or (', 'the end'],
    ['(n - p', 'a closing )', 'the end'],
    ['n < p < 3', 'one comparison at a time', '<'],
    ['3 n', 'the end, or a sign', 'n'],
    ['5 furlongs', 'the end, or a sign', 'furlongs'],
    ['5furlongs', 'a number with a known unit', '5furlongs'],
    ['n # p', 'a number, a name', '#'],
    ['sqrt(n)', 'a function: min', 'sqrt(...)'],
    ['floor(n, p)', 'floor of one value', '2'],
    ['log2(250ms)', 'a plain number', 'log2 of a time'],
    ['10 ^ 400', 'a finite number', '10 ^ 400'],
  ])('%s', (text, expected, received) => {
    const found = mistake(text);
    expect(found.expected).toContain(expected);
    expect(found.received).toContain(received);
  });

  it('offers the nearest name', () => {
    expect(mistake('chunks == 1').hint).toContain('chunk');
  });
});
