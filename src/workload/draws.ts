// Lengths and latencies one at a time, from a stream: those of whole workloads, and what stages of a pipeline draw.
import { naturalExp, naturalLog } from '../../assembly/random/elementary.ts';
import type { LatencySpec, LengthSpec } from '../check/drawn.ts';
import { nextUniform, type Stream } from './streams.ts';
import { normalQuantile } from './variates.ts';

/** Purposes of the streams of a pipeline run (streams.ts has 0 to 3); stage i draws from STREAM_STAGES + i. */
export const STREAM_MIX = 4;
export const STREAM_TURNS = 5;
export const STREAM_THINKING = 6;
export const STREAM_PREFIXES = 7;
export const STREAM_PREFIX_LENGTHS = 8;
export const STREAM_ADAPTERS = 9;
export const STREAM_FAILURES = 10;
export const STREAM_STAGES = 16;

/** Draws whole tokens of a distribution, at least 1; one uniform number each unless it is fixed. */
export function openLengths(spec: LengthSpec, stream: Stream): () => number {
  if (spec.kind === 'fixed') {
    const tokens = Math.max(1, Math.round(spec.value));
    return () => tokens;
  }
  const { min, max } = spec;
  if (spec.kind === 'uniform') {
    return () => Math.max(1, Math.round(min + Math.floor(nextUniform(stream) * (max - min + 1))));
  }
  const { mean, std } = spec;
  // A value beyond a limit takes the limit: redrawing would break one number per length.
  const clip = (tokens: number) => Math.max(1, Math.round(Math.min(Math.max(tokens, min), max)));
  if (spec.kind === 'normal') return () => clip(mean + std * normalQuantile(nextUniform(stream)));
  // mean and std are those of the length itself, not of its logarithm.
  const { centre, sigma } = logMoments(mean, std);
  return () => clip(naturalExp(centre + sigma * normalQuantile(nextUniform(stream))));
}

/** Draws seconds of a distribution; one uniform number each unless it is fixed. */
export function openLatencies(spec: LatencySpec, stream: Stream): () => number {
  switch (spec.kind) {
    case 'fixed':
      return () => spec.value;
    case 'uniform':
      return () => spec.min + nextUniform(stream) * (spec.max - spec.min);
    case 'exponential':
      return () => -spec.mean * naturalLog(nextUniform(stream));
    case 'lognormal': {
      const { centre, sigma } = logMoments(spec.mean, spec.std);
      return () => naturalExp(centre + sigma * normalQuantile(nextUniform(stream)));
    }
  }
}

/** Mean and deviation of the logarithm, from those of the value itself. */
function logMoments(mean: number, std: number): { centre: number; sigma: number } {
  const variance = naturalLog(1 + (std / mean) * (std / mean));
  return { centre: naturalLog(mean) - variance / 2, sigma: Math.sqrt(variance) };
}

/** Mean of a length, for rates: exact where nothing is cut off. */
export function meanLength(spec: LengthSpec): number {
  if (spec.kind === 'fixed') return Math.max(1, Math.round(spec.value));
  return spec.kind === 'uniform' ? (spec.min + spec.max) / 2 : spec.mean;
}
