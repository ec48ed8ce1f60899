// Of more rows than fit those with the lowest floors are kept, whatever the order of the parts, and the rest is counted with its bar.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherLegal, openInOrder } from '../../src/run/legal.ts';

const parts = fc.array(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 9 }), { maxLength: 30 });

test('what is left out is no better than what is kept, and nothing is lost', () => {
  let cut = 0;
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 40 }), (lists, most) => {
      const gathered = gatherLegal(most);
      let row = 0;
      for (const floors of lists)
        gathered.add({ row: Float64Array.from(floors, () => row++), floor: Float64Array.from(floors) });
      const { row: kept, floor, beyond, beyondFloor } = gathered.done();
      const all = lists.flat();
      expect(kept.length + beyond).toBe(all.length);
      expect(kept.length).toBeLessThanOrEqual(2 * most);
      for (const [i, own] of kept.entries()) expect(all[own]).toBe(floor[i]);
      const gone = all.filter((_, i) => !kept.includes(i));
      for (const one of gone) expect(one).toBeGreaterThanOrEqual(beyondFloor);
      expect(beyondFloor).toBe(gone.length > 0 ? Math.min(...gone) : Number.POSITIVE_INFINITY);
      if (beyond > 0) cut++;
    }),
  );
  expect(cut).toBeGreaterThan(10);
});

test('reports are handed on in order, and those behind a gap at the end', () => {
  const seen: number[] = [];
  const inOrder = openInOrder(({ block }: { block: number }) => seen.push(block));
  for (const block of [2, 0, 4, 1]) inOrder.take({ block });
  expect(seen).toEqual([0, 1, 2]);
  inOrder.rest();
  expect(seen).toEqual([0, 1, 2, 4]);
});
