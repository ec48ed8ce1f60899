// The closed forms of assembly/cost/collective.ts in plain TypeScript, bit for bit, and the kernels' names for exchanges.
import {
  COLLECTIVE_ALL_GATHER,
  COLLECTIVE_ALL_REDUCE,
  COLLECTIVE_ALL_TO_ALL,
  COLLECTIVE_REDUCE_SCATTER,
  COLLECTIVE_SEND_RECV,
} from '../../assembly/layout/collectives.ts';
import type { CollectiveOp } from '../catalog/types.ts';

const COLLECTIVE_IDS: Readonly<Record<CollectiveOp, number>> = {
  'all-reduce': COLLECTIVE_ALL_REDUCE,
  'all-gather': COLLECTIVE_ALL_GATHER,
  'reduce-scatter': COLLECTIVE_REDUCE_SCATTER,
  'all-to-all': COLLECTIVE_ALL_TO_ALL,
  'send-recv': COLLECTIVE_SEND_RECV,
};

/** The id by which kernels know an exchange. */
export function collectiveId(op: CollectiveOp): number {
  return COLLECTIVE_IDS[op];
}

/** Latency of one hop (s) and seconds per byte, inside a server and between servers. */
export interface Links {
  readonly hopIn: number;
  readonly byteIn: number;
  readonly hopOut: number;
  readonly byteOut: number;
}

function treeRounds(n: number): number {
  return 32 - Math.clz32(n - 1);
}

function allReduce(n: number, m: number, a: number, b: number): number {
  if (n < 2) return 0;
  const ring = 2 * (n - 1) * a + ((2 * (n - 1)) / n) * m * b;
  const tree = 2 * treeRounds(n) * (a + m * b);
  return Math.min(ring, tree);
}

function gatherOrScatter(n: number, m: number, a: number, b: number): number {
  if (n < 2) return 0;
  return treeRounds(n) * a + ((n - 1) / n) * m * b;
}

function allToAll(inside: number, across: number, m: number, links: Links): number {
  const devices = inside * across;
  const near = inside < 2 ? 0 : treeRounds(inside) * links.hopIn + ((inside - 1) / devices) * m * links.byteIn;
  const far = across < 2 ? 0 : treeRounds(across) * links.hopOut + ((devices - inside) / devices) * m * links.byteOut;
  return Math.max(near, far);
}

/** Seconds of one exchange of `bytes` among `inside` devices of each of `across` servers. */
export function collectiveTimeTwin(op: number, inside: number, across: number, bytes: number, links: Links): number {
  const { hopIn, byteIn, hopOut, byteOut } = links;
  if (op === COLLECTIVE_ALL_REDUCE) {
    if (across < 2) return allReduce(inside, bytes, hopIn, byteIn);
    const share = bytes / inside;
    return 2 * gatherOrScatter(inside, bytes, hopIn, byteIn) + allReduce(across, share, hopOut, byteOut);
  }
  if (op === COLLECTIVE_ALL_GATHER || op === COLLECTIVE_REDUCE_SCATTER) {
    const share = bytes / inside;
    return gatherOrScatter(inside, bytes, hopIn, byteIn) + gatherOrScatter(across, share, hopOut, byteOut);
  }
  if (op === COLLECTIVE_ALL_TO_ALL) return allToAll(inside, across, bytes, links);
  return across < 2 ? hopIn + bytes * byteIn : hopOut + bytes * byteOut;
}
