// Seeded numbers for inputs of benches: Park and Miller's minimal standard generator.

/** A function that gives the next number in (0, 1). */
export function seedNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
