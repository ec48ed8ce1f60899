// The downhill simplex of Nelder and Mead (1965): minimises a function of a few parameters without derivatives.

const REFLECT = 1;
const EXPAND = 2;
const CONTRACT = 0.5;
const SHRINK = 0.5;

interface Vertex {
  readonly at: readonly number[];
  readonly value: number;
}

/** Deterministic: starts from `start` with edges of `edge`, ends when the simplex agrees to `tolerance` or after `steps`. */
export function minimise(
  cost: (at: readonly number[]) => number,
  start: readonly number[],
  edge = 0.5,
  steps = 240,
  tolerance = 1e-6,
): Vertex {
  const place = (at: readonly number[]): Vertex => ({ at, value: cost(at) });
  let simplex = [place(start), ...start.map((_, i) => place(start.map((x, j) => (i === j ? x + edge : x))))];
  for (let step = 0; step < steps; step++) {
    simplex.sort((a, b) => a.value - b.value);
    const worst = simplex[simplex.length - 1]!;
    if (worst.value - simplex[0]!.value < tolerance) break;
    const centre = start.map((_, j) => simplex.slice(0, -1).reduce((sum, v) => sum + v.at[j]!, 0) / start.length);
    const along = (factor: number) => place(centre.map((c, j) => c + factor * (worst.at[j]! - c)));
    const next = improve(simplex, along);
    if (next) simplex[simplex.length - 1] = next;
    else simplex = [simplex[0]!, ...simplex.slice(1).map((v) => place(mix(simplex[0]!.at, v.at)))];
  }
  return simplex.reduce((best, v) => (v.value < best.value ? v : best));
}

/** The vertex that replaces the worst one, or null when only shrinking helps. */
function improve(simplex: readonly Vertex[], along: (factor: number) => Vertex): Vertex | null {
  const worst = simplex[simplex.length - 1]!;
  const reflected = along(-REFLECT);
  if (reflected.value < simplex[0]!.value) {
    const expanded = along(-EXPAND);
    return expanded.value < reflected.value ? expanded : reflected;
  }
  if (reflected.value < simplex[simplex.length - 2]!.value) return reflected;
  const contracted = along(reflected.value < worst.value ? -CONTRACT : CONTRACT);
  return contracted.value < Math.min(worst.value, reflected.value) ? contracted : null;
}

const mix = (best: readonly number[], at: readonly number[]): number[] => best.map((b, j) => b + SHRINK * (at[j]! - b));
