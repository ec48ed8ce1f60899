// Draws the links of a random fleet, and what is crossed between its places.
import fc from 'fast-check';
import type { FleetLink } from '../../src/plan/fleet.ts';

export const LOCATIONS = 3;
export const LINKS = 3;

export function drawLinks(
  bandwidth: fc.Arbitrary<number>,
  seconds: (most: number) => fc.Arbitrary<number>,
): fc.Arbitrary<FleetLink[]> {
  const link = fc.record({ name: fc.constant('link'), bandwidth, latency: seconds(0.5) });
  return fc.array(link, { minLength: LINKS, maxLength: LINKS });
}

/** Some links between each two places, none within one. */
export function drawPaths(): fc.Arbitrary<number[][]> {
  const ids = Array.from({ length: LINKS }, (_, link) => link);
  const path = fc.subarray(ids).chain((links) => fc.shuffledSubarray(links, { minLength: links.length }));
  return fc
    .array(path, { minLength: LOCATIONS * LOCATIONS, maxLength: LOCATIONS * LOCATIONS })
    .map((paths) => paths.map((links, at) => (at % (LOCATIONS + 1) === 0 ? [] : links)));
}
