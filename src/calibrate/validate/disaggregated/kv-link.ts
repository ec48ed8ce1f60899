// The link that KV caches move over from one prefill worker to one decode worker: transfers on it share it equally.
import { kvBytesPerToken, sequenceKvBytes } from '../../../catalog/parameters.ts';
import type { Hardware, KvFormat, Model } from '../../../catalog/types.ts';

interface Transfer {
  readonly request: number;
  /** Bytes. */
  left: number;
}

/** A link with what is on its way; times in s. */
export interface KvLink {
  readonly bandwidth: number; // B/s
  readonly transfers: Transfer[];
  updated: number;
}

export function openLink(bandwidth: number): KvLink {
  return { bandwidth, transfers: [], updated: 0 };
}

export function addTransfer(link: KvLink, request: number, bytes: number, now: number): void {
  advance(link, now);
  link.transfers.push({ request, left: bytes });
}

/** When the next transfer ends if none is added; +inf when nothing is on its way. */
export function nextEnd(link: KvLink): number {
  if (link.transfers.length === 0) return Number.POSITIVE_INFINITY;
  const least = link.transfers.reduce((left, transfer) => Math.min(left, transfer.left), Number.POSITIVE_INFINITY);
  return link.updated + (least * link.transfers.length) / link.bandwidth;
}

/** Takes off what has ended at `now` = nextEnd, in the order in which the transfers began. */
export function takeEnded(link: KvLink, now: number): number[] {
  const least = link.transfers.reduce((left, transfer) => Math.min(left, transfer.left), Number.POSITIVE_INFINITY);
  // the same bytes that set the end: no rounding can leave a rest
  for (const transfer of link.transfers) transfer.left -= least;
  link.updated = now;
  const ended = link.transfers.filter(({ left }) => left <= 0).map(({ request }) => request);
  const rest = link.transfers.filter(({ left }) => left > 0);
  link.transfers.splice(0, link.transfers.length, ...rest);
  return ended;
}

function advance(link: KvLink, now: number): void {
  const moved = link.transfers.length > 0 ? ((now - link.updated) * link.bandwidth) / link.transfers.length : 0;
  for (const transfer of link.transfers) transfer.left = Math.max(0, transfer.left - moved);
  link.updated = now;
}

/** Tokens of a block as KV caches are moved (data/cases/SCHEMA.md section 4, kv-transfer). */
const MOVED_BLOCK = 16;

/** Bytes of a prompt's cache, whole blocks, over all layers; windows and states as far as they are kept. */
export function promptBytes(model: Model, format: KvFormat): (prompt: number) => number {
  const kv = kvBytesPerToken(model, format);
  return (prompt) => sequenceKvBytes(kv, Math.ceil(prompt / MOVED_BLOCK) * MOVED_BLOCK);
}

/**
 * B/s one way between workers of `prefill` and `decode` devices: the scale-up links where all devices of the deployment stand in one
 * domain, else the network; each device has its own. 0 where there is no network.
 */
export function linkBandwidth(hardware: Hardware, prefill: number, decode: number, all: number): number {
  const { scale_up, scale_out_bandwidth } = hardware;
  const each = all <= scale_up.domain ? scale_up.bandwidth : scale_out_bandwidth;
  return each * Math.min(prefill, decode);
}
