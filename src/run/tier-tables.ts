// The tiers of stores in kernel memory: lists of hash blocks, in the order in which they were used.
import * as F from '../../assembly/layout/fleet.ts';
import type { Arena } from '../columns/arena.ts';
import type { FleetClient, FleetTier } from '../plan/fleet.ts';
import type { WritePolicy } from '../spec/fleet/words.ts';
import { wordsOf } from './cells.ts';

const WRITE_POLICY: Readonly<Record<WritePolicy, number>> = {
  write_through: F.WRITE_THROUGH,
  write_through_selective: F.WRITE_SELECTIVE,
  write_back: F.WRITE_BACK,
};

/** Bytes of one bit for every id, in words of 64. */
export function bitBytes(hashCount: number): number {
  return Math.ceil(hashCount / 64) * 8;
}

/**
 * Lists of hash blocks: empty, or what a tier holds at the beginning. The kernel counts finds in TIERS_MOST places: more tiers are a mistake
 * of the caller's.
 */
export function placeLists(arena: Arena, tiers: FleetClient['tiers'], hashCount: number): Float64Array {
  if (tiers.length > F.TIERS_MOST)
    throw new RangeError(`a store has at most ${F.TIERS_MOST} tiers, received ${tiers.length}`);
  const cells = arena.f64(Math.max(1, tiers.length) * F.TIER_CELLS);
  cells.fill(0);
  const words = wordsOf(cells);
  const stride = tiers.length * F.LINK_BYTES;
  const links = arena.i32(((hashCount + 1) * stride) / 4);
  const places = arena.i32(tiers.length > 0 ? hashCount + 1 : 0).fill(0);
  const list = { links, stride: stride / 4, places };
  tiers.forEach((tier, k) => {
    const base = k * F.TIER_CELLS;
    const bits = arena.i32(bitBytes(hashCount) / 2).fill(0);
    words[(base + F.TIER_CAPACITY) * 2] = Math.min(tier.blocks, 0x7fffffff);
    words[(base + F.TIER_NEWEST) * 2] = -1;
    words[(base + F.TIER_OLDEST) * 2] = -1;
    words[(base + F.TIER_LINKS) * 2] = links.byteOffset + k * F.LINK_BYTES;
    words[(base + F.TIER_STRIDE) * 2] = stride;
    words[(base + F.TIER_PLACES) * 2] = places.byteOffset;
    words[(base + F.TIER_HELD) * 2] = bits.byteOffset;
    words[(base + F.TIER_STARTS) * 2] = bits.byteOffset + bitBytes(hashCount);
    cells[base + F.TIER_LATENCY] = tier.latency;
    words[(base + F.TIER_PATH) * 2] = tier.link < 0 ? 0 : 1;
    words[(base + F.TIER_PATH) * 2 + 1] = tier.link;
    words[(base + F.TIER_POLICY) * 2] = WRITE_POLICY[tier.policy ?? 'write_through'];
    if (tier.held) holdBlocks(tier, list, bits, words.subarray(base * 2, (base + F.TIER_CELLS) * 2), k);
  });
  return cells;
}

interface Lists {
  readonly links: Int32Array;
  /** Words from the links of one place to those of the next. */
  readonly stride: number;
  readonly places: Int32Array;
}

/**
 * A tier holds blocks from the beginning, every one an extent of its own (assembly/table/recent.ts). The places of links are shared by the
 * tiers of a store. Throws RangeError where it holds one twice or more than it can.
 */
function holdBlocks(
  { held = [], blocks, name }: FleetTier,
  lists: Lists,
  bits: Int32Array,
  words: Int32Array,
  k: number,
): void {
  const { links, stride, places } = lists;
  if (new Set(held).size < held.length || held.length > blocks)
    throw new RangeError(`${name}: at most ${blocks} blocks, each once, received ${held.length}`);
  const at = (id: number, link: number) => places[id + 1]! * stride + (k * F.LINK_BYTES + link) / 4;
  const starts = bits.length / 2;
  held.forEach((id, i) => {
    if (places[id + 1] === 0) places[id + 1] = ++places[0]!;
    bits[id >> 5]! |= 1 << (id & 31);
    bits[starts + (id >> 5)]! |= 1 << (id & 31);
    links[at(id, F.LINK_OLDER)] = held[i - 1] ?? -1;
    links[at(id, F.LINK_NEWER)] = held[i + 1] ?? -1;
  });
  words[F.TIER_COUNT * 2] = held.length;
  words[F.TIER_OLDEST * 2] = held[0] ?? -1;
  words[F.TIER_NEWEST * 2] = held.at(-1) ?? -1;
}
