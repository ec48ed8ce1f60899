// What of a spec is about swapping, and goes with it: the same mistakes in plain specs and in pools of pipelines.
import { show } from '../check/issue.ts';
import { type AdmissionName, type BatchingName, isBatchOfOne, isFullLength } from '../check/scheduler-lists.ts';
import type { PreemptionName } from './types.ts';

/** vLLM's default: 4 GiB of host memory per device. */
export const SWAP_SPACE = 4 * 2 ** 30;
/** Keys that only a swapping engine reads, as they stand in the document (undefined = left out). */
export const SWAP_KEYS = ['swap_space', 'num_cpu_blocks'] as const;

export interface SwapQuestion {
  /** Every value that the fields may take. */
  readonly modes: readonly PreemptionName[];
  readonly batchings: readonly BatchingName[];
  readonly admissions: readonly AdmissionName[];
  /** Values of SWAP_KEYS as written. */
  readonly given: Readonly<Partial<Record<(typeof SWAP_KEYS)[number], unknown>>>;
  /** step_time.per_swapped_block_s as written. */
  readonly perBlock: unknown;
  /** Whether the size of a KV block is known, and whether some row leaves the host blocks to it. */
  readonly sized: boolean;
  readonly counted: boolean;
}

export interface SwapMistake {
  readonly key: readonly string[];
  readonly expected: string;
  /** Absent where the key is missing. */
  readonly received?: string;
}

/** Every mistake about swapping; keys are below the engine's. */
export function findSwapMistakes(question: SwapQuestion): SwapMistake[] {
  const { modes, batchings, admissions, given, perBlock } = question;
  const mistakes: SwapMistake[] = [];
  if (!modes.includes('swap')) {
    const only = 'only preemption_mode: swap uses it';
    for (const key of SWAP_KEYS)
      if (given[key] !== undefined)
        mistakes.push({ key: [key], expected: `no ${key}: ${only}`, received: show(given[key]) });
    if (perBlock !== undefined) {
      const key = ['step_time', 'per_swapped_block_s'];
      mistakes.push({ key, expected: `no per_swapped_block_s: ${only}`, received: show(perBlock) });
    }
    return mistakes;
  }
  const isStatic = batchings.length > 0 && batchings.every(isBatchOfOne);
  const isFull = admissions.length > 0 && admissions.every(isFullLength);
  if (isStatic || isFull) {
    const why = isStatic ? 'in static batching' : 'under full-length admission';
    const expected = `recompute or nothing: ${why} nothing is ever preempted`;
    mistakes.push({ key: ['preemption_mode'], expected, received: 'swap' });
  }
  if (!question.sized && !question.counted) {
    const expected = 'a positive integer: without a model and hardware the size of a KV block is not known';
    mistakes.push({ key: ['num_cpu_blocks'], expected });
  }
  return mistakes;
}
