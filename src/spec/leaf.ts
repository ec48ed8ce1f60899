// Building blocks of the spec's schema. Convention: every error message is what was expected, in words (see structure.ts).
import { z } from 'zod';
import { measure, type UnitKind } from '../check/units.ts';
import { asNumeric } from './numeric.ts';

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** The value must be greater than this. */
  readonly above?: number;
  readonly integer?: boolean;
}

/** A number, or a text that reads as one: with underscores (80_000) or with a unit of `kind`. */
export function quantity(kind: UnitKind, expected: string, bounds: Bounds = {}) {
  const schema = z.union([plainNumber(expected, bounds), writtenNumber(kind, expected, bounds)], { error: expected });
  return asNumeric(schema, kind);
}

function plainNumber(expected: string, { min, max, above, integer }: Bounds) {
  let schema = integer ? z.int({ error: expected }) : z.number({ error: expected });
  schema = schema.min(min ?? 0, { error: expected });
  if (max !== undefined) schema = schema.max(max, { error: expected });
  if (above !== undefined) schema = schema.gt(above, { error: expected });
  return schema;
}

function writtenNumber(kind: UnitKind, expected: string, bounds: Bounds) {
  return z.string({ error: expected }).superRefine((text, context) => {
    const reading = measure(text, kind);
    if (!reading.ok) context.addIssue({ code: 'custom', message: expected, params: { hint: reading.hint } });
    else if (!inside(reading.value, bounds)) context.addIssue({ code: 'custom', message: expected });
  });
}

function inside(value: number, { min = 0, max = Infinity, above = -Infinity, integer = false }: Bounds): boolean {
  return value >= min && value <= max && value > above && (!integer || Number.isSafeInteger(value));
}

/** A time above 0 that says its unit: where people think in milliseconds, a plain number would be guessed. `words` are taken as they are. */
export function timeLeaf(expected: string, words?: RegExp) {
  const schema = z
    .string({
      error: ({ input }) => (typeof input === 'number' ? `a time with its unit: ${input}ms or ${input}s?` : expected),
    })
    .superRefine((text, context) => {
      if (words?.test(text.trim())) return;
      const reading = measure(text, 'time');
      const bare = /^[\d._e+-]+$/i.test(text.trim());
      const message = bare ? `a time with its unit: ${text.trim()}ms or ${text.trim()}s?` : expected;
      if (!reading.ok) context.addIssue({ code: 'custom', message, params: { hint: reading.hint } });
      else if (bare || !(reading.value > 0)) context.addIssue({ code: 'custom', message });
    });
  return asNumeric(schema, 'time', true, words);
}
export const timeWithUnit = timeLeaf('a time above 0, such as 250ms');

/** A whole number between `min` and `max`. */
export function count(min: number, max: number) {
  const words = min === 1 ? 'a positive integer' : `an integer from ${min}`;
  return quantity('number', `${words} up to ${max}`, { min, max, integer: true });
}

/** A number above 0. */
export function positive(expected = 'a number above 0') {
  return quantity('number', expected, { above: 0 });
}

/** One word of a closed list. */
export function word<const T extends readonly [string, ...string[]] | readonly string[]>(words: T) {
  return z.enum(words as unknown as [T[number], ...T[number][]], { error: `one of ${words.join(', ')}` });
}

/** A name looked up elsewhere (catalog ids, files). */
export function name(expected: string) {
  return z.string({ error: expected }).min(1, { error: expected });
}

/** An object with these keys and no others; the message of an unknown key lists the known ones, for nearest names. */
export function section<S extends z.core.$ZodLooseShape>(shape: S, expected: string) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? known : expected) });
}

/** What is expected of a share that cannot be nothing. */
export const PART = 'a share above 0 and at most 1, such as 0.9 or 90%';
const SHARE = 'a share from 0 to 100 %, such as 40% or 0.4';

/** 0.4 or "40%"; `above`: 0 is none. */
export function share(expected = SHARE, above = false) {
  return quantity('share', expected, { max: 1, ...(above ? { above: 0 } : {}) });
}

/** NaN where it is none. */
export function readShare(value: string | number): number {
  const reading = measure(value, 'share');
  return reading.ok ? reading.value : Number.NaN;
}
