// Multi-step scheduling (num_scheduler_steps) and what it does not go with: the same mistakes in plain specs and in pools.
import { type BatchingName, ROUND_BATCHINGS } from '../check/scheduler-lists.ts';

/** Why rounds cannot be, in words; null where some row can have them. `drafts`: tokens that are drafted for a decode; `ranks`: of an instance. */
export function findRoundMistake(
  steps: readonly number[],
  batchings: readonly BatchingName[],
  drafts: readonly number[],
  ranks: readonly number[],
): string | null {
  if (steps.every((one) => one === 1) || batchings.length === 0) return null;
  if (!steps.includes(1) && drafts.length > 0 && !drafts.includes(0))
    return '1, or no speculative_config: drafts are verified step by step';
  if (!steps.includes(1) && !ranks.includes(1)) return '1, or data_parallel_size 1: ranks step together';
  if (batchings.some((one) => ROUND_BATCHINGS.includes(one))) return null;
  return `1, or batching: ${ROUND_BATCHINGS.join(' or ')}: under ${batchings.join(' and ')} batching decodes share their steps with prompts`;
}
