// Max-min fair shares of one channel (memory bandwidth, a link) among the streams that use it.
//
// Shares are min(demand, level * weight) of one water level, the highest that the channel can carry (Bertsekas and
// Gallager, "Data Networks", 1992, 6.5.2). So streams of equal demand and weight get equal bits, nobody gets more than
// it asks for, and law L8 holds to the last bit: the shares, added up in order, never exceed the capacity.

/** Halving this many times over makes any level zero: the search for a level that fits ends. */
const FIRST_CUT: f64 = 2.220446049250313e-16; // 2^-52

/**
 * Shares `capacity` (>= 0, the unit of the demands) among n streams.
 * Reads demand, weight f64[n] (demand >= 0, Infinity for "all I can get"; weight > 0); writes share f64[n].
 */
export function fairShare(n: i32, demand: usize, weight: usize, share: usize, capacity: f64): void {
  assert(n >= 0, 'fairShare: negative number of streams');
  assert(capacity >= 0, 'fairShare: capacity is negative or not a number');
  if (sumOf(n, demand) <= capacity) {
    memory.copy(share, demand, (<usize>n) << 3);
    return;
  }
  let level = findLevel(n, demand, weight, capacity);
  // Rounding may let the sum pass the capacity in its last bits: the level gives way, by as little as it takes.
  for (let cut = FIRST_CUT; fill(n, demand, weight, share, level) > capacity; cut *= 2) level = level * (1 - cut);
}

/** Progressive filling: whoever is content at the level leaves with its demand, and the others share what is left. */
function findLevel(n: i32, demand: usize, weight: usize, capacity: f64): f64 {
  let level: f64 = 0;
  while (true) {
    let left = capacity;
    let waiting: f64 = 0;
    for (let i: usize = 0; i < (<usize>n) << 3; i += 8) {
      const asked = load<f64>(demand + i);
      const weighs = load<f64>(weight + i);
      assert(asked >= 0 && weighs > 0, 'fairShare: a demand is negative or a weight is not positive');
      if (asked <= level * weighs) left -= asked;
      else waiting += weighs;
    }
    // The same streams give the same level, so the rising sequence ends after at most n rounds.
    const next = left / waiting;
    if (waiting == 0 || !(next > level)) return level;
    level = next;
  }
}

/** Writes the shares of a level and returns their sum in order. */
function fill(n: i32, demand: usize, weight: usize, share: usize, level: f64): f64 {
  let sum: f64 = 0;
  for (let i: usize = 0; i < (<usize>n) << 3; i += 8) {
    const most = level * load<f64>(weight + i);
    const asked = load<f64>(demand + i);
    const granted = asked < most ? asked : most;
    store<f64>(share + i, granted);
    sum += granted;
  }
  return sum;
}

function sumOf(n: i32, column: usize): f64 {
  let sum: f64 = 0;
  for (let i: usize = 0; i < (<usize>n) << 3; i += 8) sum += load<f64>(column + i);
  return sum;
}
