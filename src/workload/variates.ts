// Random numbers of the distributions a workload is made of, from one stream; no host function that could round differently.
import { naturalExp, naturalLog } from '../../assembly/random/elementary.ts';
import { NORMAL_CENTRE, normalCentre, normalTail } from '../../assembly/random/normal.ts';
import { nextUniform, type Stream } from './streams.ts';

/** Standard normal quantile of u, strictly between 0 and 1. */
export function normalQuantile(u: number): number {
  const q = u - 0.5;
  if (Math.abs(q) <= NORMAL_CENTRE) return normalCentre(q);
  const tail = normalTail(Math.sqrt(-naturalLog(q < 0 ? u : 1 - u)));
  return q < 0 ? -tail : tail;
}

/** Probability that a standard normal number is below x, by Marsaglia's series (J. Stat. Software 11(4), 2004). */
export function normalCdf(x: number): number {
  if (x > 8) return 1;
  if (x < -8) return 0;
  let term = x;
  let sum = x;
  for (let i = 3; sum !== sum + term || i < 5; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + sum * normalDensity(x);
}

export function normalDensity(x: number): number {
  return 0.3989422804014327 * naturalExp(-0.5 * x * x);
}

/** Exponential with mean 1. */
export function drawExponential(stream: Stream): number {
  return -naturalLog(nextUniform(stream));
}

export function drawNormal(stream: Stream): number {
  return normalQuantile(nextUniform(stream));
}

/** Gamma with this shape and mean `shape`. Source: Marsaglia and Tsang, ACM Trans. Math. Software 26(3), 2000. */
export function drawGamma(stream: Stream, shape: number): number {
  if (shape < 1) {
    const smaller = naturalExp(naturalLog(nextUniform(stream)) / shape);
    return drawGamma(stream, shape + 1) * smaller;
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = drawNormal(stream);
    const root = 1 + c * z;
    const u = nextUniform(stream);
    if (root <= 0) continue;
    const v = root * root * root;
    if (naturalLog(u) < 0.5 * z * z + d - d * v + d * naturalLog(v)) return d * v;
  }
}
