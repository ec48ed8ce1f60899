// Max-min fair shares: bit for bit as the twin, and law L8.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openArena } from '../../src/columns/arena.ts';
import { loadKernels } from '../../src/kernels/load.ts';
import { fairShareLinksTwin, fairShareTwin, type Stream, sum } from '../reference/fair-share.ts';

const MOST = 24;
const LINKS = 6;
const arena = openArena(1 << 16);
const kernels = loadKernels(arena.memory);
const [demands, weights, granted] = [arena.f64(MOST), arena.f64(MOST), arena.f64(MOST)];
const [capacities, scratch] = [arena.f64(LINKS), arena.f64(2 * LINKS)];
const [offsets, crossed] = [arena.i32(MOST + 1), arena.i32(MOST * LINKS)];

function place(streams: readonly Pick<Stream, 'demand' | 'weight'>[]): void {
  granted.fill(-7);
  streams.forEach(({ demand, weight }, i) => {
    demands[i] = demand;
    weights[i] = weight;
  });
}

function share(streams: readonly Pick<Stream, 'demand' | 'weight'>[], capacity: number): number[] {
  place(streams);
  kernels.fairShare(streams.length, demands.byteOffset, weights.byteOffset, granted.byteOffset, capacity);
  expect(granted.subarray(streams.length).every((value) => value === -7)).toBe(true);
  return Array.from(granted.subarray(0, streams.length));
}

function shareLinks(streams: readonly Stream[], capacity: readonly number[]): number[] {
  place(streams);
  capacities.set(capacity);
  let at = 0;
  streams.forEach(({ links }, i) => {
    offsets[i] = at;
    crossed.set(links, at);
    at += links.length;
  });
  offsets[streams.length] = at;
  const columns = [demands, weights, offsets, crossed, capacities, granted, scratch].map((column) => column.byteOffset);
  const [demand, weight, offset, link, carries, out, work] = columns as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  kernels.fairShareLinks(streams.length, capacity.length, demand, weight, offset, link, carries, out, work);
  return Array.from(granted.subarray(0, streams.length));
}

/** Few round figures (so that streams tie and sums are full to the last bit), and anything above the subnormals. */
const figure = fc.oneof(
  fc.constantFrom(0, 0.1, 0.2, 0.3, 0.6, 1, 2, 3),
  fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
);
const asked = fc.oneof({ arbitrary: figure, weight: 5 }, fc.constant(Number.POSITIVE_INFINITY));
const weighs = fc.oneof(fc.constantFrom(1, 1, 2), fc.double({ min: 1e-3, max: 1e3, noNaN: true }));
const way = fc.uniqueArray(fc.nat(LINKS - 1), { minLength: 1, maxLength: LINKS });
const drawStreams = fc.array(fc.record({ demand: asked, weight: weighs, links: way }), {
  maxLength: MOST,
  size: 'max',
});
const drawCapacities = fc.array(figure, { minLength: LINKS, maxLength: LINKS });
const RUNS = { seed: 40, numRuns: 1500 };
const CLOSE = 1e-9;

describe('one channel', () => {
  test('gives the bits of its twin', () => {
    fc.assert(
      fc.property(drawStreams, figure, (streams, capacity) => {
        const twin = fairShareTwin(
          streams.map(({ demand }) => demand),
          streams.map(({ weight }) => weight),
          capacity,
        );
        expect(share(streams, capacity)).toEqual(twin);
      }),
      RUNS,
    );
  });

  test('L8: no share exceeds its demand, their sum never the capacity, and nothing is left that somebody wants', () => {
    fc.assert(
      fc.property(drawStreams, figure, (streams, capacity) => {
        const shares = share(streams, capacity);
        streams.forEach(({ demand }, i) => {
          expect(shares[i]).toBeGreaterThanOrEqual(0);
          expect(shares[i]).toBeLessThanOrEqual(demand);
        });
        expect(sum(shares)).toBeLessThanOrEqual(capacity);
        const wanted = Math.min(capacity, sum(streams.map(({ demand }) => demand)));
        expect(sum(shares)).toBeGreaterThanOrEqual(wanted * (1 - CLOSE));
      }),
      RUNS,
    );
  });

  test('is max-min fair: one level, and whoever has less than its share of it has all that it asks for', () => {
    fc.assert(
      fc.property(drawStreams, figure, (streams, capacity) => {
        const shares = share(streams, capacity);
        const level = Math.max(0, ...shares.map((granted, i) => granted / streams[i]!.weight));
        streams.forEach(({ demand, weight }, i) => {
          if (shares[i]! < level * weight * (1 - CLOSE)) expect(shares[i]).toBe(demand);
        });
      }),
      RUNS,
    );
  });

  test('equal streams get equal bits, wherever they stand', () => {
    fc.assert(
      fc.property(drawStreams, figure, (streams, capacity) => {
        const shares = share(streams, capacity);
        streams.forEach((one, i) => {
          const twin = streams.findIndex(({ demand, weight }) => demand === one.demand && weight === one.weight);
          expect(shares[i]).toBe(shares[twin]);
        });
      }),
      RUNS,
    );
  });

  test('three by hand: 1 wants little, two share the rest by weight', () => {
    const streams = [
      { demand: 1, weight: 1 },
      { demand: Number.POSITIVE_INFINITY, weight: 1 },
      { demand: 100, weight: 2 },
    ];
    expect(share(streams, 10)).toEqual([1, 3, 6]);
    expect(share(streams, 0)).toEqual([0, 0, 0]);
  });

  test('0.1 + 0.2 + 0.3 passes 0.6 by a bit: the shares do not', () => {
    const shares = share(
      [0.1, 0.2, 0.3].map((demand) => ({ demand, weight: 1 })),
      0.6,
    );
    expect(0.1 + 0.2 + 0.3).toBeGreaterThan(0.6);
    expect(sum(shares)).toBeLessThanOrEqual(0.6);
    expect(shares.slice(0, 2)).toEqual([0.1, 0.2]);
  });
});

describe('several links', () => {
  test('gives the bits of its twin', () => {
    fc.assert(
      fc.property(drawStreams, drawCapacities, (streams, capacity) => {
        expect(shareLinks(streams, capacity)).toEqual(fairShareLinksTwin(streams, capacity));
      }),
      RUNS,
    );
  });

  test('L8: no share exceeds its demand, no link its capacity', () => {
    fc.assert(
      fc.property(drawStreams, drawCapacities, (streams, capacity) => {
        const shares = shareLinks(streams, capacity);
        streams.forEach(({ demand }, i) => {
          expect(shares[i]).toBeGreaterThanOrEqual(0);
          expect(shares[i]).toBeLessThanOrEqual(demand);
        });
        capacity.forEach((carries, link) => {
          expect(sum(shares.filter((_, i) => streams[i]!.links.includes(link)))).toBeLessThanOrEqual(carries);
        });
      }),
      RUNS,
    );
  });

  test('is max-min fair: who gets less than it asks for crosses a full link on which nobody has a higher level', () => {
    fc.assert(
      fc.property(drawStreams, drawCapacities, (streams, capacity) => {
        const shares = shareLinks(streams, capacity);
        const level = (i: number) => shares[i]! / streams[i]!.weight;
        const used = capacity.map((_, link) => sum(shares.filter((_, i) => streams[i]!.links.includes(link))));
        streams.forEach(({ demand, links }, i) => {
          if (shares[i]! >= demand * (1 - CLOSE)) return;
          const held = links.some((link) => {
            const others = streams.flatMap((stream, j) => (stream.links.includes(link) ? [level(j)] : []));
            return used[link]! >= capacity[link]! * (1 - CLOSE) && level(i) >= Math.max(...others) * (1 - CLOSE);
          });
          expect(held).toBe(true);
        });
      }),
      RUNS,
    );
  });

  test('over a single link it is the share of one channel', () => {
    fc.assert(
      fc.property(drawStreams, figure, (streams, capacity) => {
        const alone = streams.map((stream) => ({ ...stream, links: [0] }));
        const expected = share(alone, capacity);
        shareLinks(alone, [capacity]).forEach((value, i) => {
          expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(CLOSE * expected[i]!);
        });
      }),
      { ...RUNS, numRuns: 300 },
    );
  });

  test('by hand: a long way is held by its narrowest link, and the others take what it leaves', () => {
    const free = { demand: Number.POSITIVE_INFINITY, weight: 1 };
    const streams = [
      { ...free, links: [0, 1] },
      { ...free, links: [0] },
      { ...free, links: [1] },
    ];
    expect(shareLinks(streams, [10, 4])).toEqual([2, 8, 2]);
  });
});
