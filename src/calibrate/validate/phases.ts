// Closed loops of equal requests: a simulation keeps them in lockstep, machines let them drift apart (data/cases/SCHEMA.md
// section 8, the trap of length_spread = 1).
import { drawLengthPairs } from '../../workload/lengths.ts';
import type { Requests } from '../../workload/types.ts';
import type { CaseInput } from './case.ts';

const SEED = 1;

/**
 * How far outputs of "equal" requests stray from their nominal length, either way. Prompts made of random tokens have other lengths
 * once they are text, some answers end early, and a client takes its time to send the next request. All start together, so the first
 * wave is a burst; each wave is a little more spread than the one before. Chosen among 1, 2, 5, 10, 20 and 50 % and phases spread
 * evenly from the start, on 33 runs of SGLang and 127 of TensorRT-LLM: the decode times of the latter want 10 %, the first tokens of
 * the former 1 %.
 */
const DRIFT = 0.05;

/** The same requests, outputs drawn evenly around the nominal one; as they are where nothing locks them. */
export function driftApart(
  input: Pick<CaseInput, 'mode' | 'length_spread' | 'output_len'>,
  requests: Requests,
): Requests {
  const { concurrency, count } = requests;
  const locked = input.mode.endsWith('closed-loop') && input.length_spread === 1;
  if (!locked || concurrency < 2 || count <= concurrency) return requests;
  const nominal = Math.floor(input.output_len);
  const around = {
    kind: 'uniform',
    min: Math.ceil(nominal * (1 - DRIFT)),
    max: Math.floor(nominal * (1 + DRIFT)),
  } as const;
  const { output } = drawLengthPairs({ kind: 'fixed', value: 1 }, around, count, SEED);
  return { ...requests, output };
}
