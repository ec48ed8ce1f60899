// Equality of what is large: told as vitest tells it, but looked for natively first, which takes a fraction of the time.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** `toEqual`: strict equality implies it, and whatever is not strictly equal is left to it. */
export function expectSame(got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) expect(got).toEqual(expected);
}
