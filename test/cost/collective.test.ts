// The closed forms of exchanges: kernel against twin, textbook values, and the laws.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as ids from '../../assembly/layout/collectives.ts';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { collectiveTimeTwin, type Links } from '../../src/plan/collective-twin.ts';

const arena = openArena(1 << 16);
const kernels = loadKernels(arena.memory);
const OPS = Object.values(ids);

const links = fc.record({
  hopIn: fc.double({ min: 1e-7, max: 1e-5, noNaN: true }),
  byteIn: fc.double({ min: 1e-12, max: 1e-9, noNaN: true }),
  hopOut: fc.double({ min: 1e-6, max: 1e-4, noNaN: true }),
  byteOut: fc.double({ min: 1e-11, max: 1e-8, noNaN: true }),
});
const group = fc.tuple(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 9 }));
const bytes = fc.double({ min: 0, max: 1e10, noNaN: true });
const seconds = (op: number, inside: number, across: number, m: number, at: Links): number =>
  kernels.collectiveTime(op, inside, across, m, at.hopIn, at.byteIn, at.hopOut, at.byteOut);

describe('collectiveTime', () => {
  it('gives the bits of its twin', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPS), group, bytes, links, (op, [inside, across], m, at) => {
        expect(seconds(op, inside, across, m, at)).toBe(collectiveTimeTwin(op, inside, across, m, at));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('L7: never cheaper with a larger message or slower links', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPS), group, bytes, bytes, links, (op, [inside, across], m, more, at) => {
        const price = seconds(op, inside, across, m, at);
        expect(seconds(op, inside, across, m + more, at)).toBeGreaterThanOrEqual(price);
        const slower = { ...at, byteIn: at.byteIn * 2, byteOut: at.byteOut * 2 };
        expect(seconds(op, inside, across, m, slower)).toBeGreaterThanOrEqual(price);
      }),
      { seed: 2 },
    );
  });

  it('follows the textbook: tree for small messages, ring for large ones, nothing for one device', () => {
    const at: Links = { hopIn: 1e-6, byteIn: 1e-11, hopOut: 5e-6, byteOut: 1e-10 };
    expect(seconds(ids.COLLECTIVE_ALL_REDUCE, 8, 1, 8, at)).toBeCloseTo(6e-6 + 6 * 8e-11, 15);
    expect(seconds(ids.COLLECTIVE_ALL_REDUCE, 8, 1, 1e9, at)).toBeCloseTo(14e-6 + 1.75 * 1e-2, 12);
    expect(seconds(ids.COLLECTIVE_ALL_GATHER, 4, 1, 4e6, at)).toBeCloseTo(2e-6 + 3e6 * 1e-11, 12);
    expect(seconds(ids.COLLECTIVE_ALL_REDUCE, 1, 1, 1e9, at)).toBe(0);
    expect(seconds(ids.COLLECTIVE_SEND_RECV, 8, 1, 1e6, at)).toBeCloseTo(1e-6 + 1e-5, 12);
    expect(seconds(ids.COLLECTIVE_SEND_RECV, 8, 2, 1e6, at)).toBeCloseTo(5e-6 + 1e-4, 12);
  });

  it('crosses servers in two levels: inside first, a share of the message between the peers', () => {
    const at: Links = { hopIn: 1e-6, byteIn: 1e-11, hopOut: 5e-6, byteOut: 1e-10 };
    const inside = 2 * (3e-6 + (7 / 8) * 8e6 * 1e-11);
    const across = Math.min(2 * 5e-6 + 1e6 * 1e-10, 2 * (5e-6 + 1e6 * 1e-10));
    expect(seconds(ids.COLLECTIVE_ALL_REDUCE, 8, 2, 8e6, at)).toBeCloseTo(inside + across, 12);
  });
});

describe('priceCollective', () => {
  it('adds count times the price to every row, and nothing for an empty message', () => {
    const message = arena.f64(3);
    const out = arena.f64(4);
    message.set([0, 1, 1000]);
    out.fill(7);
    const at: Links = { hopIn: 1e-6, byteIn: 1e-9, hopOut: 0, byteOut: 0 };
    const op = ids.COLLECTIVE_ALL_REDUCE;
    kernels.priceCollective(op, 8, 1, 3, message.byteOffset, out.byteOffset, 16384, 1e-6, 1e-9, 0, 0, 80);
    const expected = [0, 16384, 16384000].map((m) => 7 + (m > 0 ? 80 * collectiveTimeTwin(op, 8, 1, m, at) : 0));
    expect(Array.from(out)).toEqual([...expected, 7]);
  });
});
