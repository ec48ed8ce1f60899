// Closed loops of equal requests: a simulation keeps them in lockstep, machines let them drift apart.
import type { LengthSpec } from '../check/drawn.ts';
import type { WorkloadSpec } from '../spec/types.ts';

/**
 * How far outputs of "equal" requests stray from their nominal length, either way, where a spec does not say. Prompts made of random
 * tokens have other lengths once they are text, some answers end early, and a client takes its time to send the next request. All
 * start together, so the first wave is a burst; each wave is a little more spread than the one before. Chosen among 1, 2, 5, 10, 20
 * and 50 % and phases spread evenly from the start, on 33 runs of SGLang and 127 of TensorRT-LLM: the decode times of the latter want
 * 10 %, the first tokens of the former 1 %.
 */
const DRIFT = 0.05;

type Pair = { readonly input_len: LengthSpec; readonly output_len: LengthSpec };

/** The lengths with outputs that stray evenly around the nominal one; null where nothing locks requests together. */
export function driftApart(
  lengths: Pair,
  { arrivals, num_requests: count, drift = DRIFT }: Pick<WorkloadSpec, 'arrivals' | 'num_requests' | 'drift'>,
): Pair | null {
  const { input_len, output_len } = lengths;
  if (arrivals.process !== 'closed-loop' || input_len.kind !== 'fixed' || output_len.kind !== 'fixed') return null;
  const concurrency = arrivals.max_concurrency;
  if (drift === 0 || concurrency < 2 || count <= concurrency) return null;
  const nominal = Math.floor(output_len.value);
  const [min, max] = [Math.ceil(nominal * (1 - drift)), Math.floor(nominal * (1 + drift))];
  return min < max ? { input_len, output_len: { kind: 'uniform', min, max } } : null;
}
