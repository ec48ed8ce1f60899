// A weighted histogram of durations by the top bits of the f64: no logarithm, the same bins on every host.
import { HISTOGRAM_BINS, HISTOGRAM_MIN_EXPONENT } from '../layout/run';

/** The bin of a duration in seconds (layout/run.ts says what it covers). */
// @ts-ignore: decorator
@inline
export function histogramBin(seconds: f64): i32 {
  // 52 mantissa bits, 7 of them kept: the exponent counts octaves, the kept bits the place inside one.
  const top = <i32>(reinterpret<u64>(seconds) >> 45) - ((1023 + HISTOGRAM_MIN_EXPONENT) << 7);
  return top < 0 ? 0 : top >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : top;
}

// @ts-ignore: decorator
@inline
export function histogramAdd(histogram: usize, seconds: f64, weight: f64): void {
  const at = histogram + ((<usize>histogramBin(seconds)) << 3);
  store<f64>(at, load<f64>(at) + weight);
}

/** Adds `count` durations first, first + step, ... (step >= 0), each with `weight`: one addition where they share a bin. */
export function histogramAddLinear(histogram: usize, first: f64, step: f64, count: i32, weight: f64): void {
  let done = 0;
  while (done < count) {
    const value = first + step * <f64>done;
    const bin = histogramBin(value);
    let last = count - 1;
    if (histogramBin(first + step * <f64>last) != bin) {
      // Binary search for the last duration of this bin: durations only grow.
      let low = done;
      while (last - low > 1) {
        const middle = (low + last) >> 1;
        if (histogramBin(first + step * <f64>middle) == bin) low = middle;
        else last = middle;
      }
      last = low;
    }
    const at = histogram + ((<usize>bin) << 3);
    store<f64>(at, load<f64>(at) + weight * <f64>(last - done + 1));
    done = last + 1;
  }
}
