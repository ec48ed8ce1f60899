// What takes a share takes it as 0.5 and as "50%", wherever it stands.
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { specSchema } from '../../src/spec/fleet/schema.ts';
import { numericOf, openSchema } from '../../src/spec/numeric.ts';

type Schema = z.core.$ZodType;
interface Def {
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly items?: readonly Schema[];
}

/** Every place of a document that takes a number, by its path. */
function numbersOf(schema: Schema, path: string, found: Map<string, Schema>, seen: Set<Schema>): Map<string, Schema> {
  for (const one of openSchema(schema)) {
    if (numericOf([one])) found.set(path, one);
    if (seen.has(one)) continue;
    seen.add(one);
    const { shape = {}, valueType, element, items = [] } = one._zod.def as unknown as Def;
    for (const [key, inner] of Object.entries(shape)) numbersOf(inner, `${path}.${key}`, found, seen);
    for (const inner of [valueType, element, ...items]) if (inner) numbersOf(inner, `${path}[]`, found, seen);
  }
  return found;
}

const takes = (schema: Schema, value: unknown): boolean => (schema as z.ZodType).safeParse(value).success;

test('a number between 0 and 1 is a share, and takes %', () => {
  const numbers = [...numbersOf(specSchema, '', new Map(), new Set())];
  const shares = numbers.filter(([, one]) => takes(one, 0.5) && !takes(one, 1.5) && numericOf([one])?.unit !== 'time');
  expect(shares.filter(([, one]) => !takes(one, '50%')).map(([path]) => path)).toEqual([]);
  expect(shares.filter(([, one]) => takes(one, '150%') || takes(one, '-1%')).map(([path]) => path)).toEqual([]);
  expect(shares.length).toBeGreaterThan(9);
  // what is no share has no part of anything
  const others = numbers.filter(([path, one]) => !shares.some(([known]) => known === path) && takes(one, '50%'));
  expect(others.map(([path]) => path.split('.').at(-1))).toEqual(['target']);
});
