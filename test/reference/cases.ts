// Small workloads and setups, written as short as a hand-worked case needs them.
import type { EngineSetup } from '../../src/plan/setup.ts';
import type { StepTime } from '../../src/spec/types.ts';
import type { Requests } from '../../src/workload/types.ts';
import type { ReferenceRun } from './plain.ts';

/** One request: [arrival in s, prompt tokens, output tokens]. */
export type Row = readonly [arrival: number, prompt: number, output: number];

export function requestsOf(rows: readonly Row[], concurrency = 0): Requests {
  return {
    count: rows.length,
    arrival: Float64Array.from(rows, (row) => row[0]),
    prompt: Int32Array.from(rows, (row) => row[1]),
    output: Int32Array.from(rows, (row) => row[2]),
    concurrency,
    rate: 0,
    description: 'written by hand',
  };
}

/** Every step takes one second, so that times are step counts. */
export const ONE_SECOND: StepTime = {
  fixed_s: 1,
  per_new_token_s: 0,
  per_prefill_pair_s: 0,
  per_sequence_s: 0,
  per_context_token_s: 0,
};

/** A roomy single replica; a case names only what it is about. */
export function setupOf(changes: Partial<EngineSetup>): EngineSetup {
  return {
    batching: 'chunked',
    admission: 'prompt',
    routing: 'round-robin',
    replicas: 1,
    maxNumSeqs: 8,
    maxNumBatchedTokens: 100,
    numGpuBlocks: 1000,
    blockSize: 1,
    maxModelLen: 0,
    price: ONE_SECOND,
    ...changes,
  };
}

/** The steps as rows of [start, prefill tokens, sequences, context, blocks]. */
export function tabulate(run: ReferenceRun): number[][] {
  return run.steps.map((s) => [s.start, s.prefillTokens, s.sequences, s.context, s.blocks]);
}
