// How far apart two sides of a claim are, and how far chance alone may move that: over paired seeds, by Student's t.

/** Student's t, 0.975, for 1, 2, ... degrees of freedom; beyond the list the normal's. */
const T = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131],
  ...[2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042],
];
const NORMAL = 1.96;

export interface Spread {
  readonly mean: number;
  /** Half the width of the 95 % interval of the mean; NaN of a single value. */
  readonly half: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  const { mean, error } = meanOf(values);
  if (n < 2) return { mean, half: Number.NaN };
  if (!Number.isFinite(mean)) return { mean, half: 0 };
  return { mean, half: (T[n - 2] ?? NORMAL) * error };
}

/** The mean, and its standard error. */
export function meanOf(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}
