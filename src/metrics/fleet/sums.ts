// Sums and shares of figures that may be unknown (NaN).
/** The sum of what is known; NaN where something is asked for and nothing is known. */
export function sumKnown(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return values.length > 0 && known.length === 0 ? Number.NaN : known.reduce((sum, value) => sum + value, 0);
}

export const per = (amount: number, count: number): number => (count > 0 ? amount / count : Number.NaN);
