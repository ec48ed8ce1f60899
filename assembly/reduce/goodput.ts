// How many requests kept every limit themselves: the numerator of goodput (src/metrics/requests.ts says what counts).

/**
 * Counts the requests that finished with TTFT, TPOT and E2EL at or below the limits (s, Infinity = none).
 * Reads ttft, tpot, e2el f64[n]: NaN in e2el = did not finish; NaN in tpot = a single output token, which keeps its limit.
 */
export function countGood(n: i32, ttft: usize, tpot: usize, e2el: usize, ttftLimit: f64, tpotLimit: f64, e2elLimit: f64): i32 {
  assert(n >= 0, 'countGood: negative number of requests');
  let good = 0;
  for (let i: usize = 0; i < (<usize>n) << 3; i += 8) {
    const total = load<f64>(e2el + i);
    const late = load<f64>(ttft + i) > ttftLimit || load<f64>(tpot + i) > tpotLimit || total > e2elLimit;
    if (total == total && !late) good++;
  }
  return good;
}
