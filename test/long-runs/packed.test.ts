// What is packed comes back the same, every bit of every number.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pack, unpack } from '../../src/run/packed.ts';

const leaf = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, -0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, 5e-324),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.double()).map((list) => Float64Array.from(list)),
  fc.array(fc.integer()).map((list) => Int32Array.from(list)),
);
const key = fc.stringMatching(/^[a-z_]{1,6}$/);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  map: fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
}));

test('what is packed comes back as it was', () => {
  fc.assert(
    fc.property(value, (one) => {
      expect(unpack(pack(one))).toStrictEqual(one);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('values of one kind share their frame, whatever their numbers', () => {
  const make = (x: number) => ({ name: 'a', list: [x, { y: -x }], column: Float64Array.of(x, x, x) });
  expect(pack(make(1)).frame).toBe(pack(make(Number.NaN)).frame);
  expect(pack(make(1)).frame).not.toBe(pack({ ...make(1), name: 'b' }).frame);
});
