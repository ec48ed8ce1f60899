// Least squares whose coefficients are not negative, by cyclic coordinate descent on the normal equations.

const MOST_SWEEPS = 20_000;
const TOLERANCE = 1e-12;

/**
 * The x >= 0 with the least sum of weight (a x - b)^2 over the rows; columns of `a` are scaled to unit length first. Deterministic;
 * a convex problem, so that the order of the descent does not matter to where it ends.
 */
export function solveNonNegative(
  rows: readonly Float64Array[],
  target: Float64Array,
  weights: Float64Array,
): Float64Array {
  const width = rows[0]!.length;
  const gram = new Float64Array(width * width);
  const right = new Float64Array(width);
  for (let r = 0; r < rows.length; r++) {
    const [row, weight] = [rows[r], weights[r]];
    for (let i = 0; i < width; i++) {
      if (row![i] === 0) continue;
      const weighted = weight! * row![i]!;
      right[i]! += weighted * target[r]!;
      for (let j = 0; j <= i; j++) gram[i * width + j]! += weighted * row![j]!;
    }
  }
  const scale = Float64Array.from({ length: width }, (_, i) => Math.sqrt(gram[i * width + i]!) || 1);
  for (let i = 0; i < width; i++) {
    right[i]! /= scale[i]!;
    for (let j = 0; j <= i; j++) {
      gram[i * width + j]! /= scale[i]! * scale[j]!;
      gram[j * width + i] = gram[i * width + j]!;
    }
  }
  const x = descend(gram, right, width);
  return x.map((value, i) => value / scale[i]!);
}

function descend(gram: Float64Array, right: Float64Array, width: number): Float64Array {
  const x = new Float64Array(width);
  // the gradient, gram x - right, kept up to date
  const slope = right.map((value) => -value);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = 0;
    for (let i = 0; i < width; i++) {
      const own = gram[i * width + i]!;
      if (own === 0) continue;
      const next = Math.max(0, x[i]! - slope[i]! / own);
      const step = next - x[i]!;
      if (step === 0) continue;
      x[i] = next;
      moved = Math.max(moved, Math.abs(step));
      for (let j = 0; j < width; j++) slope[j]! += step * gram[j * width + i]!;
    }
    if (moved < TOLERANCE * Math.max(1, ...x)) break;
  }
  return x;
}

/**
 * How much of each column the others cannot explain, as a share of its length (after the mean is taken off where a constant is
 * among them): near 0 where a column follows from the rest. Columns are taken in order, each against those before it.
 */
export function independentShares(rows: readonly Float64Array[]): number[] {
  const width = rows[0]!.length;
  const basis: Float64Array[] = [];
  return Array.from({ length: width }, (_, column) => {
    const rest = Float64Array.from(rows, (row) => row[column]!);
    const length = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0));
    // twice: once would leave rounding of the size that is looked for
    for (let pass = 0; pass < 2; pass++) {
      for (const unit of basis) {
        const along = unit.reduce((sum, value, i) => sum + value * rest[i]!, 0);
        for (let i = 0; i < rest.length; i++) rest[i]! -= along * unit[i]!;
      }
    }
    const left = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0));
    const share = length > 0 ? left / length : 0;
    if (share > 1e-9) basis.push(rest.map((value) => value / left));
    return share;
  });
}
