// Max-min fair shares of several links among streams that each cross some of them (a KV transfer: host memory, PCIe, NIC).
//
// Progressive filling (Bertsekas and Gallager, "Data Networks", 1992, 6.5.2): the shares of all streams rise together; a
// stream stops at its demand, or when a link on its way is full. Law L8 holds to the last bit on every link: the shares
// of its streams, added up in order, never exceed its capacity.

const FIRST_CUT: f64 = 2.220446049250313e-16; // 2^-52
/** A share that is still rising. */
const RISING: f64 = -1;

// A link's scratch: 16 bytes.
const LINK_USED: usize = 0; // f64, sum of the shares that stopped
const LINK_WEIGHT: usize = 8; // f64, sum of the weights that still rise; then the level at which the link is full
const LINK_BYTES_LOG2: usize = 4;

/**
 * Shares `links` links among n streams. Stream i crosses link[offset[i]] .. link[offset[i + 1] - 1], each at most once.
 * Reads demand, weight f64[n] (demand >= 0, may be Infinity; weight > 0), offset i32[n + 1], link i32[offset[n]],
 * capacity f64[links] (>= 0); writes share f64[n]; overwrites scratch f64[2 * links].
 */
export function fairShareLinks(
  n: i32, links: i32, demand: usize, weight: usize, offset: usize, link: usize, capacity: usize, share: usize, scratch: usize,
): void {
  assert(n >= 0 && links >= 0, 'fairShareLinks: negative number of streams or links');
  for (let i: usize = 0; i < <usize>n; i++) store<f64>(share + (i << 3), RISING);
  while (true) {
    addUp(n, links, weight, offset, link, share, scratch);
    const level = nextLevel(n, links, demand, weight, capacity, share, scratch);
    if (level < 0) break;
    stopAt(level, n, demand, weight, offset, link, share, scratch);
  }
  fitLinks(n, links, offset, link, capacity, share, scratch);
}

/** Per link: what stopped streams use and what the rising ones weigh. */
function addUp(n: i32, links: i32, weight: usize, offset: usize, link: usize, share: usize, scratch: usize): void {
  memory.fill(scratch, 0, (<usize>links) << LINK_BYTES_LOG2);
  for (let i: usize = 0; i < <usize>n; i++) {
    const granted = load<f64>(share + (i << 3));
    const end = load<i32>(offset + (i << 2), 4);
    for (let k = load<i32>(offset + (i << 2)); k < end; k++) {
      const at = scratch + (linkAt(link, k) << LINK_BYTES_LOG2);
      if (granted < 0) store<f64>(at, load<f64>(at, LINK_WEIGHT) + load<f64>(weight + (i << 3)), LINK_WEIGHT);
      else store<f64>(at, load<f64>(at, LINK_USED) + granted, LINK_USED);
    }
  }
}

/** The level at which the next stream or link stops, or -1 when nobody rises; leaves each link's own level in LINK_WEIGHT. */
function nextLevel(n: i32, links: i32, demand: usize, weight: usize, capacity: usize, share: usize, scratch: usize): f64 {
  let level: f64 = -1;
  for (let i: usize = 0; i < (<usize>n) << 3; i += 8) {
    if (load<f64>(share + i) >= 0) continue;
    const asked = load<f64>(demand + i);
    const weighs = load<f64>(weight + i);
    assert(asked >= 0 && weighs > 0, 'fairShareLinks: a demand is negative or a weight is not positive');
    const content = asked / weighs;
    if (level < 0 || content < level) level = content;
  }
  if (level < 0) return level;
  for (let l: usize = 0; l < <usize>links; l++) {
    const at = scratch + (l << LINK_BYTES_LOG2);
    const weighs = load<f64>(at, LINK_WEIGHT);
    const left = load<f64>(capacity + (l << 3)) - load<f64>(at, LINK_USED);
    const full = weighs > 0 ? (left > 0 ? left : 0) / weighs : Infinity;
    store<f64>(at, full, LINK_WEIGHT);
    if (full < level) level = full;
  }
  return level;
}

/** Stops the streams that are content at `level` and those on a link that is full there. */
function stopAt(level: f64, n: i32, demand: usize, weight: usize, offset: usize, link: usize, share: usize, scratch: usize): void {
  for (let i: usize = 0; i < <usize>n; i++) {
    if (load<f64>(share + (i << 3)) >= 0) continue;
    const asked = load<f64>(demand + (i << 3));
    const weighs = load<f64>(weight + (i << 3));
    const granted = level * weighs;
    if (asked / weighs <= level) store<f64>(share + (i << 3), asked);
    else if (crossesFull(level, i, offset, link, scratch)) store<f64>(share + (i << 3), granted < asked ? granted : asked);
  }
}

function crossesFull(level: f64, stream: usize, offset: usize, link: usize, scratch: usize): bool {
  const end = load<i32>(offset + (stream << 2), 4);
  for (let k = load<i32>(offset + (stream << 2)); k < end; k++) {
    if (load<f64>(scratch + (linkAt(link, k) << LINK_BYTES_LOG2), LINK_WEIGHT) <= level) return true;
  }
  return false;
}

/** Rounding may let a link's sum pass its capacity in its last bits: then all its streams give way, by as little as it takes. */
function fitLinks(n: i32, links: i32, offset: usize, link: usize, capacity: usize, share: usize, scratch: usize): void {
  for (let cut = FIRST_CUT; ; cut *= 2) {
    memory.fill(scratch, 0, (<usize>links) << LINK_BYTES_LOG2);
    for (let i: usize = 0; i < <usize>n; i++) addShare(i, offset, link, share, scratch);
    let over = false;
    for (let l: usize = 0; l < <usize>links; l++) {
      const at = scratch + (l << LINK_BYTES_LOG2);
      const passes = load<f64>(at, LINK_USED) > load<f64>(capacity + (l << 3));
      store<f64>(at, passes ? 1 : 0, LINK_WEIGHT);
      if (passes) over = true;
    }
    if (!over) return;
    for (let i: usize = 0; i < <usize>n; i++) {
      if (crossesOver(i, offset, link, scratch)) store<f64>(share + (i << 3), load<f64>(share + (i << 3)) * (1 - cut));
    }
  }
}

function addShare(stream: usize, offset: usize, link: usize, share: usize, scratch: usize): void {
  const granted = load<f64>(share + (stream << 3));
  const end = load<i32>(offset + (stream << 2), 4);
  for (let k = load<i32>(offset + (stream << 2)); k < end; k++) {
    const at = scratch + (linkAt(link, k) << LINK_BYTES_LOG2);
    store<f64>(at, load<f64>(at, LINK_USED) + granted, LINK_USED);
  }
}

function crossesOver(stream: usize, offset: usize, link: usize, scratch: usize): bool {
  const end = load<i32>(offset + (stream << 2), 4);
  for (let k = load<i32>(offset + (stream << 2)); k < end; k++) {
    if (load<f64>(scratch + (linkAt(link, k) << LINK_BYTES_LOG2), LINK_WEIGHT) > 0) return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function linkAt(link: usize, k: i32): usize {
  return <usize>load<u32>(link + ((<usize>k) << 2));
}
