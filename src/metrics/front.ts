// Fronts: points, of which less is better in every part, that no other one beats. Defined once, for pictures, rows and proofs.

/** No worse in all and better in one. */
export function beats(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, k) => !(value > b[k]!)) && a.some((value, k) => value < b[k]!);
}

export function beatsAny(points: readonly (readonly number[])[], point: readonly number[]): boolean {
  return points.some((other) => beats(other, point));
}
