// Values that a question may leave to chance: a length in tokens or a time in seconds, fixed or a distribution.

/** A length in tokens: a number, or a distribution (rounded, at least 1). */
export type LengthSpec =
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number; readonly min: number; readonly max: number }
  | {
      readonly kind: 'lognormal';
      readonly mean: number;
      readonly std: number;
      readonly min: number;
      readonly max: number;
    };

/** Seconds: a number, or a distribution. */
export type LatencySpec =
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'lognormal'; readonly mean: number; readonly std: number };

/** "100", "5 to 300", "about 80". */
export function explainLength(length: LengthSpec): string {
  if (length.kind === 'fixed') return String(length.value);
  return length.kind === 'uniform' ? `${length.min} to ${length.max}` : `about ${length.mean}`;
}
