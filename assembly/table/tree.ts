// A tournament tree over replicas: which one has the earliest event. Ties go to the lower index.
// Layout: f64 keys[P], then i32 winners[2P] with winners[P+i] = i; P = leaves, a power of two.

/** Bytes of a tree with `leaves` leaves. */
export function treeBytes(leaves: i32): i32 {
  return leaves * 16;
}

/** Fills a tree whose keys are all +inf. */
export function treeReset(tree: usize, leaves: i32): void {
  const winners = tree + ((<usize>leaves) << 3);
  for (let i = 0; i < leaves; i++) {
    store<f64>(tree + ((<usize>i) << 3), Infinity);
    store<i32>(winners + ((<usize>(leaves + i)) << 2), i);
  }
  for (let node = leaves - 1; node >= 1; node--) {
    store<i32>(winners + ((<usize>node) << 2), load<i32>(winners + ((<usize>node) << 3)));
  }
}

/** Sets the key of one leaf and plays its matches up to the root. */
export function treeSet(tree: usize, leaves: i32, leaf: i32, key: f64): void {
  store<f64>(tree + ((<usize>leaf) << 3), key);
  const winners = tree + ((<usize>leaves) << 3);
  let node = (leaves + leaf) >> 1;
  while (node >= 1) {
    const pair = winners + ((<usize>node) << 3);
    const left = load<i32>(pair);
    const right = load<i32>(pair, 4);
    const won = load<f64>(tree + ((<usize>right) << 3)) < load<f64>(tree + ((<usize>left) << 3)) ? right : left;
    store<i32>(winners + ((<usize>node) << 2), won);
    node >>= 1;
  }
}

/** The leaf with the smallest key. */
// @ts-ignore: decorator
@inline
export function treeFirst(tree: usize, leaves: i32): i32 {
  return load<i32>(tree + ((<usize>leaves) << 3), 4);
}

// @ts-ignore: decorator
@inline
export function treeKey(tree: usize, leaf: i32): f64 {
  return load<f64>(tree + ((<usize>leaf) << 3));
}
