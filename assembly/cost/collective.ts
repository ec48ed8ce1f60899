// Closed forms for exchanges between devices, for links that nobody has measured: latency a per hop, b seconds per byte.
//
// Ring and tree: Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH", IJHPCA 19(1),
// 2005, sections 3-4. Groups that span servers work in two levels: inside a server first, then between the peers of each rank.
// `bytes` is the whole message of one device: what all-reduce sums, what all-gather ends with, what all-to-all sends.
import {
  COLLECTIVE_ALL_REDUCE,
  COLLECTIVE_ALL_GATHER,
  COLLECTIVE_REDUCE_SCATTER,
  COLLECTIVE_ALL_TO_ALL,
  COLLECTIVE_SEND_RECV,
} from '../layout/collectives';

/** Rounds of a binary tree over n devices: ceil(log2 n). */
// @ts-ignore: decorator
@inline
function treeRounds(n: i32): f64 {
  return <f64>(32 - clz(n - 1));
}

/** All-reduce over n: the cheaper of ring, 2(n-1) a + 2(n-1)/n b m, and tree (reduce, then broadcast), 2 log2(n) (a + b m). */
// @ts-ignore: decorator
@inline
function allReduce(n: i32, m: f64, a: f64, b: f64): f64 {
  if (n < 2) return 0;
  const devices = <f64>n;
  const ring = 2 * (devices - 1) * a + ((2 * (devices - 1)) / devices) * m * b;
  const tree = 2 * treeRounds(n) * (a + m * b);
  return ring < tree ? ring : tree;
}

/** All-gather or reduce-scatter over n by recursive doubling or halving: log2(n) a + (n-1)/n b m. */
// @ts-ignore: decorator
@inline
function gatherOrScatter(n: i32, m: f64, a: f64, b: f64): f64 {
  if (n < 2) return 0;
  const devices = <f64>n;
  return treeRounds(n) * a + ((devices - 1) / devices) * m * b;
}

/** Both levels of an all-to-all at once, on links of their own: each carries its share of the peers. */
// @ts-ignore: decorator
@inline
function allToAll(inside: i32, across: i32, m: f64, aIn: f64, bIn: f64, aOut: f64, bOut: f64): f64 {
  const devices = <f64>(inside * across);
  const near = inside < 2 ? 0 : treeRounds(inside) * aIn + ((<f64>inside - 1) / devices) * m * bIn;
  const far = across < 2 ? 0 : treeRounds(across) * aOut + ((devices - <f64>inside) / devices) * m * bOut;
  return near > far ? near : far;
}

/** Seconds of one exchange among `inside` devices of each of `across` servers; `bytes` as above. */
export function collectiveTime(op: i32, inside: i32, across: i32, bytes: f64, aIn: f64, bIn: f64, aOut: f64, bOut: f64): f64 {
  if (op == COLLECTIVE_ALL_REDUCE) {
    if (across < 2) return allReduce(inside, bytes, aIn, bIn);
    const share = bytes / <f64>inside;
    return 2 * gatherOrScatter(inside, bytes, aIn, bIn) + allReduce(across, share, aOut, bOut);
  }
  if (op == COLLECTIVE_ALL_GATHER || op == COLLECTIVE_REDUCE_SCATTER) {
    const share = bytes / <f64>inside;
    return gatherOrScatter(inside, bytes, aIn, bIn) + gatherOrScatter(across, share, aOut, bOut);
  }
  if (op == COLLECTIVE_ALL_TO_ALL) return allToAll(inside, across, bytes, aIn, bIn, aOut, bOut);
  assert(op == COLLECTIVE_SEND_RECV, 'collectiveTime: unknown exchange');
  return across < 2 ? aIn + bytes * bIn : aOut + bytes * bOut;
}

/** out[i] += count * collectiveTime(message[i] bytes) for i < n; `message`, `out` f64[n]. An empty message costs nothing. */
export function priceCollective(op: i32, inside: i32, across: i32, n: i32, message: usize, out: usize, bytesPerUnit: f64, aIn: f64, bIn: f64, aOut: f64, bOut: f64, count: f64): void {
  assert(n >= 0, 'priceCollective: negative number of rows');
  for (let i = 0; i < n; i++) {
    const at = (<usize>i) << 3;
    const bytes = load<f64>(message + at) * bytesPerUnit;
    const time = bytes > 0 ? collectiveTime(op, inside, across, bytes, aIn, bIn, aOut, bOut) : 0;
    store<f64>(out + at, load<f64>(out + at) + count * time);
  }
}
