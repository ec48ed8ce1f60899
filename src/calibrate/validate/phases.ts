// Closed loops of equal requests: a simulation keeps them in lockstep, machines do not; their decode speed is taken from a run
// whose first requests end at random times (data/cases/SCHEMA.md section 8, the trap of length_spread = 1).
import { drawLengthPairs } from '../../workload/lengths.ts';
import type { Requests } from '../../workload/types.ts';
import type { CaseInput } from './case.ts';
import type { SimulatedRun } from './simulator.ts';

const SEED = 1;

/** The same requests, the first of them each somewhere on its way to its end; null where nothing locks them. */
export function phasesOf(
  input: Pick<CaseInput, 'mode' | 'length_spread' | 'window' | 'output_len'>,
  requests: Requests,
): Requests | null {
  const { concurrency, count } = requests;
  const locked = input.mode === 'closed-loop' && input.length_spread === 1 && input.window === 'all';
  if (!locked || concurrency < 2 || count < 2 * concurrency || input.output_len < 2) return null;
  const left = { kind: 'uniform', min: 1, max: Math.floor(input.output_len) } as const;
  const drawn = drawLengthPairs({ kind: 'fixed', value: 1 }, left, concurrency, SEED);
  const output = requests.output.slice();
  output.set(drawn.output);
  return { ...requests, output };
}

/** TPOT of the requests after the first `concurrency`; NaN for those. */
export function tpotBeyondFirst({ requests, results }: SimulatedRun, concurrency: number): Float64Array {
  const tpot = new Float64Array(requests.count).fill(Number.NaN);
  for (let i = concurrency; i < requests.count; i++)
    tpot[i] = (results.finish[i] - results.first[i]) / (requests.output[i] - 1);
  return tpot;
}
