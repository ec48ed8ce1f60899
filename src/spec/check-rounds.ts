// Multi-step scheduling (num_scheduler_steps) and what it does not go with: the same mistakes in plain specs and in pools.
import { type BatchingName, ROUND_BATCHINGS } from '../check/scheduler-lists.ts';

/** Why rounds cannot be, in words; null where some row can have them. `drafts`: tokens that are drafted for a decode. */
export function findRoundMistake(
  steps: readonly number[],
  batchings: readonly BatchingName[],
  drafts: readonly number[],
): string | null {
  if (steps.every((one) => one === 1) || batchings.length === 0) return null;
  if (!steps.includes(1) && drafts.length > 0 && !drafts.includes(0))
    return '1, or no speculative_config: drafts are verified step by step';
  if (batchings.some((one) => ROUND_BATCHINGS.includes(one))) return null;
  return `1, or batching: ${ROUND_BATCHINGS.join(' or ')}: under ${batchings.join(' and ')} batching decodes share their steps with prompts`;
}
