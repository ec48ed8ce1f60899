// Order statistics of a column without sorting all of it: what exact percentiles are made of.

/** Runs shorter than this are put in order directly. */
const SHORT: i32 = 12;

/**
 * The entry of rank `rank` (0 = smallest) of column f64[n], none of them NaN. Reorders the column: entries before `rank`
 * are no larger, those after it no smaller. Entries before `from` must already be no larger than all others, so ascending
 * ranks are cheap one after the other: from = the last rank + 1. Hoare's FIND (Communications of the ACM 4(7), 1961).
 */
export function selectRank(column: usize, from: i32, n: i32, rank: i32): f64 {
  assert(from >= 0 && from <= rank && rank < n, 'selectRank: need 0 <= from <= rank < n');
  let low = from;
  let high = n - 1;
  while (high - low >= SHORT) {
    const pivot = choosePivot(column, low, high);
    let i = low;
    let j = high;
    while (i <= j) {
      while (at(column, i) < pivot) i++;
      while (pivot < at(column, j)) j--;
      if (i > j) break;
      swap(column, i, j);
      i++;
      j--;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else return pivot; // between the two parts everything equals the pivot
  }
  putInOrder(column, low, high);
  return at(column, rank);
}

/** The median of three entries at places that no simple pattern of the data (rising, falling, organ pipe) lines up with. */
function choosePivot(column: usize, low: i32, high: i32): f64 {
  const span = <u32>(high - low + 1);
  const a = at(column, low + <i32>(((<u32>low * 2654435761 + span * 40503) >>> 3) % span));
  const b = at(column, low + <i32>(span >>> 1));
  const c = at(column, low + <i32>(((<u32>high * 2246822519 + span) >>> 5) % span));
  if (a < b) return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
}

function putInOrder(column: usize, low: i32, high: i32): void {
  for (let i = low + 1; i <= high; i++) {
    const value = at(column, i);
    let j = i;
    while (j > low && value < at(column, j - 1)) {
      store<f64>(column + ((<usize>j) << 3), at(column, j - 1));
      j--;
    }
    store<f64>(column + ((<usize>j) << 3), value);
  }
}

// @ts-ignore: decorator
@inline
function at(column: usize, i: i32): f64 {
  return load<f64>(column + ((<usize>i) << 3));
}

// @ts-ignore: decorator
@inline
function swap(column: usize, i: i32, j: i32): void {
  const kept = at(column, i);
  store<f64>(column + ((<usize>i) << 3), at(column, j));
  store<f64>(column + ((<usize>j) << 3), kept);
}
