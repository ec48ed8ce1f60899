// Of each kind of device one row that keeps the promise: found by steps that grow and by halving, whatever is kept from where on.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextPlaces, noteTried, openQueue } from '../../src/run/settle.ts';

/** Tries of a search among so many rows, of which those from `first` on keep the promise; and what it found. */
function search(count: number, first: number) {
  const queue = openQueue(Array.from({ length: count }, (_, i) => 100 + i));
  const tried: number[] = [];
  for (let places = nextPlaces(queue); places.length > 0; places = nextPlaces(queue)) {
    tried.push(...places);
    noteTried(queue, places, (row) => row - 100 >= first);
  }
  return { tried, kept: queue.kept };
}

const sizes = fc
  .integer({ min: 1, max: 5000 })
  .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 0, max: count })));

test('finds the first row from which on all keep it, or that none does, in few tries and no row twice', () => {
  fc.assert(
    fc.property(sizes, ([count, first]) => {
      const { tried, kept } = search(count, first);
      expect(kept).toBe(first);
      expect(new Set(tried).size).toBe(tried.length);
      // eight rows a step that doubles, then one row a halving
      expect(tried.length).toBeLessThanOrEqual(
        8 * Math.ceil(Math.log2(count / 8 + 2)) + Math.ceil(Math.log2(count + 1)) + 1,
      );
    }),
  );
});
