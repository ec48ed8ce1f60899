// A tournament tree over replicas: which one has the earliest event. Ties go to the lower index.
// Layout: nodes of 16 bytes, f64 key and i32 leaf of the winner below; the root is node 1, leaf i is node P + i; P is a power of two.

const KEY = 0;
const LEAF = 8;

/** Bytes of a tree with `leaves` leaves. */
export function treeBytes(leaves: i32): i32 {
  return leaves * 32;
}

/** Fills a tree whose keys are all +inf. */
export function treeReset(tree: usize, leaves: i32): void {
  for (let i = 0; i < leaves; i++) {
    const node = tree + ((<usize>(leaves + i)) << 4);
    store<f64>(node, Infinity, KEY);
    store<i32>(node, i, LEAF);
  }
  for (let i = leaves - 1; i >= 1; i--) {
    const node = tree + ((<usize>i) << 4);
    store<f64>(node, Infinity, KEY);
    store<i32>(node, load<i32>(tree + ((<usize>i) << 5), LEAF), LEAF);
  }
}

/** Sets the key of one leaf and plays its matches towards the root, until one whose winner is another leaf and was before. */
export function treeSet(tree: usize, leaves: i32, leaf: i32, key: f64): void {
  let node = leaves + leaf;
  let at = tree + ((<usize>node) << 4);
  store<f64>(at, key, KEY);
  let best = reinterpret<i64>(key);
  let winner = leaf;
  while (node > 1) {
    const other = tree + ((<usize>(node ^ 1)) << 4);
    const rival = load<i64>(other, KEY);
    // The left one wins ties
    const loses = rival < best + <i64>(node & 1);
    best = select<i64>(rival, best, loses);
    winner = select<i32>(load<i32>(other, LEAF), winner, loses);
    node >>= 1;
    at = tree + ((<usize>node) << 4);
    store<i64>(at, best, KEY);
    store<i32>(at, winner, LEAF);
  }
}

/** The leaf with the smallest key. */
// @ts-ignore: decorator
@inline
export function treeFirst(tree: usize): i32 {
  return load<i32>(tree, 16 + LEAF);
}

/** The smallest key. */
// @ts-ignore: decorator
@inline
export function treeLeast(tree: usize): f64 {
  return load<f64>(tree, 16 + KEY);
}
